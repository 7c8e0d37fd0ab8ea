import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sattrack.errors import ManifestError, UsageError
from sattrack.geometry import centres, quads_from_xywhr
from sattrack.labels.asked import Asked
from sattrack.labels.ignoring import inside_any
from sattrack.labels.sets import read_sets
from tests.labels.conftest import GSD_M, RIDGE, SHAPE, Yard, ways

HALF_A_METRE = Asked(gsd_m=(GSD_M, GSD_M))


def document(quads: np.ndarray, **more: Any) -> dict[str, Any]:
    """One picture, its boxes as polygons."""
    rows = [
        {"id": i, "image_id": 7, "category_id": 3, "segmentation": [quad.ravel().tolist()], "iscrowd": 0}
        for i, quad in enumerate(quads, 1)
    ]
    return {
        "images": [{"id": 7, "file_name": "a.png", "width": SHAPE[1], "height": SHAPE[0]}],
        "categories": [{"id": 3, "name": "Shipping Container"}], "annotations": rows, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("picture", "file"),
    [
        ("a.png", "labels.json"),
        ("images/a.png", "annotations/instances_default.json"),
        ("train2017/a.png", "annotations/instances_train2017.json"),
        ("images/a.png", "mine.json"),
    ],
)
def test_polygons_become_rectangles_wherever_the_pictures_are(yard: Yard, picture: str, file: str) -> None:
    quads = yard.picture(picture)
    path = yard.json(file, document(quads))
    for place in (yard.folder, path):
        (found,) = read_sets([place], asked=HALF_A_METRE)
        (image,) = found.images
        assert (found.format, image.name, image.key) == ("coco", "a", "7")
        assert ways(image.truth) == ways(quads)


def test_a_file_for_each_split_is_a_set_of_its_own(yard: Yard) -> None:
    for split in ("train", "valid"):
        yard.json(f"{split}/_annotations.coco.json", document(yard.picture(f"{split}/a.png")))
    assert [one.name for one in read_sets([yard.folder], asked=HALF_A_METRE)] == ["mine/train", "mine/valid"]


def test_pictures_that_two_files_have_are_told(yard: Yard) -> None:
    quads = yard.picture("a.png")
    yard.json("labels.json", document(quads))
    yard.json("labels_old.json", document(quads[:2]))
    first, second = read_sets([yard.folder], asked=HALF_A_METRE)
    assert (first.notes, second.notes) == ((), ("1 picture is in labels.json too",))
    for split in ("train2017", "val2017"):
        yard.json(
            f"annotations/instances_{split}.json",
            document(yard.picture(f"{split}/b.png"), images=[{"id": 7, "file_name": "b.png"}]),
        )
    assert not any(one.notes for one in read_sets([yard.folder], asked=HALF_A_METRE) if "instances" in one.name)


def test_a_crowd_is_ignored_and_a_box_without_polygon_is_upright_or_turned(yard: Yard) -> None:
    quads = yard.picture("a.png")
    said = document(quads[:0])
    said["annotations"] = [
        {"id": 1, "image_id": 7, "category_id": 3, "bbox": [10, 20, 24, 5]},
        {"id": 2, "image_id": 7, "category_id": 3, "segmentation": [], "bbox": [48, 32, 24, 5], "attributes": {"rotation": 30}},
        {"id": 3, "image_id": 7, "category_id": 3, "segmentation": [np.ravel(RIDGE).tolist()], "iscrowd": 1},
        {"id": 4, "image_id": 7, "category_id": 3, "segmentation": {"counts": "x"}, "bbox": [0, 0, 9, 9], "iscrowd": 1},
    ]
    yard.json("labels.json", said)
    (image,) = read_sets([yard.folder], asked=HALF_A_METRE)[0].images
    assert ways(image.truth[:1]) == ways(np.array([[[10, 20], [34, 20], [34, 25], [10, 25]]]))
    turned = image.truth[1]
    assert turned.mean(axis=0) == pytest.approx([60, 34.5])
    long = turned[1] - turned[0] if np.hypot(*(turned[1] - turned[0])) > 10 else turned[2] - turned[1]
    assert np.degrees(np.arctan2(long[1], long[0])) % 180 == pytest.approx(30, abs=0.1), "clockwise, as the picture is seen"
    assert [ring.tolist() for ring in image.ignore] == [RIDGE, [[0, 0], [9, 0], [9, 9], [0, 9]]]


