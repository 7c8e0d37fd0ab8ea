"""Evidence in a run's lists of alerts: where an alert's pack is, and which cumulative thresholds they are of."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from sattrack.errors import StoreError
from sattrack.reports.cells import clean, csv_cell
from sattrack.writing import write_whole


def listed_amounts(folder: Path) -> tuple[float, ...]:
    """The cumulative thresholds, in boxes, that a run's alerts.json has alerts of; none where it has not. StoreError."""
    rows = _rows(_read(folder / "alerts.json"))
    amounts = {row.get("alarm_above") for row in rows if row.get("kind") == "cumulative"}
    return tuple(sorted(float(one) for one in amounts if isinstance(one, int | float)))


def mark_evidence(folder: Path, alert: str, *, path: str) -> None:
    """Says in a run's alerts.csv, alerts.json and alerts.geojson where an alert's pack is; lists that are not there stay so.

    Which alerts they show, and all else that they say, stays as it is.
    """
    table, listed, points = (folder / f"alerts.{kind}" for kind in ("csv", "json", "geojson"))
    if table.is_file():
        write_whole(table, _marked_rows(table.read_text(encoding="utf-8"), alert, path))
    for file in filter(Path.is_file, (listed, points)):
        value = _read(file)
        for row in _rows(value):
            if row.get("alert_id") == alert:
                row["evidence_path"] = clean(path)
        write_whole(file, (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode())


def _marked_rows(text: str, alert: str, path: str) -> bytes:
    rows = list(csv.DictReader(io.StringIO(text)))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else [], lineterminator="\n")
    if not rows or "evidence_path" not in rows[0]:
        return text.encode()
    writer.writeheader()
    writer.writerows(row | {"evidence_path": csv_cell(path)} if row["alert_id"] == alert else row for row in rows)
    return out.getvalue().encode()


def _read(path: Path) -> Any:
    """StoreError where a list is damaged."""
    try:
        return json.loads(path.read_bytes()) if path.is_file() else []
    except (ValueError, RecursionError) as error:
        raise StoreError("is damaged", where=str(path), way_out="write it again: sattrack alert RUN") from error


def _rows(value: Any) -> list[dict[str, Any]]:
    """The alerts of alerts.json, or of alerts.geojson."""
    rows = value if isinstance(value, list) else [one.get("properties") for one in value.get("features", [])]
    return [row for row in rows if isinstance(row, dict)]
