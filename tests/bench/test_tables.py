import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sattrack.bench import accuracy_tables as t
from sattrack.bench.accuracy import bench_accuracy
from sattrack.bench.accuracy_values import comparison_values
from sattrack.bench.comparing import Contender, bench_several
from sattrack.bench.datasets import read_datasets
from sattrack.bench.figures import THRESHOLDS
from sattrack.bench.summaries import Summary, summed
from sattrack.bench.tables import finite, markdown, shown
from sattrack.cli.app import main
from sattrack.cli.voice import drawn_table
from sattrack.errors import UsageError
from sattrack.wiring import Model
from tests.bench.drawn_accuracy import drawn_image, found_in, result_of
from tests.bench.prediction_files import write_predictions

Draw = Callable[..., Path]


@pytest.fixture
def summary(draw_set: Draw, tmp_path: Path, bright: str) -> Summary:
    return summed(
        bench_accuracy([draw_set(tmp_path / "a", missed=2), draw_set(tmp_path / "b|x")], model=Model(detector=bright))
    )


def test_the_tables_have_a_row_for_each_set_and_one_for_all(summary: Summary) -> None:
    for head, rows in (t.count_tables(summary)[0], t.box_tables(summary)[0]):
        assert [r[0] for r in rows] == ["a", "b|x", "all"]
        assert all(len(r) == len(head) for r in rows)
    assert t.count_tables(summary)[0][1][0] == ("a", "2", "12", "8", "-33.3", "2.0", "33.3", "0.00", "-", "0.50")
    assert t.box_tables(summary)[0][1][0][:7] == ("a", "0.40", "12", "1.00", "0.67", "0.80", "0.663")


def test_a_part_that_no_set_speaks_of_is_said_to_be_so(summary: Summary) -> None:
    head, rows = t.box_tables(summary)[1]
    by_name = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    assert by_name["GSD 0.4-0.55 m"]["boxes"] == "24"
    assert by_name["off nadir not said"]["recall"] == "0.83"
    headings = [row for name, row in by_name.items() if name.startswith("heading")]
    assert sum(int(row["boxes"]) for row in headings) == 24
    # Counts are of whole pictures.
    names = [row[0] for row in t.count_tables(summary)[1][1]]
    assert names == [name for name in by_name if not name.startswith("heading")]
    assert "sun elevation not said" in names


def test_thresholds_mark_the_one_in_use_and_the_one_that_would_count_right(summary: Summary) -> None:
    (head, rows), *others = t.threshold_tables([summary])
    assert others == []
    assert head == ("threshold", "found", "bias %", "MAE %", "precision", "recall", "F1", "")
    assert [row[0] for row in rows] == [f"{v:.2f}" for v in THRESHOLDS]
    # Every box has the score 0.8: all thresholds to there say the same, and of equals the one in use is right.
    assert {row[0]: row[-1] for row in rows if row[-1]} == {"0.50": "used, right"}
    assert rows[-1][1:4] == ("0", "-100.0", "100.0")


def test_calibration_has_a_row_for_each_bin_that_holds_boxes(summary: Summary) -> None:
    (head, rows), *_ = t.calibration_tables([summary])
    assert head == ("score", "boxes", "mean", "true")
    assert rows == [("0.8-0.9", "20", "0.80", "1.00")]


def test_detectors_stand_side_by_side_three_to_a_table(summary: Summary) -> None:
    four = [summary] * 4
    first, second = t.set_comparison(four)
    assert first[0][:5] == ("set", "boxes", "A bias", "A F1", "A AP50")
    assert second[0] == ("set", "boxes", "D bias", "D F1", "D AP50")
    assert first[1][0] == ("a", "12", *("-33.3", "0.80", "0.663") * 3)
    assert [row[0] for row in first[1]] == ["a", "b|x", "all"]
    head, rows = t.total_table(four)
    assert head == ("all sets", "A", "B", "C", "D")
    assert {row[0]: row[1] for row in rows}["boxes found"] == "20"
    assert len(t.strata_comparison(four)) == len(t.calibration_tables(four)) == len(t.threshold_tables(four)) == 2


def test_a_set_that_is_called_all_keeps_its_row_beside_that_of_all_sets(tmp_path: Path) -> None:
    images = [drawn_image(tmp_path, dataset=name) for name in ("all", "quay")]
    one = summed(result_of(images, [found_in(images[0], missed=6), found_in(images[1])]))
    (table,) = t.set_comparison([one, one])
    assert [row[:3] for row in table[1]] == [("all", "12", "-50.0"), ("quay", "12", "+0.0"), ("all sets", "24", "-25.0")]


def test_no_table_is_wider_than_a_hundred_columns(draw_set: Draw, tmp_path: Path, bright: str) -> None:
    folder = draw_set(tmp_path / "terminal_a_t3", missed=2)
    one = summed(bench_accuracy([folder], model=Model(detector=bright)))
    three = [one] * 3
    tables = [
        *t.count_tables(one), *t.box_tables(one), t.band_table(one.result), t.total_table(three),
        *t.set_comparison(three), *t.strata_comparison(three), *t.calibration_tables([one]), *t.calibration_tables(three),
        *t.threshold_tables([one]), *t.threshold_tables(three),
    ]  # fmt: skip
    for head, rows in tables:
        text = drawn_table(head, rows, right=tuple(range(1, len(head))))
        assert max(len(line) for line in text.splitlines()) <= 100, text


def test_markdown_is_one_line_a_row_whatever_a_set_is_called(summary: Summary) -> None:
    lines = markdown(t.box_tables(summary)[0]).splitlines()
    assert len(lines) == 5
    assert lines[3].startswith("| b\\|x | 0.40 |")
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1


