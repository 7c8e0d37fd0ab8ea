"""Resampling: pixels and their mask at another size, so that what is not valid never bleeds into what is."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

# Pixels that are held at a file's own size while means are made of them.
HELD_PX = 8_000_000
_MERGED = ("uint8", "int8", "uint16", "int16", "int32", "float32", "float64")
_RESIZED = ("uint8", "uint16", "int16", "float32", "float64")

Pixels = NDArray[np.generic]
Valid = NDArray[np.bool_]


def resampled(pixels: NDArray[Any], valid: Valid, shape: tuple[int, int]) -> tuple[Pixels, Valid]:
    """Pixels (rows, cols, channels) and mask at another size: means where it shrinks, cubic where it grows.

    What is not valid never bleeds into what is: beside it only valid pixels are weighed. A pixel of the new size is valid
    where at least half of it was.
    """
    if pixels.shape[:2] == shape:
        return pixels, valid
    if not valid.any():
        return np.zeros((*shape, pixels.shape[-1]), pixels.dtype), np.zeros(shape, bool)
    work = pixels if pixels.dtype.name in _RESIZED else pixels.astype(np.float64)
    if valid.all():
        return _typed(_resized(work, shape, grows=cv2.INTER_CUBIC), pixels.dtype), np.ones(shape, bool)
    share = _resized(valid.astype(np.float32), shape, grows=cv2.INTER_LINEAR)
    seen = share >= 0.5
    weighed = np.where(valid[..., None], work, 0).astype(np.float64 if work.dtype == np.float64 else np.float32)
    total = _resized(weighed, shape, grows=cv2.INTER_LINEAR) / np.maximum(share, 0.5)[..., None]
    return _typed(np.where(seen[..., None], total, 0), pixels.dtype), seen


def means(
    decode: Callable[[tuple[int, int, int, int]], tuple[Pixels, Valid]],
    area: tuple[float, float, float, float],
    shape: tuple[int, int],
    *,
    rows: int,
    most: int = HELD_PX,
) -> tuple[Pixels, Valid]:
    """An area (column, row, width, height) of a picture of so many rows at a smaller size (rows, cols): means of its pixels.

    decode: those of a box, and which are valid; asked for a band of lines of `most` pixels at a time.
    """
    step = area[3] / shape[0]
    lines = max(1, int(most / max(step * area[2], 1)))
    left, right = round(area[0]), max(round(area[0] + area[2]), round(area[0]) + 1)
    parts = []
    for first in range(0, shape[0], lines):
        last = min(first + lines, shape[0])
        top = min(round(area[1] + first * step), rows - 1)
        bottom = max(top + 1, round(area[1] + last * step))
        parts.append(resampled(*decode((left, top, right - left, bottom - top)), (last - first, shape[1])))
    return np.concatenate([pixels for pixels, _ in parts]), np.concatenate([valid for _, valid in parts])


def blanked(pixels: NDArray[Any], valid: Valid) -> Pixels:
    """Pixels (rows, cols, 3) with 0 where they are not valid; the same array where all are."""
    if valid.all():
        return pixels
    if pixels.dtype.name in _RESIZED:
        # Twenty times as fast as by an index.
        return np.asarray(cv2.copyTo(pixels, valid.view(np.uint8)))
    return np.where(valid[..., None], pixels, pixels.dtype.type(0))


def interleaved(raw: NDArray[Any], *, into: NDArray[Any] | None = None) -> NDArray[Any]:
    """(bands, rows, cols) -> (rows, cols, bands), contiguous. into: memory that may be used for it."""
    if len(raw) == 1:
        return np.asarray(raw[0][..., None])
    # Several times faster than numpy's copy of transposed axes, where OpenCV knows the type.
    merged = raw.dtype.name in _MERGED
    return np.asarray(cv2.merge(list(raw), dst=into)) if merged else np.ascontiguousarray(np.moveaxis(raw, 0, -1))


def _resized(values: NDArray[Any], shape: tuple[int, int], *, grows: int) -> NDArray[Any]:
    """One axis after the other where one shrinks and the other grows, which OpenCV would do with one method for both."""
    rows, cols = values.shape[:2]
    if (shape[0] < rows) != (shape[1] < cols) and shape[0] != rows and shape[1] != cols:
        values = _resized(values, (min(shape[0], rows), min(shape[1], cols)), grows=grows)
        rows, cols = values.shape[:2]
    way = cv2.INTER_AREA if shape[0] <= rows and shape[1] <= cols else grows
    out = cv2.resize(values, (shape[1], shape[0]), interpolation=way)
    # OpenCV drops the axis of a single channel.
    return np.asarray(out[..., None] if values.ndim == 3 and out.ndim == 2 else out)


def _typed(pixels: NDArray[Any], dtype: np.dtype[Any]) -> Pixels:
    if pixels.dtype == dtype or dtype.kind == "f":
        return pixels.astype(dtype, copy=False)
    limits = np.iinfo(dtype)
    return np.asarray(np.clip(np.rint(pixels), limits.min, limits.max), dtype)
