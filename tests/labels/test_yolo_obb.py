from pathlib import Path

import pytest

from sattrack.errors import ManifestError, SceneRefused, UsageError
from sattrack.labels.asked import Asked
from sattrack.labels.sets import read_sets
from tests.labels.conftest import GSD_M, SHAPE, Yard, shares, ways

HALF_A_METRE = Asked(gsd_m=(GSD_M, GSD_M))


def test_images_and_labels_beside_each_other_are_a_set(yard: Yard) -> None:
    quads = yard.picture("images/a.png")
    yard.text("labels/a.txt", [f"0 {line}" for line in shares(quads)])
    (found,) = read_sets([yard.folder], asked=HALF_A_METRE)
    (image,) = found.images
    assert (found.name, found.format, image.dataset, image.name) == ("mine", "yolo-obb", "mine", "a")
    assert (image.gsd_m, image.shape, image.ignore) == ((GSD_M, GSD_M), SHAPE, ())
    assert image.truth == pytest.approx(quads, abs=1e-3)
    assert found.notes == ()


def test_splits_are_sets_of_their_own_and_can_be_named(yard: Yard) -> None:
    for split, number in (("train", 2), ("val", 1)):
        for i in range(number):
            yard.text(
                f"labels/{split}/{split}{i}.txt",
                [f"0 {line}" for line in shares(yard.picture(f"images/{split}/{split}{i}.png"))],
            )
    sets = read_sets([yard.folder], asked=HALF_A_METRE)
    assert [(one.name, len(one.images)) for one in sets] == [("mine/train", 2), ("mine/val", 1)]
    (val,) = read_sets([yard.folder / "val"], asked=HALF_A_METRE)
    assert [image.name for image in val.images] == ["val0"]
    (same,) = read_sets([yard.folder / "images" / "val"], asked=HALF_A_METRE)
    assert ways(same.images[0].truth) == ways(val.images[0].truth)


@pytest.mark.parametrize("layout", ["folders", "roboflow", "list"])
def test_a_data_yaml_says_where_pictures_are_and_what_classes_mean(yard: Yard, layout: str) -> None:
    home = {"folders": "images/train", "roboflow": "train/images", "list": "images/train"}[layout]
    quads = yard.picture(f"{home}/a.png")
    labels = home.replace("images", "labels")
    yard.text(f"{labels}/a.txt", [f"1 {shares(quads)[0]}", f"0 {shares(quads)[1]}", f"1 {shares(quads)[2]}"])
    said = {"folders": "train: images/train", "roboflow": "train: ../train/images", "list": "train: train.txt"}[layout]
    yard.text("train.txt", ["data/images/train/a.png"])
    yard.text("data.yaml", ["path: .", said, "names: {0: crane, 1: container}"])
    for place in (yard.folder, yard.folder / "data.yaml"):
        (found,) = read_sets([place], asked=HALF_A_METRE)
        assert ways(found.images[0].truth) == ways(quads[[0, 2]])
        assert found.notes == ("other categories are not taken: 1 of crane",)


def test_a_class_is_taken_by_name_or_number_and_what_is_there_is_listed(yard: Yard) -> None:
    quads = yard.picture("images/a.png")
    yard.text("labels/a.txt", [f"0 {shares(quads)[0]}", f"1 {shares(quads)[1]}"])
    yard.text("classes.txt", ["box", "ship"])
    with pytest.raises(UsageError, match=r"no category is called container.*box \(1 box\), ship \(1 box\)"):
        read_sets([yard.folder], asked=HALF_A_METRE)
    for asked in ("box", "0", "BOX"):
        (found,) = read_sets([yard.folder], asked=Asked(gsd_m=(GSD_M, GSD_M), classes=(asked,)))
        assert ways(found.images[0].truth) == ways(quads[:1])
    with pytest.raises(UsageError, match=r"no category crate.*box"):
        read_sets([yard.folder], asked=Asked(gsd_m=(GSD_M, GSD_M), classes=("crate",)))


