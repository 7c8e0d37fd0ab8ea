"""Figures: what scored pictures say together of counts and of boxes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sattrack.bench.scoring import IOUS, STRICT_IOUS, Scored, Tally, average_precision, counts_from

THRESHOLDS = tuple(round(0.05 * i, 2) for i in range(1, 20))
# From how many labelled boxes on a picture's count is held to 15 %.
LARGE_PICTURE = 50


@dataclass(frozen=True, slots=True)
class Swept:
    """What would be counted from another threshold on. mae_pct: as in Figures."""

    threshold: float
    at: Tally
    mae_pct: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of one set, of one stratum, or of several together.

    gsd_m: least and greatest pixel size, metres. threshold: the one in use, and at: the boxes from it on. mae: mean absolute
    count error of a picture, boxes; mae_pct: the same as per cent of all labelled boxes, NaN where there is none. within_10:
    share of pictures whose count is within 10 % of the labelled. large: pictures of 50 or more labelled boxes; within_15: share
    of these whose count is within 15 %, none where there is no such picture. ap: average precision at each of IOUS. swept: one
    for each of THRESHOLDS.
    """

    name: str
    pictures: int
    gsd_m: tuple[float, float]
    threshold: float
    at: Tally
    mae: float
    mae_pct: float
    within_10: float
    large: int
    within_15: float | None
    ap: tuple[float, ...]
    swept: tuple[Swept, ...]

    @property
    def ap30(self) -> float:
        """Oriented average precision from an overlap of 0.3."""
        return self.ap[0]

    @property
    def ap50(self) -> float:
        """Oriented average precision from an overlap of 0.5."""
        return self.ap[1]

    @property
    def ap50_95(self) -> float:
        """Oriented average precision, the mean over overlaps of 0.50, 0.55, ..., 0.95."""
        return sum(self.ap[-len(STRICT_IOUS) :]) / len(STRICT_IOUS)

    @property
    def error_pct(self) -> dict[float, float]:
        """Count error (bias) at each of THRESHOLDS, per cent."""
        return {one.threshold: one.at.error_pct for one in self.swept}

    @property
    def right_threshold(self) -> float:
        """Of THRESHOLDS the one whose count is nearest the labelled, and of equals the one nearest that in use.

        It is read off the answers, so it may be shown but never be used: what counts right here need not elsewhere.
        """
        return min(
            self.swept, key=lambda one: (abs(one.at.found - one.at.true), abs(one.threshold - self.threshold), one.threshold)
        ).threshold


def figures_of(scored: Sequence[Scored], *, name: str, gsd_m: Sequence[float], threshold: float) -> Figures:
    """The figures of any pictures, pooled. gsd_m: the pixel size of each; there must be one at least."""
    true, found, hits = counts_from(scored, (threshold, *THRESHOLDS))
    n_true = int(true.sum())
    tallies = [Tally(n_true, int(f), int(h)) for f, h in zip(found.sum(axis=0), hits.sum(axis=0), strict=True)]
    apart = np.abs(found - true[:, None])
    mae_pct = [100 * float(a) / n_true if n_true else math.nan for a in apart.sum(axis=0)]
    large = true >= LARGE_PICTURE
    return Figures(
        name=name,
        pictures=len(scored),
        gsd_m=(min(gsd_m), max(gsd_m)),
        threshold=threshold,
        at=tallies[0],
        mae=float(apart[:, 0].mean()),
        mae_pct=mae_pct[0],
        # In whole numbers: a tenth of 50 boxes off is within 10 %, whatever 0.1 is in binary.
        within_10=float((100 * apart[:, 0] <= 10 * true).mean()),
        large=int(large.sum()),
        within_15=float((100 * apart[large, 0] <= 15 * true[large]).mean()) if large.any() else None,
        ap=tuple(average_precision(scored, iou=iou) for iou in IOUS),
        swept=tuple(Swept(t, at, mae) for t, at, mae in zip(THRESHOLDS, tallies[1:], mae_pct[1:], strict=True)),
    )
