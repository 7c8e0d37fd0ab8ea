"""Tallying: how many boxes stayed, came and left, and how many more or fewer there are, with intervals."""

import datetime as dt
import math
from dataclasses import dataclass

from sattrack.changes import Total
from sattrack.steps.estimating import Z90, Interval
from sattrack.steps.exchanging import States
from sattrack.steps.two_scenes import LEVEL, change_between
from sattrack.timeline import Observation

_Z = 1.959963984540054  # of the normal distribution, for LEVEL, both tails
# Of the boxes that stayed, by how much the share found again is off, one standard deviation; and the share of boxes that chance
# makes false or lets miss: as wide as held 95 % of 300 pairs of drawn scenes (seeds 9,450,000 on). docs/flow.md judges others.
REFOUND, _BY_CHANCE = 0.25, 0.1
# How the errors of two counts of one place by the same weights correlate, against the deviations that their intervals take for
# them: 0.71 on those pairs, 0.65 to 0.77 whatever share left, pixel size, haze or lean; 0.61 on the others. Less of it is used
# than was found, since two dates of a real place differ in more than drawn ones do.
ALIKE = 0.5
_UNDATED = dt.datetime(1, 1, 1, tzinfo=dt.UTC)


def change_of(counts: tuple[int, int], intervals: tuple[Interval, Interval], *, alike: bool = False) -> Total:
    """Later less earlier, with the interval at LEVEL from both counts' own: none where one has none.

    alike: the same weights read both scenes at about one pixel size. They err alike at one place, and what both counts share
    drops out of the change: see ALIKE. Else the two are taken as independent.
    """
    first, second = (Observation("", _UNDATED, n, one.low, one.high) for n, one in zip(counts, intervals, strict=True))
    found = change_between(first, second, alike=ALIKE if alike else 0.0)
    value = counts[1] - counts[0]
    return Total(value, found.low, found.high) if found.known else Total(value)


def totals_of(found: States, counts: tuple[int, int], intervals: tuple[Interval, Interval]) -> tuple[Total, Total, Total]:
    """Kept, arrived and left, with intervals at LEVEL, of the boxes in view.

    Left are the earlier boxes less those that stayed, arrived the later ones less these. What each count's own interval says of
    all its boxes is said of the share it concerns: of those that left, how many were counted rightly; of those that stayed, how
    many were counted again at the other date. Boxes that one date hides, or a little lean of tall stacks moved, are not found
    again either: REFOUND. Boxes that came and went between the scenes are in none: arrived and left are lower bounds.
    """
    kept, still = len(found.pairs), (int(found.still_before.sum()), int(found.still_after.sum()))
    sides = _Side(counts[0], intervals[0]), _Side(counts[1], intervals[1])
    stayed = [found.stayed + faint for faint in found.faint]
    variances = [found.variance + own + (REFOUND * n) ** 2 for n, own in zip(stayed, found.faint_variance, strict=True)]
    left = _moved(sides[0], sides[1], stayed[0], variances[0], told=counts[0] - kept - still[0])
    arrived = _moved(sides[1], sides[0], stayed[1], variances[1], told=counts[1] - kept - still[1])
    return _kept(found, sides, told=kept + sum(still)), arrived, left


def _kept(found: States, sides: tuple["_Side", "_Side"], *, told: int) -> Total:
    """Boxes that stood in view at both dates."""
    n = found.stayed + sum(found.faint)
    variance = found.variance + sum(found.faint_variance) + (REFOUND * n) ** 2 + _BY_CHANCE * max(s.count for s in sides) + 1
    if any(side.interval.low is None for side in sides):
        return Total(told)
    down, up = (math.sqrt(sum(s.spread(n, above=above) ** 2 for s in sides) + variance) for above in (False, True))
    return Total(told, max(min(n - _Z * down, told), 0.0), max(n + _Z * up, told))


@dataclass(frozen=True, slots=True)
class _Side:
    """A scene's count with its interval."""

    count: int
    interval: Interval

    def spread(self, part: float, *, above: bool) -> float:
        """How far, as a standard deviation, the truth of a part of the boxes may lie above or below what was counted of it.

        Where none was counted, all that may be there all the same is of any part.
        """
        low, high = self.interval.low, self.interval.high
        assert low is not None
        assert high is not None
        share = min(max(part / self.count, 0.0), 1.0) if self.count else 1.0
        return (high - self.count if above else self.count - low) / Z90 * share


def _moved(own: _Side, other: _Side, stayed: float, variance: float, *, told: int) -> Total:
    """The boxes of one scene less those that stayed."""
    if own.interval.low is None or other.interval.low is None:
        return Total(told)
    moved = max(own.count - stayed, 0.0)
    # Chance: each false or missed box by itself, and one at the least.
    variance += _BY_CHANCE * own.count + 1
    # More were there to be found again than were counted at the other date: then fewer left.
    down = math.sqrt(own.spread(moved, above=False) ** 2 + other.spread(stayed, above=True) ** 2 + variance)
    up = math.sqrt(own.spread(moved, above=True) ** 2 + other.spread(stayed, above=False) ** 2 + variance)
    return Total(told, max(min(moved - _Z * down, told), 0.0), max(moved + _Z * up, told))


__all__ = ["LEVEL", "change_of", "totals_of"]
