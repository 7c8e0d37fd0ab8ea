"""Globe: pixels of a scene as rings and polygons in longitude and latitude, right-handed, cut at 180 degrees (RFC 7946)."""

import numpy as np
import shapely
from numpy.typing import NDArray

from sattrack.geometry import Points
from sattrack.imagery import Grid
from sattrack.projections import to_lonlat


def lonlat(points: Points, *, grid: Grid) -> Points:
    """Pixel points (..., 2) of a georeferenced grid -> longitude in [-180, 180], latitude; not finite where there is none."""
    found = to_lonlat(points, grid=grid).reshape(points.shape)
    beyond = np.abs(found[..., 0]) > 180
    with np.errstate(invalid="ignore"):
        found[..., 0] = np.where(beyond, (found[..., 0] + 180) % 360 - 180, found[..., 0])
    return found


def rings(quads: NDArray[np.float64], *, grid: Grid) -> NDArray[np.float64]:
    """(n, k, 2) rings in pixels -> the same in longitude and latitude, counter-clockwise."""
    found = lonlat(quads, grid=grid)
    x, y = _unrolled(found[..., 0]), found[..., 1]
    with np.errstate(invalid="ignore"):
        clockwise = np.sum(x * np.roll(y, -1, 1) - np.roll(x, -1, 1) * y, axis=1) < 0
    return np.where(clockwise[:, None, None], found[:, ::-1], found)


def outline(grid: Grid, *, steps: int = 4) -> NDArray[np.float64] | None:
    """A scene's edge as one ring (1, 4 x steps, 2); none where a corner has no longitude and latitude."""
    if not grid.georeferenced:
        return None
    rows, cols = grid.shape
    corners = np.array([[0, 0], [0, rows], [cols, rows], [cols, 0]], float)
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    edge = np.concatenate([a + (b - a) * t for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)])
    found = rings(edge[None], grid=grid)
    return found if np.isfinite(found).all() else None


def polygons(rings: NDArray[np.float64]) -> list[shapely.Geometry]:
    """(n, k, 2) finite rings in longitude and latitude -> polygons; a MultiPolygon where one crosses the antimeridian."""
    if not len(rings):
        return []
    made = list(shapely.polygons(rings))
    for i in np.flatnonzero(np.ptp(rings[..., 0], axis=1) > 180):
        made[i] = _cut(rings[i])
    return made


def _unrolled(longitudes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, k): where a ring's longitudes jump by 360 degrees, the western ones go on beyond 180."""
    with np.errstate(invalid="ignore"):
        jumps = np.ptp(longitudes, axis=1) > 180
    return np.where(jumps[:, None] & (longitudes < 0), longitudes + 360, longitudes)


def _cut(ring: NDArray[np.float64]) -> shapely.Geometry:
    whole = shapely.polygons(np.stack([_unrolled(ring[None, :, 0])[0], ring[:, 1]], axis=1))
    east = shapely.intersection(whole, shapely.box(0, -90, 180, 90))
    west = shapely.intersection(whole, shapely.box(180, -90, 360, 90))
    west = shapely.transform(west, lambda points: points - np.array([360.0, 0.0]))
    halves = [shapely.geometry.polygon.orient(half) for half in (east, west) if half.geom_type == "Polygon" and half.area > 0]
    return shapely.MultiPolygon(halves)
