"""Placing: boxes of a tile become boxes of the scene; each window keeps what its core owns."""

import numpy as np

from sattrack.detections import Detections
from sattrack.errors import DetectorError
from sattrack.geometry import areas
from sattrack.imagery import Window
from sattrack.phrases import some
from sattrack.steps.tiling import Cell, Plan


def checked(found: Detections, *, classes: int, floor: float, cap: int) -> Detections:
    """A tile's boxes from `floor` on, at most the `cap` surest of them, which is then said in cap_hit.

    DetectorError where they are not one Detections of so many numbers of each, numbers are not finite, scores no shares or
    labels no classes: a comparison with NaN would count 0.
    """
    arrays = (found.quads, found.scores, found.labels) if isinstance(found, Detections) else ()
    numbers = [one.shape for one in arrays if isinstance(one, np.ndarray) and one.dtype.kind in "biuf"]
    n = numbers[1][:1] if len(numbers) == 3 else ()
    if not n or numbers != [(*n, 4, 2), n, n]:
        raise DetectorError(
            "the detector returned no Detections of numpy's arrays of corners (n, 4, 2), scores (n,) and labels (n,)",
            way_out="where it found nothing: Detections.none()",
        )
    if not (np.isfinite(found.quads).all() and np.isfinite(found.scores).all()):
        raise DetectorError("the detector returned numbers that are not finite", way_out="check the weights: sattrack doctor")
    if len(found) and not (found.scores.min() >= 0 and found.scores.max() <= 1):
        raise DetectorError("the detector returned scores outside 0 to 1")
    if not np.isin(found.labels, np.arange(classes)).all():
        raise DetectorError(f"the detector returned labels outside its {some(classes, 'class', 'classes')}")
    found = found.where(found.scores >= floor)
    if len(found) <= cap:
        return found
    surest = found.where(np.sort(np.argsort(-found.scores, kind="stable")[:cap]))
    return Detections(surest.quads, surest.scores, surest.labels, cap_hit=True)


def place(found: Detections, *, cell: Cell, plan: Plan) -> Detections:
    """Tile pixels -> source pixels; only boxes whose centre the cell's core owns (widened by the plan's jitter)."""
    placed = found.moved(scale=plan.scale, offset=(cell.window.col, cell.window.row))
    return placed.where(cell.owns(placed.centres(), jitter=plan.jitter))


def sound(found: Detections, *, shape: tuple[int, int]) -> tuple[Detections, int]:
    """Boxes with some area, finite corners and a centre inside the scene of (rows, cols); and how many were dropped."""
    if not len(found):
        return found, 0
    good = np.isfinite(found.quads).all(axis=(1, 2)) & (areas(np.nan_to_num(found.quads)) > 0)
    good &= Window.of_shape(shape).holds(found.centres())
    return found.where(good), int((~good).sum())
