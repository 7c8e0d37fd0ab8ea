"""Turning, summing, cycling, crossing, flowing: numbers worked out by hand, and what must hold for any numbers."""

import datetime as dt
import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sattrack.flows import Moved
from sattrack.steps.crossing import alerts_of
from sattrack.steps.cycling import cycles
from sattrack.steps.flow_phrasing import crossing_sentence, flow_sentence
from sattrack.steps.flowing import flow_of
from sattrack.steps.summing import moved
from sattrack.steps.turning import levels, swings, turns
from sattrack.steps.two_scenes import Whole, change_between
from sattrack.timeline import Observation, Series

DAY = dt.datetime(2023, 8, 26, tzinfo=dt.UTC)
# Limits at 95 % ten boxes either side.
EXACT, TEN = 0.0, 10.0


def wholes(boxes: list[float], half: float = TEN) -> list[Whole]:
    return [Whole(float(one), half, half) for one in boxes]


def series(counts: list[float | None], *, half: float | None = 10.0, shares: list[float] | None = None) -> Series:
    seen = shares or [1.0] * len(counts)
    return Series(
        "rajin", "Rajin", "", "worldview-2", "fast", 0.4,
        tuple(
            Observation(
                f"s{i}", DAY + dt.timedelta(days=i), count, None if count is None or half is None else max(count - half, 0.0),
                None if count is None or half is None else count + half, seen[i],
                "done" if count is not None else "not_assessable", 0.95,
            )
            for i, count in enumerate(counts)
        ),
    )  # fmt: skip


def test_two_scenes_say_what_the_change_between_them_says():
    one = series([291, 31], half=20.0)
    out, into = moved(wholes([291, 31], 20.0))
    change = change_between(*one.observations)
    assert (out.value, out.low, out.high) == pytest.approx((260, -change.high, -change.low))
    assert (out.low, out.high) == pytest.approx((260 - 20 * 2**0.5, 260 + 20 * 2**0.5))
    assert (into.value, into.low, into.high) == (0, 0, 0)


def test_a_stock_of_three_hundred_moves_a_thousand():
    out, into = moved(wholes([0, 260, 5, 270, 0, 250, 10, 255, 0]))
    assert out.value == 255 + 270 + 240 + 255
    assert into.value == 260 + 265 + 250 + 245
    # Each of the four falls by its own lower end, none of the errors averaged away.
    assert out.low == pytest.approx(out.value - 4 * 10 * 2**0.5)
    assert out.high == pytest.approx(out.value + 4 * 10 * 2**0.5)


def test_a_site_that_only_seems_to_move_moves_nothing_for_sure():
    noise = np.random.default_rng(1).normal(0, 5, 40)
    out, into = moved(wholes(list(100 + noise)))
    naive = float(np.maximum(-np.diff(noise), 0).sum())
    assert naive > 80
    assert out.value < 15
    assert (out.low, into.low) == (0, 0)
    # What may hide is said all the same.
    assert out.high > naive


def test_small_steps_one_way_add_up_to_a_sure_fall():
    out, _ = moved(wholes(list(np.linspace(300, 200, 21))))  # five boxes a step, each within its error
    assert 80 < out.value <= 100
    assert out.low > 60
    assert out.high > 100


def test_the_highest_of_several_like_counts_is_not_taken_at_its_word():
    boxes = [300, 306, 298, 303, 40, 43, 38]
    high, low = levels(wholes(boxes))
    assert high.whole.boxes == pytest.approx(np.mean(boxes[:4]))
    assert low.whole.boxes == pytest.approx(np.mean(boxes[4:]))
    assert (high.at, high.first, high.last) == (0, 0, 3)
    assert (low.first, low.last) == (4, 6)
    assert swings([high, low])[0].change == pytest.approx(np.mean(boxes[4:]) - np.mean(boxes[:4]))