def test_bands_are_a_table_too(summary: Summary) -> None:
    head, rows = t.band_table(summary.result)
    assert len(rows) == 1
    assert rows[0] == ("0.40-0.41", "0-15", "24", "1.00", "0.83", "0.20")
    assert len(head) == len(rows[0])


def test_numbers_that_do_not_exist_are_dashes_and_nulls() -> None:
    assert (shown(None, ".2f"), shown(float("nan"), ".2f"), shown(0.125, ".2f")) == ("-", "-", "0.12")
    assert (finite(None), finite(float("inf")), finite(1 / 3)) == (None, None, 0.3333)


def test_json_has_no_numbers_that_json_cannot_hold(summary: Summary) -> None:
    values = json.loads(json.dumps(comparison_values([summary]), allow_nan=False))
    assert [s["name"] for s in values["sets"]] == ["a", "b|x", "all"]
    assert values["sets"][0]["recall"] == pytest.approx(2 / 3, abs=1e-3)
    assert values["totals"] == values["sets"][-1]
    assert values["totals"]["within_15"] is None
    assert len(values["thresholds"]) == 19
    assert values["calibration"] == {
        "error": 0.2,
        "bins": [{"low": 0.8, "high": 0.9, "boxes": 20, "score": 0.8, "true": 1.0}],
    }
    assert {(s["by"], s["part"]) for s in values["strata"]} >= {("GSD", "0.4-0.55 m"), ("sun azimuth", "not said")}
    assert [(p["set"], p["truth"], p["found"]) for p in values["pictures"]][:2] == [("a", 6, 4), ("a", 6, 4)]
    assert values["measured"][0]["n"] == 24
    assert set(values["interval_coverage"]) == {"pictures", "sets", "half_width"}
    assert values["detectors"] == [{k: v for k, v in values.items() if k != "detectors"}]


def test_json_of_several_has_a_list_and_nothing_that_seems_to_speak_for_all(summary: Summary) -> None:
    values = comparison_values([summary, summary])
    assert list(values) == ["detectors"]
    assert len(values["detectors"]) == 2


def test_files_are_scored_before_networks_run_and_results_stay_in_order(draw_set: Draw, tmp_path: Path, bright: str) -> None:
    folder = draw_set(tmp_path / "port", pictures=1)
    found = bench_accuracy([folder], model=Model(detector=bright))
    kept = write_predictions([(m.image.name, m.found) for m in found.images], tmp_path / "boxes.csv")
    begun: list[Contender] = []
    done: list[tuple[str, int, int]] = []
    asked = [
        Contender(Model(detector=bright)),
        Contender(predictions=kept, threshold=0.9),
        Contender(predictions=kept, threshold=0.3),
    ]
    results = bench_several(
        read_datasets([folder]), asked, begins=begun.append, heard=lambda m, i, n: done.append((m.image.name, i, n))
    )
    assert begun == [asked[1], asked[2], asked[0]]
    assert done == [("port_0", 1, 1)] * 3
    assert [r.model_id for r in results] == [found.model_id, "boxes.csv", "boxes.csv (2)"]
    assert [r.threshold for r in results] == [0.5, 0.9, 0.3]


def test_a_threshold_that_cannot_be_is_said_before_any_network_runs(draw_set: Draw, tmp_path: Path, bright: str) -> None:
    images = read_datasets([draw_set(tmp_path / "port", pictures=1)])
    begun: list[Contender] = []
    with pytest.raises(UsageError, match=r"fast.*score_floor"):
        bench_several(images, [Contender(Model(detector=bright)), Contender(threshold=0.02)], begins=begun.append)
    assert begun == []


def test_the_command_scores_boxes_of_a_file_as_those_of_the_detector(
    draw_set: Draw, tmp_path: Path, bright: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = draw_set(tmp_path / "port", missed=1)
    assert main(["bench", "accuracy", str(folder), "--detector", bright, "--json"]) == 0
    said = capsys.readouterr()
    detected = json.loads(said.out)
    assert "port, picture 1 of 2" in said.err
    result = bench_accuracy([folder], model=Model(detector=bright))
    kept = write_predictions([(m.image.name, m.found) for m in result.images], tmp_path / "boxes.csv")
    assert main(["bench", "accuracy", str(folder), "--predictions", str(kept), "--threshold", "0.5", "--json", "-q"]) == 0
    said = capsys.readouterr()
    scored = json.loads(said.out)
    assert said.err == ""
    assert scored["sets"] == detected["sets"]
    assert (scored["sets"][0]["found"], scored["sets"][0]["truth"]) == (10, 12)


def test_the_command_puts_detectors_side_by_side_each_from_its_own_score(
    draw_set: Draw, tmp_path: Path, bright: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = draw_set(tmp_path / "port", missed=1)
    result = bench_accuracy([folder], model=Model(detector=bright))
    kept = write_predictions([(m.image.name, m.found) for m in result.images], tmp_path / "boxes.csv")
    asked = ["bench", "accuracy", str(folder), "--detector", bright, "--predictions", f"{kept}@0.9"]
    assert main([*asked, "--json", "-q"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert [d["threshold"] for d in values["detectors"]] == [0.5, 0.9]
    assert [d["totals"]["found"] for d in values["detectors"]] == [10, 0]
    assert main(asked) == 0
    out = capsys.readouterr().out
    assert out.startswith("A  custom:")
    assert "\nB  boxes.csv, boxes from a score of 0.9" in out
    assert "A AP50" in out
    assert max(len(line) for line in out.splitlines()) <= 100 + len(bright)
    assert main([*asked[:-2], "-q"]) == 0
    assert capsys.readouterr() == ("", "")


def test_the_command_ends_with_two_where_a_folder_is_no_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "accuracy", str(tmp_path)]) == 2
    assert "meta.json" in capsys.readouterr().err
