"""Describing: what a scene is, from its file, what was said beside it, and what the caller said, without its pixels."""

import datetime as dt
import math
from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
from rasterio.enums import ColorInterp

from sattrack.errors import SceneError, SceneRefused
from sattrack.geometry import Affine6, apply_affine, invert_affine
from sattrack.imagery import Grid, Scene
from sattrack.readers.opening import gdal_options, open_raster
from sattrack.readers.times import time_in_name, time_in_tags
from sattrack.settings import Settings

if TYPE_CHECKING:
    from sattrack.readers.finding import Source

_GEOD = pyproj.Geod(ellps="WGS84")
_STEP_PX = 100
_IDENTITY: Affine6 = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
_SENSOR_TAGS = ("SATELLITEID", "SATELLITE", "SENSOR", "PLATFORM", "MISSION")
_DEGREE_M = (1e-4, 1000.0)


def describe(
    source: "Source",
    *,
    gsd_m: tuple[float, float] | None = None,
    bands: Sequence[int] | None = None,
    acquired: dt.datetime | None = None,
    sensor: str | None = None,
    nodata: float | None = None,
    mask: str | None = None,
    limits: Settings | None = None,
) -> Scene:
    """The scene that a source holds. What the file says stands before what was said beside it, and that before the options.

    Raises SceneError where the file cannot be read, SceneRefused where it must not be counted as it is.
    """
    limits = limits or Settings()
    with gdal_options(limits):
        raster = open_raster(source.path, limits=limits)
        try:
            return _described(
                raster, source, gsd_m=gsd_m, bands=bands, acquired=acquired, sensor=sensor, nodata=nodata, mask=mask
            )
        finally:
            raster.close()


def _described(
    raster: Any,
    source: "Source",
    *,
    gsd_m: tuple[float, float] | None,
    bands: Sequence[int] | None,
    acquired: dt.datetime | None,
    sensor: str | None,
    nodata: float | None,
    mask: str | None,
) -> Scene:
    notes = list(source.notes)
    tags = _tags(raster)
    grid, gsd_source = _grid(raster, source, gsd_m=gsd_m, notes=notes)
    chosen = choose_bands(raster, asked=source.bands or bands, where=source.path, notes=notes)
    when, when_source = _acquired(tags, source, option=acquired)
    declared = raster.nodatavals[chosen[0] - 1]
    masked = source.mask or mask
    return Scene(
        id=source.scene_id,
        part=source.part,
        location=source.path,
        grid=grid,
        bands=chosen,
        dtype=raster.dtypes[0],
        acquired=when,
        acquired_source=when_source,
        sensor=_first(tags, _SENSOR_TAGS) or source.sensor or sensor or "",
        source=source.source,
        licence=source.licence or tags.get("TIFFTAG_COPYRIGHT", ""),
        driver=raster.driver,
        nodata=nodata if declared is None else float(declared),
        mask=masked,
        gsd_source=gsd_source,
        cloud_checked=masked is not None,
        notes=tuple(notes),
    )


def _tags(raster: Any) -> dict[str, str]:
    return {**raster.tags(), **raster.tags(ns="IMAGERY")}


def _first(tags: dict[str, str], names: Sequence[str]) -> str:
    upper = {key.upper(): value for key, value in tags.items()}
    return next((upper[name].strip() for name in names if upper.get(name, "").strip()), "")


def _acquired(tags: dict[str, str], source: "Source", *, option: dt.datetime | None) -> tuple[dt.datetime | None, str]:
    """Tags, then sidecar or manifest, then the file's name, then the option."""
    found = time_in_tags(tags)
    if found:
        return found, "tags"
    if source.acquired:
        return source.acquired, source.acquired_source or "sidecar"
    found = time_in_name(PurePath(source.path).stem)
    if found:
        return found, "name"
    return (option, "option") if option else (None, "unknown")


