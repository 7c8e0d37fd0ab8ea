"""Tiles that teach covered area: patchworks of pictures as a coarse sensor sees them, with the covered share of each pixel."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sattrack.geometry import Points
from sattrack.steps.coarsening import GREY, seen_at
from sattrack.steps.stretching import apply_stretch, measure_stretch
from sattrack.training.pictures import Picture, Pixels
from sattrack.training.sampling import Floats, finer_than

# Pictures are laid at this size before they are made coarse, metres: half of the finest that is read for area.
FINE_M = 0.6
# Pixels that the reader is asked about, metres.
SEEN_M = (1.2, 5.0)
# Cells across a pixel, each way, by which a box's share of it is painted; binary digits behind the point of their corners.
_FINER, _SHIFT = 4, 4


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """One tile. pixels: (rows, cols, 3) uint8. gsd_m: of the pixels before they were brought to the reader's own. cover: (rows,
    cols) 0 to 1. known: (rows, cols) bool, where it is taught."""

    pixels: Pixels
    gsd_m: float
    cover: NDArray[np.float32]
    known: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Ground:
    """A picture of about FINE_M. truth: (rows, cols, 2) uint8, covered share and whether it is known, 0 to 255."""

    pixels: Pixels
    truth: NDArray[np.uint8]
    gsd_m: tuple[float, float]
    middles: Floats


class CoverTiles:
    """Draws tiles of tile_px pixels of gsd_m from pictures, each as often as its weight says."""

    def __init__(self, pictures: Sequence[Picture], weights: Floats, *, gsd_m: float, tile_px: int) -> None:
        self._grounds = [_ground(picture) for picture in pictures]
        self._share = weights / weights.sum()
        empty = np.where([len(p.quads) == 0 for p in pictures], weights, 0.0)
        self._beds = empty / empty.sum() if empty.any() else None
        self._gsd, self._size = gsd_m, tile_px
        self._fine = round(tile_px * gsd_m / FINE_M)

    def tile(self, rng: np.random.Generator) -> Taught:
        """The same tile for the same generator."""
        fine = self._fine
        pixels = np.full((fine, fine, 3), 114, np.uint8)
        truth = np.zeros((fine, fine, 2), np.uint8)
        if self._beds is not None and rng.random() < 0.7:
            self._lay(rng, pixels, truth, share=self._beds)
        for _ in range(int(rng.choice([1, 2, 3, 4], p=[0.2, 0.3, 0.3, 0.2]))):
            self._lay(rng, pixels, truth, share=self._share)
        gsd = float(np.exp(rng.uniform(*np.log(SEEN_M))))
        seen = seen_coarsely(pixels, fine_m=FINE_M, gsd_m=gsd, rng=rng)
        size = (self._size, self._size)
        way = cv2.INTER_CUBIC if seen.shape[0] < self._size else cv2.INTER_AREA
        cover = cv2.resize(truth[..., 0].astype(np.float32), size, interpolation=cv2.INTER_AREA) / np.float32(255)
        known = cv2.resize(truth[..., 1], size, interpolation=cv2.INTER_AREA) > 250
        return Taught(np.asarray(cv2.resize(seen, size, interpolation=way), np.uint8), gsd, cover, known)

    def _lay(self, rng: np.random.Generator, pixels: Pixels, truth: NDArray[np.uint8], *, share: Floats) -> None:
        """Lays a picture, turned, mirrored, a little scaled and lit otherwise, over a part of the tile or all of it."""
        ground = self._grounds[int(rng.choice(len(share), p=share))]
        fine, (rows, cols) = self._fine, ground.pixels.shape[:2]
        angle = rng.uniform(0, 2 * np.pi)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        flip = np.diag([rng.choice([-1.0, 1.0]), 1.0])
        scale = FINE_M * np.exp(rng.normal(0, 0.06 if len(ground.middles) else 0.25))
        matrix = np.diag(scale / np.asarray(ground.gsd_m)) @ turn @ flip
        place = rng.uniform(0.1, 0.9, 2) * (cols, rows)
        if len(ground.middles) and rng.random() < 0.6:
            place = ground.middles[rng.integers(len(ground.middles))] + rng.normal(0, 20, 2)
        shift = place - matrix @ rng.uniform(0.2, 0.8, 2) * fine
        # Pixel centres lie at whole numbers in OpenCV, at halves in ours.
        whole = np.column_stack([matrix, shift + matrix @ (0.5, 0.5) - 0.5])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        found = cv2.warpAffine(ground.pixels, whole, (fine, fine), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        found = _lit(np.asarray(found, np.uint8), rng)
        shown = cv2.warpAffine(ground.truth, whole, (fine, fine), flags=flags, borderMode=cv2.BORDER_CONSTANT)
        x, y = np.arange(fine) + 0.5, np.arange(fine)[:, None] + 0.5
        u, v = (m[0] * x + m[1] * y + s for m, s in zip(matrix, shift, strict=True))
        inside = (u >= 0) & (u < cols) & (v >= 0) & (v < rows)
        np.copyto(pixels, found, where=inside[..., None])
        np.copyto(truth, shown, where=inside[..., None])


def seen_coarsely(pixels: Pixels, *, fine_m: float, gsd_m: float, rng: np.random.Generator) -> Pixels:
    """A fine picture (rows, cols, 3) as a product with pixels of gsd_m would be: blurred, averaged, noisy, at times gray or
    packed as JPEG, and stretched as scenes are at use.
    """
    blur = rng.uniform(0.25, 0.9)
    out = _processed(seen_at(pixels, fine_m=(fine_m, fine_m), gsd_m=gsd_m, blur=blur), rng)
    coded = np.clip(np.rint(out), 0, 255).astype(np.uint8)
    if min(coded.shape[:2]) >= 16 and rng.random() < 0.4:
        packed = cv2.imencode(".jpg", coded[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(55, 97))])[1]
        coded = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)[..., ::-1]
    return apply_stretch(coded, measure_stretch(coded, np.ones(coded.shape[:2], bool)))


def _processed(picture: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Haze, contrast, colour, sharpening and grain of any product."""
    grey = (picture @ GREY)[..., None]
    colour = 0.0 if rng.random() < 0.25 else rng.uniform(0.3, 1.3)
    out = grey + (picture - grey) * np.float32(colour)
    out = 255 * np.power(np.clip(out, 1, None) / 255, np.float32(np.exp(rng.normal(0, 0.2))))
    if colour:
        out = out * np.exp(rng.normal(0, 0.06, 3)).astype(np.float32)
    out = out * np.float32(rng.uniform(0.35, 1.0)) + np.float32(rng.uniform(0, 60))
    if rng.random() < 0.3:
        out = out + np.float32(rng.uniform(0.2, 1.0)) * (out - cv2.GaussianBlur(out, (0, 0), 1.0))
    grain = np.float32(rng.gamma(1.5, 1.5))
    noise = rng.standard_normal(out.shape[:2], dtype=np.float32)[..., None]
    if colour:
        noise = 0.7 * noise + 0.6 * rng.standard_normal(out.shape, dtype=np.float32)
    return np.asarray(out + grain * noise, np.float32)


