import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from sattrack.changes import Total
from sattrack.detections import Detections
from sattrack.geometry import Quads, quads_from_xywhr
from sattrack.steps.estimating import Interval
from sattrack.steps.exchanging import States, candidates, states
from sattrack.steps.leaning import lean_between
from sattrack.steps.overlapping import ious
from sattrack.steps.registering import Look
from sattrack.steps.roofs import likeness
from sattrack.steps.tallying import ALIKE, change_of, totals_of

Generator = np.random.Generator


def block(rows: int = 6, bays: int = 8, *, heading: float = 0.4) -> Quads:
    """A block of 40-ft boxes in metres."""
    bay, row = (grid.ravel() for grid in np.meshgrid(np.arange(bays) * 12.7, np.arange(rows) * 2.75))
    cos, sin = np.cos(heading), np.sin(heading)
    x, y = cos * bay - sin * row, sin * bay + cos * row
    n = len(x)
    return quads_from_xywhr(np.stack([x, y, np.full(n, 12.192), np.full(n, 2.438), np.full(n, heading)], axis=1))


def detections(quads: Quads, score: float = 0.9) -> Detections:
    return Detections(quads, np.full(len(quads), score, np.float32), np.zeros(len(quads), np.int32))


def told(before: Quads, after: Quads, *, faint_after: Detections | None = None) -> States:
    pairs = candidates(before, after)
    return states(
        pairs, before=detections(before), after=detections(after), alike=np.ones(len(pairs)),
        faint_before=Detections.none(), faint_after=faint_after or Detections.none(),
    )  # fmt: skip


def test_known_exchanges_are_told_box_by_box() -> None:
    rng = np.random.default_rng(1)
    slots = block(8, 10)
    draw = rng.random(len(slots))
    first, second = np.flatnonzero(draw < 0.6), np.flatnonzero(draw > 0.4)
    before, after = slots[first], slots[second] + rng.normal(0, 0.15, (len(second), 1, 2))
    found = told(before, after)
    assert {(int(first[i]), int(second[j])) for i, j in found.pairs} == {(k, k) for k in np.intersect1d(first, second)}
    assert (found.before[found.pairs[:, 0]] > 0.6).all()


def test_the_order_of_rows_changes_nothing() -> None:
    rng = np.random.default_rng(2)
    before = block(6, 6)
    after = before[::2] + rng.normal(0, 0.4, (18, 1, 2))
    plain = told(before, after)
    p, q = rng.permutation(len(before)), rng.permutation(len(after))
    turned = told(before[p], after[q])
    assert {(int(p[i]), int(q[j])) for i, j in turned.pairs} == {(int(i), int(j)) for i, j in plain.pairs}
    assert turned.before[np.argsort(p)] == pytest.approx(plain.before)
    assert turned.after[np.argsort(q)] == pytest.approx(plain.after)


