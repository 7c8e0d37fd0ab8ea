"""data.yaml, as ultralytics has it: where the pictures of each split are, and what class numbers mean; or classes.txt."""

from pathlib import Path
from typing import Any

import yaml

from sattrack.errors import ManifestError, UsageError
from sattrack.labels.places import CLASSES, SPLITS, files_in, pictures_in
from sattrack.labels.texts import all_lines, text_lines
from sattrack.readers.folders import is_picture

_NAMED = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
_SPLITS = ("train", "val", "test")
_NO_PICTURES = "names no pictures: train, val or test"


def yaml_of(path: Path) -> Path | None:
    """The YAML file that a place is, or that describes it. UsageError where several may."""
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


def splits_of(about: Path) -> tuple[dict[str, list[Path]], dict[str, str]]:
    """The pictures of each split, of those with the same ones only the first; and what the class numbers mean."""
    said = _read_yaml(about)
    if not any(said.get(split) for split in _SPLITS):
        raise ManifestError(_NO_PICTURES, where=str(about))
    names = _names_in(said, where=str(about))
    home = about.parent
    root = home / _slashed(said.get("path") or "")
    found: dict[tuple[Path, ...], str] = {}
    for split in _SPLITS:
        if said.get(split):
            pictures = _pictures_of(said[split], root=root if root.is_dir() else home, where=f"{about}, {split}")
            found.setdefault(tuple(pictures), split)
    return {split: list(pictures) for pictures, split in found.items()}, names


def class_names_of(path: Path) -> dict[str, str]:
    """What the numbers of a folder mean; of a split that stands on its own, what they mean in its set."""
    home = path.parent.parent if path.parent.name == "images" else path.parent
    for folder in (path, home) if path.name.casefold() in SPLITS else (path,):
        about = yaml_of(folder)
        names = class_names_beside(folder) or (_names_in(_read_yaml(about), where=str(about)) if about else {})
        if names:
            return names
    return {}


def class_names_beside(path: Path) -> dict[str, str]:
    """classes.txt of a folder, a name a line, as export writes it; none where there is no such file."""
    listed = next((p for p in (path / CLASSES, path / "labels" / CLASSES) if p.is_file()), None)
    # A blank line has a number too.
    return {str(number): line for number, line in enumerate(all_lines(listed)) if line} if listed else {}


def _names_classes(file: Path) -> bool:
    """Whether a YAML file of any name says where pictures are and what their classes mean."""
    try:
        said = _read_yaml(file)
    except ManifestError:
        return False
    return bool(said.get("names")) and any(said.get(split) for split in _SPLITS)


def _read_yaml(about: Path) -> dict[str, Any]:
    try:
        said = yaml.safe_load(about.read_bytes())
    except (yaml.YAMLError, OSError, ValueError, RecursionError) as error:
        raise ManifestError(f"cannot be read as YAML: {' '.join(str(error).split())}", where=str(about)) from error
    if not isinstance(said, dict):
        raise ManifestError(_NO_PICTURES, where=str(about))
    return said


def _names_in(said: dict[str, Any], *, where: str) -> dict[str, str]:
    return _class_names(said["names"], where=where) if said.get("names") else {}


def _class_names(said: Any, *, where: str) -> dict[str, str]:
    """`names` of a data.yaml, a list or a mapping from numbers, as number -> name."""
    pairs = list(said.items()) if isinstance(said, dict) else list(enumerate(said)) if isinstance(said, list) else None
    if pairs is None:
        raise ManifestError("names is neither a list nor a mapping", where=where)
    return {str(number): str(name) for number, name in pairs}


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
