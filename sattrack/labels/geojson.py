"""GeoJSON over a georeferenced scene: NAME.geojson beside NAME.tif, a polygon a container, or a place to ignore."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from sattrack.errors import ManifestError, UsageError
from sattrack.geometry import Points
from sattrack.labels.asked import Asked
from sattrack.labels.labelled import LabelledSet
from sattrack.labels.places import Place, files_in, pictures_in, set_name
from sattrack.labels.sheets import Mark, Sheet, as_set, without_holes
from sattrack.labels.texts import is_true
from sattrack.phrases import some
from sattrack.projections import WGS84
from sattrack.readers.folders import PICTURE_SUFFIXES
from sattrack.readers.outlines.geojson import read_geojson
from sattrack.readers.sidecars import is_mask_name

_CATEGORY = ("class_name", "class", "category", "label", "kind", "type")
_AREA = ("area", "labelled", "labelled area", "labelled_area")


def look(path: Path) -> list[Place]:
    """The set that a file, or a folder of such files and their scenes, is."""
    if path.is_file():
        return [_place(path.stem, path, [path])] if path.suffix.casefold() == ".geojson" else []
    found = [file for folder in (path, path / "labels") for file in files_in(folder, ".geojson")]
    files = [file for file in found if not is_mask_name(file.stem)]
    # Outlines of sites often lie among scenes: a folder is a set where a file has its scene's name.
    near = cache(_by_stem)
    return [_place(set_name(path, ""), path, files)] if any(_scene_of(file, near=near) for file in files) else []


def _place(name: str, path: Path, files: list[Path]) -> Place:
    return Place(name, path, partial(_read, name, path, files))


def _read(name: str, path: Path, files: list[Path], asked: Asked) -> LabelledSet:
    sheets = []
    near = cache(_by_stem)
    for file in files:
        picture = _scene_of(file, near=near)
        if picture is None:
            way_out = f"put {file.stem}.tif beside it, or in images/"
            raise ManifestError("there is no picture of this name beside it", where=str(file), way_out=way_out)
        sheets.append(_sheet(file, picture, asked=asked))
    there = sum(len(near(folder)) for folder in {sheet.picture.parent for sheet in sheets})
    left = there - len(sheets) if path.is_dir() else 0
    said = some(left, "picture has no GeoJSON of its name and is", "pictures have no GeoJSON of their name and are")
    notes = [f"{said} left out"] if left else []
    return as_set(sheets, name=name, form="geojson", path=path, asked=asked, notes=notes)


def _scene_of(file: Path, *, near: Callable[[Path], dict[str, Path]]) -> Path | None:
    """The picture of a file's name: beside it, in images/ below, or in images/ beside its folder."""
    folders = (file.parent, file.parent / "images", file.parent.parent / "images")
    return next((near(folder)[file.stem] for folder in folders if file.stem in near(folder)), None)


def _by_stem(folder: Path) -> dict[str, Path]:
    """The pictures of a folder; of several under one name the one that may be georeferenced, not a view of it."""
    pictures = sorted(pictures_in(folder), key=lambda path: PICTURE_SUFFIXES.index(path.suffix.casefold()), reverse=True)
    return {picture.stem: picture for picture in pictures}


def _sheet(file: Path, picture: Path, *, asked: Asked) -> Sheet:
    (layer,) = read_geojson(file)
    marks = []
    for shape in layer.shapes:
        where = f"{file}, feature {shape.number}"
        said = {str(key).casefold(): value for key, value in shape.properties.items()}
        kind = _kind(said, where=where)
        # What lies on the ground there is said under many names.
        category = next((str(said[key]).strip() for key in _CATEGORY if said.get(key) not in (None, "")), "")
        if kind in ("box", "unsure"):
            parts = getattr(shape.geometry, "geoms", [shape.geometry])
            marks += [Mark(category, _ring(part), where, kind=kind) for part in parts]
        else:
            marks += [Mark(category, ring, where, kind=kind) for ring in without_holes(shape.geometry)]
    if marks and asked.uncounted == "drop" and all(mark.kind == "unsure" for mark in marks):
        way_out = "export without --all, or remove `counted`"
        raise UsageError("every box is marked as not counted", where=str(file), way_out=way_out)
    return Sheet(picture, tuple(marks), frame=layer.crs.to_wkt() if layer.crs else WGS84, exact=False)


def _ring(part: Any) -> Points:
    return np.asarray(part.exterior.coords, float)[:, :2]


def _kind(said: dict[str, Any], *, where: str) -> str:
    """box; ignore (`ignore` true, or `kind` ignore); area (`kind` area: outside of such nothing was labelled); or unsure."""
    if not is_true(said, "counted", silent=True, where=where):  # our own export of every stored box
        return "unsure"
    kind = str(said.get("kind") or "").strip().casefold()
    if kind == "ignore" or is_true(said, "ignore", silent=False, where=where):
        return "ignore"
    return "area" if kind in _AREA else "box"
