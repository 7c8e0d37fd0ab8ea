"""Mosaics: files of one lattice read as one picture, with few of them open at once."""

import math
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sattrack.errors import SceneError
from sattrack.imagery import Piece, Scene
from sattrack.readers.blocks import Known
from sattrack.readers.opening import gdal_options
from sattrack.readers.resampling import HELD_PX, means
from sattrack.readers.upright import Area, Upright
from sattrack.settings import Settings

# Of one mosaic in one thread. Each open file takes up to three of the system's handles.
MOST_OPEN = 16

Read = tuple[NDArray[Any], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class _Stored:
    """How the files are stored, by the first of them, as rasterio says it."""

    block_shapes: tuple[tuple[int, int], ...]
    count: int
    dtypes: tuple[str, ...]


class Mosaic:
    """What Upright is for one file, for the pieces of a scene: for one thread only, within `gdal_options`.

    Where pieces overlap, the earlier is seen, and the later where that has nothing (as rasterio.merge has it with "first").
    What no piece covers is 0 and not valid.
    """

    warped, turned = False, 1

    def __init__(self, scene: Scene, *, limits: Settings, overviews: bool = True, known: dict[int, Known]) -> None:
        """known: of the blocks of each piece, by its number; shared by those who read the scene."""
        self._pieces, self._limits, self._overviews, self._known = scene.pieces, limits, overviews, known
        self._open: OrderedDict[int, Upright] = OrderedDict()
        self.shape = scene.grid.shape
        first = self._upright(0)
        self.driver, self.palette = first.driver, first.palette
        self.raster = _Stored(tuple(first.raster.block_shapes), first.raster.count, tuple(first.raster.dtypes))
        self.block_rows = first.block_rows

    @property
    def declares_nodata(self) -> bool:
        """Whether any of the files says which of its pixels are none."""
        return any(self._upright(number).declares_nodata for number in range(len(self._pieces)))

    def mixes_in(self, nodata: float | None) -> bool:
        """As Upright.mixes_in: means are made here, of what is valid."""
        del nodata
        return False

    def read(
        self, bands: tuple[int, ...], area: Area, shape: tuple[int, int], *, nodata: float | None = None, mean: bool = True
    ) -> Read:
        """As Upright.read. Means are made of the files' own pixels, never of overviews, so that no seam shows in them."""
        if shape == (area[3], area[2]):
            return self._pasted(bands, (int(area[0]), int(area[1]), int(area[2]), int(area[3])), nodata=nodata)
        if not mean:
            return self._nearest(bands, area, shape, nodata=nodata)
        return means(partial(self._pasted, bands, nodata=nodata), area, shape, rows=self.shape[0])

    def cache_for(self, rows: int, *, least: int, most: int) -> int:
        """As Upright.cache_for: the files beside each other share one cache."""
        lines = (math.ceil(rows / self.block_rows) + 1) * self.block_rows
        needed = lines * self.shape[1] * self.raster.count * np.dtype(self.raster.dtypes[0]).itemsize
        return min(max(least, int(needed * 1.25)), most)

    def close(self) -> None:
        while self._open:
            self._open.popitem()[1].close()

    def _pasted(self, bands: tuple[int, ...], box: tuple[int, int, int, int], *, nodata: float | None) -> Read:
        """A window (column, row, width, height) at the files' own size."""
        col, row, width, height = box
        pixels, valid = self._nothing(bands, (height, width))
        for number, piece in self._under(box):
            left, top = max(col, piece.col), max(row, piece.row)
            right, bottom = min(col + width, piece.col + piece.shape[1]), min(row + height, piece.row + piece.shape[0])
            area = (left - piece.col, top - piece.row, right - left, bottom - top)
            found, seen = self._upright(number).read(bands, area, (bottom - top, right - left), nodata=nodata)
            at = slice(top - row, bottom - row), slice(left - col, right - col)
            _lay(pixels[at], valid[at], found, seen)
        return pixels, valid

    def _nearest(self, bands: tuple[int, ...], area: Area, shape: tuple[int, int], *, nodata: float | None) -> Read:
        """The pixels at the centres of a lattice of cells, as GDAL would take them from one file."""
        rows, cols = (
            np.minimum((start + (np.arange(n) + 0.5) * (length / n) + 1e-10).astype(int), most - 1)
            for start, length, n, most in zip((area[1], area[0]), (area[3], area[2]), shape, self.shape, strict=True)
        )
        pixels, valid = self._nothing(bands, shape)
        box = (int(cols[0]), int(rows[0]), int(cols[-1] - cols[0]) + 1, int(rows[-1] - rows[0]) + 1)
        for number, piece in self._under(box):
            down = slice(*np.searchsorted(rows, (piece.row, piece.row + piece.shape[0])).tolist())
            across = slice(*np.searchsorted(cols, (piece.col, piece.col + piece.shape[1])).tolist())
            if down.start == down.stop or across.start == across.stop:
                continue
            found, seen = self._picked(number, bands, rows[down] - piece.row, cols[across] - piece.col, nodata=nodata)
            _lay(pixels[down, across], valid[down, across], found, seen)
        return pixels, valid

    def _picked(
        self, number: int, bands: tuple[int, ...], rows: NDArray[Any], cols: NDArray[Any], *, nodata: float | None
    ) -> Read:
        """Some rows and columns of one file."""
        top, left = int(rows[0]), int(cols[0])
        high, wide = int(rows[-1]) - top + 1, int(cols[-1]) - left + 1
        picture = self._upright(number)
        if self._overviews and high * wide > HELD_PX:
            # A lattice of this file's own, out of its overviews where it has some: less than a step beside the other.
            return picture.read(bands, (left, top, wide, high), (len(rows), len(cols)), nodata=nodata, mean=False)
        found, seen = picture.read(bands, (left, top, wide, high), (high, wide), nodata=nodata)
        at = np.ix_(rows - top, cols - left)
        return found[at], seen[at]

    def _nothing(self, bands: tuple[int, ...], shape: tuple[int, int]) -> Read:
        channels, dtype = (len(bands), self.raster.dtypes[0]) if self.palette is None else (3, "uint8")
        return np.zeros((*shape, channels), dtype), np.zeros(shape, bool)

    def _under(self, box: tuple[int, int, int, int]) -> Iterator[tuple[int, Piece]]:
        """The pieces that share a pixel with a window, and their numbers, in order."""
        col, row, width, height = box
        for number, piece in enumerate(self._pieces):
            rows, cols = piece.shape
            if piece.col < col + width and col < piece.col + cols and piece.row < row + height and row < piece.row + rows:
                yield number, piece

    def _upright(self, number: int) -> Upright:
        """A piece's open file; where too many are open, the one that was not asked for the longest is closed."""
        if number in self._open:
            self._open.move_to_end(number)
            return self._open[number]
        while len(self._open) >= MOST_OPEN:
            self._open.popitem(last=False)[1].close()
        piece = self._pieces[number]
        made = Upright(piece.location, limits=self._limits, overviews=self._overviews, known=self._known.setdefault(number, {}))
        if made.shape != piece.shape or made.warped or made.turned != 1:
            made.close()
            raise SceneError("the file changed since it was looked at", where=piece.location, way_out="run again")
        if number and (made.palette is None) != (self.palette is None):
            made.close()
            raise SceneError(
                f"{'has no' if made.palette is None else 'has a'} palette of colours, unlike {self._pieces[0].location}, with "
                "which it is read as one picture",
                where=piece.location, way_out="save both as colour, or give them other scene names",
            )  # fmt: skip
        self._open[number] = made
        return made


Picture = Upright | Mosaic


def open_picture(scene: Scene, *, limits: Settings, overviews: bool = True, known: dict[int, Known]) -> Picture:
    """A scene's file, or its files as one; known: see Mosaic. For one thread, within `gdal_options`. Raises SceneError."""
    if scene.pieces:
        return Mosaic(scene, limits=limits, overviews=overviews, known=known)
    return Upright(scene.location, limits=limits, overviews=overviews, known=known.setdefault(0, {}))


def demand_end(scene: Scene, *, limits: Settings) -> bool:
    """SceneError where the last pixel of a file cannot be read, as of one that was cut off on its way. Returns whether its
    pixels are the numbers of a palette's colours.
    """
    with gdal_options(limits), closing(open_picture(scene, limits=limits, known={})) as picture:
        rows, cols = scene.grid.shape
        picture.read(scene.bands, (cols - 1, rows - 1, 1, 1), (1, 1))
        return picture.palette is not None


def _lay(pixels: NDArray[Any], valid: NDArray[np.bool_], found: NDArray[Any], seen: NDArray[np.bool_]) -> None:
    """Lays what was found over what is there, but for what was seen already."""
    if not valid.any():
        pixels[:], valid[:] = found, seen
        return
    new = seen & ~valid
    pixels[new], valid[new] = found[new], True
