"""Alerts and series as tables: CSV and JSON with the same names, and alerts as GeoJSON points."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sattrack.reports.cells import clean, csv_bytes, discreet, moment, number, readable_json, write_table
from sattrack.results import SCHEMA_VERSION
from sattrack.timeline import Alert, Observation, Series
from sattrack.writing import write_whole

ALERT_COLUMNS = (
    "alert_id", "kind", "site_id", "site_name", "zone", "scene_id", "datetime", "level", "direction", "observed", "expected",
    "expected_low", "expected_high", "alarm_below", "alarm_above", "p_value", "q_value", "method", "history_n",
    "observed_fraction", "sensor", "model_id", "minimum_detectable", "cusum_signals", "cusum_direction", "cusum_since",
    "cusum_p_value", "lon", "lat", "explanation", "notes", "evidence_path", "schema_version",
)  # fmt: skip
ALERT_FILES = ("alerts.csv", "alerts.json", "alerts.geojson")
SERIES_COLUMNS = (
    "site_id", "site_name", "zone", "sensor", "model_id", "threshold", "scene_id", "datetime", "count", "count_low",
    "count_high", "interval_level", "observed_fraction", "status", "lon", "lat", "notes", "schema_version",
)  # fmt: skip


def alert_row(alert: Alert) -> dict[str, Any]:
    """An alert by column name, plain values; what has no value is none."""
    second, place = alert.cusum, alert.place or (None, None)
    return {
        "alert_id": alert.id, "kind": alert.kind, "site_id": clean(alert.site_id), "site_name": clean(alert.site_name),
        "zone": clean(alert.zone), "scene_id": clean(alert.scene_id), "datetime": moment(alert.datetime), "level": alert.level,
        "direction": alert.direction, "observed": _boxes(alert.observed), "expected": number(alert.expected, digits=2),
        "expected_low": number(alert.expected_low, digits=2), "expected_high": number(alert.expected_high, digits=2),
        "alarm_below": number(alert.alarm_below, digits=2), "alarm_above": number(alert.alarm_above, digits=2),
        "p_value": _short(alert.p_value), "q_value": _short(alert.q_value), "method": alert.method, "history_n": alert.history,
        "observed_fraction": number(alert.observed_fraction, digits=4), "sensor": clean(alert.sensor),
        "model_id": clean(alert.model_id), "minimum_detectable": number(alert.minimum_detectable, digits=1),
        "cusum_signals": second.signals if second else None, "cusum_direction": second.direction if second else None,
        "cusum_since": moment(second.since) if second else None, "cusum_p_value": _short(second.p_value if second else None),
        "lon": number(place[0], digits=7), "lat": number(place[1], digits=7), "explanation": sentence_of(alert),
        "notes": discreet("; ".join(alert.notes)), "evidence_path": clean(alert.evidence_path),
        "schema_version": SCHEMA_VERSION,
    }  # fmt: skip


def alert_value(alert: Alert) -> dict[str, Any]:
    """An alert as JSON holds it: its row, with the second opinion as an object of its own and notes as a list."""
    row = {name: value for name, value in alert_row(alert).items() if not name.startswith("cusum_")}
    second = None
    if alert.cusum:
        second = asdict(alert.cusum) | {"since": moment(alert.cusum.since), "p_value": _short(alert.cusum.p_value)}
        second |= {name: number(second[name], digits=3) for name in ("statistic", "factor", "least")}
    return row | {"cusum": second, "notes": [discreet(note) for note in alert.notes]}


def sentence_of(alert: Alert) -> str:
    """An alert's sentence, which may quote where a file lay; the name with which it begins is none, whatever slashes it has."""
    if alert.kind == "cumulative":
        return clean(alert.sentence)
    name = ", ".join(filter(None, (alert.site_name or alert.site_id, alert.zone)))
    begin = name if alert.sentence.startswith(name) else ""
    return clean(begin) + discreet(alert.sentence.removeprefix(begin))


def write_alerts(alerts: Sequence[Alert], folder: Path) -> list[Path]:
    """alerts.csv, alerts.json and alerts.geojson in a folder; alerts of sites without a place have no geometry."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [alert_row(alert) for alert in alerts]
    features = [_feature(alert, row) for alert, row in zip(alerts, rows, strict=True)]
    collection = {"type": "FeatureCollection", "schema_version": SCHEMA_VERSION, "features": features}
    table = csv_bytes(ALERT_COLUMNS, rows=([row[name] for name in ALERT_COLUMNS] for row in rows))
    contents = table, readable_json([alert_value(alert) for alert in alerts]), readable_json(collection)
    for name, content in zip(ALERT_FILES, contents, strict=True):
        write_whole(folder / name, content)
    return [folder / name for name in ALERT_FILES]


def series_rows(found: Iterable[Series]) -> Iterable[dict[str, Any]]:
    """A row for each scene of each series, by column name."""
    for series in found:
        for one in series.observations:
            yield _observation_row(series, one)


def write_series(found: Iterable[Series], to: Path) -> None:
    """The series as CSV, which `sattrack alert` reads again."""
    write_table(to, SERIES_COLUMNS, rows=([row[name] for name in SERIES_COLUMNS] for row in series_rows(found)))


def series_value(series: Series) -> dict[str, Any]:
    """A series as JSON holds it."""
    names = ("site_id", "site_name", "zone", "sensor", "model_id", "threshold")
    rows = [_observation_row(series, one) for one in series.observations]
    kept = [{name: row[name] for name in SERIES_COLUMNS[6:14]} | {"notes": row["notes"]} for row in rows]
    return {name: getattr(series, name) for name in names} | {
        "breaks": [discreet(note) for note in series.breaks], "observations": kept,
    }  # fmt: skip


def _observation_row(series: Series, one: Observation) -> dict[str, Any]:
    """Nothing that decides an alert is rounded: the same alerts, by the same ids, are made of a series that is read again."""
    place = series.place or (None, None)
    return {
        "site_id": clean(series.site_id), "site_name": clean(series.site_name), "zone": clean(series.zone),
        "sensor": clean(series.sensor), "model_id": clean(series.model_id), "threshold": series.threshold,
        "scene_id": clean(one.scene_id), "datetime": one.datetime.isoformat().replace("+00:00", "Z"),
        "count": one.count, "count_low": _exact(one.low), "count_high": _exact(one.high), "interval_level": one.level,
        "observed_fraction": _exact(one.observed_fraction), "status": one.status,
        "lon": number(place[0], digits=7), "lat": number(place[1], digits=7), "notes": discreet("; ".join(one.notes)),
        "schema_version": SCHEMA_VERSION,
    }  # fmt: skip


def _feature(alert: Alert, row: dict[str, Any]) -> dict[str, Any]:
    lon, lat = row["lon"], row["lat"]
    geometry = None if lon is None else {"type": "Point", "coordinates": [lon, lat]}
    kept = {name: value for name, value in row.items() if name not in ("lon", "lat", "schema_version")}
    return {"type": "Feature", "id": alert.id, "geometry": geometry, "properties": kept}


def _boxes(count: float | None) -> int | float | None:
    return int(count) if count is not None and count == int(count) else count


def _exact(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _short(p: float | None) -> float | None:
    """A p-value to three figures."""
    return None if p is None else float(f"{p:.3g}")
