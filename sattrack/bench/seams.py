"""Seams: the same pictures read with several tile grids, to see what tile borders and the grid's place do to counts."""

import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sattrack import wiring
from sattrack.bench.datasets import LabelledImage, read_datasets, scene_of
from sattrack.bench.detecting import counted_from, detect_each
from sattrack.bench.scoring import IOUS, match
from sattrack.detections import Detections
from sattrack.errors import SettingsError, UsageError
from sattrack.geometry import Quads, sides
from sattrack.phrases import some
from sattrack.results import ModelCard
from sattrack.settings import Settings
from sattrack.steps.tiling import Plan, plan_windows
from sattrack.synthetic.labelled_set import Order, orders_by_seed, write_set
from sattrack.synthetic.seeds import SETS_SEED

# Yards are drawn from SETS_SEED on; kinds with dense blocks, in turn.
FIRST_SEED = SETS_SEED
KINDS = ("tight", "rtg", "across", "straddle")
GSD_M = (0.28, 0.82)
# Moving the grid must not move a count by more.
MOST_SHIFT, MOST_BOXES = 0.02, 2
AWAY, NEAR, EDGE = 0, 1, 2
_IOU = IOUS[0]
_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One picture read with one grid. found: boxes at the threshold outside ignored places, the surest first.

    claims: (n,) row of the labelled box that each claims, -1 for none. lies: (n,), true_lies: (labelled,) and wide_lies: (found
    by the wide reading,), where all these lie under this grid, see lying.
    """

    found: Detections
    claims: NDArray[np.intp]
    lies: NDArray[np.int8]
    true_lies: NDArray[np.int8]
    wide_lies: NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """One picture under every grid, and once under tiles with far more overlap. shifts: readings in the grids' order."""

    image: LabelledImage
    shifts: tuple[Reading, ...]
    wide: Reading


@dataclass(frozen=True, slots=True, eq=False)
class Seams:
    """What was read. shifts_m: of each grid, metres (x, y). overlap_m: as set, and of the wide reading."""

    pictures: tuple[Laid, ...]
    shifts_m: tuple[tuple[float, float], ...]
    overlap_m: tuple[float, float]
    threshold: float
    model_id: str


def dense_yards(count: int, *, pixels: int, first_seed: int = FIRST_SEED) -> tuple[Order, ...]:
    """Orders for dense yards, their kinds in turn."""
    plain = orders_by_seed(count=count, first_seed=first_seed, gsd_m=GSD_M, pixels=pixels)
    return tuple(Order(o.name, o.seed, o.gsd_m, o.pixels, KINDS[i % len(KINDS)]) for i, o in enumerate(plain))


