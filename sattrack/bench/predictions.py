"""Predictions: boxes found by anyone, as a CSV of corners in source pixels, such as export writes."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sattrack.detections import CORNERS, Detections
from sattrack.errors import UsageError

_NEEDED = ("confidence", *CORNERS)


def read_predictions(path: Path, *, names: Sequence[str]) -> dict[str, Detections]:
    """Boxes by picture, for pictures that have any: rows whose scene_id is the picture's name, alone or before a dot.

    UsageError where the file or a row of it cannot be understood, or no row is of these pictures.
    """
    if len(set(names)) != len(names):
        raise UsageError("two sets have pictures of one name: a file of boxes cannot tell them apart", way_out="one set a call")
    rows: dict[str, list[list[float]]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for number, row in enumerate(csv.DictReader(file), 2):
                scene = row.get("scene_id") or ""
                name = scene if scene in names else Path(scene).name.split(".")[0]
                rows.setdefault(name, []).append(_numbers(row, where=f"{path}, line {number}"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"cannot be read: {error}", where=str(path)) from error
    if rows and not set(rows) & set(names):
        raise UsageError(f"no scene_id is one of the pictures {', '.join(names[:3])}, ...", where=str(path))
    return {name: _boxes(np.array(found)) for name, found in rows.items()}


def _numbers(row: dict[str, str], *, where: str) -> list[float]:
    missing = [name for name in _NEEDED if not row.get(name)]
    if missing:
        raise UsageError(f"lacks {', '.join(missing)}", where=where, way_out="`sattrack export --format csv` writes such files")
    try:
        values = [float(row[name]) for name in _NEEDED]
    except ValueError as error:
        raise UsageError(f"expected numbers: {error}", where=where) from error
    if not np.isfinite(values).all():
        raise UsageError("expected finite numbers", where=where)
    return values


def _boxes(rows: np.ndarray) -> Detections:
    return Detections(rows[:, 1:].reshape(-1, 4, 2), rows[:, 0].astype(np.float32), np.zeros(len(rows), np.int32))
