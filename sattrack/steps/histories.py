"""Histories: many scenes under test, each with the past scenes that it is held against, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sattrack.timeline import Series

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """n scenes under test, and up to b past scenes of each.

    counts, seen, days: (n, b) boxes, share of the site that was seen (above 0 where used), and days in any common scale.
    used: (n, b) true where the past scene stands in the baseline. count, share, day: (n,) of the scene under test. low, high:
    (n,) how far below and above its count the truth may lie, as standard deviations on the scale of boxes; 0 where unknown.
    """

    counts: Floats
    seen: Floats
    days: Floats
    used: Flags
    count: Floats
    share: Floats
    day: Floats
    low: Floats
    high: Floats

    def __len__(self) -> int:
        return len(self.count)

    def where(self, rows: NDArray[Any]) -> "Histories":
        """Some of the scenes under test."""
        return Histories(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """What a rule makes of n scenes, all (n,), boxes at each scene's own share.

    expected, and low, high: in which 19 of 20 quiet scenes lie. below, above: the counts beyond which the level alpha is
    reached. p_fall, p_rise: one-sided. detectable: boxes more, in the whole site, of which four in five would be noticed,
    infinite where the count's own interval is too wide for that. history: past scenes used. spread: variance over mean. trend:
    whether one moved the expected count.
    """

    expected: Floats
    low: Floats
    high: Floats
    below: Floats
    above: Floats
    p_fall: Floats
    p_rise: Floats
    detectable: Floats
    history: NDArray[np.int64]
    spread: Floats
    trend: Flags


def guarded(histories: Histories, *, days: float, least: int) -> Histories:
    """Leaves out the past scenes of the last days before each scene under test, so that what has begun is no baseline yet.

    Where fewer than `least` past scenes would remain, only as many of the newest are left out as keep that number.
    """
    near = histories.used & (histories.day[:, None] - histories.days < days)
    room = np.maximum(histories.used.sum(axis=1) - least, 0)
    # The newest first: how many used scenes are as new or newer.
    order = np.argsort(np.where(histories.used, -histories.days, np.inf), axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(order.shape[1])[None, :], axis=1)
    used = histories.used & ~(near & (rank < room[:, None]))
    return replace(histories, used=used)


def within(histories: Histories, *, days: float) -> Histories:
    """Leaves out past scenes older than so many days."""
    used = histories.used & (histories.day[:, None] - histories.days <= days)
    return replace(histories, used=used)


def histories_of(targets: Sequence[tuple[Series, int]]) -> Histories:
    """Scenes under test, each named by its series and its place among the series' assessable observations.

    The past is right-aligned: the newest past scene stands in the last column.
    """
    tracks = {id(series): _track(series) for series, _ in targets}
    width = max((place for _, place in targets), default=0)
    past = np.zeros((4, len(targets), width))
    past[1] = 1.0
    now = np.zeros((5, len(targets)))
    for row, (series, place) in enumerate(targets):
        track = tracks[id(series)]
        past[:3, row, width - place :] = track[:3, :place]
        past[3, row, width - place :] = 1.0
        now[:, row] = track[:, place]
    counts, seen, days, used = past
    return Histories(counts, seen, days, used > 0, now[0], now[1], now[2], now[3], now[4])


def _track(series: Series) -> Floats:
    """(5, n): count, share seen, days since 1970, and the standard deviations below and above, of the assessable scenes."""
    rows = [
        (
            float(one.count or 0), one.observed_fraction, one.datetime.timestamp() / 86_400.0,
            *_own(one.count or 0, one.low, one.high, level=one.level),
        )
        for one in series.assessable
    ]  # fmt: skip
    return np.array(rows, float).reshape(-1, 5).T


def _own(count: float, low: float | None, high: float | None, *, level: float) -> tuple[float, float]:
    z = NormalDist().inv_cdf(0.5 + level / 2)
    return (
        0.0 if low is None else max(count - low, 0.0) / z,
        0.0 if high is None else max(high - count, 0.0) / z,
    )
