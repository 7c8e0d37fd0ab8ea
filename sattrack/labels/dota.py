"""DOTA (captain-whu.github.io/DOTA): `x1 y1 ... x4 y4 category difficult` a line, in pixels, a text file a picture."""

import re
from functools import partial
from itertools import islice
from pathlib import Path

from sattrack.errors import ManifestError
from sattrack.labels.asked import Asked
from sattrack.labels.labelled import LabelledSet
from sattrack.labels.places import Pair, Place, labelled_by, pairs_in, pictures_of, set_name
from sattrack.labels.sheets import Mark, Sheet, as_set
from sattrack.labels.texts import as_points, numbers, text_lines
from sattrack.labels.yolo_obb import unpaired

_HEADER = re.compile(r"(imagesource|gsd)\s*:\s*(.*)", re.IGNORECASE)
_PEEKED = 50


def look(path: Path) -> list[Place]:
    """The sets, a set a split, of a folder with labelTxt/ (or labels/, annfiles/ with such lines)."""
    pairs = [pair for pair in pairs_in(path, is_labels=_is_labels) if are_lines(pair)]
    return [Place(set_name(path, pair.split), path, partial(_read, set_name(path, pair.split), path, pair)) for pair in pairs]


def are_lines(pair: Pair) -> bool:
    """Whether the first label files that hold anything are of this format; where none does, whether the folder's name is."""
    for _, labels in islice(labelled_by(pair), _PEEKED):
        for _, line in text_lines(labels):
            words = line.split()
            return bool(_HEADER.fullmatch(line)) or (len(numbers(words[:8])) == 8 and not numbers(words[8:9]))
    return pair.labels.name.casefold().startswith(("labeltxt", "annfiles"))


def _is_labels(name: str) -> bool:
    return name in ("labels", "annfiles") or name.startswith("labeltxt")


def as_mark(line: str, *, where: str) -> Mark:
    """One line. ManifestError where it is another thing."""
    words = line.split()
    values = numbers(words[:8])
    hard = words[-1] if len(words) > 9 else "0"
    if len(values) != 8 or len(words) < 9 or not hard.isdecimal():
        raise ManifestError(
            "expected eight corner numbers, a category, and 0 or 1", where=where, way_out="x1 y1 x2 y2 x3 y3 x4 y4 container 0"
        )
    category = " ".join(words[8:-1] if len(words) > 9 else words[8:])
    return Mark(category, as_points(values), where, kind="box" if int(hard) == 0 else "hard")


def _read(name: str, root: Path, pair: Pair, asked: Asked) -> LabelledSet:
    sheets = [_sheet(picture, labels) for picture, labels in labelled_by(pair)]
    notes = unpaired(pictures_of(pair), len(sheets), pair=pair, name=name)
    return as_set(sheets, name=name, form="dota", path=root, asked=asked, notes=notes)


def _sheet(picture: Path, labels: Path) -> Sheet:
    gsd: tuple[float, float] | None = None
    marks = []
    for where, line in text_lines(labels):
        header = _HEADER.fullmatch(line)
        if header is None:
            marks.append(as_mark(line, where=where))
        elif header[1].casefold() == "gsd":
            gsd = _gsd(header[2], where=where)
    return Sheet(picture, tuple(marks), gsd_m=gsd)


def _gsd(text: str, *, where: str) -> tuple[float, float] | None:
    """DOTA writes null or None where it is not known."""
    if text.casefold() in ("", "null", "none", "nan"):
        return None
    values = numbers([text])
    if not values or values[0] <= 0:
        raise ManifestError(f"gsd is {text!r}", where=where, way_out="metres, or null")
    return values[0], values[0]
