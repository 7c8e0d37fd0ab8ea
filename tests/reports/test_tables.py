"""CSV and GeoParquet: read back by other means than wrote them."""

import csv
import json
import weakref
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from pyproj import CRS

from sattrack.reports import tables
from sattrack.reports.rows import COLUMNS
from sattrack.reports.tables import write_csv, write_parquet


def test_X2_hostile_names_stay_text_in_the_csv(mixed_run, tmp_path) -> None:
    path = write_csv(*mixed_run, tmp_path / "x.csv")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["scene_id"].startswith("'=cmd|")
    assert (rows[0]["lon"], rows[0]["lat"], rows[0]["datetime"]) == ("", "", "")
    assert b"\r" not in path.read_bytes()


def test_the_csv_has_the_documented_columns_and_the_stored_corners(port_run, tmp_path) -> None:
    run, parts = port_run
    with write_csv(run, parts, tmp_path / "x.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == (*COLUMNS, "schema_version")
    corners = np.array([[float(row[f"px_{axis}{i}"]) for i in (1, 2, 3, 4) for axis in "xy"] for row in rows])
    np.testing.assert_allclose(corners.reshape(-1, 4, 2), parts["day-1"].detections.quads, atol=5.1e-4)


def test_geoparquet_says_what_its_geometry_is(port_run, tmp_path) -> None:
    table = pq.read_table(write_parquet(*port_run, tmp_path / "x.parquet"))
    geo = json.loads(table.schema.metadata[b"geo"])
    column = geo["columns"]["geometry"]
    assert (geo["version"], geo["primary_column"]) == ("1.1.0", "geometry")
    assert (column["encoding"], column["geometry_types"], column["orientation"]) == ("WKB", ["Polygon"], "counterclockwise")
    assert CRS.from_json_dict(column["crs"]) == CRS.from_user_input("OGC:CRS84")
    shapes = shapely.from_wkb(table["geometry"].to_pylist())
    assert all(shape.is_valid and shape.exterior.is_ccw for shape in shapes)
    assert column["bbox"] == pytest.approx(list(shapely.total_bounds(shapes)))
    for shape, box, lon, lat in zip(
        shapes, table["bbox"].to_pylist(), table["lon"].to_pylist(), table["lat"].to_pylist(), strict=True
    ):
        assert tuple(box.values()) == shape.bounds
        assert shape.contains(shapely.Point(lon, lat))


def test_geoparquet_keeps_the_types(port_run, tmp_path) -> None:
    table = pq.read_table(write_parquet(*port_run, tmp_path / "x.parquet"))
    types = {name: str(table.schema.field(name).type) for name in ("datetime", "class_id", "confidence", "counted", "px_x1")}
    assert types == {
        "datetime": "timestamp[ms, tz=UTC]", "class_id": "int32", "confidence": "float", "counted": "bool", "px_x1": "double",
    }  # fmt: skip
    assert table["datetime"][0].as_py().isoformat() == "2024-05-01T08:30:00+00:00"
    assert json.loads(table.schema.metadata[b"sattrack"])["schema_version"] == "1"


def test_plain_pictures_have_rows_without_geometry_in_geoparquet(mixed_run, tmp_path) -> None:
    table = pq.read_table(write_parquet(*mixed_run, tmp_path / "x.parquet"))
    assert [wkb is None for wkb in table["geometry"].to_pylist()] == [True, False]
    assert table["bbox"][0].as_py() is None
    assert table["datetime"][0].as_py() is None


def test_S14_geoparquet_is_written_group_by_group(mixed_run, tmp_path, monkeypatch) -> None:
    run, parts = mixed_run
    write_parquet(run, parts, tmp_path / "one.parquet")
    monkeypatch.setattr(tables, "_GROUP", 1)
    write_parquet(run, parts, tmp_path / "many.parquet")
    assert pq.read_metadata(tmp_path / "many.parquet").num_row_groups > 1
    one, many = (pq.read_table(tmp_path / name) for name in ("one.parquet", "many.parquet"))
    assert one.equals(many)
    assert one.schema.metadata == many.schema.metadata


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_d11_scenes_of_hardly_any_box_do_not_wait_in_memory_by_the_thousand(rows: int) -> None:
    empty = tables._SCHEMA.empty_table()
    alive: list[weakref.ref[pa.Table]] = []
    most = 0

    def made() -> Iterator[pa.Table]:
        nonlocal alive, most
        for number in range(2000):
            columns = {name: pa.nulls(rows, field.type) for name, field in zip(empty.column_names, empty.schema, strict=True)}
            columns["scene_id"] = pa.array([f"{number}"] * rows, pa.string())
            table = pa.table(columns, schema=empty.schema)
            alive = [one for one in (*alive, weakref.ref(table)) if one() is not None]
            most = max(most, len(alive))
            yield table

    groups = list(tables._groups(made()))
    assert most <= tables._TABLES + 2
    joined = pa.concat_tables(groups)
    assert joined["scene_id"].to_pylist() == [f"{number}" for number in range(2000) for _ in range(rows)]
    assert len(groups) == 1
