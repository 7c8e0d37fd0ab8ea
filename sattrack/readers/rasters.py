"""Rasters: windows of a scene's pixels at any size, read with one handle a thread, never a whole scene."""

import hashlib
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.windows import Window as RasterioWindow

from sattrack.errors import SceneError
from sattrack.imagery import Scene, Window
from sattrack.readers.opening import gdal_options, open_raster
from sattrack.settings import Settings

_SAMPLE_PX = 1_000_000
_CHUNK = 4 << 20


class RasterReader:
    """Reads scenes through rasterio; safe from several threads."""

    def __init__(self, limits: Settings | None = None) -> None:
        self._limits = limits or Settings()
        self._local = threading.local()
        self._lock = threading.Lock()
        self._open: list[Any] = []
        self._digests: dict[tuple[str, int, int], str] = {}

    def read(self, scene: Scene, window: Window, out_shape: tuple[int, int]) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        """Raw pixels (rows, cols, 3) of a window resampled to out_shape, and what of them was seen. Raises SceneError."""
        raw, valid = self._whole(scene, window)
        return resampled(raw, valid, out_shape)

    def sample(self, scene: Scene) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        """About a million raw pixels (n, 3) from all over a scene, and which are valid (n,)."""
        rows, cols = scene.grid.shape
        factor = max(1.0, (rows * cols / _SAMPLE_PX) ** 0.5)
        shape = (max(1, round(rows / factor)), max(1, round(cols / factor)))
        with gdal_options(self._limits):
            raw, valid = self._decoded(scene, Window(0, 0, cols, rows), shape)
        return repeated(raw).reshape(-1, 3), valid.reshape(-1)

    def digest(self, scene: Scene) -> str:
        """sha256 of a scene's whole content; remembered by path, size and time of change."""
        path = Path(scene.location)
        try:
            about = path.stat()
            key = (str(path), about.st_size, about.st_mtime_ns)
            if key not in self._digests:
                total = hashlib.sha256()
                with path.open("rb") as file:
                    while chunk := file.read(_CHUNK):
                        total.update(chunk)
                self._digests[key] = total.hexdigest()
        except OSError as error:
            raise SceneError(f"cannot be read: {error.strerror}", where=scene.location) from error
        return self._digests[key]

    def close(self) -> None:
        with self._lock:
            for raster in self._open:
                raster.close()
            self._open.clear()
            self._local = threading.local()

    def _whole(self, scene: Scene, window: Window) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        """A window at the file's own pixels; what lies outside the scene is 0 and not valid."""
        rows, cols = scene.grid.shape
        left, top = max(0, window.col), max(0, window.row)
        right, bottom = min(cols, window.col + window.width), min(rows, window.row + window.height)
        channels = 3
        if right <= left or bottom <= top:
            return np.zeros((window.height, window.width, channels), scene.dtype), np.zeros((window.height, window.width), bool)
        inside = Window(left, top, right - left, bottom - top)
        with gdal_options(self._limits):
            raw, valid = self._decoded(scene, inside, (inside.height, inside.width))
        raw = repeated(raw)
        if inside == window:
            return raw, valid
        pixels = np.zeros((window.height, window.width, channels), raw.dtype)
        seen = np.zeros((window.height, window.width), bool)
        at = np.s_[top - window.row : bottom - window.row, left - window.col : right - window.col]
        pixels[at], seen[at] = raw, valid
        return pixels, seen

    def _decoded(self, scene: Scene, window: Window, shape: tuple[int, int]) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        raster = self._handle(scene)
        area = RasterioWindow(window.col, window.row, window.width, window.height)
        try:
            raw = raster.read(list(scene.bands), window=area, out_shape=(len(scene.bands), *shape))
            masked = any("per_dataset" in [f.name for f in flags] for flags in raster.mask_flag_enums)
            valid = raster.read_masks(scene.bands[0], window=area, out_shape=shape) > 0 if masked else np.ones(shape, bool)
        except (RasterioError, OSError) as error:
            raise SceneError(
                f"the pixels cannot be read: {' '.join(str(error.__cause__ or error).split())[:200]}",
                where=scene.location,
                way_out="the file is damaged or incomplete: fetch it again",
            ) from error
        if raw.dtype.kind == "f":
            valid &= np.isfinite(raw).all(axis=0)
        if scene.nodata is not None:
            valid &= ~(raw == scene.nodata).all(axis=0)
        pixels = np.ascontiguousarray(np.moveaxis(raw, 0, -1))
        pixels[~valid] = 0
        return pixels, valid

    def _handle(self, scene: Scene) -> Any:
        """This thread's own dataset: GDAL's are not safe to share."""
        held = getattr(self._local, "held", None)
        if held is not None and held[0] == scene.location:
            return held[1]
        raster = open_raster(scene.location, limits=self._limits)
        with self._lock:
            if held is not None:
                held[1].close()
                self._open.remove(held[1])
            self._open.append(raster)
        self._local.held = (scene.location, raster)
        return raster


def repeated(raw: NDArray[np.generic]) -> NDArray[np.generic]:
    """(rows, cols, 1 or 3) -> (rows, cols, 3): gray three times."""
    return raw if raw.shape[-1] == 3 else np.repeat(raw, 3, axis=-1)


def resampled(
    raw: NDArray[Any], valid: NDArray[np.bool_], shape: tuple[int, int]
) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
    """Pixels and mask at another size: means where it shrinks, cubic where it grows; what is not valid never bleeds in."""
    if raw.shape[:2] == shape:
        return raw, valid
    shrinks = shape[0] <= raw.shape[0] and shape[1] <= raw.shape[1]
    size = (shape[1], shape[0])
    work = raw if raw.dtype.name in ("uint8", "uint16", "int16", "float32", "float64") else raw.astype(np.float64)
    if valid.all():
        out = cv2.resize(work, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
        return _typed(out, raw.dtype), np.ones(shape, bool)
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    share = cv2.resize(valid.astype(np.float32), size, interpolation=way)
    seen = share >= 0.5
    weighted = cv2.resize(np.where(valid[..., None], work, 0).astype(np.float64), size, interpolation=way)
    out = np.where(seen[..., None], weighted / np.maximum(share, 1e-6)[..., None], 0)
    return _typed(out, raw.dtype), seen


def _typed(pixels: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[np.generic]:
    if pixels.dtype == dtype or dtype.kind == "f":
        return pixels.astype(dtype, copy=False)
    limits = np.iinfo(dtype)
    return np.clip(np.rint(pixels), limits.min, limits.max).astype(dtype)
