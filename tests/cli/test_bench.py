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


def test_what_labels_leave_out_is_told_where_they_are_measured(sattrack, dataset, detectors):
    labels = dataset / "labels_obb" / "one.txt"
    labels.write_text(labels.read_text() + "\n" + labels.read_text())
    said = sattrack("bench", "accuracy", dataset, "--detector", "bright_boxes:Bright", "--json")
    assert said.json["sets"][0]["truth"] == 12
    assert "note: drawn: 12 boxes that were outlined twice are taken once" in said.err


def test_a_dataset_that_is_not_there_is_one_line(sattrack, detectors, tmp_path):
    said = sattrack("bench", "accuracy", tmp_path / "none", "--detector", "bright_boxes:Bright")
    assert said.code in (1, 2)
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1


def test_speed_says_which_promises_held_and_ends_with_1_where_one_did_not(sattrack, monkeypatch, tmp_path):
    from sattrack.bench import speed
    from sattrack.bench.clocks import Clock
    from sattrack.bench.speed_pictures import Picture

    limit = speed.Limit(((250, Clock(5.0, 10.0)), (250, Clock(5.0, 10.0))))
    row = speed.Speed(
        Picture(2500, 0.2), 500, 9, 8, 10, 20.0, 30.0, 1.0, 3.0, 10**9, {"model": 15.0}, "cpu", "torch", "fp32", limit, limit
    )  # fmt: skip
    asked = {}

    def measured(**options):
        asked.update(options)
        return (row,)

    monkeypatch.setattr(speed, "bench_speed", measured)
    said = sattrack("bench", "speed", "--size", "2500", "--detector", "m:D")
    assert asked["sizes"] == (2500,)
    assert not asked["ground"]
    assert asked["model"].detector == "m:D"
    assert said.code == 1
    assert "BROKEN: at least 90 % of the network's own throughput: 50 % at 2500 px" in said.out
    (tmp_path / "file").touch()
    said = sattrack("bench", "speed", "--detector", "m:D", "-o", tmp_path / "file")
    assert "the folder cannot be made" in said.err
    assert "BROKEN" in said.out, "what took minutes is told first"
    said = sattrack("bench", "speed", "--detector", "m:D", "--json")
    assert asked["sizes"] == (10_000,)
    assert asked["ground"]
    assert list(said.json)[:3] == ["backend", "precision", "ratio_to_limit"]


def test_a_limit_of_one_tile_is_refused_since_each_of_its_halves_takes_one(sattrack):
    said = sattrack("bench", "speed", "--size", "1250", "--most-tiles", "1", "--detector", "m:D")
    assert said.code == 2
    assert "--most-tiles" in said.err


def test_the_matrix_is_asked_for_no_larger_than_wanted(sattrack, monkeypatch):
    from sattrack.bench import speed_matrix

    asked = []

    def measured(cases, **_options):
        asked.extend(cases)
        return speed_matrix.Matrix((), "fast", "")

    monkeypatch.setattr(speed_matrix, "bench_matrix", measured)
    said = sattrack("bench", "speed", "--full", "--most-px", "1250", "--most-scenes", "10", "--detector", "m:D")
    assert said.code == 0, said.err
    assert {case.size for case in asked} == {640, 1250}
    assert max(case.scenes for case in asked) == 10
    assert {case.axis for case in asked} == {"size", "layout", "density", "scenes", "threads"}


def test_peers_that_are_not_installed_are_named_with_how_to_install_them(sattrack, monkeypatch, tmp_path):
    from sattrack.bench.peers import rounds
    from sattrack.bench.speed_pictures import Picture

    ours = rounds.Result(rounds.Contestant("sattrack", "torch"), (rounds.Turn(2.0, 4.0, 1.0, 95, 10**9),))
    found = rounds.Comparison(Picture(640, 0.2), 100, 0.4, (ours,), ("sahi", "geodeep"), {}, 1)
    monkeypatch.setattr(rounds, "bench_peers", lambda **_options: found)
    said = sattrack("bench", "peers")
    assert said.code == 0, said.err
    assert "sahi, geodeep; python -m pip install 'sattrack[peers]'" in said.err
    assert "-5.0 %" in said.out
    assert sattrack("bench", "peers", "--json").json["left_out"] == ["sahi", "geodeep"]
    (tmp_path / "file").touch()
    said = sattrack("bench", "peers", "-o", tmp_path / "file")
    assert "the folder cannot be made" in said.err
    assert "-5.0 %" in said.out


def test_a_careful_benchmark_is_of_another_model_and_looks_three_times(sattrack, dataset, detectors):
    words = ("bench", "accuracy", dataset, "--detector", "bright_boxes:Bright", "--json")
    plain, careful = sattrack(*words), sattrack(*words, "--careful")
    assert careful.code == 0, careful.err
    assert plain.json["model_id"] == "custom:bright_boxes:Bright"
    assert careful.json["model_id"] == "custom:bright_boxes:Bright+careful"
    # The detector's scores go by the order of boxes in a view, so that they differ between views; places do not.
    assert [row["found"] for row in careful.json["sets"]] == [12, 12]


def test_a_gate_whose_sets_are_not_there_says_so_before_exports_are_made(sattrack, monkeypatch, tmp_path):
    from sattrack.assets import asset_folder
    from sattrack.bench import gating

    monkeypatch.setattr(gating, "prepare", lambda *_a, **_k: pytest.fail("an export would be made"))
    weights = asset_folder("weights")
    fold = weights / "folds" / "fast-fold-1.pt"
    said = sattrack("bench", "backends", weights / "fast.pt", "--data", tmp_path / "nowhere", "--fold", fold)
    assert said.code == 2
    assert "nowhere" in said.err
