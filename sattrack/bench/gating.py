"""Gating: what an export costs against its weights, on places that they never saw and on scenes drawn for nothing else."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from sattrack import wiring
from sattrack.bench.accuracy import Accuracy, Measured, figures, measure
from sattrack.bench.datasets import LabelledImage, read_datasets
from sattrack.bench.figures import Figures
from sattrack.bench.folds import read_folds
from sattrack.bench.scoring import IOUS, Scored
from sattrack.detectors.backends import EIGHT_BIT
from sattrack.detectors.cards import card_for
from sattrack.detectors.exports import Export
from sattrack.detectors.ready_exports import places, ready_export
from sattrack.errors import UsageError
from sattrack.phrases import some
from sattrack.results import ModelCard
from sattrack.settings import Settings

# The most that an export may cost to be a default: points of AP50, and per cent of all boxes counted.
MOST_AP50 = 0.5
MOST_COUNT_PCT = 1.0
# The pairs of backends that are measured: the weights as they are, and the export.
EXACT = "openvino"
# Yards drawn for the gate alone.
FIRST_SEED, YARDS, GSDS_M, PIXELS = 9_500_000, 60, (0.28, 0.82), 320

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Held:
    """The same pictures by the weights and by their export. areas: of each under the whole curve of precision at IoU 0.5."""

    name: str
    weights: Figures
    export: Figures
    areas: tuple[float, float]

    @property
    def count_pct(self) -> float:
        """By how many of the weights' boxes the export counts more or fewer, per cent."""
        of = self.weights.at.found
        return 100 * (self.export.at.found - of) / max(of, 1)

    @property
    def ap50_cost(self) -> float:
        """Points of AP50 that the export costs, by the areas; below 0 where it gains.

        AP50 as it is usual, the mean at 101 recalls, is a staircase: the last recall that both reach, or one does not, is worth
        up to a point by itself, be it for five boxes of thousands.
        """
        return 100 * (self.areas[0] - self.areas[1])

    @property
    def ap50_cost_101(self) -> float:
        """The same by the means at 101 recalls."""
        return 100 * (self.weights.ap50 - self.export.ap50)

    @property
    def holds(self) -> bool:
        return abs(self.count_pct) <= MOST_COUNT_PCT and max(self.ap50_cost, self.ap50_cost_101) <= MOST_AP50


@dataclass(frozen=True, slots=True)
class Gate:
    """sets: each labelled set, by the fold that never saw it. real: all of them. rendered: each drawn set, and all of them."""

    sets: tuple[Held, ...]
    real: Held
    rendered: tuple[Held, ...]

    @property
    def passed(self) -> bool:
        return self.real.holds and self.rendered[-1].holds

    @property
    def worst(self) -> Held:
        """The labelled set whose count changes most."""
        return max(self.sets, key=lambda one: abs(one.count_pct))


def bench_gate(
    weights: Path, folds: Sequence[Path], *, data: Path, settings: Settings, yards: int = YARDS, processes: int = 1,
    told: Told = lambda _said: None,
) -> Gate:  # fmt: skip
    """Each fold's export in 8 bits on the sets that the fold never saw, and that of the weights on drawn pictures, each beside
    single precision. The exports must be there: see prepare. Raises UsageError, ManifestError, WeightsError, SceneError.
    """
    pairs: list[tuple[Measured, Measured]] = []
    for fold in read_folds(folds, data=data):
        pairs += _both(fold.weights, fold.images, settings=settings, told=told)
    threshold = settings.threshold or wiring.card_of(wiring.Model(str(weights))).threshold
    names = sorted({one.image.dataset for one, _ in pairs})
    drawn = _drawn(weights, yards=yards, processes=processes, settings=settings, told=told)
    kinds = sorted({one.image.dataset for one, _ in drawn})
    return Gate(
        tuple(held(_of(pairs, name), name=name, threshold=threshold) for name in names),
        held(pairs, name="all", threshold=threshold),
        (
            *(held(_of(drawn, name), name=name, threshold=threshold) for name in kinds),
            held(drawn, name="all rendered", threshold=threshold),
        ),
    )


def prepare(weights: Sequence[Path], *, processes: int, told: Told) -> Export:
    """Exports in 8 bits of all of these by the present recipe, made where they are not there; that of the first.

    UsageError where one beside its weights is of another recipe.
    """
    from sattrack.detectors.quantising import RECIPE, export_8_bit_to
    from sattrack.synthetic.calibration import drawn_calibration, said

    for path in weights:
        card = card_for(path)
        beside, at = places(path, card=card, backend=EIGHT_BIT)
        recipe = f"{RECIPE}; {said(card)}"
        if any(place.is_file() for place in (beside, at)):
            if ready_export(path, card=card, backend=EIGHT_BIT).stated.calibration == recipe:
                continue
            if beside.is_file():
                raise UsageError("is of another recipe", where=str(beside), way_out="remove it, and it is made again")
        told(f"{path.stem} in 8 bits")
        export_8_bit_to(None, weights=path, card=card, calibrate=partial(drawn_calibration, processes=processes, told=told))
    return ready_export(weights[0], card=card_for(weights[0]), backend=EIGHT_BIT)


