"""Crossing: when the boxes that left, or came, since a time passed an amount, as a bracket of times."""

from collections.abc import Sequence

from sattrack.flows import Crossing, Moved
from sattrack.steps.summing import moved
from sattrack.steps.two_scenes import Whole
from sattrack.timeline import Observation


def crossings(
    seen: Sequence[Observation], wholes: Sequence[Whole], *, amounts: Sequence[float], known: bool = True
) -> tuple[Crossing, ...]:  # fmt: skip
    """The amounts (boxes) that the sums of falls and of rises since the first scene passed, falls first, in order of amount.

    seen: assessable, in order of time, wholes: theirs. Each scene's totals are of the scenes up to it, as they were known on
    its day; what was once passed stays passed.
    """
    if len(seen) < 2 or not amounts:
        return ()
    sums = [moved(wholes[: k + 1], known=known) for k in range(1, len(seen))]
    found = []
    for direction, totals in (("fall", [out for out, _ in sums]), ("rise", [into for _, into in sums])):
        found += [_crossing(seen, totals, amount=amount, direction=direction) for amount in sorted(set(amounts))]
    return tuple(one for one in found if one is not None)


def _crossing(seen: Sequence[Observation], totals: Sequence[Moved], *, amount: float, direction: str) -> Crossing | None:
    """totals: one for each interval between scenes."""
    at = _first([one.value for one in totals], amount)
    if at is None:
        return None
    early = _first([one.value if one.high is None else one.high for one in totals], amount)
    late = _first([0.0 if one.low is None else one.low for one in totals], amount)
    return Crossing(
        amount=amount, direction=direction, since=seen[0].datetime,
        # The high end lies above the point at every scene, so that it has passed wherever the point has.
        earliest=seen[at if early is None else early].datetime,
        reached=(seen[at].datetime, seen[at + 1].datetime),
        latest=None if late is None else seen[late + 1].datetime, total=totals[at], scene_id=seen[at + 1].scene_id,
    )  # fmt: skip


def _first(values: Sequence[float], amount: float) -> int | None:
    return next((i for i, value in enumerate(values) if value >= amount), None)
