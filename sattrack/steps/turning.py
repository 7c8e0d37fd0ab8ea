"""Turning: where a site's boxes turned from growing to shrinking and back, by more than the counts' errors explain."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from sattrack.steps.two_scenes import Change, Whole, between

# A turn is one where either swing has less than this chance of being noise.
CHANCE = 0.05
# Neighbours that differ by less than about one standard error show one level together.
_ALIKE = 0.32


@dataclass(frozen=True, slots=True)
class Level:
    """What neighbouring scenes show together. at: row of the outermost one; first, last: rows of those that share the level."""

    whole: Whole
    at: int
    first: int
    last: int


def careful_chance(scenes: int) -> float:
    """CHANCE shared among the intervals between so many scenes (Bonferroni): where many are looked at, some seem sure."""
    return CHANCE / max(scenes - 1, 1)


def turns(wholes: Sequence[Whole], *, chance: float = CHANCE) -> list[int]:
    """Rows of the first scene, the last, and of each turn between; wholes: in order of time.

    Highs and lows are taken away, the least sure swing first, until every swing left has at most so much chance of being noise
    (persistence of extremes, Edelsbrunner et al. 2002, in the counts' own errors). Either all swings are sure, or one is left.
    A first or last scene that is only too hazy to end a swing is taken away itself, and not the sure swing beside it; a turn
    that is too hazy gives way to a scene near it that turns as well, and surely.
    """
    rows = _extremes([one.boxes for one in wholes])
    noise = [between(wholes[a], wholes[b]).p_value for a, b in itertools.pairwise(rows)]
    while len(rows) > 2 and (worst := max(noise)) > chance:
        k = noise.index(worst)
        if (clearer := _clearer(wholes, rows, k, worst=worst, chance=chance)) is not None:
            at, row = clearer
            rows[at] = row
            near = itertools.pairwise(wholes[i] for i in rows[at - 1 : at + 2])
            noise[at - 1 : at + 1] = [between(*pair).p_value for pair in near]
            continue
        # The ends stay; inside, the high and the low that make the swing go together.
        begin, end = (1, 2) if k == 0 else (k, k + 1) if k == len(noise) - 1 else (k, k + 2)
        joined = between(wholes[rows[begin - 1]], wholes[rows[end]]).p_value
        edge, turn, beyond = (0, 1, 2) if k == 0 else (-1, -2, -3)
        at_end, lost = end == begin + 1, noise[turn] <= chance < joined
        if at_end and lost and _hazy(wholes[rows[edge]], (wholes[rows[turn]], wholes[rows[beyond]]), chance=chance):
            del rows[edge], noise[edge]
        else:
            del rows[begin:end]
            noise[begin - 1 : end] = [joined]
    return rows


def levels(wholes: Sequence[Whole], *, chance: float = CHANCE) -> list[Level]:
    """The level at each turn.

    The highest of several like counts is high by its error too, so that differences of extremes would be too large: scenes
    beside a turn that hardly differ from it are averaged with it, by their precision. Their errors are taken to be alike (one
    detector at one place), so that the average is no surer than they are.
    """
    rows = turns(wholes, chance=chance)
    found: list[Level] = []
    for k, at in enumerate(rows):
        first = last = at
        begin = found[-1].last + 1 if found else 0
        end = rows[k + 1] if k + 1 < len(rows) else len(wholes)
        while first > begin and _alike(wholes[first - 1], wholes[at]):
            first -= 1
        while last + 1 < end and _alike(wholes[last + 1], wholes[at]):
            last += 1
        found.append(Level(_together(wholes[first : last + 1]), at, first, last))
    return found


def swings(found: Sequence[Level]) -> list[Change]:
    """The changes from level to level."""
    return [between(one.whole, other.whole) for one, other in itertools.pairwise(found)]


def _extremes(boxes: Sequence[float]) -> list[int]:
    """Rows of the first, the last, and of every high and low between; of equal neighbours the first."""
    rows = [0]
    for i in range(1, len(boxes) - 1):
        after = next((one for one in boxes[i + 1 :] if one != boxes[i]), boxes[i])
        if (boxes[i] - boxes[rows[-1]]) * (after - boxes[i]) < 0:
            rows.append(i)
    return rows if len(boxes) == 1 else [*rows, len(boxes) - 1]


def _clearer(
    wholes: Sequence[Whole], rows: Sequence[int], k: int, *, worst: float, chance: float
) -> tuple[int, int] | None:  # fmt: skip
    """Which turn of the unsure swing k another scene tells better, as a place in rows, and that scene's row; none where none.

    Such a scene has smaller errors, and lies between the turns before and after, on the same side of both; its swing on the
    other side is sure, and that across k surer than it was. Where all err alike there is none: the turn itself is farthest.
    """
    for at, step in ((k, 1), (k + 1, -1)):
        if not 0 < at < len(rows) - 1:
            continue
        turn, across, beside = (wholes[rows[i]] for i in (at, at + step, at - step))
        found = []
        for row in range(rows[at - 1] + 1, rows[at + 1]):
            one = wholes[row]
            alike = all((one.boxes - other.boxes) * (turn.boxes - other.boxes) > 0 for other in (across, beside))
            if alike and _width(one) < _width(turn) and between(beside, one).p_value <= chance:
                found.append((between(one, across).p_value, row))
        if found and min(found)[0] < worst:
            return at, min(found)[1]
    return None


def _hazy(end: Whole, before: tuple[Whole, Whole], *, chance: float) -> bool:
    """Whether an end's own errors alone keep the swings to it from being sure: as sure as the turn before it, one would be.

    Else the sure swing may be the luckiest of many, as at a site where nothing moves, and goes.
    """
    clear = Whole(end.boxes, before[0].below, before[0].above)
    return min(between(one, clear).p_value for one in before) <= chance


def _width(one: Whole) -> float:
    return one.below + one.above


def _alike(one: Whole, other: Whole) -> bool:
    return between(one, other).p_value > _ALIKE


def _together(wholes: Sequence[Whole]) -> Whole:
    if len(wholes) == 1:
        return wholes[0]
    halves = [(one.below + one.above) / 2 for one in wholes]
    least = min(halves)
    weights = [(least / half) ** 2 for half in halves] if least > 0 else [1.0] * len(wholes)
    total = sum(weights)

    def mean(values: Sequence[float]) -> float:
        return sum(w * value for w, value in zip(weights, values, strict=True)) / total

    return Whole(mean([w.boxes for w in wholes]), mean([w.below for w in wholes]), mean([w.above for w in wholes]))
