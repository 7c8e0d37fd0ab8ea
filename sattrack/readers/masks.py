"""Masks: what clouds, shadows or a hand-drawn mask beside a scene hide of it, read in the scene's own pixels."""

import re
from pathlib import Path, PurePath
from typing import Any

import cv2
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from rasterio.enums import ColorInterp

from sattrack.errors import OutlineError, SceneError, SceneRefused
from sattrack.geometry import apply_affine
from sattrack.imagery import Grid, Scene, is_remote
from sattrack.projections import project, to_grid, to_lonlat, unrolled
from sattrack.readers.catalogues.footprints import wrapped
from sattrack.readers.outlines.files import read_outlines
from sattrack.readers.upright import Area, Upright
from sattrack.settings import Settings
from sattrack.steps.grounding import pixel_rings

# Sentinel-2 scene classification: no data, saturated or defective, cloud shadow, clouds (medium, high), thin cirrus, snow.
SCL_HIDDEN = (0, 1, 3, 8, 9, 10, 11)
# Landsat's QA_PIXEL (Collection 2): fill, dilated cloud, cirrus, cloud, cloud shadow, snow; bits 0 to 5.
QA_PIXEL_HIDDEN = 0b111111
_SCL_NAME = re.compile(r"(^|[^A-Za-z])SCL([^A-Za-z]|$)", re.IGNORECASE)
_QA_NAME = re.compile(r"(^|[^A-Za-z])QA_PIXEL([^A-Za-z]|$)", re.IGNORECASE)
_UDM2_NAME = re.compile(r"(^|[^A-Za-z])udm2([^A-Za-z]|$)", re.IGNORECASE)
COLOURS = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
# Planet's usable data mask: eight bands, the first of which is 1 where the ground is clear.
_UDM2_BANDS = 8
_VECTOR_SUFFIXES = (".geojson", ".json", ".gpkg", ".kml")
_KNOTS = 17
# Degrees.
_ROOM = 1.0
_SUBPIXEL_BITS = 8
_WAY_OUT = "give a mask of the same place as the scene"


