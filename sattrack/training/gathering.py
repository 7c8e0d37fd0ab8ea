"""Gathering: the pictures that a recipe asks for, each with its share of the draws."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sattrack.errors import UsageError
from sattrack.training.pictures import SUFFIXES, Picture, read_empty, read_labelled, render_pictures
from sattrack.training.recipes import EmptySource, LabelledSource, Recipe, spared


def gather(
    recipe: Recipe,
    *,
    data: Path,
    processes: int = 1,
    cache: Path | None = None,
    told: Callable[[str], None] = lambda _line: None,
) -> tuple[tuple[Picture, ...], NDArray[np.float64]]:
    """All pictures, and the weight of each. UsageError where a folder holds nothing."""
    pictures: list[Picture] = []
    weights: list[float] = []

    def add(found: Iterable[Picture], shares: Iterable[float], weight: float) -> None:
        found, share = list(found), np.array(list(shares), float)
        pictures.extend(found)
        weights.extend(share / share.sum() * weight)

    for labelled in recipe.labelled:
        sets = _labelled_sets(labelled, data=data)
        shares = [
            np.sqrt(sum(len(p.quads) for p in one) + 1) * np.sqrt(len(p.quads) + 1) / _sum_of_roots(one)
            for one in sets
            for p in one
        ]
        add([p for one in sets for p in one], shares, labelled.weight)
        told(f"{labelled.folder}: {len(sets)} sets, {sum(len(one) for one in sets)} pictures")
    for empty in recipe.empty:
        found = _empty(empty, data=data)
        add(found, [1.0] * len(found), empty.weight)
        told(f"{empty.folder}: {len(found)} pictures without containers")
    if recipe.rendered:
        seeds = range(recipe.rendered.first_seed, recipe.rendered.first_seed + recipe.rendered.count)
        drawn = render_pictures(seeds, processes=processes, cache=cache)
        add(drawn, [1.0] * len(drawn), recipe.rendered.weight)
        told(f"rendered: {len(drawn)} yards, {sum(len(p.quads) for p in drawn)} boxes")
    if not pictures:
        raise UsageError(f"the recipe {recipe.name!r} names no pictures")
    return tuple(pictures), np.array(weights)


def _labelled_sets(source: LabelledSource, *, data: Path) -> list[tuple[Picture, ...]]:
    there = sorted(path.parent.name for path in (data / source.folder).glob("*/meta.json"))
    chosen = [name for name in (source.sets or there) if name not in source.leave_out]
    missing = [name for name in [*chosen, *source.leave_out] if name not in there]
    if missing or not chosen:
        raise UsageError(
            f"no labelled sets {', '.join(missing)}" if missing else "no labelled sets", where=str(data / source.folder),
            way_out=f"there are: {', '.join(there) or 'none'}",
        )  # fmt: skip
    return [read_labelled(data / source.folder / name) for name in chosen]


def _sum_of_roots(one: tuple[Picture, ...]) -> float:
    return float(sum(np.sqrt(len(p.quads) + 1) for p in one))


def _empty(source: EmptySource, *, data: Path) -> tuple[Picture, ...]:
    folder = data / source.folder
    names = [path.stem for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES]
    if not names:
        raise UsageError("no pictures", where=str(folder), way_out="check the recipe's folder and the data folder")
    return read_empty(folder, gsd_m=source.gsd_m, limit=source.limit, skip=spared(names) if source.spare else ())
