"""Emptiness: false boxes on pictures that hold no container, per square kilometre."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sattrack import wiring
from sattrack.bench.detecting import counted_from, detect_each
from sattrack.errors import UsageError
from sattrack.labels.places import pictures_in
from sattrack.readers.describing import describe
from sattrack.readers.finding import Source, find_sources
from sattrack.results import Part
from sattrack.settings import Settings
from sattrack.steps.counting import interval_of
from sattrack.steps.grounding import Frame
from sattrack.steps.picking import sure


@dataclass(frozen=True, slots=True)
class Empty:
    """One picture without containers: every box found in it from the threshold up is false.

    km2: of its ground, what the detector saw. gsd_m: the longer side of its pixels. doubted: whether a count of it would say
    that no box is sure, and begin its interval at none.
    """

    folder: str
    name: str
    km2: float
    false_boxes: int
    gsd_m: float
    doubted: bool


def bench_empty(
    folders: Sequence[Path],
    *,
    model: wiring.Model,
    gsd_m: float,
    settings: Settings,
    chosen: Callable[[list[str]], Sequence[str]] = lambda names: names,
) -> tuple[Empty, ...]:
    """Detects in the pictures of each folder, and of those below it, whose names `chosen` picks. gsd_m: pixel size, metres, of
    those that do not tell their own. UsageError where a picture is in two of the folders: it would count twice.
    """
    sources = [
        (name, source) for folder, name in zip(folders, _names(folders), strict=True) for source in _chosen(folder, chosen)
    ]
    twice = [path for path, times in Counter(Path(source.path).resolve() for _, source in sources).items() if times > 1]
    if twice:
        raise UsageError(
            "is in two of the folders, and would count twice", where=str(twice[0]), way_out="give each folder once"
        )
    scenes = (describe(source, gsd_m=(gsd_m, gsd_m), limits=settings) for _, source in sources)
    found = []
    for (folder, source), part in zip(sources, detect_each(scenes, model=model, settings=settings), strict=True):
        threshold = counted_from(part.card, asked=settings.threshold, settings=settings)
        (rows, cols), gsd = part.scene.grid.shape, part.scene.grid.gsd_m
        km2 = rows * cols * gsd[0] * gsd[1] / 1e6 * float(part.seen.share.mean()) / 255
        false_boxes = int(sure(part.detections, threshold=threshold).sum())
        found.append(Empty(folder, source.part, km2, false_boxes, max(gsd), _doubted(part, threshold=threshold)))
    return tuple(found)


def _doubted(part: Part, *, threshold: float) -> bool:
    quads = Frame.of_grid(part.scene.grid).quads(part.detections.quads, grid=part.scene.grid)
    boxes = replace(part.detections, quads=quads)
    return interval_of(boxes, threshold=threshold, card=part.card, gsd_m=max(part.scene.grid.gsd_m)).doubted


def _names(folders: Sequence[Path]) -> list[str]:
    """A name for each folder: its own, or as it was given where another is called so too."""
    own = [folder.resolve().name for folder in folders]
    return [str(folder) if own.count(name) > 1 else name for folder, name in zip(folders, own, strict=True)]


def _chosen(folder: Path, chosen: Callable[[list[str]], Sequence[str]]) -> list[Source]:
    # Listed as training lists them, or what it spared would be others.
    there = pictures_in(folder, deep=True)
    names = set(chosen([path.stem for path in there]))
    kept = [str(path) for path in there if path.stem in names]
    if not kept:
        raise UsageError("no pictures to look at", where=str(folder))
    return find_sources(kept)
