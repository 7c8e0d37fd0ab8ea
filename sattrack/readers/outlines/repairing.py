"""Repairing: an outline that crosses itself as the area it was meant to be, where it does not cross itself too often."""

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray

# A repair works out every crossing, and cannot be interrupted: these take some seconds, n sides drawn at random n * n / 6.
MOST_CROSSINGS = 50_000
_MOST_PAIRS, _MOST_PAIRS_A_SIDE = 5_000_000, 20
_PAIRS_AT_ONCE, _LEAST_AT_ONCE = 1_000_000, 10
# With more corners even asking whether an outline is valid may take minutes.
_MANY_CORNERS = 1_000


def repaired(geometry: shapely.Geometry) -> shapely.Geometry:
    """A polygon or polygons -> the same area, valid: parts that overlap are joined, holes are taken out of what they lie in.

    A hole that lies in nothing adds nothing. ValueError where its sides cross more than MOST_CROSSINGS times.
    """
    many = int(shapely.get_num_coordinates(geometry)) > _MANY_CORNERS
    if many:
        _refuse_tangles(geometry)
    if geometry.is_valid:
        return geometry
    if not many:
        _refuse_tangles(geometry)
    polygons = shapely.get_parts(shapely.get_parts(geometry))
    return _valid(shapely.multipolygons([_holes_within(polygon) for polygon in polygons]))


def _valid(geometry: shapely.Geometry) -> shapely.Geometry:
    return shapely.make_valid(geometry, method="structure", keep_collapsed=False)


def _holes_within(polygon: shapely.Polygon) -> shapely.Polygon:
    """The polygon without the holes that it does not meet, which a repair would take for polygons of their own."""
    outer = _valid(shapely.Polygon(polygon.exterior))
    holes = [hole for hole in polygon.interiors if outer.intersects(_valid(shapely.Polygon(hole)))]
    return shapely.Polygon(polygon.exterior, holes)


def _refuse_tangles(geometry: shapely.Geometry) -> None:
    if _tangled(_sides(geometry)):
        raise ValueError(f"its sides cross each other more than {MOST_CROSSINGS:,} times")


def _sides(geometry: shapely.Geometry) -> NDArray[np.object_]:
    """Every side of every ring, as a line of its own."""
    found = []
    for ring in shapely.get_rings(shapely.get_parts(geometry)):
        corners = shapely.get_coordinates(ring)
        moved = (corners[1:] != corners[:-1]).any(axis=1)
        found.append(np.stack([corners[:-1], corners[1:]], axis=1)[moved])
    return np.asarray(shapely.linestrings(np.concatenate(found)))


def _tangled(sides: NDArray[np.object_]) -> bool:
    tree = shapely.STRtree(sides)
    pairs = met = 0
    most = max(_MOST_PAIRS, _MOST_PAIRS_A_SIDE * len(sides))
    for some in _few_at_once(sides):
        pairs += tree.query(some).shape[1]
        if pairs > most:
            return True
        # Neighbours touch, and so may parts that lie corner to corner; each side meets itself.
        touching = tree.query(some, predicate="touches").shape[1]
        met += tree.query(some, predicate="intersects").shape[1] - touching - len(some)
        if met > 2 * MOST_CROSSINGS:
            return True
    return False


def _few_at_once(sides: NDArray[np.object_]) -> Iterator[NDArray[np.object_]]:
    """So few that all that lie beside all others take little memory."""
    step = max(_LEAST_AT_ONCE, _PAIRS_AT_ONCE // max(1, len(sides)))
    for start in range(0, len(sides), step):
        yield sides[start : start + step]
