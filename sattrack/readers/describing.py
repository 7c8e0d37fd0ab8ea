"""Describing: what a scene is, from its file, what was said beside it, and what the caller said; of its pixels only corners."""

import datetime as dt
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
from rasterio.enums import ColorInterp

from sattrack.errors import SceneError, SceneRefused
from sattrack.geometry import Affine6, apply_affine, invert_affine
from sattrack.imagery import Grid, Scene, is_remote
from sattrack.phrases import some
from sattrack.projections import WGS84, project
from sattrack.readers.deliveries.values import VENDOR
from sattrack.readers.masks import COLOURS, open_mask
from sattrack.readers.opening import gdal_errors, gdal_options
from sattrack.readers.times import time_in_name, time_in_tags
from sattrack.readers.upright import Upright
from sattrack.settings import Settings

if TYPE_CHECKING:
    from sattrack.readers.finding import Source

_GEOD = pyproj.Geod(ellps="WGS84")
_STEP_PX = 100
_IDENTITY: Affine6 = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
_GSD_BOUNDS_M = (0.001, 10_000.0)
_TEXT_TAGS = {
    "sensor": ("SATELLITEID", "SATELLITE", "SENSOR", "SENSORID", "PLATFORM", "MISSION"),
    "source": ("SOURCE", "ATTRIBUTION", "CREDIT"),
    "licence": ("LICENCE", "LICENSE", "TIFFTAG_COPYRIGHT", "EXIF_COPYRIGHT", "COPYRIGHT"),
}
# Of files that do not say what their bands show GDAL calls the first gray.
_NO_COLOUR = (ColorInterp.undefined, ColorInterp.gray)
# Two clocks further apart speak of two moments; two pixel sizes, of two pictures.
_CLOCKS_ALIKE_S, _GSD_ALIKE = 60.0, 1.1
# Who beside the file says a time, in the words of a note.
_TELLERS = {VENDOR: "vendor's metadata", "manifest": "manifest", "sidecar": "sidecar"}


