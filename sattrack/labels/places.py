"""Places: where a set is, of which format, and how its pictures and label files stand beside each other."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sattrack.errors import ManifestError
from sattrack.labels.asked import Asked
from sattrack.labels.labelled import LabelledSet
from sattrack.readers.folders import is_picture, natural_key
from sattrack.readers.sidecars import is_mask_name

CLASSES = "classes.txt"
SPLITS = {"train", "training", "trainval", "val", "valid", "validation", "minival", "test"}


@dataclass(frozen=True, slots=True)
class Place:
    """A set that was found, not yet read."""

    name: str
    path: Path
    read: Callable[[Asked], LabelledSet] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pair:
    """A folder of pictures and one of labels, under names of the same stem.

    split: the part of a set that it is, or empty. deep: whether the folders below belong to it too.
    """

    split: str
    images: Path
    labels: Path
    deep: bool = True


def pictures_in(folder: Path, *, deep: bool = False) -> list[Path]:
    """The pictures of a folder, masks and what is hidden left out, in natural order."""
    if not folder.is_dir():
        return []
    found = folder.rglob("*") if deep else folder.iterdir()
    pictures = [path for path in found if is_picture(path.name) and not is_mask_name(path.stem) and path.is_file()]
    shown = [path for path in pictures if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    return sorted(shown, key=lambda path: natural_key(str(path)))


def by_name(pictures: Sequence[Path], *, where: str) -> dict[str, Path]:
    """Pictures by their names. ManifestError where two have one: labels speak of a picture by its name alone."""
    found: dict[str, Path] = {}
    for picture in pictures:
        if picture.stem in found:
            way_out = "give each picture a name of its own"
            raise ManifestError(f"two pictures are called {picture.stem}", where=where, way_out=way_out)
        found[picture.stem] = picture
    return found


def files_in(folder: Path, suffix: str, *, deep: bool = False) -> list[Path]:
    """The files of a folder that end so, whatever the case, less hidden ones: some systems lay a `._NAME` beside each file."""
    found = folder.rglob("*") if deep else folder.glob("*")
    return sorted(p for p in found if p.suffix.casefold() == suffix and not p.name.startswith(".") and p.is_file())


def folders_in(folder: Path) -> list[Path]:
    """The folders of a folder that are not hidden, in natural order."""
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    return sorted(found, key=lambda path: natural_key(path.name))


def pairs_in(root: Path, *, is_labels: Callable[[str], bool]) -> list[Pair]:
    """Where pictures and labels stand: images/ and labels/, each with splits below or not; train/images and train/labels;
    labels beside their pictures; or the folder is images/SPLIT itself.

    is_labels: tells a folder of labels by its name in small letters.
    """
    found = list(_beside(root, is_labels=is_labels))
    for part in folders_in(root):
        if part.name.casefold() in SPLITS:
            found += [replace(pair, split=part.name) for pair in _beside(part, is_labels=is_labels) if not pair.split]
    return found or list(_mirrored(root, is_labels=is_labels))


def pictures_of(pair: Pair) -> list[Path]:
    """Every picture of a pair."""
    return pictures_in(pair.images, deep=pair.deep)


def labelled_by(pair: Pair) -> Iterator[tuple[Path, Path]]:
    """(picture, label file) of those pictures that have one."""
    for picture in pictures_of(pair):
        labels = labels_for(picture, pair)
        if labels.is_file():
            yield picture, labels


def labels_for(picture: Path, pair: Pair) -> Path:
    """Where a picture's labels stand, if it has some."""
    return (pair.labels / picture.relative_to(pair.images)).with_suffix(".txt")


def without_pictures(pair: Pair) -> list[str]:
    """Names of label files that are of no picture; of a folder that holds other texts too nobody can tell."""
    if pair.images == pair.labels:
        return []
    theirs = {labels_for(picture, pair) for picture in pictures_of(pair)} | {pair.labels / CLASSES}
    return [path.stem for path in files_in(pair.labels, ".txt", deep=pair.deep) if path not in theirs]


def set_name(root: Path, split: str) -> str:
    """NAME, or NAME/SPLIT."""
    return f"{root.resolve().name}/{split}" if split else root.resolve().name


def _beside(root: Path, *, is_labels: Callable[[str], bool]) -> Iterator[Pair]:
    """images/ and labels/ of one folder."""
    images = root / "images"
    for labels in (folder for folder in folders_in(root) if is_labels(folder.name.casefold())):
        splits = [part for part in folders_in(images) if (labels / part.name).is_dir() and pictures_in(part, deep=True)]
        if pictures_in(images) and files_in(labels, ".txt"):
            yield Pair("", images, labels, deep=not splits)
        for part in splits:
            yield Pair(part.name, part, labels / part.name)


def _mirrored(root: Path, *, is_labels: Callable[[str], bool]) -> Iterator[Pair]:
    """The folder is images/SPLIT, or holds pictures and labels side by side."""
    if root.parent.name == "images" and pictures_in(root):
        for labels in folders_in(root.parent.parent):
            if is_labels(labels.name.casefold()) and (labels / root.name).is_dir():
                yield Pair("", root, labels / root.name)
    elif any(path.with_suffix(".txt").is_file() for path in pictures_in(root)):
        yield Pair("", root, root, deep=False)
