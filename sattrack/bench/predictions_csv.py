"""Predictions as a CSV of corners in source pixels, such as export writes."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from sattrack.bench.predicted import Predicted, matched_name, of_classes, read_score
from sattrack.detections import CORNERS
from sattrack.errors import UsageError
from sattrack.labels.categories import means_container
from sattrack.labels.labelled import LabelledImage
from sattrack.labels.texts import as_points, numbers

_NEEDED = ("confidence", *CORNERS)


def read_csv(path: Path, images: Sequence[LabelledImage], classes: Sequence[str]) -> list[Predicted]:
    """scene_id, confidence, px_x1 ... px_y4, and class_name where it is there. UsageError.

    Where no class is called container, all are taken, as they are when counting.
    """
    names = {image.name for image in images}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [_row(row, names=names, where=f"{path}, line {n}") for n, row in enumerate(csv.DictReader(file), 2)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"cannot be read: {error}", where=str(path)) from error
    if not classes and not any(means_container(row.category) for row in rows):
        return rows
    return of_classes(rows, classes=classes, path=path)


def _row(row: Mapping[str, str], *, names: set[str], where: str) -> Predicted:
    missing = [name for name in _NEEDED if not row.get(name)]
    if missing:
        raise UsageError(f"lacks {', '.join(missing)}", where=where, way_out="`sattrack export --format csv` writes such files")
    corners = numbers([row[name] for name in CORNERS])
    if not corners:
        raise UsageError("expected finite numbers as corners", where=where)
    return Predicted(
        matched_name(row.get("scene_id") or "", names), as_points(corners), read_score(row["confidence"], where=where),
        row.get("class_name") or "",
    )  # fmt: skip
