"""Observing: which ground of a scene the detector really saw, kept on coarse cells."""

import math
from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from sattrack.geometry import Points
from sattrack.results import Seen
from sattrack.steps.tiling import Cell

# Cells of about this size, coarser only where the scene would need more than _MOST_CELLS.
CELL_M = 2.0
_MOST_CELLS = 4_000_000
_UNDECLARED = "no nodata is declared: areas of one value joined to the border count as not seen (--nodata VALUE overrides)"


def cell_size(shape: tuple[int, int], *, gsd_m: tuple[float, float], finest_m: float, overlap_m: float, most: int) -> float:
    """The side of a coarse cell, metres: finest_m, doubled while a scene of (rows, cols) needs more than `most` cells and some
    tile still holds each whole.
    """
    (rows, cols), size = shape, min(finest_m, overlap_m)
    while 2 * size <= overlap_m and rows * gsd_m[1] / size * cols * gsd_m[0] / size > most:
        size *= 2
    return size


class SeenMap:
    """Collects, tile by tile, the share of each coarse cell that was seen."""

    def __init__(self, shape: tuple[int, int], *, gsd_m: tuple[float, float], overlap_m: float) -> None:
        """shape: (rows, cols). overlap_m: of neighbouring tiles; no cell is larger, so that some tile holds it whole."""
        rows, cols = shape
        size = cell_size(shape, gsd_m=gsd_m, finest_m=CELL_M, overlap_m=overlap_m, most=_MOST_CELLS)
        # Whole cells only: a sliver left over at the edge would be too thin to measure.
        down, across = (min(n, math.ceil(n * gsd / size)) for n, gsd in ((rows, gsd_m[1]), (cols, gsd_m[0])))
        self._cell = (cols / across, rows / down)
        self._share = np.zeros((down, across), np.uint8)

    def add(self, cell: Cell, valid: NDArray[np.bool_]) -> None:
        """Marks what a tile's valid mask (rows, cols) shows. Overlapping tiles agree; the larger share stays."""
        w, (tile_rows, tile_cols) = cell.window, valid.shape
        first_col, x = _borders(w.col, w.width, cell=self._cell[0], cells=self._share.shape[1], pixels=tile_cols)
        first_row, y = _borders(w.row, w.height, cell=self._cell[1], cells=self._share.shape[0], pixels=tile_rows)
        if len(x) < 2 or len(y) < 2:
            return
        inside = np.clip(y, 0, tile_rows), np.clip(x, 0, tile_cols)
        if valid.all():
            seen = np.outer(np.diff(inside[0]), np.diff(inside[1]))
        else:
            # Sums over each cell by an integral image: exact, and the cost does not depend on the number of cells.
            total = cv2.integral(valid.view(np.uint8))[np.ix_(*inside)]
            seen = total[1:, 1:] - total[:-1, 1:] - total[1:, :-1] + total[:-1, :-1]
        # Against the whole cell: one cut by the tile counts as partly seen here, and wholly in the neighbouring tile.
        whole = np.outer(np.diff(y), np.diff(x))
        share = np.rint(255 * seen / np.maximum(whole, 1)).astype(np.uint8)
        target = self._share[first_row : first_row + len(y) - 1, first_col : first_col + len(x) - 1]
        np.maximum(target, share, out=target)

    def result(self) -> Seen:
        return Seen(self._share, self._cell)


def percent(share: float) -> str:
    """A share in whole percents that never claims all, or nothing, where it is only nearly so."""
    if 0 < share < 0.01:
        return "under 1%"
    return "over 99%" if 0.99 < share < 1 else f"{min(max(share, 0), 1):.0%}"


def too_little(observed: float, *, least: float) -> str:
    """Why a number of a site of which so much was seen does not stand, in as many digits as tell both apart; else empty."""
    if observed >= least:
        return ""
    digits = next((n for n in range(4) if f"{observed:.{n}%}" != f"{least:.{n}%}"), 4)
    return f"only {observed:.{digits}%} of the site was seen; {least:.{digits}%} is asked for"


def nodata_notes(share: float) -> tuple[str, ...]:
    """What must be said where a share of a scene is not seen though nothing declares so."""
    return (_UNDECLARED,) if share else ()


def told_of_pixels(notes: Iterable[str]) -> tuple[str, ...]:
    """Those of a part's notes that nodata_notes made."""
    return tuple(note for note in notes if note == _UNDECLARED)


def _borders(begin: int, size: int, *, cell: float, cells: int, pixels: int) -> tuple[int, NDArray[np.int64]]:
    """Along one axis: the first cell that a tile touches, and the borders of all that it touches in whole tile pixels.

    Borders outside the tile are kept, so that a cell's own size is known where the tile cuts it.
    """
    first, last = max(0, math.floor(begin / cell)), min(cells, math.ceil((begin + size) / cell))
    borders = np.rint((np.arange(first, last + 1) * cell - begin) * pixels / size).astype(np.int64)
    return first, borders if last > first else borders[:0]


def seen_at(seen: Seen, points: Points) -> NDArray[np.float64]:
    """The share seen, 0 to 1, at points (n, 2) in source pixels; 0 outside the scene."""
    x, y = points[..., 0] / seen.cell[0], points[..., 1] / seen.cell[1]
    rows, cols = seen.share.shape
    inside = (x >= 0) & (y >= 0) & (x < cols) & (y < rows)  # nothing of this holds of what is no number
    share = np.zeros(inside.shape)
    # Of a large site a scene holds few points.
    share[inside] = seen.share[y[inside].astype(np.int64), x[inside].astype(np.int64)] / 255.0
    return share