@pytest.mark.parametrize("seed", range(4))
def test_the_pairs_are_those_of_one_large_assignment(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before, after = block(5, 4) + rng.normal(0, 0.6, (20, 1, 2)), block(5, 4) + rng.normal(0, 0.6, (20, 1, 2))
    first, second = candidates(before, after).T
    i, j = (grid.ravel() for grid in np.meshgrid(np.arange(20), np.arange(20), indexing="ij"))
    worth = ious(np.concatenate([before, after]), i, 20 + j, least=0.35).reshape(20, 20)
    worth[worth < 0.35] = 0
    rows, cols = linear_sum_assignment(worth, maximize=True)
    assert worth[first, second].sum() == pytest.approx(worth[rows, cols].sum())
    assert len(set(first)) == len(set(second)) == len(first)


def test_two_short_boxes_in_the_place_of_a_long_one_are_another_cargo() -> None:
    long = block(1, 1, heading=0.0)
    short = quads_from_xywhr(np.array([[-3.06, 0, 6.06, 2.44, 0], [3.06, 0, 6.06, 2.44, 0]]))
    assert len(told(long, short).pairs) == 0


def test_a_box_that_is_nearly_seen_again_is_less_surely_gone() -> None:
    before = block(1, 2)
    sure = told(before, before[:1])
    doubted = told(before, before[:1], faint_after=detections(before[1:], 0.3))
    assert doubted.before[1] < sure.before[1] < 1
    assert doubted.before[0] == sure.before[0]


def test_nothing_on_either_side_is_no_match() -> None:
    none, some = np.zeros((0, 4, 2)), block(2, 2)
    for before, after in ((none, none), (none, some), (some, none)):
        assert len(told(before, after).pairs) == 0
        assert lean_between(before, after) is None


def test_tops_that_lean_are_seen_to_lean() -> None:
    rng = np.random.default_rng(3)
    before = block(7, 9)[rng.random(63) < 0.7]
    still = lean_between(before, before[::2] + rng.normal(0, 0.15, (len(before[::2]), 1, 2)))
    assert still is not None
    assert still.metres == 0
    leant = lean_between(before, before[::2] + np.array([2.6, -1.8]) + rng.normal(0, 0.15, (len(before[::2]), 1, 2)))
    assert leant is not None
    assert (leant.x_m, leant.y_m) == pytest.approx((2.6, -1.8), abs=0.35)


def test_another_boxs_paint_in_the_same_slot_tells_an_exchange() -> None:
    rng = np.random.default_rng(4)
    quads = block(5, 5) / 0.5 + 40
    paints = rng.integers(30, 220, (25, 3))
    other = rng.integers(30, 220, (25, 3))
    earlier, same, new = (painted(quads, p) for p in (paints, paints // 2 + 20, other // 2 + 20))
    pairs = np.stack([np.arange(25)] * 2, axis=1)
    assert np.median(likeness(earlier, same, pairs=pairs)) > 3
    assert np.median(likeness(earlier, new, pairs=pairs)) < 1
    few = np.zeros((1, 2), np.intp)
    assert likeness(painted(quads[:3], paints), painted(quads[:3], other), pairs=few).tolist() == [1.0]


def painted(quads: Quads, paints: np.ndarray) -> Look:
    import cv2

    pixels = np.full((220, 340, 3), 100, np.uint8)
    for quad, paint in zip(quads, paints, strict=False):
        cv2.fillConvexPoly(pixels, np.rint(quad).astype(np.int32), paint.tolist())
    return Look(pixels, np.ones(pixels.shape[:2], bool), quads, np.ones(len(quads), np.float32))


def test_a_yard_that_was_cleared_and_filled_again_is_told_from_one_that_stands() -> None:
    rng = np.random.default_rng(5)
    quads = block(8, 8)
    pairs = np.stack([np.arange(64)] * 2, axis=1)
    rank = rng.random(64)
    boxes, none = detections(quads), Detections.none()
    told_of = {
        name: states(pairs, before=boxes, after=boxes, alike=4 * (1 - ranks) ** 3, faint_before=none, faint_after=none)
        for name, ranks in (("filled again", rank), ("stands", rank**4))
    }
    assert len(told_of["filled again"].pairs) <= 6
    assert told_of["filled again"].stayed < 10
    assert len(told_of["stands"].pairs) >= 45
    # Colours that say nothing leave what is usual, and more doubt than either.
    blank = states(pairs, before=boxes, after=boxes, alike=np.ones(64), faint_before=none, faint_after=none)
    assert (len(blank.pairs), blank.stayed) == (64, pytest.approx(0.8 * 64))
    assert blank.variance > 3 * max(one.variance for one in told_of.values())


def test_a_box_in_the_place_of_a_faint_one_stays() -> None:
    before = block(2, 3)
    found = told(before, before[:5], faint_after=detections(before[5:], 0.1))
    assert found.still_before.tolist() == [False] * 5 + [True]
    kept, arrived, left = totals_of(found, (6, 5), (Interval(5, 7, ""), Interval(4, 6, "")))
    assert (kept.value, arrived.value, left.value) == (6, 0, 0)


def test_in_a_yard_of_one_paint_roofs_say_nothing() -> None:
    quads = block(5, 5) / 0.5 + 40
    one = painted(quads, np.full((25, 3), 200))
    assert likeness(one, one, pairs=np.stack([np.arange(25)] * 2, axis=1)) == pytest.approx(1.0)


def test_counts_that_err_alike_leave_a_narrower_change() -> None:
    ends = (Interval(40.0, 62.0, ""), Interval(38.0, 60.0, ""))
    alone, alike = change_of((50, 48), ends), change_of((50, 48), ends, alike=True)
    assert alone.value == alike.value == -2
    assert (alike.high - alike.low) / (alone.high - alone.low) == pytest.approx((1 - ALIKE) ** 0.5, rel=0.02)


def test_totals_hold_their_numbers_and_agree_with_the_change_in_stock() -> None:
    before, after = block(4, 5), block(4, 5)[5:] + 0.1
    counts = (len(before), len(after))
    ends = (Interval(17.0, 24.0, ""), Interval(12.0, 19.0, ""))
    kept, arrived, left = totals_of(told(before, after), counts, ends)
    assert (kept.value, arrived.value, left.value) == (15, 0, 5)
    change = change_of(counts, ends)
    assert arrived.value - left.value == change.value == -5
    for total in (kept, arrived, left, change):
        assert total.low is not None
        assert total.high is not None
        assert total.low <= total.value <= total.high
    assert change.high - change.low > 7  # wider than either count's own 90 % interval


@pytest.mark.parametrize(("earlier", "later"), [((0, 0, 10), (0, 0, 10)), ((10, 8, 13), (0, 0, 12)), ((0, 0, 12), (10, 8, 13))])
def test_what_a_count_of_nought_may_have_missed_widens_what_came_and_left(
    earlier: tuple[int, float, float], later: tuple[int, float, float]
) -> None:
    counts, ends = (earlier[0], later[0]), (Interval(*earlier[1:], ""), Interval(*later[1:], ""))
    kept, arrived, left = totals_of(told(block()[: counts[0]], block()[: counts[1]] + 900), counts, ends)
    assert (kept.value, arrived.value, left.value) == (0, later[0], earlier[0])
    change = change_of(counts, ends)
    # All of the change may have come, or left: neither end says less than the counts do.
    assert arrived.high >= change.high
    assert left.high >= -change.low
    assert arrived.low <= max(change.low, 0)
    assert left.low <= max(-change.high, 0)
    # What was missed may have stood there at the other date too.
    assert kept.high > min(one[2] for one in (earlier, later))


def test_without_measured_weights_the_change_has_no_interval() -> None:
    nothing = Interval(None, None, "none")
    assert change_of((5, 9), (nothing, nothing)) == Total(4)


def test_a_pair_that_looks_unlike_is_an_exchange_on_both_sides() -> None:
    quads = block(1, 1)
    found = states(
        np.array([[0, 0]]), before=detections(quads), after=detections(quads),
        alike=np.array([0.02]), faint_before=Detections.none(), faint_after=Detections.none(),
    )  # fmt: skip
    assert (len(found.pairs), found.doubtful) == (0, 1)
    assert found.before[0] > 0.5
    assert found.after[0] > 0.5
