import numpy as np
import pytest

from sattrack.errors import ManifestError, SceneRefused, UsageError
from sattrack.labels.asked import Asked
from sattrack.labels.sets import read_sets
from tests.labels.conftest import GSD_M, SHAPE, Yard, ways


def lines(quads: np.ndarray, *, category: str = "container", difficult: int = 0) -> list[str]:
    return [" ".join(f"{v:.2f}" for v in quad.ravel()) + f" {category} {difficult}" for quad in quads]


@pytest.mark.parametrize(
    ("picture", "file", "names"),
    [
        ("images/a.png", "labelTxt/a.txt", ["mine"]),
        ("images/a.png", "labelTxt-v1.5/a.txt", ["mine"]),
        ("train/images/a.png", "train/labelTxt/a.txt", ["mine/train"]),
        ("images/a.png", "labels/a.txt", ["mine"]),
        ("a.png", "a.txt", ["mine"]),
    ],
)
def test_header_corners_and_difficult_are_read_wherever_they_stand(
    yard: Yard, picture: str, file: str, names: list[str]
) -> None:
    quads = yard.picture(picture)
    head = ["imagesource:GoogleEarth", "gsd:0.4"]
    yard.text(file, [*head, *lines(quads[:3]), *lines(quads[3:4], difficult=1), *lines(quads[4:], category="container-crane")])
    sets = read_sets([yard.folder])
    (image,) = sets[0].images
    assert [one.name for one in sets] == names
    assert (sets[0].format, image.gsd_m, image.shape) == ("dota", (0.4, 0.4), SHAPE)
    assert ways(image.truth) == ways(quads[:3])
    assert ways(image.ignore[0][None]) == ways(quads[3:4])
    assert sets[0].notes == ("other categories are not taken: 1 of container-crane",)


def test_what_is_difficult_but_surely_no_container_hides_none(yard: Yard) -> None:
    quads = yard.picture("images/a.png")
    airport = "0 0 180 0 180 140 0 140 airport 1"
    yard.text("labelTxt/a.txt", [*lines(quads[:4]), *lines(quads[4:], category="unknown", difficult=1), airport])
    (found,) = read_sets([yard.folder], asked=Asked(gsd_m=(GSD_M, GSD_M)))
    assert ways(found.images[0].truth) == ways(quads[:4])
    assert len(found.images[0].ignore) == 1, "the unknown thing may be a container"
    assert found.notes == ("other categories are not taken: 1 of airport",)


def test_a_set_all_of_whose_containers_are_difficult_is_one(yard: Yard) -> None:
    quads = yard.picture("images/a.png")
    yard.text("labelTxt/a.txt", [*lines(quads[:1], difficult=1), *lines(quads[1:2], category="plane")])
    (found,) = read_sets([yard.folder], asked=Asked(gsd_m=(GSD_M, GSD_M)))
    assert (len(found.images[0].truth), len(found.images[0].ignore)) == (0, 1)


def test_where_the_gsd_is_null_it_is_asked_for(yard: Yard) -> None:
    quads = yard.picture("images/a.png")
    yard.text("labelTxt/a.txt", ["imagesource:GoogleEarth", "gsd:null", *lines(quads)])
    with pytest.raises(SceneRefused, match=r"a\.png: the pixel size is not known"):
        read_sets([yard.folder])
    (found,) = read_sets([yard.folder], asked=Asked(gsd_m=(GSD_M, GSD_M)))
    assert found.images[0].gsd_m == (GSD_M, GSD_M)


def test_other_categories_are_taken_when_named(yard: Yard) -> None:
    quads = yard.picture("images/a.png")
    yard.text("labelTxt/a.txt", ["gsd:0.5", *lines(quads[:2], category="small-vehicle"), *lines(quads[2:], category="box")])
    with pytest.raises(UsageError, match=r"there are: small-vehicle \(2 boxes\), box \(3 boxes\)"):
        read_sets([yard.folder])
    (found,) = read_sets([yard.folder], asked=Asked(classes=("box",)))
    assert ways(found.images[0].truth) == ways(quads[2:])


def test_of_categories_that_are_asked_for_a_split_need_not_have_all(yard: Yard) -> None:
    for split, category in (("train", "box"), ("val", "crate")):
        quads = yard.picture(f"{split}/images/{split}.png")
        yard.text(f"{split}/labelTxt/{split}.txt", ["gsd:0.5", *lines(quads[:2], category=category)])
    sets = read_sets([yard.folder], asked=Asked(classes=("box", "crate")))
    assert [len(one.images[0].truth) for one in sets] == [2, 2]
    with pytest.raises(UsageError, match=r"mine: no category crate \(there are: box \(2 boxes\)\)"):
        read_sets([yard.folder], asked=Asked(classes=("crate",)))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1 2 3 4 5 6 7 container 0", r"a\.txt, line 3: expected eight corner numbers"),
        ("1 2 3 4 5 6 7 8", "line 3: expected eight corner numbers"),
        ("1 2 3 4 5 6 7 8 container easy", "line 3: expected eight corner numbers"),
        ("gsd:-1", "line 3: gsd is '-1'"),
        ("900 900 912 900 912 905 900 905 container 0", None),
        ("10 10 20 10 30 10 40 10 container 0", "line 3: the box has no area"),
    ],
)
def test_a_line_that_cannot_be_understood_is_named(yard: Yard, line: str, said: str | None) -> None:
    quads = yard.picture("images/a.png")
    yard.text("labelTxt/a.txt", ["gsd:0.5", *lines(quads[:1]), line])
    if said is None:
        assert read_sets([yard.folder])[0].notes == ("1 box with its middle outside the picture is not taken",)
        return
    with pytest.raises(ManifestError, match=said):
        read_sets([yard.folder])


def test_corners_in_crossed_order_become_a_rectangle(yard: Yard) -> None:
    quads = yard.picture("images/a.png")
    yard.text("labelTxt/a.txt", ["gsd:0.5", *lines(quads[1:2][:, [0, 2, 1, 3]])])
    (image,) = read_sets([yard.folder])[0].images
    assert np.abs(np.sort(image.truth[0], axis=0) - np.sort(quads[1], axis=0)).max() < 0.05


def test_labels_of_another_picture_are_an_error(yard: Yard) -> None:
    quads = yard.picture("images/a.png")
    yard.text("labelTxt/a.txt", ["gsd:0.5", *lines(quads + 1000)])
    with pytest.raises(ManifestError, match=r"a\.png: no box of 5 lies in the picture"):
        read_sets([yard.folder])
