"""Stretching: a scene's raw values to uint8 by one linear mapping a channel, the same for every tile."""

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sattrack.imagery import PERCENTILES, Stretch


def measure_stretch(
    pixels: NDArray[np.generic], valid: NDArray[np.bool_], *, percentiles: tuple[float, float] = PERCENTILES
) -> Stretch:
    """The mapping of a scene from a sample of its raw pixels: each channel from its own two percentiles.

    pixels: (..., 3) raw values. valid: (...) bool. What is not valid or not finite never enters. Where a channel's
    percentiles meet (open water with a few ships), its whole range is used; a constant channel becomes 0.
    """
    seen = pixels.reshape(-1, 3)[valid.reshape(-1)]
    if seen.dtype.kind == "f":
        seen = seen[np.isfinite(seen).all(axis=1)]
    if not len(seen):
        return Stretch((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), percentiles)
    bounds = [_bounds(seen[:, channel], percentiles=percentiles) for channel in range(3)]
    return Stretch((bounds[0][0], bounds[1][0], bounds[2][0]), (bounds[0][1], bounds[1][1], bounds[2][1]), percentiles)


def _bounds(values: NDArray[Any], *, percentiles: tuple[float, float]) -> tuple[float, float]:
    begin, end = (float(v) for v in np.percentile(values.astype(np.float64), percentiles))
    if end > begin:
        return begin, end
    begin, end = float(values.min()), float(values.max())
    return (begin, end) if end > begin else (begin, begin + 1.0)


def apply_stretch(raw: NDArray[np.generic], stretch: Stretch) -> NDArray[np.uint8]:
    """(rows, cols, 3) raw -> uint8, rounded and clipped; what is not finite becomes 0."""
    if raw.dtype == np.uint8:
        return np.asarray(cv2.LUT(np.ascontiguousarray(raw), _table(stretch, "uint8").T[None]), np.uint8)
    if raw.dtype in (np.uint16, np.int16, np.int8):
        table = _table(stretch, raw.dtype.name)
        index = raw.view(np.uint16 if raw.dtype.itemsize == 2 else np.uint8)
        return np.stack([table[channel].take(index[..., channel]) for channel in range(3)], axis=-1)
    return _mapped(raw, stretch)


@lru_cache(maxsize=16)
def _table(stretch: Stretch, dtype: str) -> NDArray[np.uint8]:
    """(3, n): the answer for every value that an 8 or 16-bit type has, in the order of its unsigned bit pattern."""
    kind = np.dtype(dtype)
    values = np.arange(1 << (8 * kind.itemsize)).astype(f"uint{8 * kind.itemsize}").view(kind)
    return np.ascontiguousarray(_mapped(np.repeat(values[:, None], 3, axis=1), stretch).T)


def _mapped(raw: NDArray[np.generic], stretch: Stretch) -> NDArray[np.uint8]:
    low, high = np.asarray(stretch.low), np.asarray(stretch.high)
    # The difference is taken in 64 bits: 32 would round large offsets before they cancel.
    share = ((raw - low) / (high - low)).astype(np.float32)
    level = np.rint(np.clip(np.nan_to_num(share, nan=0.0, posinf=0.0, neginf=0.0), 0, 1) * np.float32(255))
    return np.asarray(level, np.uint8)
