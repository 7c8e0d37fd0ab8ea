"""Scenes to measure the reader of cover on: labelled, empty and rendered pictures, made coarse and held in memory."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sattrack import wiring
from sattrack.geometry import Points, Quads
from sattrack.imagery import Grid, Scene, Window
from sattrack.labels.labelled import LabelledImage, scene_of
from sattrack.readers.describing import describe
from sattrack.readers.finding import Source
from sattrack.readers.hints import Hints
from sattrack.readers.resampling import Pixels, Valid, blanked, resampled
from sattrack.settings import Settings
from sattrack.steps.coarsening import GREY, seen_at
from sattrack.steps.stretching import apply_stretch, measure_stretch
from sattrack.synthetic.rendering import render_tile

# One standard deviation of the optics, in pixels, of a sharp and of a soft product; noise in levels of 255.
SHARP, SOFT = 0.45, 0.8
_NOISE = 1.5
RENDERED_GSD_M, RENDERED_PX = 0.6, 400


@dataclass(frozen=True, slots=True, eq=False)
class Fine:
    """A picture as it came. pixels: (rows, cols, 3) uint8, stretched; quads and ignore in its pixels; gsd_m: (x, y) metres."""

    name: str
    pixels: NDArray[np.uint8]
    gsd_m: tuple[float, float]
    quads: Quads
    ignore: tuple[Points, ...] = ()


class HeldReader:
    """A picture in memory, read as any scene is. Implements ports.Reader."""

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self._pixels = pixels

    def read(self, scene: Scene, window: Window, out_shape: tuple[int, int]) -> tuple[Pixels, Valid]:
        rows, cols = scene.grid.shape
        pixels = np.zeros((window.height, window.width, 3), np.uint8)
        valid = np.zeros((window.height, window.width), bool)
        top, left = max(0, window.row), max(0, window.col)
        bottom, right = min(rows, window.row + window.height), min(cols, window.col + window.width)
        if bottom > top and right > left:
            there = np.s_[top - window.row : bottom - window.row, left - window.col : right - window.col]
            pixels[there], valid[there] = self._pixels[top:bottom, left:right], True
        found, seen = resampled(pixels, valid, out_shape)
        return blanked(found, seen), seen

    def sample(self, scene: Scene) -> tuple[Pixels, Valid]:
        return self._pixels, np.ones(scene.grid.shape, bool)

    def undeclared_nodata(self, scene: Scene) -> float:  # noqa: ARG002 (the protocol's own signature)
        return 0.0

    def digest(self, scene: Scene) -> str:
        return scene.id

    def close(self) -> None: ...


def coarse_scene(
    fine: Fine, *, gsd_m: float, rng: np.random.Generator, blur: float = SHARP, gray: bool = False
) -> tuple[Scene, HeldReader]:  # fmt: skip
    """The picture as a sensor with pixels of gsd_m would have seen it, stretched as scenes are at use."""
    seen = seen_at(fine.pixels, fine_m=fine.gsd_m, gsd_m=gsd_m, blur=blur)
    if gray:
        seen = np.repeat((seen @ GREY)[..., None], 3, axis=2)
    noise = rng.normal(0, _NOISE, (*seen.shape[:2], 1 if gray else 3))
    coded = np.clip(np.rint(seen + noise), 0, 255).astype(np.uint8)
    shape = coded.shape[0], coded.shape[1]
    size = fine.pixels.shape[1] * fine.gsd_m[0], fine.pixels.shape[0] * fine.gsd_m[1]
    grid = Grid(shape, (size[0] / shape[1], size[1] / shape[0]))
    stretch = measure_stretch(coded, np.ones(shape, bool), size_m=size)
    bands = (1,) if gray else (1, 2, 3)
    return Scene(fine.name, "memory", grid, bands, "uint8", part=fine.name), HeldReader(apply_stretch(coded, stretch))


def fine_of(image: LabelledImage) -> Fine:
    """A labelled picture, read as detection reads it. Raises SceneError."""
    return _read(scene_of(image), name=image.name, quads=image.truth, ignore=image.ignore)


def empty_pictures(paths: Sequence[tuple[str, Path]], *, gsd_m: float) -> Iterator[tuple[str, Fine]]:
    """Pictures (folder, path) that hold no container, all taken as of one pixel size, metres."""
    for folder, path in paths:
        hints = Hints(gsd_m=(gsd_m, gsd_m), gsd_source="the bench")
        scene = describe(Source(str(path), path.stem, path.stem, hints))
        yield folder, _read(scene, name=path.stem, quads=np.zeros((0, 4, 2)))


def rendered_pictures(count: int, *, first_seed: int) -> Iterator[tuple[str, Fine]]:
    """Rendered yards with their surroundings, 240 m a side."""
    for seed in range(first_seed, first_seed + count):
        drawn = render_tile(seed, gsd_m=RENDERED_GSD_M, shape=(RENDERED_PX, RENDERED_PX))
        stretch = measure_stretch(drawn.picture, np.ones(drawn.picture.shape[:2], bool))
        gsd = (RENDERED_GSD_M, RENDERED_GSD_M)
        yield "rendered", Fine(f"rendered-{seed}", apply_stretch(drawn.picture, stretch), gsd, drawn.quads, tuple(drawn.unsure))


def _read(scene: Scene, *, name: str, quads: Quads, ignore: tuple[Points, ...] = ()) -> Fine:
    with closing(wiring.make_reader(Settings())) as reader:
        raw, _ = reader.read(scene, Window.of_shape(scene.grid.shape), scene.grid.shape)
        stretch = measure_stretch(*reader.sample(scene), size_m=scene.grid.size_m)
    return Fine(name, apply_stretch(raw, stretch), scene.grid.gsd_m, quads, ignore)
