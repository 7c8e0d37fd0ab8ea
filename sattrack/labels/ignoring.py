"""Ignoring: what lies in those places of a labelled picture where nothing can be told."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from sattrack.geometry import Points, centres
from sattrack.labels.labelled import LabelledImage
from sattrack.phrases import some


def without_ignored(images: Sequence[LabelledImage]) -> tuple[tuple[LabelledImage, ...], list[str]]:
    """The pictures less the boxes whose middle is to be ignored, and a note of how many these are.

    What is found there is not scored, so that each would be a miss. Where such a box reaches out, nothing is told either.
    """
    away = [inside_any(centres(image.truth), rings=image.ignore) for image in images]
    kept = tuple(
        replace(image, truth=image.truth[~out], ignore=(*image.ignore, *image.truth[out])) if out.any() else image
        for image, out in zip(images, away, strict=True)
    )
    dropped = sum(int(out.sum()) for out in away)
    said = some(
        dropped, "box with its middle where all is to be ignored is", "boxes with their middle where all is to be ignored are"
    )
    return kept, [f"{said} not taken"] if dropped else []


def inside_any(points: Points, *, rings: Sequence[Points]) -> NDArray[np.bool_]:
    """(n, 2) -> (n,): which points lie inside any of the rings."""
    if not rings or not len(points):
        return np.zeros(len(points), bool)
    return np.asarray(shapely.contains_xy(union_of(rings), points[:, 0], points[:, 1]))


def union_of(rings: Sequence[Points]) -> shapely.Geometry:
    """The ground that any of the rings covers; drawn by hand, they may overlap, and cross themselves."""
    return shapely.union_all([shapely.make_valid(shapely.Polygon(ring)) for ring in rings])
