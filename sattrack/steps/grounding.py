"""Grounding: pixels, longitude and latitude, and metres in a flat frame round a place, one into the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
import shapely
from shapely.geometry import shape as shape_of

from sattrack.geometry import Points, Quads
from sattrack.imagery import Grid, Scene
from sattrack.projections import WGS84, flat_about, from_lonlat, project, to_grid, to_lonlat
from sattrack.steps.bending import bent
from sattrack.timeline import Site

# A scene of which no point is farther from its middle can be told apart from a place by distance; metres.
_LARGEST_M = 500_000.0
_MARGIN_M = 1_000.0
# Steps of a lattice round an outline at the most, and points of a lattice that is not halved any more.
_MOST_STEPS, _PIECE = 200_000, 1024
# A side of an outline this long, degrees, bends in metres by a centimetre; and so many corners are added at the most.
_STRAIGHT, _MOST_ADDED = 0.01, 100_000


def finds_back(grid: Grid) -> bool:
    """Whether corners, edges and centre of a georeferenced grid come back to their own pixel by longitude and latitude.

    They do not where a projection is torn (the antimeridian in Mercator) or does not reach.
    """
    rows, cols = grid.shape
    pixels = np.stack(np.meshgrid([0, cols / 2, cols], [0, rows / 2, rows]), axis=-1)
    back = from_lonlat(to_lonlat(pixels, grid=grid), grid=grid)
    return bool(np.isfinite(back).all() and np.abs(back - pixels).max() < 0.5)


@dataclass(frozen=True, slots=True)
class Frame:
    """Flat metres round a place: azimuthal equidistant about (lon, lat); or, without a CRS, pixels times their size."""

    crs: str | None

    @classmethod
    def about(cls, lon: float, lat: float) -> "Frame":
        return cls(flat_about(lon, lat))

    @classmethod
    def over(cls, outline: dict[str, Any]) -> "Frame":
        """The frame of an outline in longitude and latitude, also where it is cut at the antimeridian or holds a pole."""
        lon, lat = np.radians(shapely.get_coordinates(shape_of(outline))).T
        x, y, z = (np.cos(lat) * np.cos(lon)).mean(), (np.cos(lat) * np.sin(lon)).mean(), np.sin(lat).mean()
        return cls.about(float(np.degrees(np.arctan2(y, x))), float(np.degrees(np.arctan2(z, np.hypot(x, y)))))

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

    def quads(self, quads: Quads, *, grid: Grid) -> Quads:
        """Quads (n, 4, 2) in pixels -> metres, to a micrometre, in a tenth of the time where they are many."""
        return bent(quads.reshape(-1, 2), partial(self.from_pixels, grid=grid)).reshape(quads.shape)

    def to_pixels(self, points: Points, *, grid: Grid) -> Points:
        """Metres (..., 2) -> pixel points."""
        if self.crs is None:
            return np.asarray(points / np.asarray(grid.gsd_m))
        return to_grid(points, source=self.crs, grid=grid)

    def polygon(self, outline: dict[str, Any]) -> shapely.Geometry:
        """A GeoJSON geometry in longitude and latitude -> a polygon in metres."""
        crs = self.crs
        assert crs is not None
        flat = shapely.transform(_drawn(outline), lambda xy: project(xy, source=WGS84, target=crs))
        # Of a slip of the hand across a continent the sides, straight in degrees and straight in metres, may cross.
        if flat.is_valid or not np.isfinite(flat.bounds).all():
            return flat
        return shapely.make_valid(flat, method="structure", keep_collapsed=False)


@lru_cache(maxsize=1024)
def laid(site: Site) -> tuple[Frame, shapely.Geometry]:
    """The frame over a site's outline, and the outline in its metres; kept, since every scene asks for those of every site."""
    assert site.outline is not None
    frame = Frame.over(site.outline)
    return frame, frame.polygon(site.outline)


def without(outline: shapely.Geometry, exclusions: Sequence[Site], *, frame: Frame) -> shapely.Geometry:
    """An outline in the frame's metres less the places that are to be left out."""
    if frame.crs is None:
        return outline
    for one in exclusions:
        if one.outline is not None:
            outline = outline.difference(frame.polygon(one.outline))
    return outline


@lru_cache(maxsize=1024)
def laid_without(site: Site, exclusions: tuple[Site, ...]) -> shapely.Geometry:
    """The same of a site's outline in its own frame; kept, as `laid` is."""
    frame, outline = laid(site)
    return without(outline, exclusions, frame=frame)


@lru_cache(maxsize=32)
def sampled(site: Site) -> Points:
    """The sample points of a site's outline, in the metres of its frame; those of the last sites are kept."""
    points = sample_points(laid(site)[1])
    points.flags.writeable = False
    return points


def pixel_rings(outline: dict[str, Any], *, grid: Grid) -> list[list[Points]]:
    """A GeoJSON Polygon or MultiPolygon in longitude and latitude -> for each polygon its rings in pixels, the outer one first.

    Not finite where the projection does not reach.
    """
    return [
        [from_lonlat(shapely.get_coordinates(ring), grid=grid) for ring in (polygon.exterior, *polygon.interiors)]
        for polygon in shapely.get_parts(_drawn(outline))
    ]


