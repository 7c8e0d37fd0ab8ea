"""Outlines: whatever the file, sites or our error that names it; polygons that are written read back."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import shape

from sattrack.errors import OutlineError
from sattrack.readers.outlines.files import check_kept, read_outlines
from sattrack.readers.outlines.geopackage import _geometry
from tests.campaigns.text_seeds import geopackage

same = settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
numbers = st.floats(-200, 200) | st.integers() | st.floats()
positions = st.lists(numbers, min_size=1, max_size=4)
rings = st.lists(positions, max_size=6)
leaves = st.none() | st.booleans() | numbers | st.text(max_size=10)
odd = st.recursive(
    leaves, lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(max_size=6), v, max_size=3), max_leaves=8
)
kinds = st.sampled_from(["Polygon", "MultiPolygon", "GeometryCollection", "Point", "Feature", "Topology"])
geometries = st.fixed_dictionaries(
    {"type": kinds, "coordinates": st.lists(rings, max_size=3) | st.lists(st.lists(rings, max_size=2), max_size=2) | odd},
    optional={"geometries": st.lists(odd, max_size=2)},
)
features = st.fixed_dictionaries({"type": st.just("Feature"), "geometry": geometries | odd, "properties": odd})
documents = (
    st.fixed_dictionaries(
        {"type": st.just("FeatureCollection"), "features": st.lists(features | odd, max_size=3) | odd}, optional={"crs": odd}
    )
    | features
    | geometries
    | odd
)


@st.composite
def polygons(draw: Any) -> shapely.Polygon:
    """A star about a place, with a hole or not."""
    lon, lat, size = draw(st.floats(-170, 170)), draw(st.floats(-80, 80)), draw(st.floats(1e-4, 1.0))
    lengths = np.array(draw(st.lists(st.floats(0.3, 1), min_size=3, max_size=12)))
    turns = np.linspace(0, 2 * np.pi, len(lengths), endpoint=False)
    outer = np.stack([lon + size * lengths * np.cos(turns), lat + size * lengths * np.sin(turns)], axis=-1)
    hole = [(lon, lat) + (outer - (lon, lat)) * 0.3] if draw(st.booleans()) else []
    return shapely.Polygon(outer, hole)


def names(error: OutlineError, path: Path) -> None:
    assert path.name in str(error)


def read(path: Path, content: bytes) -> list[shapely.Geometry] | None:
    path.write_bytes(content)
    try:
        sites, _ = read_outlines(path)
    except OutlineError as error:
        names(error, path)
        return None
    assert sites
    check_kept(path, sites)
    return [shape(site.outline) for site in sites]


@same
@given(documents)
def test_any_json_is_sites_or_our_error(tmp_path: Path, document: Any) -> None:
    found = read(tmp_path / "a.geojson", json.dumps(document).encode())
    assert found is None or all(one.is_valid and one.area > 0 for one in found)


@same
@given(st.lists(polygons(), min_size=1, max_size=3))
def test_polygons_written_as_geojson_read_back(tmp_path: Path, shapes: list[shapely.Polygon]) -> None:
    rows = [{"type": "Feature", "properties": {}, "geometry": json.loads(shapely.to_geojson(one))} for one in shapes]
    found = read(tmp_path / "a.geojson", json.dumps({"type": "FeatureCollection", "features": rows}).encode())
    assert found is not None
    assert [one.area for one in found] == pytest.approx([one.area for one in shapes], rel=1e-6)


@same
@given(polygons())
def test_a_polygon_written_as_kml_reads_back(tmp_path: Path, one: shapely.Polygon) -> None:
    def ring(points: Any) -> str:
        corners = " ".join(f"{x!r},{y!r},0" for x, y in np.asarray(points.coords).tolist())
        return f"<LinearRing><coordinates>{corners}</coordinates></LinearRing>"

    holes = "".join(f"<innerBoundaryIs>{ring(hole)}</innerBoundaryIs>" for hole in one.interiors)
    polygon = f"<Polygon><outerBoundaryIs>{ring(one.exterior)}</outerBoundaryIs>{holes}</Polygon>"
    found = read(tmp_path / "a.kml", f"<kml><Placemark>{polygon}</Placemark></kml>".encode())
    assert found is not None
    assert found[0].area == pytest.approx(one.area, rel=1e-6)


@same
@given(st.binary(max_size=200), st.integers(0, 255), st.sampled_from([b"", b"GP\0\x01"]))
def test_any_bytes_in_a_geopackage_are_a_geometry_or_our_error(body: bytes, flags: int, head: bytes) -> None:
    blob = head[:3] + bytes([flags]) + body if head else body
    try:
        geometry = _geometry(Path("a.gpkg"), blob, number=1)
    except OutlineError:
        return
    assert not geometry.is_empty


@same
@given(polygons(), st.sampled_from([0, 1]), st.booleans())
def test_a_polygon_written_as_geopackage_binary_reads_back(one: shapely.Polygon, order: int, high: bool) -> None:
    given_ = shapely.force_3d(one, 7.0) if high else one
    head = struct.pack("<2sBBi", b"GP", 0, 1, 4326)
    found = _geometry(Path("a.gpkg"), head + shapely.to_wkb(given_, byte_order=order), number=1)
    assert found.equals_exact(one, 0)


@same
@given(st.integers(0, 1 << 20), st.binary(min_size=1, max_size=16))
def test_a_geopackage_with_changed_bytes_is_sites_or_our_error(tmp_path: Path, at: int, put: bytes) -> None:
    path = tmp_path / "seed.gpkg"
    raw = path.read_bytes() if path.exists() else geopackage(path).read_bytes()
    at %= len(raw)
    read(tmp_path / "a.gpkg", raw[:at] + put + raw[at + len(put) :])


@same
@given(st.binary(max_size=100), st.sampled_from([b"", b"{", b"<kml>", b"<kml><Placemark>", b"SQLite format 3\0"]))
def test_any_bytes_are_sites_or_our_error(tmp_path: Path, body: bytes, head: bytes) -> None:
    assert read(tmp_path / "a.txt", head + body) is None
