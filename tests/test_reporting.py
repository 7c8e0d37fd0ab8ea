import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from sattrack.errors import UsageError
from sattrack.findings import Findings
from sattrack.flows import Chain, Link, Place
from sattrack.reporting import MOST_PAIRS, findings_of, pairs_of, shown_alerts
from tests.reports.invented_findings import CHAIN, SURGE, surge, surge_findings
from tests.reports.invented_run import GSD, PaintedReader, boxes, grid_of, part_of, run_of
from tests.reports.test_alarm_marks import alert


def raised(week, **changed):
    return alert(week, level="alert", direction="rise", **changed)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    run, parts = surge(tmp_path_factory.mktemp("run"))
    return run, parts, surge_findings(run)


def test_the_latest_alerts_of_each_site_are_shown_in_turn():
    alerts = [raised(week, site_id=site) for site in "ab" for week in (1, 2, 3)]
    assert [(one.site_id, one.scene_id) for one in shown_alerts(alerts, most=4)] == [
        ("a", "w3"), ("b", "w3"), ("a", "w2"), ("b", "w2"),
    ]  # fmt: skip


def test_a_site_s_own_alert_stands_for_those_of_its_zones_and_cumulative_ones_have_no_pictures():
    alerts = [
        raised(1, zone="west"),
        raised(1),
        raised(2, kind="cumulative"),
        raised(3, zone="west"),
        alert(4, level="warning"),
    ]
    assert [(one.zone, one.scene_id) for one in shown_alerts(alerts)] == [("west", "w3"), ("", "w1")]


def test_before_is_the_last_assessable_scene_of_the_same_series(made):
    run, parts, findings = made
    pairs = list(pairs_of(run, parts, findings, reader=None))
    assert 0 < len(pairs) <= MOST_PAIRS
    quay = findings.series[0].assessable
    for pair in (one for one in pairs if one.alert.site_id == "quay"):
        at = next(i for i, one in enumerate(quay) if one.scene_id == pair.alert.scene_id)
        assert pair.before.observation == quay[at - 1]
        assert pair.after.observation.scene_id == pair.alert.scene_id
        assert len(pair.after.quads) == pair.after.observation.count
    first = min(pairs, key=lambda pair: pair.alert.datetime)
    assert first.before.observation.scene_id == f"week_{SURGE - 1:02d}"


def test_without_a_reader_there_are_boxes_and_no_pixels(made):
    run, parts, findings = made
    pair = next(pairs_of(run, parts, findings, reader=None))
    assert pair.before.pixels is None
    assert pair.before.missing == ""
    assert len(pair.after.quads)


def test_both_scenes_lie_on_one_frame_whatever_their_own_grids(made, tmp_path):
    run, parts, findings = made
    alert_ = min((one for one in findings.alerts if one.level == "alert" and one.kind == "scene"), key=lambda a: a.datetime)
    # The same boxes on the same ground, the later scene cut 300 pixels further east and 40 further south.
    shift = np.array([300.0, 40.0])
    quads = boxes(210, left=340, top=200, per_row=20)
    before, after = f"week_{SURGE - 1:02d}", f"week_{SURGE:02d}"
    changed = dict(parts)
    changed[before] = part_of(before, quads=quads, acquired=parts[before].scene.acquired)
    grid = grid_of(shift=(300, 40))
    changed[after] = part_of(after, quads=quads - shift, acquired=parts[after].scene.acquired, grid=grid)
    own = run_of(changed, folder=tmp_path, sites=run.sites)
    only = replace(findings, alerts=(alert_,))
    pair = next(pairs_of(own, changed, only, reader=PaintedReader(changed)))
    apart = np.linalg.norm(pair.before.quads.mean(axis=1)[:, None] - pair.after.quads.mean(axis=1)[None], axis=2)
    assert apart.shape == (210, 210)
    assert apart.min(axis=1).max() < 0.1
    middles = np.floor(pair.after.quads.mean(axis=1)).astype(int)
    for side in (pair.before, pair.after):
        painted = side.pixels[middles[:, 1], middles[:, 0]].astype(int)
        ground = np.array([118, 114, 108])
        assert (np.abs(painted - ground).max(axis=1) > 20).mean() > 0.95
    assert max(pair.shape) == 960
    assert GSD <= pair.pixel_m < 1.1 * GSD


def test_a_scene_that_is_gone_costs_its_pixels_with_the_reason_and_each_file_is_asked_once(made):
    run, parts, findings = made
    asked = []

    class Counting(PaintedReader):
        def digest(self, scene):
            asked.append(scene.part)
            return super().digest(scene)

    reader = Counting(parts, gone=frozenset({f"week_{SURGE:02d}"}))
    pairs = list(pairs_of(run, parts, findings, reader=reader))
    first = min(pairs, key=lambda pair: pair.alert.datetime)
    assert first.after.pixels is None
    assert "no such file" in first.after.missing
    assert first.before.pixels.shape == (*first.shape, 3)
    assert len(asked) == len(set(asked))


def test_a_run_without_outlines_has_no_findings(tmp_path):
    parts = {"a": part_of("a", quads=boxes(3, left=20, top=20), acquired=dt.datetime(2025, 1, 1, tzinfo=dt.UTC))}
    assert findings_of(run_of(parts, folder=tmp_path)) == Findings()


def test_a_chain_of_other_places_is_an_error_that_names_both(made):
    other = Chain("Elsewhere", (Place("x", "origin"), Place("y", "destination")), (Link("x", "y", 0, 1),))
    with pytest.raises(UsageError, match=r"it names x, y; the run has depot, quay"):
        findings_of(made[0], chain=other)


def test_a_place_of_the_chain_without_a_series_is_said(made):
    *_, findings = made
    assert findings.chain == CHAIN
    assert any("nowhere" in note for note in findings.notes)
    assert len(findings.agreements) == 1
