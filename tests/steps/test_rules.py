"""Farrington, EARS, two scenes, discovery: numbers worked out by hand, and what must hold for any numbers."""

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sattrack.steps.discovery import q_values
from sattrack.steps.ears import ears
from sattrack.steps.false_alarms import LEVELS, MEASURED, false_alarms
from sattrack.steps.farrington import farrington
from sattrack.steps.histories import Histories, Verdicts, guarded, within
from sattrack.steps.predicting import Sure, spread_of
from sattrack.steps.series import sensor_class
from sattrack.steps.two_scenes import change_between
from sattrack.timeline import Observation

PLAIN = Sure(usual=0.0, usual_weight=0.0, caution=0.0, drift=1e-6, least=0.0)


def histories(
    past: list[float], now: float, *, seen: list[float] | None = None, share: float = 1.0, own: float = 0.0
) -> Histories:
    n = len(past)
    return Histories(
        np.array([past], float), np.array([seen or [1.0] * n]), np.array([7.0 * np.arange(n)]), np.ones((1, n), bool),
        np.array([float(now)]), np.array([share]), np.array([7.0 * n]), np.array([own]), np.array([own]),
    )  # fmt: skip


def test_ears_by_hand():
    past = [10.0, 14.0, 12.0, 8.0, 16.0]  # mean 12, sd sqrt(10)
    found = ears(histories(past, 30), sure=PLAIN)
    assert found.expected[0] == pytest.approx(12)
    assert found.spread[0] == pytest.approx(1.0)  # 10 / 12 is less than chance gives
    relative = math.sqrt(1 / 12 * (1 + 1 / 5))
    t = 1.5 * ((30 / 12) ** (2 / 3) - 1) / relative
    assert found.p_rise[0] == pytest.approx(stats.t.sf(t, 4), rel=1e-6)


def test_farrington_by_hand_on_a_steady_history():
    past = [50.0, 54, 46, 52, 48, 50, 53, 47, 51, 49]
    found = farrington(histories(past, 90), sure=PLAIN)
    assert found.expected[0] == pytest.approx(50, abs=0.1)
    # Spread 1 (no less than chance), mean of 500 boxes: relative variance 1/50 + 1/500.
    t = 1.5 * ((90 / 50) ** (2 / 3) - 1) / math.sqrt(1 / 50 + 1 / 500)
    assert found.p_rise[0] == pytest.approx(stats.t.sf(t, 9), rel=0.05)
    assert not found.trend[0]


def test_shares_are_an_offset():
    past = [50.0, 25, 50, 25, 50, 50, 25, 50, 50, 50]
    seen = [1, 0.5, 1, 0.5, 1, 1, 0.5, 1, 1, 1.0]
    found = farrington(histories(past, 10, seen=seen, share=0.2), sure=PLAIN)
    assert found.expected[0] == pytest.approx(10, abs=0.05)
    assert found.spread[0] == pytest.approx(1.0)


def test_U7_a_past_outbreak_weighs_little():
    quiet = [50.0, 54, 46, 52, 48, 50, 53, 47, 51, 49, 50, 52, 48]
    once = farrington(histories([*quiet[:6], 400, *quiet[6:]], 60), sure=Sure())
    assert once.expected[0] < np.mean([*quiet, 400])
    assert once.expected[0] == pytest.approx(50, rel=0.2)
    assert once.above[0] < 250


def test_a_trend_is_followed_as_far_as_it_was_ever_seen():
    rising = [20.0 * 1.06**i for i in range(24)]
    found = farrington(histories(rising, 80), sure=Sure())
    assert found.trend[0]
    assert np.mean(rising) < found.expected[0] <= max(rising)
    few = farrington(histories(rising[:9], 40), sure=Sure())
    assert not few.trend[0]


def test_the_counts_own_error_makes_an_alarm_harder():
    past = [50.0, 54, 46, 52, 48, 50, 53, 47, 51, 49]
    sure, unsure = (farrington(histories(past, 120, own=own), sure=Sure()).p_rise[0] for own in (0.0, 25.0))
    assert sure < unsure


