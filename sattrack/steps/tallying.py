"""Tallying: how many boxes stayed, came and left, and how many more or fewer there are, with intervals."""

import datetime as dt
import math

import numpy as np
from numpy.typing import NDArray

from sattrack.changes import Total
from sattrack.detections import Detections
from sattrack.results import ModelCard
from sattrack.steps.estimating import FAINT_FROM, Interval, crowding, interval_for
from sattrack.steps.exchanging import States
from sattrack.steps.two_scenes import LEVEL, change_between
from sattrack.timeline import Observation

_Z = 1.959963984540054  # of the normal distribution, for LEVEL, both tails
_UNDATED = dt.datetime(1, 1, 1, tzinfo=dt.UTC)


def interval_of(sure: Detections, faint: Detections, *, card: ModelCard, gsd_m: float) -> Interval:
    """The 90 % interval of a count; boxes in metres. sure: those counted; faint: those below the threshold."""
    near = int((faint.scores >= FAINT_FROM).sum())
    return interval_for(len(sure), card=card, gsd_m=gsd_m, density=crowding(sure.centres()), faint=near)


def change_of(counts: tuple[int, int], intervals: tuple[Interval, Interval]) -> Total:
    """Later less earlier, with the interval at LEVEL from both counts' own: none where one has none.

    The two are taken as independent, though one detector at one place errs alike: the interval is wide rather than narrow.
    """
    first, second = (Observation("", _UNDATED, n, one.low, one.high) for n, one in zip(counts, intervals, strict=True))
    found = change_between(first, second)
    value = counts[1] - counts[0]
    return Total(value, found.low, found.high) if found.known else Total(value)


def totals_of(found: States, counts: tuple[int, int], intervals: tuple[Interval, Interval]) -> tuple[Total, Total, Total]:
    """Kept, arrived and left, with intervals at LEVEL.

    Each kept pair and each box that may have been there all the time is a coin of its own confidence. Left is the earlier count
    less what was kept, arrived the later one less that; their intervals join those of the count and of the kept (Zou & Donner
    2008). Boxes that came and went between the scenes are in none of them: arrived and left are lower bounds of what moved.
    """
    n, m = counts
    kept = len(found.pairs)
    stays_before, stays_after = np.zeros(n, bool), np.zeros(m, bool)
    stays_before[found.pairs[:, 0]], stays_after[found.pairs[:, 1]] = True, True
    # Both dates tell of the same hidden ones: those that seem gone and those that seem new are counted half each.
    gone, new = 1 - found.before[~stays_before], 1 - found.after[~stays_after]
    hidden = min(float(_doubt(gone).sum()), float(_doubt(new).sum()))
    spread = math.sqrt(float((found.sure * (1 - found.sure)).sum()) + hidden)
    low = max(min(float(found.sure.sum()) - _Z * spread, kept), 0.0)
    high = min(max(float(found.sure.sum()) + hidden + _Z * spread, kept), min(n, m))
    kept_total = Total(kept, low, high)
    return kept_total, _less(m, kept_total, intervals[1]), _less(n, kept_total, intervals[0])


def _doubt(unsure: NDArray[np.float64]) -> NDArray[np.float64]:
    """Only clear doubts count: a low score alone is no sign that a box stayed."""
    return np.where(unsure > 0.5, unsure, 0.0)


def _less(count: int, kept: Total, interval: Interval) -> Total:
    """A count less the kept ones."""
    assert kept.value is not None
    assert kept.low is not None
    assert kept.high is not None
    value = count - kept.value
    if interval.low is None or interval.high is None:
        return Total(value)
    wider = _Z / 1.6448536269514722
    down = math.hypot((count - interval.low) * wider, kept.high - kept.value)
    up = math.hypot((interval.high - count) * wider, kept.value - kept.low)
    return Total(value, max(value - down, 0.0), value + up)


__all__ = ["LEVEL", "change_of", "interval_of", "totals_of"]
