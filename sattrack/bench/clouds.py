"""Clouds: how much of clear ground is called cloud, and how much of thick cloud laid over it is found."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from sattrack import wiring
from sattrack.bench.clouds_laid import lay_clouds
from sattrack.bench.datasets import read_dataset, scene_of
from sattrack.errors import UsageError
from sattrack.imagery import Scene, Tile, Window
from sattrack.readers.describing import describe
from sattrack.readers.finding import find_sources
from sattrack.settings import Settings
from sattrack.steps.clouding import CLOUD, DOUBTFUL, Clouds, judge_clouds
from sattrack.steps.glancing import LooksMap
from sattrack.steps.stretching import apply_stretch, measure_stretch
from sattrack.synthetic.labelled_set import orders_by_seed, write_set

# From this opacity on a container yard cannot be read; up to the other it can.
THICK, THIN = 0.7, 0.3
# Only cloud in patches of more than this width, metres, is held against a judge.
LEAST_M = 40.0
FIRST_SEED = 9_400_000
RENDERED_GSD_M = (0.45, 0.65)


@dataclass(frozen=True, slots=True)
class Tried:
    """One picture, clear and with clouds laid over it. Numbers are cells of about 4 m.

    clear, called, doubtful: cells of the clear picture, those called cloud, and those of which it cannot be told. thick: under
    cloud of opacity over 0.7 in patches over 40 m; found, thick_doubtful: of these. thin: opacity under 0.3; thin_called: of
    these. unjudged: why nothing was judged.
    """

    ground: str
    name: str
    clear: int
    called: int
    doubtful: int
    thick: int
    found: int
    thick_doubtful: int
    thin: int
    thin_called: int
    unjudged: str = ""


def bench_clouds(
    folders: Sequence[Path],
    *,
    settings: Settings,
    gsd_m: float | None = None,
    skip: Sequence[str] = (),
    first_seed: int = FIRST_SEED,
    heard: Callable[[str], None] = lambda _line: None,
) -> tuple[Tried, ...]:
    """Tries every picture of labelled sets or plain folders. gsd_m: pixel size, metres, of pictures that do not say it.

    Their pixels are read, clouds are laid over them in memory, and nothing is kept. skip: names, without suffix, of pictures
    that show real cloud.
    """
    reader = wiring.make_reader(settings)
    found = []
    try:
        for number, (ground, scene) in enumerate(_scenes(folders, settings=settings, gsd_m=gsd_m, skip=skip)):
            pixels, valid = reader.read(scene, Window.of_shape(scene.grid.shape), scene.grid.shape)
            found.append(_tried(pixels, valid, scene, ground=ground, seed=first_seed + number, settings=settings))
            if len(found) % 50 == 0:
                heard(f"{len(found)} pictures tried")
    finally:
        reader.close()
    return tuple(found)


def bench_rendered(count: int, *, pixels: int, settings: Settings, first_seed: int, processes: int = 1) -> tuple[Tried, ...]:
    """The same on rendered yards."""
    orders = orders_by_seed(count=count, first_seed=first_seed, gsd_m=RENDERED_GSD_M, pixels=pixels)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "rendered"
        for _ in write_set(folder, orders, processes=processes):
            pass
        return bench_clouds([folder], settings=settings, first_seed=first_seed)


def judged(
    pixels: NDArray[np.generic], valid: NDArray[np.bool_], *, gsd_m: tuple[float, float], settings: Settings
) -> Clouds:  # fmt: skip
    """A whole picture (rows, cols, 3) as a run would judge it that found no box."""
    shape = valid.shape[0], valid.shape[1]
    size_m = shape[1] * gsd_m[0], shape[0] * gsd_m[1]
    stretch = measure_stretch(pixels, valid, size_m=size_m)
    looks = LooksMap(shape, gsd_m=gsd_m, overlap_m=settings.overlap_m, stretch=stretch)
    shown = apply_stretch(pixels, stretch)
    shown[~valid] = 0
    looks.add(Tile(Window.of_shape(shape), shown, valid))
    return judge_clouds(looks.result(), boxes=np.zeros((0, 2)))


def _scenes(
    folders: Sequence[Path], *, settings: Settings, gsd_m: float | None, skip: Sequence[str]
) -> list[tuple[str, Scene]]:
    there: list[tuple[str, Scene]] = []
    met: set[str] = set()
    for folder in folders:
        if (folder / "images").is_dir():
            found = [scene_of(image, limits=settings) for image in read_dataset(folder)]
        else:
            size = (gsd_m, gsd_m) if gsd_m else None
            found = [describe(source, gsd_m=size, limits=settings) for source in find_sources([str(folder)])]
        met.update(_name(scene) for scene in found)
        kept = [scene for scene in found if _name(scene) not in skip]
        if not kept:
            raise UsageError("no pictures to look at", where=str(folder))
        there += [(folder.name, scene) for scene in kept]
    if unknown := sorted(set(skip) - met):
        raise UsageError(f"no pictures {', '.join(unknown)} to skip", way_out="give names without suffix")
    return there


def _name(scene: Scene) -> str:
    return Path(scene.location).stem


def _tried(
    pixels: NDArray[np.generic], valid: NDArray[np.bool_], scene: Scene, *, ground: str, seed: int, settings: Settings
) -> Tried:
    gsd_m = scene.grid.gsd_m
    bare = judged(pixels, valid, gsd_m=gsd_m, settings=settings)
    if pixels.dtype != np.uint8:
        stretch = measure_stretch(pixels, valid, size_m=scene.grid.size_m)
        pixels = apply_stretch(pixels, stretch)
    laid = lay_clouds(np.asarray(pixels, np.uint8), gsd_m=max(gsd_m), seed=seed)
    veiled = judged(laid.picture, valid, gsd_m=gsd_m, settings=settings)
    opacity = cv2.resize(laid.opacity, bare.kind.shape[::-1], interpolation=cv2.INTER_AREA)
    thick = _wide(opacity > THICK, cell_m=veiled.cell[0] * gsd_m[0]) & veiled.known
    thin = (opacity < THIN) & veiled.known
    cloud = veiled.kind == CLOUD
    return Tried(
        ground, _name(scene), int(bare.known.sum()), int((bare.kind == CLOUD).sum()),
        int((bare.kind == DOUBTFUL).sum()), int(thick.sum()), int((thick & cloud).sum()),
        int((thick & (veiled.kind == DOUBTFUL)).sum()), int(thin.sum()), int((thin & cloud).sum()), bare.unjudged,
    )  # fmt: skip


def _wide(mask: NDArray[np.bool_], *, cell_m: float) -> NDArray[np.bool_]:
    """Only what a disk of LEAST_M fits into; the picture goes on beyond its edge."""
    width = max(1, round(LEAST_M / cell_m)) | 1
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, disk, borderType=cv2.BORDER_REFLECT), bool)
