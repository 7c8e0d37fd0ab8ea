"""Boxes as COCO JSON (cocodataset.org/#format-data), with the four corners as segmentation; for trainers and labellers."""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sattrack.detections import CORNERS
from sattrack.geometry import areas
from sattrack.phrases import some
from sattrack.ports import Finished
from sattrack.reports.cells import clean, compact_json, discreet, moment, shown
from sattrack.reports.rows import BoxRows, box_rows
from sattrack.results import SCHEMA_VERSION, Part, scenes_of
from sattrack.writing import whole_file

_log = logging.getLogger(__name__)
_KEPT = ("det_id", "counted", "length_m", "width_m", "heading_deg", "teu_class", "edge", "inferred")


def write_coco(run: Finished, parts: Mapping[str, Part], to: Path, *, everything: bool = False) -> Path:  # noqa: ARG001 - holds all
    """Every stored box as an annotation with its `score` and `counted`; a category's id is its class_id plus one.

    Of several files that were read as one picture `file_name` is the first, and size and corners are of the whole, which is
    said.
    """
    if joined := sum(bool(scene.pieces) for scene in scenes_of(parts).values()):
        _log.warning(
            "coco: %s of several files that were read as one picture: size and corners are of the whole, not of the file named",
            some(joined, "scene"),
        )
    head = {"info": _about(run), "categories": _categories(run), "images": []}
    with whole_file(to) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        file.write(compact_json(head).removesuffix("]}"))
        for number, image in enumerate(_images(parts)):
            file.write(("," if number else "") + compact_json(image))
        file.write('],"annotations":[')
        between = "\n"
        for annotation in _annotations(run, parts):
            file.write(between + compact_json(annotation))
            between = ",\n"
        file.write("\n]}\n")
    return to


def _about(run: Finished) -> dict[str, Any]:
    index = run.index
    return {
        "description": "Boxes found by sattrack; corners in source pixels, (0, 0) the outer corner of the top-left pixel",
        "version": index.versions.get("sattrack", ""), "date_created": moment(index.created),
        "schema_version": SCHEMA_VERSION, "model_id": index.model_id, "threshold": index.threshold,
    }  # fmt: skip


def _categories(run: Finished) -> list[dict[str, Any]]:
    return [{"id": i, "name": clean(name), "supercategory": ""} for i, name in enumerate(run.index.card.classes, start=1)]


def _images(parts: Mapping[str, Part]) -> Iterator[dict[str, Any]]:
    scenes = scenes_of(parts)
    for number, name in enumerate(sorted(scenes), start=1):
        scene = scenes[name]
        rows, cols = scene.grid.shape
        yield {
            "id": number, "file_name": shown(scene.location), "width": cols, "height": rows,
            "date_captured": moment(scene.acquired), "scene_id": clean(scene.id), "part": clean(scene.part),
            "sensor": clean(scene.sensor), "source": discreet(scene.source), "licence": discreet(scene.licence),
        }  # fmt: skip


def _annotations(run: Finished, parts: Mapping[str, Part]) -> Iterator[dict[str, Any]]:
    number = 0
    for image, rows in enumerate(box_rows(run, parts, everything=True), start=1):
        for annotation in _of_part(rows):
            number += 1
            yield {"id": number, "image_id": image, **annotation}


def _of_part(rows: BoxRows) -> Iterator[dict[str, Any]]:
    for record, area in zip(rows.records(), areas(rows.part.detections.quads).tolist(), strict=True):
        corners = [record[name] for name in CORNERS]
        left, top = min(corners[::2]), min(corners[1::2])
        envelope = [left, top, round(max(corners[::2]) - left, 3), round(max(corners[1::2]) - top, 3)]
        yield {
            "category_id": record["class_id"] + 1, "segmentation": [corners], "bbox": envelope,
            "area": round(area, 2), "iscrowd": 0, "score": record["confidence"],
            **{name: record[name] for name in _KEPT},
        }  # fmt: skip
