"""Predictions as a CSV of corners in source pixels, such as export writes."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from sattrack.bench.predicted import FileOfBoxes, Predicted, found_corners, matched_name, read_score, taken_of
from sattrack.detections import CORNERS
from sattrack.errors import UsageError
from sattrack.labels.categories import means_container
from sattrack.labels.labelled import LabelledImage
from sattrack.labels.texts import as_points, numbers
from sattrack.readers.count_tables import bare

_NEEDED = ("confidence", *CORNERS)
_WAY_OUT = "`sattrack export --format csv` writes such files"


def read_csv(path: Path, images: Sequence[LabelledImage], classes: Sequence[str]) -> FileOfBoxes:
    """part (the file that the corners are in) or scene_id, confidence, px_x1 ... px_y4, and class_name where it is there.

    Where no class is called container, those are taken that have the word in their name, and where none has it all are, as they
    are when counting. UsageError, also of a file without these columns: one that is empty tells nothing of what was found.
    """
    known = {image.name: image for image in images}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            head = {*(table.fieldnames or ())}
            lacking = [*([] if head & {"part", "scene_id"} else ["scene_id"]), *(name for name in _NEEDED if name not in head)]
            if lacking:
                raise UsageError(f"lacks {', '.join(lacking)}", where=f"{path}, line 1", way_out=_WAY_OUT)
            rows = [_row(row, known=known, where=f"{path}, line {table.line_num}") for row in table]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"cannot be read: {error}", where=str(path)) from error
    there = {row.category for row in rows}
    if not classes and not any(map(means_container, there)):
        return FileOfBoxes(rows, {name for name in there if "container" in name.casefold()} or there)
    return FileOfBoxes(rows, taken_of(rows, classes=classes, path=path))


def _row(row: Mapping[str, str], *, known: Mapping[str, LabelledImage], where: str) -> Predicted:
    missing = [name for name in _NEEDED if not row.get(name)]
    if missing:
        raise UsageError(f"lacks {', '.join(missing)}", where=where, way_out=_WAY_OUT)
    corners = numbers([row[name] for name in CORNERS])
    if not corners:
        raise UsageError("expected finite numbers as corners", where=where)
    picture = matched_name(bare(row.get("part") or row.get("scene_id") or ""), known)
    quad = found_corners(as_points(corners), image=known.get(picture), where=where)
    return Predicted(picture, quad, read_score(row["confidence"], where=where), bare(row.get("class_name") or ""))
