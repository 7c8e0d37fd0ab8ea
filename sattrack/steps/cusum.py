"""CUSUM: a second opinion on slow changes, by the likelihood ratio of a lasting change that began at any recent scene.

The generalised likelihood ratio of Höhle & Paul (2008) for counts, over the beginnings in a short window.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sattrack.steps.farrington import LEAST_SCENES, settled
from sattrack.steps.histories import Flags, Floats, Histories
from sattrack.steps.predicting import Sure, upper
from sattrack.steps.students_t import tail

# How many of the newest scenes, that under test among them, a change may have begun in.
WINDOW = 6


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """(n,) of each scene under test. heard: whether its history is long enough. scenes: since the likeliest beginning.

    began: days, of that scene. factor: by which counts changed since. p: one-sided, times the beginnings tried. least: lasting
    rise, boxes in the whole site, that would signal within WINDOW scenes half of the time.
    """

    heard: Flags
    statistic: Floats
    p: Floats
    rises: Flags
    began: Floats
    scenes: NDArray[np.int64]
    factor: Floats
    least: Floats


def cusum(histories: Histories, *, sure: Sure) -> Sums:
    """Sums since each beginning against what the scenes before the window make one expect.

    Past scenes are right-aligned (see histories_of). Both the spread of the counts and the baseline's own error are in the
    scale, so that the root of twice the ratio is judged by t.
    """
    recent = WINDOW - 1
    old = histories.used.copy()
    old[:, max(old.shape[1] - recent, 0) :] = False
    heard = old.sum(axis=1) >= LEAST_SCENES
    heard &= histories.used[:, -recent:].all(axis=1) if old.shape[1] >= recent else False
    n = len(histories)
    empty = Sums(heard, *(np.zeros(n),) * 2, np.zeros(n, bool), np.zeros(n), np.zeros(n, np.int64), np.ones(n), np.zeros(n))
    if not heard.any():
        return empty
    before = Histories(
        histories.counts, histories.seen, histories.days, old | ~heard[:, None] & histories.used, histories.count,
        np.ones(n), histories.day, histories.low, histories.high,
    )  # fmt: skip
    base = settled(before, sure=sure)
    counts = np.column_stack([histories.counts[:, -recent:], histories.count])[:, ::-1]
    shares = np.column_stack([histories.seen[:, -recent:], histories.share])[:, ::-1]
    days = np.column_stack([histories.days[:, -recent:], histories.day])[:, ::-1]
    sums, means = np.cumsum(counts, axis=1), np.cumsum(shares, axis=1) * base.expected[:, None]
    ratio = np.where(sums > 0, sums * np.log(np.maximum(sums, 1e-9) / means), 0.0) - (sums - means)
    scale = base.spread[:, None] + means * base.variance[:, None]
    root = np.sqrt(2 * np.maximum(ratio, 0.0) / scale)
    best = np.argmax(root, axis=1)
    at = (np.arange(n), best)
    freedom = old.sum(axis=1) - 1 + sure.usual_weight
    p = np.minimum(WINDOW * tail(root[at], freedom), 1.0)
    whole = means[:, -1]
    relative = np.sqrt(base.spread / whole + base.variance)
    limit = upper(sure.alarm / WINDOW, expected=whole, relative=relative, freedom=freedom)
    least = (limit - whole) / shares.sum(axis=1)
    return Sums(heard, root[at] ** 2, p, sums[at] > means[at], days[at], best + 1, sums[at] / means[at], least)
