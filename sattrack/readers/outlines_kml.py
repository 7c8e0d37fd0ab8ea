"""Polygons of a KML file (OGC 12-007r2). Document types, entities and links are never followed."""

import xml.etree.ElementTree as ET
from pathlib import Path
from xml.parsers import expat

import numpy as np
import shapely
from numpy.typing import NDArray

from sattrack.errors import OutlineError
from sattrack.readers.shapes import Layer, Shape, check_limits, refused

MOST_BYTES = 20 << 20
_DEEPEST = 200
_WAY_OUT = "draw an outline around the place"
_NOT_POLYGONS = ("Point", "LineString", "LinearRing", "Track", "MultiTrack", "Model")


def read_kml(path: Path) -> tuple[Layer, ...]:
    """One layer, a shape for each Placemark. Raises OutlineError."""
    raw = path.read_bytes()
    if len(raw) > MOST_BYTES:
        raise refused(path, f"a KML file of more than {MOST_BYTES >> 20} MB", way_out="save it as a GeoPackage")
    root = _parsed(path, raw)
    shapes: list[Shape] = []
    vertices = 0
    for number, placemark in enumerate(root.iter("Placemark"), start=1):
        geometry = _geometry(path, placemark, number=number)
        vertices += int(shapely.get_num_coordinates(geometry))
        check_limits(path, features=number, vertices=vertices)
        shapes.append(Shape(number, geometry, _properties(placemark)))
    links = next(root.iter("NetworkLink"), None)
    return (Layer(tuple(shapes), None, () if links is None else ("network links in the KML were not followed",)),)


def _parsed(path: Path, raw: bytes) -> ET.Element:
    """The tree with local names only; expat is driven by hand since ElementTree cannot refuse a document type."""
    builder = ET.TreeBuilder()
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise refused(path, f"elements nested more than {_DEEPEST} deep")
        builder.start(name.rpartition(" ")[2], attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name.rpartition(" ")[2])

    def doctype(*_: object) -> None:
        raise refused(path, "a document type or entity in KML is refused", way_out="save it again from Google Earth or QGIS")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, builder.data
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = doctype
    try:
        parser.Parse(raw, True)
    except OutlineError:
        raise
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise refused(path, f"broken XML: {error}", way_out="save it again from Google Earth or QGIS") from error
    return builder.close()


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
