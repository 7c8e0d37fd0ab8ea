"""Cleaning: what labels of any format go through before they are used, and what is told of them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from sattrack.geometry import Quads, sides
from sattrack.labels.ignoring import without_ignored
from sattrack.labels.labelled import LabelledImage
from sattrack.phrases import some

# Middle of the boxes' long sides, metres; ISO 668: 6.1 to 13.7 m. Beyond, the pixel size or the category is wrong.
_LENGTH_M = (4.0, 20.0)
# Neighbours share an edge at most, two outlines of one box nearly all: a row that was written or pasted again.
_SAME = 0.9


def cleaned(images: Sequence[LabelledImage]) -> tuple[tuple[LabelledImage, ...], list[str]]:
    """The pictures with each box once, and none where all is to be ignored; notes on what was left out, and doubts."""
    once, twice = _without_twins(images)
    kept, ignored = without_ignored(once)
    return kept, [*_doubts(images), *twice, *ignored]


def _without_twins(images: Sequence[LabelledImage]) -> tuple[tuple[LabelledImage, ...], list[str]]:
    again = [_again(image.truth) for image in images]
    kept = tuple(
        replace(image, truth=image.truth[~twin]) if twin.any() else image for image, twin in zip(images, again, strict=True)
    )
    dropped = sum(int(twin.sum()) for twin in again)
    said = some(dropped, "box that was outlined twice is", "boxes that were outlined twice are")
    return kept, [f"{said} taken once"] if dropped else []


def _again(quads: Quads) -> NDArray[np.bool_]:
    """(n, 4, 2) -> (n,): which boxes lie where an earlier one does, by their intersection over union."""
    found = np.zeros(len(quads), bool)
    if len(quads):
        boxes = shapely.make_valid(shapely.polygons(quads))
        later, first = shapely.STRtree(boxes).query(boxes, predicate="intersects")
        later, first = later[later > first], first[later > first]
        shared = shapely.area(shapely.intersection(boxes[later], boxes[first]))
        found[later[shared > _SAME * (shapely.area(boxes[later]) + shapely.area(boxes[first]) - shared)]] = True
    return found


def _doubts(images: Sequence[LabelledImage]) -> list[str]:
    """A sentence where the boxes are not as long as containers are."""
    lengths = [sides(image.truth * image.gsd_m)[0] for image in images if len(image.truth)]
    if not lengths:
        return []
    middle = float(np.median(np.concatenate(lengths)))
    if _LENGTH_M[0] <= middle <= _LENGTH_M[1]:
        return []
    return [f"the boxes are {middle:.3g} m long in the middle, containers 6 to 14: is the pixel size right?"]
