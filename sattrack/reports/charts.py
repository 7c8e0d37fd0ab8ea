"""Charts: a site's counts in time, with intervals, what was expected, alarms, and marks where a scene told nothing."""

import datetime as dt
import itertools
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sattrack.errors import StoreError
from sattrack.phrases import some
from sattrack.ports import Finished
from sattrack.reports.alarm_marks import bands, drawn_of, most_of, triangles
from sattrack.reports.axes import DAY, HOUR, Plot, dates, left_of, round_up, scale
from sattrack.reports.canvas import Dot, Drawing, Mark, Shape, Stroke, Words, joined, pixels, svg
from sattrack.reports.cells import clean
from sattrack.reports.legends import ROW_PX, Entry, absent, entries_of, laid, rows_of
from sattrack.reports.naming import file_name
from sattrack.reports.wording import interval, share, state, utc, when, whole
from sattrack.results import Part
from sattrack.steps.series import sensor_class
from sattrack.timeline import Alert, Count
from sattrack.writing import whole_file, write_whole

_log = logging.getLogger(__name__)
# Sensors by shape, in order of their first scene; all further ones share the last.
SENSOR_SHAPES: tuple[Shape, ...] = ("disc", "square", "diamond")


def series_of(counts: Iterable[Count]) -> dict[tuple[str, str], list[Count]]:
    """Counts by (site, zone), in the order given; scenes that do not touch the place are left out."""
    series: dict[tuple[str, str], list[Count]] = {}
    for count in counts:
        if count.status != "outside":
            series.setdefault((count.site_id, count.zone), []).append(count)
    return series


def shapes_of(counts: Iterable[Count]) -> dict[str, Shape]:
    """The shape of each class of sensor that has a scene with a date, in order of time."""
    classes = dict.fromkeys(_sensor(count) for count in _dated(counts) if state(count) in ("full", "part"))
    last = len(SENSOR_SHAPES) - 1
    return {name: SENSOR_SHAPES[min(i, last)] for i, name in enumerate(classes)}


def model_changes(counts: Iterable[Count]) -> list[tuple[Count, Count]]:
    """Neighbours in time that different models counted: what lies either side must not be compared."""
    counted = [count for count in _dated(counts) if state(count) in ("full", "part")]
    return [(one, two) for one, two in itertools.pairwise(counted) if one.model_id != two.model_id]


def chart(
    counts: Sequence[Count], *, width: float, height: float, title: str = "", legend: bool = False, alerts: Sequence[Alert] = ()
) -> Drawing | None:
    """The count in time: marks with intervals, hollow where partly seen, ticks under the line where a scene gave no number.

    A mark's shape tells the sensor. alerts: of these counts' scenes; they give the band that was expected, the limits of the
    alarm, and triangles. None where no scene has a date. Scenes of unknown date are not drawn.
    """
    dated = _dated(counts)
    if not dated:
        return None
    head = 34.0 if title else 14.0
    rows = rows_of(_keys(dated, alerts), width=width) if legend else []
    foot = 38.0 + (6 + ROW_PX * len(rows) if rows else 0)
    room = 14 + 10 * any(one.direction == "rise" for one in alerts)
    # What stands beside the last mark must not be cut: a digit less is another number.
    counted = [count for count in dated if state(count) in ("full", "part")]
    right = width - max(40.0, 12 + 8.4 * len(whole(counted[-1].count or 0) if counted else ""))
    plot = _plot(dated, alerts, right=right, top=head + room, base=height - foot)
    marks: list[Sequence[Mark]] = [
        bands(plot, alerts),
        scale(plot),
        dates(plot),
        _breaks(plot, dated),
        _lines(plot, dated),
        _intervals(plot, dated),
        _points(plot, dated),
        triangles(plot, alerts, whiskers=_whiskers(plot, dated)),
    ]
    marks.append(_last(plot, dated))
    if title:
        marks.append([Words(4, 20, clean(title), ink="ink", size=15, bold=True)])
    marks.append(laid(rows, bottom=height))
    return Drawing(width, height, joined(marks), title=clean(title) or "Containers counted in time")


def write_charts(run: Finished, parts: Mapping[str, Part], to: Path, *, everything: bool = False) -> Path:  # noqa: ARG001
    """A folder with an SVG and a PNG for each site and zone that has a scene with a date; returns the folder. Scenes without
    one are on no chart, which is said.
    """
    try:
        to.mkdir(parents=True, exist_ok=True)
        taken: set[str] = set()
        undated, bare = set[str](), 0
        for (site, zone), counts in series_of(run.counts).items():
            title = " · ".join(filter(None, (counts[0].site_name or site, zone)))
            drawn = chart(counts, width=760, height=330, title=f"{title}: visible containers", legend=True)
            undated |= {count.scene_id for count in counts if count.datetime is None}
            if drawn is None:
                bare += 1
                continue
            name = file_name("-".join(filter(None, (site, zone))), taken=taken)
            write_whole(to / f"{name}.svg", svg(drawn, sheet=True).encode())
            with whole_file(to / f"{name}.png") as draft:
                pixels(drawn).save(draft, "PNG", optimize=True)
        if undated:
            lacking = f"; {some(bare, 'site or zone', 'sites or zones')} without another got no chart" if bare else ""
            _log.warning("charts: %s without a date left out%s", some(len(undated), "scene"), lacking)
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(
            f"the charts cannot be written: {error.strerror}", where=str(to), way_out="choose another place with -o"
        ) from error
    return to


