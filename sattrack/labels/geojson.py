"""GeoJSON over a georeferenced scene: NAME.geojson beside NAME.tif, a polygon a container, or a place to ignore."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sattrack.errors import ManifestError, UsageError
from sattrack.geometry import Points
from sattrack.labels.asked import Asked
from sattrack.labels.labelled import LabelledSet
from sattrack.labels.places import Place, pictures_in, set_name
from sattrack.labels.sheets import Mark, Sheet, as_set, without_holes
from sattrack.projections import WGS84
from sattrack.readers.outlines.geojson import read_geojson
from sattrack.readers.sidecars import is_mask_name

_CATEGORY = ("class_name", "class", "category", "label", "kind", "type")
_AREA = ("area", "labelled", "labelled area", "labelled_area")
_TRUE = ("1", "true", "yes")


def look(path: Path) -> list[Place]:
    """The set that a file, or a folder of such files and their scenes, is."""
    if path.is_file():
        return [_place(path.stem, path, [path])] if path.suffix.casefold() == ".geojson" else []
    files = [p for folder in (path, path / "labels") for p in sorted(folder.glob("*.geojson")) if not is_mask_name(p.stem)]
    # Outlines of sites often lie among scenes: a folder is a set where a file has its scene's name.
    return [_place(set_name(path, ""), path, files)] if any(_scene_of(file) for file in files) else []


def _place(name: str, path: Path, files: list[Path]) -> Place:
    return Place(name, "geojson", path, partial(_read, name, path, files))


def _read(name: str, path: Path, files: list[Path], asked: Asked) -> LabelledSet:
    sheets = []
    for file in files:
        picture = _scene_of(file)
        if picture is None:
            way_out = f"put {file.stem}.tif beside it, or in images/"
            raise ManifestError("there is no picture of this name beside it", where=str(file), way_out=way_out)
        sheets.append(_sheet(file, picture, asked=asked))
    scenes = {picture for folder in {sheet.picture.parent for sheet in sheets} for picture in pictures_in(folder)}
    left = len(scenes) - len(sheets) if path.is_dir() else 0
    notes = [f"{left} pictures have no GeoJSON of their name and are left out"] if left else []
    return as_set(sheets, name=name, form="geojson", path=path, asked=asked, notes=notes)


def _scene_of(file: Path) -> Path | None:
    """The picture of a file's name: beside it, in images/ below, or in images/ beside its folder."""
    for folder in (file.parent, file.parent / "images", file.parent.parent / "images"):
        for picture in pictures_in(folder):
            if picture.stem == file.stem:
                return picture
    return None


def _sheet(file: Path, picture: Path, *, asked: Asked) -> Sheet:
    (layer,) = read_geojson(file)
    marks = []
    for shape in layer.shapes:
        where = f"{file}, feature {shape.number}"
        said = {str(key).casefold(): value for key, value in shape.properties.items()}
        kind = _kind(said)
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


def _kind(said: dict[str, Any]) -> str:
    """box; ignore (`ignore` true, or `kind` ignore); area (`kind` area: outside of such nothing was labelled); or unsure."""
    if said.get("counted") is False:  # our own export of every stored box
        return "unsure"
    kind = str(said.get("kind") or "").strip().casefold()
    if kind == "ignore" or str(said.get("ignore", "")).strip().casefold() in _TRUE:
        return "ignore"
    return "area" if kind in _AREA else "box"
