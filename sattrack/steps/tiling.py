"""Windows over a scene at the model's pixel size, each owning its core; the cores partition the plane."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from sattrack.errors import SettingsError
from sattrack.geometry import Points, Quads
from sattrack.imagery import Window

# Centres found near a core's border move by a fraction of a metre between two windows: both windows keep a box this close
# to the border, so that none is lost, and merging removes the second of the pair.
JITTER_M = 1.0


@dataclass(frozen=True, slots=True)
class Cell:
    """A window and the core that it owns, in source pixels: core = (left, top, right, bottom), half-open, infinite at edges."""

    window: Window
    core: tuple[float, float, float, float]

    def owns(self, points: Points, *, jitter: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
        """Which centres (n, 2), in source pixels, lie in the core, widened by jitter (x, y) on every side."""
        left, top, right, bottom = self.core
        x, y = points[:, 0], points[:, 1]
        jx, jy = jitter
        return np.asarray((x >= left - jx) & (x < right + jx) & (y >= top - jy) & (y < bottom + jy))


Span = tuple[int, int, float, float]  # start, size, core begin, core end


@dataclass(frozen=True, slots=True)
class Cells(Sequence[Cell]):
    """All cells of a scene, row by row; each is made when it is asked for, since a huge scene has hundreds of thousands."""

    rows: tuple[Span, ...]
    columns: tuple[Span, ...]

    def __len__(self) -> int:
        return len(self.rows) * len(self.columns)

    @overload
    def __getitem__(self, index: int) -> Cell: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Cell, ...]: ...

    def __getitem__(self, index: int | slice) -> Cell | tuple[Cell, ...]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        row, column = divmod(range(len(self))[index], len(self.columns))
        return _cell(self.rows[row], self.columns[column])


@dataclass(frozen=True, slots=True)
class Plan:
    """All cells of a scene. scale: source pixels per tile pixel (x, y); jitter: JITTER_M in source pixels."""

    cells: Cells
    tile_px: int
    scale: tuple[float, float]
    jitter: tuple[float, float]


def plan_windows(
    shape: tuple[int, int],
    *,
    gsd_m: tuple[float, float],
    model_gsd_m: float,
    tile_px: int,
    overlap_m: float,
    longest_object_m: float,
    shift_m: tuple[float, float] = (0.0, 0.0),
) -> Plan:
    """Windows of one size in whole source pixels, on a fixed grid; SettingsError where the law of overlap cannot hold.

    shape: (rows, cols) of the scene. Windows may reach over the scene's edge. Every object no longer than longest_object_m
    whose centre a core owns lies wholly inside that core's window.
    """
    columns = _spans(shape[1], gsd=gsd_m[0], model=model_gsd_m, tile_px=tile_px, overlap_m=overlap_m, shift_m=shift_m[0])
    rows = _spans(shape[0], gsd=gsd_m[1], model=model_gsd_m, tile_px=tile_px, overlap_m=overlap_m, shift_m=shift_m[1])
    if overlap_m < longest_object_m:
        raise SettingsError(f"the overlap of {overlap_m:g} m is shorter than the longest object, {longest_object_m:g} m")
    cells = Cells(tuple(rows), tuple(columns))
    first = cells[0].window
    return Plan(
        cells,
        tile_px,
        (first.width / tile_px, first.height / tile_px),
        (JITTER_M / gsd_m[0], JITTER_M / gsd_m[1]),
    )


def _spans(length: int, *, gsd: float, model: float, tile_px: int, overlap_m: float, shift_m: float) -> list[Span]:
    """Each window along one axis."""
    size = max(1, round(tile_px * model / gsd))
    overlap = math.ceil(overlap_m / gsd)
    stride = size - overlap
    if stride < 1:
        raise SettingsError(
            f"a tile of {tile_px} px at {model:g} m spans {tile_px * model:g} m, not more than the overlap of {overlap_m:g} m",
            way_out="lower overlap_m",
        )
    start = -(round(shift_m / gsd) % stride)
    n = max(1, math.ceil((length - start - overlap) / stride))
    spans = []
    for i in range(n):
        begin = start + i * stride
        left = -math.inf if i == 0 else begin + overlap / 2
        right = math.inf if i == n - 1 else begin + stride + overlap / 2
        spans.append((begin, size, left, right))
    return spans


def _cell(row: Span, column: Span) -> Cell:
    (top, height, core_top, core_bottom), (left, width, core_left, core_right) = row, column
    return Cell(Window(left, top, width, height), (core_left, core_top, core_right, core_bottom))


def cells_touching(plan: Plan, outlines: list[Quads]) -> tuple[Cell, ...]:
    """The cells whose window meets the bounds of any outline: arrays (n, 2) of points in source pixels."""
    boxes = [(*o.min(axis=0), *o.max(axis=0)) for o in outlines]
    kept = []
    for row in plan.cells.rows:
        if across := [(x, r) for x, y, r, b in boxes if row[0] < b and row[0] + row[1] > y]:
            for column in plan.cells.columns:
                if any(column[0] < r and column[0] + column[1] > x for x, r in across):
                    kept.append(_cell(row, column))
    return tuple(kept)