Pairs = Sequence[tuple[Measured, Measured]]


def _drawn(weights: Path, *, yards: int, processes: int, settings: Settings, told: Told) -> Pairs:
    from sattrack.assets import asset_folder
    from sattrack.synthetic.labelled_set import orders_by_seed, write_set

    with tempfile.TemporaryDirectory(prefix="sattrack-gate-") as folder:
        told(f"drawing {some(yards, 'yard')}")
        places = [Path(folder) / "yards"]
        orders = orders_by_seed(count=yards, first_seed=FIRST_SEED, gsd_m=GSDS_M, pixels=PIXELS)
        for _ in write_set(places[0], orders, processes=processes):
            pass
        if (shipped := asset_folder("samples") / "benchmark").is_dir():
            places.append(shipped)
        return _both(weights, read_datasets(places), settings=settings, told=told)


def _both(weights: Path, images: Sequence[LabelledImage], *, settings: Settings, told: Told) -> Pairs:
    one, two = (_measured(weights, images, backend=backend, settings=settings, told=told) for backend in (EXACT, EIGHT_BIT))
    return list(zip(one.images, two.images, strict=True))


def _measured(weights: Path, images: Sequence[LabelledImage], *, backend: str, settings: Settings, told: Told) -> Accuracy:
    told(f"{weights.stem} by {backend} on {some(len(images), 'picture')}")
    return measure(images, model=wiring.Model(str(weights), backend=backend), threshold=settings.threshold, settings=settings)


def _of(pairs: Pairs, name: str) -> Pairs:
    return [pair for pair in pairs if pair[0].image.dataset == name]


def held(pairs: Pairs, *, name: str, threshold: float) -> Held:
    """What both say of the same pictures."""
    one, two = (figures([pair[i] for pair in pairs], name=name, threshold=threshold) for i in (0, 1))
    areas = tuple(area_under([pair[i].scored for pair in pairs]) for i in (0, 1))
    return Held(name, one, two, (areas[0], areas[1]))


def area_under(scored: Sequence[Scored]) -> float:
    """The area under precision over recall at an IoU of 0.5; precision at a recall is the best at any from it on (VOC 2010)."""
    scores, hits = np.concatenate([s.scores for s in scored]), np.concatenate([s.hits[IOUS.index(0.5)] for s in scored])
    claimed = np.cumsum(hits[np.argsort(-scores, kind="stable")])
    precision = np.maximum.accumulate((claimed / np.arange(1, len(claimed) + 1))[::-1])[::-1]
    return float(np.diff(claimed, prepend=0) @ precision / max(sum(s.n_true for s in scored), 1))


def gate_row(gate: Gate, *, sha256: str, calibration: str, instructions: str) -> dict[str, object]:
    """The row of a model card's exports: which file, what it was found to cost, and whether that passes.

    instructions: of the processor on which that was measured, as detectors.instructions names them.
    """
    real, drawn, worst = gate.real, gate.rendered[-1], gate.worst
    return {
        "backend": "openvino", "precision": "int8", "instructions": instructions, "passed": gate.passed, "sha256": sha256,
        "boxes": real.weights.at.true, "found": real.weights.at.found, "found_by_export": real.export.at.found,
        "count_pct": round(real.count_pct, 2), "ap50_cost": round(real.ap50_cost, 2),
        "ap50_cost_101": round(real.ap50_cost_101, 2),
        "worst_set": worst.name, "worst_set_pct": round(worst.count_pct, 1),
        "rendered_boxes": drawn.weights.at.true, "rendered_found": drawn.weights.at.found,
        "rendered_count_pct": round(drawn.count_pct, 2), "rendered_ap50_cost": round(drawn.ap50_cost, 2),
        "rendered_ap50_cost_101": round(drawn.ap50_cost_101, 2),
        "calibration": calibration,
    }  # fmt: skip


def with_row(card: ModelCard, row: dict[str, object]) -> ModelCard:
    """The card with this row in place of an older one of the same file, or of another file, on processors of the same kind.

    What was measured of another file on processors of another kind goes, too: that file is here no more.
    """
    same, kind = ("backend", "precision", "sha256"), row["instructions"]
    others = [one for one in card.exports if all(one.get(k) == row[k] for k in same) and one.get("instructions") != kind]
    return replace(card, exports=(*others, row))
