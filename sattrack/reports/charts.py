"""Charts: a site's counts in time, with intervals, and marks where a scene could not be assessed."""

import datetime as dt
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sattrack.errors import StoreError
from sattrack.ports import Finished
from sattrack.reports.canvas import Dot, Drawing, Mark, Stroke, Words, joined, pixels, svg
from sattrack.reports.cells import clean
from sattrack.reports.naming import file_name
from sattrack.reports.wording import interval, share, state, utc, when, whole
from sattrack.results import Part
from sattrack.timeline import Count

_HOUR, _DAY = 3600.0, 86400.0
_CLOCK_STEPS = (_HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY, 2 * _DAY, 7 * _DAY, 14 * _DAY)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120)


@dataclass(frozen=True, slots=True)
class _Plot:
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


def series_of(counts: Iterable[Count]) -> dict[tuple[str, str], list[Count]]:
    """Counts by (site, zone), in the order given; scenes that do not touch the place are left out."""
    series: dict[tuple[str, str], list[Count]] = {}
    for count in counts:
        if count.status != "outside":
            series.setdefault((count.site_id, count.zone), []).append(count)
    return series


def chart(counts: Sequence[Count], *, width: float, height: float, title: str = "", legend: bool = False) -> Drawing | None:
    """The count in time: discs with intervals, hollow where partly seen, ticks under the line where a scene gave no number.

    None where no scene has a date. Scenes of unknown date are not drawn.
    """
    dated = sorted(
        (c for c in counts if c.datetime is not None), key=lambda c: (utc(c.datetime or dt.datetime.max), c.scene_id)
    )
    if not dated:
        return None
    head = 34.0 if title else 14.0
    foot = (62.0 if width >= 560 else 94.0) if legend else 38.0
    plot = _plot(dated, left=44.0, right=width - 40.0, top=head + 14, base=height - foot)
    marks: list[Sequence[Mark]] = [
        _scale(plot),
        _dates(plot),
        _line(plot, dated),
        _intervals(plot, dated),
        _points(plot, dated),
    ]
    marks.append(_last(plot, dated))
    if title:
        marks.append([Words(4, 20, clean(title), ink="ink", size=15, bold=True)])
    if legend:
        marks.append(_legend(width, height))
    return Drawing(width, height, joined(marks), title=clean(title) or "Containers counted in time")


def write_charts(run: Finished, parts: Mapping[str, Part], to: Path, *, everything: bool = False) -> Path:  # noqa: ARG001
    """A folder with an SVG and a PNG for each site and zone that has a scene with a date; returns the folder."""
    try:
        to.mkdir(parents=True, exist_ok=True)
        taken: set[str] = set()
        for (site, zone), counts in series_of(run.counts).items():
            title = " · ".join(filter(None, (counts[0].site_name or site, zone)))
            drawn = chart(counts, width=760, height=330, title=title, legend=True)
            if drawn is None:
                continue
            name = file_name("-".join(filter(None, (site, zone))), taken=taken)
            (to / f"{name}.svg").write_text(svg(drawn, sheet=True), encoding="utf-8")
            pixels(drawn).save(to / f"{name}.png", optimize=True)
    except OSError as error:
        raise StoreError(
            f"the charts cannot be written: {error.strerror}", where=str(to), way_out="choose another place with -o"
        ) from error
    return to


def tip(count: Count) -> str:
    """What one mark of a chart says."""
    number = f"{whole(count.count)} visible" if count.count is not None and count.status == "done" else "no number"
    between = f", 90 % interval {interval(count)}" if interval(count) and count.status == "done" else ""
    return clean(f"{when(count.datetime)} · {count.scene_id}: {number}{between}; {share(count.observed_fraction)} seen")


def _plot(dated: Sequence[Count], *, left: float, right: float, top: float, base: float) -> _Plot:
    times = [utc(c.datetime).timestamp() for c in dated if c.datetime]
    begin, end = min(times), max(times)
    room = max((end - begin) * 0.03, 0.0) if end > begin else 15 * _DAY
    tops = [max(float(c.count or 0), c.count_high or 0.0) for c in dated if state(c) in ("full", "part")]
    return _Plot(left, right, top, base, begin - room, end + room, _round_up(max([1.0, *tops])))


def _round_up(most: float) -> float:
    step = _step(most)
    return max(step * math.ceil(most / step - 1e-9), 4.0)


