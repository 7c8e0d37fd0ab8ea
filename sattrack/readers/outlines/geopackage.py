"""Polygons of a GeoPackage (OGC 12-128r19), read with sqlite3 alone."""

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyproj
import shapely

from sattrack.readers.outlines.shapes import MOST_FEATURES, Layer, Shape, check_limits, crs_named, refused

_ENVELOPE_BYTES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
_POLYGONS = ("POLYGON", "MULTIPOLYGON", "GEOMETRY", "GEOMETRYCOLLECTION", "CURVEPOLYGON", "MULTISURFACE", "SURFACE")
_CURVED = range(8, 15)
# A view may hide an endless query; reading an honest file takes far fewer virtual-machine steps.
_STEPS, _MOST_CALLS = 1_000_000, 2_000


def read_geopackage(path: Path) -> tuple[Layer, ...]:
    """A layer for each table of polygons; only the layer `sites` where there is one. Raises OutlineError."""
    try:
        with closing(_opened(path)) as base:
            return tuple(_layers(path, base))
    except sqlite3.Error as error:
        raise refused(path, f"not a readable GeoPackage: {error}", way_out="export it again from QGIS") from error


def _opened(path: Path) -> sqlite3.Connection:
    # Unless a writer left a log beside it, `immutable` keeps SQLite from making any file in the user's folder.
    log = path.with_name(path.name + "-wal")
    mode = "mode=ro" if log.exists() else "mode=ro&immutable=1"
    base = sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True)
    base.text_factory = lambda raw: raw.decode("utf-8", "replace")
    base.execute("PRAGMA trusted_schema = OFF")
    calls = iter(range(_MOST_CALLS))
    base.set_progress_handler(lambda: 1 if next(calls, None) is None else 0, _STEPS)
    return base


def _layers(path: Path, base: sqlite3.Connection) -> Iterator[Layer]:
    tables = base.execute(
        "SELECT c.table_name, g.column_name, g.geometry_type_name, g.srs_id FROM gpkg_contents c "
        "JOIN gpkg_geometry_columns g ON g.table_name = c.table_name WHERE c.data_type = 'features' ORDER BY c.rowid"
    ).fetchall()
    chosen = [row for row in tables if row[0] == "sites"] or [row for row in tables if str(row[2]).upper() in _POLYGONS]
    if not chosen:
        raise refused(path, "no layer of polygons", way_out="save the outlines as a polygon layer")
    left = [row[0] for row in tables if row not in chosen]
    notes = (f"layers not read: {', '.join(map(str, left))}",) if left else ()
    number = 0
    for table, column, _, srs_id in chosen:
        crs = _crs(path, base, srs_id=srs_id)
        shapes = tuple(_shapes(path, base, table=str(table), column=str(column), start=number + 1))
        number += len(shapes)
        check_limits(path, features=number, vertices=sum(int(shapely.get_num_coordinates(s.geometry)) for s in shapes))
        yield Layer(shapes, crs, notes)
        notes = ()


def _crs(path: Path, base: sqlite3.Connection, *, srs_id: Any) -> pyproj.CRS | None:
    if srs_id in (0, 4326):
        return None
    row = base.execute(
        "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?", (srs_id,)
    ).fetchone()
    if srs_id == -1 or row is None:
        raise refused(path, f"the layer has no CRS (srs_id {srs_id})", way_out="set the layer's CRS in QGIS and save again")
    organization, code, definition = row
    if str(organization).upper() in ("EPSG", "ESRI", "OGC"):
        return crs_named(path, f"{organization}:{code}")
    return crs_named(path, definition)


def _shapes(path: Path, base: sqlite3.Connection, *, table: str, column: str, start: int) -> Iterator[Shape]:
    name = '"' + table.replace('"', '""') + '"'
    rows = base.execute(f"SELECT * FROM {name} LIMIT {MOST_FEATURES + 1}")
    columns = [described[0] for described in rows.description]
    if column not in columns:
        raise refused(path, f"the layer {table!r} has no column {column!r}")
    place = columns.index(column)
    for number, row in enumerate(rows, start=start):
        properties = {key: value for i, (key, value) in enumerate(zip(columns, row, strict=True)) if i != place}
        yield Shape(number, _geometry(path, row[place], number=number), properties)


def _geometry(path: Path, blob: Any, *, number: int) -> shapely.Geometry:
    """GeoPackage binary (magic, version, flags, srs_id, envelope, WKB) -> geometry."""
    if blob is None:
        raise refused(path, "no geometry", number=number, way_out="draw an outline around the place")
    if not isinstance(blob, bytes) or len(blob) < 13 or blob[:2] != b"GP" or (blob[3] >> 1) & 7 not in _ENVELOPE_BYTES:
        raise refused(path, "the geometry is not GeoPackage binary", number=number, way_out="export it again from QGIS")
    wkb = blob[8 + _ENVELOPE_BYTES[(blob[3] >> 1) & 7] :]
    if len(wkb) >= 5 and struct.unpack("<I" if wkb[0] else ">I", wkb[1:5])[0] % 1000 in _CURVED:
        raise refused(path, "curved geometries are not read", number=number, way_out="convert the layer to straight segments")
    try:
        geometry = shapely.from_wkb(wkb)
    except (shapely.errors.GEOSException, TypeError) as error:
        raise refused(path, "the geometry is damaged", number=number, way_out="export it again from QGIS") from error
    if geometry is None or geometry.is_empty:
        raise refused(path, "the geometry is empty", number=number, way_out="draw an outline around the place")
    return shapely.force_2d(geometry)
