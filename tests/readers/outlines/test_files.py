import json
import sqlite3
import struct
import time
from pathlib import Path
from typing import Any

import pyproj
import pytest
import shapely

from sattrack.errors import OutlineError
from sattrack.readers.outlines.files import check_kept, read_outlines

RAJIN = (130.30, 42.22)
WKT_5179 = pyproj.CRS.from_epsg(5179).to_wkt()


def square(x: float = RAJIN[0], y: float = RAJIN[1], size: float = 0.01) -> list[list[float]]:
    return [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]


def polygon(ring: list[list[float]] | None = None) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [square() if ring is None else ring]}


def feature(geometry: Any = None, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": polygon() if geometry is None else geometry, "properties": properties}


def written(folder: Path, content: Any, *, name: str = "sites.geojson") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def collection(*features: Any, **members: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features), **members}


def area(outline: Any) -> float:
    return float(shapely.geometry.shape(outline).area)


def test_a_bare_polygon_is_site_1(tmp_path: Path) -> None:
    sites, notes = read_outlines(written(tmp_path, polygon()))
    assert [(s.id, s.name, s.zone) for s in sites] == [("site-1", "site-1", "")]
    assert area(sites[0].outline) == pytest.approx(1e-4)
    assert notes == ()


def test_properties_become_the_site_whatever_their_case(tmp_path: Path) -> None:
    path = written(tmp_path, collection(
        feature(SITE_ID=7.0, Name="Rajin\nport", zone="quay 1", kind="Exclude", notes="approximate"),
        feature(name="나진항"), feature(name="=cmd()"),
    ))  # fmt: skip
    first, second, third = read_outlines(path)[0]
    assert (first.id, first.name, first.zone, first.kind, first.notes) == (
        "7",
        "Rajin port",
        "quay 1",
        "exclude",
        "approximate",
    )
    assert first.excludes
    assert (second.id, second.name) == ("나진항", "나진항")
    assert third.id == "cmd"


def test_zones_share_a_site_and_outer_rings_run_counter_clockwise(tmp_path: Path) -> None:
    path = written(tmp_path, collection(feature(polygon(square()[::-1]), site_id="a"), feature(site_id="a", zone="rail")))
    sites, _ = read_outlines(path)
    assert [(s.id, s.zone) for s in sites] == [("a", ""), ("a", "rail")]
    assert sites[0].outline is not None
    assert shapely.LinearRing(sites[0].outline["coordinates"][0]).is_ccw


def test_several_exclusions_may_share_an_id_but_sites_may_not_o1(tmp_path: Path) -> None:
    masks = collection(feature(site_id="a", kind="exclude"), feature(site_id="a", kind="exclude"))
    assert len(read_outlines(written(tmp_path, masks))[0]) == 2
    with pytest.raises(OutlineError, match=r"feature 2: the site 'a' stands twice.*MultiPolygon"):
        read_outlines(written(tmp_path, collection(feature(site_id="a"), feature(site_id="a"))))


def test_two_places_of_one_name_get_ids_of_their_own_and_it_is_said(tmp_path: Path) -> None:
    sites, notes = read_outlines(written(tmp_path, collection(feature(name="Yard"), feature(name="Yard"))))
    assert [s.id for s in sites] == ["yard", "yard-2"]
    assert "feature 2" in notes[0]


def test_thousands_of_places_of_one_name_are_told_apart_in_no_time(tmp_path: Path) -> None:
    # Each looked for its number from the beginning: 100,000 took an hour.
    features = [feature(polygon(square(number * 1e-3, 0, 1e-4)), name="building") for number in range(8_000)]
    began = time.process_time()
    sites, _ = read_outlines(written(tmp_path, collection(*features)))
    assert time.process_time() - began < 15
    assert len({site.id for site in sites}) == 8_000
    assert [sites[at].id for at in (0, 1, 7_999)] == ["building", "building-2", "building-8000"]


def test_a_self_crossing_outline_is_repaired_and_said_o1(tmp_path: Path) -> None:
    x, y = RAJIN
    bow_tie = [[x, y], [x + 0.01, y + 0.01], [x + 0.01, y], [x, y + 0.01], [x, y]]
    (site,), notes = read_outlines(written(tmp_path, polygon(bow_tie)))
    assert site.outline is not None
    assert site.outline["type"] == "MultiPolygon"
    assert area(site.outline) == pytest.approx(0.5e-4)
    assert notes[0].startswith("feature 1: repaired (Self-intersection")


