"""Tables of counts: a CSV of anybody's counts, or a run's counts.csv, as readings; bad rows are errors that name their line."""

import codecs
import csv
import io
import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TextIO

from sattrack.covers import COVER_MARKS
from sattrack.errors import ManifestError
from sattrack.phrases import some
from sattrack.readers.times import parse_time
from sattrack.steps.series import Reading, sensor_class
from sattrack.timeline import Observation

NEEDED = ("site_id", "datetime", "count")
OPTIONAL = (
    "site_name", "zone", "scene_id", "sensor", "model_id", "threshold", "observed_fraction", "count_low", "count_high",
    "interval_level", "status", "gsd_m", "lon", "lat", "notes", "datetime_source",
)  # fmt: skip
_DELIMITERS = (",", ";", "\t")
# 1,234 or 1.234 where commas are decimal: a thousand and more to one program, one and a bit to another.
_THOUSANDS = re.compile(r"\d{1,3}([.,]\d{3})+")
_STATUSES = ("done", "not_assessable", "refused", "failed", "outside")
_LEVEL = 0.9
_LONGEST_LINE = 1 << 20
_HEAD_WAY_OUT = f"begin with a line of column names: {', '.join(NEEDED)}, and where known {', '.join(OPTIONAL[:9])}"


def read_counts(path: Path, *, level: float = _LEVEL, undated: list[int] | None = None) -> Iterator[Reading]:
    """The counts of a CSV file in their order; commas, semicolons or tabs part the values, in the last two `0,5` is a half.

    One at a time, so that millions need little memory. Rows of status outside are left out, and counts whose time a run says it
    does not know; undated: takes the lines of these. level: that of count_low and count_high where no column says it.
    ManifestError names the line of what cannot be understood, or of a count that stands there twice.
    """
    try:
        with path.open("rb") as raw:
            wide = raw.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
            file = io.TextIOWrapper(raw, encoding="utf-16" if wide else "utf-8-sig", newline="")
            yield from _readings(path, _lines(path, file), level=level, undated=[] if undated is None else undated)
    except UnicodeError as error:
        raise ManifestError("is not UTF-8 text", where=str(path), way_out="save it as CSV UTF-8") from error
    except OSError as error:
        raise ManifestError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except csv.Error as error:
        raise ManifestError(f"is no CSV: {error}", where=str(path), way_out="save it as CSV UTF-8") from error


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    """The lines of a table. What has no ends of lines is none, and must not be held in memory to be told so."""
    for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE), ""), start=1):
        if len(line) == _LONGEST_LINE:
            raise ManifestError(
                f"has more than {_LONGEST_LINE:,} characters",
                where=f"{path}, line {number}",
                way_out="save it as CSV UTF-8",
            )
        yield line


def _readings(path: Path, lines: Iterator[str], *, level: float, undated: list[int]) -> Iterator[Reading]:
    columns, delimiter, width = _header(path, next(lines, ""))
    rows = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    seen: dict[tuple[object, ...], set[str]] = {}
    line, found = 2, False
    for cells in rows:
        if any(cells) and any(cell.strip() for cell in cells):
            found = True
            try:
                _no_more(cells, width)
                one = _reading(columns, cells, decimal_comma=delimiter != ",", level=level)
                if one.observation.status != "outside":
                    _once(seen, one)
                    yield one
                elif one.observation.count is not None and not cells[columns["datetime"]].strip():
                    undated.append(line)
            except ManifestError as error:
                raise ManifestError(error.message, where=f"{path}, line {line}", way_out=error.way_out) from error
        line = rows.line_num + 2
    if not found:
        raise ManifestError("holds no counts", where=str(path), way_out="write a line for each count under the column names")


def _header(path: Path, head: str) -> tuple[dict[str, int], str, int]:
    """Where each known column stands, the delimiter that makes the most of them, and how many columns there are."""
    split = {
        mark: [" ".join(n.split()).casefold() for n in next(csv.reader([head], delimiter=mark), [])] for mark in _DELIMITERS
    }
    delimiter = max(_DELIMITERS, key=lambda mark: sum(name in NEEDED + OPTIONAL for name in split[mark]))
    names = split[delimiter]
    if all(name in names for name in COVER_MARKS):
        raise ManifestError(
            "holds covered areas, not counts: they stand in no series of counts", where=f"{path}, line 1",
            way_out="give counts, such as a run's counts.csv",
        )  # fmt: skip
    missing = [name for name in NEEDED if name not in names]
    if missing:
        came = f"came {head.strip()[:80]!r}" if head.strip() else "the file is empty"
        raise ManifestError(f"has no column {missing[0]!r}: {came}", where=f"{path}, line 1", way_out=_HEAD_WAY_OUT)
    twice = [name for name in NEEDED + OPTIONAL if names.count(name) > 1]
    if twice:
        raise ManifestError(f"has the column {twice[0]!r} twice", where=f"{path}, line 1", way_out="keep one of them")
    return {name: names.index(name) for name in NEEDED + OPTIONAL if name in names}, delimiter, len(names)


