"""Intervals: whether 90 % intervals on counts hold, on yards rendered for it and on places that weights never saw."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sattrack import wiring
from sattrack.bench.accuracy import Heard, bench_accuracy
from sattrack.bench.coverage import Intervals, judge_each
from sattrack.errors import UsageError
from sattrack.phrases import some
from sattrack.results import ModelCard
from sattrack.settings import Settings
from sattrack.synthetic.labelled_set import orders_by_seed, write_set
from sattrack.synthetic.seeds import SETS_SEED

# Yards of these seeds are kept out of training, and out of the other benchmarks.
FIRST_SEED = SETS_SEED + 100_000
GSD_M = (0.28, 0.82)


@dataclass(frozen=True, slots=True)
class Yards:
    """Rendered yards to be counted: how many, of how many pixels a side, from which seed on."""

    count: int = 150
    pixels: int = 500
    first_seed: int = FIRST_SEED


def bench_rendered(
    yards: Yards,
    *,
    model: wiring.Model,
    settings: Settings,
    bands: ModelCard | None = None,
    processes: int = 1,
    drawn: Callable[[int], None] = lambda _n: None,
    heard: Heard | None = None,
) -> Intervals:
    """Renders yards of pixels spread over GSD_M, counts them and judges the intervals.

    bands: the card that makes these; none: the model's own. drawn: called with how many yards are there.
    """
    card = _measured(bands or wiring.card_of(model))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "rendered"
        orders = orders_by_seed(count=yards.count, first_seed=yards.first_seed, gsd_m=GSD_M, pixels=yards.pixels)
        for number, _ in enumerate(write_set(folder, orders, processes=processes), 1):
            drawn(number)
        found = bench_sets([folder], model=model, settings=settings, bands=card, heard=heard)
    last = yards.first_seed + yards.count - 1
    return Intervals(f"{some(yards.count, 'rendered yard')}, seeds {yards.first_seed} to {last}", found.card, found.pictures)


def bench_sets(
    datasets: Sequence[Path],
    *,
    model: wiring.Model,
    settings: Settings,
    bands: ModelCard | None = None,
    heard: Heard | None = None,
) -> Intervals:
    """Counts labelled pictures and judges the intervals, bands as above: figures tell only of weights that never saw them."""
    card = _measured(bands or wiring.card_of(model))
    result = bench_accuracy(datasets, model=model, threshold=settings.threshold, settings=settings, heard=heard)
    return Intervals("labelled sets", card, judge_each(result.images, card=card, threshold=result.threshold))


def _measured(card: ModelCard) -> ModelCard:
    if not card.measured:
        raise UsageError(
            "nothing was measured for these weights, so there are no intervals to judge",
            where=card.id,
            way_out="give --data and --fold, or write their card with `sattrack bench card`",
        )
    return card