def _lit(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """The light of another day: pictures of one tile need not agree."""
    gain = np.exp(rng.normal(0, 0.12) + rng.normal(0, 0.04, 3))
    levels = np.clip(np.arange(256)[:, None] * gain + rng.normal(0, 8), 0, 255)
    return np.asarray(cv2.LUT(pixels, np.rint(levels).astype(np.uint8)[None]), np.uint8)


def painted(rings: Sequence[Points], *, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """The share of each pixel of (rows, cols) that any of the polygons (k, 2) paints, 0 to 255.

    OpenCV paints every cell that an edge touches, so that a box comes out some 0.1 m too wide; the measured ratio of true to
    read area, by which areas are told, takes that back.
    """
    if not len(rings):
        return np.zeros(shape, np.uint8)
    fine = np.zeros((shape[0] * _FINER, shape[1] * _FINER), np.uint8)
    for ring in rings:  # one at a time: fillPoly on many would leave out where they overlap
        at = np.asarray(ring, float) * _FINER - 0.5
        cv2.fillPoly(fine, [np.rint(at * (1 << _SHIFT)).astype(np.int32)], 255, shift=_SHIFT)
    return np.asarray(cv2.resize(fine, shape[::-1], interpolation=cv2.INTER_AREA), np.uint8)


def _ground(picture: Picture) -> _Ground:
    fine = finer_than(picture, gsd_m=FINE_M)
    shape = fine.pixels.shape[0], fine.pixels.shape[1]
    cover = painted([*fine.quads], shape=shape)
    ignored = painted(fine.ignore, shape=shape)
    truth = np.stack([cover, np.where(ignored > 0, 0, 255)], axis=-1).astype(np.uint8)
    return _Ground(fine.pixels, truth, fine.gsd_m, fine.quads.mean(axis=1) if len(fine.quads) else np.zeros((0, 2)))
