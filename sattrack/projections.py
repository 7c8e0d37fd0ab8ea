"""Projections: coordinates from one reference system to another, and the pixels of a grid by longitude and latitude."""

from functools import lru_cache

import numpy as np
import pyproj

from sattrack.geometry import Points
from sattrack.imagery import Grid

WGS84 = "EPSG:4326"
# How a flat frame about a place begins (see flat_about); there is one for each site, or for each scene where there are none.
_FLAT = "+proj=aeqd "


@lru_cache(maxsize=256)
def _transformer(source: str, target: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def flat_about(lon: float, lat: float) -> str:
    """The CRS of flat metres about a place: azimuthal equidistant, WGS 84."""
    return f"{_FLAT}+lat_0={lat:.7f} +lon_0={lon:.7f} +datum=WGS84 +units=m +no_defs"


@lru_cache(maxsize=256)
def _flat(crs: str) -> pyproj.Proj:
    return pyproj.Proj(crs)


def project(points: Points, *, source: str, target: str) -> Points:
    """(..., 2) coordinates from one CRS to another, x (or longitude) first; infinite where the projection does not reach.

    Raises pyproj's ProjError where there is no way between the two.
    """
    x, y = points[..., 0], points[..., 1]
    # By way of longitude and latitude a flat frame needs no search for operations, which takes PROJ 20 ms for each new frame.
    if source.startswith(_FLAT):
        (x, y), source = _flat(source)(x, y, inverse=True), WGS84
    flat, target = (target, WGS84) if target.startswith(_FLAT) else ("", target)
    if source != target:
        x, y = _transformer(source, target).transform(x, y)
    if flat:
        x, y = _flat(flat)(x, y)
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
    middle = grid.to_ground(np.array([grid.shape[1] / 2, grid.shape[0] / 2]))[0]
    return grid.to_pixels(unrolled(project(points, source=source, target=grid.crs), crs=grid.crs, about=middle))


def unrolled(ground: Points, *, crs: str, about: float) -> Points:
    """Coordinates (..., 2) in a CRS, longitudes by whole turns on the side of another one: 180.1 is -179.9 too."""
    if not _in_degrees(crs):
        return ground
    lon = ground[..., 0]
    with np.errstate(invalid="ignore"):  # what does not project is infinite, and stays so
        return np.stack([lon - 360 * np.nan_to_num(np.round((lon - about) / 360), posinf=0, neginf=0), ground[..., 1]], axis=-1)


@lru_cache(maxsize=256)
def _in_degrees(crs: str) -> bool:
    return bool(pyproj.CRS.from_user_input(crs).is_geographic)
