import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sattrack.bench.accuracy import all_figures, bench_accuracy, figures
from sattrack.bench.figures import THRESHOLDS
from sattrack.errors import UsageError
from sattrack.settings import Settings
from sattrack.wiring import Model
from tests.bench.prediction_files import write_predictions

Draw = Callable[..., Path]


def test_a_detector_that_sees_every_box_scores_one_through_the_whole_path(draw_set: Draw, tmp_path: Path, bright: str) -> None:
    result = bench_accuracy([draw_set(tmp_path / "port")], model=Model(detector=bright))
    row = figures(result.images, name="all", threshold=result.threshold)
    assert (row.at.true, row.at.found, row.at.hits) == (12, 12, 12)
    assert (row.ap30, row.ap50) == (1.0, 1.0)
    assert row.mae_pct == 0
    assert result.threshold == 0.5
    assert result.images[0].device == "tests"
    assert row.error_pct == {t: 0.0 if t <= 0.8 else -100.0 for t in THRESHOLDS}


def test_boxes_missed_and_invented_show_in_precision_recall_and_count(draw_set: Draw, tmp_path: Path, bright: str) -> None:
    sets = [draw_set(tmp_path / "a", missed=2), draw_set(tmp_path / "b", extra=3)]
    rows = {row.name: row for row in all_figures(bench_accuracy(sets, model=Model(detector=bright)))}
    assert (rows["a"].at.precision, rows["a"].at.recall) == (1.0, pytest.approx(8 / 12))
    assert (rows["b"].at.precision, rows["b"].at.recall) == (pytest.approx(12 / 18), 1.0)
    assert rows["a"].at.error_pct == pytest.approx(-100 / 3)
    assert rows["b"].at.error_pct == 50
    assert rows["all"].at.error_pct == pytest.approx(100 * (26 - 24) / 24)
    # Errors that cancel in the total do not cancel in the mean over pictures.
    assert rows["all"].mae_pct == pytest.approx(100 * (2 + 2 + 3 + 3) / 24)


def test_boxes_of_a_class_that_no_run_counts_are_not_scored(
    draw_set: Draw, tmp_path: Path, bright: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = draw_set(tmp_path / "pier", pictures=1)
    module = importlib.import_module(bright.partition(":")[0])
    found = {}
    for classes in (("truck", "20ft container"), ("20ft container", "truck"), ("truck", "bus")):
        monkeypatch.setattr(module.Bright, "classes", classes)
        found[classes[0], classes[1]] = all_figures(bench_accuracy([folder], model=Model(detector=bright)))[-1].at.found
    assert [*found.values()] == [0, 6, 6], "all its boxes are of its first class; where none is named container, all count"


def test_predictions_written_and_read_give_the_same_figures(draw_set: Draw, tmp_path: Path, bright: str) -> None:
    sets = [draw_set(tmp_path / "port", missed=1, extra=1)]
    result = bench_accuracy(sets, model=Model(detector=bright))
    path = write_predictions([(m.image.name, m.found) for m in result.images], tmp_path / "boxes.csv")
    again = bench_accuracy(sets, predictions=path, threshold=result.threshold)
    assert all_figures(again) == all_figures(result)
    assert again.model_id == "boxes.csv"


def test_boxes_that_are_not_kept_are_not_said_to_be_counted(draw_set: Draw, tmp_path: Path, bright: str) -> None:
    folder = draw_set(tmp_path / "port", pictures=1)
    with pytest.raises(UsageError, match=r"counted from 0\.02: those below score_floor = 0\.05"):
        bench_accuracy([folder], model=Model(detector=bright), threshold=0.02)
    low = bench_accuracy([folder], model=Model(detector=bright), threshold=0.02, settings=Settings(score_floor=0.01))
    assert low.threshold == 0.02


def test_predictions_need_a_threshold_and_sets_are_needed_at_all(draw_set: Draw, tmp_path: Path) -> None:
    folder = draw_set(tmp_path / "port", pictures=1)
    with pytest.raises(UsageError, match="threshold"):
        bench_accuracy([folder], predictions=tmp_path / "boxes.csv")
    with pytest.raises(UsageError, match="no labelled sets"):
        bench_accuracy([])


def test_figures_on_real_labels_are_those_of_the_protocols_own_script(tmp_path: Path) -> None:
    """Boxes made by shaking the labels of a real set, scored by the script beside the data and by us."""
    data = Path(os.environ.get("SATTRACK_REAL_DATA") or "nowhere")
    # The folder of sets, or the one that holds it.
    folder = next((place for place in (data / "terminal_n", data / "real" / "terminal_n") if place.is_dir()), data)
    script = folder.parent.parent.parent / "tools" / "score.py"
    if folder == data or not script.is_file():
        pytest.skip("SATTRACK_REAL_DATA does not name the folder of real pictures, or tools/score.py is not beside it")
    from sattrack.bench.datasets import read_dataset
    from sattrack.detections import Detections

    rng = np.random.default_rng(5)
    boxes = []
    for image in read_dataset(folder):
        shift = rng.normal(0, 1.2, (len(image.truth), 1, 2))
        kept = rng.random(len(image.truth)) < 0.9
        quads = np.concatenate(
            [(image.truth + shift)[kept], image.truth[:9] + rng.uniform(-40, 40, (min(9, len(image.truth)), 1, 2))]
        )
        scores = rng.choice(np.linspace(0.06, 0.95, 4001), len(quads), replace=False).astype(np.float32)
        boxes.append((image.name, Detections(quads, scores, np.zeros(len(quads), np.int32))))
    path = write_predictions(boxes, tmp_path / "boxes.csv")
    said = subprocess.run(
        [sys.executable, script, folder, path, "--threshold", "0.25"], capture_output=True, check=True, text=True
    )
    theirs = json.loads(said.stdout)
    result = bench_accuracy([folder], predictions=path, threshold=0.25)
    row = figures(result.images, name="all", threshold=0.25)
    assert (row.at.true, row.at.found) == (theirs["truth"], theirs["found"])
    assert [round(v, 3) for v in (row.ap30, row.ap50)] == [theirs["AP30"], theirs["AP50"]]
    assert round(row.mae_pct, 1) == theirs["mae_pct"]
    for measured in result.images:
        one, other = figures([measured], name="", threshold=0.25), theirs["images"][measured.image.name]
        assert round(one.at.precision, 3) == other["precision30"]
        assert round(one.at.recall, 3) == other["recall30"]
        assert round(one.at.error_pct, 1) == other["count_error_pct"]