def _step(most: float, *, about: int = 4) -> float:
    """A step of 1, 2 or 5 times a power of ten, whole boxes, giving about so many ticks."""
    rough = max(most / about, 1.0)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= rough - 1e-9)


def _scale(plot: _Plot) -> list[Mark]:
    step, marks = _step(plot.most), list[Mark]()
    for i in range(int(plot.most / step + 1e-9) + 1):
        y = plot.y(i * step)
        marks.append(Stroke(((plot.left, y), (plot.right, y)), "quiet" if i == 0 else "rule", 1.0))
        marks.append(Words(plot.left - 8, y + 4, whole(i * step), anchor="end"))
    return marks


def _dates(plot: _Plot) -> list[Mark]:
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
            return _labelled(moments, clock=step < _DAY)
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


def _place(plot: _Plot, count: Count) -> tuple[float, float]:
    assert count.datetime is not None
    assert count.count is not None
    return plot.x(count.datetime), plot.y(count.count)


def _line(plot: _Plot, dated: Sequence[Count]) -> list[Mark]:
    """A thin line through neighbours in time; it breaks where a scene between them gave no number."""
    marks: list[Mark] = []
    for counted, group in itertools.groupby(dated, key=lambda c: state(c) in ("full", "part")):
        points = tuple(_place(plot, c) for c in group) if counted else ()
        if len(points) > 1:
            marks.append(Stroke(points, "accent", 1.2, faint=0.35))
    return marks


def _intervals(plot: _Plot, dated: Sequence[Count]) -> list[Mark]:
    marks: list[Mark] = []
    for count in dated:
        if state(count) in ("full", "part") and count.count_low is not None and count.count_high is not None:
            x, _ = _place(plot, count)
            marks.append(Stroke(((x, plot.y(count.count_low)), (x, plot.y(count.count_high))), "accent", 2.2, faint=0.5))
    return marks


def _points(plot: _Plot, dated: Sequence[Count]) -> list[Mark]:
    radius = min(4.2, max(1.8, (plot.right - plot.left) / (len(dated) * 3.2)))
    marks: list[Mark] = []
    for count in dated:
        kind = state(count)
        if kind in ("full", "part"):
            x, y = _place(plot, count)
            marks.append(Dot(x, y, radius, "accent", hollow=kind == "part", tip=tip(count)))
        elif count.datetime is not None:
            marks += _absent(plot.x(count.datetime), plot.base + 12, failed=kind == "failed")
    return marks


def _absent(x: float, y: float, *, failed: bool) -> list[Mark]:
    """A cross where a scene was refused or failed, an upright tick where too little of the site was seen."""
    if failed:
        return [Stroke(((x - 3, y - 3), (x + 3, y + 3)), "warn", 1.6), Stroke(((x - 3, y + 3), (x + 3, y - 3)), "warn", 1.6)]
    return [Stroke(((x, y - 4), (x, y + 4)), "quiet", 2.0)]


def _last(plot: _Plot, dated: Sequence[Count]) -> list[Mark]:
    """The number of the latest counted scene, beside its disc."""
    counted = [c for c in dated if state(c) in ("full", "part")]
    if not counted:
        return []
    x, y = _place(plot, counted[-1])
    return [Words(min(x + 9, plot.right + 9), y + 4, whole(counted[-1].count or 0), ink="accent", size=13, bold=True)]


def _legend(width: float, height: float) -> list[Mark]:
    entries = (
        ("full", "counted, with 90 % interval"),
        ("part", "site partly seen"),
        ("none", "not assessable"),
        ("failed", "refused or failed"),
    )
    marks: list[Mark] = []
    columns = 4 if width >= 560 else 2
    starts = (10.0, 228.0, 388.0, 528.0) if columns == 4 else (10.0, 208.0)
    for i, (kind, text) in enumerate(entries):
        x, y = starts[i % columns], height - 12 - 18 * ((len(entries) - 1) // columns - i // columns)
        if kind in ("full", "part"):
            if kind == "full":
                marks.append(Stroke(((x, y - 11), (x, y + 3)), "accent", 2.2, faint=0.5))
            marks.append(Dot(x, y - 4, 4, "accent", hollow=kind == "part"))
        else:
            marks += _absent(x, y - 4, failed=kind == "failed")
        marks.append(Words(x + 10, y, text, size=11.5))
    return marks
