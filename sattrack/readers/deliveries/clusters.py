"""Clusters: files of one acquisition that can be one picture, and which of them show the very same."""

import filecmp
from dataclasses import dataclass
from pathlib import PurePath

from sattrack.imagery import Scene, is_remote
from sattrack.readers.deliveries.joining import Moments, unlike
from sattrack.readers.deliveries.names import band_named, named
from sattrack.readers.finding import Source


@dataclass(frozen=True, slots=True)
class One:
    """A file of a group, and what it is; none where it cannot be described.

    palette: whether its pixels are numbers of colours.
    """

    source: Source
    scene: Scene | None
    palette: bool = False


class Cluster:
    """Files of a group that can be one picture."""

    def __init__(self, first: One) -> None:
        self.members: list[One] = []
        self._moments = Moments()
        self._on_grid: dict[object, list[One]] = {}
        self.add(first)

    def add(self, one: One) -> None:
        assert one.scene
        self.members.append(one)
        self._moments.add(one.scene)
        self._on_grid.setdefault(_pixels_of(one.scene), []).append(one)

    def twin(self, one: One) -> One | None:
        """A file that shows the very same: on the same pixels of the ground, and the same tile by its name or its content."""
        assert one.scene
        for other in self._on_grid.get(_pixels_of(one.scene), ()):
            if other.scene and not unlike(other.scene, one.scene) and _same_picture(other.source, one.source):
                return other
        return None

    def why_not(self, one: One) -> str:
        """Why a file cannot be one picture with these; empty where it can."""
        first = self.members[0]
        assert first.scene
        assert one.scene
        if why := unlike(first.scene, one.scene) or self._moments.contradict(one.scene):
            return why
        if first.palette != one.palette:
            return f"it has {'a' if one.palette else 'no'} palette of colours, unlike the others"
        bands = [band_named(PurePath(each.source.path).stem) for each in (first, one)]
        if bands[0] != bands[1]:
            return f"by its name it is {f'band {bands[1]}' if bands[1] else 'no single band'}, unlike the others"
        under = self._on_grid.get(_pixels_of(one.scene))
        if under and one.scene.nodata is None:
            # As one picture the first would hide all others, also where it shows nothing.
            name = PurePath(under[0].source.path).name
            return f"it lies on the same pixels of the ground as {name}, and no nodata value is declared"
        return ""


def _pixels_of(scene: Scene) -> object:
    return scene.grid.transform, scene.grid.shape


def _same_picture(one: Source, two: Source) -> bool:
    """Whether two files on the same pixels are one tile by their names, or hold the same bytes. Others may show other ground:
    strips that were warped into one frame each have nothing where the other's ground is.
    """
    names = [named(PurePath(source.path).stem) for source in (one, two)]
    if names[0].tile and (names[0].product, names[0].tile) == (names[1].product, names[1].tile):
        return True
    if is_remote(one.path) or is_remote(two.path):
        return False
    try:
        return filecmp.cmp(one.path, two.path, shallow=False)
    except OSError:
        return False
