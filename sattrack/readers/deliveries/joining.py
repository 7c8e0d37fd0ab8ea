"""Joining: which files of an acquisition lie on one lattice of pixels, and the one scene that they are together."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyproj

from sattrack.errors import SceneError
from sattrack.geometry import apply_affine
from sattrack.imagery import Grid, Piece, Scene
from sattrack.readers.describing import alike, measure_gsd

if TYPE_CHECKING:
    from sattrack.readers.finding import Source

# Of one mosaic. Each is opened again and again, since few are held open.
MOST_PIECES = 1_000
# Of a pixel: what corners of one lattice may be off by, as vendors round their coordinates.
_OFF_PX = 0.05
# One pass of a satellite takes minutes; it is back after an orbit of an hour and a half.
ONE_PASS_S = 1_800.0


def describe_pieces(source: "Source", *, describe: Callable[["Source"], Scene]) -> Scene:
    """The scene that the pieces of a source make together. SceneError where they do not fit each other any more."""
    scenes = [describe(piece) for piece in source.pieces]
    moments = Moments(scenes[:1])
    for scene in scenes[1:]:
        if why := unlike(scenes[0], scene) or moments.contradict(scene):
            raise SceneError(f"is not what the other files of its scene are: {why}", where=scene.location, way_out="run again")
        moments.add(scene)
    joined = joined_scene(scenes)
    return replace(joined, id=source.scene_id, part=source.part, notes=(*source.hints.notes, *joined.notes))


def unlike(first: Scene, other: Scene) -> str:
    """Why two files cannot be read as one picture; empty where they can."""
    if not (first.grid.georeferenced and other.grid.georeferenced):
        return "it has no coordinates"
    if "VRT" in (first.driver, other.driver):
        return "one of them is a virtual raster"
    if why := other_moment(first, other):
        return why
    if not _same_crs(first.grid.crs, other.grid.crs):
        return "its CRS is another"
    if first.bands != other.bands or first.dtype != other.dtype:
        return (
            f"its pixels are {other.dtype} of bands {_listed(other.bands)}, those of the others {first.dtype} of bands "
            f"{_listed(first.bands)}"
        )
    if not _same_number(first.nodata, other.nodata):
        return "its nodata value is another"
    if first.mask != other.mask:
        return "its mask is another"
    return "" if place_on(first.grid, other.grid) else "its pixels do not lie on the lattice of the others"


def other_moment(first: Scene, other: Scene) -> str:
    """Why two files are of two acquisitions; empty where they may be of one."""
    if first.acquired and other.acquired and abs((first.acquired - other.acquired).total_seconds()) > ONE_PASS_S:
        return f"it was taken at another time ({other.acquired:%Y-%m-%d %H:%M}, not {first.acquired:%Y-%m-%d %H:%M})"
    if first.sensor and other.sensor and not alike(first.sensor, other.sensor):
        return f"it was taken by {other.sensor}, not {first.sensor}"
    return ""


class Moments:
    """When and by what the files of one acquisition say that they were taken: not every file says it, so that each is held
    against all that do.
    """

    def __init__(self, scenes: Iterable[Scene] = ()) -> None:
        self._told: dict[tuple[object, str], Scene] = {}
        for scene in scenes:
            self.add(scene)

    def add(self, scene: Scene) -> None:
        if scene.acquired or scene.sensor:
            self._told.setdefault((scene.acquired, scene.sensor), scene)

    def contradict(self, other: Scene) -> str:
        """Why a file is of another acquisition than one of these; empty where it may be of theirs."""
        return next((why for one in self._told.values() if (why := other_moment(one, other))), "")


def place_on(first: Grid, other: Grid) -> tuple[int, int] | None:
    """(column, row) of a grid's first pixel on the lattice of another of the same CRS; none where it does not lie on that."""
    assert other.transform is not None
    rows, cols = other.shape
    own = np.array([(0, 0), (cols, 0), (0, rows), (cols, rows)], float)
    there = first.to_pixels(apply_affine(other.transform, own))
    place = np.rint(there[0])
    if not np.isfinite(there).all() or np.abs(place).max() > 1e9 or np.abs(there - (place + own)).max() > _OFF_PX:
        return None
    return int(place[0]), int(place[1])


def joined_scene(scenes: Sequence[Scene]) -> Scene:
    """The scene of files that are alike; it spans all of them."""
    first = scenes[0]
    places = [place for scene in scenes if (place := place_on(first.grid, scene.grid)) is not None]
    left, top = (min(place[axis] for place in places) for axis in (0, 1))
    right = max(col + scene.grid.shape[1] for (col, _), scene in zip(places, scenes, strict=True))
    bottom = max(row + scene.grid.shape[0] for (_, row), scene in zip(places, scenes, strict=True))
    assert first.grid.transform is not None
    assert first.grid.crs is not None
    a, b, c, d, e, f = first.grid.transform
    transform = (a, b, c + a * left + b * top, d, e, f + d * left + e * top)
    shape = (bottom - top, right - left)
    gsd = measure_gsd(shape, transform=transform, crs=first.grid.crs, where=first.location)
    pieces = tuple(
        Piece(scene.location, col - left, row - top, scene.grid.shape) for (col, row), scene in zip(places, scenes, strict=True)
    )
    sensor, source, licence = (
        next((text for s in scenes if (text := getattr(s, name))), "") for name in ("sensor", "source", "licence")
    )
    timed = min((scene for scene in scenes if scene.acquired), key=lambda scene: str(scene.acquired), default=first)
    return replace(
        first, grid=Grid(shape, gsd, first.grid.crs, transform), pieces=pieces, acquired=timed.acquired,
        acquired_source=timed.acquired_source, viewing=next((s.viewing for s in scenes if s.viewing), None),
        notes=tuple(dict.fromkeys(note for scene in scenes for note in scene.notes)),
        sensor=sensor, source=source, licence=licence,
    )  # fmt: skip


def _same_crs(one: str | None, two: str | None) -> bool:
    return one == two or (one is not None and two is not None and bool(pyproj.CRS(one) == pyproj.CRS(two)))


def _same_number(one: float | None, two: float | None) -> bool:
    return one == two or (one is not None and two is not None and one != one and two != two)


def _listed(bands: Sequence[int]) -> str:
    return ", ".join(map(str, bands))