@pytest.mark.parametrize("error", [0.0, 0.1, 0.2, 0.3])
@pytest.mark.parametrize(("rule", "scenes"), [(farrington, 14), (ears, 7)])
def test_what_would_be_noticed_four_times_in_five_is_so_whatever_the_counts_own_error(rule, scenes: int, error: float):
    random, n, mean = np.random.default_rng(4), 2000, 60.0

    def counts(rates: np.ndarray) -> np.ndarray:
        return random.poisson(rates * np.exp(random.normal(0, error, rates.shape))).astype(float)

    def quiet(*shape: int) -> np.ndarray:
        return mean * np.exp(random.normal(-0.5 * np.log(1.1), np.sqrt(np.log(1.1)), shape))

    days = np.tile(7.0 * np.arange(scenes), (n, 1))
    past, one = counts(quiet(n, scenes)), np.ones(n)

    def judged(count: np.ndarray) -> Verdicts:
        own = error * count
        now = Histories(past, one[:, None] + 0 * days, days, days >= 0, count, one, one * 7.0 * scenes, own, own)
        return rule(now, sure=Sure())

    told = judged(one * mean)
    surged = judged(counts(quiet(n) * (1 + told.detectable / told.expected)))
    assert 0.75 <= (surged.p_rise <= Sure().alarm).mean() <= 0.95


def test_a_count_that_may_be_of_nothing_at_all_lets_no_rise_be_noticed():
    past = [50.0, 54, 46, 52, 48, 50, 53, 47, 51, 49]
    assert farrington(histories(past, 50, own=30.0), sure=Sure()).detectable[0] == np.inf


def test_U4_few_boxes_never_alarm():
    found = farrington(histories([0.0] * 12, 4), sure=Sure())
    assert found.p_rise[0] >= 0.5
    assert farrington(histories([0.0] * 12, 30), sure=Sure()).p_rise[0] < 0.001


counts = st.lists(st.integers(0, 500), min_size=5, max_size=20)


@settings(max_examples=60, deadline=None)
@given(counts, st.integers(0, 2000), st.integers(1, 500), st.floats(0, 0.3))
def test_p_is_monotone_in_the_observation(past: list[int], now: int, more: int, own: float):
    rule = farrington if len(past) >= 9 else ears
    low, high = (rule(histories([float(c) for c in past], n, own=own * n), sure=Sure()) for n in (now, now + more))
    assert high.p_rise[0] <= low.p_rise[0] + 1e-9
    assert low.p_fall[0] <= high.p_fall[0] + 1e-9
    assert low.above[0] == pytest.approx(high.above[0])


@settings(max_examples=40, deadline=None)
@given(counts, st.randoms(use_true_random=False))
def test_U5_order_within_a_short_baseline_does_not_matter(past: list[int], random: object):
    mixed = [float(c) for c in past]
    random.shuffle(mixed)
    one, two = (ears(histories(p, 100), sure=Sure()) for p in ([float(c) for c in past], mixed))
    assert one.p_rise[0] == pytest.approx(two.p_rise[0])
    assert one.expected[0] == pytest.approx(two.expected[0])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(20, 500), min_size=9, max_size=20), st.integers(0, 1000))
def test_rows_do_not_touch_each_other(past: list[int], now: int):
    alone = histories([float(c) for c in past], now)
    other = histories([float(3 * c + 1) for c in past], 5)
    both = Histories(*(np.concatenate([getattr(alone, name), getattr(other, name)]) for name in alone.__slots__))
    found, single = farrington(both, sure=Sure()), farrington(alone, sure=Sure())
    assert found.p_rise[0] == pytest.approx(single.p_rise[0])
    assert found.expected[0] == pytest.approx(single.expected[0])


