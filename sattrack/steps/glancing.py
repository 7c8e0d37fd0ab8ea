"""Glancing: how each coarse cell of a scene looks, kept tile by tile: its tone, its sharpest edge, how smooth it is."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sattrack.imagery import Stretch, Tile

CELL_M = 4.0
_MOST_CELLS = 2_000_000
# Edges are measured over a metre: longer than the grain of a sensor and of JPEG, shorter than a container is wide.
_PIXEL_M = 0.5
# A picture of one pale tone is not to be blown up to black and white: its range is taken to be at least this much of its top.
_LEAST_RANGE = 0.35

Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """How a scene looks, on coarse cells (rows, cols). tone: (rows, cols, 3), 1 the brightest that the stretch keeps, 0 the
    darkest. spread: between the brightest and the darkest colour, as share of the brightest, 0 for gray; the lesser of before
    and after the stretch. edge, peak: mean and largest change of light over a metre. known: half of the cell was looked at.
    cell: its size (x, y) in source pixels. size_m: its size in metres.
    """

    tone: Map
    spread: Map
    edge: Map
    peak: Map
    known: NDArray[np.bool_]
    cell: tuple[float, float]
    size_m: float


class LooksMap:
    """Collects, tile by tile, how each coarse cell of a scene looks."""

    def __init__(self, shape: tuple[int, int], *, gsd_m: tuple[float, float], overlap_m: float, stretch: Stretch) -> None:
        """shape: (rows, cols). overlap_m: of neighbouring tiles; no cell is larger, so that some tile holds it whole."""
        rows, cols = shape
        size = min(CELL_M, overlap_m)
        while 2 * size <= overlap_m and rows * gsd_m[1] / size * cols * gsd_m[0] / size > _MOST_CELLS:
            size *= 2
        # Whole cells only, as in what was seen.
        down, across = (max(1, min(n, round(n * gsd / size))) for n, gsd in ((rows, gsd_m[1]), (cols, gsd_m[0])))
        self._cell, self._gsd_m, self._size_m = (cols / across, rows / down), gsd_m, size
        # Half precision: steps of a two-thousandth are finer than what is asked of them.
        self._tone = np.zeros((down, across, 3), np.float16)
        self._edge, self._peak = np.zeros((down, across), np.float16), np.zeros((down, across), np.float16)
        self._known = np.zeros((down, across), bool)
        self._low, self._high = np.asarray(stretch.low), np.asarray(stretch.high)
        self._range = np.maximum(np.maximum(self._high - self._low, _LEAST_RANGE * np.abs(self._high)), 1e-9)

    def add(self, tile: Tile) -> None:
        """Keeps what a tile shows of the cells that lie wholly in it."""
        w = tile.window
        rows, cols = (max(4, round(n * gsd / _PIXEL_M)) for n, gsd in ((w.height, self._gsd_m[1]), (w.width, self._gsd_m[0])))
        first_col, x = _borders(w.col, w.width, cell=self._cell[0], cells=self._known.shape[1], pixels=cols)
        first_row, y = _borders(w.row, w.height, cell=self._cell[1], cells=self._known.shape[0], pixels=rows)
        if len(x) < 2 or len(y) < 2 or (np.diff(x) < 1).any() or (np.diff(y) < 1).any():
            return
        at = slice(first_row, first_row + len(y) - 1), slice(first_col, first_col + len(x) - 1)
        whole = bool(tile.valid.all())
        share = cv2.resize(tile.valid.astype(np.float32), (cols, rows), interpolation=cv2.INTER_AREA) if not whole else None
        valid = np.ones((rows, cols), bool) if share is None else np.asarray(share > 0.999)
        tone = self._toned(np.asarray(cv2.resize(tile.pixels, (cols, rows), interpolation=cv2.INTER_AREA), np.uint8))
        if not whole:
            tone[~valid] = 0
        change = _change((tone[..., 0] + tone[..., 1] + tone[..., 2]) / np.float32(3), valid)
        number = _summed(valid.astype(np.float32), y, x)
        safe = np.maximum(number, 1)
        self._tone[at] = _summed(tone, y, x) / safe[..., None]
        self._edge[at] = _summed(change, y, x) / safe
        inner = change[y[0] : y[-1], x[0] : x[-1]]
        self._peak[at] = np.maximum.reduceat(np.maximum.reduceat(inner, y[:-1] - y[0], axis=0), x[:-1] - x[0], axis=1)
        self._known[at] = 2 * number >= np.outer(np.diff(y), np.diff(x))

    def result(self) -> Looks:
        tone = self._tone.astype(np.float32)
        raw = (self._high - (1 - tone) * self._range) / max(float(self._high.max()), 1e-9)
        spread = np.minimum(np.ptp(tone, axis=2), np.ptp(raw, axis=2)).astype(np.float32)
        edge, peak = self._edge.astype(np.float32), self._peak.astype(np.float32)
        return Looks(tone, spread, edge, peak, self._known, self._cell, self._size_m)

    def _toned(self, pixels: NDArray[np.uint8]) -> Map:
        share = pixels.astype(np.float32) / np.float32(255)
        return np.asarray(1 - (1 - share) * ((self._high - self._low) / self._range).astype(np.float32), np.float32)


def _borders(begin: int, size: int, *, cell: float, cells: int, pixels: int) -> tuple[int, NDArray[np.int64]]:
    """Along one axis: the first cell that lies wholly in a tile, and the borders of all that do, in its small pixels."""
    first, last = max(0, math.ceil(begin / cell - 1e-9)), min(cells, math.floor((begin + size) / cell + 1e-9))
    borders = np.rint((np.arange(first, max(last, first) + 1) * cell - begin) * pixels / size).astype(np.int64)
    return first, np.clip(borders, 0, pixels)


def _change(light: Map, valid: NDArray[np.bool_]) -> Map:
    """(rows, cols): by how much light changes over a metre, across or down, whichever is more; 0 where part is not seen."""
    soft = cv2.blur(light, (2, 2), borderType=cv2.BORDER_REPLICATE)
    sure = cv2.erode(valid.astype(np.uint8), np.ones((5, 5), np.uint8), borderType=cv2.BORDER_REPLICATE) > 0
    change = np.zeros_like(light)
    change[:, 1:-1] = np.abs(soft[:, 2:] - soft[:, :-2])
    change[1:-1] = np.maximum(change[1:-1], np.abs(soft[2:] - soft[:-2]))
    return np.where(sure, change, np.float32(0))


def _summed(values: Map, y: NDArray[np.int64], x: NDArray[np.int64]) -> Map:
    """Sums over cells: values (rows, cols, ...), borders along both axes -> (len(y) - 1, len(x) - 1, ...)."""
    inner = values[y[0] : y[-1], x[0] : x[-1]]
    return np.asarray(np.add.reduceat(np.add.reduceat(inner, y[:-1] - y[0], axis=0), x[:-1] - x[0], axis=1), np.float32)
