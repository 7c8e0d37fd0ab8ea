"""Holes: what of a file was never written or is in none of its pictures, and would read as black ground."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import RasterBlockError

# Up to so many all blocks are asked once; of more, those that a window touches, each time.
MOST_BLOCKS = 250_000


class Holes:
    """Blocks of a sparse GeoTIFF that were never written.

    For one thread, while the raster is open. `none`: it is sure that there are none.
    """

    def __init__(self, raster: Any) -> None:
        self._raster = raster
        self._block: tuple[int, int] = raster.block_shapes[0]
        self._count = (-(-raster.height // self._block[0]), -(-raster.width // self._block[1]))
        few = self._count[0] * self._count[1] <= MOST_BLOCKS
        self._all = self._asked(np.arange(self._count[0]), np.arange(self._count[1])) if few else None
        self.none = self._all is not None and not self._all.any()

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
    """What none of the pictures of a virtual raster covers. `none`: it is sure that there are none."""

    def __init__(self, boxes: Sequence[tuple[float, float, float, float]], *, shape: tuple[int, int]) -> None:
        """boxes: column, row, width and height of each picture. shape: (rows, cols) of the whole."""
        placed = np.array(boxes, float).reshape(-1, 4)
        # A picture covers the pixels whose centres lie in it.
        self._first, self._end = np.ceil(placed[:, :2] - 0.5), np.ceil(placed[:, :2] + placed[:, 2:] - 0.5)
        self.none = bool(((self._first <= 0) & (self._end >= shape[::-1])).all(axis=1).any())

    def under(self, area: tuple[float, float, float, float], shape: tuple[int, int]) -> NDArray[np.bool_]:
        """As Holes.under."""
        cols, rows = (
            np.floor(start + (np.arange(size) + 0.5) * length / size)
            for start, length, size in zip(area[:2], area[2:], shape[::-1], strict=True)
        )
        here = ((self._first <= (cols[-1], rows[-1])) & (self._end > (cols[0], rows[0]))).all(axis=1)
        gaps = np.ones(shape, bool)
        for first, end in zip(self._first[here], self._end[here], strict=True):
            across, down = (slice(*np.searchsorted(at, edges)) for at, *edges in zip((cols, rows), first, end, strict=True))
            gaps[down, across] = False
        return gaps


def _blocks(start: float, length: float, size: int, *, block: int, most: int) -> NDArray[np.int64]:
    """The block in which the centre of each of `size` lines over a length lies."""
    centres = start + (np.arange(size) + 0.5) * length / size
    return np.asarray(np.clip(centres // block, 0, most - 1).astype(np.int64))
