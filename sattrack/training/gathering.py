"""Gathering: the pictures that a recipe asks for, each with its share of the draws, and what the model card says of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sattrack.errors import UsageError
from sattrack.labels.choosing import Chosen, read_chosen
from sattrack.labels.labelled import LabelledSet
from sattrack.labels.places import pictures_in
from sattrack.labels.seen import listed
from sattrack.labels.sets import check_once, find_sets
from sattrack.phrases import some
from sattrack.training.dust import dusted
from sattrack.training.empty_pictures import read_empty
from sattrack.training.labelled_pictures import read_labelled
from sattrack.training.pictures import Picture, render_pictures
from sattrack.training.recipes import SLANTED_DEG, EmptySource, LabelledSource, Recipe, spared


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """Pictures, the weight of each (n,), and for each source what a model card says of it.

    of: number of the source of each picture; none: all of one.
    """

    pictures: tuple[Picture, ...]
    weights: NDArray[np.float64]
    sources: tuple[dict[str, str], ...]
    of: tuple[int, ...] = ()


def gather(
    recipe: Recipe,
    *,
    data: Path,
    processes: int = 1,
    cache: Path | None = None,
    told: Callable[[str], None] = lambda _line: None,
) -> Gathered:
    """All pictures of a recipe. UsageError where a folder holds nothing, or a name to be left out is in no source."""
    pictures: list[Picture] = []
    weights: list[float] = []
    sources: list[dict[str, str]] = []
    of: list[int] = []

    def add(found: Iterable[Picture], shares: Iterable[float], weight: float) -> None:
        found, share = list(found), np.array(list(shares), float)
        pictures.extend(found)
        of.extend([len(sources)] * len(found))
        weights.extend(share / share.sum() * weight)

    chosen_sources = _chosen(recipe, data=data)
    taught = [one for _, chosen in chosen_sources for one in chosen.sets]
    for source, chosen in chosen_sources:
        sets = [pictures_of_set for one in chosen.sets if (pictures_of_set := read_labelled(one.images))]
        if not sets:
            raise UsageError("everything is to be ignored: nothing is left to train on", where=str(data / source.folder))
        plain, shares = [p for one in sets for p in one], [share for one in sets for share in _shares(one)]
        add(plain, shares, source.weight * (1 - source.dusty))
        if source.dusty:
            add(map(dusted, plain), shares, source.weight * source.dusty)
        sources.append(_labelled_row(source, chosen, name=_name(source, data=data), taught=taught))
        images = [image for one in chosen.sets for image in one.images]
        row, boxes = sources[-1], sum(len(image.truth) for image in images)
        many = f"{some(len(sets), 'set')}, {some(len(images), 'picture')}, {some(boxes, 'box', 'boxes')}"
        told(f"{row['name']}: {row['format']}, {many}")
        for one in chosen.sets:
            for note in one.notes:
                told(f"{one.name}: {note}")
    for empty in recipe.empty:
        found, skipped = _empty(empty, data=data)
        # A picture is drawn as often as any other, in however many pieces it comes.
        add((p for one in found for p in one), [1 / len(one) for one in found for _ in one], empty.weight)
        sources.append(_empty_row(empty, found=len(found), skipped=skipped))
        pieces = sum(len(one) for one in found)
        many = some(len(found), "picture")
        told(f"{empty.folder}: {many} without containers{f', in {pieces} pieces' * (pieces > len(found))}")
    if recipe.rendered:
        seeds = range(recipe.rendered.first_seed, recipe.rendered.first_seed + recipe.rendered.count)
        drawn = render_pictures(seeds, processes=processes, cache=cache)
        add(drawn, _shares_by_view(drawn, slanted=recipe.rendered.slanted), recipe.rendered.weight)
        name = f"rendered yards, seeds {seeds.start} to {seeds.stop - 1}"
        slanted = {"slanted": f"{recipe.rendered.slanted:.0%} of the draws"} if recipe.rendered.slanted is not None else {}
        sources.append({"name": name, "kind": "rendered", "terms": "our own"} | slanted)
        told(f"rendered: {some(len(drawn), 'yard')}, {some(sum(len(p.quads) for p in drawn), 'box', 'boxes')}")
    if not pictures:
        raise UsageError(f"the recipe {recipe.name!r} names no pictures")
    return Gathered(tuple(pictures), np.array(weights), tuple(sources), tuple(of))


def _chosen(recipe: Recipe, *, data: Path) -> list[tuple[LabelledSource, Chosen]]:
    """Each labelled source with its sets, read. A name to be left out must be in one of the sources that leave it out.

    Those of a fold are left out of every source.
    """
    found = []
    for source in recipe.labelled:
        where = data / source.folder
        places = find_sets(where, form=source.format)
        check_once(places)
        found.append((source, read_chosen(places, asked=source.asked(), choice=source.choice(), where=str(where))))
    known = {name for source, chosen in found for name in source.leave_out if name not in chosen.unknown}
    unknown = {name for _, chosen in found for name in chosen.unknown} - known
    if unknown:
        there = sorted({name for _, c in found for name in (*(one.name for one in c.sets), *c.sets_left_out)})
        raise UsageError(
            f"no labelled sets or pictures {', '.join(sorted(unknown))} to leave out", where=str(data),
            way_out=f"there are: {', '.join(there)}",
        )  # fmt: skip
    return found


def _shares(pictures: Sequence[Picture]) -> list[float]:
    """Sets are drawn by the square root of their boxes, and so are the pictures of a set."""
    roots = [float(np.sqrt(len(p.quads) + 1)) for p in pictures]
    whole = float(np.sqrt(sum(len(p.quads) for p in pictures) + 1))
    return [whole * root / sum(roots) for root in roots]


def _shares_by_view(drawn: Sequence[Picture], *, slanted: float | None) -> list[float]:
    """All yards alike, or so that those seen at a slant get a given part of the draws, where there are both."""
    at_a_slant = [(one.off_nadir_deg or 0.0) >= SLANTED_DEG for one in drawn]
    many = sum(at_a_slant)
    if slanted is None or not 0 < many < len(drawn):
        return [1.0] * len(drawn)
    return [slanted / many if so else (1 - slanted) / (len(drawn) - many) for so in at_a_slant]


def _labelled_row(source: LabelledSource, chosen: Chosen, *, name: str, taught: Sequence[LabelledSet]) -> dict[str, str]:
    """left_out: sets that were never seen, by name; left_out_here_only: sets that another source has; pictures_left_out:
    pictures of the sets that were seen. taught: the sets of all sources.
    """
    sets, pictures = {one.name for one in taught}, {f"{i.dataset}/{i.name}" for one in taught for i in one.images}
    images = [image for one in chosen.sets for image in one.images]
    row = {
        "name": name, "kind": "labelled", "format": ", ".join(sorted({one.format for one in chosen.sets})),
        "sets": listed(one.name for one in chosen.sets), "pictures": str(len(images)),
        "boxes": str(sum(len(image.truth) for image in images)),
        "left_out": listed(one for one in chosen.sets_left_out if one not in sets),
        "left_out_here_only": listed(one for one in chosen.sets_left_out if one in sets),
        "pictures_left_out": listed(one for one in chosen.left_out if one not in pictures),
        "not_taken": "; ".join(f"{one.name}: {note}" for one in chosen.sets for note in one.notes), "terms": source.terms,
    }  # fmt: skip
    row |= {"dusty": f"{source.dusty:.0%} of the draws"} if source.dusty else {}
    return {key: value for key, value in row.items() if value or key in ("left_out", "terms")}


def _name(source: LabelledSource, *, data: Path) -> str:
    """The folder as the recipe has it; of the data folder itself, which a recipe calls `.`, its own name."""
    return source.folder if Path(source.folder).name else data.resolve().name


def _empty_row(source: EmptySource, *, found: int, skipped: int) -> dict[str, str]:
    row = {"name": source.folder, "kind": "without containers", "pictures": str(found), "terms": source.terms}
    row |= {"pictures_left_out": f"every third by name ({skipped})"} if skipped else {}
    return row | ({"hold_containers": ", ".join(source.skip)} if source.skip else {})


def _empty(source: EmptySource, *, data: Path) -> tuple[tuple[tuple[Picture, ...], ...], int]:
    """The pictures, each whole or in pieces, and how many are spared for measuring. UsageError where none remains."""
    folder = data / source.folder
    names = [path.stem for path in pictures_in(folder, deep=True)]
    if not names:
        raise UsageError("no pictures", where=str(folder), way_out="check the recipe's folder and the data folder")
    unknown = sorted(set(source.skip) - set(names))
    if unknown:
        raise UsageError(
            f"no pictures {', '.join(unknown)}", where=str(folder), way_out="check `skip` of the recipe: names without suffix"
        )
    kept = spared(names) if source.spare else ()
    found = [p for p in read_empty(folder, gsd_m=source.gsd_m, limit=source.limit, skip=(*source.skip, *kept)) if p]
    if not found:
        raise UsageError("no pictures remain", where=str(folder), way_out="check `skip` of the recipe")
    return tuple(found), len(kept)
