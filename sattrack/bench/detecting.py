"""Detecting: scenes one by one as a run would look at them, outside any run; nothing is stored."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace

from sattrack import wiring
from sattrack.errors import UsageError
from sattrack.imagery import Scene
from sattrack.pipeline import detect_scene, plan_work
from sattrack.ports import Detector
from sattrack.results import ModelCard, Part
from sattrack.settings import Settings
from sattrack.steps.picking import countable


def detect_each(
    scenes: Iterable[Scene],
    *,
    model: wiring.Model,
    settings: Settings,
    watch: Callable[[Detector], Detector] = lambda detector: detector,
) -> Iterator[Part]:
    """The part of each scene, in order, with the boxes of the classes that a run counts. watch: may wrap the detector.

    Raises WeightsError, SceneError, DetectorError.
    """
    detector, card = wiring.load_model(model, settings=settings)
    detector = watch(detector)
    executor = wiring.make_executor(settings)
    with closing(wiring.make_reader(settings)) as reader:
        for scene in scenes:
            work = plan_work(scene, sha256=reader.digest(scene), card=card, settings=settings)
            part = detect_scene(work, reader=reader, detector=detector, card=card, settings=settings, executor=executor)[0]
            yield replace(part, detections=part.detections.where(countable(part)))


def counted_from(card: ModelCard, *, asked: float | None, settings: Settings) -> float:
    """The score from which boxes are counted: as asked, or the card's. UsageError where some of these are not even kept."""
    threshold = card.threshold if asked is None else asked
    if threshold < settings.score_floor:
        raise UsageError(
            f"boxes cannot be counted from {threshold:g}: those below score_floor = {settings.score_floor:g} are not kept",
            where=card.id, way_out="give a higher threshold, or a lower score_floor in the settings",
        )  # fmt: skip
    return threshold
