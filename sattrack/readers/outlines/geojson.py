"""Polygons of a GeoJSON file: Feature, FeatureCollection or a bare geometry (RFC 7946, and the `crs` member of 2008)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from sattrack.readers.outlines.shapes import Layer, Shape, check_limits, crs_named, refused

_POLYGON = "expected a Polygon or MultiPolygon"
_WAY_OUT = "draw an outline around the place"


def read_geojson(path: Path) -> tuple[Layer, ...]:
    """One layer. Raises OutlineError."""
    document = _document(path)
    notes: list[str] = []
    shapes = []
    vertices = 0
    for number, (geometry, properties) in enumerate(_features(path, document), start=1):
        polygons = _polygons(path, geometry, number=number, notes=notes)
        shape = polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)
        vertices += int(shapely.get_num_coordinates(shape))
        check_limits(path, features=number, vertices=vertices)
        shapes.append(Shape(number, shape, properties if isinstance(properties, dict) else {}))
    return (Layer(tuple(shapes), _crs(path, document), tuple(notes)),)


def geometry_of(path: Path, outline: Any, *, number: int) -> shapely.Geometry:
    """A GeoJSON geometry of a file as one of shapely's. OutlineError where it is no sound polygon or polygons."""
    polygons = _polygons(path, outline, number=number, notes=[])
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def _not_a_number(word: str) -> float:
    raise ValueError(f"{word} is not JSON")


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes().decode("utf-8-sig"), parse_constant=_not_a_number)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise refused(path, f"broken GeoJSON: {reason}", way_out="export it again as GeoJSON") from error
    if not isinstance(document, dict):
        raise refused(path, f"expected a GeoJSON object, came a {type(document).__name__}")
    return document


def _features(path: Path, document: dict[str, Any]) -> list[tuple[Any, Any]]:
    kind = document.get("type")
    if kind == "FeatureCollection":
        rows = document.get("features")
        if not isinstance(rows, list):
            raise refused(path, "the FeatureCollection has no list of features")
        for number, row in enumerate(rows, start=1):
            if not isinstance(row, dict):
                raise refused(path, f"expected a Feature, came a {type(row).__name__}", number=number)
        return [(row.get("geometry"), row.get("properties")) for row in rows]
    if kind == "Feature":
        return [(document.get("geometry"), document.get("properties"))]
    if kind == "Topology":
        raise refused(path, "this is TopoJSON", way_out="convert it to GeoJSON")
    return [(document, {})]


def _crs(path: Path, document: dict[str, Any]) -> pyproj.CRS | None:
    member = document.get("crs")
    if member is None:
        return None
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str):
        raise refused(path, "the crs member has no name", way_out="save it in EPSG:4326")
    return None if name.endswith("CRS84") else crs_named(path, name)


def _polygons(path: Path, geometry: Any, *, number: int, notes: list[str], depth: int = 0) -> list[shapely.Polygon]:
    if not isinstance(geometry, dict) or depth > 8:
        came = "no geometry" if geometry is None else "something else"
        raise refused(path, f"{_POLYGON}, came {came}", number=number, way_out=_WAY_OUT)
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == "GeometryCollection" and isinstance(geometry.get("geometries"), list):
        nested = [_polygons(path, part, number=number, notes=notes, depth=depth + 1) for part in geometry["geometries"]]
        found = [polygon for polygons in nested for polygon in polygons]
    elif kind in ("Polygon", "MultiPolygon"):
        if not isinstance(coordinates, list):
            raise refused(path, "the coordinates are not a list", number=number)
        rows = [coordinates] if kind == "Polygon" else coordinates
        found = [_polygon(path, rings, number=number, notes=notes) for rings in rows]
    else:
        raise refused(path, f"{_POLYGON}, came {str(kind)[:40]}", number=number, way_out=_WAY_OUT)
    if not found:
        raise refused(path, "the geometry is empty", number=number, way_out=_WAY_OUT)
    return found


def _polygon(path: Path, rings: Any, *, number: int, notes: list[str]) -> shapely.Polygon:
    if not isinstance(rings, list) or not rings:
        raise refused(path, "the polygon is empty", number=number, way_out=_WAY_OUT)
    outer, *holes = (_ring(path, ring, number=number, notes=notes) for ring in rings)
    return shapely.Polygon(outer, holes)


def _ring(path: Path, ring: Any, *, number: int, notes: list[str]) -> NDArray[np.float64]:
    """(n, 2) closed; heights are dropped and said."""
    try:
        lengths = {len(position) for position in ring if isinstance(position, list)}
        flat = np.asarray([position[:2] for position in ring])
    except (TypeError, ValueError, OverflowError, IndexError) as error:
        raise refused(path, "a ring is not a list of positions", number=number) from error
    if flat.ndim != 2 or flat.shape[1] != 2 or flat.dtype.kind not in "iuf":
        raise refused(path, "a position is not two or three numbers", number=number)
    points = flat.astype(np.float64)
    if not np.isfinite(points).all():
        raise refused(path, "a coordinate is not finite", number=number)
    if lengths - {2}:
        _say_once(notes, "heights (z values) are not used")
    if len(points) < 3:
        raise refused(path, f"a ring has {len(points)} corners, expected at least 3", number=number)
    if (points[0] != points[-1]).any():
        notes.append(f"feature {number}: an open ring was closed")
        points = np.concatenate([points, points[:1]])
    if len(points) < 4:
        raise refused(path, "a ring has fewer than 3 corners", number=number)
    return points


def _say_once(notes: list[str], note: str) -> None:
    if note not in notes:
        notes.append(note)
