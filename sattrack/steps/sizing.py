"""Boxes in metres: how long, how wide, which way they point, and which ISO length they are."""

from collections.abc import Iterable

import numpy as np
import pyproj
from numpy.typing import NDArray

from sattrack.geometry import Quads, sides
from sattrack.imagery import Grid
from sattrack.projections import to_lonlat

Metres = NDArray[np.float64]

# ISO 668 lengths are 6.058, 12.192 and 13.716 m; the boundaries lie half-way between neighbours.
LENGTH_CLASSES = ("20ft", "40ft", "45ft")
CLASS_BOUNDARIES_M = (9.1, 12.95)
TEU_OF_CLASS = {"20ft": 1.0, "40ft": 2.0, "45ft": 2.25}


def metric_quads(quads_px: Quads, *, grid: Grid) -> Quads:
    """(n, 4, 2) in pixels -> (n, 4, 2) in metres to the east and north, from pixel (0, 0).

    Pixels may be longer one way than the other, and not at right angles on the ground: degrees, turned.
    """
    return np.asarray(np.multiply(quads_px, np.asarray(grid.gsd_m, np.float64), dtype=np.float64) @ compass(grid).T)


def length_m(quads_px: Quads, *, grid: Grid) -> Metres:
    """(n, 4, 2) in pixels -> (n,) the long side in metres."""
    return sides(metric_quads(quads_px, grid=grid))[0]


def width_m(quads_px: Quads, *, grid: Grid) -> Metres:
    """(n, 4, 2) in pixels -> (n,) the short side in metres."""
    return sides(metric_quads(quads_px, grid=grid))[1]


def compass(grid: Grid) -> NDArray[np.float64]:
    """(2, 2) matrix that turns metres along (columns, rows) into metres to the (east, north), at the scene's centre.

    Works for rotated, mirrored and south-up grids alike. Without a CRS up is north. Directions are geodesic (WGS 84); a scene
    whose centre has no longitude and latitude is taken as one without a CRS.
    """
    plain = np.array([[1.0, 0.0], [0.0, -1.0]])
    if not grid.georeferenced:
        return plain
    rows, cols = grid.shape
    centre = np.array([cols / 2, rows / 2])
    # A pixel each way is too short a step for directions in float64 degrees on sub-metre grids; a hundred are not.
    steps = centre + np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0]])
    lon, lat = to_lonlat(steps, grid=grid).T
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        return plain
    azimuth, _, _ = pyproj.Geod(ellps="WGS84").inv([lon[0]] * 2, [lat[0]] * 2, lon[1:], lat[1:])
    turn = np.radians(azimuth)
    return np.stack([np.sin(turn), np.cos(turn)])


def north_angle(grid: Grid) -> float:
    """Where north points in the picture: degrees clockwise from up, 0 for a north-up scene or one without a CRS."""
    across, down = np.linalg.solve(compass(grid), np.array([0.0, 1.0]))
    return float(np.degrees(np.arctan2(across, -down)) % 360)


def heading_deg(quads_px: Quads, *, grid: Grid) -> NDArray[np.float64]:
    """(n, 4, 2) in pixels -> (n,) heading of the long side, degrees clockwise from north, in [0, 180)."""
    east, north = sides(metric_quads(quads_px, grid=grid))[2].T
    heading = np.degrees(np.arctan2(east, north)) % 180
    # The remainder of a tiny negative angle rounds up to 180 itself.
    return np.asarray(np.where(heading >= 180, 0.0, heading))


def length_classes(lengths_m: Metres) -> tuple[str, ...]:
    """(n,) metres -> n times 20ft, 40ft or 45ft."""
    return tuple(LENGTH_CLASSES[i] for i in np.searchsorted(CLASS_BOUNDARIES_M, lengths_m, side="right"))


def teu(classes: Iterable[str]) -> float:
    """Twenty-foot equivalent units of boxes by class: 1, 2 and 2.25."""
    return sum((TEU_OF_CLASS[name] for name in classes), 0.0)
