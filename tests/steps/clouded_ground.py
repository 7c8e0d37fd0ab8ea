"""Drawn ground with cars and lines, and what may lie over it: a soft cloud, or a white roof with sharp edges."""

import cv2
import numpy as np
from numpy.typing import NDArray

from sattrack.imagery import Stretch, Tile, Window
from sattrack.steps.glancing import Looks, LooksMap

GSD = 0.5
STRETCH = Stretch((20.0, 20.0, 20.0), (235.0, 235.0, 235.0))


def ground(rows: int = 500, cols: int = 600, *, seed: int = 0) -> NDArray[np.uint8]:
    """Asphalt with 600 small things of any colour on it."""
    rng = np.random.default_rng(seed)
    picture = rng.normal(85, 4, (rows, cols, 3))
    for row, col in zip(rng.integers(0, rows - 9, 600), rng.integers(0, cols - 9, 600), strict=True):
        picture[row : row + 5, col : col + 9] = rng.integers(30, 210, 3)
    return np.clip(picture, 1, 255).astype(np.uint8)


def cloud_at(picture: NDArray[np.uint8], *, centre: tuple[float, float], radius_m: float) -> NDArray[np.uint8]:
    """The picture under a bank of cloud that thins out over its outer third, lit unevenly. centre: (x, y) in metres."""
    rows, cols = picture.shape[:2]
    y, x = (np.mgrid[:rows, :cols] + 0.5) * GSD
    away = np.hypot(x - centre[0], y - centre[1]) / radius_m
    opacity = np.clip((1.17 - away) * 3, 0, 0.97)[..., None]
    white = (215 + 16 * np.sin(x / 17) * np.cos(y / 23))[..., None] * np.ones(3)
    return np.clip(np.rint(picture + (white - picture) * opacity), 0, 255).astype(np.uint8)


def roof_at(picture: NDArray[np.uint8], *, left_m: float, top_m: float, size_m: float) -> NDArray[np.uint8]:
    """The picture with a plain white roof."""
    out, (left, top, size) = picture.copy(), (round(m / GSD) for m in (left_m, top_m, size_m))
    grain = np.random.default_rng(1).normal(222, 2, out[top : top + size, left : left + size].shape)
    out[top : top + size, left : left + size] = cv2.blur(grain, (3, 3))
    return out


def looks_of(picture: NDArray[np.uint8], *, valid: NDArray[np.bool_] | None = None) -> Looks:
    """Looked at in one tile."""
    shape = picture.shape[0], picture.shape[1]
    looks = LooksMap(shape, gsd_m=(GSD, GSD), overlap_m=24.0, stretch=STRETCH)
    shown = np.clip(np.rint((picture.astype(float) - 20) / 215 * 255), 0, 255).astype(np.uint8)
    looks.add(Tile(Window.of_shape(shape), shown, np.ones(shape, bool) if valid is None else valid))
    return looks.result()
