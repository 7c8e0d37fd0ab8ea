"""Detecting: scenes one by one as a run would look at them, outside any run; nothing is stored."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing

from sattrack import wiring
from sattrack.imagery import Scene
from sattrack.pipeline import detect_scene, plan_work
from sattrack.ports import Detector
from sattrack.results import Part
from sattrack.settings import Settings


def detect_each(
    scenes: Iterable[Scene],
    *,
    model: wiring.Model,
    settings: Settings,
    watch: Callable[[Detector], Detector] = lambda detector: detector,
) -> Iterator[Part]:
    """The part of each scene, in order. watch: may wrap the detector. Raises WeightsError, SceneError, DetectorError."""
    detector, card = wiring.load_model(model, settings=settings)
    detector = watch(detector)
    executor = wiring.make_executor(settings)
    with closing(wiring.make_reader(settings)) as reader:
        for scene in scenes:
            work = plan_work(scene, sha256=reader.digest(scene), card=card, settings=settings)
            yield detect_scene(work, reader=reader, detector=detector, card=card, settings=settings, executor=executor)[0]
