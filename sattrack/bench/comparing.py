"""Comparing: several detectors over the same labelled pictures, one after another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sattrack import wiring
from sattrack.bench.accuracy import Accuracy, Heard, measure
from sattrack.bench.datasets import LabelledImage
from sattrack.bench.detecting import counted_from
from sattrack.errors import UsageError
from sattrack.settings import Settings


@dataclass(frozen=True, slots=True)
class Contender:
    """What is measured: a model, or a file of boxes. threshold: none for the model card's; a file of boxes needs one.

    classes: which boxes of the file are containers, by name or id; empty: those that are called so.
    """

    model: wiring.Model = field(default_factory=wiring.Model)
    predictions: Path | None = None
    threshold: float | None = None
    classes: tuple[str, ...] = ()


def bench_several(
    images: Sequence[LabelledImage],
    contenders: Sequence[Contender],
    *,
    settings: Settings | None = None,
    heard: Heard | None = None,
    begins: Callable[[Contender], None] | None = None,
    told: Callable[[str], None] = lambda _note: None,
) -> tuple[Accuracy, ...]:
    """The accuracy of each, in order; of several of one id the later have a number behind it. told: hears what of a file of
    boxes is not scored. Raises as measure.

    Cards are read, and files of boxes scored, before any network is loaded: a mistake in the last is said before the first
    has run for minutes.
    """
    if not contenders:
        raise UsageError("nothing was given to measure", way_out="give weights, a detector or a file of boxes")
    for one in contenders:
        if one.predictions is None and not one.model.detector:
            counted_from(wiring.card_of(one.model), asked=one.threshold, settings=settings or Settings())
    found: dict[int, Accuracy] = {}
    for i in sorted(range(len(contenders)), key=lambda i: contenders[i].predictions is None):
        one = contenders[i]
        if begins:
            begins(one)
        found[i] = measure(
            images, model=one.model, threshold=one.threshold, predictions=one.predictions, predicted_classes=one.classes,
            settings=settings, heard=heard, told=told,
        )  # fmt: skip
    return _told_apart([found[i] for i in range(len(contenders))])


def _told_apart(results: Sequence[Accuracy]) -> tuple[Accuracy, ...]:
    met: dict[str, int] = {}
    apart = []
    for one in results:
        met[one.model_id] = met.get(one.model_id, 0) + 1
        again = met[one.model_id]
        apart.append(one if again == 1 else replace(one, model_id=f"{one.model_id} ({again})"))
    return tuple(apart)