def test_turns_are_those_that_errors_do_not_explain():
    assert turns(wholes([0, 50, 45, 100, 3, 60])) == [0, 3, 4, 5]
    assert turns(wholes([0, 50, 45, 100, 3, 60], EXACT)) == [0, 1, 2, 3, 4, 5]
    assert turns(wholes([7])) == [0]
    assert turns(wholes([7, 7, 7])) == [0, 2]


@pytest.mark.parametrize("hazy", [{"first"}, {"last"}, {"first", "last"}])
def test_a_first_or_last_scene_that_tells_nothing_undoes_no_sure_swing(hazy: set[str]):
    piers = wholes([150, 270] * 6, 12.0)
    unsure = [Whole(210.0, 140.0, 140.0)]
    every = [*(unsure if "first" in hazy else []), *piers, *(unsure if "last" in hazy else [])]
    assert [every[row] for row in turns(every)] == piers
    for hazed, clear in zip(moved(every), moved(piers), strict=True):
        assert hazed.value == pytest.approx(clear.value, rel=0.01)
        assert hazed.low == pytest.approx(clear.low, rel=0.01)  # one more scene is looked at
        assert hazed.high > clear.high
    # The low end: as high, and as low.
    peak = [*wholes([20, 200, 20], 1.0), Whole(60.0, 60.0, 150.0)]
    assert moved(peak)[0].value == moved(peak[:3])[0].value == 180


@pytest.mark.parametrize(
    ("counts", "place", "hazy"),
    [([5, 260, 4], 2, Whole(270.0, 300.0, 60.0)), ([300, 20, 310], 1, Whole(0.0, 0.0, 400.0)), ([5, 260, 4, 250, 6], 4, None)],
)
def test_a_scene_that_tells_nothing_hides_no_turn_beside_it(counts: list[float], place: int, hazy: Whole | None):
    clear = wholes(counts, 12.0)
    hidden = [*clear[:place], hazy or Whole(300.0, 330.0, 330.0), *clear[place:]]
    for hazed, alone in zip(moved(hidden), moved(clear), strict=True):
        assert hazed.value == pytest.approx(alone.value, rel=0.02)
        assert hazed.low == pytest.approx(alone.low, rel=0.05)  # one more scene is looked at
        assert hazed.high >= alone.high
    # What is no more than its own errors stays unsure, and no other scene is taken for it.
    assert turns(wholes([100, 103, 104, 101], 12.0)) == [0, 3]


def test_a_hazy_last_scene_ends_no_cycle_and_hides_no_threshold():
    piers, shares = [150.0, 270.0] * 6, [1.0] * 12
    clear, hazed = flow_of(series(piers), amounts=[500]), flow_of(series([*piers, 105.0], shares=[*shares, 0.4]), amounts=[500])
    assert len(hazed.cycles) == len(clear.cycles) == 6
    assert flow_sentence(hazed, direction="fall").startswith("At least 600 [")
    first = flow_of(series([105.0, *piers], shares=[0.4, *shares]), amounts=[500])
    assert [one.direction for one in first.crossings] == [one.direction for one in clear.crossings] == ["fall", "rise"]


def test_counts_without_intervals_give_sums_without_ends():
    flow = flow_of(series([10, 200, 20], half=None))
    assert (flow.departed.value, flow.departed.low, flow.departed.high) == (180, None, None)
    assert not flow.known
    assert "errors are not known" in flow_sentence(flow, direction="fall")
    assert flow.cycles == ()  # none is sure where nobody knows by how much the counts err
    whole = series([10, 200, 20])
    half = replace(whole, observations=(*whole.observations[:2], replace(whole.observations[2], high=None)))
    assert flow_of(whole).cycles
    assert flow_of(half).cycles == ()