@dataclass(frozen=True, slots=True)
class _Options:
    """What the caller says of scenes that do not say it themselves."""

    gsd_m: tuple[float, float] | None
    bands: Sequence[int] | None
    acquired: dt.datetime | None
    sensor: str | None
    nodata: float | None
    mask: str | None


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

    Only bands said of this one file stand before its own colour interpretation. Raises SceneError where the file cannot be
    read, SceneRefused where it must not be counted as it is.
    """
    limits = limits or Settings()
    options = _Options(gsd_m, bands, acquired, sensor, nodata, mask)
    with gdal_options(limits), gdal_errors(source.path), closing(Upright(source.path, limits=limits)) as picture:
        scene = _described(picture, source, options=options)
        if scene.mask:
            # Opened here so that a wrong mask is refused before any work is planned.
            open_mask(scene, limits=limits).close()
        return scene


def _described(picture: Upright, source: "Source", *, options: _Options) -> Scene:
    raster, where = picture.raster, source.path
    own_tags = {**picture.file.tags(), **picture.file.tags(ns="IMAGERY")}
    tags = {key.upper(): text.strip() for key, text in own_tags.items()}
    notes = [*source.hints.notes, *_changes(picture)]
    grid, gsd_source = _grid(picture, source, option=options.gsd_m, notes=notes)
    chosen = choose_bands(
        raster.colorinterp, said=source.hints.bands, option=options.bands, vendor=source.hints.vendor_bands,
        vendor_of=source.hints.vendor_bands_of, where=where, notes=notes,
    )  # fmt: skip
    when, when_source = time_of(source, tags=own_tags, option=options.acquired)
    texts = {name: _first(tags, tellers) for name, tellers in _TEXT_TAGS.items()}
    notes += _contradictions(source, tags=own_tags, when_source=when_source, texts=texts, grid=grid)
    dtype = raster.dtypes[chosen[0] - 1]
    nodata = _nodata(options.nodata, declared=raster.nodatavals[chosen[0] - 1], dtype=dtype, notes=notes)
    mask = source.hints.mask or options.mask
    sensor = texts["sensor"] or source.hints.sensor
    notes += _not_used(
        options, when=when, when_source=when_source, grid=grid, gsd_source=gsd_source, mask=mask, sensor=sensor
    )  # fmt: skip
    return Scene(
        id=source.scene_id,
        part=source.part,
        location=where,
        grid=grid,
        bands=chosen,
        dtype=dtype,
        acquired=when,
        acquired_source=when_source,
        sensor=sensor or options.sensor or "",
        source=texts["source"] or source.hints.source,
        licence=texts["licence"] or source.hints.licence,
        driver=picture.driver,
        nodata=nodata,
        mask=mask,
        gsd_source=gsd_source,
        cloud_checked=mask is not None,
        notes=tuple(notes),
        viewing=source.hints.viewing,
    )


def _nodata(asked: float | None, *, declared: float | None, dtype: str, notes: list[str]) -> float | None:
    """The value of what was not seen: as the file declares it, else as asked for, where its kind of number can hold that."""
    if declared is not None:
        if asked is not None and not np.array_equal(asked, declared, equal_nan=True):
            notes.append(f"the nodata value asked for was not used: the file declares {declared:g}")
        return float(declared)
    if asked is None or np.dtype(dtype).kind == "f":
        return asked
    limits = np.iinfo(dtype)
    if not (limits.min <= asked <= limits.max and float(asked).is_integer()):
        notes.append(f"the nodata value asked for was not used: no {dtype} is {asked:g}")
        return None
    return asked


def _changes(picture: Upright) -> list[str]:
    """What a reader of source pixels must know."""
    notes = []
    # Of a remote file each further directory would be another request.
    pictures = 0 if is_remote(picture.location) else len(picture.file.subdatasets)
    if pictures > 1:
        notes.append(f"the file holds {pictures:,} pictures, of which the first is read: save each as a file of its own")
    if picture.warped:
        notes.append(
            "the file has ground control points: it is read warped by them; pixel coordinates are those of the warped picture"
        )
    elif picture.turned != 1:
        notes.append("the picture is turned by its EXIF orientation: pixel coordinates are those of the upright picture")
    return notes


def _first(tags: dict[str, str], names: Sequence[str]) -> str:
    return next((tags[name][:200] for name in names if tags.get(name)), "")


def time_of(
    source: "Source", *, tags: Mapping[str, str] | None = None, option: dt.datetime | None = None
) -> tuple[dt.datetime | None, str]:
    """When a picture was taken, and who says it: a catalogue's item, tags, sidecar or manifest, the file's name, the option.

    Without tags it is what can be known of a file that cannot be read. The vendor's metadata stands before the general tag of a
    TIFF, which is often the time of processing.
    """
    if source.hints.acquired and source.hints.acquired_source == "item":
        # A catalogue tells when the picture was taken; tags may tell when its file was made.
        return source.hints.acquired, "item"
    found = time_in_tags(dict(tags), general=not source.hints.vendor_timed) if tags else None
    if found:
        return found, "tags"
    if source.hints.acquired:
        return source.hints.acquired, source.hints.acquired_source or "sidecar"
    found = time_in_name(PurePath(source.path).stem)
    if found:
        return found, "name"
    return (option, "option") if option else (None, "unknown")


def _contradictions(
    source: "Source", *, tags: Mapping[str, str], when_source: str, texts: Mapping[str, str], grid: Grid
) -> Iterator[str]:
    """Where a file and what stands beside it say different things, and which of them is used. texts: of the file's tags."""
    hints, tagged = source.hints, time_in_tags(dict(tags))
    if hints.acquired_source in _TELLERS and hints.acquired and tagged and not _same_time(hints.acquired, tagged):
        yield (
            f"the file's tags say {_clock(tagged)}, the {_TELLERS[hints.acquired_source]} {_clock(hints.acquired)}: "
            f"the {when_source} {'are' if when_source == 'tags' else 'is'} used"
        )
    for name, text in texts.items():
        said = getattr(hints, name)
        if text and said and not (alike(text, said) if name == "sensor" else text == said):
            yield f"the file's tags name the {name} {text}, what stands beside it {said}: the tags are used"
    if hints.gsd_source in _TELLERS and hints.gsd_m and grid.georeferenced and not _same_size(hints.gsd_m, grid.gsd_m):
        yield (
            f"the {_TELLERS[hints.gsd_source]} says pixels of {max(hints.gsd_m):g} m, the georeferencing gives "
            f"{max(grid.gsd_m):.3g} m: the georeferencing is used"
        )


