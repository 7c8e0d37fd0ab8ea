"""Sweeps: what each of many thresholds would count, right or wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sattrack.bench.scoring import Scored, counts_from

Values = NDArray[np.float64]
Whole = NDArray[np.int64]

# From the score floor of detection up, in hundredths: finer than any difference that labels can tell.
STEPS = tuple(round(0.01 * i, 2) for i in range(5, 96))


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """Boxes over some pictures at each of some thresholds (k,). apart: the pictures' count errors without sign, summed."""

    true: int
    thresholds: Values
    found: Whole
    hits: Whole
    apart: Whole

    @property
    def error_pct(self) -> Values:
        """Found against labelled, per cent; NaN where nothing was labelled."""
        return _over(100.0 * (self.found - self.true), np.full(len(self.found), self.true))

    @property
    def precision(self) -> Values:
        """NaN where nothing was found."""
        return _over(self.hits, self.found)

    @property
    def recall(self) -> Values:
        """NaN where nothing was labelled."""
        return _over(self.hits, np.full(len(self.found), self.true))

    @property
    def f1(self) -> Values:
        """2 hits / (found + labelled); NaN where there are neither."""
        return _over(2 * self.hits, self.found + self.true)


def sweep(scored: Sequence[Scored], *, thresholds: Sequence[float]) -> Sweep:
    """Counts of all the pictures together at each threshold."""
    true, found, hits = counts_from(scored, thresholds)
    apart = np.abs(found - true[:, None]).sum(axis=0)
    return Sweep(int(true.sum()), np.asarray(thresholds, float), found.sum(axis=0), hits.sum(axis=0), apart)


def _over(part: NDArray[np.generic], whole: NDArray[np.generic]) -> Values:
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.asarray(part, float) / np.asarray(whole, float)
    return np.where(np.isfinite(share), share, np.nan)
