"""Predictions as COCO JSON: a list of results, or a whole document whose annotations have a score."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sattrack.bench.predicted import FileOfBoxes, Predicted, found_corners, matched_name, read_score, taken_of
from sattrack.errors import ManifestError, UsageError
from sattrack.geometry import Points, quads_from_xywhr
from sattrack.labels.coco import category_names, pictures_by_id, rings_of
from sattrack.labels.labelled import LabelledImage
from sattrack.labels.texts import as_points, numbers, read_json


def read_coco(path: Path, images: Sequence[LabelledImage], classes: Sequence[str]) -> FileOfBoxes:
    """Each result's picture is told by file_name or image_id: the id in `images`, in the COCO labels, or the picture's name.

    Ids of several sets often begin anew with each: one that is in two of them tells no picture. A number that is no id in the
    labels is never the name of a picture that has one there: it is of a picture that was left out.

    A box is a polygon (segmentation; or poly and rbox, as ultralytics writes them), else bbox. Where a list of results names no
    categories and has several, classes says which by id. UsageError.
    """
    try:
        document = read_json(path)
        whole = isinstance(document, dict)
        rows = document.get("annotations") if whole else document
        if not isinstance(rows, list):
            raise UsageError("expected a list of results, or annotations", where=str(path))
        listed = category_names(document, where=str(path)) if whole else {}
        pictures = pictures_by_id(document, where=str(path)) if whole and "images" in document else {}
        names, entries = {_id(key): name for key, name in listed.items()}, {_id(key): one for key, one in pictures.items()}
        known = {image.name: image for image in images}
        by_key: dict[str, list[str]] = defaultdict(list)
        for image in images:
            by_key[_id(image.key)].append(image.name)
        found = []
        for number, row in enumerate(rows, 1):
            where = f"{path}, result {number}"
            if not isinstance(row, dict):
                raise UsageError("expected an object", where=where)
            picture = _picture(row, entries=entries, by_key=by_key, names=known.keys(), where=where)
            category = _id(row.get("category_id"))
            quad = _quad(row, image=known.get(picture), where=where)
            found.append(Predicted(picture, quad, _score(row, where=where), names.get(category, category)))
    except ManifestError as error:
        raise UsageError(error.message, where=error.where, way_out=error.way_out) from error
    alone = not names and not classes and len({row.category for row in found}) == 1
    taken = {row.category for row in found} if alone else taken_of(found, classes=classes, path=path, names=names)
    return FileOfBoxes(found, taken)


def _id(value: Any) -> str:
    """17 and 17.0 are one number: a table with a hole in it makes the second of the first."""
    text = "" if value is None else str(value)
    whole = text.removesuffix(".0")
    return whole if whole.isdecimal() else text


def _picture(
    row: Mapping[str, Any], *, entries: Mapping[str, Mapping[str, Any]], by_key: Mapping[str, list[str]], names: Any, where: str
) -> str:
    number = _id(row.get("image_id"))
    if row.get("file_name"):
        return matched_name(str(row["file_name"]), names)
    if entries:
        if number not in entries:
            raise UsageError(f"image_id {number} is none of images", where=where)
        return matched_name(str(entries[number]["file_name"]), names)
    if not number:
        raise UsageError("has neither image_id nor file_name", where=where)
    known = by_key.get(number, [])
    if len(known) > 1:
        told = f"image_id {number} is that of {' and of '.join(known[:2])}"
        raise UsageError(told, where=where, way_out="give file_name, or one set a call")
    if known:
        return known[0]
    if not number.isdecimal():
        return matched_name(number, names)
    without_id = by_key.get("", [])
    name = matched_name(number, without_id)
    return name if name in without_id else f"image_id {number}"


def _quad(row: Mapping[str, Any], *, image: LabelledImage | None, where: str) -> Points:
    try:
        if row.get("poly"):
            ring = as_points(numbers(row["poly"]))
        elif row.get("rbox") and not row.get("segmentation"):
            box = numbers(row["rbox"])
            if len(box) != 5:
                raise UsageError("expected rbox as centre, sides and angle", where=where)
            ring = quads_from_xywhr(np.array([box]))[0]
        else:
            ring = np.concatenate(rings_of(row, crowd=False, where=where))
        return found_corners(ring, image=image, where=where)
    except TypeError as error:
        raise UsageError("expected a list of numbers", where=where) from error


def _score(row: Mapping[str, Any], *, where: str) -> float:
    if "score" not in row:
        raise UsageError("has no score: these are labels, not boxes that a detector found", where=where)
    return read_score(row["score"], where=where)
