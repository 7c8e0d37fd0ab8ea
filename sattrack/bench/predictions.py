"""Predictions: boxes found by anyone, from a file or folder of any usual format, by the picture that they are of."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from sattrack.bench.predicted import FileOfBoxes, as_detections, matched_name
from sattrack.bench.predictions_coco import read_coco
from sattrack.bench.predictions_csv import read_csv
from sattrack.bench.predictions_text import read_task1, read_texts, text_files
from sattrack.detections import Detections
from sattrack.errors import UsageError
from sattrack.labels.labelled import LabelledImage
from sattrack.phrases import some

Format = Literal["auto", "csv", "coco", "yolo-obb", "dota"]
_WAY_OUT = (
    "give a CSV as `sattrack export --format csv` writes it, COCO JSON (results, or annotations with a score), a folder of "
    "YOLO-OBB texts with confidences, or DOTA's Task1 text"
)


def read_predictions(
    path: Path, *, images: Sequence[LabelledImage], form: Format = "auto", classes: Sequence[str] = (),
    told: Callable[[str], None] = lambda _note: None,
) -> dict[str, Detections]:  # fmt: skip
    """Boxes by the name of the picture, for pictures that have any; those of other pictures are left out.

    form: auto looks for itself. classes: names or ids of what is scored; empty: what is called container. Corners come out in
    the pixels of the picture. told: hears how many boxes are not scored, since they are of other pictures or of other classes.
    UsageError names file and line where one cannot be understood, or where no box is of these pictures.
    """
    if len({image.name for image in images}) != len(images):
        raise UsageError("two sets have pictures of one name: a file of boxes cannot tell them apart", way_out="one set a call")
    if not path.exists():
        raise UsageError("no such file or folder", where=str(path))
    reader = _READERS[form] if form != "auto" else _reader_of(path)
    found = reader(path, images, classes)
    kept = [row for row in found.rows if row.category in found.taken]
    of_these = as_detections(kept, images=images)
    if kept and not of_these:
        other = ", ".join(sorted({one.picture for one in kept})[:3])
        wanted = ", ".join(image.name for image in images[:3])
        raise UsageError(
            f"no scene_id, part, image or file is one of the pictures {wanted}, ...", where=str(path),
            way_out=f"it has {other}, ...",
        )  # fmt: skip
    for note in _not_scored(found, names={image.name for image in images}):
        told(f"{path.name}: {note}")
    return of_these


def _not_scored(found: FileOfBoxes, *, names: set[str]) -> Iterator[str]:
    """What a file holds besides: a name that was misspelt would else be a picture in which nothing was found."""
    strange = sorted({row.picture for row in found.rows} - names)
    if strange:
        boxes = sum(row.picture not in names for row in found.rows)
        yield f"{some(boxes, 'box', 'boxes')} of {some(len(strange), 'other picture')} not scored: {', '.join(strange[:3])}"
    if found.passed:
        yield f"{some(len(found.passed), 'text')} of no picture of these sets not read: {', '.join(found.passed[:3])}"
    others = Counter(row.category for row in found.rows if row.picture in names and row.category not in found.taken)
    if others:
        listed = ", ".join(f"{many} of {name or 'no class'}" for name, many in sorted(others.items())[:10])
        yield f"boxes of other classes not scored: {listed}"


Reading = Callable[[Path, Sequence[LabelledImage], Sequence[str]], FileOfBoxes]


def _dota(path: Path, images: Sequence[LabelledImage], classes: Sequence[str]) -> FileOfBoxes:
    return _texts(path, images, classes, form="dota")


def _yolo(path: Path, images: Sequence[LabelledImage], classes: Sequence[str]) -> FileOfBoxes:
    return read_texts(path, images, classes, form="yolo-obb")


def _texts(path: Path, images: Sequence[LabelledImage], classes: Sequence[str], *, form: str = "") -> FileOfBoxes:
    """A file a picture where one has a picture's name; else Task1."""
    named = {image.name for image in images}
    if any(matched_name(file.stem, named) in named for file in text_files(path)):
        return read_texts(path, images, classes, form=form)
    return read_task1(path, images, classes)


_READERS: Mapping[str, Reading] = {"csv": read_csv, "coco": read_coco, "yolo-obb": _yolo, "dota": _dota}


def _reader_of(path: Path) -> Reading:
    """By suffix for files; a folder holds texts, in labels/ where ultralytics puts them."""
    if path.is_dir():
        if not text_files(path):
            raise UsageError("holds no .txt of boxes", where=str(path), way_out=_WAY_OUT)
        return _texts
    by_suffix: dict[str, Reading] = {".csv": read_csv, ".json": read_coco, ".txt": _texts}
    if path.suffix.casefold() not in by_suffix:
        raise UsageError("is no file of boxes", where=str(path), way_out=_WAY_OUT)
    return by_suffix[path.suffix.casefold()]
