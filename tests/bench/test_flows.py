"""The benchmark of flows: its sites are what they say, and the intervals keep their promise."""

import json

import numpy as np
import pytest

from sattrack.bench.flow_tables import flow_table, flow_verdicts
from sattrack.bench.flows import LEAST_HELD, bench_flows, filling, missed, still
from sattrack.cli.app import main


def test_a_pier_that_fills_and_empties_does_so_again_and_again():
    boxes = filling(200, np.random.default_rng(1))
    assert boxes.shape == (200,)
    assert 0 <= boxes.min() <= 15
    assert 150 < boxes.max() <= 350
    # Emptied at once: from 150 and more down to a dozen.
    falls = -np.diff(boxes)[np.diff(boxes) < -50]
    assert len(falls) > 20
    assert falls.min() > 130
    assert (still(60.0)(5, np.random.default_rng(1)) == 60).all()


@pytest.fixture(scope="module")
def rows():
    return bench_flows(draws=20, scenes=(2, 10))


def test_intervals_hold_the_true_sums_and_their_low_ends_are_seldom_above(rows):
    # Of 40 sums a row, nine in ten less three standard errors.
    assert all(row.held.share >= LEAST_HELD - 0.15 for row in rows)
    assert np.mean([row.held.share for row in rows]) > 0.95
    assert np.mean([row.over.share for row in rows]) < 0.025
    filled = [row for row in rows if row.model == "fills and empties" and row.scenes == 10]
    assert all(row.point == pytest.approx(row.true, rel=0.1) for row in filled)
    assert all(row.cycle_held is not None and row.cycle_held.share > 0.8 for row in filled)


def test_sites_that_stay_move_nothing_for_sure(rows):
    for row in rows:
        if row.model.endswith("that stay"):
            assert row.true == 0
            assert row.low < 2


def test_tables_name_what_is_missed(rows):
    head, lines = flow_table(rows)
    assert len(lines) == len(rows)
    assert {len(line) for line in lines} == {len(head)}
    assert len(flow_verdicts(rows)) == 2
    assert missed(rows) == [row for row in rows if row.held.share < LEAST_HELD]


def test_the_same_seed_gives_the_same():
    assert bench_flows(draws=2, scenes=(4,)) == bench_flows(draws=2, scenes=(4,))
    assert bench_flows(draws=2, scenes=(4,)) != bench_flows(draws=2, scenes=(4,), seed=2)


def test_the_command_prints_them(capsys, monkeypatch, rows):
    monkeypatch.setattr("sattrack.bench.flows.bench_flows", lambda *, draws, seed: rows)
    assert main(["bench", "alarms", "--flow", "--draws", "100", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {row["scenes"] for row in said["rows"]} == {2, 10}
    assert said["draws"] == 100
    assert main(["bench", "alarms", "--flow", "--markdown"]) == 0
    told = capsys.readouterr().out
    assert told.count("| fills and empties |") == 4
    assert "intervals hold at least 90% of the true sums" in told
