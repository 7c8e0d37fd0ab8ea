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
from sattrack.readers.folders import is_picture

# Of pictures that others can read, besides those that we can.
_SUFFIXES = (".bmp", ".gif", ".webp")


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """One box. picture: as matched_name gives it. quad: (4, 2) corners in the picture's pixels."""

    picture: str
    quad: Points
    score: float
    category: str


@dataclass(frozen=True, slots=True, eq=False)
class FileOfBoxes:
    """What a file or folder holds. taken: the categories that are scored. passed: names of texts that are of no picture."""

    rows: Sequence[Predicted]
    taken: Collection[str]
    passed: Sequence[str] = ()


def matched_name(said: str, names: Collection[str]) -> str:
    """The picture that a file speaks of, by its name, with or without folders and suffix; what is none of the names stays.

    A number is also the name that has noughts before it: many programs make a number of `0017`.
    """
    plain = PurePosixPath(said.replace("\\", "/")).name
    stem = _without_suffix(plain)
    candidates = (said, plain, stem, _without_suffix(stem))
    exact = next((name for name in candidates if name in names), None)
    if exact is not None:
        return exact
    alike = [name for name in names if name.isdecimal() and int(name) == int(stem)] if stem.isdecimal() else []
    return alike[0] if len(alike) == 1 else stem


def _without_suffix(name: str) -> str:
    """port.tif -> port; port.2018 stays: it is another picture than port."""
    return name.rpartition(".")[0] if is_picture(name) or name.lower().endswith(_SUFFIXES) else name


def read_score(value: Any, *, where: str) -> float:
    """A confidence; UsageError where it is none from 0 to 1."""
    found = numbers([value])
    if not found or not 0 <= found[0] <= 1:
        raise UsageError(f"expected a confidence from 0 to 1, a finite number, came {str(value)[:40]!r}", where=where)
    return found[0]


def found_corners(ring: Points, *, image: LabelledImage | None, where: str) -> Points:
    """(k, 2) as four corners (4, 2). A sliver stays as it is: it is not scored. UsageError where there are too few corners."""
    try:
        return np.asarray(as_corners(ring, gsd_m=image.gsd_m if image else (1.0, 1.0))[0])
    except ValueError as error:
        if len(ring) == 4:
            return ring
        raise UsageError(f"the box {error}", where=where) from error


def taken_of(
    rows: Sequence[Predicted], *, classes: Sequence[str], path: Path, names: Mapping[str, str] | None = None
) -> frozenset[str]:
    """The categories asked for, or those called container. UsageError lists the others where there is none."""
    return taken_categories(Counter(row.category for row in rows), asked=classes, where=str(path), names=names)


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
