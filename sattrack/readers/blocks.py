"""Blocks: whether what was decoded of a GeoTIFF's blocks is what was written, as far as they carry a mark of it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window as RasterioWindow

from sattrack.readers.block_marks import Deflated, Jpegs

# Pixels are asked for in groups of blocks of about so many bytes: each call of GDAL's has its price.
_GROUP_BYTES = 1 << 20
_UNKNOWN, _WHOLE, _BAD = 0, 1, 2
_DEFLATE, _JPEG = ("DEFLATE",), ("JPEG", "YCbCr JPEG")

Area = tuple[float, float, float, float]  # column, row, width, height
# What is known of each block (planes, rows, cols) of a level: 0 the full size, then overviews. Threads of a scene share it.
Known = dict[int, NDArray[np.uint8]]


class Checks:
    """What of a file must be looked at before a window of it is believed. For one thread, while the raster is open."""

    def __init__(self, raster: Any, location: str, *, known: Known, overview: Callable[[int], Any]) -> None:
        """overview: opens one by its number."""
        self._raster, self._location, self._known, self._overview = raster, location, known, overview
        # Of others it is not even asked: over a damaged JPEG 2000 GDAL would not come back.
        said = raster.tags(ns="IMAGE_STRUCTURE").get("COMPRESSION") if raster.driver == "GTiff" else ""
        self.none = said not in (*_DEFLATE, *_JPEG) or not Path(location).is_file()
        self._factors = [] if self.none else raster.overviews(1)
        self._levels: dict[int, _Blocks] = {}

    def close(self) -> None:
        for blocks in self._levels.values():
            blocks.close()
        self._levels.clear()

    def bad(
        self, area: Area, shape: tuple[int, int], *, pixels: NDArray[Any] | None = None
    ) -> list[tuple[int, int]]:  # fmt: skip
        """Where (column, row) blocks begin that are not what was written, of those that GDAL may decode for an area read at a
        shape (rows, cols); in pixels of the full size or of an overview.

        pixels: (bands, rows, cols), all bands of an area read at its full size, where the caller has them: what several of
        GDAL's threads decoded at once is in no cache, and would be decoded again.
        """
        if self.none:
            return []
        shrunk = min(area[2] / shape[1], area[3] / shape[0])
        # Which one it is hangs on how it rounds: the finer is decoded at times where the coarser would do.
        levels = {sum(factor <= reach * shrunk for factor in self._factors) for reach in (1.0, 1.2)}
        return [
            place for level in sorted(levels)
            for place in self._blocks(level).bad(area, whole=self._raster.shape, pixels=None if level else pixels)
        ]  # fmt: skip

    def _blocks(self, level: int) -> "_Blocks":
        if level not in self._levels:
            raster = self._overview(level - 1) if level else self._raster
            self._levels[level] = _Blocks(raster, self._location, known=self._known, base=self._raster, level=level)
        return self._levels[level]


class _Blocks:
    """The blocks of one level of a file."""

    def __init__(self, raster: Any, location: str, *, known: Known, base: Any, level: int) -> None:
        self._raster, self._base, self._level = raster, base, level
        self._block: tuple[int, int] = raster.block_shapes[0]
        said = base.tags(ns="IMAGE_STRUCTURE") | base.tags(1, ns="IMAGE_STRUCTURE")
        self._planes = raster.count if base.tags(ns="IMAGE_STRUCTURE").get("INTERLEAVE") == "BAND" else 1
        self._count = (-(-raster.height // self._block[0]), -(-raster.width // self._block[1]))
        # Of one tall strip GDAL makes blocks of a line each, and tells only where the first begins: the whole strip's mark.
        self._made_up = not raster.is_tiled and self._block[0] == 1 and raster.height > 1 and not self._lying(1, 1, 0)[1]
        self._known = known.setdefault(level, np.zeros((self._planes, *self._count), np.uint8))
        dtype, bands = np.dtype(raster.dtypes[0]), raster.count // self._planes
        self._pixel_bytes = dtype.itemsize * raster.count
        self._buffer = np.empty((0, 0, 0), dtype)
        self._marks: Deflated | Jpegs
        if said["COMPRESSION"] in _DEFLATE:
            self._marks = Deflated(
                Path(location), block=self._block, tiled=raster.is_tiled, bands=bands, dtype=dtype, said=said
            )
        else:
            self._marks = Jpegs(Path(location))

    def close(self) -> None:
        self._marks.close()
        if self._raster is not self._base:
            self._raster.close()

    def bad(self, area: Area, *, whole: tuple[int, int], pixels: NDArray[Any] | None) -> list[tuple[int, int]]:
        """area: in pixels of the full size, whose shape (rows, cols) is `whole`. pixels: what was decoded of it, if known."""
        if self._made_up:
            return []
        rows, cols = (
            range(int(start * scale // block), min(count, -int(-(start + length) * scale // block)))
            for start, length, scale, block, count in zip(
                (area[1], area[0]), (area[3], area[2]), np.divide(self._raster.shape, whole).tolist(), self._block, self._count,
                strict=True,
            )
        )  # fmt: skip
        known = self._known[:, rows.start : rows.stop, cols.start : cols.stop]
        if (known == _UNKNOWN).any():
            for row in rows:
                for group in self._groups(cols):
                    self._prove(row, group, area=area, pixels=pixels)
        return [
            ((cols.start + col) * self._block[1], (rows.start + row) * self._block[0])
            for row, col in np.argwhere((known == _BAD).any(axis=0)).tolist()
        ]

    def _groups(self, cols: range) -> Iterator[range]:
        size = max(1, _GROUP_BYTES // (self._block[0] * self._block[1] * self._pixel_bytes))
        for first in range(cols.start, cols.stop, size):
            yield range(first, min(first + size, cols.stop))

    def _prove(self, row: int, cols: range, *, area: Area, pixels: NDArray[Any] | None) -> None:
        """Looks at what is not known yet of some blocks beside each other."""
        unknown = np.argwhere(self._known[:, row, cols.start : cols.stop] == _UNKNOWN).tolist()
        lying = {(plane, i): self._lying(plane + 1, row, cols[i]) for plane, i in unknown}
        raw = None
        if self._marks.needs_pixels and any(size for _, size in lying.values()):
            raw = None if pixels is None else self._part(row, cols, area=area, pixels=pixels)
            raw = self._decoded(row, cols) if raw is None else raw
        high, wide = self._block
        lines = min(high, self._raster.height - row * high)
        for (plane, i), (offset, size) in lying.items():
            bands = slice(plane, plane + 1) if self._planes > 1 else slice(None)
            mine = None if raw is None else raw[bands, :, i * wide : (i + 1) * wide]
            shape = lines, min(wide, self._raster.width - cols[i] * wide)
            # What was never written is a hole.
            sound = not size or self._marks.is_sound(offset, size, shape=shape, pixels=mine)
            self._known[plane, row, cols[i]] = _WHOLE if sound else _BAD

    def _part(self, row: int, cols: range, *, area: Area, pixels: NDArray[Any]) -> NDArray[Any] | None:
        """Of an area's pixels those of some blocks; none where it does not hold them whole."""
        left, top, width, height = self._extent(row, cols)
        x, y = left - int(area[0]), top - int(area[1])
        if x < 0 or y < 0 or x + width > pixels.shape[2] or y + height > pixels.shape[1]:
            return None
        return pixels[:, y : y + height, x : x + width]

    def _extent(self, row: int, cols: range) -> tuple[int, int, int, int]:
        """Column, row, width and height of some blocks, as far as they lie in the picture."""
        high, wide = self._block
        left, top = cols.start * wide, row * high
        return left, top, min(cols.stop * wide, self._raster.width) - left, min(high, self._raster.height - top)

    def _decoded(self, row: int, cols: range) -> NDArray[Any]:
        """Pixels (bands, rows, cols), until the next call. From GDAL's cache, but for those of overviews."""
        left, top, width, height = self._extent(row, cols)
        shape = (self._raster.count, height, width)
        if self._buffer.shape != shape:
            # Fresh memory for each would cost as much as the copying.
            self._buffer = np.empty(shape, self._raster.dtypes[0])
        return np.asarray(self._raster.read(window=RasterioWindow(left, top, width, height), out=self._buffer))

    def _lying(self, band: int, row: int, col: int) -> tuple[int, int]:
        """Offset and size of a block in the file; 0 for a hole."""
        level = {"ovr": self._level - 1} if self._level else {}
        names = (f"BLOCK_{name}_{col}_{row}" for name in ("OFFSET", "SIZE"))
        offset, size = (int(self._base.get_tag_item(name, "TIFF", bidx=band, **level) or 0) for name in names)
        return offset, size
