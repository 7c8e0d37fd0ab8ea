"""Glancing: how each coarse cell of a scene looks, kept tile by tile: its tone, its sharpest edge, how smooth it is."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sattrack.imagery import Stretch, Tile
from sattrack.steps.observing import cell_size

CELL_M = 4.0
# What is judged of a cell hangs on none that is further away than so many metres and cells.
_REACH_M, _REACH = 48.0, 12
_MOST_CELLS = 2_000_000
# Edges are measured over a metre: longer than the grain of a sensor and of JPEG, shorter than a container is wide.
_PIXEL_M = 0.5
# A picture of one pale tone is not to be blown up to black and white: its range is taken to be at least this much of its top.
_LEAST_RANGE = 0.35

Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """How a scene looks, on coarse cells (rows, cols), but for rows and columns far from all that was looked at.

    tone: (rows, cols, 3), 1 the brightest that the stretch keeps, 0 the darkest. spread: between the brightest and the darkest
    colour, as share of the brightest, 0 for gray; the lesser of before and after the stretch. edge, peak: mean and largest
    change of light over a metre. known: half of the cell was looked at. cell: its size (x, y) in source pixels. size_m: its
    size in metres. rows, cols: which of the scene's these are, ascending. Where some are left out, nothing reaches over.
    """

    tone: Map
    spread: Map
    edge: Map
    peak: Map
    known: NDArray[np.bool_]
    cell: tuple[float, float]
    size_m: float
    rows: NDArray[np.int64]
    cols: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """What one tile shows of the cells at `at`, in Looks' terms, before the spread of colours is known."""

    at: tuple[slice, slice]
    tone: Map
    edge: Map
    peak: Map
    known: NDArray[np.bool_]


class LooksMap:
    """Collects, tile by tile, how each coarse cell of a scene looks."""

    def __init__(self, shape: tuple[int, int], *, gsd_m: tuple[float, float], overlap_m: float, stretch: Stretch) -> None:
        """shape: (rows, cols). overlap_m: of neighbouring tiles; no cell is larger, so that some tile holds it whole."""
        rows, cols = shape
        size = cell_size(shape, gsd_m=gsd_m, finest_m=CELL_M, overlap_m=overlap_m, most=_MOST_CELLS)
        # Whole cells only, as in what was seen.
        down, across = (max(1, min(n, round(n * gsd / size))) for n, gsd in ((rows, gsd_m[1]), (cols, gsd_m[0])))
        self._cell, self._gsd_m, self._size_m = (cols / across, rows / down), gsd_m, size
        # Rows and columns of cells that any tile held. Memory that nobody touches is none: of a scene of which only a yard is
        # looked at, the maps take what the yard takes.
        self._rows, self._cols = np.zeros(down, bool), np.zeros(across, bool)
        # Half precision: steps of a two-thousandth are finer than what is asked of them.
        self._tone = np.zeros((down, across, 3), np.float16)
        self._edge, self._peak = np.zeros((down, across), np.float16), np.zeros((down, across), np.float16)
        self._known = np.zeros((down, across), bool)
        self._low, self._high = np.asarray(stretch.low), np.asarray(stretch.high)
        self._range = np.maximum(np.maximum(self._high - self._low, _LEAST_RANGE * np.abs(self._high)), 1e-9)
        levels = np.arange(256, dtype=np.float32) / np.float32(255)
        span = ((self._high - self._low) / self._range).astype(np.float32)
        self._toned = (1 - (1 - levels[None, :, None]) * span).astype(np.float32)

    def add(self, tile: Tile) -> None:
        """Keeps what a tile shows of the cells that lie wholly in it."""
        if (glance := self.look(tile)) is not None:
            self.keep(glance)

    def look(self, tile: Tile) -> Glance | None:
        """What a tile shows of the cells that lie wholly in it; none where none do. For any thread."""
        w = tile.window
        rows, cols = (max(4, round(n * gsd / _PIXEL_M)) for n, gsd in ((w.height, self._gsd_m[1]), (w.width, self._gsd_m[0])))
        first_col, x = _borders(w.col, w.width, cell=self._cell[0], cells=self._known.shape[1], pixels=cols)
        first_row, y = _borders(w.row, w.height, cell=self._cell[1], cells=self._known.shape[0], pixels=rows)
        if len(x) < 2 or len(y) < 2 or (np.diff(x) < 1).any() or (np.diff(y) < 1).any():
            return None
        tone = np.asarray(cv2.LUT(_shrunk(tile.pixels, (rows, cols)), self._toned), np.float32)
        valid = None
        if not tile.valid.all():
            share = cv2.resize(tile.valid.astype(np.float32), (cols, rows), interpolation=cv2.INTER_AREA)
            valid = np.asarray(share > 0.999)
            tone = np.asarray(cv2.copyTo(tone, valid.view(np.uint8)), np.float32)
        change = _change((tone[..., 0] + tone[..., 1] + tone[..., 2]) / np.float32(3), valid)
        area = np.outer(np.diff(y), np.diff(x)).astype(np.float32)
        number: Map = area if valid is None else _summed(valid.astype(np.float32), y, x)
        safe = np.maximum(number, np.float32(1))
        return Glance(
            (slice(first_row, first_row + len(y) - 1), slice(first_col, first_col + len(x) - 1)),
            tone=np.divide(_summed(tone, y, x), safe[..., None], dtype=np.float32),
            edge=np.divide(_summed(change, y, x), safe, dtype=np.float32),
            peak=_largest(_largest(change, y), x, axis=1),
            known=2 * number >= area,
        )

    def keep(self, glance: Glance) -> None:
        """Of tiles that overlap the last one stays: tiles are kept in their order."""
        self._tone[glance.at], self._edge[glance.at] = glance.tone, glance.edge
        self._peak[glance.at], self._known[glance.at] = glance.peak, glance.known
        self._rows[glance.at[0]], self._cols[glance.at[1]] = True, True

    def result(self) -> Looks:
        rows, cols = (_near(held, round(_REACH_M / self._size_m) + _REACH) for held in (self._rows, self._cols))
        at = np.ix_(rows, cols)
        tone = self._tone[at].astype(np.float32)
        raw = (self._high - (1 - tone) * self._range) / max(float(self._high.max()), 1e-9)
        spread = np.minimum(np.ptp(tone, axis=2), np.ptp(raw, axis=2)).astype(np.float32)
        edge, peak = self._edge[at].astype(np.float32), self._peak[at].astype(np.float32)
        return Looks(tone, spread, edge, peak, self._known[at], self._cell, self._size_m, rows, cols)