def test_a_category_called_ignore_marks_what_is_not_judged(yard: Yard) -> None:
    quads = yard.picture("images/a.png")
    yard.text("labels/a.txt", [f"0 {shares(quads)[0]}", f"1 {shares(quads)[1]}"])
    yard.text("classes.txt", ["container", "ignore"])
    (image,) = read_sets([yard.folder], asked=HALF_A_METRE)[0].images
    assert (len(image.truth), len(image.ignore)) == (1, 1)
    assert ways(image.ignore[0][None]) == ways(quads[1:2])


def test_a_polygon_of_more_corners_becomes_its_smallest_rectangle(yard: Yard) -> None:
    quads = yard.picture("images/a.png")
    quad = quads[1]
    middle = (quad[0] + quad[1]) / 2
    six = [quad[0], middle, quad[1], quad[2], quad[3], (quad[3] + quad[0]) / 2]
    yard.text("labels/a.txt", ["0 " + " ".join(f"{v:.7f}" for p in six for v in p / SHAPE[::-1])])
    (image,) = read_sets([yard.folder], asked=HALF_A_METRE)[0].images
    assert ways(image.truth) == ways(quads[1:2])


def test_an_empty_file_says_that_nothing_is_there_and_no_file_says_nothing(yard: Yard) -> None:
    yard.text("labels/a.txt", [f"0 {line}" for line in shares(yard.picture("images/a.png"))])
    yard.picture("images/b.png")
    yard.text("labels/b.txt", [])
    yard.picture("images/c.png")
    (found,) = read_sets([yard.folder], asked=HALF_A_METRE)
    assert [(i.name, len(i.truth)) for i in found.images] == [("a", 5), ("b", 0)]
    assert found.notes == ("1 picture has no label file and is left out (an empty file says: no container)",)


@pytest.mark.parametrize(
    ("home", "place", "name"),
    [
        ("valid/{}", "valid", "mine/val"),
        ("valid/{}", "val", "mine/val"),
        ("{}/val", "images/val", "mine/val"),
        ("test/{}", "test", "test"),
    ],
)
def test_a_split_that_is_named_by_its_folder_keeps_the_classes_of_its_set(yard: Yard, home: str, place: str, name: str) -> None:
    """A data.yaml need not name every split."""
    for here in {home, "train/{}"}:
        quads = yard.picture(f"{here.format('images')}/{here[0]}.png")
        lines = [f"{int(i < 3)} {line}" for i, line in enumerate(shares(quads))]
        yard.text(f"{here.format('labels')}/{here[0]}.txt", lines)
    val = [] if place == "test" else [f"val: ../{home.format('images')}"]
    yard.text("data.yaml", ["train: ../train/images", *val, "names: [crane, container]"])
    (found,) = read_sets([yard.folder / place], asked=HALF_A_METRE)
    assert ways(found.images[0].truth) == ways(quads[:3])
    assert (found.name, found.notes) == (name, ("other categories are not taken: 2 of crane",))


def test_pictures_that_two_splits_have_are_told(yard: Yard) -> None:
    for name in "ab":
        yard.text(f"labels/{name}.txt", [f"0 {line}" for line in shares(yard.picture(f"images/{name}.png"))])
    yard.text("train.txt", ["./images/a.png", "./images/b.png"])
    yard.text("val.txt", ["./images/b.png"])
    yard.text("data.yaml", ["train: train.txt", "val: val.txt", "names: [container]"])
    sets = read_sets([yard.folder], asked=HALF_A_METRE)
    assert [(one.name, one.notes) for one in sets] == [
        ("mine/train", ()), ("mine/val", ("1 picture is in a split before it too",))
    ]  # fmt: skip


