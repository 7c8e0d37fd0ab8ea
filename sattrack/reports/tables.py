"""Boxes as plain tables: CSV for people, GeoParquet 1.1 for programs. Both hold every stored box, with a column `counted`."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely
from pyproj import CRS

from sattrack.detections import CORNERS
from sattrack.ports import Finished
from sattrack.reports.cells import csv_cell
from sattrack.reports.globe import polygons
from sattrack.reports.rows import COLUMNS, BoxRows, box_rows
from sattrack.results import SCHEMA_VERSION, Part
from sattrack.writing import whole_file

_TYPES: dict[str, pa.DataType] = {
    "datetime": pa.timestamp("ms", tz="UTC"), "class_id": pa.int32(), "confidence": pa.float32(), "counted": pa.bool_(),
    "inferred": pa.bool_(), "edge": pa.bool_(),
    **dict.fromkeys(("length_m", "width_m", "area_m2", "heading_deg", "lon", "lat", *CORNERS), pa.float64()),
}  # fmt: skip
# Rows that are written together: what a reader may skip at once, and what is in memory meanwhile.
_GROUP = 1 << 14
# Tables that wait at once: one of a single row takes 32 kB, and scenes of a box or two may be many.
_TABLES = 256
_BOUNDS = ("xmin", "ymin", "xmax", "ymax")
_SCHEMA = pa.schema(
    [
        *(pa.field(name, _TYPES.get(name, pa.string())) for name in COLUMNS),
        pa.field("geometry", pa.binary()),
        pa.field("bbox", pa.struct([pa.field(side, pa.float64()) for side in _BOUNDS])),
    ]
)


def write_csv(run: Finished, parts: Mapping[str, Part], to: Path, *, everything: bool = False) -> Path:  # noqa: ARG001 - holds all
    """Every stored box as a row. Corners are in source pixels; lon and lat are empty for pictures without a CRS."""
    with whole_file(to) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*COLUMNS, "schema_version"])
        for rows in box_rows(run, parts, everything=True):
            for record in rows.records():
                writer.writerow([*map(csv_cell, record.values()), SCHEMA_VERSION])
    return to


def write_parquet(run: Finished, parts: Mapping[str, Part], to: Path, *, everything: bool = False) -> Path:  # noqa: ARG001
    """Every stored box, GeoParquet 1.1: polygons in longitude and latitude, none for pictures without a CRS."""
    said = {"schema_version": SCHEMA_VERSION, "model_id": run.index.model_id, "threshold": run.index.threshold}
    spread = _Spread()
    # Arrow's own copy of the schema would be read in place of what is said at the end.
    with whole_file(to) as draft, pq.ParquetWriter(draft.absolute(), _SCHEMA, compression="zstd", store_schema=False) as writer:
        for table in _groups(_table(rows) for rows in box_rows(run, parts, everything=True)):
            spread.add(table)
            writer.write_table(table)
        # What holds of all boxes is known only now.
        metadata = {"geo": json.dumps(spread.geo(), sort_keys=True), "sattrack": json.dumps(said, sort_keys=True)}
        writer.add_key_value_metadata(metadata)
    return to


def _groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Tables joined to some _GROUP rows each; at least one, which may be empty."""
    waiting: list[pa.Table] = []
    rows = written = 0
    for table in tables:
        if not table.num_rows:
            continue
        waiting.append(table)
        rows += table.num_rows
        if rows >= _GROUP:
            yield pa.concat_tables(waiting)
            waiting, rows, written = [], 0, written + 1
        elif len(waiting) >= _TABLES:
            waiting = [pa.concat_tables(waiting).combine_chunks()]
    if rows or not written:
        yield pa.concat_tables(waiting) if waiting else _SCHEMA.empty_table()


def _table(rows: BoxRows) -> pa.Table:
    arrays = []
    for name in COLUMNS:
        values = pa.array(rows.columns[name], pa.string() if name == "datetime" else _TYPES.get(name, pa.string()))
        arrays.append(_moments(values) if name == "datetime" else values)
    if rows.rings is None:
        return pa.table([*arrays, *(pa.nulls(len(rows), _SCHEMA.field(name).type) for name in ("geometry", "bbox"))], _SCHEMA)
    lost = np.asarray(~np.isfinite(rows.rings).all(axis=(1, 2)))
    shapes = polygons(np.where(lost[:, None, None], 0.0, rows.rings))
    wkb = shapely.to_wkb(shapes, byte_order=1) if len(shapes) else []
    sides = shapely.bounds(shapes).T if len(shapes) else np.zeros((4, 0))
    numbers = [pa.array(side, pa.float64()) for side in sides]
    bbox = pa.StructArray.from_arrays(numbers, names=list(_BOUNDS), mask=pa.array(lost))
    return pa.table([*arrays, pa.array(wkb, pa.binary(), mask=lost), bbox], _SCHEMA)


def _moments(texts: pa.Array) -> pa.Array:
    return pc.strptime(texts, format="%Y-%m-%dT%H:%M:%SZ", unit="ms").cast(_TYPES["datetime"])


class _Spread:
    """Where the boxes lie and what their geometries are, table by table."""

    def __init__(self) -> None:
        self._ends: dict[str, float] = {}
        self._kinds: set[int] = set()

    def add(self, table: pa.Table) -> None:
        for side in _BOUNDS:
            least = side.endswith("min")
            found = (pc.min if least else pc.max)(pc.struct_field(table["bbox"], side)).as_py()
            if found is not None:
                self._ends[side] = (min if least else max)(found, self._ends.get(side, found))
        # Little-endian WKB tells its type in its second byte: 3 a Polygon, 6 a MultiPolygon.
        self._kinds |= {wkb[1] for chunk in table["geometry"].chunks for wkb in chunk.to_pylist() if wkb is not None}

    def geo(self) -> dict[str, Any]:
        """The file's `geo` metadata, geoparquet.org/releases/v1.1.0; axes are always longitude, latitude."""
        kinds = [name for code, name in ((3, "Polygon"), (6, "MultiPolygon")) if code in self._kinds]
        column: dict[str, Any] = {
            "encoding": "WKB", "geometry_types": kinds, "crs": CRS.from_user_input("OGC:CRS84").to_json_dict(),
            "edges": "planar", "orientation": "counterclockwise",
            "covering": {"bbox": {side: ["bbox", side] for side in _BOUNDS}},
        }  # fmt: skip
        if self._ends:
            column["bbox"] = [self._ends[side] for side in _BOUNDS]
        return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