def _near(held: NDArray[np.bool_], reach: int) -> NDArray[np.int64]:
    """The places along an axis that are no further than `reach` from one that is held."""
    ends = np.concatenate([[0], np.cumsum(held)])
    at = np.arange(len(held))
    return np.flatnonzero(ends[np.minimum(at + reach + 1, len(held))] > ends[np.maximum(at - reach, 0)])


def _shrunk(pixels: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """(rows, cols, 3) at a smaller size, each pixel the mean of its area, as OpenCV rounds it."""
    if all(5 * small == 2 * large for small, large in zip(shape, pixels.shape[:2], strict=True)):
        # Tiles of 0.2 m, the common case, in whole numbers: a third of the time. No mean lies halfway between two levels there.
        sums = _two_of_five(cv2.transpose(_two_of_five(pixels)))
        return np.asarray(cv2.transpose(cv2.convertScaleAbs(sums, alpha=1 / 25)), np.uint8)
    return np.asarray(cv2.resize(pixels, shape[::-1], interpolation=cv2.INTER_AREA), np.uint8)


def _two_of_five(pixels: NDArray[Any]) -> NDArray[np.uint16]:
    """(5 n, cols, 3) -> (2 n, cols, 3): five times the mean of each two and a half rows."""
    rows = pixels.reshape(len(pixels) // 5, 5, -1).astype(np.uint16)
    out = np.empty((len(rows), 2, rows.shape[2]), np.uint16)
    for i, (one, other) in enumerate(((0, 1), (3, 4))):
        np.add(rows[:, one], rows[:, other], out=out[:, i])
        out[:, i] *= 2
        out[:, i] += rows[:, 2]
    return out.reshape(-1, *pixels.shape[1:])


def _borders(begin: int, size: int, *, cell: float, cells: int, pixels: int) -> tuple[int, NDArray[np.int64]]:
    """Along one axis: the first cell that lies wholly in a tile, and the borders of all that do, in its small pixels."""
    first, last = max(0, math.ceil(begin / cell - 1e-9)), min(cells, math.floor((begin + size) / cell + 1e-9))
    borders = np.rint((np.arange(first, max(last, first) + 1) * cell - begin) * pixels / size).astype(np.int64)
    return first, np.clip(borders, 0, pixels)


def _change(light: Map, valid: NDArray[np.bool_] | None) -> Map:
    """(rows, cols): by how much light changes over a metre, across or down, whichever is more; 0 where part is not seen."""
    soft = cv2.blur(light, (2, 2), borderType=cv2.BORDER_REPLICATE)
    change = np.zeros_like(light)
    change[:, 1:-1] = cv2.absdiff(soft[:, 2:], soft[:, :-2])
    change[1:-1] = np.maximum(change[1:-1], cv2.absdiff(soft[2:], soft[:-2]))
    if valid is None:
        return change
    sure = cv2.erode(valid.view(np.uint8), np.ones((5, 5), np.uint8), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.copyTo(change, sure), np.float32)


def _summed(values: Map, y: NDArray[np.int64], x: NDArray[np.int64]) -> Map:
    """Sums over cells: values (rows, cols, ...), borders along both axes -> (len(y) - 1, len(x) - 1, ...)."""
    lines = _over_cells(values, y, add=_added)
    return np.asarray(np.add.reduceat(lines[:, x[0] : x[-1]], x[:-1] - x[0], axis=1), np.float32)


def _largest(values: Map, borders: NDArray[np.int64], *, axis: int = 0) -> Map:
    turned = np.swapaxes(values, 0, axis)
    return np.asarray(np.swapaxes(_over_cells(turned, borders, add=lambda rows: reduce(np.maximum, rows)), 0, axis))


def _over_cells(values: Map, borders: NDArray[np.int64], *, add: Callable[[list[Map]], Map]) -> Map:
    """(rows, ...) -> (cells, ...): the rows of each cell put together. Cells of equal size go together: nearly all are."""
    starts, sizes = borders[:-1], np.diff(borders)
    out = np.empty((len(starts), *values.shape[1:]), np.float32)
    for size in np.unique(sizes).tolist():
        alike = sizes == size
        first = starts[alike]
        out[alike] = add([values[first + i] for i in range(size)])
    return out


def _added(rows: list[Map]) -> Map:
    """The sum of rows in the order in which numpy's `reduceat` adds, so that no last bit hangs on how it is done."""
    first, rest = rows[0], rows[1:]
    if not rest:
        return first
    if len(rest) < 8:
        return np.asarray(first + reduce(np.add, rest), np.float32)
    eights = len(rest) - len(rest) % 8
    r = [reduce(np.add, rest[i:eights:8]) for i in range(8)]
    total = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
    return np.asarray(first + reduce(np.add, rest[eights:], total), np.float32)
