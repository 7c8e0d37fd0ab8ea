"""Laying: the files of a scene read onto a lattice, as the scene was stretched."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from sattrack.detections import Detections
from sattrack.imagery import Window
from sattrack.ports import Reader
from sattrack.results import Part
from sattrack.steps.lattices import Lattice
from sattrack.steps.registering import Look
from sattrack.steps.stretching import apply_stretch

# From this score on a box hides ground, counted or not.
HIDES = 0.2


def looks_on(
    scenes: tuple[Sequence[Part], Sequence[Part]], flat: Sequence[Detections], lattice: Lattice, *, reader: Reader
) -> tuple[Look, Look]:
    """Both scenes on the lattice. SceneError where a file cannot be read again."""
    both = [look_on(parts, boxes, lattice, reader=reader) for parts, boxes in zip(scenes, flat, strict=True)]
    return both[0], both[1]


def look_on(parts: Sequence[Part], boxes: Detections, lattice: Lattice, *, reader: Reader) -> Look:
    """A scene on the lattice with its boxes, in the lattice's metres. SceneError where a file cannot be read again."""
    pixels, valid = pixels_on(parts, lattice, reader=reader)
    hiding = boxes.where(boxes.scores >= HIDES)
    return Look(pixels, valid, hiding.quads / lattice.pixel_m, hiding.scores)


def pixels_on(parts: Sequence[Part], lattice: Lattice, *, reader: Reader) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """All files of a scene on the lattice, the first that shows a place: (rows, cols, 3) RGB as stretched, and what was seen.

    SceneError where a file cannot be read again.
    """
    pixels, valid = np.zeros((*lattice.shape, 3), np.uint8), np.zeros(lattice.shape, bool)
    for part in parts:
        shown, seen = _laid(part, lattice, reader=reader)
        new = seen & ~valid
        pixels[new], valid = shown[new], valid | seen
    return pixels, valid


def _laid(part: Part, lattice: Lattice, *, reader: Reader) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A file's pixels, stretched, and what of them was seen, on the lattice."""
    rows, cols = lattice.shape
    x, y = np.meshgrid(np.arange(cols) + 0.5, np.arange(rows) + 0.5)
    ground = lattice.ground(np.stack([x, y], axis=-1) * lattice.pixel_m)
    at = lattice.frame.to_pixels(ground.reshape(-1, 2), grid=part.scene.grid).reshape(rows, cols, 2)
    inside = np.isfinite(at).all(axis=-1) & Window.of_shape(part.scene.grid.shape).holds(at)
    if not inside.any():
        return np.zeros((rows, cols, 3), np.uint8), inside
    low, high = np.floor(at[inside].min(axis=0)).astype(int), np.ceil(at[inside].max(axis=0)).astype(int)
    window = Window(int(low[0]), int(low[1]), int(max(high[0] - low[0], 1)), int(max(high[1] - low[1], 1)))
    # Pixels finer than the lattice's are averaged as they are read.
    shrink = [min(1.0, gsd / lattice.pixel_m) for gsd in part.scene.grid.gsd_m]
    shape = max(1, round(window.height * shrink[1])), max(1, round(window.width * shrink[0]))
    raw, seen = reader.read(part.scene, window, shape)
    scale = np.array([shape[1] / window.width, shape[0] / window.height])
    to = (np.where(inside[..., None], at, low) - low) * scale - 0.5
    maps = to[..., 0].astype(np.float32), to[..., 1].astype(np.float32)
    pixels = cv2.remap(apply_stretch(raw, part.stretch), *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    clear = cv2.remap(seen.astype(np.uint8), *maps, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(pixels, np.uint8), inside & (clear == 1)
