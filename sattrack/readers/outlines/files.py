"""Site outlines from GeoJSON, GeoPackage or KML, in any CRS, as sites in longitude and latitude."""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import shapely

from sattrack.readers.hints import read_text
from sattrack.readers.outlines.geojson import geometry_of, read_geojson
from sattrack.readers.outlines.geopackage import read_geopackage
from sattrack.readers.outlines.kml import read_kml
from sattrack.readers.outlines.repairing import repaired
from sattrack.readers.outlines.shapes import Layer, Shape, refused
from sattrack.timeline import Site

MOST_BYTES = 512 << 20
# Straight edges of a projection bend in longitude and latitude by under 0.1 m below this size (degrees).
_SMALL = 0.02
_AXES = "GeoJSON and KML hold longitude first; for projected coordinates name the CRS, or save as EPSG:4326"
_TURN = "turn those beyond by 360, and cut an outline on both sides of 180 degrees into a MultiPolygon"


def read_outlines(path: Path, *, may_be_empty: bool = False) -> tuple[tuple[Site, ...], tuple[str, ...]]:
    """The sites of a file, in its order, and notes on what was repaired or left out.

    Properties site_id, name, zone, kind and notes are read, whatever their case. Raises OutlineError with the feature's number.
    """
    layers = _layers(path)
    notes = [note for layer in layers for note in layer.notes]
    sites: list[Site] = []
    taken: dict[tuple[str, str], int] = {}
    for layer in layers:
        to_lonlat = _projector(path, layer.crs)
        for shape in layer.shapes:
            outline = _outline(path, shape, to_lonlat=to_lonlat, notes=notes)
            sites.append(_site(path, shape, outline=outline, taken=taken, notes=notes))
    if not sites and not may_be_empty:
        raise refused(path, "no outline in the file", way_out="draw at least one polygon")
    return tuple(sites), tuple(notes)


def check_kept(path: Path, sites: Sequence[Site]) -> None:
    """OutlineError where an outline that a run kept is none that read_outlines could have given: the file was changed."""
    for number, site in enumerate(sites, start=1):
        if site.outline is None:
            continue
        if site.outline.get("type") not in ("Polygon", "MultiPolygon"):
            raise refused(path, "the outline is no Polygon or MultiPolygon", number=number)
        geometry = geometry_of(path, site.outline, number=number)
        polygons = [site.outline["coordinates"]] if site.outline["type"] == "Polygon" else site.outline["coordinates"]
        if any(len(corner) != 2 for rings in polygons for ring in rings for corner in ring):
            raise refused(path, "a corner is not a longitude and a latitude", number=number)
        _check_lonlat(path, geometry, number=number)
        # Digits lost in writing may make a sound outline touch itself; one that was changed has another area once repaired.
        area = float(_repaired(path, geometry, number=number).area)
        if area <= 0 or abs(geometry.area - area) > 1e-6 * area:
            raise refused(path, f"the outline is not valid ({shapely.is_valid_reason(geometry)})", number=number)


def _layers(path: Path) -> tuple[Layer, ...]:
    """The file's kind is told from its first bytes: suffixes lie."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise refused(path, f"more than {MOST_BYTES >> 20} MB", way_out="keep the outlines of the sites only")
        if not path.is_file():
            raise refused(path, "expected a file, came a folder, pipe or device", way_out="save the outlines as a file")
        with path.open("rb") as file:
            head = file.read(512)
        if head.startswith(b"SQLite format 3\0"):
            return read_geopackage(path)
        text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        if text.startswith((b"{", b"[")):
            return read_geojson(path)
        if text.startswith(b"<"):
            return read_kml(path)
    except OSError as error:
        raise refused(path, f"cannot be read: {error.strerror}") from error
    raise refused(path, _stranger(head), way_out="save the outlines as GeoJSON, GeoPackage or KML")


def _stranger(head: bytes) -> str:
    known = {
        b"PK": "a zip archive (KMZ or zipped shapefile)", b"\x00\x00\x27\x0a": "a shapefile", b"fgb": "FlatGeobuf",
        b"\xff\xfe": "text in UTF-16", b"\xfe\xff": "text in UTF-16",
    }  # fmt: skip
    came = next(
        (name for magic, name in known.items() if head.startswith(magic)), "something else" if head else "an empty file"
    )
    return f"expected GeoJSON, GeoPackage or KML, came {came}"


def _projector(path: Path, crs: pyproj.CRS | None) -> pyproj.Transformer | None:
    if crs is None or crs.equals(pyproj.CRS.from_epsg(4326), ignore_axis_order=True):
        return None
    try:
        return pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    except pyproj.exceptions.ProjError as error:
        raise refused(path, f"the CRS {crs.name[:80]!r} is not tied to the earth", way_out="save it in EPSG:4326") from error


def _outline(path: Path, shape: Shape, *, to_lonlat: pyproj.Transformer | None, notes: list[str]) -> dict[str, Any]:
    """A feature's geometry -> valid GeoJSON Polygon or MultiPolygon in lon/lat, outer rings counter-clockwise."""
    geometry = shape.geometry
    if geometry.is_empty or not _only_polygons(geometry):
        raise refused(
            path, f"expected a Polygon or MultiPolygon, came {geometry.geom_type}", number=shape.number,
            way_out="draw an outline around the place",
        )  # fmt: skip
    if geometry.geom_type == "GeometryCollection":
        # Whose parts may lie over each other, and be valid all the same.
        geometry = shapely.MultiPolygon([*_polygons(geometry)])
    if to_lonlat is not None:
        geometry = _projected(geometry, to_lonlat=to_lonlat)
    _check_lonlat(path, geometry, number=shape.number)
    sound = _repaired(path, geometry, number=shape.number)
    if sound is not geometry:
        notes.append(f"feature {shape.number}: repaired ({shapely.is_valid_reason(geometry)})")
        geometry = sound
    polygons = [_turned(part) for part in _polygons(geometry) if part.area > 0]
    if not polygons:
        raise refused(path, "the outline has no area", number=shape.number, way_out="draw an outline around the place")
    whole = polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)
    outline: dict[str, Any] = json.loads(shapely.to_geojson(whole))
    return outline


