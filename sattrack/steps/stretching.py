"""Stretching: a scene's raw values to uint8 by one linear mapping a channel, the same for every tile."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from sattrack.imagery import PERCENTILES, Stretch

# About a tile of the model: yards are cut to such pieces where the weights are trained.
_BLOCK_M = 128.0
_LEAST_BLOCK_PX = 16
_LEAST_VALID = 0.05
# Measured: boxes are still found where they fill a fifth of the range, but not where half of their range is clipped.
_MOST_WIDENED = 6.0
_RARE = 0.1

Values = NDArray[np.float64]


def measure_stretch(
    pixels: NDArray[np.generic], valid: NDArray[np.bool_], *, size_m: tuple[float, float] | None = None,
    percentiles: tuple[float, float] = PERCENTILES,
) -> Stretch:  # fmt: skip
    """The mapping of a scene from a sample of its raw pixels: each channel from its own two percentiles.

    pixels: (..., 3) raw values. valid: (...) bool. What is not valid or not finite never enters. Where a channel's
    percentiles meet (open water with a few ships), its whole range is used; a constant channel becomes 0.

    size_m: what a sample (rows, cols, 3) spans (x, y), metres. The range is then widened to the percentiles of every block of
    about 128 m, for a small yard in much dark water would be clipped by those of the whole scene; but to no more than six
    times what all but the rarest pixels span, lest something blinding leave the yard no shades.
    """
    finite = valid & np.isfinite(pixels).all(axis=-1) if pixels.dtype.kind == "f" else valid
    seen = pixels[finite].astype(np.float64)
    if not len(seen):
        return Stretch((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), percentiles)
    bounds = [_bounds(seen[:, channel], percentiles=percentiles) for channel in range(3)]
    blocks = _block_bounds(pixels, finite, size_m=size_m, percentiles=percentiles) if size_m else []
    if blocks:
        rare = percentiles[0] * _RARE, 100 - (100 - percentiles[1]) * _RARE
        reach = _MOST_WIDENED * np.subtract(*np.percentile(seen, rare[::-1], axis=0))
        ends = np.min(blocks, axis=0)[0], np.max(blocks, axis=0)[1]
        bounds = [
            _widened(bounds[c], darkest=float(ends[0][c]), brightest=float(ends[1][c]), most=float(reach[c])) for c in range(3)
        ]
    return Stretch((bounds[0][0], bounds[1][0], bounds[2][0]), (bounds[0][1], bounds[1][1], bounds[2][1]), percentiles)


def _bounds(values: Values, *, percentiles: tuple[float, float]) -> tuple[float, float]:
    begin, end = (float(v) for v in np.percentile(values, percentiles))
    if end > begin:
        return begin, end
    begin, end = float(values.min()), float(values.max())
    return (begin, end) if end > begin else (begin, begin + 1.0)


def _block_bounds(
    pixels: NDArray[np.generic], finite: NDArray[np.bool_], *, size_m: tuple[float, float], percentiles: tuple[float, float]
) -> list[Values]:
    """For each block of a sample that shows enough: (2, 3) its percentiles, channel by channel. None where one block is all."""
    rows, cols = finite.shape
    down, across = (
        max(1, min(int(size / _BLOCK_M), n // _LEAST_BLOCK_PX)) for size, n in ((size_m[1], rows), (size_m[0], cols))
    )
    if down * across < 2:
        return []
    found = []
    for row in range(down):
        lines = slice(row * rows // down, (row + 1) * rows // down)
        for col in range(across):
            at = lines, slice(col * cols // across, (col + 1) * cols // across)
            if finite[at].mean() >= _LEAST_VALID:
                found.append(np.percentile(pixels[at][finite[at]].astype(np.float64), percentiles, axis=0))
    return found


def _widened(bounds: tuple[float, float], *, darkest: float, brightest: float, most: float) -> tuple[float, float]:
    """Bounds moved apart to the darkest and brightest block, to a distance of at most so much: first up, then down."""
    low, high = bounds
    high = max(high, min(brightest, low + most))
    return min(low, max(darkest, high - most)), high


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