def tip(count: Count) -> str:
    """What one mark of a chart says."""
    number = f"{whole(count.count)} visible" if count.count is not None and count.status == "done" else "no number"
    between = f", 90 % interval {interval(count)}" if interval(count) and count.status == "done" else ""
    return clean(f"{when(count.datetime)} · {count.scene_id}: {number}{between}; {share(count.observed_fraction)} seen")


def _keys(dated: Sequence[Count], alerts: Sequence[Alert]) -> list[Entry]:
    counted = [count for count in dated if state(count) in ("full", "part")]
    measured = not counted or any(count.count_low is not None for count in counted)
    return entries_of(measured=measured, sensors=shapes_of(dated), alarms=drawn_of(alerts))


def _dated(counts: Iterable[Count]) -> list[Count]:
    dated = [count for count in counts if count.datetime is not None]
    return sorted(dated, key=lambda c: (utc(c.datetime or dt.datetime.max), c.scene_id))


def _sensor(count: Count) -> str:
    return sensor_class(count.sensor, gsd_m=count.gsd_m)


def _plot(dated: Sequence[Count], alerts: Sequence[Alert], *, right: float, top: float, base: float) -> Plot:
    times = [utc(c.datetime).timestamp() for c in dated if c.datetime]
    begin, end = min(times), max(times)
    # Scenes may be seconds apart: an axis of less than an hour would bear no time at all.
    room = max((end - begin) * 0.03, (HOUR - (end - begin)) / 2) if end > begin else 15 * DAY
    tops = [max(float(c.count or 0), c.count_high or 0.0) for c in dated if state(c) in ("full", "part")]
    most = round_up(max([1.0, *tops, most_of(alerts)]))
    return Plot(left_of(most), right, top, base, begin - room, end + room, most)


def _place(plot: Plot, count: Count) -> tuple[float, float]:
    assert count.datetime is not None
    assert count.count is not None
    return plot.x(count.datetime), plot.y(count.count)


def _lines(plot: Plot, dated: Sequence[Count]) -> list[Mark]:
    """Thin lines through neighbours in time of one sensor and model; they break where a scene between gave no number."""
    marks: list[Mark] = []
    keys = dict.fromkeys((_sensor(c), c.model_id) for c in dated if state(c) in ("full", "part"))
    for key in keys:
        # A scene that told nothing, not even its sensor, may have been of this one.
        own = [c for c in dated if (_sensor(c), c.model_id) == key or (not c.sensor and state(c) in ("none", "failed"))]
        for counted, group in itertools.groupby(own, key=lambda c: state(c) in ("full", "part")):
            points = tuple(_place(plot, c) for c in group) if counted else ()
            if len(points) > 1:
                marks.append(Stroke(points, "accent", 1.2, faint=0.35))
    return marks


def _breaks(plot: Plot, dated: Sequence[Count]) -> list[Mark]:
    """An upright line where the model changes, halfway between the scenes."""
    marks: list[Mark] = []
    for one, two in model_changes(dated):
        x = (_place(plot, one)[0] + _place(plot, two)[0]) / 2
        marks.append(Stroke(((x, plot.top - 6), (x, plot.base)), "ink", 1.2, dash=(2.0, 3.0)))
        marks.append(Words(x + 4, plot.top - 1, "another model", size=11))
    return marks


def _whiskers(plot: Plot, dated: Sequence[Count]) -> dict[str, tuple[float, float]]:
    """How far down and up the marks of each counted scene reach on the sheet."""
    reach = {}
    for count in dated:
        if state(count) in ("full", "part"):
            n = float(count.count or 0)
            low = n if count.count_low is None else count.count_low
            high = n if count.count_high is None else count.count_high
            reach[count.scene_id] = (plot.y(min(low, n)), plot.y(max(high, n)))
    return reach


def _intervals(plot: Plot, dated: Sequence[Count]) -> list[Mark]:
    marks: list[Mark] = []
    for count in dated:
        if state(count) in ("full", "part") and count.count_low is not None and count.count_high is not None:
            x, _ = _place(plot, count)
            marks.append(Stroke(((x, plot.y(count.count_low)), (x, plot.y(count.count_high))), "accent", 2.2, faint=0.5))
    return marks


def _points(plot: Plot, dated: Sequence[Count]) -> list[Mark]:
    radius = min(4.2, max(1.8, (plot.right - plot.left) / (len(dated) * 3.2)))
    marks: list[Mark] = []
    shapes = shapes_of(dated)
    for count in dated:
        kind = state(count)
        if kind in ("full", "part"):
            x, y = _place(plot, count)
            marks.append(Dot(x, y, radius, "accent", kind == "part", tip(count), shapes[_sensor(count)]))
        elif count.datetime is not None:
            marks += absent(plot.x(count.datetime), plot.base + 12, failed=kind == "failed")
    return marks


def _last(plot: Plot, dated: Sequence[Count]) -> list[Mark]:
    """The number of the latest counted scene, beside its disc."""
    counted = [c for c in dated if state(c) in ("full", "part")]
    if not counted:
        return []
    x, y = _place(plot, counted[-1])
    return [Words(min(x + 9, plot.right + 9), y + 4, whole(counted[-1].count or 0), ink="accent", size=13, bold=True)]
