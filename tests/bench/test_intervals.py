"""Intervals: judged on labelled sets and on rendered yards, with the bands of any card."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sattrack.bench.bands import BARE
from sattrack.bench.interval_tables import coverage_table, interval_values, missed_table
from sattrack.bench.intervals import FIRST_SEED, Yards, bench_rendered, bench_sets
from sattrack.errors import UsageError
from sattrack.settings import Settings
from sattrack.synthetic.seeds import FIRST_KEPT_SEED
from sattrack.wiring import Model

Draw = Callable[..., Path]
BAND = {
    "gsd_low": 0.2, "gsd_high": 1.0, "density_low": 0.0, "density_high": 900.0, "precision": 1.0, "recall": 1.0, "n": 100.0,
    "ratio": 1.0, "spread": 0.05, "faint": 1.0,
}  # fmt: skip
CARD = replace(BARE, measured=(BAND,))


def test_labelled_sets_are_counted_and_judged(draw_set: Draw, tmp_path: Path, bright: str) -> None:
    sets = [draw_set(tmp_path / "right", pictures=2, per_picture=6), draw_set(tmp_path / "short", pictures=1, missed=3)]
    told = bench_sets(sets, model=Model(detector=bright), settings=Settings(), bands=CARD)
    assert [(j.name, j.true, j.found, j.held) for j in told.pictures] == [
        ("right_0", 6, 6, True), ("right_1", 6, 6, True), ("short_0", 6, 3, False)
    ]  # fmt: skip
    head, rows = coverage_table(told.rows())
    assert [row[0] for row in rows] == ["0.20-1.00 m, 0-900 /ha", "all"]
    assert rows[1][1:4] == ("3", "18", "67%")
    assert len(rows[0]) == len(head)
    assert [row[0] for row in missed_table(told.pictures)[1]] == ["short_0"]
    values = interval_values(told)
    assert values["rows"][-1]["covered"] == pytest.approx(2 / 3, abs=1e-4)
    assert values["rows"][-1]["half_width"] is None
    assert values["pictures"][2]["held"] is False


def test_rendered_yards_are_judged_too_from_seeds_kept_out_of_training(bright: str) -> None:
    drawn = []
    told = bench_rendered(
        Yards(count=2, pixels=64), model=Model(detector=bright), settings=Settings(), bands=CARD, drawn=drawn.append
    )
    assert FIRST_SEED >= FIRST_KEPT_SEED
    assert drawn == [1, 2]
    assert [j.name for j in told.pictures] == [f"tile_{FIRST_SEED + i:08d}" for i in range(2)]
    assert f"seeds {FIRST_SEED} to {FIRST_SEED + 1}" in told.title


def test_weights_without_measurements_have_no_intervals_to_judge(draw_set: Draw, tmp_path: Path, bright: str) -> None:
    with pytest.raises(UsageError, match="nothing was measured"):
        bench_sets([draw_set(tmp_path / "one")], model=Model(detector=bright), settings=Settings())
    with pytest.raises(UsageError, match="nothing was measured"):
        bench_rendered(Yards(count=1, pixels=64), model=Model(detector=bright), settings=Settings())
