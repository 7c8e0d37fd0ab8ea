"""What the demo must find: the story of the samples as a counter without an error would tell it, and faults planted in it."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from sattrack.assessing import assess_source
from sattrack.assets import asset_folder
from sattrack.cli.demo_checks import Check, checked
from sattrack.cli.truth import Truth, read_story
from sattrack.findings import Findings
from sattrack.following import follow
from sattrack.readers.chains import read_chain
from sattrack.settings import Settings

SAMPLES = asset_folder("samples")
Row = dict[str, str]
Counter = Callable[[Row], float]


@pytest.fixture(scope="module")
def truth() -> Truth:
    return read_story(SAMPLES)


def seen_as(row: Row) -> float:
    """As many boxes as can be seen."""
    return int(row["count"])


def story(folder: Path, truth: Truth, *, counted: Counter = seen_as) -> list[Check]:
    """The checks on counts made of the shipped truth, each known to a tenth."""
    with (SAMPLES / "truth.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if not row["zone"]]
    path = folder / "counts.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(
            ("site_id", "datetime", "scene_id", "sensor", "model_id", "count", "count_low", "count_high", "observed_fraction")
        )
        for row in rows:
            n = counted(row)
            there = int(row["count"]) + int(row["hidden"])
            seen = int(row["count"]) / there if row["hidden"] != "0" else 1.0
            named = (row["site_id"], row["datetime"], row["scene_id"], row["sensor"], "m")
            table.writerow((*named, n, 0.9 * n, 1.1 * n + 1, max(seen, 0.01)))
    settings, chain = Settings(), read_chain(SAMPLES / "chain.yaml")
    found = assess_source(path, settings=settings)
    moved = follow(path, settings=settings, chain=chain)
    return list(checked(Findings(found.series, found.alerts, moved.flows, chain, moved.agreements), truth))


def failed(checks: list[Check]) -> list[str]:
    return [check.said for check in checks if not check.fine]


def test_a_counter_without_an_error_finds_the_whole_story(tmp_path, truth):
    checks = story(tmp_path, truth)
    assert failed(checks) == []
    assert len(checks) == 13


def test_a_surge_that_is_seen_late_is_told(tmp_path, truth):
    late = story(tmp_path, truth, counted=lambda row: 40 if row["datetime"].startswith("2023-08-26T02") else seen_as(row))
    assert any("first alert" in said and "26 Aug 2023 02:05 UTC" in said for said in failed(late))


def test_an_alert_before_the_surge_is_told(tmp_path, truth):
    early = story(tmp_path, truth, counted=lambda row: 300 if row["datetime"].startswith("2023-08-23") else seen_as(row))
    assert any("first alert 23 Aug 2023 01:48 UTC" in said for said in failed(early))


def test_sums_that_are_far_too_small_are_told(tmp_path, truth):
    half = story(tmp_path, truth, counted=lambda row: 0.5 * seen_as(row))
    said = " ".join(failed(half))
    assert "true falls between its scenes" in said
    assert "to pass 1,000" in said
    assert "true rises between its scenes" in said


def test_a_lower_end_above_all_that_moved_is_told(tmp_path, truth):
    double = story(tmp_path, truth, counted=lambda row: 2.5 * seen_as(row))
    assert any("is not above all that left" in said for said in failed(double))


def test_an_alert_where_nothing_happened_is_told(tmp_path, truth):
    loud = story(
        tmp_path, truth, counted=lambda row: 400 if row["scene_id"] == "noordzand-depot_20231019T105603" else seen_as(row)
    )
    assert failed(loud) == ["noordzand-depot by rendered-30: 1 alert in 12 scenes, where nothing happened"]


def test_without_a_chain_nothing_is_held_against_the_truth(truth):
    assert list(checked(Findings(), truth)) == []


def test_what_moved_is_read_from_beside_the_counts(truth):
    assert (
        truth.there["kalmae-pier", "kalmae-pier_20230719T021831"] > truth.visible["kalmae-pier", "kalmae-pier_20230719T021831"]
    )
    assert sum(move.left for move in truth.moves if move.sensor == "rendered-30" and move.site_id == "kalmae-pier") > 1000
    assert all(move.begin < move.end for move in truth.moves)
