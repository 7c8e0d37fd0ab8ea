"""Our own layout: images/, labels_obb/NAME.txt, ignore/NAME.json, and meta.json, which names every picture."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sattrack.errors import ManifestError, UsageError
from sattrack.geometry import Points, Quads
from sattrack.imagery import Scene
from sattrack.labels.asked import Asked
from sattrack.labels.cleaning import cleaned
from sattrack.labels.labelled import LabelledImage, LabelledSet, check_unwarped, described
from sattrack.labels.places import Place, by_name, files_in, pictures_in
from sattrack.labels.sheets import corners_of
from sattrack.labels.texts import numbers, read_json, text_lines
from sattrack.labels.yolo_obb import as_mark
from sattrack.phrases import some

# Two pixel sizes further apart are of two pictures.
_ALIKE = 1.1


def look(path: Path) -> list[Place]:
    """The set that a folder is, by its meta.json."""
    if not (path / "meta.json").is_file():
        return []
    return [Place(path.resolve().name, path, partial(read, path))]


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
    pictures = by_name(pictures_in(folder / "images"), where=str(folder))
    images = tuple(_image(folder, name, pictures=pictures, said=meta[name], asked=asked, met=met) for name in sorted(meta))
    if met and asked.classes and not met.intersection(asked.classes):
        there = f"there are: {', '.join(sorted(met))}"
        raise UsageError(f"no box is of class {', '.join(asked.classes)}", where=str(folder), way_out=there)
    others = files_in(folder / "labels_obb", ".txt") + files_in(folder / "ignore", ".json")
    left = sorted({*pictures, *(path.stem for path in others)} - {*meta})
    notes = [f"{some(len(left), 'name is', 'names are')} not in meta.json and left out: {', '.join(left[:3])}"] if left else []
    images, more = cleaned(images)
    return LabelledSet(folder.resolve().name, "sattrack", images, (*notes, *more))


def _image(
    folder: Path, name: str, *, pictures: dict[str, Path], said: Any, asked: Asked, met: set[str]
) -> LabelledImage:  # fmt: skip
    if name not in pictures:
        raise ManifestError(f"meta.json names {name}, but images/ has no such picture", where=str(folder))
    gsd_m = _gsd(said, where=f"{folder / 'meta.json'}, {name}")
    scene = described(pictures[name], name=name, gsd_m=gsd_m, bands=asked.bands)
    check_unwarped(scene)
    _check_size(scene, said=gsd_m)
    labels, shape = folder / "labels_obb" / f"{name}.txt", scene.grid.shape
    return LabelledImage(
        dataset=folder.resolve().name,
        name=name,
        path=pictures[name],
        gsd_m=gsd_m,
        shape=shape,
        truth=_truth(labels, shape=shape, gsd_m=gsd_m, asked=asked, met=met),
        ignore=_ignored(folder / "ignore" / f"{name}.json"),
        bands=asked.bands,
        about=dict(said),
    )


def _gsd(said: Any, *, where: str) -> tuple[float, float]:
    """One number, or [along columns, along rows]."""
    given: Any = said.get("gsd_m") if isinstance(said, dict) else None
    pair: list[Any] = given if isinstance(given, list) else [given, given]
    sizes = [] if any(isinstance(size, str) for size in pair) else numbers(pair)
    if len(sizes) != 2 or min(sizes) <= 0:
        raise ManifestError(f"gsd_m is {given!r}", where=where, way_out="give the pixel size in metres, one number or [x, y]")
    return sizes[0], sizes[1]


def _check_size(scene: Scene, *, said: tuple[float, float]) -> None:
    """ManifestError where the picture tells another pixel size: boxes would be found by the one and measured by the other."""
    if any(not 1 / _ALIKE <= found / told <= _ALIKE for found, told in zip(scene.grid.gsd_m, said, strict=True)):
        raise ManifestError(
            f"meta.json says pixels of {max(said):g} m, its georeferencing {max(scene.grid.gsd_m):.3g} m", where=scene.location,
            way_out="correct gsd_m in meta.json",
        )  # fmt: skip


def _truth(
    path: Path, *, shape: tuple[int, int], gsd_m: tuple[float, float], asked: Asked, met: set[str]
) -> Quads:  # fmt: skip
    """The boxes of a file; every class that it names is added to `met`."""
    if not path.is_file():
        raise ManifestError("the labels are missing", where=str(path), way_out="a picture without boxes has an empty file")
    marks = [as_mark(line, names={}, where=where) for where, line in text_lines(path)]
    met.update(mark.category for mark in marks)
    taken = [mark for mark in marks if not asked.classes or mark.category in asked.classes]
    size = (shape[1], shape[0])
    quads = [corners_of(replace(mark, points=mark.points * size), exact=True, gsd_m=gsd_m) for mark in taken]
    return np.concatenate(quads) if quads else np.zeros((0, 4, 2))


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