def _repaired(path: Path, geometry: shapely.Geometry, *, number: int) -> shapely.Geometry:
    try:
        return repaired(geometry)
    except ValueError as error:
        raise refused(path, f"the outline is a tangle: {error}", number=number, way_out="draw it again") from error


def _only_polygons(geometry: shapely.Geometry) -> bool:
    parts = shapely.get_parts(geometry) if geometry.geom_type == "GeometryCollection" else [geometry]
    return all(part.geom_type in ("Polygon", "MultiPolygon") for part in parts)


def _polygons(geometry: shapely.Geometry) -> Iterable[shapely.Polygon]:
    """Every polygon of a geometry; lines and points that a repair left over are dropped."""
    if geometry.geom_type == "Polygon":
        yield geometry
    elif hasattr(geometry, "geoms"):
        for part in geometry.geoms:
            yield from _polygons(part)


def _turned(polygon: shapely.Polygon) -> shapely.Polygon:
    return shapely.geometry.polygon.orient(polygon, 1.0)


def _projected(geometry: shapely.Geometry, *, to_lonlat: pyproj.Transformer) -> shapely.Geometry:
    def moved(points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.stack(to_lonlat.transform(points[:, 0], points[:, 1]), axis=1)

    found = shapely.transform(geometry, moved)
    bounds = np.asarray(found.bounds)
    if np.isfinite(bounds).all() and max(bounds[2:] - bounds[:2]) > _SMALL:
        west, south, east, north = geometry.bounds
        found = shapely.transform(shapely.segmentize(geometry, max(east - west, north - south) / 32), moved)
    return found


def _check_lonlat(path: Path, geometry: shapely.Geometry, *, number: int) -> None:
    points = shapely.get_coordinates(geometry)
    if not np.isfinite(points).all():
        raise refused(path, "a corner has no longitude and latitude", number=number, way_out="check the CRS of the file")
    x, y = np.abs(points).max(axis=0)
    if y > 90 and x <= 90:
        raise refused(path, f"longitude and latitude look swapped: {y:g} cannot be a latitude", number=number, way_out=_AXES)
    if 180 < x <= 360 and y <= 90:
        came = points[np.abs(points[:, 0]).argmax(), 0]
        raise refused(path, f"longitudes run from -180 to 180 degrees, came {came:g}", number=number, way_out=_TURN)
    if x > 180 or y > 90:
        raise refused(path, f"({x:g}, {y:g}) is no longitude and latitude", number=number, way_out=_AXES)
    for part in shapely.get_parts(geometry):
        west, _, east, _ = part.bounds
        if east - west > 180:
            raise refused(
                path, "the outline crosses the antimeridian", number=number, way_out="cut it at 180 degrees into a MultiPolygon"
            )


def _site(path: Path, shape: Shape, *, outline: dict[str, Any], taken: dict[tuple[str, str], int], notes: list[str]) -> Site:
    """taken: of each site_id and zone, the next number that another of its name may get."""
    folded = {str(key).casefold(): value for key, value in shape.properties.items()}
    site_id, name, zone, kind, remark = (_text(folded.get(key)) for key in ("site_id", "name", "zone", "kind", "notes"))
    kind = "exclude" if kind.casefold() == "exclude" else kind
    given = bool(site_id)
    site_id = site_id or _slug(name) or f"{'exclude' if kind == 'exclude' else 'site'}-{shape.number}"
    if kind != "exclude":
        if (site_id, zone) in taken:
            if given:
                raise refused(
                    path, f"the site {site_id!r} has the zone {zone!r} twice" if zone else f"the site {site_id!r} stands twice",
                    number=shape.number, way_out="give each its own site_id or zone, or join them into one MultiPolygon",
                )  # fmt: skip
            site_id = _untaken(site_id, zone=zone, taken=taken)
            notes.append(f"feature {shape.number}: a second {name or 'site'!r} got the site_id {site_id!r}")
        taken[site_id, zone] = 2
    return Site(site_id, name or site_id, outline, zone=zone, kind=kind, notes=remark)


def _text(value: Any) -> str:
    """A property as one clean line; ids that a table kept as 7.0 were 7."""
    return read_text(int(value) if isinstance(value, float) and value.is_integer() else value)


def _slug(name: str) -> str:
    """A name as an id; letters of any script stay, since many ports are not written in Latin ones."""
    return re.sub(r"[\W_]+", "-", name.casefold()).strip("-")[:80]


def _untaken(site_id: str, *, zone: str, taken: dict[tuple[str, str], int]) -> str:
    # Begun where the last search ended: a file may hold 100,000 buildings that are all called `building`.
    number = taken[site_id, zone]
    while (f"{site_id}-{number}", zone) in taken:
        number += 1
    taken[site_id, zone] = number + 1
    return f"{site_id}-{number}"
