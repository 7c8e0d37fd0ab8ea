"""Labelled sets: pictures with every container outlined by hand, and the places where nothing can be told."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sattrack.errors import ManifestError, SceneError, UsageError
from sattrack.geometry import Points, Quads
from sattrack.imagery import Scene
from sattrack.readers.describing import describe
from sattrack.readers.finding import Source
from sattrack.readers.hints import Hints
from sattrack.readers.opening import gdal_options, open_raster
from sattrack.settings import Settings

_SUFFIXES = (".png", ".tif", ".tiff", ".jp2", ".jpg", ".jpeg")


@dataclass(frozen=True, slots=True, eq=False)
class LabelledImage:
    """One picture. truth: (n, 4, 2) corners in its pixels; ignore: rings (k, 2) inside which nothing is scored."""

    dataset: str
    name: str
    path: Path
    gsd_m: tuple[float, float]
    shape: tuple[int, int]
    truth: Quads
    ignore: tuple[Points, ...]


def read_dataset(folder: Path) -> tuple[LabelledImage, ...]:
    """The pictures of a labelled set, by name: images/, labels_obb/NAME.txt (class, then corners divided by width and height),
    ignore/NAME.json (polygons in pixels; none where the file is absent), meta.json (gsd_m for each name).

    UsageError where the folder is no labelled set, ManifestError where a file of it cannot be understood: a set that is read in
    part would be scored wrongly.
    """
    about = folder / "meta.json"
    if not about.is_file():
        raise UsageError(
            "is not a labelled set: it has no meta.json", where=str(folder), way_out="give folders with images/, labels_obb/"
        )
    meta = _json(about)
    if not isinstance(meta, dict) or not meta:
        raise ManifestError("names no pictures", where=str(about))
    return tuple(_image(folder, name, said=meta[name]) for name in sorted(meta))


def read_datasets(folders: Sequence[Path]) -> tuple[LabelledImage, ...]:
    """The pictures of several sets. A folder that is no set itself, but holds some, stands for them all."""
    found: list[LabelledImage] = []
    for folder in folders:
        below = sorted(path.parent for path in folder.glob("*/meta.json"))
        for one in [folder] if (folder / "meta.json").is_file() or not below else below:
            found += read_dataset(one)
    met: set[tuple[str, str]] = set()
    for image in found:
        if (image.dataset, image.name) in met:
            raise UsageError(f"the set {image.dataset} is there twice", where=str(image.path), way_out="give each set once")
        met.add((image.dataset, image.name))
    return tuple(found)


def scene_of(image: LabelledImage, *, limits: Settings | None = None) -> Scene:
    """The scene that a labelled picture is; SceneError where it is read at another size than its labels were drawn at."""
    source = Source(str(image.path), image.name, image.name, Hints(gsd_m=image.gsd_m, gsd_source="meta.json"))
    scene = describe(source, limits=limits)
    if scene.grid.shape != image.shape:
        raise SceneError("is read at another size than its labels were", where=str(image.path))
    return scene


def _image(folder: Path, name: str, *, said: Any) -> LabelledImage:
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
        truth=_truth(folder / "labels_obb" / f"{name}.txt", shape=shape),
        ignore=_ignored(folder / "ignore" / f"{name}.json"),
    )


def _picture(folder: Path, name: str) -> Path:
    for suffix in _SUFFIXES:
        path = folder / "images" / f"{name}{suffix}"
        if path.is_file():
            return path
    raise ManifestError(f"meta.json names {name}, but images/ has no such picture", where=str(folder))


def _gsd(said: Any, *, where: str) -> tuple[float, float]:
    """One number, or [along columns, along rows]."""
    given: Any = said.get("gsd_m") if isinstance(said, dict) else None
    pair: list[Any] = given if isinstance(given, list) else [given, given]
    if len(pair) != 2 or not all(isinstance(v, int | float) and math.isfinite(v) and v > 0 for v in pair):
        raise ManifestError(f"gsd_m is {given!r}", where=where, way_out="give the pixel size in metres, one number or [x, y]")
    return float(pair[0]), float(pair[1])


def _truth(path: Path, *, shape: tuple[int, int]) -> Quads:
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(
            f"the labels cannot be read: {error}", where=str(path), way_out="a picture without boxes has an empty file"
        ) from error
    quads = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            values = [float(word) for word in line.split()]
        except ValueError:
            values = []
        if len(values) != 9 or not np.isfinite(values).all():
            raise ManifestError("expected a class and eight corner numbers", where=f"{path}, line {number}")
        quads.append(values[1:])
    return np.array(quads, float).reshape(-1, 4, 2) * [shape[1], shape[0]]


def _ignored(path: Path) -> tuple[Points, ...]:
    if not path.is_file():
        return ()
    rings = _json(path)
    try:
        arrays = tuple(np.array(ring, float) for ring in rings)
    except (TypeError, ValueError) as error:
        raise ManifestError("expected a list of polygons, each a list of [x, y]", where=str(path)) from error
    if not all(a.ndim == 2 and a.shape[1] == 2 and len(a) >= 3 and np.isfinite(a).all() for a in arrays):
        raise ManifestError("expected polygons of three or more [x, y]", where=str(path))
    return arrays


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ManifestError(f"cannot be read as JSON: {error}", where=str(path)) from error
