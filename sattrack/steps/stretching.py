"""Stretching: a scene's raw values to uint8 by one linear mapping a channel, the same for every tile."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

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
# OpenCV counts in 32-bit floats, which are whole numbers up to here.
_MOST_COUNTED = 1 << 24

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
    if not finite.any():
        return Stretch((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), percentiles)
    low, high = _bounds(pixels, finite, percentiles=percentiles)
    blocks = _block_bounds(pixels, finite, size_m=size_m, percentiles=percentiles) if size_m else []
    if blocks:
        rare = percentiles[0] * _RARE, 100 - (100 - percentiles[1]) * _RARE
        reach = _MOST_WIDENED * np.subtract(*_percentiles(pixels, finite, rare[::-1]))
        darkest, brightest = np.min(blocks, axis=0)[0], np.max(blocks, axis=0)[1]
        low, high = zip(*map(_widened, low, high, darkest.tolist(), brightest.tolist(), reach.tolist()), strict=True)
    return Stretch((low[0], low[1], low[2]), (high[0], high[1], high[2]), percentiles)


def _bounds(
    pixels: NDArray[np.generic], seen: NDArray[np.bool_], *, percentiles: tuple[float, float]
) -> tuple[Sequence[float], Sequence[float]]:
    """Of each channel what becomes 0, and what becomes 255."""
    found = _percentiles(pixels, seen, percentiles)
    if not (found[1] > found[0]).all():
        whole = _percentiles(pixels, seen, (0, 100))
        whole[1] = np.where(whole[1] > whole[0], whole[1], whole[0] + 1)
        found = np.where(found[1] > found[0], found, whole)
    return found[0].tolist(), found[1].tolist()


def _percentiles(pixels: NDArray[Any], seen: NDArray[np.bool_], at: Sequence[float]) -> Values:
    """(len(at), 3): percentiles of each channel of the pixels (..., 3) that are seen: what np.percentile says of them as 64-bit
    floats, to the bit. Whole numbers of few levels are counted rather than put in order, which takes a tenth of the time.
    """
    levels = {"uint8": 1 << 8, "uint16": 1 << 16}.get(pixels.dtype.name, _MOST_COUNTED)
    if pixels.ndim == 3 and (levels <= 256 or levels <= seen.size) and seen.size < _MOST_COUNTED:
        mask = None if seen.all() else seen.view(np.uint8)
        counts = [cv2.calcHist([pixels], [channel], mask, [levels], [0, levels]) for channel in range(3)]
        return _counted(np.array(counts).reshape(3, levels).astype(np.int64), at)
    planes = np.moveaxis(pixels, -1, 0)
    work: NDArray[Any] = planes.reshape(3, -1) if seen.all() else planes[:, seen]
    # Unsigned numbers have no differences that overflow, and are put in order faster than floats.
    return np.asarray(np.percentile(work if work.dtype.kind == "u" else work.astype(np.float64), at, axis=1), np.float64)


def _counted(counts: NDArray[np.int64], at: Sequence[float]) -> Values:
    """(len(at), 3): percentiles of what has each value so many times, (3, values)."""
    upto = counts.cumsum(axis=1)
    place = (upto[0, -1] - 1) * np.true_divide(at, 100)
    share = (place - np.floor(place))[:, None]
    # The value at a place in order: as many values are wholly before it.
    below, above = ((upto <= n[:, None, None]).sum(axis=-1) for n in (np.floor(place), np.ceil(place)))
    step = (above - below).astype(np.float64)
    # As numpy does it, from the nearer end.
    return np.asarray(np.where(share < 0.5, below + step * share, above - step * (1 - share)), np.float64)


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
                found.append(_percentiles(pixels[at], finite[at], percentiles))
    return found


def _widened(low: float, high: float, darkest: float, brightest: float, most: float) -> tuple[float, float]:
    """Bounds moved apart to the darkest and brightest block, to a distance of at most so much: first up, then down."""
    high = max(high, min(brightest, low + most))
    return min(low, max(darkest, high - most)), high


def apply_stretch(raw: NDArray[np.generic], stretch: Stretch, *, valid: NDArray[np.bool_] | None = None) -> NDArray[np.uint8]:
    """(rows, cols, 3) raw -> uint8, rounded and clipped; what is not finite, or not valid (rows, cols), becomes 0."""
    pixels = _stretched(raw, stretch)
    if valid is None or valid.all():
        return pixels
    return np.asarray(cv2.copyTo(pixels, valid.view(np.uint8)), np.uint8)


def _stretched(raw: NDArray[Any], stretch: Stretch) -> NDArray[np.uint8]:
    if raw.dtype == np.uint8:
        return np.asarray(cv2.LUT(np.ascontiguousarray(raw), _table(stretch, "uint8").T[None]), np.uint8)
    if raw.dtype in (np.uint16, np.int16, np.int8):
        table = _table(stretch, raw.dtype.name)
        index = raw.view(np.uint16 if raw.dtype.itemsize == 2 else np.uint8)
        return np.asarray(cv2.merge([table[channel].take(index[..., channel]) for channel in range(3)]), np.uint8)
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
