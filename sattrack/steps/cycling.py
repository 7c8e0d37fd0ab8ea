"""Cycling: fillings and emptyings of a site, by rises and falls that are sure even where many scenes are looked at."""

from collections.abc import Sequence
from dataclasses import replace

from sattrack.flows import Cycle, Stand
from sattrack.steps.summing import FALLS, RISES, part
from sattrack.steps.turning import Level, careful_chance, levels, swings
from sattrack.steps.two_scenes import Change, Whole, between
from sattrack.timeline import Observation


def cycles(seen: Sequence[Observation], wholes: Sequence[Whole]) -> tuple[Cycle, ...]:
    """Each high of a site with the low before and after it; seen: assessable and bounded, in order of time, wholes: theirs.

    A low is what stood there between two highs: it need not be empty. The first and the last may be cut by the period.
    """
    if len(wholes) < 2:
        return ()
    chance = careful_chance(len(wholes))
    found = levels(wholes, chance=chance)
    changes = swings(found)
    # Of several all turn surely, though the levels that scenes show together may lie a little nearer to each other.
    if len(changes) == 1 and changes[0].p_value > chance:
        return ()
    told = []
    for k, level in enumerate(found):
        before = _widened(changes[k - 1], found[k - 1 : k + 1], wholes) if k else None
        after = _widened(changes[k], found[k : k + 2], wholes) if k < len(changes) else None
        if (before or after) is None or (before and before.change < 0) or (after and after.change > 0):
            continue
        told.append(
            Cycle(
                began=_stand(found[k - 1], seen, row=found[k - 1].last) if before else None,
                peak=_stand(level, seen, row=level.at),
                emptied=_stand(found[k + 1], seen, row=found[k + 1].first) if after else None,
                filled=part(before, way=RISES) if before else None,
                left=part(after, way=FALLS) if after else None,
            )
        )
    return tuple(told)


def _widened(change: Change, ends: Sequence[Level], wholes: Sequence[Whole]) -> Change:
    """The change between two levels, with ends that hold those of the change between their outermost scenes too."""
    outer = between(wholes[ends[0].at], wholes[ends[1].at])
    return replace(change, low=min(change.low, outer.low), high=max(change.high, outer.high))


def _stand(level: Level, seen: Sequence[Observation], *, row: int) -> Stand:
    """The level, at one of its scenes."""
    return stand(seen[row], level.whole)


def stand(one: Observation, whole: Whole) -> Stand:
    """A scene as flows tell it."""
    low, high = (max(whole.boxes - whole.below, 0.0), whole.boxes + whole.above) if one.bounded else (None, None)
    return Stand(one.scene_id, one.datetime, whole.boxes, low, high, one.observed_fraction)
