"""Boxes as GeoJSON (RFC 7946): WGS 84 longitude and latitude, 7 decimals, outer rings counter-clockwise."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from sattrack.ports import Finished
from sattrack.reports.cells import compact_json
from sattrack.reports.globe import polygons
from sattrack.reports.qgis_styles import detections_qml
from sattrack.reports.rows import BoxRows, left_out, placed_rows
from sattrack.results import SCHEMA_VERSION, Part
from sattrack.writing import whole_file, write_whole


def write_geojson(run: Finished, parts: Mapping[str, Part], to: Path, *, everything: bool = False) -> Path:
    """One feature a box, one a line; only counted boxes unless everything. A QGIS style is laid beside it where none is yet.

    What was left out is said in the foreign member `notes`. UsageError where no scene has a CRS.
    """
    placed = placed_rows(run, parts, everything=everything, format_name="GeoJSON")
    with whole_file(to) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        file.write(_head(run, parts))
        between = "\n"
        for rows in placed:
            for feature in _features(rows):
                file.write(between + compact_json(feature))
                between = ",\n"
        file.write("\n]}\n")
    style = to.with_suffix(".qml")
    if style != to and not style.exists():
        write_whole(style, detections_qml().encode())
    return to


def _head(run: Finished, parts: Mapping[str, Part]) -> str:
    note = left_out(parts)
    said = {
        "type": "FeatureCollection", "schema_version": SCHEMA_VERSION, "model_id": run.index.model_id,
        "threshold": run.index.threshold, "notes": [note] if note else [],
    }  # fmt: skip
    return compact_json(said)[:-1] + ',"features":['


def _features(rows: BoxRows) -> Iterator[dict[str, Any]]:
    assert rows.rings is not None
    for record, shape in zip(rows.records(), polygons(np.round(rows.rings, 7) + 0.0), strict=True):
        geometry = json.loads(shapely.to_geojson(shape))
        yield {"type": "Feature", "id": record["det_id"], "geometry": geometry, "properties": record}
