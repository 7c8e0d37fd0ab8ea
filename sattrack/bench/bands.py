"""Bands: precision, recall and spread by pixel size and density, for the model card that intervals are made from."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from sattrack.bench.accuracy import Measured
from sattrack.bench.scoring import inside_any, tally
from sattrack.results import ModelCard
from sattrack.steps.estimating import crowding, interval_for

GSD_EDGES_M = (0.4, 0.55, 0.7)
DENSITY_EDGES = (100.0, 150.0, 200.0)
# Below these a band says more about its few pictures than about places like them, and joins its neighbour.
LEAST_PICTURES, LEAST_SETS, LEAST_BOXES = 4, 2, 100
# Hand-made labels are good to 3 to 6 % a picture, and a spread seen between two or three places is itself unsure. Of 0.05,
# 0.07, 0.08, 0.10 and 0.12 this is the least at which intervals held 90 % of the pictures of sets left out in turn.
LEAST_SPREAD = 0.10


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    """A picture as a band sees it. density: how densely the boxes FOUND stand, which is known where a band is looked up."""

    measured: Measured
    gsd_m: float
    density: float


def measured_bands(measured: Sequence[Measured], *, threshold: float) -> tuple[dict[str, float], ...]:
    """Rows {gsd_low, gsd_high, density_low, density_high, precision, recall, n, spread} as ModelCard.measured holds them.

    n: labelled boxes. spread: standard deviation between pictures of log(found / true), weighted by the boxes found, less what
    chance alone gives so few boxes (the interval adds that by itself), as for one place more than there are sets. Bands meet
    half-way; the outermost end where their pictures end, and beyond an interval says so.
    """
    points = [_point(m, threshold=threshold) for m in measured]
    rows = []
    sizes = _split(points, key=lambda p: p.gsd_m, edges=GSD_EDGES_M)
    for alike, gsd in zip(sizes, _bounds(sizes, key=lambda p: p.gsd_m, step=0.01), strict=True):
        groups = _split(alike, key=lambda p: p.density, edges=DENSITY_EDGES)
        ends = _bounds(groups, key=lambda p: p.density, step=1.0)
        # Boxes that stand alone are as sparse as can be.
        ends = [(0.0, high) if i == 0 else (low, high) for i, (low, high) in enumerate(ends)]
        rows += [_row(group, gsd=gsd, density=end, threshold=threshold) for group, end in zip(groups, ends, strict=True)]
    return tuple(rows)


def _bounds(
    groups: Sequence[Sequence["_Point"]], *, key: Callable[["_Point"], float], step: float
) -> list[tuple[float, float]]:
    """Where each group begins and ends: half-way to the next, and at the outer ends where its pictures end."""
    spans = [(min(map(key, group)), max(map(key, group))) for group in groups]
    between = [_down((left[1] + right[0]) / 2, step) for left, right in pairwise(spans)]
    if not spans:
        return []
    return list(pairwise([_down(spans[0][0], step), *between, _down(spans[-1][1], step) + step]))


def interval_coverage(measured: Sequence[Measured], *, threshold: float) -> dict[str, float]:
    """How often a 90 % interval holds the labelled number, each set judged by bands from the other sets only.

    pictures and sets: shares covered; half_width: mean half-width of the pictures' intervals over their count.
    """
    names = sorted({m.image.dataset for m in measured})
    covered: list[bool] = []
    whole: list[bool] = []
    widths: list[float] = []
    for name in names:
        own = [m for m in measured if m.image.dataset == name]
        card = replace(_BARE, measured=measured_bands([m for m in measured if m not in own], threshold=threshold))
        for one in own:
            held, width = _held([one], card=card, threshold=threshold)
            covered.append(held)
            widths.append(width)
        whole.append(_held(own, card=card, threshold=threshold)[0])
    return {
        "pictures": float(np.mean(covered)) if covered else math.nan,
        "sets": float(np.mean(whole)) if whole else math.nan,
        "half_width": float(np.nanmean(widths)) if widths else math.nan,
    }


_BARE = ModelCard("bench", "", ("container",), 1.0, 1, 0.5)


def _held(group: Sequence[Measured], *, card: ModelCard, threshold: float) -> tuple[bool, float]:
    at = tally([m.scored for m in group], threshold=threshold)
    points = [_point(m, threshold=threshold) for m in group]
    found = [tally([m.scored], threshold=threshold).found for m in group]
    density = float(np.average([p.density for p in points], weights=found)) if at.found else 0.0
    interval = interval_for(at.found, card=card, gsd_m=max(p.gsd_m for p in points), density=density)
    if interval.low is None or interval.high is None:
        return False, math.nan
    half = (interval.high - interval.low) / 2
    return interval.low <= at.true <= interval.high, half / at.found if at.found else math.nan


def _point(measured: Measured, *, threshold: float) -> _Point:
    sure = measured.found.where(measured.found.scores >= threshold)
    middles = sure.centres()[~inside_any(sure.centres(), rings=measured.image.ignore)]
    return _Point(measured, max(measured.image.gsd_m), crowding(middles * np.asarray(measured.image.gsd_m)))


def _split(points: Sequence[_Point], *, key: Callable[[_Point], float], edges: Sequence[float]) -> list[list[_Point]]:
    """Groups between the edges, in order; a thin group joins the one before it, the first the one after it."""
    bounds = (-math.inf, *edges, math.inf)
    groups = [[p for p in points if low <= key(p) < high] for low, high in pairwise(bounds)]
    kept: list[list[_Point]] = []
    for group in groups:
        if not group:
            continue
        if kept and (_thin(group) or _thin(kept[-1])):
            kept[-1] = [*kept[-1], *group]
        else:
            kept.append(group)
    return kept


def _thin(group: Sequence[_Point]) -> bool:
    sets = {p.measured.image.dataset for p in group}
    boxes = sum(p.measured.scored.n_true for p in group)
    return len(group) < LEAST_PICTURES or len(sets) < LEAST_SETS or boxes < LEAST_BOXES


def _row(
    group: Sequence[_Point], *, gsd: tuple[float, float], density: tuple[float, float], threshold: float
) -> dict[str, float]:
    at = tally([p.measured.scored for p in group], threshold=threshold)
    precision = at.hits / at.found if at.found else 1.0
    recall = at.hits / at.true if at.true else 1.0
    return {
        "gsd_low": gsd[0],
        "gsd_high": round(gsd[1], 6),
        "density_low": density[0],
        "density_high": density[1],
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "n": float(at.true),
        "spread": round(_spread(group, threshold=threshold, precision=precision, recall=recall), 4),
    }


def _spread(group: Sequence[_Point], *, threshold: float, precision: float, recall: float) -> float:
    """By moments, as in DerSimonian and Laird 1986: what is seen between pictures, less the binomial part."""
    each = [tally([p.measured.scored], threshold=threshold) for p in group]
    true = np.array([t.true for t in each], float)
    found = np.array([t.found for t in each], float)
    if not true.sum() or not found.sum():
        return LEAST_SPREAD
    # Half a box on both sides keeps a picture where nothing was found, or nothing stands, finite.
    apart = np.log((found + 0.5) / (true + 0.5)) - math.log(found.sum() / true.sum())
    chance = ((1 - precision) + (1 - recall)) / np.maximum(true, 1)
    # Weighted by what was found, since that is what an interval starts from: a picture in which nothing was found says nothing
    # of counts above nought, and its logarithm would drown all others.
    between = float(np.average(apart**2 - chance, weights=found + 0.5))
    return max(math.sqrt(max(between, 0.0) * _few(group)), LEAST_SPREAD)


def _few(group: Sequence[_Point]) -> float:
    """k / (k - 1) for k sets of like size: pictures of one place err together, so places are what is counted."""
    boxes: dict[str, float] = {}
    for p in group:
        name = p.measured.image.dataset
        boxes[name] = boxes.get(name, 0.0) + p.measured.scored.n_true
    total, squares = sum(boxes.values()), sum(n * n for n in boxes.values())
    effective = max(total * total / max(squares, 1e-9), 1.25)
    return effective / (effective - 1)


def _down(value: float, step: float) -> float:
    return round(math.floor(value / step + 1e-9) * step, 6)
