"""Times of acquisition: read from text, from a file's tags and from its name; always UTC, and unknown rather than guessed."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping

from sattrack.errors import ManifestError

FIRST_YEAR = 1970
_AHEAD = dt.timedelta(days=1)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MONTH = f"(?P<name>{'|'.join(_MONTHS)})"
_WAY_OUT = "write it like 2023-10-14T01:15:01Z"

_WRITTEN = re.compile(
    r"(?P<year>\d{4})(?:(?P<sep>[-/:.])(?P<month>\d{2})(?P=sep)(?P<day>\d{2})|(?P<month2>\d{2})(?P<day2>\d{2}))"
    r"(?:(?:[T_]|[ ]+)(?P<hour>\d{2})(?::?(?P<minute>\d{2})(?::?(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,12}))?)?)?"
    r"[ ]?(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?",
    re.ASCII | re.IGNORECASE,
)

# Most sure first. The general TIFF tag is often the time of processing, so that it comes last.
_TAGS = (
    "ACQUISITIONDATETIME", "ACQUISITION_DATETIME", "ACQUISITION_DATE_TIME", "EXIF_DateTimeOriginal", "DateTimeOriginal",
    "TIFFTAG_DATETIME",
)  # fmt: skip
_OFFSETS = {"exif_datetimeoriginal": "exif_offsettimeoriginal", "datetimeoriginal": "offsettimeoriginal"}

# Clock times in names. After a bare underscore four figures are as often the place of a tile (2009-11-15_1800_8500).
_CLOCK = (
    r"(?:T(?P<h1>\d{2})[:_-]?(?P<m1>\d{2})(?:[:_-]?(?P<s1>\d{2})(?!:[0-9])(?:\.\d+)?)?"
    r"(?:Z|(?P<plus>\+\d{2}:?\d{2}|-\d{2}:\d{2}))?(?![0-9])"
    r"|[-_ ](?P<h2>\d{2})(?P<m2>\d{2})(?P<s2>\d{2})(?![0-9A-Za-z])"
    r"|[- ](?P<h3>\d{2})[:_-](?P<m3>\d{2})(?:[:_-](?P<s3>\d{2}))?(?![0-9A-Za-z])"
    r"|_(?P<h4>\d{2})(?::(?P<m4>\d{2})(?::(?P<s4>\d{2}))?|-(?P<m5>\d{2})-(?P<s5>\d{2}))(?![0-9A-Za-z]))?"
)
_IN_NAMES = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        # 2015-02-05, 2015_02_05, 2023-10-14T01-15-01, 2022-05-14-00_00
        r"(?<![0-9A-Za-z])(?P<year>\d{4})(?P<sep>[-_.])(?P<month>\d{2})(?P=sep)(?P<day>\d{2})(?![0-9])" + _CLOCK,
        # 20150205023312 with tenths or not (Pleiades, SPOT, KOMPSAT)
        r"(?<![0-9A-Za-z])(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?P<h1>\d{2})(?P<m1>\d{2})(?P<s1>\d{2})\d?(?![0-9A-Za-z])",
        # 20150205, 20231014T110132, 20231014_011501 (PlanetScope)
        r"(?<![0-9A-Za-z])(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?![0-9A-SU-Za-z])" + _CLOCK,
        # 23OCT14011501 (Maxar: year first); without its clock 14OCT23 is as often the 14th, as it is written by hand
        r"(?<![0-9A-Za-z])(?P<short>\d{2})" + _MONTH + r"(?P<day>\d{2})(?P<h1>\d{2})(?P<m1>\d{2})(?P<s1>\d{2})(?![0-9A-Za-z])",
        # 14OCT2023, 14-Oct-2023, 2023-Oct-14
        r"(?<![0-9A-Za-z])(?P<day>\d{1,2})[-_ ]?(?i:" + _MONTH + r")[-_ ]?(?P<year>\d{4})(?![0-9A-Za-z])",
        r"(?<![0-9A-Za-z])(?P<year>\d{4})[-_ ]?(?i:" + _MONTH + r")[-_ ]?(?P<day>\d{2})(?![0-9A-Za-z])",
    )
)


def parse_time(text: str, *, taken: bool = True) -> dt.datetime:
    """A date or a date with a clock time, year first -> UTC; without an offset it is taken as UTC, without a clock as midnight.

    taken: it is when a picture was. ManifestError where it is no such time, is no real one (2023-02-30, second 60), or is when
    no picture can have been taken, before 1970 or more than a day ahead.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if not found:
        raise _bad(text, "is not a date that can be read without guessing")
    part = found.groupdict()
    if part["second"] == "60":
        raise _bad(text, "has a leap second, which no clock here can hold", way_out="write second 59")
    try:
        time = dt.datetime(
            int(part["year"]), int(part["month"] or part["month2"]), int(part["day"] or part["day2"]),
            int(part["hour"] or 0), int(part["minute"] or 0), int(part["second"] or 0),
            int((part["fraction"] or "0")[:6].ljust(6, "0")), tzinfo=_zone(part["zone"]),
        ).astimezone(dt.UTC)  # fmt: skip
    except (ValueError, OverflowError) as error:
        raise _bad(text, f"is no real time: {error}") from error
    if taken and time.year < FIRST_YEAR:
        raise _bad(text, f"lies before {FIRST_YEAR}")
    if taken and time > _latest():
        raise _bad(text, "lies in the future")
    return time