def test_scenes_near_in_time_and_long_past_are_left_out():
    found = histories([1.0] * 14, 1)
    assert guarded(found, days=10, least=9).used.sum() == 13
    assert guarded(found, days=1000, least=9).used.sum() == 9
    assert guarded(histories([1.0] * 6, 1), days=10, least=9).used.sum() == 6
    assert within(found, days=30).used.sum() == 4


def test_a_steady_history_is_believed_the_more_the_longer_it_is():
    short, long = (
        spread_of(np.array([1.0]), level=np.array([60.0]), freedom=np.array([n]), sure=Sure()) for n in (13.0, 500.0)
    )
    assert long[0] < short[0] < 1 + 0.14 * 60


def test_q_values_by_hand():
    assert q_values(np.array([0.01, 0.04, 0.03, 0.5])) == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5])
    assert len(q_values(np.zeros(0))) == 0


def seen(count: float, low: float | None = None, high: float | None = None, share: float = 1.0) -> Observation:
    return Observation("s", dt.datetime(2024, 1, 1, tzinfo=dt.UTC), count, low, high, share)


def test_two_scenes_by_hand():
    change = change_between(seen(100, 90, 115), seen(200, 170, 240))
    scale = stats.norm.isf(0.025) / stats.norm.isf(0.05)
    assert change.change == 100
    assert change.low == pytest.approx(100 - scale * math.hypot(30, 15))
    assert change.high == pytest.approx(100 + scale * math.hypot(40, 10))
    assert change.direction == "rise"
    back = change_between(seen(200, 170, 240), seen(100, 90, 115))
    assert (back.low, back.high) == pytest.approx((-change.high, -change.low))
    assert back.p_value == pytest.approx(change.p_value)


def test_an_interval_with_one_end_is_not_known():
    whole, below, above = seen(100, 96, 104), seen(112, 110), seen(112, None, 114)
    assert change_between(whole, seen(112, 110, 114)).known
    assert not any(change_between(*both).known for one in (below, above) for both in ((whole, one), (one, whole)))


def test_U3_what_was_not_seen_makes_a_change_unsure():
    assert change_between(seen(100), seen(50, share=0.5)).change == 0
    half = change_between(seen(100), seen(40, share=0.5))
    assert half.direction == "none"
    assert (
        half.high - half.low
        > change_between(seen(100), seen(72, share=0.9)).high - change_between(seen(100), seen(72, share=0.9)).low
    )


@pytest.mark.parametrize("share", [0.5, 0.6, 0.75, 0.9])
@pytest.mark.parametrize("blocks", [1, 2, 3, 5, 20])
def test_few_blocks_of_which_clouds_hide_some_are_hardly_ever_surely_fewer(blocks: int, share: float):
    clear, seldom = seen(6 * blocks, 6 * blocks, 6 * blocks), 0.0
    for shown in range(blocks + 1):
        change = change_between(clear, seen(6 * shown, 6 * shown, 6 * shown, share=share))
        seldom += stats.binom.pmf(shown, blocks, share) * (change.direction != "none")
    assert seldom <= 0.11  # blocks are whole: no limits give 5 % of so few


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("WV02", "WorldView-2", True), ("WV-2", "WV03", False), ("SSC12", "SkySat-C3", True), ("PHR1A", "Pleiades 1B", True),
        ("PNEO3", "Pléiades Neo 4", True), ("PNEO3", "PHR1A", False), ("drone", "Drone ", True), ("", "drone", False),
    ],
)  # fmt: skip
def test_sister_satellites_are_one_class(one: str, two: str, same: bool):
    assert (sensor_class(one) == sensor_class(two)) == same


def test_unnamed_sensors_are_told_apart_by_their_pixels():
    assert sensor_class("", gsd_m=0.5) == sensor_class("", gsd_m=0.6) != sensor_class("", gsd_m=0.3)


def test_measured_rates_grow_with_the_level():
    for method, rates in MEASURED.items():
        assert list(rates) == sorted(rates)
        assert [false_alarms(method, level=level) for level in LEVELS] == pytest.approx(rates)
    assert false_alarms("two scenes", level=0.001) == 0
