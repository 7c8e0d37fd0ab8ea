"""Spans: times as catalogues are asked for them, such as 2023-08/2023-10, both ends within."""

import calendar
import datetime as dt
import re
from dataclasses import dataclass

from sattrack.errors import SattrackError, UsageError
from sattrack.readers.times import parse_time

_PART = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
# A clock time without its seconds, as lists show it.
_MINUTE = re.compile(r".*[T_ ]\d{2}:?\d{2} ?(?:Z|UTC|GMT|[+-][\d:]+)?", re.ASCII | re.IGNORECASE)
_OPEN = ("", "..")
WAY_OUT = "give 2023-08-01/2023-10-31, 2023-08/2023-10, 2023, or ../2023-10 with an open end"


@dataclass(frozen=True, slots=True)
class Span:
    """First and last moment, UTC; none where it is open."""

    first: dt.datetime | None = None
    last: dt.datetime | None = None

    def meets(self, start: dt.datetime, end: dt.datetime) -> bool:
        """Whether anything between start and end lies in it."""
        return (self.first is None or end >= self.first) and (self.last is None or start <= self.last)

    def asked(self) -> str:
        """As the STAC API takes it."""
        return "/".join(".." if moment is None else _stamp(moment) for moment in (self.first, self.last))


ANY_TIME = Span()


def read_span(text: str) -> Span:
    """A span, or one year, month, day, minute or moment. UsageError otherwise."""
    ends = [end.strip() for end in text.split("/")]
    if len(ends) > 2 or all(end in _OPEN for end in ends):
        raise UsageError(f"--datetime is {text[:60]!r}", way_out=WAY_OUT)
    first, last = (None if end in _OPEN else _moments(end) for end in (ends[0], ends[-1]))
    span = Span(first[0] if first else None, last[1] if last else None)
    if span.first and span.last and span.first > span.last:
        raise UsageError(f"--datetime is {text[:60]!r}: it ends before it begins", way_out=WAY_OUT)
    return span


def _moments(text: str) -> tuple[dt.datetime, dt.datetime]:
    """The first and the last moment of a year, a month, a day, a minute or a moment."""
    found = _PART.fullmatch(text)
    try:
        if not found:
            moment = parse_time(text, taken=False)
            return moment, moment + dt.timedelta(seconds=59, microseconds=999_999) if _MINUTE.fullmatch(text) else moment
        year, month, day = (int(part) if part else None for part in found.groups())
        assert year is not None
        last = day or calendar.monthrange(year, month or 12)[1]
        return (
            dt.datetime(year, month or 1, day or 1, tzinfo=dt.UTC),
            dt.datetime(year, month or 12, last, 23, 59, 59, 999_999, tzinfo=dt.UTC),
        )
    except (SattrackError, ValueError, calendar.IllegalMonthError) as error:
        raise UsageError(f"--datetime: {text[:60]!r} is no time", way_out=WAY_OUT) from error


def _stamp(moment: dt.datetime) -> str:
    """To the microsecond where it has any: in whole seconds an item's own time would end before it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{f'.{moment.microsecond:06}' if moment.microsecond else ''}Z"
