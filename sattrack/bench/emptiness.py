"""Emptiness: false boxes on pictures that hold no container, per square kilometre."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sattrack import wiring
from sattrack.errors import UsageError
from sattrack.pipeline import detect_scene, plan_work
from sattrack.readers.describing import describe
from sattrack.readers.finding import find_sources
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
    weights: str | wiring.Model,
    gsd_m: float,
    settings: Settings,
    chosen: Callable[[list[str]], Sequence[str]] = lambda names: names,
    on_picture: Callable[[Empty], None] = lambda _empty: None,
) -> tuple[Empty, ...]:
    """Detects in the pictures of each folder whose names `chosen` picks. gsd_m: pixel size taken for all of them, metres."""
    model = weights if isinstance(weights, wiring.Model) else wiring.Model(weights)
    detector, card = wiring.load_model(model, settings=settings)
    threshold = card.threshold if settings.threshold is None else settings.threshold
    reader, executor = wiring.make_reader(settings), wiring.make_executor(settings)
    found = []
    try:
        for folder in folders:
            sources = find_sources([str(folder)])
            names = set(chosen([Path(source.path).stem for source in sources]))
            if not names:
                raise UsageError("no pictures to look at", where=str(folder))
            for source in sources:
                if Path(source.path).stem not in names:
                    continue
                scene = describe(source, gsd_m=(gsd_m, gsd_m), limits=settings)
                work = plan_work(scene, sha256=reader.digest(scene), card=card, settings=settings)
                part, _ = detect_scene(
                    work,
                    reader=reader,
                    sample=reader.sample,
                    detector=detector,
                    card=card,
                    settings=settings,
                    executor=executor,
                )
                rows, cols = scene.grid.shape
                km2 = rows * cols * scene.grid.gsd_m[0] * scene.grid.gsd_m[1] / 1e6
                found.append(Empty(folder.name, source.part, km2, int((part.detections.scores >= threshold).sum())))
                on_picture(found[-1])
    finally:
        reader.close()
    return tuple(found)


Table = tuple[tuple[str, ...], list[tuple[str, ...]]]


def empty_rows(found: Sequence[Empty]) -> Table:
    """Head and rows of a table: each folder, then all together; and the worst picture of each."""
    folders = list(dict.fromkeys(one.folder for one in found))
    rows: list[tuple[str, ...]] = []
    for name in [*folders, "all"]:
        own = [one for one in found if name in (one.folder, "all")]
        km2, boxes = sum(one.km2 for one in own), sum(one.false_boxes for one in own)
        clean = sum(one.false_boxes == 0 for one in own)
        worst = max(own, key=lambda one: (one.false_boxes, one.name))
        rows.append(
            (
                name,
                str(len(own)),
                f"{km2:.2f}",
                str(boxes),
                f"{boxes / km2:.1f}",
                str(clean),
                f"{worst.name} ({worst.false_boxes})",
            )
        )
    return ("folder", "pictures", "km2", "false boxes", "per km2", "without any", "worst"), rows
