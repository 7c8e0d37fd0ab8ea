"""Footprints: where a STAC item lies, as polygons in longitude and latitude cut at the antimeridian."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.affinity import translate

from sattrack.errors import OutlineError, SceneError
from sattrack.readers.outlines.geojson import geometry_of
from sattrack.readers.outlines.repairing import repaired

Box = tuple[float, float, float, float]
_WORLD = shapely.box(-180, -90, 180, 90)
# Of any of these an item may be, too; they tell of no ground that it shows.
_WITHOUT_AREA = ("Point", "MultiPoint", "LineString", "MultiLineString")


def read_box(value: Any) -> Box | None:
    """west, south, east, north of a `bbox` of four or six numbers; west > east where it crosses the antimeridian. none of none.

    ValueError where it cannot be one.
    """
    if value is None:
        return None
    numeric = isinstance(value, list | tuple) and all(isinstance(n, int | float) and not isinstance(n, bool) for n in value)
    if not numeric or len(value) not in (4, 6):
        raise ValueError("the bbox is not four numbers")
    half = len(value) // 2
    west, south, east, north = (float(n) for n in (value[0], value[1], value[half], value[half + 1]))
    if not (-360 <= west <= 360 and -360 <= east <= 360 and -90 <= south <= north <= 90):
        raise ValueError(f"the bbox {[west, south, east, north]} is no longitude and latitude")
    return west, south, east, north


def area_of(box: Box) -> shapely.Geometry:
    """What a box covers: two parts where it crosses the antimeridian."""
    west, south, east, north = box
    return wrapped(shapely.box(west, south, east + 360 if east < west else east, north))


def footprint_of(geometry: Any, bbox: Any, *, where: str) -> shapely.Geometry | None:
    """Where an item lies, by its geometry where that has an area, else by its bbox; none where it says neither.

    SceneError where it cannot be.
    """
    try:
        box = read_box(bbox)
    except ValueError as error:
        raise SceneError(str(error), where=where, way_out=_WAY_OUT) from error
    if geometry is None or (isinstance(geometry, dict) and geometry.get("type") in _WITHOUT_AREA):
        return area_of(box) if box else None
    try:
        shape = geometry_of(Path("item"), geometry, number=1)
    except OutlineError as error:
        raise SceneError(f"its geometry cannot be read: {error.message}", where=where, way_out=_WAY_OUT) from error
    points = shapely.get_coordinates(shape)
    if np.abs(points[:, 0]).max() > 360 or np.abs(points[:, 1]).max() > 90:
        raise SceneError("its geometry is no longitude and latitude", where=where, way_out=_WAY_OUT)
    parts = [_unwrapped(part) for part in shapely.get_parts(shape)]
    try:
        sound = [repaired(part) for part in parts]
    except ValueError as error:
        raise SceneError(f"its geometry is a tangle: {error}", where=where, way_out=_WAY_OUT) from error
    return wrapped(sound[0] if len(sound) == 1 else shapely.union_all(sound))


def _unwrapped(part: shapely.Geometry) -> shapely.Geometry:
    """A polygon as many producers write it, with corners on both sides of the antimeridian and a ring that runs round the world
    the wrong way, as it was meant, whatever its bbox says. One without an edge longer than half the world, or that goes round
    it, is as wide as it looks.
    """
    edges = np.diff(shapely.get_coordinates(shapely.get_exterior_ring(part))[:, 0])
    if not edges.size or np.abs(edges).max() <= 180:
        return part
    meant = shapely.transform(part, lambda xy: np.stack([np.where(xy[:, 0] < 0, xy[:, 0] + 360, xy[:, 0]), xy[:, 1]], 1))
    return meant if meant.area > 0 and meant.bounds[2] - meant.bounds[0] <= 180 else part


def wrapped(shape: shapely.Geometry) -> shapely.Geometry:
    """The same place between -180 and 180 degrees."""
    west, _, east, _ = shape.bounds
    if west >= -180 and east <= 180:
        return shape
    turns = [translate(shape, xoff=360.0 * turn).intersection(_WORLD) for turn in (-1, 0, 1)]
    return shapely.union_all([part for part in turns if part.area > 0])


def share_of(outline: shapely.Geometry, footprint: shapely.Geometry) -> float:
    """The share of an outline that a footprint covers, 0 to 1: of a site so small that degrees do for areas."""
    if outline.area <= 0:
        return 0.0
    return float(min(1.0, outline.intersection(footprint).area / outline.area))


def boxes_around(shapes: Sequence[shapely.Geometry], *, most: int) -> list[Box]:
    """Boxes around each part of shapes, a tenth of a kilometre wider; those that touch are one, all where over `most`."""
    parts = [part for shape in shapes for part in shapely.get_parts(shape)]
    boxes = [shapely.box(*part.bounds).buffer(_ROOM, join_style="mitre") for part in parts]
    joined = [shapely.box(*part.bounds) for part in shapely.get_parts(shapely.union_all(boxes))]
    if len(joined) > most:
        joined = [shapely.box(*shapely.union_all(joined).bounds)]
    found = [tuple(round(float(n), 6) for n in part.intersection(_WORLD).bounds) for part in joined]
    return sorted(found)  # type: ignore[arg-type]


_ROOM = 0.001
_WAY_OUT = "mend the item, or give its picture instead"