def test_a_crowd_of_other_things_hides_no_container(yard: Yard) -> None:
    quads = yard.picture("a.png")
    names = [{"id": 3, "name": "container"}, {"id": 4, "name": "ship"}, {"id": 5, "name": "container lot"}]
    said = document(quads, categories=names)
    around = [0.0, 0.0, 180.0, 0.0, 180.0, 140.0, 0.0, 140.0]
    said["annotations"].append({"id": 8, "image_id": 7, "category_id": 4, "segmentation": [around], "iscrowd": 1})
    said["annotations"].append(
        {"id": 9, "image_id": 7, "category_id": 5, "segmentation": [np.ravel(RIDGE).tolist()], "iscrowd": 1}
    )
    yard.json("labels.json", said)
    (found,) = read_sets([yard.folder], asked=HALF_A_METRE)
    assert ways(found.images[0].truth) == ways(quads)
    assert [ring.tolist() for ring in found.images[0].ignore] == [RIDGE], "a lot is full of them"


@pytest.mark.parametrize(("no", "yes"), [("0", "1"), (0.0, 1.0), ("false", "true"), (None, True)])
def test_a_crowd_and_a_count_are_told_whatever_tools_on_the_way_made_of_the_words(yard: Yard, no: Any, yes: Any) -> None:
    quads = yard.picture("a.png")
    said = document(quads)
    for row in said["annotations"]:
        row |= {"iscrowd": no, "ignore": no, "counted": yes}
    said["annotations"][0]["iscrowd"] = yes
    said["annotations"][1]["counted"] = no if no is not None else False
    yard.json("labels.json", said)
    (found,) = read_sets([yard.folder], asked=HALF_A_METRE)
    assert ways(found.images[0].truth) == ways(quads[2:])
    assert found.notes == ("1 box that is marked as not counted is not taken",)
    said["annotations"][0]["iscrowd"] = "some"
    yard.json("labels.json", said)
    with pytest.raises(ManifestError, match=r"annotation 1: iscrowd is 'some' \(true or false\)"):
        read_sets([yard.folder], asked=HALF_A_METRE)


def test_parts_of_one_box_are_one_box_and_a_picture_without_any_is_empty(yard: Yard) -> None:
    quads = yard.picture("a.png")
    yard.picture("b.png")
    long = quads[3]
    first = [long[0], (long[0] * 2 + long[1]) / 3, (long[3] * 2 + long[2]) / 3, long[3]]
    second = [(long[0] + long[1] * 2) / 3, long[1], long[2], (long[3] + long[2] * 2) / 3]
    said = document(quads[:1])
    said["annotations"][0]["segmentation"] = [np.ravel(first).tolist(), np.ravel(second).tolist()]
    said["images"].append({"id": 8, "file_name": "b.png", "gsd_m": 0.4})
    yard.json("labels.json", said)
    one, none = read_sets([yard.folder], asked=HALF_A_METRE)[0].images
    assert ways(one.truth) == ways(quads[3:4])
    assert (len(none.truth), none.gsd_m) == (0, (0.4, 0.4))


def test_boxes_that_were_found_but_not_counted_are_no_labels(yard: Yard) -> None:
    quads = yard.picture("a.png")
    said = document(quads[:2])
    said["annotations"][0] |= {"counted": True, "score": 0.9}
    said["annotations"][1] |= {"counted": False, "score": 0.1}
    yard.json("labels.json", said)
    (found,) = read_sets([yard.folder], asked=HALF_A_METRE)
    assert ways(found.images[0].truth) == ways(quads[:1])
    assert found.notes == ("1 box that is marked as not counted is not taken",)


def test_boxes_that_a_run_was_not_sure_of_can_be_ignored_instead(yard: Yard) -> None:
    quads = yard.picture("a.png")
    said = document(quads[:2])
    said["annotations"][1] |= {"counted": False, "score": 0.1}
    yard.json("labels.json", said)
    (found,) = read_sets([yard.folder], asked=replace(HALF_A_METRE, uncounted="ignore"))
    assert ways(found.images[0].truth) == ways(quads[:1])
    (ring,) = found.images[0].ignore
    assert ways(ring[None]) == ways(quads[1:2])
    assert found.notes == ("1 box that is marked as not counted is ignored",)


