"""Backtesting: every past scene judged by the scenes before it alone, at several alarm levels."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sattrack.assessing import open_series
from sattrack.settings import Settings
from sattrack.steps.alarming import EARS, FARRINGTON, NONE, assess, rules_of
from sattrack.steps.false_alarms import false_alarms
from sattrack.timeline import Alert

_YEAR_S = 365.25 * 86_400


@dataclass(frozen=True, slots=True)
class Trial:
    """One alarm level: the scenes that would have alarmed. judged: scenes; a_year: such scenes a year, all series together.

    false_a_year: expected false alarms a year, by the rates measured on noise.
    """

    level: float
    alerts: tuple[Alert, ...]
    judged: int
    a_year: float
    false_a_year: float


@dataclass(frozen=True, slots=True)
class Backtest:
    """The trials, the gravest level first seen last, and what must be said of the source."""

    trials: tuple[Trial, ...]
    notes: tuple[str, ...]

    def scenes(self) -> list[str]:
        """A line for each scene that any level would have made an alert, with the strictest level at which it still is one."""
        strictest = {alert.id: (trial.level, alert) for trial in self.trials for alert in trial.alerts}
        told = sorted(strictest.values(), key=lambda one: (one[1].site_id, one[1].zone, one[1].datetime))
        return [
            f"{a.site_id}{f', {a.zone}' if a.zone else ''}, {a.datetime:%Y-%m-%d %H:%M}: {a.direction}, seen {a.observed:g}, "
            f"expected {a.expected or 0:.0f}, down to level {level:g}"
            for level, a in told
        ]

    def as_json(self) -> dict[str, Any]:
        """The trials as JSON holds them."""
        return {
            "trials": [
                {
                    "alarm_level": one.level, "scenes_judged": one.judged, "scenes_judged_a_year": round(one.a_year, 3),
                    "false_alarms_a_year_expected": round(one.false_a_year, 4),
                    "alerts": [
                        {
                            "alert_id": a.id, "site_id": a.site_id, "zone": a.zone, "scene_id": a.scene_id,
                            "datetime": a.datetime.isoformat().replace("+00:00", "Z"), "direction": a.direction,
                            "observed": a.observed, "expected": round(a.expected or 0.0, 2),
                        }
                        for a in one.alerts
                    ],
                }
                for one in self.trials
            ],
            "notes": list(self.notes),
        }  # fmt: skip


def backtest_source(source: Path, *, levels: Sequence[float], settings: Settings, threshold: float | None = None) -> Backtest:
    """Trials of a run or a CSV of counts, one a level."""
    found = open_series(source, settings=settings, threshold=threshold)
    trials = []
    for level in levels:
        # The rate of false discovery is for many sites of one day; here the level itself is tried.
        asked = settings.model_copy(
            update={"alarm_level": level, "warning_level": max(settings.warning_level, level), "false_discovery": 1.0}
        )
        trials.append(_trial(assess(found.series, rules=rules_of(asked)), level=level))
    return Backtest(tuple(trials), found.notes)


def _trial(alerts: Sequence[Alert], *, level: float) -> Trial:
    judged = [alert for alert in alerts if alert.method in (FARRINGTON, EARS)]
    years = _years(alerts)
    false = sum(false_alarms(alert.method, level=level) for alert in judged)
    raised = tuple(alert for alert in judged if alert.level == "alert")
    return Trial(level, raised, len(judged), len(judged) / years, false / years)


def _years(alerts: Sequence[Alert]) -> float:
    """How long the judged scenes took to come: n scenes are n intervals, the first from the scene before the first judged one.

    alerts: those of each series in order of time. At least a month: under one nothing can be said of a year.
    """
    before: dict[tuple[str, ...], dt.datetime] = {}
    begins: list[dt.datetime] = []
    ends: list[dt.datetime] = []
    for alert in alerts:
        if alert.method in (FARRINGTON, EARS):
            begins.append(before.get(alert.key, alert.datetime))
            ends.append(alert.datetime)
        if alert.method != NONE:
            before[alert.key] = alert.datetime
    span = (max(ends) - min(begins)).total_seconds() / _YEAR_S if ends else 0.0
    return max(span, 1 / 12)