def time_in_tags(tags: Mapping[str, str], *, general: bool = True) -> dt.datetime | None:
    """The time of acquisition in a raster's tags, of all its domains in one dictionary; none where no tag holds a real time.

    general: the general TIFF tag counts too. Tags are often empty or wrong (`0000:00:00 00:00:00`), and no user wrote them: a
    bad one is as if it were not there.
    """
    folded = {key.casefold(): str(value).strip() for key, value in tags.items()}
    for tag in _TAGS if general else _TAGS[:-1]:
        text = folded.get(tag.casefold(), "")
        offset = folded.get(_OFFSETS.get(tag.casefold(), ""), "")
        try:
            return parse_time(text + offset if re.fullmatch(r"[+-]\d{2}:\d{2}", offset) and len(text) == 19 else text)
        except ManifestError:
            continue
    return None


def time_in_name(stem: str) -> dt.datetime | None:
    """The time of acquisition in a file's name, by the patterns of imagery vendors; the start of a span; none where unsure.

    Day or month first in figures (05-06-2023) is never read. Of several days the earliest is taken where it stands first;
    else the name is not trusted.
    """
    found = sorted(_candidates(stem))
    times = [time for _, time in found]
    if not times or times[0] != min(times, key=lambda t: t.date()):
        return None
    return times[0]


def _candidates(stem: str) -> Iterator[tuple[int, dt.datetime]]:
    taken: list[tuple[int, int]] = []
    for pattern in _IN_NAMES:
        for found in pattern.finditer(stem):
            start, end = found.span()
            time = _from_name(found.groupdict())
            if time is not None and all(end <= a or start >= b for a, b in taken):
                taken.append((start, end))
                yield start, time


def _from_name(part: dict[str, str | None]) -> dt.datetime | None:
    year = int(part.get("year") or 0)
    if part.get("short"):
        short = int(part["short"] or 0)
        year = short + (1900 if short >= FIRST_YEAR % 100 else 2000)
    name = part.get("name")
    month = _MONTHS.index(name.upper()) + 1 if name else int(part.get("month") or 0)
    try:
        day = dt.datetime(year, month, int(part["day"] or 0), tzinfo=dt.UTC)
    except ValueError:
        return None
    time = _with_clock(day, part)
    return time if year >= FIRST_YEAR and time <= _latest() else None


def _with_clock(day: dt.datetime, part: dict[str, str | None]) -> dt.datetime:
    """The day at the clock time of the name; at midnight where what follows the day is no clock time."""
    hour, minute, second = (
        next((v for k, v in part.items() if k[0] == unit and k[1:].isdigit() and v), None) for unit in "hms"
    )
    try:
        time = day.replace(hour=int(hour or 0), minute=int(minute or 0), second=int(second or 0))
        return time.replace(tzinfo=_zone(part.get("plus"))).astimezone(dt.UTC)
    except ValueError:
        return day


def _zone(text: str | None) -> dt.tzinfo:
    if not text or text[0] not in "+-":
        return dt.UTC
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    if minutes > 59:
        raise ValueError("offset minutes must be in 0..59")
    if hours > 15:
        raise ValueError("offset hours must be in 0..15")
    return dt.timezone((-1 if text[0] == "-" else 1) * dt.timedelta(hours=hours, minutes=minutes))


def _latest() -> dt.datetime:
    return dt.datetime.now(dt.UTC) + _AHEAD


def _bad(text: str, why: str, *, way_out: str = _WAY_OUT) -> ManifestError:
    return ManifestError(f"the time {text[:60]!r} {why}", way_out=way_out)