@pytest.mark.parametrize(
    ("parts", "tenths"),
    [
        ([[square(size=0.01)], [square(RAJIN[0] + 0.005, size=0.01)]], 15),
        ([[square(size=0.01), square(RAJIN[0] + 0.005, RAJIN[1] + 0.0025, 0.005)]], 7.5),
        ([[square(size=0.01), square(RAJIN[0] + 0.0075, RAJIN[1] + 0.0025, 0.005)]], 8.75),
        ([[square(size=0.01), square(RAJIN[0] + 0.02, size=0.005)]], 10),
        ([[square(size=0.01), square(RAJIN[0] + 0.01, size=0.005)]], 10),
        ([[square(size=0.01), square(RAJIN[0] + 0.02, size=0.01)], [square(RAJIN[0] + 0.025, size=0.01)]], 20),
        ([[square() + square()[1:]]], 10),
    ],
    ids=[
        "overlap",
        "a hole at the edge",
        "a hole over the edge",
        "a hole outside",
        "a hole that touches",
        "a hole in another",
        "twice around",
    ],
)
def test_parts_that_overlap_are_joined_and_holes_are_taken_out_o1(tmp_path: Path, parts: Any, tenths: float) -> None:
    (site,), _ = read_outlines(written(tmp_path, {"type": "MultiPolygon", "coordinates": parts}))
    assert area(site.outline) == pytest.approx(tenths * 1e-5)


def test_parts_that_touch_at_their_corners_are_no_tangle_o1(tmp_path: Path) -> None:
    cells = [[square(RAJIN[0] + i * 1e-4, RAJIN[1] + j * 1e-4, 1e-4)] for i in range(100) for j in range(100) if (i + j) % 2]
    (site,), _ = read_outlines(written(tmp_path, {"type": "MultiPolygon", "coordinates": cells}))
    assert area(site.outline) == pytest.approx(0.5e-4)


def test_holes_stay_and_heights_go_o1(tmp_path: Path) -> None:
    rings = [[[*p, 5.0] for p in square()], [[*p, 5.0] for p in square(130.302, 42.222, 0.005)]]
    (site,), notes = read_outlines(written(tmp_path, {"type": "Polygon", "coordinates": rings}))
    assert area(site.outline) == pytest.approx(1e-4 - 0.25e-4)
    assert notes == ("heights (z values) are not used",)


