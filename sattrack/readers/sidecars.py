"""Sidecars: what stands beside a picture under its name and speaks for it: NAME.json, a world file with NAME.prj, a mask."""

import json
import math
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyproj

from sattrack.errors import ManifestError
from sattrack.geometry import Affine6, invert_affine
from sattrack.readers.folders import PICTURE_SUFFIXES
from sattrack.readers.hints import Hints, read_gsd, read_text
from sattrack.readers.times import parse_time

KEYS = ("gsd_m", "datetime", "sensor", "source", "licence")
_TELLING = ("gsd_m", "datetime")
_MOST_JSON_BYTES = 1 << 20
_MOST_TEXT_BYTES = 1 << 16
_POLYGON_SUFFIXES = (".geojson", ".gpkg", ".kml")
_MASK_ENDINGS = ("_udm2", "_udm", "_mask", ".mask", "_udm2_clip", "_udm_clip")
# Planet names a mask by the item, not by the picture: ..._3B_udm2_clip beside ..._3B_AnalyticMS_SR_8b_clip.
_PLANET_ITEM = re.compile(r"(.+_[13][ab]|\d{8}_\d{6}_ssc\w+?)_(?:analytic|visual|basic|bgr|rgb|panchro|pansharp|ortho)\w*")
_UDM = re.compile(r"_udm2?(_clip)?\.[^.]*$", re.IGNORECASE)
_MASK_ENDING = re.compile(r"(_udm2?(_clip)?|[_.]mask)$")
_WORLD_SUFFIXES = {
    ".tif": (".tfw", ".tifw"), ".tiff": (".tfw", ".tiffw", ".tifw"), ".png": (".pgw", ".pngw"), ".jpg": (".jgw", ".jpgw"),
    ".jpeg": (".jgw", ".jpegw", ".jpgw"), ".jp2": (".j2w", ".jp2w"), ".j2k": (".j2w", ".j2kw"),
}  # fmt: skip
# Of NAME.json, world files, GDAL's NAME.aux.xml and .msk, and what vendors lay beside their pictures (see deliveries.metadata).
_WORLDS = tuple(suffix for each in _WORLD_SUFFIXES.values() for suffix in each)
_SPEAKING = (".json", ".prj", ".wld", ".xml", ".imd", ".til", ".msk", *_WORLDS)
_WITHOUT_OWN_PLACE = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True, slots=True)
class Beside:
    """What of one folder may speak of a picture, for looking it up whatever its case: names by name, masks by stem, both
    casefolded.
    """

    folder: Path
    names: dict[str, str]
    masks: dict[str, str]


def look_beside(folder: Path) -> Beside:
    """Reads a folder's names once; an unreadable folder holds none."""
    try:
        with os.scandir(folder) as entries:
            # A folder may hold a million files: only what may speak of a picture is kept.
            names = sorted(entry.name for entry in entries if not entry.name.startswith(".") and _may_speak(entry.name))
    except OSError:
        names = []
    masks: dict[str, str] = {}
    for name in names:
        if _is_mask(name):
            masks.setdefault(name.casefold().rpartition(".")[0], name)
    return Beside(folder, {name.casefold(): name for name in names}, masks)


def _may_speak(name: str) -> bool:
    return name.casefold().endswith(_SPEAKING) or _is_mask(name)


def _is_mask(name: str) -> bool:
    stem, _, suffix = name.casefold().rpartition(".")
    return "." + suffix in PICTURE_SUFFIXES + _POLYGON_SUFFIXES and stem.endswith(_MASK_ENDINGS)


def is_mask_name(stem: str) -> bool:
    """Whether a picture of this stem is a mask, not a scene: it ends in _udm2, _udm (with _clip or not), _mask or .mask."""
    return stem.casefold().endswith(_MASK_ENDINGS)


def read_sidecars(picture: Path, *, beside: Beside) -> Hints:
    """What stands beside a picture says of it. ManifestError where NAME.json holds a bad value under one of our keys."""
    masks = masks_beside(picture, beside=beside)
    # Planet's older mask comes along with the newer one.
    others = [name for name in masks[1:] if not _UDM.search(name)]
    notes = [f"the mask {name} stands beside it and is used" for name in masks[:1]]
    notes += [f"{name} stands beside it too and is not used: a scene has one mask" for name in others]
    if gdals := beside.names.get(f"{picture.name}.msk".casefold()):
        notes.append(f"{gdals}, a mask of GDAL's, is not used: what it hides counts as seen, unless --mask hides it")
    own = Hints(mask=str(beside.folder / masks[0]) if masks else None, notes=tuple(notes))
    return own.over(_read_json(picture, beside=beside)).over(_read_world(picture, beside=beside))


def masks_beside(picture: Path, *, beside: Beside) -> list[str]:
    """The names of a picture's masks, rasters or polygons, the one that is used first: NAME_udm2, _udm, _mask or NAME.mask."""
    if is_mask_name(picture.stem):
        return []
    named = (base + ending for base in mask_bases(picture.stem) for ending in _MASK_ENDINGS)
    return list(dict.fromkeys(beside.masks[name] for name in named if name in beside.masks))


