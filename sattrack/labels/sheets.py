"""Sheets: what a label file says of one picture, whatever the format; and how sheets become labelled pictures."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pyproj
import shapely

from sattrack.errors import ManifestError, SceneRefused, UsageError
from sattrack.geometry import Points, Quads, centres
from sattrack.imagery import Scene
from sattrack.labels.asked import Asked
from sattrack.labels.categories import may_be_container, means_ignore, taken_categories
from sattrack.labels.cleaning import cleaned
from sattrack.labels.ignoring import union_of
from sattrack.labels.labelled import LabelledImage, LabelledSet, check_unwarped
from sattrack.labels.places import by_name
from sattrack.labels.rectangles import as_corners, smallest_rectangle
from sattrack.phrases import some
from sattrack.projections import to_grid
from sattrack.readers.describing import describe
from sattrack.readers.finding import Source
from sattrack.readers.folders import natural_key
from sattrack.readers.hints import Hints
from sattrack.readers.sidecars import Beside, look_beside, read_sidecars


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """One outline. points: (k, 2) in the sheet's frame.

    kind: box; hard (a crowd, or hard to make out: ignored where it may be containers, else a box); unsure (a run of ours found
    it, and did not count it); ignore; or area (only inside such was anything labelled).
    """

    category: str
    points: Points
    where: str
    kind: str = "box"


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """The labels of one picture.

    frame: pixels, shares (of width and height), or a CRS. exact: four corners are the box's own, not an outline drawn round it.
    gsd_m, size (width, height) and key: what the labels say of the picture.
    """

    picture: Path
    marks: tuple[Mark, ...]
    frame: str = "pixels"
    exact: bool = True
    gsd_m: tuple[float, float] | None = None
    size: tuple[int, int] | None = None
    key: str = ""


def as_set(
    sheets: Sequence[Sheet], *, name: str, form: str, path: Path, asked: Asked, names: dict[str, str] | None = None,
    notes: Sequence[str] = (),
) -> LabelledSet:  # fmt: skip
    """Sheets as a set. names: id -> name of the categories that it declares. Raises UsageError, ManifestError, SceneError."""
    by_name([sheet.picture for sheet in sheets], where=str(path))
    sheets = [replace(s, marks=tuple(_judged(mark) for mark in s.marks)) for s in sheets]
    counts = Counter(mark.category for sheet in sheets for mark in sheet.marks if mark.kind == "box")
    hard = Counter(mark.category for sheet in sheets for mark in sheet.marks if mark.kind == "hard")
    there = {category: counts[category] for category in (*counts, *hard)}
    numbered = form == "yolo-obb"
    taken = taken_categories(there, asked=asked.classes, where=str(path), names=names, numbered=numbered)
    sheets = [replace(s, marks=tuple(_told(mark, taken=taken) for mark in s.marks)) for s in sheets]
    beside = cache(look_beside)
    images = tuple(
        _image(sheet, _scene(sheet, beside=beside(sheet.picture.parent), asked=asked), dataset=name, taken=taken, asked=asked)
        for sheet in sheets
    )
    unsure = sum(mark.kind == "unsure" for sheet in sheets for mark in sheet.marks)
    passed = counts + Counter({name: many for name, many in hard.items() if not may_be_container(name, taken=taken)})
    other = [f"{count} of {category or 'no category'}" for category, count in sorted(passed.items()) if category not in taken]
    became = "not taken" if asked.uncounted == "drop" else "ignored"
    marked = some(unsure, "box that is marked as not counted is", "boxes that are marked as not counted are")
    said = [*notes, *([f"{marked} {became}"] if unsure else [])]
    said += [*([f"other categories are not taken: {', '.join(other)}"] if other else [])]
    outside = sum(counts[category] for category in taken) - sum(len(image.truth) for image in images)
    if outside:
        beyond = some(outside, "box with its middle outside the picture is", "boxes with their middle outside the picture are")
        said.append(f"{beyond} not taken")
    images, more = cleaned(images)
    return LabelledSet(name, form, tuple(sorted(images, key=lambda i: natural_key(i.name))), (*said, *more))


def _judged(mark: Mark) -> Mark:
    return replace(mark, kind="ignore") if mark.kind == "box" and means_ignore(mark.category) else mark


def _told(mark: Mark, *, taken: frozenset[str]) -> Mark:
    """Of an aircraft that is hard to make out it is known that it is no container: it is a thing like any other there."""
    if mark.kind != "hard":
        return mark
    return replace(mark, kind="ignore" if may_be_container(mark.category, taken=taken) else "box")


def _image(sheet: Sheet, scene: Scene, *, dataset: str, taken: frozenset[str], asked: Asked) -> LabelledImage:
    rows, cols = scene.grid.shape
    if sheet.size not in (None, (cols, rows)):
        raise ManifestError(
            f"the labels say {sheet.size[0]} x {sheet.size[1]} pixels, the picture has {cols} x {rows}" if sheet.size else "",
            where=str(sheet.picture), way_out="label the picture as it is, not a resized copy",
        )  # fmt: skip
    if sheet.size is None and sheet.frame in ("pixels", "shares"):
        check_unwarped(scene)
    placed = [replace(mark, points=_in_pixels(mark, sheet=sheet, scene=scene)) for mark in sheet.marks]
    rings = [ring for mark in placed if mark.kind == "ignore" for ring in without_holes(shapely.Polygon(_ring(mark)))]
    wanted = [mark for mark in placed if mark.kind == "box" and mark.category in taken]
    boxes = [corners_of(mark, exact=sheet.exact, gsd_m=scene.grid.gsd_m) for mark in wanted]
    drawn = np.concatenate(boxes) if boxes else np.zeros((0, 4, 2))
    shown = drawn[(drawn.max(axis=1) > 0).all(axis=1) & (drawn.min(axis=1) < (cols, rows)).all(axis=1)]
    if len(drawn) and not len(shown):
        raise ManifestError(
            f"no box of {len(drawn)} lies in the picture", where=str(sheet.picture),
            way_out="check that the labels are of this picture, and their coordinates",
        )  # fmt: skip
    inside = (centres(shown) >= 0).all(axis=1) & (centres(shown) <= (cols, rows)).all(axis=1)
    truth = shown[inside]
    # What shows of a box that is mostly outside is neither a box nor ground.
    rings += list(shown[~inside])
    if asked.uncounted == "ignore":
        # Under a box that is sure nothing is in doubt: a long one that is not may hold two of these.
        unsure = _union(mark for mark in placed if mark.kind == "unsure")
        rings += without_holes(shapely.difference(unsure, shapely.union_all(shapely.polygons(truth))))
    if any(mark.kind == "area" for mark in placed):
        told = _union(mark for mark in placed if mark.kind == "area")
        rings += without_holes(shapely.difference(shapely.box(0, 0, cols, rows), told))
    return LabelledImage(
        dataset=dataset, name=sheet.picture.stem, path=sheet.picture, gsd_m=scene.grid.gsd_m, shape=scene.grid.shape,
        truth=truth, ignore=tuple(rings), bands=asked.bands, key=sheet.key,
    )  # fmt: skip


def _scene(sheet: Sheet, *, beside: Beside, asked: Asked) -> Scene:
    said = read_sidecars(sheet.picture, beside=beside)
    hints = Hints(gsd_m=sheet.gsd_m or said.gsd_m, transform=said.transform, crs=said.crs)
    source = Source(str(sheet.picture), sheet.picture.stem, sheet.picture.stem, hints)
    try:
        return describe(source, gsd_m=asked.gsd_m, bands=asked.bands)
    except SceneRefused as error:
        if "pixel size is not known" not in error.message:
            raise
        way_out = "say it: gsd_m (--gsd-m) of the set, gsd_m in a NAME.json beside the picture, or georeference it"
        raise SceneRefused(error.message, where=error.where, way_out=way_out) from error


def _in_pixels(mark: Mark, *, sheet: Sheet, scene: Scene) -> Points:
    if sheet.frame == "pixels":
        return mark.points
    if sheet.frame == "shares":
        return mark.points * (scene.grid.shape[1], scene.grid.shape[0])
    if not scene.grid.georeferenced:
        raise UsageError(
            "has no georeferencing: outlines in coordinates of the ground cannot be laid on it", where=str(sheet.picture),
            way_out="give the GeoTIFF that was labelled, or labels in pixels",
        )  # fmt: skip
    try:
        points = to_grid(mark.points, source=sheet.frame, grid=scene.grid)
    except pyproj.exceptions.ProjError:
        points = np.full_like(mark.points, np.nan)
    if not np.isfinite(points).all():
        x, y = mark.points[0]
        raise ManifestError(
            f"{x:.10g}, {y:.10g} cannot be laid on the picture", where=mark.where,
            way_out="name the CRS of these coordinates in the file; without one they are longitude and latitude, in this order",
        )  # fmt: skip
    return points


def _ring(mark: Mark) -> Points:
    if len(mark.points) < 3:
        raise ManifestError("expected a polygon of three or more corners", where=mark.where)
    return mark.points


def _union(marks: Iterable[Mark]) -> shapely.Geometry:
    return union_of([_ring(mark) for mark in marks])


def corners_of(mark: Mark, *, exact: bool, gsd_m: tuple[float, float]) -> Quads:
    """A mark in pixels as a box, (1, 4, 2). ManifestError where it is none."""
    ring = _ring(mark)
    try:
        return (as_corners if exact else smallest_rectangle)(ring, gsd_m=gsd_m)
    except ValueError as error:
        raise ManifestError(f"the box {error}", where=mark.where, way_out="remove it or draw it again") from error


def without_holes(shape: shapely.Geometry) -> list[Points]:
    """The outer rings (k, 2) of polygons that together cover a shape: one with holes is cut through them."""
    rings: list[Points] = []
    for polygon in _polygons(shapely.make_valid(shape)):
        if not polygon.interiors:
            rings.append(np.asarray(polygon.exterior.coords, float)[:-1, :2])
            continue
        west, south, east, north = polygon.bounds
        cut = sorted(hole.centroid.x for hole in polygon.interiors)[len(polygon.interiors) // 2]
        for half in (shapely.box(west, south, cut, north), shapely.box(cut, south, east, north)):
            rings += without_holes(shapely.intersection(polygon, half))
    return rings


def _polygons(shape: shapely.Geometry) -> Iterator[shapely.Polygon]:
    if shape.geom_type == "Polygon":
        if shape.area > 0:
            yield shape
    elif hasattr(shape, "geoms"):
        for part in shape.geoms:
            yield from _polygons(part)