def test_an_open_ring_is_closed_and_said(tmp_path: Path) -> None:
    (site,), notes = read_outlines(written(tmp_path, polygon(square()[:-1])))
    assert area(site.outline) == pytest.approx(1e-4)
    assert notes == ("feature 1: an open ring was closed",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "an empty file"),
        (b"{", "broken GeoJSON"),
        (b'{"type": "Polygon", "coordinates": [[[NaN, 0]]]}', "NaN is not JSON"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"[1]", "expected a GeoJSON object, came a list"),
        (b'{"type": "\xff"}', "broken GeoJSON"),
        (b"PK\x03\x04", "a zip archive"),
        ("{}".encode("utf-16"), "came text in UTF-16"),
        (b"\x00\x00\x27\x0a", "a shapefile"),
        ({"type": "Topology"}, "TopoJSON"),
        ({"type": "FeatureCollection"}, "no list of features"),
        (collection(), "no outline in the file"),
        (collection(feature(), 3), "feature 2: expected a Feature"),
        (collection(feature(), {"type": "Feature", "geometry": None}), "feature 2: expected a Polygon or Multi"),
        (feature({"type": "Point", "coordinates": [1, 2]}), "feature 1: expected a Polygon or MultiPolygon, came Point"),
        (feature({"type": "Polygon", "coordinates": []}), "feature 1: the polygon is empty"),
        (feature({"type": "MultiPolygon", "coordinates": []}), "feature 1: the geometry is empty"),
        (polygon([[1, 2], [3, 4]]), "expected at least 3"),
        (polygon([["1", "2"], ["3", "4"], ["5", "6"]]), "not two or three numbers"),
        (polygon([[1], [2], [3]]), "not two or three numbers"),
        (polygon([[1, 2], [3, [4]], [5, 6]]), "not a list of positions"),
        (polygon([[1, 1], [2, 2], [3, 3], [1, 1]]), "no area"),
        (polygon(square(42.22, 130.30)), "longitude and latitude look swapped: 130.31 cannot be a latitude"),
        (polygon(square(500_000, 4_700_000, 100)), "is no longitude and latitude"),
        (polygon(square(179.995, 0)), "longitudes run from -180 to 180 degrees, came 180.005"),
        (polygon(square(-180.005, 0)), "longitudes run from -180 to 180 degrees, came -180.005"),
        (polygon([[-179, 0], [179, 0], [179, 1], [-179, 1], [-179, 0]]), "crosses the antimeridian"),
        (collection(feature(), crs={"type": "name", "properties": {"name": "EPSG:0"}}), "the CRS 'EPSG:0' is not known"),
        (
            collection(feature(), crs={"type": "name", "properties": {"name": 'LOCAL_CS["plan",UNIT["metre",1]]'}}),
            "the CRS 'plan' is not tied to the earth",
        ),
        (collection(feature(), crs={"type": "link"}), "the crs member has no name"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused_with_the_place_o1(tmp_path: Path, content: Any, message: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(OutlineError) as caught:
        read_outlines(path)
    assert message in str(caught.value)
    assert caught.value.where == str(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutlineError, match=r"nothing\.geojson: cannot be read"):
        read_outlines(tmp_path / "nothing.geojson")


def test_the_crs_member_of_2008_is_honoured(tmp_path: Path) -> None:
    to_utm = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32652", always_xy=True)
    ring = [list(to_utm.transform(*p)) for p in square(size=0.05)]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32652"}}
    (site,), _ = read_outlines(written(tmp_path, collection(feature(polygon(ring)), crs=crs)))
    found = shapely.geometry.shape(site.outline)
    assert found.bounds == pytest.approx((130.30, 42.22, 130.35, 42.27), abs=1e-4)
    # Long straight edges are cut before they are bent.
    assert len(shapely.get_coordinates(found)) > 50


def test_too_many_features_and_corners_are_refused_o1(tmp_path: Path) -> None:
    thin = json.dumps(polygon([[0, 0], [1, 0], [0, 1], [0, 0]])).encode()
    many = b'{"type": "FeatureCollection", "features": [' + b'{"type":"Feature","geometry":null},' * 100 + b"{}]}"
    with pytest.raises(OutlineError, match="feature 1"):
        read_outlines(written(tmp_path, many))
    ring = b",".join([thin[thin.index(b"[[[") + 2 : -2].split(b"], ")[0] + b"]"] * 1_000_001)
    with pytest.raises(OutlineError, match="more than 1000000 corners"):
        read_outlines(written(tmp_path, b'{"type":"Polygon","coordinates":[[' + ring + b"]]}"))


# GeoPackage


def geopackage(path: Path, *, blobs: list[Any], srs_id: int = 32652, layer: str = "sites", kind: str = "POLYGON") -> Path:
    base = sqlite3.connect(path)
    base.executescript(
        "CREATE TABLE IF NOT EXISTS gpkg_contents (table_name TEXT, data_type TEXT, srs_id INTEGER);"
        "CREATE TABLE IF NOT EXISTS gpkg_geometry_columns "
        "(table_name TEXT, column_name TEXT, geometry_type_name TEXT, srs_id INTEGER);"
        "CREATE TABLE IF NOT EXISTS gpkg_spatial_ref_sys "
        "(srs_id INTEGER, organization TEXT, organization_coordsys_id INTEGER, definition TEXT);"
        "INSERT INTO gpkg_spatial_ref_sys VALUES (32652, 'EPSG', 32652, '');"
        f'CREATE TABLE "{layer}" (fid INTEGER PRIMARY KEY, geom BLOB, site_id TEXT, name TEXT);'
    )
    base.execute("INSERT INTO gpkg_spatial_ref_sys VALUES (9999, 'NONE', 9999, ?)", (WKT_5179,))
    base.execute("INSERT INTO gpkg_contents VALUES (?, 'features', ?)", (layer, srs_id))
    base.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?)", (layer, kind, srs_id))
    base.executemany(f'INSERT INTO "{layer}" (geom, site_id) VALUES (?, ?)', [(b, f"{layer}-{i}") for i, b in enumerate(blobs)])
    base.commit()
    base.close()
    return path


def gp_binary(wkb: bytes, *, envelope: int = 0) -> bytes:
    return b"GP\x00" + bytes([1 | envelope << 1]) + struct.pack("<i", 0) + b"\0" * (32 if envelope else 0) + wkb


def projected(epsg: int) -> bytes:
    move = pyproj.Transformer.from_crs("EPSG:4326", f"EPSG:{epsg}", always_xy=True)
    return shapely.Polygon([move.transform(*p) for p in square()]).wkb


@pytest.mark.parametrize(("srs_id", "epsg"), [(32652, 32652), (9999, 5179), (4326, 4326), (0, 4326)])
@pytest.mark.parametrize("envelope", [0, 1])
def test_a_geopackage_of_any_crs_is_read(tmp_path: Path, srs_id: int, epsg: int, envelope: int) -> None:
    path = geopackage(tmp_path / "sites #1.gpkg", blobs=[gp_binary(projected(epsg), envelope=envelope)], srs_id=srs_id)
    (site,), _ = read_outlines(path)
    assert site.id == "sites-0"
    assert shapely.geometry.shape(site.outline).bounds == pytest.approx((130.30, 42.22, 130.31, 42.23), abs=2e-5)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["sites #1.gpkg"]


def test_parts_of_a_collection_that_overlap_are_joined_as_those_of_a_multipolygon(tmp_path: Path) -> None:
    parts = [shapely.box(0, 0, 0.02, 0.01), shapely.MultiPolygon([shapely.box(0.01, 0, 0.03, 0.01)])]
    blob = gp_binary(shapely.to_wkb(shapely.GeometryCollection(parts)))
    path = geopackage(tmp_path / "a.gpkg", blobs=[blob], srs_id=4326, kind="GEOMETRY")
    (site,), notes = read_outlines(path)
    assert shapely.geometry.shape(site.outline).equals(shapely.box(0, 0, 0.03, 0.01))
    assert "feature 1: repaired" in notes[0]
    # As a run keeps it, and a recount reads it again.
    check_kept(tmp_path, [site])


def test_the_layer_called_sites_is_read_alone(tmp_path: Path) -> None:
    path = geopackage(tmp_path / "a.gpkg", blobs=[gp_binary(projected(32652))], layer="detections")
    assert read_outlines(path)[0][0].id == "detections-0"
    geopackage(path, blobs=[gp_binary(projected(32652))])
    sites, notes = read_outlines(path)
    assert [s.id for s in sites] == ["sites-0"]
    assert notes == ("layers not read: detections",)


@pytest.mark.parametrize(
    ("blob", "message"),
    [
        (None, "feature 2: no geometry"),
        ("text", "feature 2: the geometry is not GeoPackage binary"),
        (gp_binary(b"\x01" + struct.pack("<I", 10) + b"\0" * 8), "feature 2: curved"),
        (gp_binary(projected(32652)[:40]), "feature 2: the geometry is damaged"),
        (gp_binary(shapely.Point(1, 2).wkb), "feature 2: expected a Polygon or MultiPolygon, came Point"),
        (gp_binary(shapely.Polygon().wkb), "feature 2: the geometry is empty"),
    ],
)
def test_a_bad_geometry_in_a_geopackage_is_refused_with_its_number_o1(tmp_path: Path, blob: Any, message: str) -> None:
    path = geopackage(tmp_path / "a.gpkg", blobs=[gp_binary(projected(32652)), blob])
    with pytest.raises(OutlineError, match=message):
        read_outlines(path)


def test_a_geopackage_without_polygons_crs_or_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutlineError, match="no layer of polygons"):
        read_outlines(geopackage(tmp_path / "a.gpkg", blobs=[], layer="pins", kind="POINT"))
    with pytest.raises(OutlineError, match="has no CRS"):
        read_outlines(geopackage(tmp_path / "b.gpkg", blobs=[], srs_id=-1))
    with pytest.raises(OutlineError, match="not a readable GeoPackage"):
        read_outlines(written(tmp_path, b"SQLite format 3\0" + b"x" * 500, name="c.gpkg"))


