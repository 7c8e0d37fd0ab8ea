"""Accuracy: labelled sets through the same path as any scene, scored against what people outlined."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sattrack import wiring
from sattrack.bench.datasets import LabelledImage, read_datasets, scene_of
from sattrack.bench.detecting import detect_each
from sattrack.bench.predictions import read_predictions
from sattrack.bench.scoring import IOUS, Scored, Tally, average_precision, ignored_area, score, tally
from sattrack.detections import Detections
from sattrack.errors import UsageError
from sattrack.settings import Settings

THRESHOLDS = tuple(round(0.05 * i, 2) for i in range(2, 11))


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One labelled picture and what was found in it. found: every stored box, in the picture's pixels."""

    image: LabelledImage
    found: Detections
    scored: Scored
    device: str = ""

    @property
    def area_ha(self) -> float:
        """Ground that is scored: the picture without its ignore polygons."""
        rows, cols = self.image.shape
        px = rows * cols - (ignored_area(self.image.ignore, shape=self.image.shape) if self.image.ignore else 0.0)
        return float(max(px, 1.0) * self.image.gsd_m[0] * self.image.gsd_m[1] / 1e4)


@dataclass(frozen=True, slots=True, eq=False)
class Accuracy:
    """What a benchmark found: every picture, and what made the boxes. seconds: reading and detecting."""

    images: tuple[Measured, ...]
    threshold: float
    model_id: str
    seconds: float

    def by_set(self) -> dict[str, tuple[Measured, ...]]:
        """The pictures of each set, in order of the sets' names."""
        names = sorted({m.image.dataset for m in self.images})
        return {name: tuple(m for m in self.images if m.image.dataset == name) for name in names}


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of one set, or of several together.

    at: boxes at the threshold. mae_pct: sum of the pictures' absolute count errors, per cent of all boxes. ap: at each of IOUS.
    error_pct: count error at each of THRESHOLDS, per cent.
    """

    name: str
    pictures: int
    gsd_m: tuple[float, float]
    at: Tally
    mae_pct: float
    ap: tuple[float, ...]
    error_pct: dict[float, float]


def bench_accuracy(
    datasets: Sequence[Path],
    *,
    model: wiring.Model | None = None,
    threshold: float | None = None,
    predictions: Path | None = None,
    settings: Settings | None = None,
) -> Accuracy:
    """Detects in every picture of the sets and scores the boxes; or scores those of `predictions`, a CSV as export writes it.

    Each picture is a scene of its own, read and stretched as any other; its pixel size comes from the set. Without a threshold
    the model card's. Raises UsageError, ManifestError, WeightsError, SceneError: a benchmark with a picture missing is none.
    """
    images = read_datasets(datasets)
    if not images:
        raise UsageError("no labelled sets were given", way_out="give folders with images/, labels_obb/ and meta.json")
    began = time.monotonic()
    if predictions is not None:
        if threshold is None:
            raise UsageError("predictions from a file have no threshold of their own", way_out="give --threshold")
        model_id = predictions.name
        found = _read(images, predictions)
    else:
        model = model or wiring.Model()
        card = wiring.card_of(model)
        threshold = card.threshold if threshold is None else threshold
        model_id = card.id
        found = _detected(images, model, settings=settings or Settings())
    measured = tuple(
        Measured(image, boxes, score(boxes, truth=image.truth, ignore=image.ignore), where) for image, boxes, where in found
    )
    return Accuracy(measured, threshold, model_id, time.monotonic() - began)


def figures(measured: Sequence[Measured], *, name: str, threshold: float) -> Figures:
    """The figures of any pictures, pooled."""
    scored = [m.scored for m in measured]
    at = tally(scored, threshold=threshold)
    apart = sum(abs(one.found - one.true) for one in (tally([s], threshold=threshold) for s in scored))
    sizes = [max(m.image.gsd_m) for m in measured]
    return Figures(
        name=name,
        pictures=len(measured),
        gsd_m=(min(sizes), max(sizes)),
        at=at,
        mae_pct=100 * apart / at.true if at.true else float("nan"),
        ap=tuple(average_precision(scored, iou=iou) for iou in IOUS),
        error_pct={t: tally(scored, threshold=t).error_pct for t in THRESHOLDS},
    )


def all_figures(result: Accuracy) -> tuple[Figures, ...]:
    """A row for each set, and at the end one for all of them together, named `all`."""
    rows = [figures(measured, name=name, threshold=result.threshold) for name, measured in result.by_set().items()]
    return (*rows, figures(result.images, name="all", threshold=result.threshold))


Found = Iterator[tuple[LabelledImage, Detections, str]]


def _detected(images: Sequence[LabelledImage], model: wiring.Model, *, settings: Settings) -> Found:
    """Each picture with its boxes in source pixels, and the device that found them."""
    scenes = (scene_of(image, limits=settings) for image in images)
    for image, part in zip(images, detect_each(scenes, model=model, settings=settings), strict=True):
        yield image, part.detections, part.device


def _read(images: Sequence[LabelledImage], predictions: Path) -> Found:
    boxes = read_predictions(predictions, names=[image.name for image in images])
    for image in images:
        yield image, boxes.get(image.name, Detections.none()), "from a file"
