"""Cells: values as text that is safe in a table, and that gives away no folder, user or signature of where a picture lay."""

import csv
import datetime as dt
import io
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import IO

from sattrack.packed import Lookup
from sattrack.writing import whole_file

_URL = r"(?:/vsi\w+/)?[A-Za-z][A-Za-z0-9+.-]+://[^\s\"'<>]*|/vsi\w+\?[^\s\"'<>]*"
_PATH = r"(?<![\w./\\~])(?:~|[A-Za-z]:|\\)?(?:[/\\][^\s/\\:;,\"'<>|()]+)+"
# One pass over both, so that what is kept of a URL is not read again as a path.
_PLACE = re.compile(f"(?P<url>{_URL})|(?P<path>{_PATH})")
_HOME = re.compile(r"[/\\](?:home|Users)[/\\][^/\\]+$")
# Letters by which a place in a sentence is told from what surely is none.
_BEGIN = 3
_FORMULA = ("=", "+", "-", "@")


def moment(value: dt.datetime | None) -> str | None:
    """A time as RFC 3339 in UTC, whole seconds; none stays none."""
    if value is None:
        return None
    aware = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    return aware.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def clean(text: str) -> str:
    """One line that every encoder takes: control characters become spaces, halves of broken characters become `?`."""
    if text.isascii() and text.isprintable():
        return text
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in whole)


def shown(location: str) -> str:
    """What may be told of where a picture lay: a file's name; a URL without user, password, query and fragment."""
    if location.lower().startswith("file:"):
        location = location[5:]
    elif re.match(_URL, location):
        return clean(_bare_url(location))
    return clean(re.split(r"[/\\]", location.rstrip("/\\"))[-1])


class KnownPlaces:
    """The locations of a run, for finding which of them a sentence quotes without looking for each of a million.

    They are walked through once, when a sentence is met that may quote one: most runs have none.
    """

    def __init__(self, locations: Iterable[str]) -> None:
        self._locations = locations
        self._short: set[str] = set()
        self._begins: set[str] = set()
        self._lengths: set[int] = set()

    def within(self, text: str) -> Iterator[str]:
        known = self._known
        yield from (one for one in self._short if one in text)
        for at in range(len(text)):
            if text[at : at + _BEGIN] in self._begins:
                yield from (one for n in self._lengths if len(one := text[at : at + n]) == n and one in known)

    @cached_property
    def _known(self) -> Lookup:
        return Lookup(self._long())

    def _long(self) -> Iterator[str]:
        for one in filter(None, self._locations):
            if len(one) < _BEGIN:
                self._short.add(one)
                continue
            self._begins.add(one[:_BEGIN])
            self._lengths.add(len(one))
            yield one


def discreet(text: str, *, locations: "Iterable[str] | KnownPlaces" = ()) -> str:
    """A sentence with every path cut down to its last name and every URL to what `shown` keeps; known locations first,
    since only they tell where a path with spaces ends.
    """
    if "/" not in text and "\\" not in text:
        return clean(text)  # nothing in it can be a place
    quoted = locations.within(text) if isinstance(locations, KnownPlaces) else (one for one in locations if one and one in text)
    for location in sorted(set(quoted), key=len, reverse=True):
        text = text.replace(location, shown(location))
    return clean(_PLACE.sub(_told, text))


def csv_cell(value: object) -> str:
    """A value as a CSV cell. Text that a spreadsheet would take for a formula gets a leading apostrophe; numbers never do."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ""
    text = clean(str(value))
    # A tab or line end at the front counts as well; it has become a space here.
    risky = text.startswith(_FORMULA) or str(value).startswith(("\t", "\r", "\n")) or text.lstrip().startswith(_FORMULA)
    return f"'{text}" if risky else text


def write_table(path: Path, columns: Sequence[str], *, rows: Iterable[Sequence[object]]) -> None:
    """A table as a CSV file, whole or not at all; its rows are written as they are drawn."""
    with whole_file(path, make_folder=False) as draft:
        fill_table(draft, columns, rows=rows)


def fill_table(draft: Path, columns: Sequence[str], *, rows: Iterable[Sequence[object]]) -> None:
    """The same into a file of the caller's, who sees to it that it is whole. OSError where that cannot be."""
    with draft.open("w", encoding="utf-8", newline="", buffering=1 << 20) as file:
        _write_rows(file, columns, rows)


def csv_bytes(columns: Sequence[str], *, rows: Iterable[Sequence[object]]) -> bytes:
    """A table as CSV: UTF-8, a header, LF line ends."""
    out = io.StringIO()
    _write_rows(out, columns, rows)
    return out.getvalue().encode("utf-8")


def _write_rows(to: IO[str], columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    writer = csv.writer(to, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([csv_cell(value) for value in row] for row in rows)


def number(value: float | None, *, digits: int) -> float | None:
    """A rounded number; none where there is none, or where it is not finite."""
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), digits) + 0.0


def _bare_url(url: str) -> str:
    bare = re.split(r"[?#]", url, maxsplit=1)[0]
    return re.sub(r"://[^/@]*@", "://", bare)


def _told(found: re.Match[str]) -> str:
    place = found.group()
    if found.group("url") is not None:
        return shown(place)
    return "~" if _HOME.search(place) else re.split(r"[/\\]", place)[-1]


def compact_json(value: object) -> str:
    """A value as JSON on one line, for files of many boxes; not finite numbers are refused."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def readable_json(value: object) -> bytes:
    """A value as a JSON file that people may read too; not finite numbers are refused."""
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "replace")
