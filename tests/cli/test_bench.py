"""`sattrack bench` hands over what was asked and prints what came back."""

import json

import cv2
import numpy as np
import pytest


@pytest.fixture
def dataset(tmp_path):
    """One labelled picture: 12 white boxes, all labelled."""
    folder = tmp_path / "drawn"
    for name in ("images", "labels_obb", "ignore"):
        (folder / name).mkdir(parents=True)
    picture = np.random.default_rng(0).integers(30, 60, (200, 300, 3)).astype(np.uint8)
    labels = []
    for i in range(12):
        x, y = 20 + 60 * (i % 4), 20 + 20 * (i // 4)
        picture[y : y + 5, x : x + 24] = 250
        corners = [(x, y), (x + 24, y), (x + 24, y + 5), (x, y + 5)]
        labels.append("0 " + " ".join(f"{a / 300:.6f} {b / 200:.6f}" for a, b in corners))
    cv2.imwrite(str(folder / "images" / "one.png"), picture)
    (folder / "labels_obb" / "one.txt").write_text("\n".join(labels))
    (folder / "ignore" / "one.json").write_text("[]")
    (folder / "meta.json").write_text(json.dumps({"one": {"gsd_m": 0.5}}))
    return folder


def test_accuracy_prints_a_row_a_set_and_one_for_all(sattrack, dataset, detectors):
    said = sattrack("bench", "accuracy", dataset, "--detector", "bright_boxes:Bright", "--json")
    assert said.code == 0, said.err
    assert [(row["name"], row["truth"], row["found"]) for row in said.json["sets"]] == [("drawn", 12, 12), ("all", 12, 12)]
    said = sattrack("bench", "accuracy", dataset, "--detector", "bright_boxes:Bright", "--threshold", "0.5", "--markdown")
    assert "| drawn | 1 | 12 | 6 | -50.0 |" in said.out


def test_a_dataset_that_is_not_there_is_one_line(sattrack, detectors, tmp_path):
    said = sattrack("bench", "accuracy", tmp_path / "none", "--detector", "bright_boxes:Bright")
    assert said.code in (1, 2)
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1


def test_speed_says_which_promises_held_and_ends_with_1_where_one_did_not(sattrack, monkeypatch):
    from sattrack.bench import speed

    row = speed.Speed(2500, 500, 9, 20.0, 10.0, 3.0, 1.0, 10**9, 100, "cpu")
    asked = {}

    def measured(**options):
        asked.update(options)
        return (row,)

    monkeypatch.setattr(speed, "bench_speed", measured)
    said = sattrack("bench", "speed", "--size", "2500", "--detector", "m:D")
    assert asked["sizes"] == (2500,)
    assert asked["model"].detector == "m:D"
    assert said.code == 1
    assert "BROKEN: " in said.out


def test_a_careful_benchmark_is_of_another_model_and_looks_three_times(sattrack, dataset, detectors):
    words = ("bench", "accuracy", dataset, "--detector", "bright_boxes:Bright", "--json")
    plain, careful = sattrack(*words), sattrack(*words, "--careful")
    assert careful.code == 0, careful.err
    assert plain.json["model_id"] == "custom:bright_boxes:Bright"
    assert careful.json["model_id"] == "custom:bright_boxes:Bright+careful"
    # The detector's scores go by the order of boxes in a view, so that they differ between views; places do not.
    assert [row["found"] for row in careful.json["sets"]] == [12, 12]
