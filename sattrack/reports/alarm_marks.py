"""Alarm marks: over a chart of counts, what was expected of each scene, where an alarm begins, and which scenes raised one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sattrack.reports.axes import Plot
from sattrack.reports.canvas import Area, Dot, Mark, Shape, Stroke
from sattrack.reports.cells import clean
from sattrack.timeline import Alert

# Half of what a band is wide where a single scene has one.
_ALONE_PX = 4.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """What of alerts a chart of them shows, so that only that is explained beside it."""

    band: bool
    limits: bool
    alerts: bool
    warnings: bool


def drawn_of(alerts: Iterable[Alert]) -> Drawn:
    every = of_scenes(alerts)
    levels = {one.level for one in every}
    limits = any(one.alarm_above is not None for one in every)
    return Drawn(any(one.expected is not None for one in every), limits, "alert" in levels, "warning" in levels)


def of_scenes(alerts: Iterable[Alert]) -> list[Alert]:
    """Without those on cumulative amounts, which are of no chart of counts."""
    return [one for one in alerts if one.kind == "scene"]


def bands(plot: Plot, alerts: Iterable[Alert]) -> list[Mark]:
    """The band in which 19 of 20 quiet scenes lie, and the limits beyond which a count alarms, both at what was seen of the
    site in that scene; they break where nothing could be expected.
    """
    marks: list[Mark] = []
    for run in _unbroken(alerts):
        low = [(plot.x(one.datetime), plot.y(max(one.expected_low or 0.0, 0.0))) for one in run]
        high = [(plot.x(one.datetime), plot.y(min(one.expected_high or 0.0, plot.most))) for one in run]
        if len(run) == 1:
            (x, y0), (_, y1) = low[0], high[0]
            low, high = [(x - _ALONE_PX, y0), (x + _ALONE_PX, y0)], [(x - _ALONE_PX, y1), (x + _ALONE_PX, y1)]
        marks.append(Area((*high, *reversed(low)), "quiet", faint=0.16))
        marks += _limits(plot, [(one, one.alarm_above) for one in run])
        marks += _limits(plot, [(one, one.alarm_below) for one in run])
    return marks


def triangles(plot: Plot, alerts: Iterable[Alert], *, whiskers: dict[str, tuple[float, float]]) -> list[Mark]:
    """Above a rise pointing up, at a fall pointing down; full for alerts, smaller and hollow for warnings.

    whiskers: (lowest, highest) place y of what is drawn of each scene, on the sheet.
    """
    marks: list[Mark] = []
    for one in of_scenes(alerts):
        if one.level not in ("alert", "warning") or one.direction not in ("rise", "fall") or one.scene_id not in whiskers:
            continue
        low, high = whiskers[one.scene_id]
        rises = one.direction == "rise"
        # Under a scene that lies near the base line there is no room.
        below = not rises and low + 18 <= plot.base
        y = low + 12 if below else max(high - 12, plot.top - 8)
        grave = one.level == "alert"
        shape: Shape = "up" if rises else "down"
        marks.append(
            Dot(plot.x(one.datetime), y, 6.0 if grave else 4.2, "warn", hollow=not grave, tip=clean(one.sentence), shape=shape)
        )
    return marks


def most_of(alerts: Iterable[Alert]) -> float:
    """Boxes up to which a chart must reach to show the bands."""
    return max((one.expected_high for one in alerts if one.expected_high is not None), default=0.0)


def _unbroken(alerts: Iterable[Alert]) -> list[list[Alert]]:
    """Of each sensor and model the scenes in time, cut where nothing was expected; one alert a scene."""
    by_baseline: dict[tuple[str, str], dict[str, Alert]] = {}
    for one in sorted(of_scenes(alerts), key=lambda a: (a.datetime, a.scene_id)):
        by_baseline.setdefault((one.sensor, one.model_id), {}).setdefault(one.scene_id, one)
    runs: list[list[Alert]] = []
    for scenes in by_baseline.values():
        run: list[Alert] = []
        for one in scenes.values():
            if one.expected is not None:
                run.append(one)
            elif run:
                runs.append(run)
                run = []
        if run:
            runs.append(run)
    return runs


def _limits(plot: Plot, limits: Sequence[tuple[Alert, float | None]]) -> list[Mark]:
    """A dashed line through the limits that lie on the sheet."""
    marks: list[Mark] = []
    points: list[tuple[float, float]] = []
    for one, limit in [*limits, (None, None)]:
        if one is not None and limit is not None and 0 < limit <= plot.most:
            points.append((plot.x(one.datetime), plot.y(limit)))
            continue
        if len(points) > 1:
            marks.append(Stroke(tuple(points), "warn", 1.1, faint=0.65, dash=(4.0, 3.0)))
        points = []
    return marks
