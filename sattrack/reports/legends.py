"""Legends: what the marks of a chart mean, written under it where it travels without a page."""

from collections.abc import Callable, Mapping, Sequence

from sattrack.reports.alarm_marks import Drawn
from sattrack.reports.canvas import Area, Dot, Mark, Shape, Stroke, Words
from sattrack.reports.cells import clean

ROW_PX = 18.0
_SIZE = 11.5
# A sign drawn round a place (x, y), and what it means.
Entry = tuple[Callable[[float, float], list[Mark]], str]


def entries_of(*, measured: bool, sensors: Mapping[str, Shape], alarms: Drawn) -> list[Entry]:
    """measured: whether counts have intervals; sensors: the shape of each, told where there are several; alarms: what of them
    the chart shows.
    """
    counted: Entry = (lambda x, y: [Stroke(((x, y - 7), (x, y + 7)), "accent", 2.2, faint=0.5), Dot(x, y, 4, "accent")],
                      "counted, with 90 % interval")  # fmt: skip
    entries: list[Entry] = [
        counted if measured else (lambda x, y: [Dot(x, y, 4, "accent")], "counted; no interval was measured"),
        (lambda x, y: [Dot(x, y, 4, "accent", hollow=True)], "site partly seen"),
        (lambda x, y: absent(x, y, failed=False), "not assessable"),
        (lambda x, y: absent(x, y, failed=True), "refused or failed"),
    ]
    if len(sensors) > 1:
        entries += [(_shaped(shape), clean(name)) for name, shape in sensors.items()]
    if alarms.band:
        box = ((-6, -5), (6, -5), (6, 5), (-6, 5))
        entries.append(
            (lambda x, y: [Area(tuple((x + i, y + j) for i, j in box), "quiet", faint=0.22)], "19 of 20 quiet scenes")
        )
    if alarms.limits:
        entries.append((lambda x, y: [Stroke(((x - 7, y), (x + 7, y)), "warn", 1.4, dash=(4.0, 3.0))], "alarm limit"))
    if alarms.alerts:
        entries.append((lambda x, y: [Dot(x - 7, y, 4, "warn", shape="up"), Dot(x + 4, y, 4, "warn", shape="down")], "alert"))
    if alarms.warnings:
        entries.append((lambda x, y: [Dot(x, y, 4.2, "warn", hollow=True, shape="up")], "warning"))
    return entries


def rows_of(entries: Sequence[Entry], *, width: float) -> list[list[Entry]]:
    """The entries in as many rows as they take."""
    rows: list[list[Entry]] = [[]]
    used = 0.0
    for entry in entries:
        wide = _wide(entry)
        if rows[-1] and used + wide > width - 10:
            rows.append([])
            used = 0.0
        rows[-1].append(entry)
        used += wide
    return rows


def laid(rows: Sequence[Sequence[Entry]], *, bottom: float) -> list[Mark]:
    """The rows, the last one standing just above the bottom of the sheet."""
    marks: list[Mark] = []
    for i, row in enumerate(rows):
        x, y = 14.0, bottom - 12 - ROW_PX * (len(rows) - 1 - i)
        for entry in row:
            marks += [*entry[0](x, y - 4), Words(x + 12, y, entry[1], size=_SIZE)]
            x += _wide(entry)
    return marks


def absent(x: float, y: float, *, failed: bool) -> list[Mark]:
    """A cross where a scene was refused or failed, an upright tick where too little of the site was seen."""
    if failed:
        return [Stroke(((x - 3, y - 3), (x + 3, y + 3)), "warn", 1.6), Stroke(((x - 3, y + 3), (x + 3, y - 3)), "warn", 1.6)]
    return [Stroke(((x, y - 4), (x, y + 4)), "quiet", 2.0)]


def _shaped(shape: Shape) -> Callable[[float, float], list[Mark]]:
    return lambda x, y: [Dot(x, y, 4, "accent", shape=shape)]


def _wide(entry: Entry) -> float:
    return 34 + 0.56 * _SIZE * len(entry[1])
