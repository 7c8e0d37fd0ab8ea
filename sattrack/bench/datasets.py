"""Labelled sets as a benchmark takes them: the pictures of any sets, each once."""

from collections.abc import Callable, Sequence
from pathlib import Path

from sattrack.errors import UsageError
from sattrack.labels.asked import Asked, Choice
from sattrack.labels.choosing import read_chosen
from sattrack.labels.labelled import LabelledImage, scene_of
from sattrack.labels.sets import check_once, find_sets, read_sets

__all__ = ["Asked", "Choice", "LabelledImage", "read_dataset", "read_datasets", "scene_of"]


def read_dataset(folder: Path) -> tuple[LabelledImage, ...]:
    """The pictures of one labelled set, or of all its splits, of any known format. Raises as read_sets does."""
    return tuple(image for one in read_sets([folder]) for image in one.images)


def read_datasets(
    places: Sequence[Path],
    *,
    asked: Asked | None = None,
    choice: Choice | None = None,
    told: Callable[[str], None] = lambda _note: None,
) -> tuple[LabelledImage, ...]:
    """The pictures of several sets. A folder that is no set itself, but holds some, stands for them all; FOLDER/SPLIT for one
    split of a set. asked: what the sets do not say themselves; choice: which of their pictures are wanted.
    told: hears what of a set was left out, and doubts.

    UsageError where a place is no labelled set, one is there twice, or a name of the choice is none of what there is;
    ManifestError or SceneError where a file of a set cannot be understood: a set read in part would be scored wrongly.
    """
    asked = asked or Asked()
    found = [one for place in places for one in find_sets(place, form=asked.format)]
    check_once(found)
    if not found:
        return ()
    where = ", ".join(map(str, places))
    chosen = read_chosen(found, asked=asked, choice=choice or Choice(), where=where)
    if chosen.unknown:
        raise UsageError(f"no sets or pictures {', '.join(chosen.unknown)} to leave out", where=where)
    for one in chosen.sets:
        for note in one.notes:
            told(f"{one.name}: {note}")
    return tuple(image for one in chosen.sets for image in one.images)
