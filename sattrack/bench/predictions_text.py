"""Predictions as texts: YOLO-OBB with a confidence at the end, DOTA a file a picture, or DOTA's Task1 a file a category."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from sattrack.bench.predicted import FileOfBoxes, Predicted, found_corners, matched_name, read_score, taken_of
from sattrack.errors import ManifestError, UsageError
from sattrack.labels.categories import means_container
from sattrack.labels.data_yaml import class_names_beside
from sattrack.labels.labelled import LabelledImage
from sattrack.labels.places import CLASSES
from sattrack.labels.texts import as_points, numbers, text_lines

_SHARES = (-0.5, 1.5)
_PEEKED = 200


def read_texts(path: Path, images: Sequence[LabelledImage], classes: Sequence[str], *, form: str) -> FileOfBoxes:
    """A file a picture, of its name; a picture without boxes may have none. Other texts are passed over.

    YOLO-OBB: `class x1 y1 ... x4 y4 confidence`, corners as shares, such as ultralytics' save_txt with save_conf. DOTA:
    `x1 y1 ... x4 y4 category score` or `score x1 y1 ... x4 y4`, in pixels.
    form: yolo-obb or dota; empty: which of them the lines look like. UsageError names file and line.
    """
    named = {image.name: image for image in images}
    files = {file: matched_name(file.stem, named) for file in text_files(path)}
    lines = [(named[n], where, line.split()) for file, n in files.items() if n in named for where, line in _lines(file)]
    if not form:
        form = "yolo-obb" if all(_are_shares(words) for _, _, words in islice(lines, _PEEKED)) else "dota"
    names = class_names_beside(path) if form == "yolo-obb" and path.is_dir() else {}
    read = _yolo_row if form == "yolo-obb" else _dota_row
    rows = [read(words, image=image, where=where, names=names) for image, where, words in lines]
    passed = [name for file, name in files.items() if name not in named and file.name != CLASSES]
    return FileOfBoxes(rows, taken_of(rows, classes=classes, path=path, names=names), passed)


def read_task1(path: Path, images: Sequence[LabelledImage], classes: Sequence[str]) -> FileOfBoxes:
    """`imagename score x1 y1 ... x4 y4` a line, in pixels; the file is Task1_CATEGORY.txt. UsageError names file and line."""
    named = {image.name: image for image in images}
    rows = []
    for file in text_files(path):
        category = _category_of(file)
        for where, line in _lines(file):
            words = line.split()
            corners = numbers(words[-8:])
            if len(words) < 10 or not corners:
                raise UsageError(
                    "expected a picture's name, a score and eight corner numbers", where=where,
                    way_out="or files called as the pictures are, with YOLO-OBB or DOTA lines",
                )  # fmt: skip
            name = matched_name(" ".join(words[:-9]), named)
            quad = found_corners(as_points(corners), image=named.get(name), where=where)
            rows.append(Predicted(name, quad, read_score(words[-9], where=where), category))
    return FileOfBoxes(rows, taken_of(rows, classes=classes, path=path))


def text_files(path: Path) -> list[Path]:
    """The file itself, or the texts of a folder, or of labels/ in it."""
    if path.is_file():
        return [path]
    return sorted(path.glob("*.txt")) or sorted((path / "labels").glob("*.txt"))


def _lines(file: Path) -> Iterator[tuple[str, str]]:
    try:
        yield from text_lines(file)
    except ManifestError as error:
        raise UsageError(error.message, where=error.where) from error


def _are_shares(words: Sequence[str]) -> bool:
    return (
        len(words) in (9, 10)
        and len(corners := numbers(words[1:9])) == 8
        and all(_SHARES[0] <= v <= _SHARES[1] for v in corners)
    )


def _yolo_row(words: Sequence[str], *, image: LabelledImage, where: str, names: dict[str, str]) -> Predicted:
    corners = numbers(words[1:9])
    if len(words) == 9 and corners:
        raise UsageError("has no confidence", where=where, way_out="save it too: save_conf=True in ultralytics")
    if len(words) != 10 or not corners or not all(_SHARES[0] <= v <= _SHARES[1] for v in corners):
        raise UsageError("expected a class, eight corner numbers from 0 to 1, and a confidence", where=where)
    rows, cols = image.shape
    quad = found_corners(as_points(corners) * (cols, rows), image=image, where=where)
    return Predicted(image.name, quad, read_score(words[9], where=where), names.get(words[0], words[0]))


def _dota_row(words: Sequence[str], *, image: LabelledImage, where: str, names: dict[str, str]) -> Predicted:  # noqa: ARG001
    if len(words) == 9 and numbers(words):
        score, corners, category = words[0], numbers(words[1:]), ""
    else:
        score, corners, category = words[-1], numbers(words[:8]), " ".join(words[8:-1])
    if len(corners) != 8 or (not category and len(words) != 9):
        raise UsageError("expected eight corner numbers, a category and a score", where=where)
    quad = found_corners(as_points(corners), image=image, where=where)
    return Predicted(image.name, quad, read_score(score, where=where), category)


def _category_of(file: Path) -> str:
    """container of Task1_container.txt; where a name tells none, the boxes are of what was looked for."""
    stem = file.stem
    if stem.casefold().startswith("task1_"):
        return stem[len("task1_") :]
    return stem if means_container(stem) else ""
