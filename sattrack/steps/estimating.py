"""Estimating: a 90 % interval on a count, from what the benchmark measured of the weights."""

import math
from dataclasses import dataclass

from scipy.spatial import cKDTree

from sattrack.geometry import Points
from sattrack.results import ModelCard

LEVEL = 0.9
Z90 = 1.6448536269514722  # of the normal distribution, for that level, both tails
# How far round a box its neighbours are counted, metres: a few rows of a block.
NEAR_M = 15.0
NOT_MEASURED = "none: nothing was measured for these weights"


@dataclass(frozen=True, slots=True)
class Interval:
    """low <= count <= high, in boxes; method says where it comes from."""

    low: float | None
    high: float | None
    method: str


def crowding(middles_m: Points) -> float:
    """How densely the boxes stand: boxes a hectare within NEAR_M of a box, on average over boxes; 0 for none.

    middles_m: (n, 2) in metres. Unlike boxes over a site's area it does not change with how widely the outline is drawn, so
    that a site and its zones are judged by the same figures.
    """
    if not len(middles_m):
        return 0.0
    near = cKDTree(middles_m).query_ball_point(middles_m, NEAR_M, return_length=True)
    return float(near.mean() / (math.pi * NEAR_M**2 / 1e4))


def interval_for(count: int, *, card: ModelCard, gsd_m: float, density: float) -> Interval:
    """The interval for the number of visible boxes, given `count` found, at a pixel size (m) and density (see crowding).

    With precision P and recall R of the card's nearest band, the truth is about count P / R; its variance is that of the
    binomial losses plus (truth x spread) squared, spread being the band's standard deviation of log(found / true) between
    places; where no band holds the point, the widest of all bands' spreads. Always holds the count itself. Transferred from the
    benchmark: it assumes that this place is like those.
    """
    band, inside = _band(card, gsd_m=gsd_m, density=density)
    if band is None:
        return Interval(None, None, NOT_MEASURED)
    precision, recall = band["precision"], max(band["recall"], 0.05)
    spread = band["spread"] if inside else max(row["spread"] for row in card.measured)
    truth = count * precision / recall
    missed_of_none = 1 / recall - 1  # with nothing found, about this many may still stand unseen for each that could be found
    variance = (truth * spread) ** 2 + truth * ((1 - precision) + (1 - recall)) + missed_of_none
    half = Z90 * math.sqrt(variance)
    method = "transferred from the benchmark (model card)"
    if not inside:
        method += ", nearest band with the widest spread: no measurement at this pixel size or density"
    return Interval(max(0.0, min(truth - half, float(count))), max(truth + half, float(count)), method)


def _band(card: ModelCard, *, gsd_m: float, density: float) -> tuple[dict[str, float] | None, bool]:
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
