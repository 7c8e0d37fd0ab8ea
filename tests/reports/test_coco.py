"""COCO: ids that hold together, corners and envelopes in source pixels."""

import json

import numpy as np

from sattrack.reports.coco import write_coco


def test_annotations_images_and_categories_hold_together(port_run, tmp_path) -> None:
    run, parts = port_run
    read = json.loads(write_coco(run, parts, tmp_path / "x.json").read_text())
    images = {image["id"]: image for image in read["images"]}
    assert [(i["file_name"], i["width"], i["height"]) for i in images.values()] == [
        ("day-1.tif", 600, 400),
        ("day-2.tif", 600, 400),
    ]
    assert [(c["id"], c["name"]) for c in read["categories"]] == [(1, "container"), (2, "truck")]
    assert [a["id"] for a in read["annotations"]] == [1, 2, 3, 4, 5, 6]
    assert {images[a["image_id"]]["part"] for a in read["annotations"]} == {"day-1"}
    assert [a["category_id"] for a in read["annotations"]] == [1, 1, 1, 2, 1, 1]


def test_the_box_is_the_envelope_of_the_corners_and_the_area_is_the_boxes_own(port_run, tmp_path) -> None:
    read = json.loads(write_coco(*port_run, tmp_path / "x.json").read_text())
    for annotation in read["annotations"]:
        corners = np.array(annotation["segmentation"][0]).reshape(4, 2)
        left, top, width, height = annotation["bbox"]
        np.testing.assert_allclose([left, top, left + width, top + height], [*corners.min(0), *corners.max(0)], atol=1e-3)
    assert read["annotations"][1]["area"] == round(12.2 * 4.9, 2)
    assert [a["counted"] for a in read["annotations"]] == [True, True, False, False, False, True]
    assert [a["score"] for a in read["annotations"]] == [0.9, 0.8, 0.2, 0.9, 0.7, 0.6]
