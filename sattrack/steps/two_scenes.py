"""Two scenes: whether two counts of one site differ by more than their own errors, and by how much; no history is asked."""

import math
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

from sattrack.timeline import Observation

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Change:
    """Boxes in the whole site, later minus earlier, with the interval in which the true change lies at LEVEL; two-sided p.

    known: whether both counts came with intervals of their own; without, only what was not seen makes the change unsure.
    """

    change: float
    low: float
    high: float
    p_value: float
    known: bool

    @property
    def direction(self) -> str:
        if self.low > 0:
            return "rise"
        return "fall" if self.high < 0 else "none"


@dataclass(frozen=True, slots=True)
class Whole:
    """Boxes of the whole site in one scene, and how far below and above them its limits at LEVEL lie."""

    boxes: float
    below: float
    above: float


def change_between(earlier: Observation, later: Observation, *, alike: float = 0.0) -> Change:
    """The change in boxes between two assessable scenes of one site: see whole_site and between.

    The truth of both dates is that of the detector's kind of box.
    """
    return between(whole_site(earlier), whole_site(later), known=earlier.bounded and later.bounded, alike=alike)


def between(earlier: Whole, later: Whole, *, known: bool = True, alike: float = 0.0) -> Change:
    """The change between two whole sites, joined by the method of variance estimates recovery (Zou & Donner 2008), which keeps
    the intervals' own shape. alike: how the two counts' errors correlate, as far as that is known (Zou 2007); below 1.
    """
    change = later.boxes - earlier.boxes
    down, up = _joined(later.below, earlier.above, alike=alike), _joined(later.above, earlier.below, alike=alike)
    toward = down if change > 0 else up
    p = math.erfc(abs(change) / toward * _z(LEVEL) / math.sqrt(2)) if toward > 0 else (0.0 if change else 1.0)
    return Change(change, change - down, change + up, min(p, 1.0), known)


def _joined(one: float, other: float, *, alike: float) -> float:
    return math.sqrt(one**2 + other**2 - 2 * alike * one * other)


# How many boxes are hidden or seen together, on average: a short row of a block.
BLOCK = 6.0


def whole_site(one: Observation) -> Whole:
    """An assessable scene's count scaled to the whole site.

    Its distances to its limits are those of its own interval, joined with what chance did to the part not seen: of N boxes a
    share f is seen, with variance N f (1 - f). Boxes stand in blocks, which are seen or not as one: BLOCK times that variance.
    The upper limit is the N from which the count lies just so far below (Wilson 1927): where none is seen a few blocks may be.
    """
    assert one.count is not None, "only assessable scenes are compared"
    share, z = one.observed_fraction, _z(LEVEL)
    wider = z / _z(one.level)
    below = max(one.count - one.low, 0.0) * wider if one.low is not None else 0.0
    above = max(one.high - one.count, 0.0) * wider if one.high is not None else 0.0
    block = z**2 * (1 - share) * BLOCK
    fewer, more = math.sqrt(block * one.count), math.sqrt(block * one.count + block**2 / 4) + block / 2
    return Whole(one.count / share, math.hypot(below, min(fewer, one.count)) / share, math.hypot(above, more) / share)


@cache
def _z(level: float) -> float:
    """How many standard deviations either side hold so much of a normal distribution."""
    return NormalDist().inv_cdf((1 + level) / 2)
