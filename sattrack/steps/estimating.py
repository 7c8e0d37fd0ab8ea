"""Estimating: a 90 % interval on a count, from what the benchmark measured of the weights."""

import math
from dataclasses import dataclass

import numpy as np

from sattrack.geometry import Points
from sattrack.results import ModelCard
from sattrack.steps.pairing import Reaches, lots, within

LEVEL = 0.9
Z90 = 1.6448536269514722  # of the normal distribution, for that level, both tails
# How far round a box its neighbours are counted, metres: a few rows of a block.
NEAR_M = 15.0
# Boxes from this score up to the threshold are nearly counted. From 0.05, 0.1, 0.15 and 0.2, this told best how far counts of
# pictures were off, of real ones and of rendered ones alike.
FAINT_FROM = 0.15
# How much wider an interval is where no band was measured.
UNMEASURED = 1.5
NOT_MEASURED = "none: nothing was measured for these weights"
NO_SURE_BOX = "no box here is as sure as one nearly always is where containers stand: all may be look-alikes"


@dataclass(frozen=True, slots=True)
class Interval:
    """low <= count <= high, in boxes; method says where it comes from. doubted: there may be none at all, see interval_for.

    cars: of the boxes counted, those that measure like cars; low may do without them.
    """

    low: float | None
    high: float | None
    method: str
    doubted: bool = False
    cars: int = 0


def crowding(middles_m: Points) -> float:
    """How densely the boxes stand: boxes a hectare within NEAR_M of a box, on average over boxes; 0 for none.

    middles_m: (n, 2) in metres. Unlike boxes over a site's area it does not change with how widely the outline is drawn, so
    that a site and its zones are judged by the same figures.
    """
    if not len(middles_m):
        return 0.0
    return _near(middles_m) / len(middles_m) / (math.pi * NEAR_M**2 / 1e4)


def _near(middles_m: Points) -> int:
    """Ordered pairs of points, each with itself too, no further apart than NEAR_M."""
    n = len(middles_m)
    x, y = np.ascontiguousarray(middles_m.T)
    # The grid of merging instead of a tree: importing one takes longer than all that is counted in most scenes.
    half = np.full(n, NEAR_M / 2)
    spans = within(Reaches(x, y, half, half), np.arange(n))
    pairs = sum(int(((x[a] - x[b]) ** 2 + (y[a] - y[b]) ** 2 <= NEAR_M**2).sum()) for a, b in lots(spans))
    return n + 2 * pairs


def interval_for(count: int, *, card: ModelCard, gsd_m: float, density: float, faint: int = 0, surest: float = 1.0) -> Interval:
    """The interval for the number of visible boxes, given `count` found, at a pixel size (m) and density (see crowding).

    faint: boxes in the same place scored from FAINT_FROM up that were not counted: where many were nearly counted, counts were
    off most. The truth is about count x ratio, a band's labelled boxes over those found, drawn towards one where few places are
    behind it (precision over recall where a card states none). Its variance is that of the binomial losses, plus (truth x
    spread) squared, plus (faint x the band's weight of faint boxes) squared; these were set so that intervals held 90 % of the
    pictures of places left out. Where no band holds the point, the nearest is taken, and both are UNMEASURED times as wide.
    Always holds the count itself. Transferred from the benchmark: it assumes that this place is like those.

    surest: the highest score of those counted. Where containers stand it nearly always reaches the band's `sure`, where only
    look-alikes do seldom; below it the interval begins at none.
    """
    band, inside = nearest_band(card, gsd_m=gsd_m, density=density)
    if band is None:
        return Interval(None, None, NOT_MEASURED)
    truth = likely(count, band=band)
    spread = band["spread"] if inside else UNMEASURED * max(row["spread"] for row in card.measured)
    weight = band.get("faint", 0.0) * (1.0 if inside else UNMEASURED)
    half = Z90 * math.sqrt((truth * spread) ** 2 + (faint * weight) ** 2 + chance(truth, band=band))
    method = "transferred from the benchmark (model card)"
    if not inside:
        method += ", nearest band and wider: no measurement at this pixel size or density"
    # In single precision, as scores are compared with a threshold.
    doubted = count > 0 and bool(np.float32(surest) < np.float32(band.get("sure", 0.0)))
    if doubted:
        method += ", from none on: no box is sure"
    low = 0.0 if doubted else max(0.0, min(truth - half, float(count)))
    return Interval(low, max(truth + half, float(count)), method, doubted)


def likely(count: int, *, band: dict[str, float]) -> float:
    """The number of boxes that a count stands for."""
    return count * band.get("ratio", band["precision"] / max(band["recall"], 0.05))


def chance(truth: float, *, band: dict[str, float]) -> float:
    """Variance that false and missed boxes give by chance alone.

    With nothing found about 1 / R - 1 may still stand unseen for each that could be found.
    """
    precision, recall = band["precision"], max(band["recall"], 0.05)
    return truth * ((1 - precision) + (1 - recall)) + 1 / recall - 1


def nearest_band(card: ModelCard, *, gsd_m: float, density: float) -> tuple[dict[str, float] | None, bool]:
    """The measured row that holds the point, else the nearest, and whether it holds it."""
    if not card.measured:
        return None, False

    def distance(row: dict[str, float]) -> float:
        return (
            _outside(gsd_m, row["gsd_low"], row["gsd_high"]) / 0.1
            + _outside(density, row["density_low"], row["density_high"]) / 100
        )

    nearest = min(card.measured, key=distance)
    return nearest, distance(nearest) == 0


def _outside(value: float, low: float, high: float) -> float:
    return max(low - value, value - high, 0.0)
