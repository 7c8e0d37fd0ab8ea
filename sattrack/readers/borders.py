"""Borders: areas of one constant value joined to a scene's border, which are no ground although no nodata is declared."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

# Smaller areas are left alone: a clipped shadow or a white roof may also be constant, and touch the border by chance.
LEAST_SHARE = 0.005
# A fill holds a corner of the raster, or runs along a good part of its border.
LEAST_BORDER = 0.05
# Clipped water is full of specks (waves, boats); a fill has hardly any.
MOST_SPECKS = 0.005
# A raster smaller than this is all border, and any pixel of it a constant area.
_LEAST_PX = 64
# In a small picture lossy compression flattens still water or a shadow to one tone: 1,009 pixels in a chip of a quay. What is
# neither black nor white must be larger to be a fill; in a sample of a large scene LEAST_SHARE asks for more anyway.
_LEAST_OF_A_TONE_PX = 2_500
_SPECK_PX = 100
_RINGING_PX = 16
_CANDIDATES = 4
_BLOCK_PX = 4
_CORNERS = ([0, 0, -1, -1], [0, -1, 0, -1])


@dataclass(frozen=True, slots=True, eq=False)
class Fill:
    """Constant areas found in a small picture of a whole scene.

    values: (n, channels). areas: (n, rows, cols), where each lies in the small picture.
    """

    values: NDArray[Any]
    areas: NDArray[np.bool_]

    @property
    def share(self) -> float:
        """The share of the scene that they cover."""
        return float(self.areas.any(axis=0).mean())

    def covers(
        self, pixels: NDArray[Any], *, area: tuple[float, float, float, float], shape: tuple[int, int]
    ) -> NDArray[np.bool_]:
        """Which pixels (rows, cols, channels) of an area (column, row, width, height) of a scene of this shape are fill: those
        of exactly its value, in or right beside the area that was found.
        """
        rows, cols = self.areas.shape[1:]
        row = ((area[1] + (np.arange(pixels.shape[0]) + 0.5) * area[3] / pixels.shape[0]) * rows / shape[0]).astype(int)
        col = ((area[0] + (np.arange(pixels.shape[1]) + 0.5) * area[2] / pixels.shape[1]) * cols / shape[1]).astype(int)
        row, col = np.clip(row, 0, rows - 1), np.clip(col, 0, cols - 1)
        found = np.zeros(pixels.shape[:2], bool)
        for value, where in zip(self.values, self.areas, strict=True):
            # Most of a scene is far from any fill, which the small picture tells without a look at its pixels.
            if where[row[0] : row[-1] + 1, col[0] : col[-1] + 1].any():
                found |= where[np.ix_(row, col)] & _equal(pixels, value)
        return found


def find_fill(pixels: NDArray[Any], valid: NDArray[np.bool_]) -> Fill | None:
    """The constant areas joined to the border of a small picture (rows, cols, channels) of a whole scene; none where none."""
    if valid.size < _LEAST_PX:
        return None
    edge = np.zeros(valid.shape, bool)
    edge[[0, -1]], edge[:, [0, -1]] = True, True
    border = pixels[edge & valid]
    if not len(border):
        return None
    corners = pixels[*_CORNERS]
    kept, areas = [], []
    for value, count in _commonest(border):
        # What neither holds a corner nor runs along enough of the border is no fill, whatever its area.
        if count < LEAST_BORDER * edge.sum() and not (_equal(corners, value) & valid[*_CORNERS]).any():
            continue
        area = _joined(_equal(pixels, value) & valid, edge=edge)
        if area is not None and (_plain(value) or np.count_nonzero(area) >= _LEAST_OF_A_TONE_PX):
            kept.append(value)
            # Where pixels are read exact equality is asked for, so the area may be generous by what the small picture skips.
            areas.append(cv2.dilate(area.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool))
    return Fill(np.array(kept), np.array(areas)) if kept else None


def _commonest(border: NDArray[Any]) -> list[tuple[NDArray[Any], int]]:
    """The few values (channels,) that most pixels of a border have, and how many: commonest first, among equals the least."""
    # By columns: np.unique along an axis compares rows as raw records, which takes five times as long.
    ordered = border[np.lexsort(border.T[::-1])]
    first = np.flatnonzero(np.concatenate([[True], (ordered[1:] != ordered[:-1]).any(axis=1)]))
    counts = np.diff(np.append(first, len(ordered)))
    most = np.argsort(-counts, kind="stable")[:_CANDIDATES]
    return list(zip(ordered[first[most]], counts[most].tolist(), strict=True))


def _plain(value: NDArray[Any]) -> bool:
    """Whether a value (channels,) is black or white: the least or the most that its kind of number holds, or no number."""
    if value.dtype.kind == "f":
        return bool((value == 0).all() or (~np.isfinite(value)).all())
    limits = np.iinfo(value.dtype)
    return bool((value == 0).all() or (value == limits.min).all() or (value == limits.max).all())


def _equal(pixels: NDArray[Any], value: NDArray[Any]) -> NDArray[np.bool_]:
    """Which pixels (..., channels) are of a value (channels,)."""
    equal = np.asarray(pixels[..., 0] == value[0])
    for channel in range(1, pixels.shape[-1]):
        # Where nothing is left there is nothing to compare, as in nearly every scene without a fill.
        if not equal.any():
            break
        equal &= pixels[..., channel] == value[channel]
    return equal


def _joined(equal: NDArray[np.bool_], *, edge: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """The parts of a constant value that are fill."""
    if np.count_nonzero(equal) < LEAST_SHARE * equal.size or not _may_hang_together(equal):
        return None
    count, labels, stats, _ = cv2.connectedComponentsWithStats(equal.astype(np.uint8), connectivity=8)
    corners = {int(labels[r, c]) for r in (0, -1) for c in (0, -1)} - {0}
    along = np.bincount(labels[edge], minlength=count) / edge.sum()
    kept = np.zeros(equal.shape, bool)
    for label in np.flatnonzero(stats[:, cv2.CC_STAT_AREA] >= LEAST_SHARE * equal.size).tolist():
        if label and (label in corners or along[label] >= LEAST_BORDER) and not _speckled(labels == label):
            kept |= labels == label
    return kept if kept.any() else None


def _may_hang_together(equal: NDArray[np.bool_]) -> bool:
    """False where pixels are strewn so thinly that no part of them can be large: told from blocks, which takes a tenth."""
    rows, cols = (-(-n // _BLOCK_PX) for n in equal.shape)
    padded = np.zeros((rows * _BLOCK_PX, cols * _BLOCK_PX), np.float32)
    padded[: equal.shape[0], : equal.shape[1]] = equal
    share = np.asarray(cv2.resize(padded, (cols, rows), interpolation=cv2.INTER_AREA))
    # Pixels that touch lie in blocks that touch.
    _, labels = cv2.connectedComponents((share > 0).astype(np.uint8), connectivity=8)
    held = np.bincount(labels.ravel(), weights=share.ravel()) * _BLOCK_PX**2
    return bool(held[1:].max(initial=0) >= 0.99 * LEAST_SHARE * equal.size)


def _speckled(area: NDArray[np.bool_]) -> bool:
    """Whether small islands of other values lie strewn in an area, away from what it borders on: there they may be the ringing
    of lossy compression.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats((~area).astype(np.uint8), connectivity=4)
    rows, cols = area.shape
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    right, bottom = left + stats[:, cv2.CC_STAT_WIDTH], top + stats[:, cv2.CC_STAT_HEIGHT]
    specks = (left > 0) & (top > 0) & (right < cols) & (bottom < rows) & (stats[:, cv2.CC_STAT_AREA] < _SPECK_PX)
    specks[0] = False
    ground = ~area & ~specks[labels]
    shore = cv2.dilate(ground.astype(np.uint8), np.ones((2 * _RINGING_PX + 1, 2 * _RINGING_PX + 1), np.uint8)) > 0
    return float((specks[labels] & ~shore).sum()) > MOST_SPECKS * float(area.sum())
