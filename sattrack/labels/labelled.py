"""Labelled pictures: every container outlined by hand, and the places where nothing can be told."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sattrack.errors import SceneError, SceneRefused
from sattrack.geometry import Points, Quads
from sattrack.imagery import Scene
from sattrack.readers.describing import describe
from sattrack.readers.finding import Source
from sattrack.readers.hints import Hints
from sattrack.readers.opening import gdal_options
from sattrack.readers.upright import Upright
from sattrack.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class LabelledImage:
    """One picture. truth: (n, 4, 2) corners in its pixels; ignore: rings (k, 2) inside which nothing is scored or taught.

    bands: numbers of red, green and blue, where the file does not say and the user does. key: the picture's id in its data
    set, where the format has ids (COCO). about: what our own layout says of it besides, in meta.json.
    """

    dataset: str
    name: str
    path: Path
    gsd_m: tuple[float, float]
    shape: tuple[int, int]
    truth: Quads
    ignore: tuple[Points, ...]
    bands: tuple[int, ...] | None = None
    key: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class LabelledSet:
    """The pictures of one set, by name. notes: what of the set was not taken, and doubts."""

    name: str
    format: str
    images: tuple[LabelledImage, ...]
    notes: tuple[str, ...] = ()


def scene_of(image: LabelledImage, *, limits: Settings | None = None) -> Scene:
    """The scene that a labelled picture is; SceneError where it is read at another size than its labels were drawn at."""
    scene = described(image.path, name=image.name, gsd_m=image.gsd_m, bands=image.bands, limits=limits)
    if scene.grid.shape != image.shape:
        raise SceneError("is read at another size than its labels were", where=str(image.path))
    return scene


def described(
    path: Path, *, name: str, gsd_m: tuple[float, float], bands: tuple[int, ...] | None, limits: Settings | None = None
) -> Scene:
    """The scene of a picture whose pixel size the labels tell."""
    source = Source(str(path), name, name, Hints(gsd_m=gsd_m, gsd_source="the labels"))
    return describe(source, bands=bands, limits=limits)


def check_unwarped(scene: Scene) -> None:
    """SceneRefused where a picture is read warped by its control points: labels in its own pixels lie elsewhere there."""
    if not scene.grid.georeferenced:
        return
    limits = Settings()
    with gdal_options(limits), closing(Upright(scene.location, limits=limits)) as picture:
        if picture.warped:
            raise SceneRefused(
                "is read warped by its control points: labels in its own pixels cannot be laid on it", where=scene.location,
                way_out="warp it first (gdalwarp), and label that",
            )  # fmt: skip
