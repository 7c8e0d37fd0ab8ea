"""Projections: coordinates from one reference system to another, and the pixels of a grid by longitude and latitude."""

from functools import lru_cache

import numpy as np
import pyproj

from sattrack.geometry import Points
from sattrack.imagery import Grid

WGS84 = "EPSG:4326"


@lru_cache(maxsize=256)
def _transformer(source: str, target: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def project(points: Points, *, source: str, target: str) -> Points:
    """(..., 2) coordinates from one CRS to another, x (or longitude) first; infinite where the projection does not reach.

    Raises pyproj's ProjError where there is no way between the two.
    """
    x, y = _transformer(source, target).transform(points[..., 0], points[..., 1])
    return np.stack([np.asarray(x, float), np.asarray(y, float)], axis=-1)


def to_lonlat(points: Points, *, grid: Grid) -> Points:
    """Pixel points (..., 2) of a georeferenced grid -> longitude, latitude (WGS 84)."""
    assert grid.crs is not None
    return project(grid.to_ground(points), source=grid.crs, target=WGS84)


def from_lonlat(points: Points, *, grid: Grid) -> Points:
    """Longitude, latitude (..., 2) -> pixel points of a georeferenced grid."""
    return to_grid(points, source=WGS84, grid=grid)


def to_grid(points: Points, *, source: str, grid: Grid) -> Points:
    """Coordinates (..., 2) in a CRS -> pixel points of a georeferenced grid."""
    assert grid.crs is not None
    return grid.to_pixels(_unrolled(project(points, source=source, target=grid.crs), grid))


def _unrolled(ground: Points, grid: Grid) -> Points:
    """Coordinates in a grid's CRS, longitudes by whole turns on the side where the grid lies: 180.1 is -179.9 too."""
    assert grid.crs is not None
    if not _in_degrees(grid.crs):
        return ground
    middle = grid.to_ground(np.array([grid.shape[1] / 2, grid.shape[0] / 2]))[0]
    lon = ground[..., 0]
    with np.errstate(invalid="ignore"):  # what does not project is infinite, and stays so
        return np.stack(
            [lon - 360 * np.nan_to_num(np.round((lon - middle) / 360), posinf=0, neginf=0), ground[..., 1]], axis=-1
        )


@lru_cache(maxsize=256)
def _in_degrees(crs: str) -> bool:
    return bool(pyproj.CRS.from_user_input(crs).is_geographic)
