"""Polygons of a KML file (OGC 12-007r2). Document types, entities and links are never followed."""

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from sattrack.readers.outlines.shapes import Layer, Shape, check_limits, refused
from sattrack.readers.strict_xml import parse_strictly

MOST_BYTES = 20 << 20
_DEEPEST = 200
_WAY_OUT = "draw an outline around the place"
_NOT_POLYGONS = ("Point", "LineString", "LinearRing", "Track", "MultiTrack", "Model")


def read_kml(path: Path) -> tuple[Layer, ...]:
    """One layer, a shape for each Placemark. Raises OutlineError."""
    raw = path.read_bytes()
    if len(raw) > MOST_BYTES:
        raise refused(path, f"a KML file of more than {MOST_BYTES >> 20} MB", way_out="save it as a GeoPackage")
    way_out = "save it again from Google Earth or QGIS"
    root = parse_strictly(
        raw, deepest=_DEEPEST, refused=lambda message: refused(path, message, way_out=way_out), local_names=True
    )
    shapes: list[Shape] = []
    vertices = 0
    for number, placemark in enumerate(root.iter("Placemark"), start=1):
        geometry = _geometry(path, placemark, number=number)
        vertices += int(shapely.get_num_coordinates(geometry))
        check_limits(path, features=number, vertices=vertices)
        shapes.append(Shape(number, geometry, _properties(placemark)))
    links = next(root.iter("NetworkLink"), None)
    return (Layer(tuple(shapes), None, () if links is None else ("network links in the KML were not followed",)),)


def _geometry(path: Path, placemark: ET.Element, *, number: int) -> shapely.Geometry:
    for kind in _NOT_POLYGONS:
        # A LinearRing inside a Polygon is its boundary; on its own it is a line.
        direct = [*placemark.findall(kind), *(e for multi in placemark.iter("MultiGeometry") for e in multi.findall(kind))]
        if direct:
            raise refused(path, f"expected a Polygon, came {kind}", number=number, way_out=_WAY_OUT)
    polygons = [_polygon(path, element, number=number) for element in placemark.iter("Polygon")]
    if not polygons:
        raise refused(path, "expected a Polygon, came no geometry", number=number, way_out=_WAY_OUT)
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def _polygon(path: Path, element: ET.Element, *, number: int) -> shapely.Polygon:
    outer = element.find("outerBoundaryIs/LinearRing/coordinates")
    if outer is None:
        raise refused(path, "the polygon has no outer boundary", number=number, way_out=_WAY_OUT)
    holes = element.findall("innerBoundaryIs/LinearRing/coordinates")
    return shapely.Polygon(_ring(path, outer.text, number=number), [_ring(path, hole.text, number=number) for hole in holes])


def _ring(path: Path, text: str | None, *, number: int) -> NDArray[np.float64]:
    try:
        points = np.array([[float(v) for v in word.split(",")[:2]] for word in (text or "").split()], np.float64)
    except ValueError as error:
        raise refused(path, "coordinates are not lon,lat pairs", number=number) from error
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3 or not np.isfinite(points).all():
        raise refused(path, "a ring needs at least 3 finite lon,lat pairs", number=number, way_out=_WAY_OUT)
    if (points[0] != points[-1]).any():
        points = np.concatenate([points, points[:1]])
    if len(points) < 4:
        raise refused(path, "a ring has fewer than 3 corners", number=number, way_out=_WAY_OUT)
    return points


def _properties(placemark: ET.Element) -> dict[str, str]:
    found = {"name": placemark.findtext("name", "")}
    for entry in placemark.iterfind("ExtendedData/Data"):
        found[entry.get("name", "")] = entry.findtext("value", "")
    for entry in placemark.iterfind("ExtendedData/SchemaData/SimpleData"):
        found[entry.get("name", "")] = entry.text or ""
    return found
