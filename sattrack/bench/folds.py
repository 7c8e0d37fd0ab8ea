"""Folds: weights that were trained without some labelled sets, each with the pictures of these."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sattrack import wiring
from sattrack.bench.datasets import LabelledImage, read_datasets
from sattrack.errors import UsageError
from sattrack.labels.seen import left_out_sets
from sattrack.results import ModelCard


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """images: of the sets that the weights never saw, by their card."""

    weights: Path
    card: ModelCard
    images: tuple[LabelledImage, ...]


def read_folds(folds: Sequence[Path], *, data: Path, careful: bool = False) -> tuple[Fold, ...]:
    """All of them, before any network runs: a mistake in the last is then said at once.

    data: the folder of labelled sets, or the set of which splits were left out. UsageError where a card names no left-out set,
    or two folds leave out the same one; ManifestError, SceneError where a set cannot be read.
    """
    by: dict[str, Path] = {}
    found = []
    for weights in folds:
        card = wiring.card_of(wiring.Model(str(weights), careful=careful))
        sets = left_out_sets(card.trained_on)
        if not sets:
            raise UsageError("the card names no set that was left out", where=str(weights), way_out="train with --fold")
        twice = [name for name in sets if by.setdefault(name, weights) != weights or folds.count(weights) > 1]
        if twice:
            raise UsageError(f"{', '.join(twice)} was left out by two of the weights", where=str(weights))
        found.append(Fold(weights, card, read_datasets([_place(data, name) for name in sets])))
    return tuple(found)


def _place(data: Path, name: str) -> Path:
    """Where a set is; SET/SPLIT may be of the very set that was given."""
    own, _, split = name.rpartition("/")
    return data / split if own == data.resolve().name and not (data / own).exists() else data / name