def test_a_scene_partly_seen_is_scaled_and_widens_the_ends():
    whole, part = flow_of(series([200, 100])), flow_of(series([200, 50], shares=[1.0, 0.5]))
    assert part.departed.value == whole.departed.value == 100
    assert part.departed.low < whole.departed.low
    assert part.departed.high > whole.departed.high
    assert "the least shows 50 % of the site" in flow_sentence(part, direction="fall")


def test_scenes_that_could_not_be_assessed_are_named_between_those_that_could():
    flow = flow_of(series([100, None, None, 20]))
    assert [move.skipped for move in flow.movements] == [("s1", "s2")]
    assert flow.unseen == 2
    assert "2 more could not be assessed" in flow_sentence(flow, direction="fall")
    assert flow_sentence(flow_of(series([100, None])), direction="fall").endswith("fewer than two scenes could be assessed.")


def test_only_the_period_counts():
    flow = flow_of(series([0, 100, 0, 100, 0]), since=DAY + dt.timedelta(days=1), until=DAY + dt.timedelta(days=3))
    assert (flow.departed.value, flow.arrived.value) == (100, 100)
    assert (flow.since, flow.until) == (DAY + dt.timedelta(days=1), DAY + dt.timedelta(days=3))


def test_a_series_without_a_scene_in_the_period_has_no_time_that_nobody_named():
    later, before = DAY + dt.timedelta(days=30), DAY - dt.timedelta(days=30)
    for since, until in ((later, None), (None, before), (before, before + dt.timedelta(days=1))):
        flow = flow_of(series([10, 20]), since=since, until=until)
        assert (flow.since, flow.until) == (since or until, until or since)


def test_cycles_have_their_low_high_and_low():
    counts = [5, 150, 300, 8, 12, 280]
    one, two = cycles(series(counts).observations, wholes(counts))
    assert (one.began.scene_id, one.peak.scene_id, one.emptied.scene_id) == ("s0", "s2", "s3")
    assert one.filled.value == 295
    assert one.left.value == 300 - 10  # 8 and 12 are one level
    assert (two.began.scene_id, two.peak.scene_id) == ("s4", "s5")
    assert (two.emptied, two.left) == (None, None)
    assert cycles(series([50, 52, 49]).observations, wholes([50, 52, 49])) == ()
    (cut,) = cycles(series([300, 0]).observations, wholes([300, 0]))
    assert (cut.began, cut.filled) == (None, None)


def test_a_first_swing_that_is_just_sure_hides_no_cycle_after_it():
    counts = [102, 103, 84, 149, 142, 156, 93, 99, 99, 153, 153, 146, 87, 92, 113, 158, 160]
    flow = flow_of(series(counts, half=24.0))
    # The first rise is sure from 84 to 156, and hardly so from the levels about them; the swings after it are.
    assert [round(one.peak.boxes, -1) for one in flow.cycles] == [150, 150, 160]
    assert flow_of(series([100, 110, 101], half=24.0)).cycles == ()


def test_a_threshold_is_passed_within_a_bracket():
    flow = flow_of(series([0, 260, 0, 250, 0, 255, 0]), amounts=[500, 760, 5000])
    falls = [one for one in flow.crossings if one.direction == "fall"]
    assert [one.amount for one in falls] == [500, 760]
    first, second = falls
    assert first.reached == (DAY + dt.timedelta(days=3), DAY + dt.timedelta(days=4))
    # 260 + 250 less two half-widths of 14 is below 500: sure only with the third fall.
    assert first.latest == DAY + dt.timedelta(days=6)
    assert second.latest is None
    assert first.earliest == DAY + dt.timedelta(days=3)
    assert "passed between 29 Aug and 30 Aug 2023" in crossing_sentence(flow, first)
    # 510 at the scene by which it was passed, and no longer at that by which it surely was: 765 had left by then.
    assert "surely by 1 Sep 2023; 510 [481, 530] boxes up to 30 Aug 2023 by scenes of" in crossing_sentence(flow, first)
    assert crossing_sentence(flow, second).count("not yet surely") == 1


