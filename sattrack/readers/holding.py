"""Holding: a scene's files open for one thread, windows of them read at any size, with what of them is valid."""

import math

import numpy as np

from sattrack.errors import SceneError
from sattrack.imagery import Scene, Window, is_remote
from sattrack.readers.blocks import Known
from sattrack.readers.borders import Fill
from sattrack.readers.masks import open_mask
from sattrack.readers.mosaics import Picture, open_picture
from sattrack.readers.opening import gdal_options
from sattrack.readers.pieces import Pieces, piece_shape
from sattrack.readers.resampling import Pixels, Valid, means, resampled
from sattrack.readers.upright import Area
from sattrack.settings import Settings

# What was decoded may take this many times the block cache, rather than be decoded again for each row of tiles.
MOST_CACHES = 4
# Blocks that are read once need no cache but for the while in which GDAL takes one colour out of them after the other.
_LEAST_CACHE = 8 << 20
# Of no more pixels means are made here, where GDAL would mix in what it does not know to be nodata: a tile's, however fine.
_MOST_OWN_PX, _AT_ONCE_PX = 40_000_000, 2_000_000


class Held:
    """An open scene. fill: what of it is no ground although nobody said so. Raises SceneError, SceneRefused."""

    def __init__(self, scene: Scene, *, limits: Settings, fill: Fill | None, known: dict[int, Known] | None = None) -> None:
        """known: of the blocks of each of its files, shared by those who hold it."""
        self.scene, self._limits, self._fill = scene, limits, fill
        self._mask = None
        with gdal_options(limits):
            self._picture = open_picture(scene, limits=limits, known={} if known is None else known)
            try:
                unchanged(self._picture, scene)
                self._mask = open_mask(scene, limits=limits) if scene.mask else None
            except BaseException:
                self._picture.close()
                raise
        # Through a network the full pixels would be several times the bytes of an overview.
        near = self._picture.palette is None and not any(map(is_remote, scene.locations))
        self._mixes = near and (fill is not None or self._picture.mixes_in(scene.nodata))
        self._pieces: Pieces | None = None
        self._cache = limits.gdal_cache_bytes
        self._asked: tuple[int, int] | None = None

    def read(self, window: Window, out_shape: tuple[int, int]) -> tuple[Pixels, Valid]:
        """Raw pixels (rows, cols, channels) of a window at a size, and which are valid."""
        if self._asked != (window.height, window.width):
            self._asked = window.height, window.width
            self._prepare(window)
        return resampled(*self._padded(window, _first_shape(window, out_shape)), out_shape)

    def close(self) -> None:
        self._picture.close()
        if self._mask:
            self._mask.close()

    def _prepare(self, window: Window) -> None:
        """How windows of this size are best read: in pieces that are kept, or through a larger cache of GDAL's."""
        least, most = self._limits.gdal_cache_bytes, MOST_CACHES * self._limits.gdal_cache_bytes
        raster, shape = self._picture.raster, self._picture.shape
        self._cache = self._picture.cache_for(window.height, least=least, most=most)
        self._pieces = None
        if self._picture.warped or self._picture.turned != 1:
            return
        piece = piece_shape(shape, max(raster.block_shapes))
        rows, cols = ((n // p + 2) * p for n, p in zip((window.height, window.width), piece, strict=True))
        pixel = raster.count * np.dtype(raster.dtypes[0]).itemsize
        if min(rows, shape[0]) * min(cols, shape[1]) * pixel <= most:
            self._cache = min(least, max(_LEAST_CACHE, 2 * piece[0] * min(cols, shape[1]) * pixel))
            self._pieces = Pieces(self._decoded, shape=shape, piece=piece, most=most)

    def _decoded(self, area: Area) -> tuple[Pixels, Valid]:
        return self._sized(area, (int(area[3]), int(area[2])))

    def _sized(self, area: Area, shape: tuple[int, int]) -> tuple[Pixels, Valid]:
        """An area inside the scene at a size, but for the mask beside it."""
        if self._mixes and shape != (area[3], area[2]) and area[2] * area[3] <= _MOST_OWN_PX:
            return means(self._decoded, area, shape, rows=self.scene.grid.shape[0], most=_AT_ONCE_PX)
        with gdal_options(self._limits, cache_bytes=self._cache):
            raw, seen = self._picture.read(self.scene.bands, area, shape, nodata=self.scene.nodata)
        if self._fill is not None:
            seen &= ~self._fill.covers(raw, area=area, shape=self.scene.grid.shape)
        return raw, seen

    def _padded(self, window: Window, shape: tuple[int, int]) -> tuple[Pixels, Valid]:
        """A window decoded at a size; what lies outside the scene is 0 and not valid."""
        rows, cols = self.scene.grid.shape
        step = (window.height / shape[0], window.width / shape[1])
        top, bottom = _inside(window.row, rows, step=step[0], most=shape[0])
        left, right = _inside(window.col, cols, step=step[1], most=shape[1])
        if right > left and bottom > top:
            area = (window.col + left * step[1], window.row + top * step[0], (right - left) * step[1], (bottom - top) * step[0])
            if self._pieces is not None and step == (1.0, 1.0):
                raw, seen = self._pieces.read((int(area[0]), int(area[1]), right - left, bottom - top))
            else:
                raw, seen = self._sized(area, (bottom - top, right - left))
            if self._mask is not None:
                with gdal_options(self._limits, cache_bytes=self._cache):
                    seen &= self._mask.clear(area, seen.shape)
            if seen.shape == shape:
                return raw, seen
        channels = 3 if self._picture.palette is not None else len(self.scene.bands)
        pixels, valid = np.zeros((*shape, channels), self.scene.dtype), np.zeros(shape, bool)
        if right > left and bottom > top:
            pixels[top:bottom, left:right], valid[top:bottom, left:right] = raw, seen
        return pixels, valid


def window_in(scene: Scene, whole: tuple[Pixels, Valid], window: Window, out_shape: tuple[int, int]) -> tuple[Pixels, Valid]:
    """What a held scene would read, taken from all of its pixels and what of them is valid: nothing is decoded again."""
    (rows, cols), shape = scene.grid.shape, (window.height, window.width)
    top, bottom = _inside(window.row, rows, step=1.0, most=shape[0])
    left, right = _inside(window.col, cols, step=1.0, most=shape[1])
    pixels, valid = np.zeros((*shape, whole[0].shape[-1]), scene.dtype), np.zeros(shape, bool)
    if right > left and bottom > top:
        at = slice(window.row + top, window.row + bottom), slice(window.col + left, window.col + right)
        pixels[top:bottom, left:right], valid[top:bottom, left:right] = whole[0][at], whole[1][at]
    return resampled(pixels, valid, out_shape)


def at_full_size(window: Window, out_shape: tuple[int, int]) -> bool:
    """Whether a window is decoded pixel by pixel for such a size, and not as means of several."""
    return _first_shape(window, out_shape) == (window.height, window.width)


def unchanged(picture: Picture, scene: Scene) -> None:
    """SceneError where a picture is not of the shape that it had."""
    if picture.shape != scene.grid.shape:
        raise SceneError("the file changed since it was looked at", where=scene.location, way_out="run again")


def _first_shape(window: Window, out_shape: tuple[int, int]) -> tuple[int, int]:
    """The size at which a window is decoded: halved as often as leaves it no smaller than asked, for GDAL may have it ready."""
    times = min(window.height // max(out_shape[0], 1), window.width // max(out_shape[1], 1))
    if times < 2:
        return window.height, window.width
    halved = 1 << (times.bit_length() - 1)
    return -(-window.height // halved), -(-window.width // halved)


def _inside(start: int, length: int, *, step: float, most: int) -> tuple[int, int]:
    """Which of a window's decoded lines lie wholly inside a scene of this length: first, and one past the last."""
    # Coarse lines that straddle the scene's edge are given up; at full size none do.
    return max(0, math.ceil(-start / step - 1e-9)), min(most, math.floor((length - start) / step + 1e-9))
