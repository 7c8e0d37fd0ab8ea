"""Pictures without containers as training wants them: stretched as at use, very large scenes as pieces all over them."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from sattrack import wiring
from sattrack.imagery import Scene, Window
from sattrack.labels.places import pictures_in
from sattrack.ports import Reader
from sattrack.readers.describing import describe
from sattrack.readers.finding import Source
from sattrack.readers.hints import Hints
from sattrack.settings import Settings
from sattrack.steps.stretching import apply_stretch, measure_stretch
from sattrack.training.labelled_pictures import MOST_PX, windows_over
from sattrack.training.pictures import Picture

# Whole up to here, as the shipped weights were trained: a whole city would be slow to look up, and fill the memory.
WHOLE_PX = 2 * MOST_PX
# Of a larger one so many pieces, evenly over it: at half a metre all of some 35 square kilometres.
MOST_PIECES = 64


def read_empty(folder: Path, *, gsd_m: float, limit: int = 0, skip: Sequence[str] = ()) -> tuple[tuple[Picture, ...], ...]:
    """Pictures that hold no container, each whole or in pieces; `skip` names stems that are never trained on.

    gsd_m: of those that do not tell. Pieces where nothing was seen are left out.
    """
    paths = sorted(path for path in pictures_in(folder, deep=True) if path.stem not in skip)
    if limit and len(paths) > limit:
        paths = [paths[round(i)] for i in np.linspace(0, len(paths) - 1, limit)]
    with closing(wiring.make_reader(Settings())) as reader:
        scenes = ((path, _plain_scene(path, gsd_m=(gsd_m, gsd_m))) for path in paths)
        return tuple(tuple(_pictures(path.stem, scene, source=folder.name, reader=reader)) for path, scene in scenes)


def _pictures(name: str, scene: Scene, *, source: str, reader: Reader) -> Iterator[Picture]:
    """By the reader that detection uses: decoders differ, and what is taught should be what is met."""
    grid, none = scene.grid, np.zeros((0, 4, 2))
    stretch = measure_stretch(*reader.sample(scene), size_m=grid.size_m)
    if max(grid.shape) <= WHOLE_PX:
        raw, valid = reader.read(scene, Window.of_shape(grid.shape), grid.shape)
        yield Picture(name, source, apply_stretch(raw, stretch, valid=valid), none, grid.gsd_m)
        return
    windows = windows_over(grid.shape, gsd_m=grid.gsd_m, most=MOST_PX)
    some = np.linspace(0, len(windows) - 1, min(len(windows), MOST_PIECES))
    for window in (windows[round(i)] for i in some):
        raw, valid = reader.read(scene, window, (window.height, window.width))
        if valid.any():
            called = f"{name}@{window.col},{window.row}"
            yield Picture(called, source, apply_stretch(raw, stretch, valid=valid), none, grid.gsd_m)


def _plain_scene(path: Path, *, gsd_m: tuple[float, float]) -> Scene:
    return describe(Source(str(path), path.stem, path.stem, Hints(gsd_m=gsd_m, gsd_source="recipe")))