def test_thresholds_are_alerts_with_names_of_their_own():
    flow = flow_of(series([0, 260, 0, 250, 0, 255, 0]), amounts=[400, 500, 760])
    told = [one for one in alerts_of(flow) if one.direction == "fall"]
    assert [one.level for one in told] == ["alert", "alert", "warning"]
    assert {one.kind for one in told} == {"cumulative"}
    assert len({one.id for one in alerts_of(flow)}) == len(alerts_of(flow))
    assert [one.id for one in told] == [one.id for one in alerts_of(flow) if one.direction == "fall"]
    assert told[0].scene_id == "s4"
    assert (told[0].observed, told[0].alarm_above, told[0].history) == (510, 400, 5)


def test_a_sentence_can_be_printed():
    one = Series(
        "kalmae", "Kalmae pier", "", "", "", None,
        (
            Observation("a", dt.datetime(2023, 10, 19, 11, 1, tzinfo=dt.UTC), 281, 260, 300, 1.0, "done", 0.95),
            Observation("b", dt.datetime(2023, 10, 20, 15, 43, tzinfo=dt.UTC), 21, 9, 42, 1.0, "done", 0.95),
        ),
    )  # fmt: skip
    assert flow_sentence(flow_of(one), direction="fall") == (
        "At least 260 [230, 283] boxes left Kalmae pier between 19 Oct 11:01 and 20 Oct 2023 15:43 UTC."
    )
    assert flow_sentence(flow_of(one), direction="rise").startswith("No box is sure to have come to Kalmae pier")
    # What matched boxes tell is not denied.
    by_boxes = replace(flow_of(one), by_boxes=(Moved(270.0, 240.0, 283.0), Moved(10.0, 4.0, 20.0)))
    assert flow_sentence(by_boxes, direction="rise").startswith("By the counts alone, no box is sure to have come to Kalmae")


COUNTS = st.lists(st.integers(0, 400).map(float), min_size=2, max_size=12)
HALVES = st.floats(0, 60)


@settings(max_examples=60, deadline=None)
@given(COUNTS, HALVES)
def test_what_came_less_what_left_is_the_change_of_the_stock(counts: list[float], half: float):
    every = wholes(counts, half)
    out, into = moved(every)
    found = levels(every)
    assert into.value - out.value == pytest.approx(found[-1].whole.boxes - found[0].whole.boxes)
    change = counts[-1] - counts[0]
    assert into.low - out.high <= change + 1e-6
    assert change <= into.high - out.low + 1e-6
    for one in (out, into):
        assert 0 <= one.low <= one.value <= one.high


@settings(max_examples=40, deadline=None)
@given(COUNTS)
def test_counts_without_errors_sum_up_exactly(counts: list[float]):
    out, into = moved(wholes(counts, EXACT))
    steps = [b - a for a, b in itertools.pairwise(counts)]
    assert out.value == out.low == out.high == sum(max(-one, 0) for one in steps)
    assert into.value == into.low == into.high == sum(max(one, 0) for one in steps)


@settings(max_examples=60, deadline=None)
@given(COUNTS, HALVES)
def test_all_falls_as_counted_lie_between_the_ends(counts: list[float], half: float):
    out, _ = moved(wholes(counts, half))
    assert out.low - 1e-6 <= sum(max(a - b, 0) for a, b in itertools.pairwise(counts)) <= out.high + 1e-6


@settings(max_examples=60, deadline=None)
@given(COUNTS, HALVES)
def test_left_and_came_change_places_where_the_counts_are_turned_upside_down(counts: list[float], half: float):
    out, into = moved(wholes(counts, half))
    turned = moved(wholes([400 - one for one in counts], half))
    assert (turned[1].value, turned[1].low, turned[1].high) == pytest.approx((out.value, out.low, out.high))
    assert (turned[0].value, turned[0].low, turned[0].high) == pytest.approx((into.value, into.low, into.high))