def mask_bases(stem: str) -> tuple[str, ...]:
    """What the stems of a picture's masks begin with, casefolded, the most sure first."""
    stem = stem.casefold()
    planet = _PLANET_ITEM.fullmatch(stem)
    return tuple(dict.fromkeys((stem, stem.removesuffix("_clip"), *((planet[1],) if planet else ()))))


def base_of_mask(stem: str) -> str:
    """What a mask's stem begins with, casefolded."""
    return _MASK_ENDING.sub("", stem.casefold())


def _read_json(picture: Path, *, beside: Beside) -> Hints:
    """NAME.json where it is ours; any other JSON (labels, COCO, STAC) is somebody else's and says nothing here."""
    name = beside.names.get(f"{picture.stem}.json".casefold())
    if name is None:
        return Hints()
    path = beside.folder / name
    raw = _bounded(path, most=_MOST_JSON_BYTES)
    try:
        said = json.loads(raw, object_pairs_hook=_said_once)
    except (ValueError, RecursionError) as error:
        if any(f'"{key}"'.encode() in raw for key in _TELLING):
            raise ManifestError(f"broken JSON: {error}", where=str(path), way_out="mend or remove the file") from error
        return Hints()
    if not isinstance(said, dict) or not _is_ours(said):
        return Hints()
    try:
        return _json_hints(said)
    except ManifestError as error:
        raise ManifestError(error.message, where=str(path), way_out=error.way_out) from error


def _said_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; ValueError where it says two things under one of our keys."""
    keys = [key for key, _ in pairs]
    if twice := next((key for key in KEYS if keys.count(key) > 1), ""):
        raise ValueError(f"the key {twice!r} stands twice")
    return dict(pairs)


def _is_ours(said: dict[str, Any]) -> bool:
    return any(key in said for key in _TELLING) or (bool(said) and all(key in KEYS for key in said))


def _json_hints(said: dict[str, Any]) -> Hints:
    acquired, gsd = said.get("datetime"), said.get("gsd_m")
    if not isinstance(acquired, str | None):
        raise ManifestError(f"datetime {str(acquired)[:60]!r} is not text", way_out="write it like 2023-10-14T01:15:01Z")
    for key in ("sensor", "source", "licence"):
        if not isinstance(said.get(key, ""), str | None):
            raise ManifestError(f"{key} {str(said[key])[:60]!r} is not text", way_out="put it in quotes")
    return Hints(
        acquired=parse_time(acquired) if acquired else None,
        acquired_source="sidecar" if acquired else "",
        gsd_m=None if gsd is None else read_gsd(gsd),
        gsd_source="" if gsd is None else "sidecar",
        sensor=read_text(said.get("sensor")),
        source=read_text(said.get("source")),
        licence=read_text(said.get("licence")),
    )


def _read_world(picture: Path, *, beside: Beside) -> Hints:
    """A world file places a picture only together with its .prj: its numbers alone do not say in which CRS they are."""
    suffix = picture.suffix.casefold()
    if suffix not in _WORLD_SUFFIXES:
        return Hints()
    stem = picture.stem.casefold()
    name = next((beside.names[stem + s] for s in (*_WORLD_SUFFIXES[suffix], ".wld") if stem + s in beside.names), None)
    if name is None:
        return Hints()
    transform = _world_transform(_bounded(beside.folder / name, most=_MOST_TEXT_BYTES))
    if transform is None:
        return _world_ignored(suffix, f"the world file {name} does not hold six numbers of a map and is not used")
    prj = beside.names.get(f"{stem}.prj")
    if prj is None:
        return _world_ignored(suffix, f"the world file {name} has no {picture.stem}.prj that says its CRS, and is not used")
    crs = _crs(_bounded(beside.folder / prj, most=_MOST_TEXT_BYTES))
    if crs is None:
        return _world_ignored(suffix, f"{prj} is not WKT of a map's CRS, so that the world file {name} is not used")
    return Hints(transform=transform, crs=crs)


def _world_ignored(suffix: str, note: str) -> Hints:
    # A GeoTIFF with its own place often has a leftover .tfw: no need to speak of that.
    return Hints(unplaced=note, notes=(note,) if suffix in _WITHOUT_OWN_PLACE else ())


def _world_transform(raw: bytes) -> Affine6 | None:
    """Six lines A D B E C F, where (C, F) is the CENTRE of the top-left pixel -> affine of its outer corner."""
    try:
        a, d, b, e, c, f = (float(line) for line in raw.decode("ascii").split())
        transform = (a, b, c - a / 2 - b / 2, d, e, f - d / 2 - e / 2)
        invert_affine(transform)
    except ValueError:
        return None
    return transform if all(map(math.isfinite, transform)) else None


@lru_cache(maxsize=64)
def _crs(raw: bytes) -> str | None:
    try:
        crs = pyproj.CRS.from_wkt(raw.decode("utf-8-sig").strip())
    except (pyproj.exceptions.CRSError, UnicodeDecodeError):
        return None
    return crs.to_wkt() if crs.is_projected or crs.is_geographic else None


def _bounded(path: Path, *, most: int) -> bytes:
    """A small file's bytes; none of a larger one, or of one that cannot be read."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            raw = file.read(most + 1)
    except OSError:
        return b""
    return raw if len(raw) <= most else b""
