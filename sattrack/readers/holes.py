"""Holes: what of a file was never written or is in none of its pictures, and would read as black ground."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import RasterBlockError

# Up to so many all blocks are asked once; of more, those that a window touches, each time.
MOST_BLOCKS = 250_000
# Between the edges of pictures that lie in rows and columns; those of 10,000 that lie anyhow are not counted out.
MOST_CELLS = 4_000_000


class Holes:
    """Blocks of a sparse GeoTIFF that were never written.

    For one thread, while the raster is open. `none`: it is sure that there are none; `some`: that there are some.
    """

    def __init__(self, raster: Any) -> None:
        self._raster = raster
        self._block: tuple[int, int] = raster.block_shapes[0]
        self._count = (-(-raster.height // self._block[0]), -(-raster.width // self._block[1]))
        few = self._count[0] * self._count[1] <= MOST_BLOCKS
        self._all = self._asked(np.arange(self._count[0]), np.arange(self._count[1])) if few else None
        self.some = self._all is not None and bool(self._all.any())
        self.none = self._all is not None and not self.some

    def under(self, area: tuple[float, float, float, float], shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Which pixels (rows, cols) of an area (column, row, width, height) read at a size have their centre in a hole."""
        row = _blocks(area[1], area[3], shape[0], block=self._block[0], most=self._count[0])
        col = _blocks(area[0], area[2], shape[1], block=self._block[1], most=self._count[1])
        if self._all is not None:
            return np.asarray(self._all[np.ix_(row, col)])
        (rows, at_row), (cols, at_col) = np.unique(row, return_inverse=True), np.unique(col, return_inverse=True)
        return np.asarray(self._asked(rows, cols)[np.ix_(at_row, at_col)])

    def _asked(self, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of the blocks in these rows and columns of blocks are holes."""
        holes = np.zeros((len(rows), len(cols)), bool)
        for i, j in np.ndindex(*holes.shape):
            try:
                self._raster.block_size(1, int(rows[i]), int(cols[j]))
            except RasterBlockError:
                holes[i, j] = True
        return holes


class Gaps:
    """What none of the pictures of a virtual raster covers. `none`, `some`: as of Holes."""

    def __init__(self, boxes: Sequence[tuple[float, float, float, float]], *, shape: tuple[int, int]) -> None:
        """boxes: column, row, width and height of each picture. shape: (rows, cols) of the whole."""
        placed = np.array(boxes, float).reshape(-1, 4)
        # A picture covers the pixels whose centres lie in it.
        edges = np.ceil([placed[:, :2] - 0.5, placed[:, :2] + placed[:, 2:] - 0.5])
        self._first, self._end = np.clip(edges, 0, shape[::-1])
        # Between the edges of all pictures each cell is covered wholly or not at all.
        x, y = (
            np.unique([0, size, *self._first[:, axis], *self._end[:, axis]]) for axis, size in ((0, shape[1]), (1, shape[0]))
        )
        few = (len(x) - 1) * (len(y) - 1) <= MOST_CELLS
        self.none = few and not self._at(x[:-1], y[:-1]).any()
        self.some = few and not self.none

    def under(self, area: tuple[float, float, float, float], shape: tuple[int, int]) -> NDArray[np.bool_]:
        """As Holes.under."""
        cols, rows = (
            np.floor(start + (np.arange(size) + 0.5) * length / size)
            for start, length, size in zip(area[:2], area[2:], shape[::-1], strict=True)
        )
        return self._at(cols, rows)

    def _at(self, cols: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which pixels of these columns and rows, in their order, are in no picture."""
        here = ((self._first <= (cols[-1], rows[-1])) & (self._end > (cols[0], rows[0]))).all(axis=1)
        gaps = np.ones((len(rows), len(cols)), bool)
        for first, end in zip(self._first[here], self._end[here], strict=True):
            across, down = (slice(*np.searchsorted(at, edges)) for at, *edges in zip((cols, rows), first, end, strict=True))
            gaps[down, across] = False
        return gaps


def _blocks(start: float, length: float, size: int, *, block: int, most: int) -> NDArray[np.int64]:
    """The block in which the centre of each of `size` lines over a length lies."""
    centres = start + (np.arange(size) + 0.5) * length / size
    return np.asarray(np.clip(centres // block, 0, most - 1).astype(np.int64))
