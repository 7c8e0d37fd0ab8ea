"""The benchmark of alarms: its noise is what it says, and the shipped rule keeps its promises."""

import json

import numpy as np
import pytest

from sattrack.bench.alarm_models import MODELS, Noise, draw
from sattrack.bench.alarm_tables import alarm_table, verdict_lines
from sattrack.bench.alarms import OURS, bench_alarms, bench_two_scenes, targets
from sattrack.cli.app import main
from sattrack.steps.alarming import Rules


def test_noise_has_the_mean_spread_and_memory_that_it_states():
    rng = np.random.default_rng(1)
    drawn = draw(Noise("x", mean=600, spread=0.15, clouded=0.0), draws=20_000, past=2, surge=3.0, rng=rng)
    quiet = drawn.seen[:, 0]
    assert quiet.mean() == pytest.approx(600, rel=0.01)
    assert quiet.var() / quiet.mean() ** 2 == pytest.approx(0.15 + 1 / 600, rel=0.06)
    assert drawn.seen[:, -1].mean() == pytest.approx(1800, rel=0.02)
    kept = draw(Noise("x", mean=600, memory=0.6, clouded=0.0), draws=20_000, past=2, surge=1.0, rng=rng).seen
    assert np.corrcoef(np.log(kept[:, 0] + 1), np.log(kept[:, 1] + 1))[0, 1] == pytest.approx(0.6, abs=0.02)
    cloudy = draw(MODELS[0], draws=20_000, past=2, surge=1.0, rng=rng)
    assert (cloudy.told < 1).mean() == pytest.approx(0.3, abs=0.01)
    assert cloudy.seen.sum() / (cloudy.true * cloudy.told).sum() == pytest.approx(1, abs=0.01)


def test_the_shipped_rule_cries_wolf_less_than_the_naive_ones_and_the_same_seed_gives_the_same():
    rows = bench_alarms(draws=1500, past=14, rules=Rules(), models=MODELS[:1])
    assert rows == bench_alarms(draws=1500, past=14, rules=Rules(), models=MODELS[:1])
    by_rule = {row.rule: row for row in rows}
    ours, naive = by_rule[OURS], by_rule["mean + 3 sd"]
    assert ours.either.share < 0.009 < naive.either.share < by_rule["1.5 x the scene before"].either.share
    assert ours.caught[1].share > 0.8
    assert ours.caught[0].share > 0.4
    assert alarm_table(rows)[1][0][0] == "base"
    assert len(verdict_lines(targets(rows))) == 3


def test_two_scene_intervals_hold_nine_truths_in_ten_in_every_model():
    assert all(row.held.share > 0.9 for row in bench_two_scenes(draws=400))


def test_the_command_prints_what_it_found(capsys):
    assert main(["bench", "alarms", "--draws", "200", "--past", "7", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {row["model"] for row in found["rows"]} == {noise.name for noise in MODELS}
    assert found["two_scenes"][0]["held"]["share"] > 0.8
    assert main(["bench", "alarms", "--speed", "--sites", "20", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["past"] == 200
