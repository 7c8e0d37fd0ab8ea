"""Hints: what is said of a picture outside the picture, and the reading of single values, refused rather than guessed."""

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sattrack.errors import ManifestError
from sattrack.geometry import Affine6
from sattrack.imagery import Viewing

_LONGEST_TEXT = 500
_LARGEST_GSD_M = 100_000.0
# At 75 degrees of latitude a pixel of a longitude / latitude grid is four times as tall as wide; beyond, a comma was decimal.
_MOST_STRETCHED = 4.0
_MOST_BAND = 65535
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)?|[.,][0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Hints:
    """What a manifest's row or a picture's sidecars say; none or empty where they are silent.

    acquired: UTC; acquired_source: manifest, sidecar or vendor metadata; vendor_timed: whether the vendor's says a time too.
    gsd_m: (along columns, along rows). transform and crs: from a world file and its .prj, outer corner of the top-left pixel.
    vendor_bands: by the vendor, for files that do not say it themselves, and have as many bands as its own
    (vendor_bands_of). listed: names of all pictures of the delivery, by the vendor. unplaced: why what stands beside does
    not place the picture.
    """

    acquired: dt.datetime | None = None
    acquired_source: str = ""
    vendor_timed: bool = False
    gsd_m: tuple[float, float] | None = None
    gsd_source: str = ""
    sensor: str = ""
    source: str = ""
    licence: str = ""
    bands: tuple[int, ...] | None = None
    mask: str | None = None
    transform: Affine6 | None = None
    crs: str | None = None
    viewing: Viewing | None = None
    vendor_bands: tuple[int, ...] | None = None
    vendor_bands_of: int = 0
    listed: tuple[str, ...] = ()
    unplaced: str = ""
    notes: tuple[str, ...] = ()

    def over(self, other: "Hints") -> "Hints":
        """What this says, and where it is silent, what the other says; the notes of both."""
        said = {field.name: getattr(self, field.name) or getattr(other, field.name) for field in fields(self)}
        return replace(self, **said | {"notes": (*self.notes, *other.notes)})


SILENT = Hints()


def read_gsd(value: Any, *, decimal_comma: bool = False) -> tuple[float, float]:
    """A pixel's size in metres: one number, or two (along columns, along rows) as a list or as `X,Y`.

    With decimal_comma, `0,5` is a half and a space parts two values. ManifestError where it cannot be one or is doubtful.
    """
    if isinstance(value, str):
        sizes = _numbers(value, decimal_comma=decimal_comma)
    else:
        sizes = list(value) if isinstance(value, Sequence) else [value]
    if len(sizes) not in (1, 2) or not all(isinstance(s, int | float) and not isinstance(s, bool) for s in sizes):
        raise _bad("gsd_m", value, "is not one number or two", way_out="write metres, like 0.5 or 0.5,0.62")
    if not all(0 < s < _LARGEST_GSD_M for s in sizes):
        raise _bad("gsd_m", value, "is not a pixel size in metres", way_out="write metres, like 0.5 or 0.5,0.62")
    along_columns, along_rows = float(sizes[0]), float(sizes[-1])
    if max(along_columns, along_rows) > _MOST_STRETCHED * min(along_columns, along_rows):
        raise _bad("gsd_m", value, "makes a pixel over four times longer one way", way_out="write a decimal point, like 1.5")
    return along_columns, along_rows


def read_bands(value: Any) -> tuple[int, ...]:
    """One band number or three (red, green, blue), from 1, as a list or as `4,3,2`. ManifestError otherwise."""
    if isinstance(value, str):
        pieces = re.split(r"[\s,;/]+", value.strip())
        numbers: list[Any] = [int(p) if re.fullmatch(r"[0-9]{1,5}", p) else p for p in pieces]
    else:
        numbers = list(value) if isinstance(value, Sequence) else [value]
    if len(numbers) not in (1, 3) or not all(type(n) is int and 1 <= n <= _MOST_BAND for n in numbers):
        raise _bad("bands", value, "is not one band number or three", way_out="write band numbers from 1, like 4,3,2")
    return tuple(numbers)


def read_text(value: Any) -> str:
    """A value as one clean line of bounded length; nothing for what is no text or number."""
    if value is None or not isinstance(value, str | int | float):
        return ""
    printable = (letter if unicodedata.category(letter)[0] != "C" else " " for letter in str(value)[:_LONGEST_TEXT])
    return " ".join("".join(printable).split())


def _numbers(text: str, *, decimal_comma: bool) -> list[float]:
    if decimal_comma and "." not in text:
        pieces = text.split()
    else:
        pieces = [piece.strip() for piece in text.split(",")]
        if len(pieces) == 2 and all(piece.isdecimal() for piece in pieces) and pieces[0] != pieces[1]:
            way_out = f"write {pieces[0]}.{pieces[1]}, or {pieces[0]}.0,{pieces[1]}.0"
            raise _bad("gsd_m", text, "may be a decimal comma or two values", way_out=way_out)
    if not all(_NUMBER.fullmatch(piece) for piece in pieces):
        return []
    numbers = [float(piece.replace(",", ".")) for piece in pieces]
    return numbers if all(map(math.isfinite, numbers)) else []


def _bad(key: str, value: Any, why: str, *, way_out: str) -> ManifestError:
    return ManifestError(f"{key} {str(value)[:60]!r} {why}", way_out=way_out)
