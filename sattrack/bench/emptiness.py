"""Emptiness: false boxes on pictures that hold no container, per square kilometre."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sattrack import wiring
from sattrack.bench.detecting import counted_from, detect_each
from sattrack.errors import UsageError
from sattrack.labels.places import pictures_in
from sattrack.readers.describing import describe
from sattrack.readers.finding import Source, find_sources
from sattrack.settings import Settings


@dataclass(frozen=True, slots=True)
class Empty:
    """One picture without containers: every box found in it from the threshold up is false."""

    folder: str
    name: str
    km2: float
    false_boxes: int


def bench_empty(
    folders: Sequence[Path],
    *,
    model: wiring.Model,
    gsd_m: float,
    settings: Settings,
    chosen: Callable[[list[str]], Sequence[str]] = lambda names: names,
) -> tuple[Empty, ...]:
    """Detects in the pictures of each folder, and of those below it, whose names `chosen` picks. gsd_m: pixel size taken for
    all of them, metres.
    """
    sources = [(folder.name, source) for folder in folders for source in _chosen(folder, chosen)]
    scenes = (describe(source, gsd_m=(gsd_m, gsd_m), limits=settings) for _, source in sources)
    found = []
    for (folder, source), part in zip(sources, detect_each(scenes, model=model, settings=settings), strict=True):
        threshold = counted_from(part.card, asked=settings.threshold, settings=settings)
        (rows, cols), gsd = part.scene.grid.shape, part.scene.grid.gsd_m
        km2 = rows * cols * gsd[0] * gsd[1] / 1e6
        found.append(Empty(folder, source.part, km2, int((part.detections.scores >= threshold).sum())))
    return tuple(found)


def _chosen(folder: Path, chosen: Callable[[list[str]], Sequence[str]]) -> list[Source]:
    # Listed as training lists them, or what it spared would be others.
    there = pictures_in(folder, deep=True)
    names = set(chosen([path.stem for path in there]))
    kept = [str(path) for path in there if path.stem in names]
    if not kept:
        raise UsageError("no pictures to look at", where=str(folder))
    return find_sources(kept)