def _drawn(outline: dict[str, Any]) -> shapely.Geometry:
    """A GeoJSON geometry with corners added on its long sides: straight in degrees (RFC 7946), they bend in any projection.

    The side of a port of 40 km along a parallel would lie 40 m off at its middle, and part what two zones share.
    """
    geometry = shape_of(outline)
    west, _, east, _ = shapely.bounds(shapely.get_parts(geometry)).T
    if (east - west > 180).any():  # a side that jumps from 180 to -180 is a short one
        return geometry
    return shapely.segmentize(geometry, max(_STRAIGHT, geometry.length / _MOST_ADDED))


def footprint(grid: Grid, *, frame: Frame) -> shapely.Polygon:
    """The outline of a scene in the frame's metres; edges in pieces, since they may be curved there."""
    ground = _edge(grid, frame=frame, steps=16)
    ground = ground[np.isfinite(ground).all(axis=1)]
    return shapely.Polygon(ground if len(ground) > 2 else None).buffer(0)


def covered(scene: Scene, *, frame: Frame) -> shapely.Geometry:
    """What a scene's files cover, in the frame's metres: of a mosaic without what no file of it shows."""
    if not scene.pieces:
        return footprint(scene.grid, frame=frame)
    corners = [(p.col, p.row, p.col + p.shape[1], p.row + p.shape[0]) for p in scene.pieces]
    shown = shapely.segmentize(shapely.union_all([shapely.box(*corner) for corner in corners]), max(scene.grid.shape) / 16)
    return shapely.transform(shown, lambda points: frame.from_pixels(points, grid=scene.grid)).buffer(0)


def far_apart(grid: Grid, outline: shapely.Geometry, *, frame: Frame) -> bool:
    """Whether a scene surely does not touch an outline in the frame's metres; cheap, and False where it cannot be sure."""
    if frame.crs is None or not grid.georeferenced:
        return False
    edge = _edge(grid, frame=frame, steps=2)
    if not np.isfinite(edge).all():
        return False
    middle = edge.mean(axis=0)
    reach = float(np.hypot(*(edge - middle).T).max())
    # Scenes of a continent's size are bent too much to be told so.
    return reach < _LARGEST_M and float(outline.distance(shapely.Point(middle))) > 2 * reach + _MARGIN_M


def _edge(grid: Grid, *, frame: Frame, steps: int) -> Points:
    """(4 steps, 2): points around a scene, from its corners on, in the frame's metres."""
    rows, cols = grid.shape
    t = np.linspace(0, 1, steps, endpoint=False)
    corners = np.array([[0, 0], [cols, 0], [cols, rows], [0, rows]], float)
    edge = np.concatenate([a + (b - a) * t[:, None] for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)])
    return frame.from_pixels(edge, grid=grid)


def sample_points(polygon: shapely.Geometry, *, about: int = 20_000) -> Points:
    """Points (n, 2) on a regular lattice inside a polygon, about so many; at least one."""
    # An outline that is all length, a slip of the hand across a continent, is not sampled by its area.
    step = max(float(np.sqrt(polygon.area / about)), polygon.length / _MOST_STEPS, 1e-6)
    shapely.prepare(polygon)
    found = [lattice[shapely.contains_xy(polygon, *lattice.T)] for lattice in _lattices(polygon, step=step, most=4 * about)]
    inside = np.concatenate([np.zeros((0, 2)), *found])
    if len(inside):
        return inside if len(found) == 1 else np.unique(inside, axis=0)  # pieces share points where they were cut
    point = polygon.representative_point()
    return np.array([[point.x, point.y]])


def _lattices(polygon: shapely.Geometry, *, step: float, most: int) -> Iterator[Points]:
    """Lattice points over a polygon's bounds, halved where these hold far more points than it does (thin or scattered)."""
    pieces = [polygon]
    while pieces:
        piece = pieces.pop()
        if piece.is_empty:
            continue
        left, bottom, right, top = piece.bounds
        x = np.arange(np.floor(left / step) - 1, np.ceil(right / step))
        y = np.arange(np.floor(bottom / step), np.ceil(top / step))
        enough = most if piece is polygon else min(most, max(_PIECE, 16 * piece.area / step**2))
        if len(x) * len(y) <= enough:
            # Each row is shifted by another part of a step: a straight lattice can miss a thin slanted strip altogether.
            shifted = x + (0.618034 * y[:, None]) % 1
            yield step * np.stack([shifted, np.broadcast_to(y[:, None] + 0.5, shifted.shape)], axis=-1).reshape(-1, 2)
        elif len(x) > len(y):
            cut = step * round((left + right) / 2 / step)
            pieces += [shapely.box(cut, bottom, right, top) & piece, shapely.box(left, bottom, cut, top) & piece]
        else:
            cut = step * round((bottom + top) / 2 / step)
            pieces += [shapely.box(left, cut, right, top) & piece, shapely.box(left, bottom, right, cut) & piece]
