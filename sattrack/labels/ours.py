"""Our own layout: images/, labels_obb/NAME.txt, ignore/NAME.json, and meta.json, which names every picture."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sattrack.errors import ManifestError, UsageError
from sattrack.geometry import Points, Quads
from sattrack.labels.asked import Asked
from sattrack.labels.ignoring import without_ignored
from sattrack.labels.labelled import LabelledImage, LabelledSet
from sattrack.labels.places import Place
from sattrack.labels.texts import numbers, read_json, text_lines
from sattrack.readers.opening import gdal_options, open_raster
from sattrack.settings import Settings

_SUFFIXES = (".png", ".tif", ".tiff", ".jp2", ".jpg", ".jpeg")


def look(path: Path) -> list[Place]:
    """The set that a folder is, by its meta.json."""
    if not (path / "meta.json").is_file():
        return []
    return [Place(path.resolve().name, "sattrack", path, partial(read, path))]


def read(folder: Path, asked: Asked) -> LabelledSet:
    """images/, labels_obb/NAME.txt (class, then corners divided by width and height), ignore/NAME.json (polygons in pixels;
    none where the file is absent), meta.json (gsd_m for each name). Every class is a container, unless some are asked for by
    number.

    ManifestError where a file of it cannot be understood: a set that is read in part would be scored wrongly.
    """
    about = folder / "meta.json"
    meta = read_json(about)
    if not isinstance(meta, dict) or not meta:
        raise ManifestError("names no pictures", where=str(about))
    met: set[str] = set()
    images = tuple(_image(folder, name, said=meta[name], asked=asked, met=met) for name in sorted(meta))
    if met and asked.classes and not met.intersection(asked.classes):
        there = f"there are: {', '.join(sorted(met))}"
        raise UsageError(f"no box is of class {', '.join(asked.classes)}", where=str(folder), way_out=there)
    images, notes = without_ignored(images)
    return LabelledSet(folder.resolve().name, "sattrack", folder, images, tuple(notes))


def _image(folder: Path, name: str, *, said: Any, asked: Asked, met: set[str]) -> LabelledImage:
    path = _picture(folder, name)
    limits = Settings()
    with gdal_options(limits):
        raster = open_raster(str(path), limits=limits)
        shape = (int(raster.height), int(raster.width))
        raster.close()
    return LabelledImage(
        dataset=folder.resolve().name,
        name=name,
        path=path,
        gsd_m=_gsd(said, where=f"{folder / 'meta.json'}, {name}"),
        shape=shape,
        truth=_truth(folder / "labels_obb" / f"{name}.txt", shape=shape, asked=asked, met=met),
        ignore=_ignored(folder / "ignore" / f"{name}.json"),
        bands=asked.bands,
        about=dict(said),
    )


def _picture(folder: Path, name: str) -> Path:
    for suffix in _SUFFIXES:
        path = folder / "images" / f"{name}{suffix}"
        try:
            if path.is_file():
                return path
        except (OSError, ValueError):  # longer than a name may be, or with a NUL
            break
    raise ManifestError(f"meta.json names {name}, but images/ has no such picture", where=str(folder))


def _gsd(said: Any, *, where: str) -> tuple[float, float]:
    """One number, or [along columns, along rows]."""
    given: Any = said.get("gsd_m") if isinstance(said, dict) else None
    pair: list[Any] = given if isinstance(given, list) else [given, given]
    sizes = [] if any(isinstance(size, str) for size in pair) else numbers(pair)
    if len(sizes) != 2 or min(sizes) <= 0:
        raise ManifestError(f"gsd_m is {given!r}", where=where, way_out="give the pixel size in metres, one number or [x, y]")
    return sizes[0], sizes[1]


def _truth(path: Path, *, shape: tuple[int, int], asked: Asked, met: set[str]) -> Quads:
    """The boxes of a file; every class that it names is added to `met`."""
    if not path.is_file():
        raise ManifestError("the labels are missing", where=str(path), way_out="a picture without boxes has an empty file")
    quads = []
    for where, line in text_lines(path):
        words = line.split()
        values = numbers(words)
        if len(values) != 9:
            raise ManifestError("expected a class and eight corner numbers", where=where)
        met.add(words[0])
        if not asked.classes or words[0] in asked.classes:
            quads.append(values[1:])
    return np.array(quads, float).reshape(-1, 4, 2) * [shape[1], shape[0]]


def _ignored(path: Path) -> tuple[Points, ...]:
    if not path.is_file():
        return ()
    rings = read_json(path)
    try:
        arrays = tuple(np.array(ring, float) for ring in rings)
    except (TypeError, ValueError, OverflowError) as error:
        raise ManifestError("expected a list of polygons, each a list of [x, y]", where=str(path)) from error
    if not all(a.ndim == 2 and a.shape[1] == 2 and len(a) >= 3 and np.isfinite(a).all() for a in arrays):
        raise ManifestError("expected polygons of three or more [x, y]", where=str(path))
    return arrays
