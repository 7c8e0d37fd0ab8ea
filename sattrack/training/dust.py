"""Dusty boxes: a picture whose boxes take on, each by its own share, the tone of the ground that they stand on."""

import zlib
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from sattrack.steps.stretching import apply_stretch, measure_stretch
from sattrack.training.pictures import Picture, Pixels

# The ground round a box is what lies within some metres of it, and farther from any box than its side and its edge reach.
_REACH_M, _CLEAR_M = 8.0, 0.8
# So far the veil fades at a box's edge: tops are dusty, the gaps between them are not.
_EDGE_M = 0.25
# Veils of a picture, and how its boxes differ from each other; some are washed.
_LEAST, _MOST, _SPREAD, _CLEAN = 0.35, 0.85, 0.10, 0.1


def dusted(picture: Picture) -> Picture:
    """The same picture with its boxes dusty; always the same for a name. One without boxes comes back as it is."""
    if not len(picture.quads):
        return picture
    rng = np.random.default_rng(zlib.crc32(f"{picture.source}/{picture.name}".encode()))
    veils = np.clip(rng.uniform(_LEAST, _MOST) + rng.normal(0, _SPREAD, len(picture.quads)), 0.1, 0.92)
    veils[rng.random(len(veils)) < _CLEAN] = 0.0
    gsd = float(np.mean(picture.gsd_m))
    veil = _painted(picture, veils, gsd_m=gsd)[..., None]
    pixels = picture.pixels.astype(np.float32)
    mixed = pixels + veil * (_ground(picture, gsd_m=gsd) - pixels)
    plain: Pixels = np.clip(np.round(mixed), 0, 255).astype(np.uint8)
    # As a dusty scene would be at use: its bright boxes no longer set where white is.
    again = apply_stretch(plain, measure_stretch(plain, np.ones(plain.shape[:2], bool)))
    return replace(picture, name=f"{picture.name}-dusted", pixels=again)


def _painted(picture: Picture, veils: NDArray[np.float64], *, gsd_m: float) -> NDArray[np.float32]:
    """(rows, cols): the veil on each pixel, 0 where there is no box."""
    out = np.zeros(picture.pixels.shape[:2], np.float32)
    for quad, veil in zip(picture.quads, veils, strict=True):
        cv2.fillConvexPoly(out, np.round((quad - 0.5) * 16).astype(np.int32), float(veil), shift=4)
    return np.asarray(cv2.GaussianBlur(out, (0, 0), max(0.3, _EDGE_M / gsd_m)), np.float32)


def _ground(picture: Picture, *, gsd_m: float) -> NDArray[np.float32]:
    """(rows, cols, 3): the mean of the ground near each pixel; of the whole picture's ground where there is none near."""
    free = np.ones(picture.pixels.shape[:2], np.uint8)
    for quad in picture.quads:
        cv2.fillConvexPoly(free, np.round((quad - 0.5) * 16).astype(np.int32), 0, shift=4)
    clear = max(1, round(_CLEAR_M / gsd_m))
    weight = cv2.erode(free, np.ones((2 * clear + 1,) * 2, np.uint8)).astype(np.float32)
    pixels = picture.pixels.astype(np.float32)
    whole = pixels[weight > 0].mean(axis=0) if weight.any() else pixels.mean(axis=(0, 1))
    sigma = _REACH_M / gsd_m / 2
    near = cv2.GaussianBlur(weight, (0, 0), sigma)[..., None]
    total = cv2.GaussianBlur(pixels * weight[..., None], (0, 0), sigma)
    return np.asarray((total + 0.02 * whole) / (near + 0.02), np.float32)
