"""Forgiving: a damaged GeoTIFF read block by block, around those that cannot be read, where the user asked for that."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window as RasterioWindow

from sattrack.errors import SceneError
from sattrack.readers.opening import GDAL_ERRORS


class Forgiving:
    """For one thread, while the raster is open. Always of the full pixels: overviews may be damaged too."""

    def __init__(self, raster: Any, *, shown: Callable[..., NDArray[np.bool_]], check: Callable[..., None]) -> None:
        """shown(bands, window, shape): what the file does not mask of a window at a size. check(window, shape): raises
        SceneError where what was decoded for it is not what was written.
        """
        self._raster, self._shown, self._check = raster, shown, check
        self._block: tuple[int, int] = raster.block_shapes[0]
        self._bad: set[tuple[int, int]] = set()

    def read(
        self, bands: tuple[int, ...], window: RasterioWindow, shape: tuple[int, int], *, mean: bool
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Pixels (bands, rows, cols) of a window at a size, and which of them are whole: nothing of a bad block is in them."""
        top, left = math.floor(window.row_off), math.floor(window.col_off)
        bottom, right = math.ceil(window.row_off + window.height), math.ceil(window.col_off + window.width)
        raw = np.zeros((len(bands), bottom - top, right - left), self._raster.dtypes[0])
        whole = np.zeros(raw.shape[1:], bool)
        for part in self._parts(top, left, bottom, right):
            at = (slice(part.row_off - top, part.row_off + part.height - top),
                  slice(part.col_off - left, part.col_off + part.width - left))  # fmt: skip
            found = self._tried(bands, part)
            if found is not None:
                raw[:, *at], whole[at] = found
        rows = _edges(window.row_off - top, window.height, shape[0])
        cols = _edges(window.col_off - left, window.width, shape[1])
        reduced = _reduced(raw, rows, cols, mean=mean)
        reduced = np.round(reduced) if raw.dtype.kind in "iu" else reduced
        return reduced.astype(raw.dtype), _reduced(whole[None], rows, cols, mean=True)[0] == 1

    def _parts(self, top: int, left: int, bottom: int, right: int) -> Iterator[RasterioWindow]:
        rows, cols = self._block
        for row in range(top // rows, -(-bottom // rows)):
            for col in range(left // cols, -(-right // cols)):
                y, x = max(top, row * rows), max(left, col * cols)
                yield RasterioWindow(x, y, min(right, (col + 1) * cols) - x, min(bottom, (row + 1) * rows) - y)

    def _tried(self, bands: tuple[int, ...], part: RasterioWindow) -> tuple[NDArray[Any], NDArray[np.bool_]] | None:
        """A block's pixels, and which of them the file does not mask; none where it cannot be read."""
        block = (part.row_off // self._block[0], part.col_off // self._block[1])
        if block in self._bad:
            return None
        try:
            raw = self._raster.read(list(bands), window=part)
            self._check(part, (part.height, part.width))
            seen = self._shown(bands, part, (part.height, part.width))
        except (*GDAL_ERRORS, SceneError):
            self._bad.add(block)
            return None
        return raw, seen


def _edges(start: float, length: float, size: int) -> NDArray[np.int64]:
    """Where each of `size` lines over a length begins, and the last one ends; in whole pixels, at least one to a line."""
    return np.asarray(np.floor(start + np.arange(size + 1) * length / size + 0.5).astype(np.int64))


def _reduced(raw: NDArray[Any], rows: NDArray[np.int64], cols: NDArray[np.int64], *, mean: bool) -> NDArray[Any]:
    """(bands, rows, cols) between edges -> one value a cell: its mean, or the pixel at its centre."""
    if not mean or (np.diff(rows).max() == 1 and np.diff(cols).max() == 1):
        return np.asarray(raw[:, ((rows[:-1] + rows[1:]) // 2)[:, None], ((cols[:-1] + cols[1:]) // 2)[None]])
    raw = raw[:, : rows[-1], : cols[-1]].astype(np.float64) if raw.dtype.kind in "biu" else raw[:, : rows[-1], : cols[-1]]
    sums = np.add.reduceat(np.add.reduceat(raw, rows[:-1], axis=1), cols[:-1], axis=2)
    return np.asarray(sums / np.outer(np.diff(rows), np.diff(cols)))
