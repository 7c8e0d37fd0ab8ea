"""Calibration: whether a score says how likely a box is true."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sattrack.bench.scoring import Scored

BINS = 10


@dataclass(frozen=True, slots=True)
class ScoreBin:
    """Boxes with a score in [low, high). score: their mean score; true: share of them that claim a labelled box at IoU 0.3."""

    low: float
    high: float
    boxes: int
    score: float
    true: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The bins that hold boxes, and how far on average their scores are from the share that is true; NaN for no box.

    The expected calibration error of Guo et al. 2017 (On Calibration of Modern Neural Networks), in ten equal bins. Boxes below
    the score floor of the run were never stored, and do not enter.
    """

    bins: tuple[ScoreBin, ...]
    error: float


def calibration(scored: Sequence[Scored]) -> Calibration:
    """Of all scored boxes of the pictures, from any score on."""
    if not scored:
        return Calibration((), math.nan)
    scores = np.concatenate([s.scores for s in scored]).astype(np.float64)
    hits = np.concatenate([s.hits[0] for s in scored])
    # To six places, so that a single-precision 0.3 stands on the edge that it means; the last bin holds 1 itself.
    at = np.clip(np.floor(np.round(scores * BINS, 6)).astype(int), 0, BINS - 1)
    bins = tuple(
        ScoreBin(i / BINS, (i + 1) / BINS, int(own.sum()), float(scores[own].mean()), float(hits[own].mean()))
        for i in range(BINS)
        if (own := at == i).any()
    )
    n = sum(one.boxes for one in bins)
    return Calibration(bins, sum(one.boxes * abs(one.score - one.true) for one in bins) / n if n else math.nan)
