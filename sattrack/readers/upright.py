"""Upright: a raster as it is meant to be seen: turned by its EXIF tag, warped by its control points, its palette expanded."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp, Resampling
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window as RasterioWindow

from sattrack.errors import RemoteError, SceneError
from sattrack.projections import flat_about
from sattrack.readers.blocks import Checks, Known
from sattrack.readers.exif import TURNS, orientation
from sattrack.readers.forgiving import Forgiving
from sattrack.readers.holes import Gaps, Holes
from sattrack.readers.opening import DAMAGED, gdal_errors, open_raster
from sattrack.readers.remote.rasters import failure_of
from sattrack.readers.resampling import interleaved
from sattrack.readers.vrts import vrt_boxes
from sattrack.settings import Settings

Area = tuple[float, float, float, float]  # column, row, width, height

_NO_TRANSFORM = ((1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 0.0, 0.0, 0.0))


class Upright:
    """An open file: for one thread only, within `gdal_options`. `turned` and `warped` say what was done to its pixels."""

    def __init__(
        self, location: str, *, limits: Settings, overviews: bool = True, known: Known | None = None, coded: bool = False
    ) -> None:
        """known: of the file's blocks, kept by who reads it in several threads. coded: its values are what is asked for, and
        no colours, whatever palette stands for them.
        """
        self.location = location
        self._coded = coded
        self._known: Known = {} if known is None else known
        self._checks: Checks | None = None
        self._limits = limits
        self._forgiving: Forgiving | None = None
        self.file = open_raster(location, limits=limits)
        self.raster = self.file
        try:
            with gdal_errors(location):
                if not overviews:
                    self._leave_overviews(limits)
                self._look()
        except BaseException:
            self.close()
            raise

    def _leave_overviews(self, limits: Settings) -> None:
        # Opened without overviews, a file's control points are not there either.
        if self.file.overviews(1) and not self.file.gcps[0]:
            self.file.close()
            self.file = self.raster = open_raster(self.location, limits=limits, overviews=False)

    def _look(self) -> None:
        """What must be known before the first pixel is read."""
        self.driver: str = self.file.driver
        plain = self.file.crs is None and tuple(self.file.transform[:6]) in _NO_TRANSFORM
        self.warped = bool(plain and self.file.gcps[0] and self.file.gcps[1])
        if self.warped:
            self._warp()
        self.turned = orientation(self.file, self.location) if plain and not self.warped else 1
        self._turn = TURNS[self.turned]
        self._all_bands = tuple(range(1, self.raster.count + 1))
        rows, cols = self.raster.height, self.raster.width
        self.shape: tuple[int, int] = (cols, rows) if self._turn[2] else (rows, cols)
        self.palette = self._palette()
        self._black = self._black_of_white()
        flags = [flag.name for band in self.raster.mask_flag_enums for flag in band]
        masked = "per_dataset" in flags
        # An alpha band is a mask to GDAL only where it is the second of two or the fourth of four, and nodata is not declared.
        kinds = self.raster.colorinterp
        self._alpha = kinds.index(ColorInterp.alpha) + 1 if not masked and ColorInterp.alpha in kinds else 0
        self.declares_mask = masked or self._alpha > 0
        self._checks = Checks(self.file, self.location, known=self._known, overview=self._overview)
        self._holes = None if self.warped else self._looked_for_holes()

    def _looked_for_holes(self) -> Holes | Gaps | None:
        if self.driver == "VRT":
            return Gaps(vrt_boxes(Path(self.location)), shape=self.raster.shape)
        return Holes(self.raster) if self.driver == "GTiff" else None

    @property
    def declares_nodata(self) -> bool:
        """Whether the file itself says which of its pixels are none."""
        return self.declares_mask or any(v is not None for v in self.raster.nodatavals)

    def mixes_in(self, nodata: float | None) -> bool:
        """Whether what is not valid may be in the means of what it lies beside. GDAL leaves out what the file itself declares,
        but of no hole and not of gray that runs from white; and the means around a bad block are not GDAL's.
        """
        declared = any(value is not None for value in self.raster.nodatavals)
        left_out = nodata is None or (declared and self._limits.on_bad_tile == "fail" and not self._black)
        return not left_out or (self._holes is not None and self._holes.some)

    def read(
        self, bands: tuple[int, ...], area: Area, shape: tuple[int, int], *, nodata: float | None = None, mean: bool = True
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Pixels (rows, cols, channels) of an area inside the raster at a given size, and which of them are valid: finite, not
        nodata in all bands, and not masked by the file itself.

        mean: where the size is smaller than the area, means rather than the nearest pixel. Raises SceneError.
        """
        with gdal_errors(self.location, what="the pixels cannot be read"):
            pixels, valid = self._turned(bands, area, shape, nodata=nodata, mean=mean)
        # GDAL may take what never came for zeros.
        if failure := failure_of(self.file):
            raise failure
        return pixels, valid

    def _turned(
        self, bands: tuple[int, ...], area: Area, shape: tuple[int, int], *, nodata: float | None, mean: bool
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        flip_rows, flip_cols, exchange = self._turn
        col, row, width, height = area
        if exchange:
            col, row, width, height, shape = row, col, height, width, (shape[1], shape[0])
        col = self.raster.width - col - width if flip_cols else col
        row = self.raster.height - row - height if flip_rows else row
        pixels, valid = self._decoded(
            bands, (col, row, width, height), shape, nodata=nodata, mean=mean and self.palette is None
        )
        pixels = pixels[:: -1 if flip_rows else 1, :: -1 if flip_cols else 1]
        valid = valid[:: -1 if flip_rows else 1, :: -1 if flip_cols else 1]
        if exchange:
            pixels, valid = pixels.swapaxes(0, 1), valid.swapaxes(0, 1)
        return np.ascontiguousarray(pixels), np.ascontiguousarray(valid)

    @property
    def block_rows(self) -> int:
        """Lines of a block."""
        return int(max(self.raster.block_shapes)[0])

    def cache_for(self, rows: int, *, least: int, most: int) -> int:
        """Bytes of cache, within bounds, that hold all blocks under so many rows of the whole width: with less, each would be
        decoded again for each colour, and for each window beside the last.
        """
        if self._turn[2]:
            return least
        lines = (math.ceil(rows / self.block_rows) + 1) * self.block_rows
        needed = lines * self.raster.width * self.raster.count * np.dtype(self.raster.dtypes[0]).itemsize
        # Each block also costs GDAL a little bookkeeping, which tells for strips of one row.
        return min(max(least, int(needed * 1.25)), most)

    def close(self) -> None:
        if self._checks is not None:
            self._checks.close()
        if self.raster is not self.file:
            self.raster.close()
        self.file.close()

    def _overview(self, number: int) -> Any:
        return open_raster(self.location, limits=self._limits, overview=number)

    def _warp(self) -> None:
        opaque = not any(v is not None for v in self.file.nodatavals) and ColorInterp.alpha not in self.file.colorinterp
        # Between two numbers of a palette lies the number of some third colour.
        numbers = self._coded or self.file.colorinterp[0] == ColorInterp.palette
        way = Resampling.nearest if numbers else Resampling.bilinear
        points, crs = self.file.gcps
        with gdal_errors(self.location, what="the ground control points cannot be used", way_out="georeference it again"):
            # Pixels square in degrees are longer than wide on the ground: at 60 degrees they would hold half of the detail.
            flat = self._flat(points) if crs.is_geographic else crs
            self.raster = WarpedVRT(self.file, src_crs=crs, crs=flat, resampling=way, add_alpha=opaque)

    def _flat(self, points: Sequence[GroundControlPoint]) -> str:
        """The CRS of metres about control points in degrees. SceneError where they span no ground."""
        lon, lat = np.array([(point.x, point.y) for point in points]).T
        if not (np.ptp(lon) < 180 and np.abs(lat).max() <= 90):
            raise SceneError(
                "the ground control points are no longitudes and latitudes, or lie on both sides of the antimeridian",
                where=self.location, way_out="georeference it in metres",
            )  # fmt: skip
        return flat_about(float(lon[0]), float(lat[0]))

    def _palette(self) -> NDArray[np.uint8] | None:
        """(256 or 65536, 4) red, green, blue, alpha of each index; none for files without one."""
        indices = {"uint8": 1 << 8, "uint16": 1 << 16}.get(self.raster.dtypes[0])
        if self._coded or self.raster.colorinterp[0] != ColorInterp.palette or indices is None:
            return None
        table = np.zeros((indices, 4), np.uint8)
        for index, colour in self.raster.colormap(1).items():
            if 0 <= index < indices:
                table[index] = colour
        return table

    def _black_of_white(self) -> int:
        """The value of black in 8-bit gray that runs from white, as negatives and faxes are stored; 0 where it does not."""
        if self.driver != "GTiff" or self.file.count > 1 or self.palette is not None or self.file.dtypes[0] != "uint8":
            return 0
        said = self.file.tags(ns="IMAGE_STRUCTURE") | self.file.tags(1, ns="IMAGE_STRUCTURE")
        return (1 << int(said.get("NBITS", 8))) - 1 if said.get("MINISWHITE") == "YES" else 0

    def _decoded(
        self, bands: tuple[int, ...], area: Area, shape: tuple[int, int], *, nodata: float | None, mean: bool
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        rows = self.raster.height
        # Truncated PNGs read whole return memory that was never written, without an error; by parts they raise.
        if self.driver == "PNG" and area == (0, 0, self.raster.width, rows) and shape == (rows, self.raster.width) and rows > 1:
            half = rows // 2
            parts = [
                self._decoded(bands, (0, top, area[2], height), (height, shape[1]), nodata=nodata, mean=mean)
                for top, height in ((0, half), (half, rows - half))
            ]
            return np.concatenate([p for p, _ in parts]), np.concatenate([v for _, v in parts])
        holes = None if self._holes is None or self._holes.none else self._holes.under(area, shape)
        if holes is not None and holes.all():
            # GDAL would fill a block of zeros for each of what may be hundreds of thousands.
            return self._nothing(bands, shape)
        window = RasterioWindow(*area)
        way = Resampling.average if mean and (shape[0] < area[3] or shape[1] < area[2]) else Resampling.nearest
        raw, valid = self._raw(bands, window, shape, way=way)
        if raw.dtype.kind == "f":
            valid &= np.isfinite(raw).all(axis=0)
        if nodata is not None:
            valid &= ~(raw == self._nodata_of(bands, nodata)).all(axis=0)
        pixels = interleaved(raw)
        if self._black:
            pixels = self._black - pixels
        if self.palette is not None:
            colours = self.palette[raw[0]]
            pixels, valid = colours[..., :3], valid & (colours[..., 3] > 0)
        if holes is not None:
            valid &= ~holes
        return pixels, valid

    def _nodata_of(self, bands: tuple[int, ...], nodata: float) -> float | NDArray[np.float64]:
        """nodata; (bands, 1, 1) of what each band has by itself, as of a PNG in which one colour is clear."""
        own = [nodata if value is None else value for value in (self.raster.nodatavals[band - 1] for band in bands)]
        return nodata if len(set(map(str, own))) == 1 else np.array(own)[:, None, None]

    def _nothing(self, bands: tuple[int, ...], shape: tuple[int, int]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        channels, dtype = (len(bands), self.raster.dtypes[0]) if self.palette is None else (3, "uint8")
        return np.zeros((*shape, channels), dtype), np.zeros(shape, bool)

    def _raw(
        self, bands: tuple[int, ...], window: RasterioWindow, shape: tuple[int, int], *, way: Resampling
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Raw pixels (bands, rows, cols), and which of them are neither masked by the file nor in a bad block to be masked."""
        try:
            with gdal_errors(self.location, what="the pixels cannot be read"):
                raw = self.raster.read(list(bands), window=window, out_shape=(len(bands), *shape), resampling=way)
                self._check(window, shape, raw=raw if bands == self._all_bands else None)
                return raw, self._shown(bands, window, shape, mean=way == Resampling.average)
        except RemoteError:
            raise  # no fault of the file's
        except SceneError:
            if self._limits.on_bad_tile == "fail" or self.driver != "GTiff" or self.warped:
                raise
        if self._forgiving is None:
            self._forgiving = Forgiving(self.raster, shown=self._shown, check=self._check)
        return self._forgiving.read(bands, window, shape, mean=way == Resampling.average)

    def _shown(
        self, bands: tuple[int, ...], window: RasterioWindow, shape: tuple[int, int], *, mean: bool = False
    ) -> NDArray[np.bool_]:
        """What the file itself does not mask (rows, cols)."""
        if self._alpha:
            alpha = self.raster.read(self._alpha, window=window, out_shape=shape)
            seen = np.asarray(alpha > 0)
            # Of a mean of shown and hidden pixels the hidden are a part.
            return seen & (self._mean_alpha(window, shape) >= alpha) if mean else seen
        if self.declares_mask:
            return np.asarray(self.raster.read_masks(bands[0], window=window, out_shape=shape) > 0)
        return np.ones(shape, bool)

    def _mean_alpha(self, window: RasterioWindow, shape: tuple[int, int]) -> NDArray[Any]:
        return np.asarray(self.raster.read(self._alpha, window=window, out_shape=shape, resampling=Resampling.average))

    def _check(self, window: RasterioWindow, shape: tuple[int, int], *, raw: NDArray[Any] | None = None) -> None:
        """SceneError where what was decoded for a window is not what was written. raw: all bands of what was decoded."""
        assert self._checks is not None
        area: Area = (window.col_off, window.row_off, window.width, window.height)
        if self.warped:
            # Which pixels a warped window is made of is the projection's to say.
            area, shape, raw = (0, 0, self.file.width, self.file.height), (self.file.height, self.file.width), None
        whole = raw is not None and shape == (area[3], area[2]) and all(float(n).is_integer() for n in area)
        if bad := self._checks.bad(area, shape, pixels=raw if whole else None):
            col, row = bad[0]
            raise SceneError(
                f"the pixels cannot be read: the block at column {col}, row {row} is not what was written",
                where=self.location, way_out=DAMAGED,
            )  # fmt: skip
