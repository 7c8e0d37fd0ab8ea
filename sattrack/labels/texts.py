"""Texts: the lines, numbers and JSON of label files; what cannot be understood is an error that names its place."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sattrack.errors import ManifestError
from sattrack.geometry import Points

_TRUE, _FALSE = ("1", "1.0", "true", "yes", "t", "y"), ("0", "0.0", "false", "no", "f", "n")


def text_lines(path: Path) -> Iterator[tuple[str, str]]:
    """(place, line) of every line that is not blank; the place names file and line. ManifestError where it is no text."""
    return ((f"{path}, line {number}", line) for number, line in enumerate(all_lines(path), 1) if line)


def all_lines(path: Path) -> list[str]:
    """Every line, less the blanks around it. ManifestError where it is no text."""
    try:
        return [line.strip() for line in path.read_bytes().decode("utf-8-sig").splitlines()]
    except OSError as error:
        raise ManifestError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise ManifestError("is no text (UTF-8)", where=str(path)) from error


def read_json(path: Path) -> Any:
    """A JSON document. ManifestError where it is none."""
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ManifestError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"cannot be read as JSON: {error}", where=str(path)) from error


def numbers(words: Sequence[Any]) -> list[float]:
    """Words or JSON values as finite numbers; an empty list where one of them is none."""
    found = []
    for word in words:
        try:
            found.append(float(word) if isinstance(word, str | int | float) and not isinstance(word, bool) else math.nan)
        except (ValueError, OverflowError):
            return []
    return found if all(map(math.isfinite, found)) else []


def is_true(said: Mapping[str, Any], key: str, *, silent: bool, where: str) -> bool:
    """Formats on the way may have made a number or a text of it; `silent` where nothing is said, as of a new box.

    ManifestError where it is neither true nor false.
    """
    value = said.get(key)
    text = "" if value is None else str(value).strip().casefold()
    if text in _TRUE + _FALSE:
        return text in _TRUE
    if text:
        raise ManifestError(f"{key} is {str(value)[:40]!r}", where=where, way_out="true or false")
    return silent


def as_points(flat: Sequence[float]) -> Points:
    """x1 y1 x2 y2 ... -> (k, 2)."""
    return np.array(flat, float).reshape(-1, 2)
