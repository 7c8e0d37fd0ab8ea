"""`sattrack bench accuracy` on labels of other tools, and boxes of other detectors."""

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from sattrack import wiring
from sattrack.bench.comparing import Contender
from sattrack.cli.bench.accuracy import _flattered

SIZE = 150


@pytest.fixture
def yolo(tmp_path):
    """Two tiles of white boxes in YOLO-OBB, the second with a box that is labelled but not there."""
    folder = tmp_path / "tiles"
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    for name, more in (("a", 0), ("b", 1)):
        picture = np.random.default_rng(0).integers(30, 50, (SIZE, SIZE, 3)).astype(np.uint8)
        lines = []
        for i in range(4 + more):
            x, y = 20 + 40 * (i % 3), 20 + 40 * (i // 3)
            if i < 4:
                cv2.rectangle(picture, (x, y), (x + 23, y + 4), (240, 240, 240), -1)
            corners = np.array([[x, y], [x + 24, y], [x + 24, y + 5], [x, y + 5]]) / SIZE
            lines.append("0 " + " ".join(f"{v:.6f}" for v in corners.ravel()))
        cv2.imwrite(str(folder / "images" / f"{name}.png"), picture)
        (folder / "labels" / f"{name}.txt").write_text("\n".join(lines))
    return folder


def test_tiles_of_another_format_are_scored_whole_or_by_half(sattrack, yolo, detectors):
    said = sattrack("bench", "accuracy", yolo, "--gsd-m", "0.5", "--detector", "bright_boxes:Bright", "--json")
    assert said.code == 0, said.err
    assert [(row["name"], row["truth"], row["found"]) for row in said.json["sets"]] == [("tiles", 9, 8), ("all", 9, 8)]
    said = sattrack(
        "bench", "accuracy", yolo, "--gsd-m", "0.5", "--half", "second", "--detector", "bright_boxes:Bright", "--json"
    )
    assert [(row["truth"], row["found"]) for row in said.json["sets"]] == [(5, 4), (5, 4)]


def test_boxes_of_a_yolo_folder_are_scored(sattrack, yolo, tmp_path):
    preds = tmp_path / "preds"
    preds.mkdir()
    for name in "ab":
        lines = (yolo / "labels" / f"{name}.txt").read_text().splitlines()
        (preds / f"{name}.txt").write_text("\n".join(f"{line} 0.8" for line in lines[:3]))
    said = sattrack("bench", "accuracy", yolo, "--gsd-m", "0.5", "--predictions", preds, "--threshold", "0.5", "--json")
    assert said.code == 0, said.err
    (row, _) = said.json["sets"]
    assert (row["truth"], row["found"], row["name"]) == (9, 6, "tiles")


def test_classes_of_boxes_from_a_file_may_be_said_and_what_is_left_out_is_told(sattrack, yolo, tmp_path):
    preds = tmp_path / "preds"
    preds.mkdir()
    lines = (yolo / "labels" / "a.txt").read_text().splitlines()
    (preds / "a.txt").write_text("\n".join(f"{4 + i % 2}{line[1:]} 0.8" for i, line in enumerate(lines)))
    (preds / "A.txt").write_text("")
    asked = ("bench", "accuracy", yolo, "--gsd-m", "0.5", "--predictions", preds, "--threshold", "0.5", "--json")
    said = sattrack(*asked)
    assert said.code == 2
    assert "--prediction-classes); there are: 4 (2 boxes), 5 (2 boxes)" in said.err
    said = sattrack(*asked, "--prediction-classes", "5")
    assert said.json["totals"]["found"] == 2
    assert "note: preds: boxes of other classes not scored: 2 of 4" in said.err
    assert "note: preds: 1 text of no picture of these sets not read: A" in said.err


def test_weights_that_were_trained_on_a_set_are_named(monkeypatch):
    card = SimpleNamespace(id="fast-1", trained_on=({"kind": "labelled", "sets": "quay, yard", "left_out": "pier"},))
    monkeypatch.setattr(wiring, "card_of", lambda model: card)
    images = [SimpleNamespace(dataset=name) for name in ("yard", "pier", "yard", "own")]
    (note,) = _flattered([Contender(), Contender(predictions=Path("boxes.csv"))], images)
    assert note.startswith("fast-1 was trained on yard, by its card")
    assert not [*_flattered([Contender()], images[1:2] + images[3:])]


def test_what_is_missing_is_said_in_one_line(sattrack, yolo, detectors):
    said = sattrack("bench", "accuracy", yolo, "--detector", "bright_boxes:Bright")
    assert said.code != 0
    assert "pixel size is not known" in said.err
    assert "--gsd-m" in said.err
    said = sattrack("bench", "accuracy", yolo, "--gsd-m", "0.5", "--label-classes", "box", "--detector", "bright_boxes:Bright")
    assert "no category box (there are: 0 (9 boxes))" in said.err
    said = sattrack("bench", "accuracy", yolo, "--format", "tiff")
    assert "--format is 'tiff'" in said.err
