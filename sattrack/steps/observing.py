"""Observing: which ground of a scene the detector really saw, kept on coarse cells."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from sattrack.geometry import Points
from sattrack.results import Seen
from sattrack.steps.tiling import Cell

# Cells of about this size, coarser only where the scene would need more than _MOST_CELLS.
CELL_M = 2.0
_MOST_CELLS = 4_000_000


class SeenMap:
    """Collects, tile by tile, the share of each coarse cell that was seen."""

    def __init__(self, shape: tuple[int, int], *, gsd_m: tuple[float, float]) -> None:
        rows, cols = shape
        size = CELL_M
        while math.ceil(rows * gsd_m[1] / size) * math.ceil(cols * gsd_m[0] / size) > _MOST_CELLS:
            size *= 2
        self._cell = (max(1.0, size / gsd_m[0]), max(1.0, size / gsd_m[1]))
        self._share = np.zeros((math.ceil(rows / self._cell[1]), math.ceil(cols / self._cell[0])), np.uint8)
        self._shape = shape

    def add(self, cell: Cell, valid: NDArray[np.bool_]) -> None:
        """Marks what a tile's valid mask (rows, cols) shows. Overlapping tiles agree; the larger share stays."""
        w = cell.window
        cx, cy = self._cell
        first_col, last_col = max(0, math.floor(w.col / cx)), min(self._share.shape[1], math.ceil((w.col + w.width) / cx))
        first_row, last_row = max(0, math.floor(w.row / cy)), min(self._share.shape[0], math.ceil((w.row + w.height) / cy))
        if first_col >= last_col or first_row >= last_row:
            return
        # Sums over each cell by an integral image: exact, and the cost does not depend on the number of cells.
        tile_rows, tile_cols = valid.shape
        integral = cv2.integral(valid.astype(np.uint8))
        inside_x = np.clip(np.arange(first_col, last_col + 1) * cx, 0, self._shape[1])
        inside_y = np.clip(np.arange(first_row, last_row + 1) * cy, 0, self._shape[0])
        x = np.clip(np.rint((inside_x - w.col) * tile_cols / w.width), 0, tile_cols).astype(int)
        y = np.clip(np.rint((inside_y - w.row) * tile_rows / w.height), 0, tile_rows).astype(int)
        total = integral[np.ix_(y, x)]
        seen = total[1:, 1:] - total[:-1, 1:] - total[1:, :-1] + total[:-1, :-1]
        # Against the cell's own part inside the scene, in tile pixels: a cell cut by the tile counts as partly seen here
        # and wholly in the neighbouring tile.
        full = np.outer(np.diff(inside_y) * tile_rows / w.height, np.diff(inside_x) * tile_cols / w.width)
        slack = 1.02  # rounding of cell borders to whole tile pixels
        share = np.clip(np.rint(255 * slack * seen / np.maximum(full, 1)), 0, 255).astype(np.uint8)
        target = self._share[first_row:last_row, first_col:last_col]
        np.maximum(target, share, out=target)

    def result(self) -> Seen:
        return Seen(self._share, self._cell)


def seen_at(seen: Seen, points: Points) -> NDArray[np.float64]:
    """The share seen, 0 to 1, at points (n, 2) in source pixels; 0 outside the scene."""
    finite = np.isfinite(points).all(axis=-1)
    safe = np.where(finite[..., None], points, -1.0)
    col = np.floor(safe[..., 0] / seen.cell[0]).astype(np.int64)
    row = np.floor(safe[..., 1] / seen.cell[1]).astype(np.int64)
    rows, cols = seen.share.shape
    inside = finite & (col >= 0) & (row >= 0) & (col < cols) & (row < rows)
    share = seen.share[np.clip(row, 0, rows - 1), np.clip(col, 0, cols - 1)] / 255.0
    return np.where(inside, share, 0.0)
