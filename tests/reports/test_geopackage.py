"""The GeoPackage by the rules of OGC 12-128r17, and read back by the outlines' own reader."""

import sqlite3
import struct
from xml.etree import ElementTree

import pytest
import shapely

from sattrack.readers.outlines.files import read_outlines
from sattrack.reports.geopackage import write_geopackage


@pytest.fixture
def base(port_run, tmp_path):
    connection = sqlite3.connect(write_geopackage(*port_run, tmp_path / "x.gpkg", everything=True))
    yield connection
    connection.close()


def test_the_file_says_that_it_is_a_geopackage(base) -> None:
    assert base.execute("PRAGMA application_id").fetchone() == (0x47504B47,)
    assert base.execute("PRAGMA user_version").fetchone() == (10300,)
    assert base.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert base.execute("PRAGMA foreign_key_check").fetchall() == []


def test_the_contents_name_every_table_of_the_users(base) -> None:
    tables = {row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    own = {name for name in tables if not name.startswith(("gpkg_", "sqlite_", "rtree_"))}
    contents = dict(base.execute("SELECT table_name, data_type FROM gpkg_contents"))
    assert contents == {
        "detections": "features", "sites": "features", "scenes": "features", "counts": "attributes",
        "layer_styles": "attributes",
    }  # fmt: skip
    assert own == set(contents)
    assert {row[0] for row in base.execute("SELECT srs_id FROM gpkg_spatial_ref_sys")} == {-1, 0, 4326}
    assert {row[0] for row in base.execute("SELECT table_name FROM gpkg_geometry_columns")} == {"detections", "sites", "scenes"}


def test_each_geometry_is_geopackage_binary_of_the_declared_type_and_bounds(base) -> None:
    for layer in ("detections", "sites", "scenes"):
        shapes = []
        for (blob,) in base.execute(f"SELECT geom FROM {layer} WHERE geom NOT NULL"):
            magic, version, flags, srs_id, west, east, south, north = struct.unpack("<2sBBi4d", blob[:40])
            assert (magic, version, flags, srs_id) == (b"GP", 0, 3, 4326)
            shape = shapely.from_wkb(blob[40:])
            assert shape.geom_type == "MultiPolygon"
            assert shape.is_valid
            assert shape.bounds == (west, south, east, north)
            shapes.append(shape)
        stated = base.execute("SELECT min_x, min_y, max_x, max_y FROM gpkg_contents WHERE table_name = ?", (layer,)).fetchone()
        assert stated == tuple(shapely.total_bounds(shapes))


def test_the_spatial_index_finds_each_box(base) -> None:
    assert base.execute("SELECT rtreecheck('rtree_detections_geom')").fetchone() == ("ok",)
    lon, lat = base.execute("SELECT lon, lat FROM detections WHERE fid = 2").fetchone()
    found = base.execute(
        "SELECT id FROM rtree_detections_geom WHERE minx <= ?1 AND maxx >= ?1 AND miny <= ?2 AND maxy >= ?2", (lon, lat)
    ).fetchall()
    assert found == [(2,)]
    rules = base.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'detections'").fetchone()
    assert rules == (6,)


def test_every_layer_has_a_default_style_that_names_only_its_columns(base) -> None:
    styles = base.execute("SELECT f_table_name, styleQML FROM layer_styles WHERE useAsDefault").fetchall()
    assert {name for name, _ in styles} == {"detections", "sites", "scenes"}
    for name, text in styles:
        root = ElementTree.fromstring(text.split("\n", 1)[1])
        columns = {row[1] for row in base.execute(f"PRAGMA table_info({name})")}
        expressions = [rule.get("filter", "") for rule in root.iter("rule")] + [
            t.get("fieldName", "") for t in root.iter("text-style")
        ]
        named = {word for expression in expressions for word in expression.split('"')[1::2]}
        assert named
        assert named <= columns
    renderer = ElementTree.fromstring(dict(styles)["detections"].split("\n", 1)[1]).find("renderer-v2")
    assert [rule.get("filter") for rule in renderer.iter("rule")] == ['"counted"', "ELSE"]


def test_its_sites_layer_can_be_given_back_as_outlines(port_run, tmp_path) -> None:
    sites, _ = read_outlines(write_geopackage(*port_run, tmp_path / "x.gpkg"))
    assert [(s.id, s.name, s.zone, s.kind) for s in sites] == [(s.id, s.name, s.zone, s.kind) for s in port_run[0].sites]


def test_counts_and_failed_scenes_are_in_it_too(base) -> None:
    assert base.execute("SELECT count FROM counts WHERE zone = 'yard' ORDER BY fid").fetchall() == [(1,), (0,), (None,)]
    assert base.execute("SELECT status, reason, geom FROM scenes WHERE scene_id = 'day-3'").fetchone() == (
        "failed", "day-3.tif: torn", None,
    )  # fmt: skip
    assert base.execute("SELECT datetime FROM detections LIMIT 1").fetchone() == ("2024-05-01T08:30:00.000Z",)