def bench_rendered(
    orders: Sequence[Order], *, model: wiring.Model, settings: Settings, shifts: int, processes: int = 1,
    heard: Callable[[str], None] = lambda _line: None,
) -> Seams:  # fmt: skip
    """Renders the yards and lays them."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "rendered"
        for _ in write_set(folder, orders, processes=processes):
            pass
        heard(f"{some(len(orders), 'yard')} rendered")
        return bench_seams([folder], model=model, settings=settings, shifts=shifts, heard=heard)


def bench_seams(
    datasets: Sequence[Path], *, model: wiring.Model, settings: Settings, shifts: int,
    heard: Callable[[str], None] = lambda _line: None,
) -> Seams:  # fmt: skip
    """Reads labelled pictures with so many grids, spread evenly over a tile's step, and once with half the step.

    UsageError where there is no picture or less than two grids; SettingsError where tiles are hardly longer than their overlap.
    """
    if shifts < 2:
        raise UsageError("a shift error needs two grids or more", way_out="give --shifts 5")
    images = read_datasets(datasets)
    if not images:
        raise UsageError("no labelled sets were given", way_out="give folders with images/, labels_obb/ and meta.json")
    card = wiring.card_of(model)
    threshold = counted_from(card, asked=settings.threshold, settings=settings)
    step = card.tile_px * card.gsd_m - settings.overlap_m
    if step <= 1:
        raise SettingsError(
            f"tiles of {card.tile_px * card.gsd_m:g} m do not reach beyond their overlap of {settings.overlap_m:g} m",
            way_out="lower overlap_m",
        )
    # Along the rows by even parts, along the columns by the golden ratio's: both axes meet all phases, and not together.
    shifts_m = tuple((step * i / shifts, step * (i * _GOLDEN % 1)) for i in range(shifts))
    asked = [settings.model_copy(update={"tile_shift_m": shift}) for shift in shifts_m]
    wide_m = settings.overlap_m + step / 2
    asked.append(settings.model_copy(update={"overlap_m": wide_m}))
    found: list[list[Detections]] = []
    for number, one in enumerate(asked):
        parts = detect_each((scene_of(image, limits=one) for image in images), model=model, settings=one)
        found.append([part.detections.where(part.detections.scores >= threshold) for part in parts])
        heard(f"{some(len(images), 'picture')} read, {number + 1} of {len(asked)} times")
    laid = []
    for image, *boxes, wide in zip(images, *found, strict=True):
        kept = [b.where(match(b, truth=image.truth, ignore=image.ignore).rows) for b in (*boxes, wide)]
        readings = [
            _reading(b, image=image, card=card, settings=one, wide=kept[-1]) for b, one in zip(kept, asked, strict=True)
        ]
        laid.append(Laid(image, tuple(readings[:-1]), readings[-1]))
    return Seams(tuple(laid), shifts_m, (settings.overlap_m, wide_m), threshold, card.id)


def _reading(found: Detections, *, image: LabelledImage, card: ModelCard, settings: Settings, wide: Detections) -> Reading:
    plan = plan_windows(
        image.shape, gsd_m=image.gsd_m, model_gsd_m=card.gsd_m, tile_px=card.tile_px, overlap_m=settings.overlap_m,
        longest_object_m=settings.longest_object_m, shift_m=settings.tile_shift_m,
    )  # fmt: skip
    claims = match(found, truth=image.truth).claims[IOUS.index(_IOU)]
    lies = [lying(quads, plan=plan, shape=image.shape, gsd_m=image.gsd_m) for quads in (found.quads, image.truth, wide.quads)]
    return Reading(found, claims, *lies)


def lying(quads: Quads, *, plan: Plan, shape: tuple[int, int], gsd_m: tuple[float, float]) -> NDArray[np.int8]:
    """(n, 4, 2) in source pixels -> (n,): NEAR where the middle lies within the box's long side of a border between two cores.

    EDGE where it lies so near the edge of the picture of (rows, cols), which cuts boxes however tiles are laid; AWAY elsewhere.
    """
    if not len(quads):
        return np.zeros(0, np.int8)
    metres = quads * np.asarray(gsd_m)
    middle, long = metres.mean(axis=1), sides(metres)[0]
    lies = np.full(len(quads), AWAY, np.int8)
    for axis, edges in enumerate(({c.core[0] for c in plan.cells}, {c.core[1] for c in plan.cells})):
        borders = np.array([e for e in edges if math.isfinite(e)]) * gsd_m[axis]
        near = (np.abs(middle[:, axis, None] - borders) <= long[:, None]).any(axis=1)
        lies[near] = NEAR
    size = np.array([shape[1] * gsd_m[0], shape[0] * gsd_m[1]])
    lies[(np.minimum(middle, size - middle) <= long[:, None]).any(axis=1)] = EDGE
    return lies


def always_found(readings: Sequence[Detections]) -> tuple[int, int]:
    """Of all things found in any of the readings of one picture, how many were found in every one; and how many there are."""
    seen, times = np.zeros((0, 4, 2)), np.zeros(0, int)
    for found in readings:
        matches = match(found, truth=seen)
        claims, ordered = matches.claims[IOUS.index(_IOU)], found.where(matches.rows)
        times[claims[claims >= 0]] += 1
        new = ordered.quads[claims < 0]
        seen, times = np.concatenate([seen, new]), np.concatenate([times, np.ones(len(new), int)])
    return int((times == len(readings)).sum()), len(times)
