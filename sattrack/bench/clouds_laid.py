"""Clouds laid over a picture of clear ground, in memory, with the opacity of each pixel: what a judge of clouds is tried on."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_FINEST_M = 2.5
# How much of the light of a cloud comes with its thickness: thin ones are grayer.
_DEPTH = 0.14


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """picture: (rows, cols, 3) uint8. opacity: (rows, cols), 0 clear to 1, nothing of the ground comes through."""

    picture: NDArray[np.uint8]
    opacity: NDArray[np.float32]


def lay_clouds(picture: NDArray[np.uint8], *, gsd_m: float, seed: int) -> Laid:
    """A field of cloud of a chance size (90 to 250 m), cover (15 to 70 %), softness, light and tint, the same for a seed.

    Sums of noise from that size down to 2.5 m, each octave a little under half as strong as the one before, as clouds are; the
    ground under it is mixed in by the opacity.
    """
    rng = np.random.default_rng(seed)
    shape = picture.shape[0], picture.shape[1]
    field, shade = _octaves(rng, shape, gsd_m=gsd_m, largest_m=float(rng.choice([90.0, 160.0, 250.0])))
    bound = float(np.quantile(field[::4, ::4], 1 - rng.uniform(0.15, 0.7)))
    ramp = np.clip((field - bound) / np.float32(rng.uniform(0.5, 1.6)) + np.float32(0.45), 0, 1)
    opacity = np.asarray(ramp * ramp * (3 - 2 * ramp) * rng.uniform(0.93, 1.0), np.float32)
    light = rng.uniform(195, 250) + rng.uniform(4, 14) * shade
    tint = 1 + rng.uniform(-0.02, 0.02, 3)
    white = np.clip(light, 120, 255)[..., None] * tint * (1 - _DEPTH + _DEPTH * opacity[..., None])
    out = picture + (white - picture) * opacity[..., None]
    return Laid(np.clip(np.round(out), 0, 255).astype(np.uint8), opacity)


def _octaves(
    rng: np.random.Generator, shape: tuple[int, int], *, gsd_m: float, largest_m: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Two fields of one spectrum: what makes the cloud, and what shades it."""
    field, shade = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    size_m, weight = largest_m, 1.0
    while size_m >= max(_FINEST_M, 2 * gsd_m):
        field += np.float32(weight) * _noise(rng, shape, size_m / gsd_m)
        shade += np.float32(weight**1.15) * _noise(rng, shape, size_m / gsd_m)
        size_m, weight = size_m / 2, weight * rng.uniform(0.42, 0.5)
    return field, shade


def _noise(rng: np.random.Generator, shape: tuple[int, int], size_px: float) -> NDArray[np.float32]:
    knots = rng.standard_normal((int(shape[0] / size_px) + 4, int(shape[1] / size_px) + 4), dtype=np.float32)
    grown = cv2.resize(knots, None, fx=size_px, fy=size_px, interpolation=cv2.INTER_CUBIC)
    top, left = (int(n) for n in rng.integers(0, max(1, int(size_px)), 2))
    return np.asarray(grown[top : top + shape[0], left : left + shape[1]], np.float32)
