"""Summing: how many boxes left and came over several scenes of a site, at the least, without the counts' own errors."""

import itertools
from collections.abc import Sequence

from sattrack.flows import Moved
from sattrack.steps.turning import careful_chance, levels, swings
from sattrack.steps.two_scenes import Change, Whole, between

FALLS, RISES = -1, 1


def moved(wholes: Sequence[Whole], *, known: bool = True) -> tuple[Moved, Moved]:
    """The sums of falls and of rises between scenes (wholes, in order of time): boxes that left, and that came, at the least.

    What is meant: the sum of the true falls (rises) of what stood at those scenes. Summing every fall of the counts would sum
    their errors too: a still site would seem to ship for ever. So
    the point sums swings between turns that are surer than CHANCE;
    the low end sums the low ends of swings that are sure even where so many scenes are looked at (careful_chance);
    the high end adds to all falls as counted, small ones too, the errors of the sure swings, and the most that one unsure
    interval may hide.
    Errors are added, not averaged: one detector at one place errs alike at all scenes. known: whether every count has an
    interval; without, there are no ends. Falls less rises are the change from the first level to the last.
    """
    if len(wholes) < 2:
        return Moved(0.0), Moved(0.0)
    likely = swings(levels(wholes))
    chance = careful_chance(len(wholes))
    careful = [one for one in swings(levels(wholes, chance=chance)) if one.p_value <= chance]
    single = [between(one, other) for one, other in itertools.pairwise(wholes)]
    return _one_way(FALLS, likely, careful, single, known=known), _one_way(RISES, likely, careful, single, known=known)


def part(change: Change, *, way: int) -> Moved:
    """Of a change what fell (FALLS) or rose (RISES), from nought on."""
    value, low, high = (change.change, change.low, change.high) if way == RISES else (-change.change, -change.high, -change.low)
    return Moved(max(value, 0.0), max(low, 0.0), max(high, 0.0)) if change.known else Moved(max(value, 0.0))


def _one_way(
    way: int, likely: Sequence[Change], careful: Sequence[Change], single: Sequence[Change], *, known: bool
) -> Moved:  # fmt: skip
    sure = [part(one, way=way) for one in likely]
    value = sum(one.value for one in sure)
    if not known:
        return Moved(value)
    low = sum(part(one, way=way).low or 0.0 for one in careful)
    steps = [part(one, way=way) for one in single]
    above = sum(_above(one) for one in sure if one.low)
    hidden = max((_above(one) for one in steps if not one.low), default=0.0)
    return Moved(value, min(low, value), max(sum(one.value for one in steps), value) + above + hidden)


def _above(one: Moved) -> float:
    """How far the high end lies above the point."""
    return (one.high or 0.0) - one.value
