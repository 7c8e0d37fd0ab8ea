"""Bands: precision, recall and spread by pixel size and density, for the model card that intervals are made from."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from sattrack.bench.accuracy import Measured
from sattrack.bench.scoring import Tally, tally
from sattrack.labels.ignoring import inside_any
from sattrack.results import ModelCard
from sattrack.steps.estimating import FAINT_FROM, LEVEL, Z90, chance, crowding, likely, nearest_band

GSD_EDGES_M = (0.4, 0.55, 0.7)
DENSITY_EDGES = (100.0, 150.0, 200.0)
# Below these a band says more about its few pictures than about places like them, and joins its neighbour.
LEAST_PICTURES, LEAST_SETS, LEAST_BOXES = 4, 2, 100
BARE = ModelCard("bench", "", ("container",), 1.0, 1, 0.5)
# Of a count where no box is faint; only its ratio to the weight of faint boxes is set here.
SURE_SPREAD = 0.04
# A band's few places are believed as much as so many more without any bias leave of them.
PRIOR_PLACES = 4
# Hand-made labels are good to 3 to 6 % a picture: no band is surer than 3 %.
LEAST_WIDTH = 0.75
# A width that no set of few pictures goes beyond.
MOST_WIDTH = 5.0
# In so few of the pictures with containers that are counted the surest box scores less than a card's `sure`.
UNSURE = 0.03


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """A picture as a band sees it. density: how densely the boxes FOUND stand, which is known where a band is looked up.

    faint: boxes that were nearly counted, see estimating.FAINT_FROM. at: its boxes at the threshold.
    """

    measured: Measured
    gsd_m: float
    density: float
    faint: int
    at: Tally


def measured_bands(measured: Sequence[Measured], *, threshold: float) -> tuple[dict[str, float], ...]:
    """Rows of ModelCard.measured: gsd_low, gsd_high, density_low, density_high, precision, recall, n, ratio, spread, faint and
    sure, the last three the same in all rows.

    n: labelled boxes. ratio: see estimating.interval_for. spread and faint are as wide as it takes for 90 % of the pictures to
    be held by bands of the other sets; with less than nine pictures, as wide as may be. sure: the score that some box reaches
    in all but UNSURE of the pictures. Bands meet half-way; the outermost end where their pictures end, and beyond an interval
    says so.
    """
    return bands_of([point_of(m, threshold=threshold) for m in measured])


def bands_of(points: Sequence[Point]) -> tuple[dict[str, float], ...]:
    """The same, of pictures whose place among the bands is known already."""
    width, sure = _width(points), _sure(points)
    alike = {"spread": round(SURE_SPREAD * width, 4), "faint": round(width, 4), "sure": sure}
    return tuple(row | alike for row in _rows(points))


def _sure(points: Sequence[Point]) -> float:
    """Down to the next 0.05, the score of the surest box at the share UNSURE of the pictures; 0 where they are too few to tell.

    Of pictures with containers of which some are counted; the next one falls below it with a chance of UNSURE at most.
    """
    surest = sorted(float(p.measured.scored.scores[0]) for p in points if p.at.true and p.at.found)
    place = math.floor(UNSURE * (len(surest) + 1))
    return _down(surest[place - 1], 0.05) if place else 0.0


def _rows(points: Sequence[Point]) -> list[dict[str, float]]:
    rows = []
    sizes = _split(points, key=lambda p: p.gsd_m, edges=GSD_EDGES_M)
    for alike, gsd in zip(sizes, _bounds(sizes, key=lambda p: p.gsd_m, step=0.01), strict=True):
        groups = _split(alike, key=lambda p: p.density, edges=DENSITY_EDGES)
        ends = _bounds(groups, key=lambda p: p.density, step=1.0)
        # Boxes that stand alone are as sparse as can be.
        ends = [(0.0, high) if i == 0 else (low, high) for i, (low, high) in enumerate(ends)]
        rows += [_row(group, gsd=gsd, density=end) for group, end in zip(groups, ends, strict=True)]
    return rows


def _width(points: Sequence[Point]) -> float:
    """The factor on SURE_SPREAD and on faint boxes at which intervals hold, each set judged by the others' bands.

    The share is that of split conformal prediction (Vovk, Gammerman and Shafer 2005): (n + 1) / n of the level.
    """
    names = sorted({p.measured.image.dataset for p in points})
    needed: list[float] = []
    for name in names:
        rows = tuple(_rows([p for p in points if p.measured.image.dataset != name] if len(names) > 1 else points))
        card = replace(BARE, measured=rows)
        needed += [_needed(p, card=card) for p in points if p.measured.image.dataset == name]
    if not needed:
        return LEAST_WIDTH
    place = math.ceil(LEVEL * (len(needed) + 1)) - 1
    width = sorted(needed)[place] if place < len(needed) else math.inf
    return min(max(width, LEAST_WIDTH), MOST_WIDTH)


def _needed(point: Point, *, card: ModelCard) -> float:
    """The factor from which the interval on a picture holds what is labelled."""
    band, _ = nearest_band(card, gsd_m=point.gsd_m, density=point.density)
    if band is None:
        return 0.0
    truth = likely(point.at.found, band=band)
    if min(truth, point.at.found) <= point.at.true <= max(truth, point.at.found):
        return 0.0
    beyond = ((point.at.true - truth) / Z90) ** 2 - chance(truth, band=band)
    unit = (SURE_SPREAD * truth) ** 2 + point.faint**2
    return math.sqrt(beyond / unit) if beyond > 0 < unit else (math.inf if beyond > 0 else 0.0)


def _bounds(groups: Sequence[Sequence["Point"]], *, key: Callable[["Point"], float], step: float) -> list[tuple[float, float]]:
    """Where each group begins and ends: half-way to the next, and at the outer ends where its pictures end."""
    spans = [(min(map(key, group)), max(map(key, group))) for group in groups]
    between = [_down((left[1] + right[0]) / 2, step) for left, right in pairwise(spans)]
    if not spans:
        return []
    return list(pairwise([_down(spans[0][0], step), *between, _down(spans[-1][1], step) + step]))


def point_of(measured: Measured, *, threshold: float) -> Point:
    """Where among the bands a picture stands."""
    sure = measured.found.where(measured.found.scores >= threshold)
    middles = sure.centres()[~inside_any(sure.centres(), rings=measured.image.ignore)]
    scores = measured.scored.scores
    return Point(
        measured, max(measured.image.gsd_m), crowding(middles * np.asarray(measured.image.gsd_m)),
        int(((scores >= FAINT_FROM) & (scores < threshold)).sum()), tally([measured.scored], threshold=threshold),
    )  # fmt: skip


def _split(points: Sequence[Point], *, key: Callable[[Point], float], edges: Sequence[float]) -> list[list[Point]]:
    """Groups between the edges, in order; a thin group joins the one before it, the first the one after it."""
    bounds = (-math.inf, *edges, math.inf)
    groups = [[p for p in points if low <= key(p) < high] for low, high in pairwise(bounds)]
    kept: list[list[Point]] = []
    for group in groups:
        if not group:
            continue
        if kept and (_thin(group) or _thin(kept[-1])):
            kept[-1] = [*kept[-1], *group]
        else:
            kept.append(group)
    return kept


def _thin(group: Sequence[Point]) -> bool:
    sets = {p.measured.image.dataset for p in group}
    boxes = sum(p.measured.scored.n_true for p in group)
    return len(group) < LEAST_PICTURES or len(sets) < LEAST_SETS or boxes < LEAST_BOXES


def _row(group: Sequence[Point], *, gsd: tuple[float, float], density: tuple[float, float]) -> dict[str, float]:
    true, found, hits = (sum(getattr(p.at, name) for p in group) for name in ("true", "found", "hits"))
    precision, recall = hits / found if found else 1.0, hits / true if true else 1.0
    return {
        "gsd_low": gsd[0],
        "gsd_high": round(gsd[1], 6),
        "density_low": density[0],
        "density_high": density[1],
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "n": float(true),
        "ratio": round(_ratio(group), 4),
    }


def _ratio(group: Sequence[Point]) -> float:
    """Labelled over found, drawn towards one as if PRIOR_PLACES more had been measured at which the two are equal."""
    true, found = (sum(getattr(p.at, name) for p in group) for name in ("true", "found"))
    places = len({p.measured.image.dataset for p in group})
    return float(((true + 1) / (found + 1)) ** (places / (places + PRIOR_PLACES)))


def _down(value: float, step: float) -> float:
    return round(math.floor(value / step + 1e-9) * step, 6)
