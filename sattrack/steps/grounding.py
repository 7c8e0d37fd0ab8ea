"""Grounding: pixels, longitude and latitude, and metres in a flat frame round a place, one into the other."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyproj
import shapely
from shapely.geometry import shape as shape_of

from sattrack.geometry import Points
from sattrack.imagery import Grid

WGS84 = "EPSG:4326"


@lru_cache(maxsize=256)
def _transformer(source: str, target: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def project(points: Points, *, source: str, target: str) -> Points:
    """(..., 2) coordinates from one CRS to another, x (or longitude) first; infinite where the projection does not reach."""
    x, y = _transformer(source, target).transform(points[..., 0], points[..., 1])
    return np.stack([np.asarray(x, float), np.asarray(y, float)], axis=-1)


def to_lonlat(points: Points, *, grid: Grid) -> Points:
    """Pixel points (..., 2) of a georeferenced grid -> longitude, latitude (WGS 84)."""
    assert grid.crs is not None
    return project(grid.to_ground(points), source=grid.crs, target=WGS84)


def from_lonlat(points: Points, *, grid: Grid) -> Points:
    """Longitude, latitude (..., 2) -> pixel points of a georeferenced grid."""
    assert grid.crs is not None
    return grid.to_pixels(project(points, source=WGS84, target=grid.crs))


@dataclass(frozen=True, slots=True)
class Frame:
    """Flat metres round a place: azimuthal equidistant about (lon, lat); or, without a CRS, pixels times their size."""

    crs: str | None

    @classmethod
    def about(cls, lon: float, lat: float) -> "Frame":
        return cls(f"+proj=aeqd +lat_0={lat:.7f} +lon_0={lon:.7f} +datum=WGS84 +units=m +no_defs")

    @classmethod
    def of_pixels(cls) -> "Frame":
        return cls(None)

    @classmethod
    def of_grid(cls, grid: Grid) -> "Frame":
        """The frame of a scene that is its own site."""
        if not grid.georeferenced:
            return cls.of_pixels()
        lon, lat = to_lonlat(np.array([grid.shape[1] / 2, grid.shape[0] / 2]), grid=grid)
        return cls.about(float(lon), float(lat))

    def from_pixels(self, points: Points, *, grid: Grid) -> Points:
        """Pixel points (..., 2) -> metres."""
        if self.crs is None:
            return np.asarray(points * np.asarray(grid.gsd_m))
        assert grid.crs is not None
        return project(grid.to_ground(points), source=grid.crs, target=self.crs)

    def to_pixels(self, points: Points, *, grid: Grid) -> Points:
        """Metres (..., 2) -> pixel points."""
        if self.crs is None:
            return np.asarray(points / np.asarray(grid.gsd_m))
        assert grid.crs is not None
        return grid.to_pixels(project(points, source=self.crs, target=grid.crs))

    def polygon(self, outline: dict[str, Any]) -> shapely.Geometry:
        """A GeoJSON geometry in longitude and latitude -> a polygon in metres."""
        crs = self.crs
        assert crs is not None
        return shapely.transform(shape_of(outline), lambda xy: project(xy, source=WGS84, target=crs))


def footprint(grid: Grid, *, frame: Frame, steps: int = 16) -> shapely.Polygon:
    """The outline of a scene in the frame's metres; edges in `steps` pieces, since they may be curved there."""
    rows, cols = grid.shape
    t = np.linspace(0, 1, steps, endpoint=False)
    corners = np.array([[0, 0], [cols, 0], [cols, rows], [0, rows]], float)
    edge = np.concatenate([a + (b - a) * t[:, None] for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)])
    return shapely.Polygon(frame.from_pixels(edge, grid=grid)).buffer(0)


def sample_points(polygon: shapely.Geometry, *, about: int = 20_000) -> Points:
    """Points (n, 2) on a regular square lattice inside a polygon, about so many; at least one."""
    left, bottom, right, top = polygon.bounds
    step = max(np.sqrt(max(polygon.area, 1e-9) / about), 1e-6)
    x = np.arange(left + step / 2, right, step)
    y = np.arange(bottom + step / 2, top, step)
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    inside = grid[shapely.contains_xy(polygon, grid[:, 0], grid[:, 1])] if len(grid) else grid
    if len(inside):
        return np.asarray(inside)
    point = polygon.representative_point()
    return np.array([[point.x, point.y]])
