"""Labelled pictures as training wants them: stretched as at use, large scenes cut into pieces around what was labelled."""

import math
from collections.abc import Iterator, Sequence
from contextlib import closing

import numpy as np
import shapely
from numpy.typing import NDArray

from sattrack import wiring
from sattrack.geometry import Points
from sattrack.imagery import Scene, Stretch, Window
from sattrack.labels.ignoring import union_of
from sattrack.labels.labelled import LabelledImage, scene_of
from sattrack.ports import Reader
from sattrack.settings import Settings
from sattrack.steps.stretching import apply_stretch, measure_stretch
from sattrack.training.pictures import Picture

# A whole picture is turned and looked up for each tile: what is larger would be slow, and in memory for nothing.
MOST_PX = 1536
# So that every box is whole in some piece; ISO 668 ends at 13.7 m.
_OVERLAP_M = 16.0
# Beside the pieces with boxes so many without are kept, to learn the ground from, but never fewer than the few.
_FEW = 4
_LEAST_TOLD = 0.02


def read_labelled(images: Sequence[LabelledImage]) -> tuple[Picture, ...]:
    """Each picture whole, or in pieces where it is larger than MOST_PX a side. Raises SceneError.

    Pieces where nothing is told are left out; of those without boxes only as many are kept as there are with.
    """
    with closing(wiring.make_reader(Settings())) as reader:
        return tuple(picture for image in images for picture in _pictures(image, reader=reader))


def _pictures(image: LabelledImage, *, reader: Reader) -> Iterator[Picture]:
    scene = scene_of(image)
    stretch = measure_stretch(*reader.sample(scene), size_m=scene.grid.size_m)
    if max(image.shape) <= MOST_PX:
        yield _read(image, scene, Window.of_shape(image.shape), stretch, reader=reader)
        return
    ignored = union_of(image.ignore)
    told = [window for window in windows_over(image.shape, gsd_m=image.gsd_m, most=MOST_PX) if _told(window, ignored=ignored)]
    with_boxes = [window for window in told if _boxes_in(image, window).any()]
    empty = [window for window in told if window not in with_boxes]
    some = min(len(empty), max(_FEW, len(with_boxes)))
    kept = {*with_boxes, *(empty[round(i)] for i in np.linspace(0, len(empty) - 1, some))}
    for window in told:
        if window in kept:
            yield _read(image, scene, window, stretch, reader=reader)


def windows_over(shape: tuple[int, int], *, gsd_m: tuple[float, float], most: int) -> list[Window]:
    """Windows of at most so many pixels a side that cover (rows, cols), and overlap by more than a box is long."""
    (rows, height), (cols, width) = (
        _starts(n, overlap=_OVERLAP_M / g, most=most) for n, g in zip(shape, gsd_m[::-1], strict=True)
    )
    return [Window(col, row, width, height) for row in rows for col in cols]


def _starts(length: int, *, overlap: float, most: int) -> tuple[list[int], int]:
    size, lap = min(length, most), min(math.ceil(overlap), most // 2)
    count = max(1, math.ceil((length - lap) / (size - lap))) if length > size else 1
    return [round(i) for i in np.linspace(0, length - size, count)], size


def _told(window: Window, *, ignored: shapely.Geometry) -> bool:
    box = shapely.box(window.col, window.row, window.col + window.width, window.row + window.height)
    return bool(shapely.difference(box, ignored).area > _LEAST_TOLD * box.area)


def _touches(low: Points, high: Points, window: Window) -> NDArray[np.bool_]:
    """Which of the outlines that reach from low to high (..., 2) lie in a window, at least in part."""
    end = (window.col + window.width, window.row + window.height)
    return np.asarray((high > (window.col, window.row)).all(axis=-1) & (low < end).all(axis=-1))


def _read(image: LabelledImage, scene: Scene, window: Window, stretch: Stretch, *, reader: Reader) -> Picture:
    raw, valid = reader.read(scene, window, (window.height, window.width))
    start = np.array([window.col, window.row], float)
    whole = (window.height, window.width) == image.shape
    return Picture(
        image.name if whole else f"{image.name}@{window.col},{window.row}", image.dataset,
        apply_stretch(raw, stretch, valid=valid),
        (image.truth if whole else image.truth[_boxes_in(image, window)]) - start, image.gsd_m,
        # Each is drawn for every tile: those of a whole port would take longer than the training.
        tuple(ring - start for ring in image.ignore if _touches(ring.min(axis=0), ring.max(axis=0), window)),
    )  # fmt: skip


def _boxes_in(image: LabelledImage, window: Window) -> NDArray[np.bool_]:
    return _touches(image.truth.min(axis=1), image.truth.max(axis=1), window)