def test_a_data_yaml_may_have_any_name(yard: Yard) -> None:
    quads = yard.picture("images/train/a.png")
    yard.text("labels/train/a.txt", [f"{int(i < 3)} {line}" for i, line in enumerate(shares(quads))])
    yard.text("recipe.yaml", ["name: mine", "labelled: [{folder: ., weight: 1}]"])
    yard.text("torn.yaml", ["names: ["])
    yard.text("harbour.yaml", ["train: images/train", "names: [crane, container]"])
    (found,) = read_sets([yard.folder], asked=HALF_A_METRE)
    assert ways(found.images[0].truth) == ways(quads[:3])
    yard.text("other.yaml", ["train: images/train", "names: [container, crane]"])
    with pytest.raises(UsageError, match=r"may be what harbour\.yaml or other\.yaml says"):
        read_sets([yard.folder], asked=HALF_A_METRE)
    (found,) = read_sets([yard.folder / "other.yaml"], asked=HALF_A_METRE)
    assert ways(found.images[0].truth) == ways(quads[3:])


def test_label_files_without_a_picture_are_told(yard: Yard) -> None:
    yard.text("labels/a.txt", [f"0 {line}" for line in shares(yard.picture("images/a.png"))])
    yard.text("labels/classes.txt", ["container"])
    yard.text("labels/b.txt", ["0 0.1 0.1 0.2 0.1 0.2 0.2 0.1 0.2"])
    (found,) = read_sets([yard.folder], asked=HALF_A_METRE)
    assert found.notes == ("1 label file has no picture and is left out: b",)


def test_pictures_beside_folders_of_pictures_are_in_one_set_only(yard: Yard) -> None:
    for name in ("a", "sub/b"):
        yard.text(f"labels/{name}.txt", [f"0 {line}" for line in shares(yard.picture(f"images/{name}.png"))])
    sets = read_sets([yard.folder], asked=HALF_A_METRE)
    assert [(one.name, [image.name for image in one.images], one.notes) for one in sets] == [
        ("mine", ["a"], ()), ("mine/sub", ["b"], ())
    ]  # fmt: skip


def test_a_blank_line_among_the_class_names_has_a_number_too(yard: Yard) -> None:
    quads = yard.picture("images/a.png")
    yard.text("labels/a.txt", [f"0 {shares(quads)[0]}", f"2 {shares(quads)[1]}"])
    yard.text("classes.txt", ["crane", "", "container", ""])
    (found,) = read_sets([yard.folder], asked=HALF_A_METRE)
    assert ways(found.images[0].truth) == ways(quads[1:2])


def test_a_split_without_labels_is_named_with_the_way_to_spare_it(yard: Yard) -> None:
    yard.text("labels/train/a.txt", [f"0 {line}" for line in shares(yard.picture("images/train/a.png"))])
    yard.picture("images/test/b.png")
    yard.text("data.yaml", ["train: images/train", "test: images/test", "names: [container]"])
    with pytest.raises(ManifestError, match=r"images/test: no picture has a label file.*--leave-out mine/test"):
        read_sets([yard.folder], asked=HALF_A_METRE)


@pytest.mark.parametrize("listed", [False, True])
def test_paths_written_on_another_system_are_found(yard: Yard, listed: bool) -> None:
    quads = yard.picture("images/train/a.png")
    yard.text("labels/train/a.txt", [f"0 {line}" for line in shares(quads)])
    yard.text("train.txt", [r".\images\train\a.png"])
    yard.text("data.yaml", ["train: train.txt" if listed else r"train: .\images\train", "names: [container]"])
    assert ways(read_sets([yard.folder], asked=HALF_A_METRE)[0].images[0].truth) == ways(quads)


def test_the_pixel_size_comes_from_the_scene_or_a_sidecar_or_is_asked_for(yard: Yard) -> None:
    quads = yard.picture("images/a.tif", placed=True)
    yard.text("labels/a.txt", [f"0 {line}" for line in shares(quads)])
    (image,) = read_sets([yard.folder], asked=Asked(gsd_m=(9.0, 9.0)))[0].images
    assert image.gsd_m == pytest.approx((GSD_M, GSD_M), rel=1e-3)
    yard.picture("images/b.png")
    yard.text("labels/b.txt", [])
    with pytest.raises(SceneRefused, match=r"pixel size is not known.*--gsd-m"):
        read_sets([yard.folder])
    yard.json("images/b.json", {"gsd_m": 0.7})
    assert read_sets([yard.folder])[0].images[1].gsd_m == (0.7, 0.7)


