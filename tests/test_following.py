"""Matched boxes in flows: they speak where they show more than the counts, and their ends are added."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from sattrack.assessing import Assessed
from sattrack.changes import Exchange, Offset, Total
from sattrack.detections import Detections
from sattrack.following import cumulative_alerts, follow, with_boxes
from sattrack.settings import Settings
from sattrack.steps.flow_phrasing import boxes_sentence
from sattrack.steps.flowing import flow_of
from sattrack.timeline import Observation, Series

DAY = dt.datetime(2023, 8, 26, tzinfo=dt.UTC)
SERIES = Series(
    "port", "Port", "", "", "fast", 0.4,
    tuple(
        Observation(f"s{i}", DAY + dt.timedelta(days=i), count, count - 5, count + 5, level=0.95)
        for i, count in enumerate([100, 90, 95])
    ),
)  # fmt: skip


def boxes(count: int) -> Detections:
    return Detections(np.zeros((count, 4, 2)), np.ones(count, np.float32), np.zeros(count, np.int32))


def exchange(earlier: str, later: str, *, left: Total, arrived: Total, why: str = "") -> Exchange:
    before, after = (boxes(total.value or 0) for total in (left, arrived))
    return Exchange(
        "port", "Port", "", earlier, later, None, None, "counts" if why else "boxes", why, Offset(0, 0, True, 2, 9), None,
        before, after, np.zeros((0, 2), np.intp), np.zeros(0), np.zeros(0), Total(60), arrived, left, Total(0),
        0.95, 0.9, 0.4, "fast",
    )  # fmt: skip


def test_boxes_that_changed_places_with_others_moved_too():
    (flow,) = with_boxes(
        [flow_of(SERIES)],
        [
            exchange("s0", "s1", left=Total(40, 30, 55), arrived=Total(30, 20, 44)),
            exchange("s1", "s2", left=Total(None), arrived=Total(None), why="the views lean differently"),
        ],
    )
    first, second = flow.movements
    assert (first.by, first.left.value, first.arrived.low) == ("boxes", 40, 20)
    assert (second.by, second.why) == ("counts", "the views lean differently")
    left, came = flow.by_boxes
    assert (left.value, left.low) == (40, 30)
    assert left.high == pytest.approx(55 + max(-5 + 5 * 2**0.5, 0))
    assert came.value == 30 + 5
    assert boxes_sentence(flow) == (
        "By boxes matched one to one between 1 of 2 pairs of scenes, and by counts between the others, 40 [30, 58] boxes left "
        "Port between 26 Aug and 28 Aug 2023, and 35 [20, 57] boxes came."
    )
    alone = replace(flow, movements=(first,))
    assert boxes_sentence(alone).startswith("By boxes matched one to one between 1 of 1 pair of scenes, 40")
    # The totals by counts stay what they are.
    assert flow.departed == flow_of(SERIES).departed


def test_boxes_matched_on_a_small_part_do_not_lessen_what_the_counts_show():
    (flow,) = with_boxes([flow_of(SERIES)], [exchange("s0", "s1", left=Total(4, 1, 9), arrived=Total(2, 0, 6))])
    assert flow.movements[0].by == "counts"
    # Also where all of a site is seen, boxes at the edge of it may not be compared.
    assert flow.movements[0].why == "fewer boxes moved on what can be compared of the 90% of the site that both show"
    assert flow.movements[1].why == "the two scenes were not compared"
    assert flow.by_boxes is None


def test_without_thresholds_there_are_no_cumulative_alerts():
    assert cumulative_alerts([SERIES], amounts=[]) == []
    assert [one.direction for one in cumulative_alerts([SERIES], amounts=[10])] == ["fall"]


def test_the_boxes_of_one_sensor_are_matched_though_anothers_scene_lies_between(monkeypatch, tmp_path) -> None:
    series = [replace(SERIES, sensor=name) for name in ("WV2", "SkySat")]
    monkeypatch.setattr("sattrack.following.open_series", lambda *_given, **_more: Assessed(series))
    asked = []
    monkeypatch.setattr("sattrack.following.changes_of_run", lambda *_given, wanted, **_more: asked.extend(wanted) or iter(()))
    follow(tmp_path, settings=Settings(), boxes=True)
    assert asked == [("port", "", "s0", "s1"), ("port", "", "s1", "s2")] * 2
