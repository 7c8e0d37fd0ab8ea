"""Placing: boxes of a tile become boxes of the scene; each window keeps what its core owns."""

import numpy as np

from sattrack.detections import Detections
from sattrack.geometry import areas
from sattrack.steps.tiling import Cell, Plan


def place(found: Detections, *, cell: Cell, plan: Plan) -> Detections:
    """Tile pixels -> source pixels; only boxes whose centre the cell's core owns (widened by the plan's jitter)."""
    placed = found.moved(scale=plan.scale, offset=(cell.window.col, cell.window.row))
    return placed.where(cell.owns(placed.centres(), jitter=plan.jitter))


def sound(found: Detections, *, shape: tuple[int, int]) -> tuple[Detections, int]:
    """Boxes with some area, finite corners and a centre inside the scene of (rows, cols); and how many were dropped."""
    if not len(found):
        return found, 0
    middle = found.centres()
    good = np.isfinite(found.quads).all(axis=(1, 2)) & (areas(np.nan_to_num(found.quads)) > 0)
    good &= (middle[:, 0] >= 0) & (middle[:, 0] < shape[1]) & (middle[:, 1] >= 0) & (middle[:, 1] < shape[0])
    return found.where(good), int((~good).sum())
