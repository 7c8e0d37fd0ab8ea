"""YOLO-OBB, as ultralytics has it: `class x1 y1 x2 y2 x3 y3 x4 y4` a line, corners as shares of the picture."""

from collections.abc import Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from sattrack.errors import ManifestError, UsageError
from sattrack.labels.asked import Asked
from sattrack.labels.labelled import LabelledSet
from sattrack.labels.places import (
    CLASSES,
    SPLITS,
    Pair,
    Place,
    files_in,
    labelled_by,
    labels_for,
    pairs_in,
    pictures_in,
    pictures_of,
    set_name,
    without_pictures,
)
from sattrack.labels.sheets import Mark, Sheet, as_set
from sattrack.labels.texts import all_lines, as_points, numbers, text_lines
from sattrack.readers.folders import is_picture

_NAMED = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
_SPLITS = ("train", "val", "test")
# Corners may stick out of a picture; pixels written in place of shares stick out further.
_SHARES = (-0.5, 1.5)
_PEEKED = 50


def look(path: Path) -> list[Place]:
    """The sets, a set a split, of a folder or a data.yaml."""
    about = _yaml_of(path)
    if about is not None:
        return _from_yaml(about)
    pairs = [pair for pair in pairs_in(path, is_labels=lambda name: name == "labels") if are_shares(pair)]
    names = _class_names(path)
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


def class_names(said: Any, *, where: str) -> dict[str, str]:
    """`names` of a data.yaml, a list or a mapping from numbers, as number -> name."""
    pairs = list(said.items()) if isinstance(said, dict) else list(enumerate(said)) if isinstance(said, list) else None
    if pairs is None:
        raise ManifestError("names is neither a list nor a mapping", where=where)
    return {str(number): str(name) for number, name in pairs}


def _place(name: str, root: Path, pictures: Sequence[Path], pair: Pair | None, names: dict[str, str]) -> Place:
    return Place(name, root, partial(_read, name, root, pictures, pair, names))


def _read(
    name: str, root: Path, pictures: Sequence[Path], pair: Pair | None, names: dict[str, str], asked: Asked
) -> LabelledSet:
    sheets = []
    for picture in pictures:
        labels = _labels_of(picture, pair)
        if labels.is_file():
            marks = tuple(as_mark(line, names=names, where=where) for where, line in text_lines(labels))
            sheets.append(Sheet(picture, marks, frame="shares"))
    notes = unpaired(pictures, len(sheets), pair=pair, name=name)
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
    notes = [f"{left} pictures have no label file and are left out (an empty file says: no container)"] if left else []
    alone = without_pictures(pair) if pair else []
    return notes + ([f"{len(alone)} label files have no picture and are left out: {', '.join(alone[:3])}"] if alone else [])


def _labels_of(picture: Path, pair: Pair | None) -> Path:
    """Beside it or in the pair's folder; else, as ultralytics does, in the folder labels where the last images stands."""
    if pair is not None:
        return labels_for(picture, pair)
    parts = list(picture.parts)
    if "images" in parts[:-1]:
        at = len(parts) - 1 - parts[::-1].index("images")
        parts[at] = "labels"
    return Path(*parts).with_suffix(".txt")


def _yaml_of(path: Path) -> Path | None:
    if path.is_file():
        return path if path.suffix.casefold() in (".yaml", ".yml") else None
    usual = next((path / name for name in _NAMED if (path / name).is_file()), None)
    if usual is not None:
        return usual
    others = [file for suffix in (".yaml", ".yml") for file in files_in(path, suffix) if _names_classes(file)]
    if len(others) > 1:
        names = " or ".join(file.name for file in others)
        raise UsageError(f"may be what {names} says", where=str(path), way_out="give that file")
    return others[0] if others else None


def _names_classes(file: Path) -> bool:
    """Whether a YAML file of any name says where pictures are and what their classes mean."""
    try:
        said = _read_yaml(file)
    except ManifestError:
        return False
    return bool(said.get("names")) and any(said.get(split) for split in _SPLITS)


def class_names_beside(path: Path) -> dict[str, str]:
    """classes.txt of a folder, a name a line, as export writes it; none where there is no such file."""
    listed = next((p for p in (path / CLASSES, path / "labels" / CLASSES) if p.is_file()), None)
    # A blank line has a number too.
    return {str(number): line for number, line in enumerate(all_lines(listed)) if line} if listed else {}


def _class_names(path: Path) -> dict[str, str]:
    """What the numbers of a folder mean; of a split that stands on its own, what they mean in its set."""
    home = path.parent.parent if path.parent.name == "images" else path.parent
    for folder in (path, home) if path.name.casefold() in SPLITS else (path,):
        about = _yaml_of(folder)
        names = class_names_beside(folder) or (_names_in(_read_yaml(about), where=str(about)) if about else {})
        if names:
            return names
    return {}


def _names_in(said: dict[str, Any], *, where: str) -> dict[str, str]:
    return class_names(said["names"], where=where) if said.get("names") else {}


def _read_yaml(about: Path) -> dict[str, Any]:
    try:
        said = yaml.safe_load(about.read_bytes())
    except (yaml.YAMLError, OSError, ValueError, RecursionError) as error:
        raise ManifestError(f"cannot be read as YAML: {' '.join(str(error).split())}", where=str(about)) from error
    if not isinstance(said, dict):
        raise ManifestError("names no pictures: train, val or test", where=str(about))
    return said


def _from_yaml(about: Path) -> list[Place]:
    said = _read_yaml(about)
    if not any(said.get(split) for split in _SPLITS):
        raise ManifestError("names no pictures: train, val or test", where=str(about))
    names = _names_in(said, where=str(about))
    home = about.parent
    root = home / _slashed(said.get("path") or "")
    found: dict[tuple[Path, ...], str] = {}
    for split in _SPLITS:
        if said.get(split):
            pictures = _pictures_of(said[split], root=root if root.is_dir() else home, where=f"{about}, {split}")
            found.setdefault(tuple(pictures), split)
    lone = len(found) == 1
    return [_place(set_name(home, "" if lone else split), home, pictures, None, names) for pictures, split in found.items()]


def _pictures_of(said: Any, *, root: Path, where: str) -> list[Path]:
    """A folder, a list of pictures in a text file, or several of these. ManifestError where one is not there."""
    pictures: list[Path] = []
    for entry in said if isinstance(said, list) else [said]:
        path = _slashed(entry)
        # Some exporters write ../train/images for what stands in train/images.
        place = next((p for p in (root / path, root / path.replace("../", "")) if p.exists()), None)
        if place is None:
            raise ManifestError(f"{entry!r} is not there", where=where, way_out=f"it is looked for from {root}")
        if place.is_dir():
            pictures += pictures_in(place, deep=True)
        elif is_picture(place.name):
            pictures.append(place)
        else:
            pictures += [_listed(line, home=place.parent, where=spot) for spot, line in text_lines(place)]
    if not pictures:
        raise ManifestError("no pictures", where=where)
    return list(dict.fromkeys(pictures))


def _listed(line: str, *, home: Path, where: str) -> Path:
    """A picture of a list, relative to the list; some tools write the name of the folder above it too."""
    path = Path(_slashed(line))
    for place in (home / path, home.joinpath(*path.parts[1:])):
        if place.is_file():
            return place
    raise ManifestError(f"the picture {line} is not there", where=where)


def _slashed(said: Any) -> str:
    """A path as it is written here, whatever system it was written on."""
    return str(said).replace("\\", "/")