def test_a_box_that_is_sure_stays_under_a_longer_one_that_is_not(yard: Yard) -> None:
    quads = yard.picture("a.png")
    said = document(quads[:2])
    long = quads_from_xywhr(np.array([[45.0, 32.5, 50.0, 8.0, 0.16]]))
    row = {"id": 9, "image_id": 7, "category_id": 3, "segmentation": [long[0].ravel().tolist()], "counted": False}
    said["annotations"].append(row)
    yard.json("labels.json", said)
    (found,) = read_sets([yard.folder], asked=replace(HALF_A_METRE, uncounted="ignore"))
    assert ways(found.images[0].truth) == ways(quads[:2])
    between = centres(long)
    assert inside_any(np.concatenate([between, centres(quads[:2])]), rings=found.images[0].ignore).tolist() == [
        True,
        False,
        False,
    ]


def test_two_entries_of_one_id_are_an_error_and_the_same_entry_twice_is_none(yard: Yard) -> None:
    quads = yard.picture("a.png")
    yard.picture("b.png")
    images = [{"id": 7, "file_name": "a.png"}, {"id": 7, "file_name": "b.png"}]
    yard.json("labels.json", document(quads, images=images))
    with pytest.raises(ManifestError, match="two images have the id 7"):
        read_sets([yard.folder], asked=HALF_A_METRE)
    names = [{"id": 3, "name": "crane"}, {"id": 3, "name": "container"}]
    yard.json("labels.json", document(quads, categories=names))
    with pytest.raises(ManifestError, match="two categories have the id 3"):
        read_sets([yard.folder], asked=HALF_A_METRE)
    yard.json("labels.json", document(quads, images=images[:1] * 2, categories=names[1:] * 2))
    assert len(read_sets([yard.folder], asked=HALF_A_METRE)[0].images[0].truth) == 5


def test_a_torn_file_is_named_and_never_passed_over(yard: Yard) -> None:
    said = json.dumps(document(yard.picture("a.png")))
    yard.text("a.json", ["{ a sidecar of somebody else's"])
    yard.text("train.json", [said])
    assert len(read_sets([yard.folder], asked=HALF_A_METRE)) == 1
    torn = yard.text("val.json", [said[:-20]])
    for place in (torn, yard.folder):
        with pytest.raises(ManifestError, match=r"val\.json: cannot be read as JSON"):
            read_sets([place], asked=HALF_A_METRE)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("images", [{"id": 7, "file_name": "z.png"}], "the picture z.png is not there"),
        ("images", [{"id": 7, "file_name": "a.png", "width": 90, "height": 70}], "90 x 70 pixels, the picture has 180 x 140"),
        ("images", [{"id": 7}], "no file_name"),
        ("images", [{"id": 7, "file_name": "a.png", "gsd_m": -1}], "image 7: gsd_m"),
        ("categories", [{"id": 1, "name": "x"}], "annotation 1: category_id 3 is none"),
        ("annotations", [{"id": 5, "image_id": 9, "category_id": 3}], "annotation 5: image_id 9 is none"),
        ("annotations", [{"id": 5, "image_id": 7, "category_id": 3}], "annotation 5: has neither a polygon"),
        ("annotations", [{"id": 5, "image_id": 7, "category_id": 3, "segmentation": {"counts": []}}], "annotation 5: .*mask"),
        ("annotations", [{"id": 5, "image_id": 7, "category_id": 3, "segmentation": [["x"] * 8]}], "annotation 5: a polygon"),
        ("annotations", [{"id": 5, "image_id": 7, "category_id": 3, "segmentation": [1.0, 2.0, 3.0, 4.0]}], r"5: .*\[\[x1"),
        ("annotations", [{"id": 5, "image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 0]}], "annotation 5: has neither"),
        ("annotations", [3], "annotation 1: expected an object"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_named(yard: Yard, key: str, value: Any, said: str) -> None:
    path = yard.json("labels.json", document(yard.picture("a.png")) | {key: value})
    with pytest.raises(ManifestError, match=said) as raised:
        read_sets([yard.folder], asked=HALF_A_METRE)
    assert str(yard.folder) in str(raised.value)
    assert path.exists()


def test_categories_are_listed_where_none_is_a_container(yard: Yard) -> None:
    yard.json("labels.json", document(yard.picture("a.png"), categories=[{"id": 3, "name": "container crane"}]))
    with pytest.raises(UsageError, match=r"container crane \(5 boxes\)"):
        read_sets([yard.folder], asked=HALF_A_METRE)
    (found,) = read_sets([yard.folder], asked=Asked(gsd_m=(GSD_M, GSD_M), classes=("3",)))
    assert len(found.images[0].truth) == 5