def test_a_wrong_pixel_size_is_doubted(yard: Yard) -> None:
    yard.text("labels/a.txt", [f"0 {line}" for line in shares(yard.picture("images/a.png"))])
    (found,) = read_sets([yard.folder], asked=Asked(gsd_m=(2.0, 2.0)))
    assert found.notes == ("the boxes are 24 m long in the middle, containers 6 to 14: is the pixel size right?",)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("0 0.5 0.5 0.1 0.1", r"a\.txt, line 2: .*five numbers are an upright box"),
        ("0 30 30 40 30 40 36 30 36", r"line 2: .*look like pixels"),
        ("0 0.1 0.1 0.2 0.1 0.2 0.2 0.1 nan", "line 2: expected a class and eight"),
        ("container 0.1 0.1 0.2 0.1 0.2 0.2 0.1 0.2", "line 2: expected a class and eight"),
        ("0 0.1 0.1 0.2 0.1 0.3 0.1 0.4 0.1", "line 2: the box has no area"),
    ],
)
def test_a_line_that_cannot_be_understood_is_named(yard: Yard, line: str, said: str) -> None:
    quads = yard.picture("images/a.png")
    yard.text("labels/a.txt", [f"0 {shares(quads)[0]}", line])
    with pytest.raises(ManifestError, match=said):
        read_sets([yard.folder], asked=HALF_A_METRE)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["train: nowhere", "names: [container]"], r"data\.yaml, train: 'nowhere' is not there"),
        (["names: [container]"], "names no pictures"),
        (["train: [", "names"], "cannot be read as YAML"),
        (["train: images", "date: 2024-02-30"], "cannot be read as YAML: day is out of range"),
        (["train: images", "names: 3"], "neither a list nor a mapping"),
        (["train: images", "names: [ship]"], "class 1 has no name"),
    ],
)
def test_a_data_yaml_that_cannot_be_understood_is_named(yard: Yard, lines: list[str], said: str) -> None:
    yard.text("labels/a.txt", [f"1 {shares(yard.picture('images/a.png'))[0]}"])
    yard.text("data.yaml", lines)
    with pytest.raises(ManifestError, match=said):
        read_sets([yard.folder], asked=HALF_A_METRE)


def test_what_our_export_writes_is_read_back_beside_its_pictures(yard: Yard) -> None:
    """Corners, classes.txt and images.csv as reports.yolo_obb lays them; the pictures are put in images/ by hand."""
    quads = yard.picture("images/a.png")
    yard.text("labels/a.txt", [f"0 {line}" for line in shares(quads)])
    yard.text("classes.txt", ["container"])
    yard.text("images.csv", ["label,file_name,width_px,height_px,boxes", "labels/a.txt,a.png,180,140,5"])
    assert ways(read_sets([yard.folder], asked=HALF_A_METRE)[0].images[0].truth) == ways(quads)


def test_two_pictures_of_one_name_are_an_error(yard: Yard) -> None:
    yard.picture("images/a.png")
    yard.picture("images/a.jpg")
    yard.text("labels/a.txt", [])
    with pytest.raises(ManifestError, match="two pictures are called a"):
        read_sets([yard.folder], asked=HALF_A_METRE)


def test_labels_without_pictures_are_no_set(yard: Yard) -> None:
    yard.text("labels/a.txt", [])
    with pytest.raises(UsageError, match="is not a labelled set"):
        read_sets([yard.folder])
    with pytest.raises(UsageError, match="no such file or folder"):
        read_sets([Path(yard.folder / "elsewhere" / "x")])
