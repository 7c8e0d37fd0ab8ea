"""Choosing: which pictures of which sets, by name or by half."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache

from sattrack.errors import SattrackError, UsageError
from sattrack.labels.asked import Asked, Choice
from sattrack.labels.labelled import LabelledImage, LabelledSet
from sattrack.labels.places import Place


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """Sets with the pictures that are wanted.

    sets_left_out, left_out: names of the sets, and of the pictures as SET/NAME, that are not. unknown: names that were to be
    left out and are none of either.
    """

    sets: tuple[LabelledSet, ...]
    sets_left_out: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def read_chosen(places: Sequence[Place], *, asked: Asked, choice: Choice, where: str) -> Chosen:
    """Reads the sets that are wanted, and keeps of each the pictures that are. Sets that are left out whole are read only to
    find a name that is nowhere else: a picture of a set that a fold leaves out may be left out by name too.

    UsageError where a name of `sets` or `only` is none of what there is, or nothing remains.
    """
    there = [place.name for place in places]
    _check(choice.sets, lambda name: any(is_set(one, name) for one in there), there=there, what="labelled sets", where=where)
    wanted = [p for p in places if not choice.sets or any(is_set(p.name, name) for name in choice.sets)]
    kept = [p for p in wanted if not any(is_set(p.name, name) for name in choice.leave_out)]
    if not kept:
        raise UsageError("no labelled sets remain", where=where, way_out=f"there are: {', '.join(there)}")
    whole = [place.read(asked) for place in kept]
    names = [f"{image.dataset}/{image.name}" for one in whole for image in one.images]
    left = [place for place in wanted if place not in kept]
    unread = cache(lambda: _pictures_of(left, asked=asked))

    def is_somewhere(name: str) -> bool:
        """Whether a picture or set is meant of those that are read, or of those that are left out whole."""
        sets = any(is_set(place.name, name) for place in left)
        return sets or any(_is_meant(one, name) for one in names) or any(_is_meant(one, name) for one in unread())

    _check(choice.only, is_somewhere, there=names, what="sets or pictures", where=where)
    sets = [replace(one, images=chosen_images(one.images, choice=choice)) for one in whole]
    if not any(one.images for one in sets):
        raise UsageError("no pictures remain", where=where, way_out=f"there are: {', '.join(names[:20])}")
    remaining = {f"{image.dataset}/{image.name}" for one in sets for image in one.images}
    unknown = [
        name for name in choice.leave_out if not any(is_set(one, name) for one in there) and not is_somewhere(name)
    ]  # fmt: skip
    return Chosen(
        tuple(one for one in sets if one.images),
        tuple(place.name for place in places if place not in kept),
        tuple(name for name in names if name not in remaining),
        tuple(unknown),
    )


def _pictures_of(places: Sequence[Place], *, asked: Asked) -> list[str]:
    """SET/NAME of each picture of sets that are left out whole; a set that cannot be read has none."""
    found = []
    for place in places:
        with suppress(SattrackError):
            found += [f"{image.dataset}/{image.name}" for image in place.read(asked).images]
    return found


def chosen_images(images: Sequence[LabelledImage], *, choice: Choice) -> tuple[LabelledImage, ...]:
    """Of one set's pictures those that are wanted, by name; the half is taken of all of them, before others are left out."""
    ordered = sorted(images, key=lambda image: image.name)
    middle = (len(ordered) + 1) // 2
    half = {"": ordered, "first": ordered[:middle], "second": ordered[middle:]}[choice.half]
    return tuple(
        image for image in half
        if (not choice.only or any(_is_meant(f"{image.dataset}/{image.name}", name) for name in choice.only))
        and not any(_is_meant(f"{image.dataset}/{image.name}", name) for name in choice.leave_out)
    )  # fmt: skip


def is_set(name: str, pattern: str) -> bool:
    """Whether a set's name, whole or the split alone, is meant."""
    return _fits(name, pattern) or _fits(name.rpartition("/")[2], pattern)


def _is_meant(full: str, pattern: str) -> bool:
    """Whether a picture SET/NAME is meant: by its name, with its set, or by its set alone."""
    dataset, _, name = full.rpartition("/")
    return _fits(name, pattern) or _fits(full, pattern) or is_set(dataset, pattern)


def _fits(name: str, pattern: str) -> bool:
    """Also the very name, whatever brackets are in it."""
    return name == pattern or fnmatchcase(name, pattern)


def _check(wanted: Sequence[str], known: Callable[[str], bool], *, there: Sequence[str], what: str, where: str) -> None:
    missing = [name for name in wanted if not known(name)]
    if missing:
        listed = ", ".join(there[:40]) or "none"
        raise UsageError(f"no {what} {', '.join(missing)}", where=where, way_out=f"there are: {listed}")