class CloudPolygons:
    """Polygons that hide the ground, in scene pixels."""

    def __init__(self, scene: Scene, path: str) -> None:
        if not scene.grid.georeferenced:
            raise SceneRefused(
                "polygons cannot mask a picture without georeferencing", where=path, way_out="give a mask picture"
            )
        try:
            # On a clear day there is no cloud to draw.
            sites, _ = read_outlines(Path(path), may_be_empty=True)
        except OutlineError as error:
            raise SceneError(f"the mask cannot be read: {error}", where=scene.location) from error
        near = _about(scene.grid)
        outlines = [outline for site in sites if site.outline and (outline := _cut(site.outline, near))]
        self._rings = [rings for outline in outlines for rings in pixel_rings(outline, grid=scene.grid)]
        if not all(np.isfinite(ring).all() for rings in self._rings for ring in rings):
            raise SceneError(
                "a polygon of cloud reaches beyond what the scene's CRS can hold", where=path,
                way_out="cut the polygons to the place of the scene",
            )  # fmt: skip

    def clear(self, area: Area, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """What can be seen (rows, cols) of an area (column, row, width, height) of the scene at a size."""
        hidden = np.zeros(shape, np.uint8)
        scale = np.array([shape[1] / area[2], shape[0] / area[3]])
        for rings in self._rings:
            # OpenCV counts from pixel centres, in fixed point.
            points = [((ring - area[:2]) * scale - 0.5) * (1 << _SUBPIXEL_BITS) for ring in rings]
            points = [np.clip(np.rint(p), -(1 << 30), 1 << 30).astype(np.int32) for p in points]
            cv2.fillPoly(hidden, points, 1, shift=_SUBPIXEL_BITS)
        return np.asarray(hidden == 0)

    def close(self) -> None:
        """Nothing is held open."""


def _about(grid: Grid) -> shapely.Geometry | None:
    """What lies on a scene or within a degree of it, in longitude and latitude; none where its own edge has none."""
    rows, cols = grid.shape
    lattice = np.stack(np.meshgrid(np.linspace(0, cols, 9), np.linspace(0, rows, 9)), axis=-1)
    lon, lat = to_lonlat(lattice, grid=grid).reshape(-1, 2).T
    if not np.isfinite([lon, lat]).all():
        return None
    middle = lon[len(lon) // 2]
    lon = middle + (lon - middle + 180) % 360 - 180
    south, north = max(lat.min() - _ROOM, -90), min(lat.max() + _ROOM, 90)
    if np.ptp(lon) + 2 * _ROOM < 180:
        return wrapped(shapely.box(lon.min() - _ROOM, south, lon.max() + _ROOM, north))
    # Round a pole.
    return shapely.box(-180, south, 180, 90) if lat.mean() > 0 else shapely.box(-180, -90, 180, north)


def _cut(outline: dict[str, Any], near: shapely.Geometry | None) -> dict[str, Any] | None:
    """The part of an outline that lies near; none where it has none. Far from the place that a projection is made for its
    coordinates end, or come round from the other side.
    """
    whole = shapely.geometry.shape(outline)
    if near is None or near.contains(whole):
        return outline
    parts = [part for part in shapely.get_parts(whole & near) if part.area > 0]
    return dict(shapely.geometry.mapping(shapely.MultiPolygon(parts))) if parts else None


class MaskRaster:
    """A mask raster, aligned to the scene through coordinates. What it does not cover cannot be seen."""

    def __init__(self, scene: Scene, path: str, *, limits: Settings) -> None:
        self._grid = scene.grid
        self._raster = Upright(path, limits=limits, coded=True)
        file = self._raster.raster
        self._rule = _rule_of(path, bands=file.count, descriptions=file.descriptions)
        kinds = list(file.colorinterp)
        painted = self._rule == "plain" and all(colour in kinds for colour in COLOURS)
        self._bands = tuple(kinds.index(colour) + 1 for colour in COLOURS) if painted else (1,)
        self._crs = file.crs.to_wkt() if file.crs else None
        self._to_pixels = ~file.transform
        self._middle = float((file.transform * (file.width / 2, file.height / 2))[0])
        try:
            self._check(scene, path, bands=file.count)
        except BaseException:
            self._raster.close()
            raise

    def clear(self, area: Area, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """What can be seen (rows, cols) of an area (column, row, width, height) of the scene at a size."""
        x, y = self._lookup(area, shape)
        rows, cols = self._raster.shape
        inside = (x >= 0) & (x < cols) & (y >= 0) & (y < rows)
        if not inside.any():
            return np.zeros(shape, bool)
        left, top = int(x[inside].min()), int(y[inside].min())
        right, bottom = int(x[inside].max()) + 1, int(y[inside].max()) + 1
        # A mask much finer than what is asked for is thinned while it is read: never a whole one in memory.
        size = (min(bottom - top, 2 * shape[0]), min(right - left, 2 * shape[1]))
        values, valid = self._raster.read(self._bands, (left, top, right - left, bottom - top), size, mean=False)
        clear = _clear(values, rule=self._rule) & valid
        line = ((y.astype(int) - top) * size[0] / (bottom - top)).astype(int)
        column = ((x.astype(int) - left) * size[1] / (right - left)).astype(int)
        return np.asarray(clear[np.clip(line, 0, size[0] - 1), np.clip(column, 0, size[1] - 1)] & inside)

    def close(self) -> None:
        self._raster.close()

    def _lookup(self, area: Area, shape: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mask pixel coordinates of each pixel's centre. Projected at a few knots, linear between: far finer than a mask."""
        u, v = (np.linspace(0.5, max(n - 0.5, 0.5), min(_KNOTS, n)) for n in (shape[1], shape[0]))
        knots = np.stack(np.meshgrid(area[0] + u * area[2] / shape[1], area[1] + v * area[3] / shape[0]), axis=-1)
        found = self._in_mask(knots)
        columns, lines = np.arange(0.5, shape[1]), np.arange(0.5, shape[0])
        return _between(found[..., 0], u, v, columns, lines), _between(found[..., 1], u, v, columns, lines)

    def _in_mask(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scene pixel points (..., 2) -> mask pixel points."""
        if self._crs is None or self._grid.crs is None:
            rows, cols = self._raster.shape
            return np.asarray(points * np.array([cols / self._grid.shape[1], rows / self._grid.shape[0]]))
        ground = project(self._grid.to_ground(points), source=self._grid.crs, target=self._crs)
        ground = unrolled(ground, crs=self._crs, about=self._middle)
        inverse = self._to_pixels
        return apply_affine((inverse.a, inverse.b, inverse.c, inverse.d, inverse.e, inverse.f), ground)

    def _in_scene(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mask pixel points (..., 2) -> scene pixel points, where both have coordinates."""
        assert self._crs is not None
        forward = ~self._to_pixels
        ground = apply_affine((forward.a, forward.b, forward.c, forward.d, forward.e, forward.f), points)
        return to_grid(ground, source=self._crs, grid=self._grid)

    def _check(self, scene: Scene, path: str, *, bands: int) -> None:
        rows, cols = self._raster.shape
        if self._rule == "plain" and _rule_in(path) == "udm2":
            raise SceneRefused(
                f"by its name the mask is a UDM2, which has {_UDM2_BANDS} bands, the first of what is clear; it has {bands}",
                where=path, way_out="give the whole file, or rename it to NAME_mask where any value but 0 hides the ground",
            )  # fmt: skip
        if self._crs is None or scene.grid.crs is None:
            if (rows, cols) != scene.grid.shape:
                raise SceneRefused(
                    f"a mask of {cols} x {rows} pixels without georeferencing, for a scene of {scene.grid.shape[1]} x "
                    f"{scene.grid.shape[0]}",
                    where=path,
                    way_out="without coordinates, mask and scene must be of one size",
                )
            return
        try:
            there, back = self._in_mask(_lattice(scene.grid.shape)), self._in_scene(_lattice((rows, cols)))
        except pyproj.exceptions.ProjError as error:
            raise SceneRefused("the mask's CRS is not tied to the earth", where=path, way_out=_WAY_OUT) from error
        # A small mask may lie between the points of the scene's lattice, as a small scene may between those of the mask's.
        if not (_any_inside(there, (rows, cols)) or _any_inside(back, scene.grid.shape)):
            raise SceneRefused("the mask does not touch the scene", where=path, way_out=_WAY_OUT)


def _lattice(shape: tuple[int, int]) -> NDArray[np.float64]:
    """Pixel points (33, 33, 2) over a picture of (rows, cols), edges and corners among them."""
    return np.stack(np.meshgrid(np.linspace(0, shape[1], 33), np.linspace(0, shape[0], 33)), axis=-1)


def _any_inside(points: NDArray[np.float64], shape: tuple[int, int]) -> bool:
    return bool(((points >= 0) & (points <= np.array([shape[1], shape[0]]))).all(axis=-1).any())


Mask = CloudPolygons | MaskRaster


def open_mask(scene: Scene, *, limits: Settings) -> Mask:
    """The mask of a scene that names one. For one thread, within `gdal_options`. Raises SceneError, SceneRefused."""
    assert scene.mask is not None
    if is_remote(scene.mask):
        return MaskRaster(scene, scene.mask, limits=limits)
    path = Path(scene.mask)
    if not path.is_file():
        raise SceneError("the mask is not a file", where=scene.mask, way_out="give a mask raster, or polygons of cloud")
    if path.suffix.lower() in _VECTOR_SUFFIXES:
        return CloudPolygons(scene, scene.mask)
    return MaskRaster(scene, scene.mask, limits=limits)


def _rule_of(path: str, *, bands: int, descriptions: tuple[str | None, ...]) -> str:
    """udm2, scl, qa_pixel or plain: how a mask raster's first band is to be understood."""
    first = (descriptions[0] or "").lower()
    if bands >= _UDM2_BANDS or first in ("clear", "clear band", "clear map"):
        return "udm2"
    named = _rule_in(path)
    if named in ("scl", "qa_pixel"):
        return named
    return "scl" if first in ("scl", "scene classification") else "plain"


def _rule_in(path: str) -> str:
    return rule_named(PurePath(path.partition("?")[0] if is_remote(path) else path).name)


def rule_named(name: str) -> str:
    """scl, qa_pixel or udm2, where the name of a mask's file says so; empty where it does not."""
    stem = PurePath(name).stem
    rules = ((_SCL_NAME, "scl"), (_QA_NAME, "qa_pixel"), (_UDM2_NAME, "udm2"))
    return next((rule for pattern, rule in rules if pattern.search(stem)), "")


def _clear(values: NDArray[np.generic], *, rule: str) -> NDArray[np.bool_]:
    """(rows, cols, bands) -> (rows, cols). UDM2: clear where 1. SCL: clear but for the hidden classes. QA_PIXEL: clear where no
    bit of those that hide is set. A plain mask: hidden where it is not zero, of a painted one in any colour.
    """
    first = values[..., 0]
    if rule == "udm2":
        return np.asarray(first == 1)
    if rule == "scl":
        return ~np.isin(first, SCL_HIDDEN)
    if rule == "qa_pixel":
        return np.asarray((first.astype(np.int64) & QA_PIXEL_HIDDEN) == 0)
    return np.asarray((values == 0).all(axis=-1))


def _between(
    values: NDArray[np.float64], u: NDArray[Any], v: NDArray[Any], x: NDArray[Any], y: NDArray[Any]
) -> NDArray[np.float64]:
    """Bilinear between knots (len(v), len(u)) at columns x and lines y."""
    across = np.array([np.interp(x, u, line) for line in values])
    if len(v) == 1:
        return np.repeat(across, len(y), axis=0)
    place = np.interp(y, v, np.arange(len(v)))
    low = np.minimum(place.astype(int), len(v) - 2)
    share = (place - low)[:, None]
    return np.asarray(across[low] * (1 - share) + across[low + 1] * share)
