"""A GeoPackage (OGC 12-128r17, version 1.3) with boxes, sites, scenes and counts, and the styles that QGIS opens them with."""

import datetime as dt
import sqlite3
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import shape as shape_of

from sattrack.detections import CORNERS
from sattrack.errors import StoreError
from sattrack.ports import Finished
from sattrack.reports.cells import KnownPlaces, clean, moment
from sattrack.reports.geopackage_tables import BASE, SPATIAL_INDEX, SRS_ROWS, STYLES_TABLE
from sattrack.reports.globe import outline, polygons
from sattrack.reports.listings import COUNT_COLUMNS, SCENE_COLUMNS, count_row, scene_row
from sattrack.reports.qgis_styles import detections_qml, scenes_qml, sites_qml
from sattrack.reports.rows import COLUMNS, BoxRows, left_out, placed_rows
from sattrack.results import Part, SceneOutcome
from sattrack.timeline import Site
from sattrack.writing import whole_file

_APPLICATION, _VERSION, _WGS84 = 0x47504B47, 10300, 4326
# Behind the magic: version, flags, CRS, envelope. OGC 12-128r17, 2.1.3.
_HEAD = struct.Struct("<BBi4d")
_SITE_COLUMNS = ("site_id", "name", "zone", "kind", "notes")
_SQL_TYPES = {
    "datetime": "DATETIME", **dict.fromkeys(("counted", "inferred", "edge", "cap_hit", "cloud_checked"), "BOOLEAN"),
    **dict.fromkeys(
        ("class_id", "count", "n_checked", "n_20ft", "n_40ft", "n_45ft", "width_px", "height_px", "boxes"), "INTEGER"
    ),
    **dict.fromkeys(
        ("confidence", "length_m", "width_m", "area_m2", "heading_deg", "lon", "lat", *CORNERS, "count_low", "count_high",
         "interval_level", "observed_fraction", "count_per_observed_area", "teu", "threshold", "gsd_m", "gsd_x_m", "gsd_y_m",
         "px_per_width", "nodata"),
        "REAL",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Layer:
    """A table of the file; style: its QML; a table without a style has no geometry."""

    name: str
    columns: Sequence[str]
    about: str
    style: str = ""
    types: Mapping[str, str] | None = None


def write_geopackage(run: Finished, parts: Mapping[str, Part], to: Path, *, everything: bool = False) -> Path:
    """Layers detections (only counted boxes unless everything), sites and scenes, and the table counts; all in WGS 84.

    The same run gives the same bytes: its times are the run's own. UsageError where no scene has a CRS.
    """
    boxes = placed_rows(run, parts, everything=everything, format_name="GeoPackage")
    note = left_out(parts)
    locations = KnownPlaces(run.index.locations)
    when = run.index.created or dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    about = f"sattrack schema {run.index.schema_version}, model {run.index.model_id}, threshold {run.index.threshold:g}"
    layers = (
        _Layer("detections", COLUMNS, "; ".join(filter(None, (about, note))), detections_qml()),
        _Layer("sites", _SITE_COLUMNS, about, sites_qml()),
        # In the list of scenes `counted` is a number of boxes.
        _Layer("scenes", SCENE_COLUMNS, about, scenes_qml(), {"counted": "INTEGER"}),
        _Layer("counts", COUNT_COLUMNS, about),
    )
    contents: tuple[Iterable[tuple[shapely.Geometry | None, dict[str, Any]]], ...] = (
        (pair for rows in boxes for pair in _boxes(rows)),
        map(_site, run.sites),
        (_scene(outcome, model_id=run.index.model_id) for outcome in run.index.outcomes),
        ((None, count_row(count, locations=locations)) for count in run.counts),
    )
    with whole_file(to) as draft:
        try:
            with closing(_made(draft)) as base, base:
                for layer, content in zip(layers, contents, strict=True):
                    _add_layer(base, layer, content, when=when)
                _add_styles(base, layers, when=when)
        except sqlite3.Error as error:
            raise StoreError(
                f"cannot be written: {error}", where=str(to), way_out="free some room, or choose another -o"
            ) from error
    return to


def _made(path: Path) -> sqlite3.Connection:
    base = sqlite3.connect(path)
    # The draft takes its place only when whole, so that SQLite's own log would guard nothing.
    base.execute("PRAGMA journal_mode = OFF")
    base.execute(f"PRAGMA application_id = {_APPLICATION}")
    base.execute(f"PRAGMA user_version = {_VERSION}")
    for statement in BASE:
        base.execute(statement)
    base.executemany("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)", SRS_ROWS)
    return base


def _boxes(rows: BoxRows) -> Iterator[tuple[shapely.Geometry, dict[str, Any]]]:
    assert rows.rings is not None
    return zip(polygons(rows.rings), rows.records(), strict=True)


def _site(site: Site) -> tuple[shapely.Geometry | None, dict[str, Any]]:
    values = (site.id, site.name, site.zone, site.kind, site.notes)
    return (shape_of(site.outline) if site.outline else None), dict(zip(_SITE_COLUMNS, values, strict=True))


def _scene(outcome: SceneOutcome, *, model_id: str) -> tuple[shapely.Geometry | None, dict[str, Any]]:
    ring = outline(outcome.scene.grid) if outcome.scene else None
    return (None if ring is None else polygons(ring)[0]), scene_row(outcome, model_id=model_id)


def _add_layer(
    base: sqlite3.Connection,
    layer: _Layer,
    content: Iterable[tuple[shapely.Geometry | None, dict[str, Any]]],
    *,
    when: dt.datetime,
) -> None:
    """A table, its rows, and what the standard's own tables say of it."""
    types = _SQL_TYPES | dict(layer.types or {})
    geometry = ["geom MULTIPOLYGON"] if layer.style else []
    columns = [*geometry, *(f"{name} {types.get(name, 'TEXT')}" for name in layer.columns)]
    base.execute(f"CREATE TABLE {layer.name} (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, {', '.join(columns)})")
    spread = _Spread()
    places = ", ".join("?" * (len(columns) + 1))
    base.executemany(
        f"INSERT INTO {layer.name} VALUES ({places})",
        (
            (fid, *([spread.blob(shape)] if layer.style else []), *(_value(name, row[name]) for name in layer.columns))
            for fid, (shape, row) in enumerate(content, start=1)
        ),
    )
    bounds = spread.bounds or (None,) * 4
    kind = "features" if layer.style else "attributes"
    base.execute(
        "INSERT INTO gpkg_contents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (layer.name, kind, layer.name, layer.about, _time(when), *bounds, _WGS84 if layer.style else None),
    )
    if layer.style:
        base.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', 'MULTIPOLYGON', ?, 0, 0)", (layer.name, _WGS84))
        _index(base, layer.name)


class _Spread:
    """Geometries as GeoPackage binary, remembering the bounds of all for the contents."""

    def __init__(self) -> None:
        self.bounds: tuple[float, float, float, float] | None = None

    def blob(self, shape: shapely.Geometry | None) -> bytes | None:
        """Magic, version, flags (little-endian, envelope of 4), CRS, envelope, WKB."""
        if shape is None:
            return None
        if shape.geom_type == "Polygon":
            shape = shapely.MultiPolygon([shape])
        west, south, east, north = shape.bounds
        known = self.bounds or (west, south, east, north)
        self.bounds = min(known[0], west), min(known[1], south), max(known[2], east), max(known[3], north)
        head = b"GP" + _HEAD.pack(0, 0b011, _WGS84, west, east, south, north)
        return head + bytes(shapely.to_wkb(shape, byte_order=1))


def _index(base: sqlite3.Connection, table: str) -> None:
    """The R-tree extension, where this Python's SQLite has it; a layer without an index is valid too, only slower.

    Bounds are read from the heads of the geometries, since those of all boxes of a large run do not fit into memory.
    """
    if not base.execute("SELECT 1 FROM pragma_module_list WHERE name = 'rtree'").fetchone():
        return
    for statement in SPATIAL_INDEX:
        base.execute(statement.format(t=table))
        if statement.startswith("CREATE VIRTUAL"):
            heads = base.execute(f"SELECT fid, substr(geom, 3, {_HEAD.size}) FROM {table} WHERE geom NOT NULL ORDER BY fid")
            boxes = ((fid, *_HEAD.unpack(head)[3:]) for fid, head in heads)
            base.executemany(f"INSERT INTO rtree_{table}_geom VALUES (?, ?, ?, ?, ?)", boxes)


def _add_styles(base: sqlite3.Connection, layers: Iterable[_Layer], *, when: dt.datetime) -> None:
    base.execute(STYLES_TABLE)
    base.execute(
        "INSERT INTO gpkg_contents VALUES ('layer_styles', 'attributes', 'layer_styles', 'QGIS styles', ?, ?, ?, ?, ?, NULL)",
        (_time(when), None, None, None, None),
    )
    base.executemany(
        "INSERT INTO layer_styles VALUES (NULL, '', '', ?, 'geom', 'sattrack', ?, '', 1, 'Laid in by sattrack', '', NULL, ?)",
        ((layer.name, layer.style, _time(when)) for layer in layers if layer.style),
    )


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name == "datetime":
        return str(value).replace("Z", ".000Z")
    return clean(value) if isinstance(value, str) else value


def _time(when: dt.datetime) -> str:
    return (moment(when) or "").replace("Z", ".000Z")
