"""Covered areas as files: covers.csv and covers.json, which say in every row that nothing in them is a count."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sattrack.covers import COVER_SCHEMA, COVERS_FILE, Change, CoarseScene, Cover, Covers
from sattrack.reports.cells import clean, csv_bytes, discreet, moment, number, readable_json, shown
from sattrack.steps.covering import LEVEL
from sattrack.writing import write_whole

CSV = "covers.csv"
# Of each row what it is, so that a row that was torn out of its file still says it.
KINDS = {"area": "covered area, not a count", "presence": "brightness and texture, not a count"}
NO_KIND = "nothing was read"
COVER_COLUMNS = (
    "kind", "site_id", "site_name", "zone", "scene_id", "datetime", "datetime_source", "sensor", "status", "capability",
    "area_m2", "area_low_m2", "area_high_m2", "interval_level", "interval_method", "read_m2", "least_area_m2", "site_m2",
    "footprint_low_m2", "footprint_high_m2", "top_boxes_low", "top_boxes_high", "tiers_low", "tiers_high", "observed_fraction",
    "cloud_checked", "brightness", "texture", "changed_since", "brightness_change", "brightness_noise", "texture_change",
    "texture_noise", "said", "gsd_m", "px_per_width", "model_id", "notes", "parts", "schema_version",
)  # fmt: skip


def write_covers(found: Covers, folder: Path, *, pictures: Mapping[tuple[str, ...], Sequence[str]]) -> None:
    """Both files, each whole. pictures: by the rows' keys the names of its pictures. StoreError where they cannot be."""
    places = tuple(one.location for one in found.scenes)
    rows = [cover_row(row, locations=places) for row in found.rows]
    write_whole(folder / CSV, csv_bytes(COVER_COLUMNS, rows=([row[name] for name in COVER_COLUMNS] for row in rows)))
    write_whole(folder / COVERS_FILE, readable_json(covers_value(found, pictures=pictures)))


def cover_row(row: Cover, *, locations: Sequence[str] = ()) -> dict[str, object]:
    """A row by column name; what has no value is none."""
    area, foot, boxes, tiers = row.area, row.footprint_m2, row.boxes, row.tiers
    bright, rough = row.brightness_change, row.texture_change
    read = row.status in ("done", "not_assessable")
    return {
        "kind": KINDS.get(row.capability, NO_KIND) if read else NO_KIND, "site_id": row.site_id, "site_name": row.site_name,
        "zone": row.zone, "scene_id": row.scene_id, "datetime": moment(row.datetime), "datetime_source": row.datetime_source,
        "sensor": row.sensor, "status": row.status, "capability": row.capability,
        "area_m2": number(area.area, digits=1) if area else None, "area_low_m2": number(area.low, digits=1) if area else None,
        "area_high_m2": number(area.high, digits=1) if area else None,
        "interval_level": LEVEL if area and area.low is not None else None, "interval_method": area.method if area else "",
        "read_m2": number(area.read, digits=1) if area else None,
        "least_area_m2": number(area.least, digits=1) if area else None,
        "site_m2": number(row.site_m2, digits=1), "footprint_low_m2": number(foot[0], digits=1) if foot else None,
        "footprint_high_m2": number(foot[1], digits=1) if foot else None, "top_boxes_low": boxes[0] if boxes else None,
        "top_boxes_high": boxes[1] if boxes else None, "tiers_low": tiers[0] if tiers else None,
        "tiers_high": tiers[1] if tiers else None, "observed_fraction": number(row.observed_fraction, digits=4),
        "cloud_checked": row.cloud_checked, "brightness": number(row.brightness, digits=4),
        "texture": number(row.texture, digits=4), "changed_since": bright.since if bright else None,
        **_change("brightness", bright), **_change("texture", rough), "said": row.said, "gsd_m": number(row.gsd_m, digits=4),
        "px_per_width": number(row.px_per_width, digits=3), "model_id": row.model_id,
        "notes": discreet("; ".join(row.notes), locations=locations), "parts": clean("; ".join(row.parts)),
        "schema_version": COVER_SCHEMA,
    }  # fmt: skip


def covers_value(found: Covers, *, pictures: Mapping[tuple[str, ...], Sequence[str]]) -> dict[str, Any]:
    """All of it as JSON holds it; no path of a picture is in it."""
    places = tuple(one.location for one in found.scenes)
    card = found.card
    return {
        "kind": "covered areas and brightness, not counts: no series, alert or flow of counts takes them",
        "schema_version": COVER_SCHEMA, "command": found.command, "sites_file": clean(found.sites_file),
        "model": {"id": card.id, "sha256": card.sha256, "gsd_m": card.gsd_m, "licence": card.licence},
        "settings": found.settings, "versions": found.versions, "notes": [discreet(note) for note in found.notes],
        "scenes": [_scene_value(one, locations=places) for one in found.scenes],
        "covers": [
            {
                **cover_row(row, locations=places), "notes": [discreet(note, locations=places) for note in row.notes],
                "parts": [clean(part) for part in row.parts], "pictures": list(pictures.get(row.key, ())),
            }
            for row in found.rows
        ],
    }  # fmt: skip


def _change(what: str, one: Change | None) -> dict[str, object]:
    return {
        f"{what}_change": number(one.change, digits=4) if one else None,
        f"{what}_noise": number(one.noise, digits=4) if one else None,
    }  # fmt: skip


def _scene_value(one: CoarseScene, *, locations: Sequence[str]) -> dict[str, Any]:
    stretch = one.stretch
    return {
        "scene_id": clean(one.scene_id), "part": clean(one.part), "location": shown(one.location), "status": one.status,
        "reason": discreet(one.reason, locations=locations), "capability": one.capability, "sha256": one.sha256 or None,
        "stretch": {"low": list(stretch.low), "high": list(stretch.high)} if stretch else None,
    }  # fmt: skip