def _grid(raster: Any, source: "Source", *, gsd_m: tuple[float, float] | None, notes: list[str]) -> tuple[Grid, str]:
    """The pixels on the ground, or a plain picture with a stated pixel size."""
    shape = (raster.height, raster.width)
    own: Affine6 = tuple(raster.transform[:6])
    crs, transform = (raster.crs.to_wkt() if raster.crs else None), own
    if crs is None or own == _IDENTITY:
        crs, transform = source.crs, source.transform or own
    if crs is not None and transform != _IDENTITY:
        return Grid(
            shape, measure_gsd(shape, transform=transform, crs=crs, where=source.path), crs, transform
        ), "georeferencing"
    stated = source.gsd_m or gsd_m
    if stated is None:
        raise SceneRefused(
            "the pixel size is not known: the picture has no georeferencing",
            where=source.path,
            way_out="say it: --gsd-m 0.5 (or X,Y), or gsd_m in a NAME.json beside it or in the manifest",
        )
    if not all(math.isfinite(v) and _DEGREE_M[0] <= v <= _DEGREE_M[1] for v in stated):
        raise SceneRefused(f"a pixel size of {stated} m cannot be", where=source.path)
    if transform != _IDENTITY:
        notes.append("the file has a transform but no CRS: taken as a plain picture")
    return Grid(shape, stated), source.gsd_source if source.gsd_m else "option"


def measure_gsd(shape: tuple[int, int], *, transform: Affine6, crs: str, where: str) -> tuple[float, float]:
    """Geodesic size of a pixel (along columns, along rows), metres, at the centre; SceneError where it cannot be had."""
    try:
        invert_affine(transform)
        to_lonlat = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    except (ValueError, pyproj.exceptions.ProjError) as error:
        raise SceneError(f"the georeferencing cannot be used: {error}", where=where, way_out="georeference it again") from error
    rows, cols = shape
    centre = np.array([cols / 2, rows / 2])
    found = []
    for axis in (np.array([1.0, 0.0]), np.array([0.0, 1.0])):
        half = axis * max(1, min(_STEP_PX, int(axis @ np.array([cols, rows])))) / 2
        ends = apply_affine(transform, np.stack([centre - half, centre + half]))
        lon, lat = to_lonlat.transform(ends[:, 0], ends[:, 1])
        if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
            raise SceneError("the scene lies outside what its CRS can hold", where=where, way_out="check its georeferencing")
        found.append(_GEOD.inv(lon[0], lat[0], lon[1], lat[1])[2] / (2 * float(np.abs(half).sum())))
    if not all(math.isfinite(v) and v > 0 for v in found):
        raise SceneError("the georeferencing gives no pixel size", where=where, way_out="georeference it again")
    return float(found[0]), float(found[1])


def choose_bands(raster: Any, *, asked: Sequence[int] | None, where: str, notes: list[str]) -> tuple[int, ...]:
    """The 1 or 3 band numbers that are fed, by colour interpretation. SceneRefused where that must be said."""
    if asked is not None:
        if len(asked) not in (1, 3) or not all(1 <= b <= raster.count for b in asked):
            raise SceneRefused(
                f"bands {','.join(map(str, asked))} of a file with {raster.count}",
                where=where,
                way_out="name 1 or 3 of its bands",
            )
        return tuple(asked)
    kinds = list(raster.colorinterp)
    colours = [ColorInterp.red, ColorInterp.green, ColorInterp.blue]
    if all(kinds.count(colour) == 1 for colour in colours):
        return tuple(kinds.index(colour) + 1 for colour in colours)
    seen = [i + 1 for i, kind in enumerate(kinds) if kind != ColorInterp.alpha]
    if len(seen) == 1:
        return (seen[0],)
    if len(seen) == 3:
        notes.append("three bands without colour interpretation were taken as red, green, blue")
        return tuple(seen)
    raise SceneRefused(
        f"{raster.count} bands, and the file does not say which are red, green and blue",
        where=where,
        way_out="say it: --bands R,G,B, for example --bands 3,2,1",
    )