def _not_used(
    options: _Options, *, when: dt.datetime | None, when_source: str, grid: Grid, gsd_source: str, mask: str | None, sensor: str
) -> Iterator[str]:  # fmt: skip
    """What the caller asked for all pictures, and this one or what stands beside it says otherwise."""
    if options.acquired and when and when_source != "option" and not _same_time(options.acquired, when):
        yield f"the time asked for was not used: the {when_source} {'say' if when_source == 'tags' else 'says'} {_clock(when)}"
    if options.gsd_m and not _same_size(options.gsd_m, grid.gsd_m):
        yield f"the pixel size asked for was not used: the {gsd_source} says {max(grid.gsd_m):.3g} m"
    if options.mask and mask and mask != options.mask:
        yield f"the mask asked for was not used: the picture has one of its own, {PurePath(mask.partition('?')[0]).name}"
    if options.sensor and sensor and not alike(options.sensor, sensor):
        yield f"the sensor asked for was not used: the picture says {sensor}"


def _clock(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _same_size(one: tuple[float, float], two: tuple[float, float]) -> bool:
    return 1 / _GSD_ALIKE <= max(one) / max(two) <= _GSD_ALIKE


def _same_time(said: dt.datetime, tagged: dt.datetime) -> bool:
    """Whether two clocks may speak of one moment; a day without a clock, of any on it."""
    day = not any((said.hour, said.minute, said.second)) and said.date() == tagged.date()
    return day or abs((said - tagged).total_seconds()) <= _CLOCKS_ALIKE_S


def alike(one: str, two: str) -> bool:
    """Whether two names of sensors may mean one: WV02 and WorldView-2."""
    letters, figures = (
        [re.sub(wanted, "", text.casefold()).lstrip("0") for text in (one, two)] for wanted in (r"[^a-z]", r"[^0-9]")
    )
    return letters[0][:1] == letters[1][:1] and (figures[0] == figures[1] or not all(figures))


def _grid(picture: Upright, source: "Source", *, option: tuple[float, float] | None, notes: list[str]) -> tuple[Grid, str]:
    """The pixels on the ground, or a plain picture with a stated pixel size. Says where the pixel size was learnt."""
    raster, where = picture.raster, source.path
    own: Affine6 = tuple(raster.transform[:6])
    transform, crs = own, raster.crs.to_wkt() if raster.crs else source.hints.crs
    if own == _IDENTITY and source.hints.transform and source.hints.crs:
        # A world file's numbers are in the CRS of the .prj beside it, whatever the file says of itself.
        transform, crs = source.hints.transform, source.hints.crs
        if raster.crs and pyproj.CRS(raster.crs.to_wkt()) != pyproj.CRS(crs):
            notes.append("the file's own CRS is not used: what stands beside it places it in another")
    said_before = len(notes)
    if transform != _IDENTITY and crs is not None and _on_earth(crs, notes=notes):
        if picture.turned != 1:
            raise SceneRefused(
                "a world file and an EXIF orientation contradict each other", where=where, way_out="save it without orientation"
            )
        return Grid(picture.shape, measure_gsd(picture.shape, transform=transform, crs=crs, where=where), crs, transform), (
            "georeferencing"
        )
    if picture.file.rpcs and not raster.crs:
        raise SceneRefused(
            "the scene has only RPCs: it is not laid out on the ground", where=where, way_out="orthorectify it (gdalwarp -rpc)"
        )
    if transform != _IDENTITY and crs is None:
        notes.append("the file has a transform but no CRS: it is read as a plain picture")
    stated = source.hints.gsd_m or option
    if stated is None:
        why = [*([source.hints.unplaced] if source.hints.unplaced else []), *notes[said_before:]]
        raise SceneRefused(
            f"the pixel size is not known: {'; '.join(why) or 'the picture has no georeferencing'}",
            where=where,
            way_out="give --gsd-m 0.5 (or X,Y), or gsd_m in a NAME.json beside it or in the manifest",
        )
    if not all(math.isfinite(v) and _GSD_BOUNDS_M[0] <= v <= _GSD_BOUNDS_M[1] for v in stated):
        raise SceneRefused(f"a pixel size of {stated[0]:g} x {stated[1]:g} m cannot be", where=where, way_out="give metres")
    return Grid(picture.shape, (float(stated[0]), float(stated[1]))), (
        source.hints.gsd_source or "stated"
    ) if source.hints.gsd_m else "option"


def _on_earth(crs: str, *, notes: list[str]) -> bool:
    """Whether a CRS can be turned into longitude and latitude; local plans cannot."""
    try:
        project(np.zeros(2), source=crs, target=WGS84)
    except pyproj.exceptions.ProjError:
        notes.append("the file's CRS is not tied to the earth: it is read as a plain picture")
        return False
    return True


def measure_gsd(shape: tuple[int, int], *, transform: Affine6, crs: str, where: str) -> tuple[float, float]:
    """Geodesic size of a pixel (along columns, along rows), metres, at the scene's centre, whatever the units of its CRS.

    shape: (rows, cols). SceneError where the georeferencing gives none.
    """
    way_out = "check its georeferencing, or georeference it again"
    try:
        invert_affine(transform)
    except ValueError as error:
        raise SceneError(str(error), where=where, way_out=way_out) from error
    size = np.array([shape[1], shape[0]], float)
    found = []
    for axis in (np.array([1.0, 0.0]), np.array([0.0, 1.0])):
        step = min(_STEP_PX, float(axis @ size))
        ends = apply_affine(transform, np.stack([size / 2 - axis * step / 2, size / 2 + axis * step / 2]))
        lon, lat = project(ends, source=crs, target=WGS84).T
        if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
            raise SceneError("the scene lies outside what its CRS can hold", where=where, way_out=way_out)
        found.append(float(_GEOD.inv(lon[0], lat[0], lon[1], lat[1])[2]) / step)
    if not all(math.isfinite(v) and _GSD_BOUNDS_M[0] <= v <= _GSD_BOUNDS_M[1] for v in found):
        raise SceneError(f"the georeferencing gives pixels of {found[0]:g} x {found[1]:g} m", where=where, way_out=way_out)
    return found[0], found[1]


def choose_bands(
    kinds: Sequence[Any],
    *,
    said: Sequence[int] | None,
    option: Sequence[int] | None,
    vendor: Sequence[int] | None = None,
    vendor_of: int = 0,
    where: str,
    notes: list[str],
) -> tuple[int, ...]:
    """The 1 or 3 band numbers that are fed: those said of this file, by colour interpretation, by the option for all files, or
    by the vendor's metadata, where it tells of as many bands (vendor_of) as the file has.

    SceneRefused where none of them tells. Orders that are only a satellite's custom are never guessed.
    """
    if said is not None:
        return _checked(said, count=len(kinds), where=where)
    own = _own_bands(kinds)
    if own is not None:
        if option is not None and tuple(option) != own:
            notes.append("the bands asked for were not used: the file names its own colours (a manifest's bands would be)")
        return own
    if option is not None:
        return _checked(option, count=len(kinds), where=where)
    shown = [i + 1 for i, kind in enumerate(kinds) if kind != ColorInterp.alpha]
    if vendor is not None and vendor_of == len(shown):
        notes.append(f"by the vendor's metadata bands {', '.join(map(str, vendor))} are fed (--bands overrides)")
        return tuple(vendor)
    if vendor is not None:
        notes.append(
            f"the vendor's metadata tells the order of {some(vendor_of, 'band')}, and the file has {len(shown)}: it is not used"
        )
    if len(shown) == 3 and all(kinds[band - 1] in _NO_COLOUR for band in shown):
        notes.append("three bands without colour interpretation are taken as red, green, blue (--bands overrides)")
        return tuple(shown)
    raise SceneRefused(
        f"{some(len(kinds), 'band')}, and the file does not say which are red, green and blue",
        where=where,
        way_out="say it: --bands R,G,B, for example --bands 3,2,1",
    )


def _own_bands(kinds: Sequence[Any]) -> tuple[int, ...] | None:
    """Red, green, blue; or the only band besides alpha."""
    if all(list(kinds).count(colour) == 1 for colour in COLOURS):
        return tuple(list(kinds).index(colour) + 1 for colour in COLOURS)
    shown = [i + 1 for i, kind in enumerate(kinds) if kind != ColorInterp.alpha]
    return (shown[0],) if len(shown) == 1 else None


def _checked(bands: Sequence[int], *, count: int, where: str) -> tuple[int, ...]:
    if len(bands) not in (1, 3) or not all(1 <= band <= count for band in bands):
        raise SceneRefused(
            f"bands {','.join(map(str, bands))} were asked for; the file has {count}",
            where=where,
            way_out="name 1 or 3 of its bands, from 1",
        )
    return tuple(bands)
