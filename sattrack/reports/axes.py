"""Axes: where time and boxes lie on a sheet, with their ticks at round dates and round numbers."""

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass

from sattrack.reports.canvas import Mark, Stroke, Words
from sattrack.reports.wording import utc, whole

_MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
_CLOCK_STEPS = (5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120)
# A moment, and the last one that was told or none -> what it is called.
Label = Callable[[dt.datetime, dt.datetime | None], str]


@dataclass(frozen=True, slots=True)
class Plot:
    """Where time and boxes lie on the sheet."""

    left: float
    right: float
    top: float
    base: float
    begin: float
    end: float
    most: float

    def x(self, moment: dt.datetime) -> float:
        return self.left + (utc(moment).timestamp() - self.begin) / (self.end - self.begin) * (self.right - self.left)

    def y(self, boxes: float) -> float:
        return self.base - boxes / self.most * (self.base - self.top)


def left_of(most: float) -> float:
    """Where a plot begins on the sheet so that the numbers of its scale stand on it whole."""
    return max(44.0, 10 + 7.0 * len(whole(most)))


def round_up(most: float) -> float:
    step = _step(most)
    return max(step * math.ceil(most / step - 1e-9), 4.0)


def _step(most: float) -> float:
    """A step of 1, 2 or 5 times a power of ten, whole boxes, giving about four ticks."""
    rough = max(most / 4, 1.0)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= rough - 1e-9)


def scale(plot: Plot) -> list[Mark]:
    """Lines at round numbers of boxes, the lowest as the base line."""
    step, marks = _step(plot.most), list[Mark]()
    for i in range(int(plot.most / step + 1e-9) + 1):
        y = plot.y(i * step)
        marks.append(Stroke(((plot.left, y), (plot.right, y)), "quiet" if i == 0 else "rule", 1.0))
        marks.append(Words(plot.left - 8, y + 4, whole(i * step), anchor="end"))
    return marks


def dates(plot: Plot) -> list[Mark]:
    """Ticks at round dates; labels that would leave the sheet or touch a neighbour are left out, and the next one tells the
    day or the year in their place. The first is moved onto the sheet instead: without it no year would be told.
    """
    most = max(2, int((plot.right - plot.left) / 88))
    moments, label = date_ticks(plot.begin, plot.end, most=most)
    marks, free, end = list[Mark](), plot.left - 24, plot.right + 38
    before: dt.datetime | None = None
    for moment in moments:
        x, text = plot.x(moment), label(moment, before)
        half = 3.4 * len(text)
        marks.append(Stroke(((x, plot.base), (x, plot.base + 4)), "quiet"))
        at = x if before else min(max(x, free + half), end - half)
        if at - half >= free and at + half <= end:
            marks.append(Words(at, plot.base + 32, text, anchor="middle"))
            before, free = moment, at + half + 8
    return marks


def date_ticks(begin: float, end: float, *, most: int) -> tuple[list[dt.datetime], Label]:
    """Round dates (UTC) between two times in seconds, at most so many, and how each is called after the last that was told."""
    for step in _CLOCK_STEPS:
        if (end - begin) / step <= most:
            first = math.ceil(begin / step) * step
            moments = [_at(first + i * step) for i in range(int((end - first) // step) + 1)]
            return moments, _day
    for months in _MONTH_STEPS:
        moments = _months(begin, end, months)
        if len(moments) <= most:
            break
    return moments, _year if months >= 12 else _month


def _months(begin: float, end: float, step: int) -> list[dt.datetime]:
    first, last = _at(begin), _at(end)
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    # Steps of years count from the year 0, so that they fall on round ones.
    moments = [dt.datetime(n // 12, n % 12 + 1, 1, tzinfo=dt.UTC) for n in numbers if n % step == 0]
    return [m for m in moments if begin <= m.timestamp() <= end]


def _year(moment: dt.datetime, before: dt.datetime | None) -> str:  # noqa: ARG001
    return str(moment.year)


def _month(moment: dt.datetime, before: dt.datetime | None) -> str:
    return f"{moment:%b}" if before and before.year == moment.year else f"{moment:%b %Y}"


def _day(moment: dt.datetime, before: dt.datetime | None) -> str:
    """The day, with the clock where that is not midnight; what the label before told is not told again."""
    clock = f"{moment:%H:%M}" if moment.hour or moment.minute else ""
    if clock and before and before.date() == moment.date():
        return clock
    day = f"{moment.day} {moment:%b}" if before and before.year == moment.year else f"{moment.day} {moment:%b %Y}"
    return f"{day} {clock}".rstrip()


def _at(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)