def _no_more(cells: list[str], width: int) -> None:
    """A number such as 1,234 falls apart at its comma: read as far as the columns go it would be a count of 1."""
    if any(cell.strip() for cell in cells[width:]):
        raise ManifestError(
            f"has {len(cells)} values for {width} columns", way_out="write 1234 for 1,234, and put text with commas in quotes"
        )


def _reading(columns: Mapping[str, int], cells: list[str], *, decimal_comma: bool, level: float) -> Reading:
    if len(cells) <= max(columns[name] for name in NEEDED):
        raise ManifestError(f"has only {some(len(cells), 'value')}", way_out="write a value, or nothing, for every column")
    said = {name: bare(cells[at].strip()) for name, at in columns.items() if at < len(cells)}
    numbers = _NONE | {
        name: _number(name, said[name], decimal_comma=decimal_comma) for name in said if name in _BOUNDS and said[name]
    }
    site, when = said["site_id"], said["datetime"]
    if not site:
        raise ManifestError("the site_id is empty", way_out="name the site, or remove the line")
    status = said.get("status") or ("done" if numbers["count"] is not None else "not_assessable")
    if status not in _STATUSES:
        raise ManifestError(f"the status is {status[:40]!r}", way_out=f"give one of {', '.join(_STATUSES)}, or leave it empty")
    count, low, high = numbers["count"], numbers["count_low"], numbers["count_high"]
    if status == "done" and count is None:
        raise ManifestError("the count is empty", way_out="give a number, or the status not_assessable")
    if count is not None and not (low or 0) <= count <= (count if high is None else high):
        raise ManifestError(f"the count {count:g} lies outside count_low to count_high", way_out="mend one of the three")
    if not when:
        if status == "done" and said.get("datetime_source") != "unknown":
            raise ManifestError(
                "the datetime is empty", way_out="give it, or remove the line: without a time there is no series"
            )
        status, when = "outside", "1970-01-01"
    seen = 1.0 if numbers["observed_fraction"] is None else numbers["observed_fraction"]
    observation = Observation(
        scene_id=said.get("scene_id") or _named_by(when), datetime=_time(when), count=_whole(count),
        low=low, high=high, observed_fraction=seen, status=status, level=numbers["interval_level"] or level,
        notes=tuple(note for note in [said.get("notes", "")] if note),
    )  # fmt: skip
    lon, lat = numbers["lon"], numbers["lat"]
    return Reading(
        site, said.get("site_name") or site, said.get("zone", ""), said.get("sensor", ""), said.get("model_id", ""),
        numbers["threshold"], observation, (lon, lat) if lon is not None and lat is not None else None, numbers["gsd_m"],
    )  # fmt: skip


def bare(cell: str) -> str:
    """A cell without the apostrophe that tables of ours have before what a spreadsheet would take for a formula."""
    if not cell.startswith("'"):
        return cell
    rest = cell[1:].strip()
    return rest if cell[1:2] == " " or rest.startswith(("=", "+", "-", "@")) else cell


# Least and most of each column of numbers.
_BOUNDS = {
    "count": (0, 1e9), "count_low": (0, 1e9), "count_high": (0, 1e9), "observed_fraction": (0, 1),
    "interval_level": (0.5, 0.9999), "threshold": (0, 1), "gsd_m": (0, 1e5), "lon": (-180, 180), "lat": (-90, 90),
}  # fmt: skip


_NONE: dict[str, float | None] = dict.fromkeys(_BOUNDS)
# Many sites are seen on few days: their times are read, and kept, once.
_time = lru_cache(maxsize=100_000)(parse_time)
_class = lru_cache(maxsize=10_000)(sensor_class)


@lru_cache(maxsize=100_000)
def _named_by(when: str) -> str:
    """A scene without a name of its own is named by its time, in one spelling: else one scene spelled in two ways is two."""
    return _time(when).isoformat().replace("+00:00", "Z").removesuffix("T00:00:00Z")


def _number(name: str, text: str, *, decimal_comma: bool) -> float:
    low, high = _BOUNDS[name]
    if decimal_comma and name == "count" and _THOUSANDS.fullmatch(text):
        raise ManifestError(
            f"count is {text[:40]!r}: thousands, or a decimal?", way_out="write 1234 for the one, or 1.2 for the other"
        )
    try:
        value = float(text.replace(",", ".") if decimal_comma else text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        hint = "a share from 0 to 1, such as 0.97" if name == "observed_fraction" else f"a number from {low:g} to {high:g}"
        raise ManifestError(f"{name} is {text[:40]!r}", way_out=f"give {hint}, or leave it empty")
    return value


def _whole(count: float | None) -> int | float | None:
    return int(count) if count is not None and count == int(count) else count


def _once(seen: dict[tuple[object, ...], set[str]], one: Reading) -> None:
    # By what parts series: two scenes of one name in one series would be one alert, and the other's count lost.
    sensor = _class(one.sensor, gsd_m=one.gsd_m)
    scenes = seen.setdefault((one.site_id, one.zone, sensor, one.model_id, one.threshold), set())
    if one.observation.scene_id in scenes:
        raise ManifestError(
            "an earlier line has the same site, zone, scene, sensor and model",
            way_out="keep one of them, or give the times of day or a scene_id",
        )
    scenes.add(one.observation.scene_id)
