"""YOLO-OBB, as ultralytics has it: `class x1 y1 x2 y2 x3 y3 x4 y4` a line, corners as shares of the picture."""

from collections.abc import Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from sattrack.errors import ManifestError
from sattrack.labels.asked import Asked
from sattrack.labels.data_yaml import class_names_of, splits_of, yaml_of
from sattrack.labels.labelled import LabelledSet
from sattrack.labels.places import Pair, Place, labelled_by, labels_for, pairs_in, pictures_of, set_name, without_pictures
from sattrack.labels.sheets import Mark, Sheet, as_set
from sattrack.labels.texts import as_points, numbers, text_lines
from sattrack.phrases import some

# Corners may stick out of a picture; pixels written in place of shares stick out further.
_SHARES = (-0.5, 1.5)
_PEEKED = 50


def look(path: Path) -> list[Place]:
    """The sets, a set a split, of a folder or a data.yaml."""
    about = yaml_of(path)
    if about is not None:
        return _described(about)
    pairs = [pair for pair in pairs_in(path, is_labels=lambda name: name == "labels") if are_shares(pair)]
    names = class_names_of(path)
    return [_place(set_name(path, pair.split), path, pictures_of(pair), pair, names) for pair in pairs]


def are_shares(pair: Pair) -> bool:
    """Whether the first label files that hold anything are of this format; also where none holds anything."""
    for _, labels in islice(labelled_by(pair), _PEEKED):
        for _, line in text_lines(labels):
            # Numbers alone: whatever is wrong with them is better said than passed over.
            return len(numbers(line.split())) >= 5
    return True


def as_mark(line: str, *, names: dict[str, str], where: str) -> Mark:
    """One line. ManifestError where it is another thing, saying which."""
    words = line.split()
    values = numbers(words)
    if len(values) < 9 or len(values) % 2 == 0:
        upright = "; five numbers are an upright box" if len(values) == 5 else ""
        raise ManifestError(
            f"expected a class and eight corner numbers{upright}", where=where, way_out="class x1 y1 x2 y2 x3 y3 x4 y4"
        )
    if not all(_SHARES[0] <= v <= _SHARES[1] for v in values[1:]):
        raise ManifestError("corners are shares of width and height, from 0 to 1; these look like pixels", where=where)
    number = str(int(values[0])) if values[0] == int(values[0]) else words[0]
    if names and number not in names:
        raise ManifestError(f"class {number} has no name", where=where, way_out=f"there are: {', '.join(names)}")
    return Mark(names.get(number, number), as_points(values[1:]), where)


def _described(about: Path) -> list[Place]:
    """A set a split; one that is alone is the whole set."""
    splits, names = splits_of(about)
    lone, home = len(splits) == 1, about.parent
    places, met = [], set[Path]()
    for split, pictures in splits.items():
        again = len(met.intersection(pictures))
        # Whoever trains on the one and measures on the other must know.
        notes = [some(again, "picture is in a split before it too", "pictures are in a split before it too")] if again else []
        places.append(_place(set_name(home, "" if lone else split), home, pictures, None, names, notes=notes))
        met.update(pictures)
    return places


def _place(
    name: str, root: Path, pictures: Sequence[Path], pair: Pair | None, names: dict[str, str], *, notes: Sequence[str] = ()
) -> Place:
    return Place(name, root, partial(_read, name, root, pictures, pair, names, notes))


def _read(
    name: str,
    root: Path,
    pictures: Sequence[Path],
    pair: Pair | None,
    names: dict[str, str],
    notes: Sequence[str],
    asked: Asked,
) -> LabelledSet:
    sheets = []
    for picture in pictures:
        labels = _labels_of(picture, pair)
        if labels.is_file():
            marks = tuple(as_mark(line, names=names, where=where) for where, line in text_lines(labels))
            sheets.append(Sheet(picture, marks, frame="shares"))
    notes = [*notes, *unpaired(pictures, len(sheets), pair=pair, name=name)]
    return as_set(sheets, name=name, form="yolo-obb", path=root, asked=asked, names=names, notes=notes)


def unpaired(pictures: Sequence[Path], labelled: int, *, pair: Pair | None, name: str) -> list[str]:
    """Notes on pictures without a label file, of which nobody said that they hold nothing, and on label files of no picture.

    ManifestError where no picture has labels.
    """
    if labelled == 0:
        spared = f", or without this split: --leave-out {name}" if "/" in name else ""
        raise ManifestError(
            "no picture has a label file", where=str(pictures[0].parent), way_out=f"NAME.txt for NAME.png{spared}"
        )
    left = len(pictures) - labelled
    bare = some(left, "picture has no label file and is", "pictures have no label file and are")
    notes = [f"{bare} left out (an empty file says: no container)"] if left else []
    alone = without_pictures(pair) if pair else []
    lone = some(len(alone), "label file has no picture and is", "label files have no picture and are")
    return notes + ([f"{lone} left out: {', '.join(alone[:3])}"] if alone else [])


def _labels_of(picture: Path, pair: Pair | None) -> Path:
    """Beside it or in the pair's folder; else, as ultralytics does, in the folder labels where the last images stands."""
    if pair is not None:
        return labels_for(picture, pair)
    parts = list(picture.parts)
    if "images" in parts[:-1]:
        at = len(parts) - 1 - parts[::-1].index("images")
        parts[at] = "labels"
    return Path(*parts).with_suffix(".txt")
