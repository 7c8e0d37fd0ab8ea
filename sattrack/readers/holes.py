"""Holes: blocks of a sparse GeoTIFF that were never written, and would read as black ground."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import RasterBlockError

# Up to so many all blocks are asked once; of more, those that a window touches, each time.
MOST_BLOCKS = 250_000


class Holes:
    """For one thread, while the raster is open. `none`: it is sure that there are none."""

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


def _blocks(start: float, length: float, size: int, *, block: int, most: int) -> NDArray[np.int64]:
    """The block in which the centre of each of `size` lines over a length lies."""
    centres = start + (np.arange(size) + 0.5) * length / size
    return np.asarray(np.clip(centres // block, 0, most - 1).astype(np.int64))
