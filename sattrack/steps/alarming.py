"""Alarming: each scene of a series judged by the rule that its history allows, graded, and told in a sentence."""

import datetime as dt
import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sattrack.settings import Settings
from sattrack.steps import cusum as cusums
from sattrack.steps import ears as short
from sattrack.steps import farrington as long
from sattrack.steps.discovery import q_values
from sattrack.steps.histories import Floats, Histories, Verdicts, guarded, histories_of, within
from sattrack.steps.phrasing import cusum_note, judged_sentence, two_scene_sentence, unseen_sentence
from sattrack.steps.predicting import Sure
from sattrack.steps.two_scenes import change_between
from sattrack.timeline import Alert, Cusum, Observation, Series

FARRINGTON, EARS, TWO_SCENES, NONE = "farrington", "ears-t", "two scenes", "none"
# Cells of history judged together; some hundred megabytes.
_CELLS = 400_000

Target = tuple[Series, int]


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides: how sure is enough, the rate of false discovery, and which past scenes make a baseline (days)."""

    sure: Sure = field(default_factory=Sure)
    false_discovery: float = 0.05
    guard_days: float = 5.0
    baseline_days: float = 1095.0


def rules_of(settings: Settings) -> Rules:
    """The rules that settings ask for."""
    sure = Sure(
        alarm=settings.alarm_level, warning=max(settings.warning_level, settings.alarm_level), least=settings.least_change,
        usual=settings.usual_spread,
    )  # fmt: skip
    return Rules(sure, settings.false_discovery, settings.guard_days, settings.baseline_days)


def assess(found: Sequence[Series], *, rules: Rules, newest: bool = False) -> list[Alert]:
    """One Alert for every scene of every series, or for the newest of each, in order of site, zone, and time.

    Scenes of one site and zone that several models or sensors counted are one alert a direction: one that could be judged, and
    of these that with the longest history.
    """
    targets: list[Target] = []
    unseen: list[tuple[Series, Observation]] = []
    for series in found:
        place = 0 if not newest else len(series.assessable) - series.observations[-1].assessable
        for one in series.observations[-1:] if newest else series.observations:
            if one.assessable:
                targets.append((series, place))
                place += 1
            else:
                unseen.append((series, one))
    alerts = [alert for chunk in _chunks(targets) for alert in _judged(chunk, rules=rules)]
    alerts = _discovered(alerts, rules=rules)
    alerts += [_not_seen(series, one) for series, one in unseen]
    order = {(series.site_id, series.zone): i for i, series in reversed(list(enumerate(found)))}
    alerts.sort(key=lambda a: (order[a.site_id, a.zone], a.datetime, a.scene_id, a.level == "not_assessable", -a.history))
    return _one_each(alerts)


def _chunks(targets: Sequence[Target]) -> Iterable[Sequence[Target]]:
    """Scenes of like length of history together, so that little is padded."""
    in_order = sorted(targets, key=lambda target: target[1])
    start = 0
    while start < len(in_order):
        end = start + 1
        while end < len(in_order) and (end + 1 - start) * max(in_order[end][1], 1) <= _CELLS:
            end += 1
        yield in_order[start:end]
        start = end


def _judged(targets: Sequence[Target], *, rules: Rules) -> list[Alert]:
    everything = within(histories_of(targets), days=rules.baseline_days)
    past = guarded(everything, days=rules.guard_days, least=long.LEAST_SCENES)
    scenes = past.used.sum(axis=1)
    sums = cusums.cusum(everything, sure=rules.sure)
    alerts: list[Alert | None] = [None] * len(targets)
    for method, rule, rows in (
        (FARRINGTON, long.farrington, np.flatnonzero(scenes >= long.LEAST_SCENES)),
        (EARS, short.ears, np.flatnonzero((scenes >= short.LEAST_SCENES) & (scenes < long.LEAST_SCENES))),
    ):
        if len(rows):
            verdicts = rule(past.where(rows), sure=rules.sure)
            for i, row in enumerate(rows):
                second = _cusum(sums, int(row), rules=rules) if sums.heard[row] else None
                alerts[row] = _alert(targets[int(row)], verdicts, i, method=method, second=second)
    return [alert or _by_two_scenes(targets[i], history=int(scenes[i])) for i, alert in enumerate(alerts)]


def judge(histories: Histories, *, rules: Rules) -> tuple[Verdicts | None, Floats]:
    """What the assembled rule makes of histories of one length, for the benchmark: its verdicts, and CUSUM's p-values."""
    past = guarded(within(histories, days=rules.baseline_days), days=rules.guard_days, least=long.LEAST_SCENES)
    least = int(past.used.sum(axis=1).min()) if len(past) else 0
    second = np.where((sums := cusums.cusum(histories, sure=rules.sure)).heard, sums.p, 1.0)
    if least >= long.LEAST_SCENES:
        return long.farrington(past, sure=rules.sure), second
    return (short.ears(past, sure=rules.sure) if least >= short.LEAST_SCENES else None), second


