"""Changes between scenes as rows of a table, plain values for JSON, CSV and GeoJSON."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from sattrack.changes import Exchange, Total
from sattrack.geometry import sides
from sattrack.projections import WGS84, project
from sattrack.reports.cells import clean, compact_json, csv_bytes, moment, number
from sattrack.reports.globe import polygons
from sattrack.results import SCHEMA_VERSION
from sattrack.steps.grounding import Frame
from sattrack.steps.observing import percent
from sattrack.steps.phrasing import outward, stamp
from sattrack.steps.sizing import length_classes
from sattrack.writing import write_whole

CHANGE_HEAD = ("site", "earlier → later (UTC)", "both saw", "boxes", "change (95 %)", "kept", "arrived", "left", "by")
_COLUMNS = (
    "site_id", "zone", "earlier_scene", "later_scene", "earlier_datetime", "later_datetime", "compared_by", "why",
    "count_earlier", "count_later", "change", "change_low", "change_high", "direction", "kept", "kept_low", "kept_high",
    "arrived", "arrived_low", "arrived_high", "left", "left_low", "left_high", "unlike", "interval_level", "shared_fraction",
    "offset_known", "offset_x_m", "offset_y_m", "offset_clear", "offset_stands", "lean_x_m", "lean_y_m",
    "threshold", "model_id", "notes", "schema_version",
)  # fmt: skip
_BOX_COLUMNS = (
    "site_id", "zone", "earlier_scene", "later_scene", "scene_id", "state", "confidence", "score", "teu_class", "x_m", "y_m",
    "lon", "lat",
)  # fmt: skip


def change_row(one: Exchange) -> tuple[str, ...]:
    """A row of CHANGE_HEAD, for people."""
    when = [stamp(time) if time else name for time, name in ((one.earlier_time, one.earlier), (one.later_time, one.later))]
    name = f"{one.site_id} / {one.zone}" if one.zone else one.site_id
    boxes = f"{len(one.before)} → {len(one.after)}" if one.assessable else "- → -"
    return (
        name, " → ".join(when), percent(one.shared_fraction), boxes, _told(one.change, signed=True), _told(one.kept),
        _told(one.arrived), _told(one.left), one.by,
    )  # fmt: skip


def _told(total: Total, *, signed: bool = False) -> str:
    if total.value is None:
        return "-"
    form = "+d" if signed else "d"
    if total.low is None or total.high is None:
        return format(total.value, form)
    low, high = outward(total.low, total.high)
    return f"{format(total.value, form)} ({format(low, form)} to {format(high, form)})"


def change_value(one: Exchange) -> dict[str, Any]:
    """All that is known of an exchange as JSON holds it, its boxes left out."""
    values: dict[str, Any] = {
        "site_id": one.site_id, "zone": one.zone, "earlier_scene": one.earlier, "later_scene": one.later,
        "earlier_datetime": moment(one.earlier_time), "later_datetime": moment(one.later_time), "compared_by": one.by,
        "why": one.why, "count_earlier": len(one.before) if one.assessable else None,
        "count_later": len(one.after) if one.assessable else None,
    }  # fmt: skip
    for name in ("change", "kept", "arrived", "left"):
        total = getattr(one, name)
        values |= {name: total.value, f"{name}_low": _round(total.low, 1), f"{name}_high": _round(total.high, 1)}
        if name == "change":
            values["direction"] = one.direction
    known = one.offset.known
    values |= {
        "unlike": one.unlike, "interval_level": one.level, "shared_fraction": number(one.shared_fraction, digits=4),
        "offset_known": known,
        "offset_x_m": _round(one.offset.x_m, 2) if known else None, "offset_y_m": _round(one.offset.y_m, 2) if known else None,
        "offset_clear": _round(one.offset.clear, 2), "offset_stands": _round(one.offset.stands, 2),
        "lean_x_m": _round(one.lean.x_m, 2) if one.lean else None, "lean_y_m": _round(one.lean.y_m, 2) if one.lean else None,
        "threshold": one.threshold, "model_id": one.model_id, "notes": list(one.notes), "schema_version": SCHEMA_VERSION,
    }  # fmt: skip
    return values


def write_change_tables(found: Sequence[tuple[Exchange, Frame]], out: Path) -> list[Path]:
    """changes.csv, boxes.csv, and boxes.geojson where any has a CRS; the files written. StoreError where that cannot be.

    A boxes.geojson of an earlier call goes where none has.
    """
    out.mkdir(parents=True, exist_ok=True)
    changes, boxes, world = out / "changes.csv", out / "boxes.csv", out / "boxes.geojson"
    values = [change_value(one) | {"notes": "; ".join(one.notes)} for one, _ in found]
    write_whole(changes, csv_bytes(_COLUMNS, rows=[[row[name] for name in _COLUMNS] for row in values]))
    records = [record for one, frame in found for record in box_records(one, frame=frame)]
    write_whole(boxes, csv_bytes(_BOX_COLUMNS, rows=[[record[name] for name in _BOX_COLUMNS] for record in records]))
    if not any(frame.crs for _, frame in found):
        world.unlink(missing_ok=True)
        return [changes, boxes]
    placed = [record for record in records if record["ring"] is not None]
    shapes = polygons(np.array([record["ring"] for record in placed])) if placed else ()
    features = [
        {
            "type": "Feature", "geometry": json.loads(shapely.to_geojson(shape)),
            "properties": {name: record[name] for name in _BOX_COLUMNS},
        }
        for record, shape in zip(placed, shapes, strict=True)
    ]  # fmt: skip
    head = {"type": "FeatureCollection", "schema_version": SCHEMA_VERSION, "features": features}
    write_whole(world, compact_json(head).encode())
    return [changes, boxes, world]


def box_records(one: Exchange, *, frame: Frame) -> Iterator[dict[str, Any]]:
    """Each box once: kept ones as they lie in the later scene, where it counts them.

    state: kept, arrived or left; `unknown` where only counted.
    """
    by_boxes = one.by == "boxes"
    stays = one.stays_after
    states = [("kept" if s else "arrived") if by_boxes else "unknown" for s in stays]
    yield from _records(one, frame, states, later=True, rows=np.arange(len(one.after)))
    # Kept ones that the later scene shows only faintly have no other row.
    alone = np.setdiff1d(np.arange(len(one.before)), one.pairs[:, 0])
    states = [("kept" if s else "left") if by_boxes else "unknown" for s in one.stays_before[alone]]
    yield from _records(one, frame, states, later=False, rows=alone)


def _records(one: Exchange, frame: Frame, states: Sequence[str], *, later: bool, rows: np.ndarray) -> Iterator[dict[str, Any]]:
    boxes, sure = (one.after, one.after_sure) if later else (one.before, one.before_sure)
    quads = boxes.quads[rows]
    middle = boxes.centres()[rows]
    classes = length_classes(sides(quads)[0]) if len(quads) else []
    rings = lonlat = None
    if frame.crs is not None:
        rings = np.round(_right_handed(project(quads, source=frame.crs, target=WGS84)), 7)
        lonlat = np.round(project(middle, source=frame.crs, target=WGS84), 7)
    for i, (row, state) in enumerate(zip(rows.tolist(), states, strict=True)):
        yield {
            "site_id": one.site_id, "zone": one.zone, "earlier_scene": one.earlier, "later_scene": one.later,
            "scene_id": one.later if later else one.earlier, "state": state, "confidence": _round(float(sure[row]), 3),
            "score": _round(float(boxes.scores[row]), 3), "teu_class": classes[i],
            # Metres from the earlier picture's corner say something only where there are no coordinates.
            "x_m": _round(float(middle[i, 0]), 2) if lonlat is None else None,
            "y_m": _round(float(middle[i, 1]), 2) if lonlat is None else None,
            "lon": float(lonlat[i, 0]) if lonlat is not None else None,
            "lat": float(lonlat[i, 1]) if lonlat is not None else None,
            "ring": rings[i] if rings is not None else None,
        }  # fmt: skip


def _right_handed(rings: np.ndarray) -> np.ndarray:
    x, y = rings[..., 0], rings[..., 1]
    clockwise = np.sum(x * np.roll(y, -1, 1) - np.roll(x, -1, 1) * y, axis=1) < 0
    return np.where(clockwise[:, None, None], rings[:, ::-1], rings)


def _round(value: float | None, digits: int) -> float | None:
    return number(value, digits=digits)


def sentence(one: Exchange) -> str:
    """What happened, in one line, with the intervals in brackets."""
    if not one.assessable:
        return clean(f"not assessable: {one.why}")
    if one.by == "counts":
        return clean(f"{len(one.before)} → {len(one.after)} boxes ({_told(one.change, signed=True)}); {one.why}")
    told = ", ".join(f"{_told(getattr(one, state))} {state}" for state in ("kept", "arrived", "left"))
    return f"{len(one.before)} → {len(one.after)} boxes: {told}"