# KML


def kml(body: str, *, head: str = "") -> bytes:
    return f'<?xml version="1.0"?>{head}<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{body}</Document></kml>'.encode()


def placemark(*, name: str = "Rajin", more: str = "", geometry: str | None = None) -> str:
    ring = " ".join(f"{x},{y},0" for x, y in square())
    shape = f"<Polygon><outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon>"
    return f"<Folder><Placemark><name>{name}</name>{more}{shape if geometry is None else geometry}</Placemark></Folder>"


def test_placemarks_of_a_kml_are_sites(tmp_path: Path) -> None:
    more = (
        '<ExtendedData><Data name="site_id"><value>rjn</value></Data><SchemaData><SimpleData name="zone">pier 1</SimpleData>'
        "</SchemaData></ExtendedData>"
    )
    sites, notes = read_outlines(written(tmp_path, kml(placemark() + placemark(more=more)), name="a.kml"))
    assert [(s.id, s.name, s.zone) for s in sites] == [("rajin", "Rajin", ""), ("rjn", "Rajin", "pier 1")]
    assert area(sites[0].outline) == pytest.approx(1e-4)
    assert notes == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (kml(placemark(name="&x;"), head='<!DOCTYPE kml [<!ENTITY x "boo">]>'), "document type or entity"),
        (kml(placemark(), head='<!DOCTYPE kml SYSTEM "file:///etc/passwd">'), "document type or entity"),
        (kml("<Placemark>"), "broken XML"),
        (kml("<Folder>" * 300 + "</Folder>" * 300), "nested more than 200 deep"),
        (
            kml(placemark() + placemark(geometry="<Point><coordinates>1,2</coordinates></Point>")),
            "feature 2: expected a Polygon, came Point",
        ),
        (kml(placemark(geometry="")), "feature 1: expected a Polygon, came no geometry"),
        (kml(placemark(geometry="<Polygon/>")), "feature 1: the polygon has no outer boundary"),
        (b"<" + b"x" * (20 << 20), "more than 20 MB"),
    ],
)  # fmt: skip
def test_hostile_and_odd_kml_is_refused_o1(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(OutlineError, match=message):
        read_outlines(written(tmp_path, content, name="a.kml"))
