"""Accuracy: labelled sets through the same path as any scene, scored against what people outlined."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sattrack import wiring
from sattrack.bench.datasets import LabelledImage, read_datasets, scene_of
from sattrack.bench.detecting import counted_from, detect_each
from sattrack.bench.figures import Figures, figures_of
from sattrack.bench.predictions import read_predictions
from sattrack.bench.scoring import Scored, score
from sattrack.detections import Detections
from sattrack.errors import UsageError
from sattrack.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One labelled picture and what was found in it.

    image: the picture with its labels and what its set says of it. found: every stored box of a class that is counted, from the
    score floor up, in the picture's pixels, those in ignore polygons too. scored: found boxes outside these, by falling score,
    and which of them claim a labelled one. device: what ran the network.
    """

    image: LabelledImage
    found: Detections
    scored: Scored
    device: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Accuracy:
    """What a benchmark found of one detector.

    images: every picture, in the order of the sets given. threshold: the score from which its boxes are counted. model_id: the
    id of its model card, or the name of the file of boxes. seconds: reading, detecting and scoring.
    """

    images: tuple[Measured, ...]
    threshold: float
    model_id: str
    seconds: float

    def by_set(self) -> dict[str, tuple[Measured, ...]]:
        """The pictures of each set, in order of the sets' names."""
        names = sorted({m.image.dataset for m in self.images})
        return {name: tuple(m for m in self.images if m.image.dataset == name) for name in names}


# Called after each picture: what was measured, how many are done, of how many.
Heard = Callable[[Measured, int, int], None]


def bench_accuracy(
    datasets: Sequence[Path],
    *,
    model: wiring.Model | None = None,
    threshold: float | None = None,
    predictions: Path | None = None,
    settings: Settings | None = None,
    heard: Heard | None = None,
) -> Accuracy:
    """The accuracy of a model, or of boxes from a file, on the pictures of some sets; see measure."""
    return measure(
        read_datasets(datasets), model=model, threshold=threshold, predictions=predictions, settings=settings, heard=heard
    )


def measure(
    images: Sequence[LabelledImage],
    *,
    model: wiring.Model | None = None,
    threshold: float | None = None,
    predictions: Path | None = None,
    predicted_classes: Sequence[str] = (),
    settings: Settings | None = None,
    heard: Heard | None = None,
    told: Callable[[str], None] = lambda _note: None,
) -> Accuracy:
    """Detects in every picture and scores the boxes; or scores those of `predictions`, a file as read_predictions takes it.

    Each picture is a scene of its own, read and stretched as any other; its pixel size comes from the set. Without a threshold
    the model card's; one below the score floor is refused. predicted_classes, told: see read_predictions. Raises UsageError,
    ManifestError, WeightsError, SceneError: a benchmark with a picture missing is none.
    """
    if not images:
        raise UsageError("no labelled sets were given", way_out="give folders with images/, labels_obb/ and meta.json")
    began = time.monotonic()
    if predictions is not None:
        if threshold is None:
            raise UsageError(
                "boxes from a file have no threshold of their own", where=str(predictions), way_out="give --threshold"
            )
        model_id = predictions.name
        read = read_predictions(predictions, images=images, classes=predicted_classes, told=told)
        found: Found = ((image, read.get(image.name, Detections.none()), "from a file") for image in images)
    else:
        settings = settings or Settings()
        model = model or wiring.Model(careful=settings.careful)
        card = wiring.card_of(model)
        threshold = counted_from(card, asked=threshold, settings=settings)
        model_id = card.id
        found = _detected(images, model, settings=settings)
    measured: list[Measured] = []
    for image, boxes, where in found:
        measured.append(Measured(image, boxes, score(boxes, truth=image.truth, ignore=image.ignore), where))
        if heard:
            heard(measured[-1], len(measured), len(images))
    return Accuracy(tuple(measured), threshold, model_id, time.monotonic() - began)


def figures(measured: Sequence[Measured], *, name: str, threshold: float) -> Figures:
    """The figures of any pictures, one at least, pooled."""
    return figures_of(
        [m.scored for m in measured], name=name, gsd_m=[max(m.image.gsd_m) for m in measured], threshold=threshold
    )


def all_figures(result: Accuracy) -> tuple[Figures, ...]:
    """A row for each set, and at the end one for all of them together, named `all`; `all sets` where a set is called so."""
    sets = result.by_set()
    rows = [figures(measured, name=name, threshold=result.threshold) for name, measured in sets.items()]
    return (*rows, figures(result.images, name="all sets" if "all" in sets else "all", threshold=result.threshold))


Found = Iterator[tuple[LabelledImage, Detections, str]]


def _detected(images: Sequence[LabelledImage], model: wiring.Model, *, settings: Settings) -> Found:
    """Each picture with its boxes in source pixels, and the device that found them."""
    scenes = (scene_of(image, limits=settings) for image in images)
    for image, part in zip(images, detect_each(scenes, model=model, settings=settings), strict=True):
        yield image, part.detections, part.device
