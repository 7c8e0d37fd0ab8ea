"""Flow charts: what came and what left between scenes as bars up and down, and the sums of both as they grew."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sattrack.flows import Crossing, Flow, Moved
from sattrack.reports.axes import DAY, Plot, dates, left_of, round_up, scale
from sattrack.reports.canvas import Area, Dot, Drawing, Ink, Mark, Stroke, Words, joined
from sattrack.reports.cells import clean
from sattrack.reports.flow_bars import most_moved, movement_bars
from sattrack.reports.wording import utc, when, whole
from sattrack.steps.running_totals import Standing


@dataclass(frozen=True, slots=True)
class _Bars:
    """The upper part of the sheet: boxes up and down from a line."""

    plot: Plot
    line: float
    per_box: float

    def y(self, boxes: float) -> float:
        return self.line - boxes * self.per_box


def flow_chart(flow: Flow, totals: Sequence[Standing], *, width: float, height: float) -> Drawing | None:
    """Bars as wide as the time between two scenes; faint where the change is not sure. Under them the sums of what left and
    came, each with its interval, and the amounts that were asked for. None where nothing could be compared.
    """
    if not flow.movements:
        return None
    begin, end = utc(flow.since).timestamp(), utc(flow.until).timestamp()
    room = max((end - begin) * 0.03, DAY / 4)
    middle = 14 + (height - 72) * 0.52
    tops = [most_moved(moved) for one in totals for moved in (one.departed, one.arrived)]
    most = round_up(max([1.0, *tops, *(one.amount for one in flow.crossings)]))
    ends = _end_words(totals[-1]) if totals else ("", "")
    right = width - max(78.0, 12 + 7.0 * max(map(len, ends)))
    moved = [most_moved(part) for one in flow.movements for part in (one.arrived, one.left)]
    sums = Plot(left_of(max(most, *moved)), right, middle + 34, height - 38.0, begin - room, end + room, most)
    bars = _bars(flow, sums, top=14.0, base=middle)
    layers: list[Sequence[Mark]] = [
        _bar_scale(bars),
        [
            mark
            for one in flow.movements
            for mark in movement_bars(sums, one, line=bars.line, per_box=bars.per_box, whiskers=True)
        ],
        [Words(sums.left, 10, "came", ink="accent", size=11.5), Words(sums.left, middle + 10, "left", ink="warn", size=11.5)],
        scale(sums),
        dates(sums),
        _sum(sums, totals, lambda one: one.arrived, ink="accent", dash=(5.0, 3.0)),
        _sum(sums, totals, lambda one: one.departed, ink="warn", dash=None),
        _ends(sums, totals),
        [mark for one in flow.crossings for mark in _threshold(sums, one)],
    ]
    return Drawing(width, height, joined(layers), title="What moved")


def _bars(flow: Flow, plot: Plot, *, top: float, base: float) -> _Bars:
    up = round_up(max([1.0, *(most_moved(one.arrived) for one in flow.movements)]))
    down = round_up(max([1.0, *(most_moved(one.left) for one in flow.movements)]))
    per_box = (base - top) / (up + down)
    return _Bars(plot, top + up * per_box, per_box)


def _bar_scale(bars: _Bars) -> list[Mark]:
    """The line of nought, and a number each way that is a good part of the way."""
    plot, marks = bars.plot, list[Mark]()
    for boxes in (0.0, 50.0 / bars.per_box, -50.0 / bars.per_box):
        n = _round(boxes)
        y = bars.y(n)
        if n and not 14 <= y <= plot.top - 20:
            continue
        marks.append(Stroke(((plot.left, y), (plot.right, y)), "rule" if n else "quiet"))
        marks.append(Words(plot.left - 8, y + 4, whole(abs(n)), anchor="end"))
    return marks


def _round(boxes: float) -> float:
    """A number of one figure near another, its sign kept."""
    return float(f"{boxes:.0e}") if abs(boxes) >= 1 else 0.0


def _sum(
    plot: Plot, totals: Sequence[Standing], of: Callable[[Standing], Moved], *, ink: Ink, dash: tuple[float, float] | None
) -> list[Mark]:  # fmt: skip
    """A total as it grew, with the area of its interval; in steps, since it is known of scenes' days only."""
    if len(totals) < 2:
        return []
    marks: list[Mark] = []
    if all(of(one).low is not None and of(one).high is not None for one in totals[1:]):
        low = _steps(plot, totals, lambda one: of(one).low or 0.0)
        high = _steps(plot, totals, lambda one: of(one).high or 0.0)
        marks.append(Area((*high, *reversed(low)), ink, faint=0.1))
        marks.append(Stroke(low, ink, 0.8, faint=0.5))
    marks.append(Stroke(_steps(plot, totals, lambda one: of(one).value), ink, 2.0, dash=dash))
    return marks


def _steps(plot: Plot, totals: Sequence[Standing], of: Callable[[Standing], float]) -> tuple[tuple[float, float], ...]:
    points: list[tuple[float, float]] = []
    for one in totals:
        x, y = plot.x(one.time), plot.y(min(of(one), plot.most))
        if points:
            points.append((x, points[-1][1]))
        points.append((x, y))
    return tuple(points)


def _ends(plot: Plot, totals: Sequence[Standing]) -> list[Mark]:
    """The last sums beside their lines, kept apart."""
    if not totals:
        return []
    last = totals[-1]
    out, into = plot.y(last.departed.value) + 4, plot.y(last.arrived.value) + 4
    if abs(out - into) < 14:
        middle, way = (out + into) / 2, 1 if out >= into else -1
        out, into = middle + 7 * way, middle - 7 * way
    x = plot.x(last.time) + 6
    left, came = _end_words(last)
    return [_end(x, out, left, of=last.departed, ink="warn"), _end(x, into, came, of=last.arrived, ink="accent")]


def _end_words(last: Standing) -> tuple[str, str]:
    return f"{whole(last.departed.value)} left", f"{whole(last.arrived.value)} came"


def _end(x: float, y: float, text: str, *, of: Moved, ink: Ink) -> Mark:
    """A sum in words, gray where it may all be error, as bars are faint."""
    unsure = of.low is not None and of.low <= 0 < round(of.value)
    return Words(x, y, text, ink="quiet" if unsure else ink, size=12, bold=not unsure)


def _threshold(plot: Plot, one: Crossing) -> list[Mark]:
    """The amount as a dashed line, and the scene at which its sum was passed."""
    ink: Ink = "warn" if one.direction == "fall" else "accent"
    y, x = plot.y(one.amount), plot.x(one.reached[1])
    tip = f"{whole(one.amount)} passed between {when(one.reached[0])} and {when(one.reached[1])}"
    return [
        Stroke(((plot.left, y), (plot.right, y)), ink, 1.0, faint=0.7, dash=(2.0, 3.0)),
        Dot(x, y, 4.0, ink, hollow=True, tip=clean(tip), shape="diamond"),
    ]
