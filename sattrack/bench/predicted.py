"""Predicted boxes as they stand in a file, and which of them are of a benchmark's pictures and classes."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from sattrack.detections import Detections
from sattrack.errors import UsageError
from sattrack.geometry import Points
from sattrack.labels.categories import taken_categories
from sattrack.labels.labelled import LabelledImage
from sattrack.labels.rectangles import as_corners
from sattrack.labels.texts import numbers


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """One box. picture: as matched_name gives it. quad: (4, 2) corners in the picture's pixels."""

    picture: str
    quad: Points
    score: float
    category: str


def matched_name(said: str, names: Collection[str]) -> str:
    """The picture that a file speaks of, by its name, with or without folders and suffix; what is none of the names stays."""
    plain = PurePosixPath(said.replace("\\", "/")).name
    candidates = (said, plain, plain.rpartition(".")[0], plain.split(".")[0])
    return next((name for name in candidates if name in names), candidates[-1])


def read_score(value: Any, *, where: str) -> float:
    """A confidence; UsageError where it is none from 0 to 1."""
    found = numbers([value])
    if not found or not 0 <= found[0] <= 1:
        raise UsageError(f"expected a confidence from 0 to 1, a finite number, came {str(value)[:40]!r}", where=where)
    return found[0]


def found_corners(ring: Points, *, gsd_m: tuple[float, float], where: str) -> Points:
    """(k, 2) as four corners (4, 2). A sliver stays as it is: it is not scored. UsageError where there are too few corners."""
    try:
        return np.asarray(as_corners(ring, gsd_m=gsd_m)[0])
    except ValueError as error:
        if len(ring) == 4:
            return ring
        raise UsageError(f"the box {error}", where=where) from error


def of_classes(
    rows: Sequence[Predicted], *, classes: Sequence[str], path: Path, names: Mapping[str, str] | None = None
) -> list[Predicted]:
    """The rows of the classes asked for, or of those called container. UsageError lists the others where there is none."""
    taken = taken_categories(Counter(row.category for row in rows), asked=classes, where=str(path), names=names)
    return [row for row in rows if row.category in taken]


def as_detections(rows: Sequence[Predicted], *, images: Sequence[LabelledImage]) -> dict[str, Detections]:
    """Rows by picture, in their order; pictures that are none of these images are left out."""
    by_name: dict[str, list[Predicted]] = {image.name: [] for image in images}
    for row in rows:
        if row.picture in by_name:
            by_name[row.picture].append(row)
    return {name: _boxes(found) for name, found in by_name.items() if found}


def _boxes(rows: Sequence[Predicted]) -> Detections:
    scores = np.array([row.score for row in rows], np.float32)
    return Detections(np.stack([row.quad for row in rows]), scores, np.zeros(len(rows), np.int32))
