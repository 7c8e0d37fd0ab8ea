"""Polygons as they stand in a vector file: geometry in the file's own CRS, properties, and the feature's number."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyproj
import shapely

from sattrack.errors import OutlineError

MOST_FEATURES = 100_000
MOST_VERTICES = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """One feature. number: from 1, in the file's order. geometry: Polygon or MultiPolygon, not yet checked or repaired."""

    number: int
    geometry: shapely.Geometry
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Features of one CRS. crs: none for longitude and latitude, WGS 84. notes: what was left out or mended while reading."""

    shapes: tuple[Shape, ...]
    crs: pyproj.CRS | None = None
    notes: tuple[str, ...] = ()


def refused(path: Path, message: str, *, number: int | None = None, way_out: str = "") -> OutlineError:
    """The error for a file, or for one feature of it."""
    return OutlineError(message if number is None else f"feature {number}: {message}", where=str(path), way_out=way_out)


def crs_named(path: Path, name: Any) -> pyproj.CRS:
    """The CRS of an authority string or WKT; OutlineError where it is none."""
    try:
        return pyproj.CRS.from_user_input(name)
    except pyproj.exceptions.CRSError as error:
        raise refused(path, f"the CRS {str(name)[:80]!r} is not known", way_out="save it in EPSG:4326") from error


def check_limits(path: Path, *, features: int, vertices: int) -> None:
    """OutlineError where a file holds more than an outline can sensibly need."""
    if features > MOST_FEATURES:
        raise refused(path, f"more than {MOST_FEATURES} features", way_out="keep the sites only")
    if vertices > MOST_VERTICES:
        raise refused(path, f"more than {MOST_VERTICES} corners", way_out="simplify the outlines")