def _alert(target: Target, verdicts: Verdicts, row: int, *, method: str, second: Cusum | None) -> Alert:
    """The scene with its p-value; level and sentence follow when all sites are known."""
    series, place = target
    one = series.assessable[place]
    rise, fall = float(verdicts.p_rise[row]), float(verdicts.p_fall[row])
    direction = "rise" if rise < fall else "fall"
    notes = [*series.breaks, *one.notes]
    if verdicts.trend[row]:
        notes.append("the expected count follows a trend of the past scenes")
    if second and second.signals and second.scenes > 1:
        notes.append(cusum_note(second))
    below, least = float(verdicts.below[row]), float(verdicts.detectable[row])
    bare = _bare(series, one, level="normal", direction=direction, method=method)
    return replace(
        bare, expected=float(verdicts.expected[row]), expected_low=float(verdicts.low[row]),
        expected_high=float(verdicts.high[row]), p_value=min(rise, fall), history=int(verdicts.history[row]),
        minimum_detectable=least if math.isfinite(least) else None, cusum=second, alarm_below=below if below > 0 else None,
        alarm_above=float(verdicts.above[row]), notes=tuple(notes),
    )  # fmt: skip


def _cusum(sums: cusums.Sums, row: int, *, rules: Rules) -> Cusum:
    return Cusum(
        statistic=float(sums.statistic[row]), p_value=float(sums.p[row]), direction="rise" if sums.rises[row] else "fall",
        since=dt.datetime.fromtimestamp(float(sums.began[row]) * 86_400, tz=dt.UTC).replace(microsecond=0),
        factor=float(sums.factor[row]), scenes=int(sums.scenes[row]), signals=bool(sums.p[row] <= rules.sure.alarm),
        least=float(sums.least[row]),
    )  # fmt: skip


def _bare(series: Series, one: Observation, *, level: str, direction: str, method: str) -> Alert:
    """An Alert that says what it is about, and nothing yet of what was found."""
    alert = Alert(
        id="", site_id=series.site_id, site_name=series.site_name, zone=series.zone, scene_id=one.scene_id,
        datetime=one.datetime, level=level, direction=direction, observed=None if one.count is None else float(one.count),
        expected=None, expected_low=None, expected_high=None, p_value=None, q_value=None, method=method, history=0,
        observed_fraction=one.observed_fraction, sensor=series.sensor, model_id=series.model_id, minimum_detectable=None,
        sentence="", place=series.place,
    )  # fmt: skip
    return replace(alert, id=alert_id(alert))


def alert_id(alert: Alert) -> str:
    """16 hex digits made of what an alert is about, so that the same alert of the same counts has the same name everywhere."""
    parts = (
        alert.site_id, alert.zone, alert.scene_id, alert.datetime.isoformat(), alert.direction, alert.kind, alert.sensor,
        alert.model_id,
        # One scene may pass several thresholds.
        *((f"{alert.alarm_above:g}",) if alert.kind == "cumulative" else ()),
    )  # fmt: skip
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def _by_two_scenes(target: Target, *, history: int) -> Alert:
    """Too short a history: not assessable, with what the scene before, however old, tells of the change between the two."""
    series, place = target
    seen = series.assessable
    one = seen[place]
    if not place:
        bare = _bare(series, one, level="not_assessable", direction="none", method=NONE)
        return replace(bare, sentence=two_scene_sentence(bare, None, None), notes=(*series.breaks, *one.notes))
    change = change_between(seen[place - 1], one)
    bare = _bare(series, one, level="not_assessable", direction=change.direction, method=TWO_SCENES)
    return replace(
        bare, p_value=change.p_value if change.known else None, history=history, notes=(*series.breaks, *one.notes),
        sentence=two_scene_sentence(bare, seen[place - 1], change),
    )  # fmt: skip


def _not_seen(series: Series, one: Observation) -> Alert:
    bare = _bare(series, one, level="not_assessable", direction="none", method=NONE)
    return replace(bare, sentence=unseen_sentence(bare, one), notes=(*series.breaks, *one.notes))


def _discovered(alerts: Sequence[Alert], *, rules: Rules) -> list[Alert]:
    """Levels and sentences, with q-values over the scenes of each month, all sites together."""
    months: dict[tuple[int, int], list[int]] = {}
    for i, alert in enumerate(alerts):
        if alert.method in (FARRINGTON, EARS):
            months.setdefault((alert.datetime.year, alert.datetime.month), []).append(i)
    graded = list(alerts)
    for members in months.values():
        # Either direction would have been told: the smaller of two p-values is worth twice.
        both = np.array([min(2 * (alerts[i].p_value or 0.0), 1.0) for i in members])
        for i, q in zip(members, q_values(both), strict=True):
            graded[i] = _graded(replace(alerts[i], q_value=float(q)), rules=rules)
    return graded


def _graded(alert: Alert, *, rules: Rules) -> Alert:
    p, q = alert.p_value or 0.0, alert.q_value or 0.0
    level = "normal"
    if p <= rules.sure.warning:
        level = "alert" if p <= rules.sure.alarm and q <= rules.false_discovery else "warning"
    told = replace(alert, level=level, direction=alert.direction if level != "normal" else "none")
    return replace(told, id=alert_id(told), sentence=judged_sentence(told, level=rules.sure.alarm))


def _one_each(alerts: Iterable[Alert]) -> list[Alert]:
    """The first of each site, zone, scene and direction; of several models or sensors that is the one that tells most."""
    first: dict[tuple[str, ...], Alert] = {}
    for alert in alerts:
        first.setdefault((alert.site_id, alert.zone, alert.scene_id, alert.datetime.isoformat(), alert.direction), alert)
    return list(first.values())
