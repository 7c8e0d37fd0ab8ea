import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sattrack.bench.accuracy import Accuracy, bench_accuracy
from sattrack.bench.tables import accuracy_table, accuracy_values, band_table, markdown, threshold_table
from sattrack.cli.app import main
from sattrack.wiring import Model
from tests.bench.prediction_files import write_predictions

Draw = Callable[..., Path]


@pytest.fixture
def result(draw_set: Draw, tmp_path: Path, bright: str) -> Accuracy:
    return bench_accuracy([draw_set(tmp_path / "a", missed=2), draw_set(tmp_path / "b|x")], model=Model(detector=bright))


def test_the_table_has_a_row_for_each_set_and_one_for_all(result: Accuracy) -> None:
    head, rows = accuracy_table(result)
    assert [r[0] for r in rows] == ["a", "b|x", "all"]
    assert all(len(r) == len(head) for r in rows)
    assert rows[0] == ("a", "0.40", "2", "12", "8", "-33", "33", "1.00", "0.67", "0.66", "0.66")


def test_the_thresholds_are_columns(result: Accuracy) -> None:
    head, rows = threshold_table(result)
    assert head == ("set", "0.1", "0.15", "0.2", "0.25", "0.3", "0.35", "0.4", "0.45", "0.5")
    assert rows[0][1:] == ("-33",) * 9


def test_markdown_is_one_line_a_row_whatever_a_set_is_called(result: Accuracy) -> None:
    lines = markdown(accuracy_table(result)).splitlines()
    assert len(lines) == 5
    assert lines[3].startswith("| b\\|x | 0.40 |")
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1


def test_bands_are_a_table_too(result: Accuracy) -> None:
    head, rows = band_table(result)
    assert len(rows) == 1
    assert rows[0] == ("0.40-0.41", "0-15", "24", "1.00", "0.83", "0.11")
    assert len(head) == len(rows[0])


def test_json_has_no_numbers_that_json_cannot_hold(result: Accuracy) -> None:
    values = json.loads(json.dumps(accuracy_values(result), allow_nan=False))
    assert [s["name"] for s in values["sets"]] == ["a", "b|x", "all"]
    assert values["sets"][0]["recall"] == pytest.approx(2 / 3, abs=1e-3)
    assert values["measured"][0]["n"] == 24
    assert set(values["interval_coverage"]) == {"pictures", "sets", "half_width"}


def test_the_command_scores_boxes_of_a_file_as_those_of_the_detector(
    draw_set: Draw, tmp_path: Path, bright: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = draw_set(tmp_path / "port", missed=1)
    assert main(["bench", "accuracy", str(folder), "--detector", bright, "--json"]) == 0
    detected = json.loads(capsys.readouterr().out)
    result = bench_accuracy([folder], model=Model(detector=bright))
    kept = write_predictions([(m.image.name, m.found) for m in result.images], tmp_path / "boxes.csv")
    assert main(["bench", "accuracy", str(folder), "--predictions", str(kept), "--threshold", "0.5", "--json", "-q"]) == 0
    scored = json.loads(capsys.readouterr().out)
    assert scored["sets"] == detected["sets"]
    assert (scored["sets"][0]["found"], scored["sets"][0]["truth"]) == (10, 12)


def test_the_command_ends_with_two_where_a_folder_is_no_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "accuracy", str(tmp_path)]) == 2
    assert "meta.json" in capsys.readouterr().err
