"""Axes: where time and boxes lie on a sheet, with their ticks at round dates and round numbers."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

from sattrack.reports.canvas import Mark, Stroke, Words
from sattrack.reports.wording import utc, whole

_HOUR, DAY = 3600.0, 86400.0
_CLOCK_STEPS = (_HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120)


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


def round_up(most: float) -> float:
    step = _step(most)
    return max(step * math.ceil(most / step - 1e-9), 4.0)


def _step(most: float, *, about: int = 4) -> float:
    """A step of 1, 2 or 5 times a power of ten, whole boxes, giving about so many ticks."""
    rough = max(most / about, 1.0)
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
    """Ticks at round dates; labels that would leave the sheet or touch a neighbour are left out."""
    most = max(2, int((plot.right - plot.left) / 88))
    marks, free = list[Mark](), plot.left - 24
    for moment, label in date_ticks(plot.begin, plot.end, most=most):
        x = plot.x(moment)
        half = 3.4 * len(label)
        marks.append(Stroke(((x, plot.base), (x, plot.base + 4)), "quiet"))
        if x - half >= free and x + half <= plot.right + 38:
            marks.append(Words(x, plot.base + 32, label, anchor="middle"))
            free = x + half + 8
    return marks


def date_ticks(begin: float, end: float, *, most: int) -> list[tuple[dt.datetime, str]]:
    """Round dates (UTC) between two times in seconds, at most so many, with their labels; the year stands where it changes."""
    for step in _CLOCK_STEPS:
        if (end - begin) / step <= most:
            first = math.ceil(begin / step) * step
            moments = [_at(first + i * step) for i in range(int((end - first) // step) + 1)]
            return _labelled(moments, clock=step < DAY)
    for months in _MONTH_STEPS:
        moments = _months(begin, end, months)
        if len(moments) <= most:
            break
    return _labelled(moments, clock=False, months=months)


def _months(begin: float, end: float, step: int) -> list[dt.datetime]:
    first, last = _at(begin), _at(end)
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    # Steps of years count from the year 0, so that they fall on round ones.
    moments = [dt.datetime(n // 12, n % 12 + 1, 1, tzinfo=dt.UTC) for n in numbers if n % step == 0]
    return [m for m in moments if begin <= m.timestamp() <= end]


def _labelled(moments: Sequence[dt.datetime], *, clock: bool, months: int = 0) -> list[tuple[dt.datetime, str]]:
    labels, before = [], None
    for m in moments:
        if months >= 12:
            text = str(m.year)
        elif months:
            text = f"{m:%b}" if before and before.year == m.year else f"{m:%b %Y}"
        else:
            text = f"{m.day} {m:%b}" if before and before.year == m.year else f"{m.day} {m:%b %Y}"
            if clock and (m.hour or (before and before.date() == m.date())):
                text = f"{m:%H:%M}"
        labels.append((m, text))
        before = m
    return labels


def _at(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)
