"""Crops of real pictures, brought to a pixel size and stretched as detection does: what drawn tiles are held beside."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from sattrack import wiring
from sattrack.errors import UsageError
from sattrack.imagery import Window
from sattrack.labels.labelled import LabelledImage, scene_of
from sattrack.labels.sets import read_sets
from sattrack.ports import Reader
from sattrack.settings import Settings
from sattrack.steps.stretching import apply_stretch, measure_stretch

# Pictures of pixels so much finer or coarser than asked are still held to be alike.
_ALIKE = 1.3

Pixels = NDArray[np.uint8]


def stretched(picture: Pixels, *, gsd_m: float) -> Pixels:
    """A picture (rows, cols, 3) of gsd_m metres a pixel as detection shows it to a model."""
    size = picture.shape[1] * gsd_m, picture.shape[0] * gsd_m
    return apply_stretch(picture, measure_stretch(picture, np.ones(picture.shape[:2], bool), size_m=size))


def real_crops(folder: Path, *, gsd_m: float, shape: tuple[int, int], seed: int = 0) -> Iterator[Pixels]:
    """Endless random crops (rows, cols, 3) of the pictures of a labelled set, or of a folder of some, at gsd_m metres a pixel.

    Only pictures whose pixels are alike in size are used; what one is too small to fill is white. UsageError where none is.
    """
    alike = [i for one in read_sets([folder]) for i in one.images if 1 / _ALIKE < max(i.gsd_m) / gsd_m < _ALIKE]
    if not alike:
        raise UsageError(f"holds no picture of pixels near {gsd_m:g} m", where=str(folder), way_out="choose another --gsd-m")
    return _crops(alike, gsd_m=gsd_m, shape=shape, rng=np.random.default_rng(seed))


def _crops(images: list[LabelledImage], *, gsd_m: float, shape: tuple[int, int], rng: np.random.Generator) -> Iterator[Pixels]:
    with closing(wiring.make_reader(Settings())) as reader:
        while True:
            for i in rng.permutation(len(images)):
                yield _crop(_at(images[int(i)], gsd_m=gsd_m, reader=reader), shape=shape, rng=rng)


def _at(image: LabelledImage, *, gsd_m: float, reader: Reader) -> Pixels:
    scene = scene_of(image)
    raw, _ = reader.read(scene, Window.of_shape(image.shape), image.shape)
    picture = apply_stretch(raw, measure_stretch(*reader.sample(scene), size_m=scene.grid.size_m))
    size = round(image.shape[1] * image.gsd_m[0] / gsd_m), round(image.shape[0] * image.gsd_m[1] / gsd_m)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _crop(picture: Pixels, *, shape: tuple[int, int], rng: np.random.Generator) -> Pixels:
    high, wide = min(shape[0], picture.shape[0]), min(shape[1], picture.shape[1])
    top, left = int(rng.integers(picture.shape[0] - high + 1)), int(rng.integers(picture.shape[1] - wide + 1))
    out = np.full((*shape, 3), 255, np.uint8)
    out[:high, :wide] = picture[top : top + high, left : left + wide]
    return out
