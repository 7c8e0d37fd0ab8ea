"""The status page: one row for each site that is watched, as HTML that opens offline and as JSON."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from sattrack.phrases import some
from sattrack.reports.cells import clean, discreet, moment, number, readable_json
from sattrack.reports.wording import share, when, whole
from sattrack.results import SCHEMA_VERSION
from sattrack.steps.phrasing import outward
from sattrack.writing import write_whole

# From the gravest; what is none of these has no scene yet.
STATES = ("alert", "warning", "not_assessable", "normal")
NO_SCENE = "no_scene"
# Longer lists stand in status.json and in the run's scenes.csv.
_MOST_TROUBLES = 200


@dataclass(frozen=True, slots=True)
class SiteRow:
    """The newest scene of a site or zone: its count with the 90 % interval, and what was made of it.

    state: one of STATES, or NO_SCENE. why: a sentence. last_alert: time of the newest scene that raised one. stands: whether
    the count is the site's: of one that cannot be assessed too little may have been seen, or its past may only be too short.
    """

    site_id: str
    site_name: str
    zone: str
    state: str
    scene_id: str = ""
    acquired: dt.datetime | None = None
    count: int | None = None
    low: float | None = None
    high: float | None = None
    observed_fraction: float | None = None
    why: str = ""
    last_alert: dt.datetime | None = None
    stands: bool = True


@dataclass(frozen=True, slots=True)
class Trouble:
    """A scene that failed or was refused, with the reason."""

    part: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class WatchStatus:
    """A watch when it was last looked at. scenes: counted ones; left: files for the next pass; report: path beside the page.

    error: why nothing could be looked at in the last pass; the rest is then of the last time that it could, never where looked
    is none.
    """

    name: str
    looked: dt.datetime | None
    rows: tuple[SiteRow, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    scenes: int = 0
    left: int = 0
    notes: tuple[str, ...] = ()
    report: str = ""
    error: str = ""


def write_status(watches: Sequence[WatchStatus], folder: Path, *, version: str) -> None:
    """status.html and status.json in a folder, each whole. StoreError where they cannot be written."""
    write_whole(folder / "status.json", readable_json(status_value(watches)))
    write_whole(folder / "status.html", status_page(watches, version=version))


def status_value(watches: Sequence[WatchStatus]) -> dict[str, Any]:
    """The state of all watches as JSON holds it; no path of a picture is in it."""
    return {"schema_version": SCHEMA_VERSION, "watches": [_watch_value(one) for one in watches]}


def _watch_value(one: WatchStatus) -> dict[str, Any]:
    return {
        "name": one.name, "looked": moment(one.looked), "scenes_counted": one.scenes, "scenes_left": one.left,
        "error": discreet(one.error) or None, "notes": [discreet(note) for note in one.notes], "report": one.report or None,
        "sites": [_site_value(row) for row in one.rows],
        "troubles": [{"scene": clean(t.part), "status": t.status, "reason": discreet(t.reason)} for t in one.troubles],
    }  # fmt: skip


def _site_value(row: SiteRow) -> dict[str, Any]:
    return {
        "site_id": clean(row.site_id), "site_name": clean(row.site_name), "zone": clean(row.zone), "state": row.state,
        "scene_id": clean(row.scene_id) or None, "datetime": moment(row.acquired), "count": row.count,
        "count_low": number(row.low, digits=2), "count_high": number(row.high, digits=2),
        "observed_fraction": number(row.observed_fraction, digits=4), "explanation": discreet(row.why),
        "last_alert": moment(row.last_alert), "count_stands": None if row.count is None else row.stands,
    }  # fmt: skip


def status_page(watches: Sequence[WatchStatus], *, version: str) -> bytes:
    """One HTML file without a script, which asks for nothing from elsewhere; names are escaped, the gravest rows first."""
    environment = Environment(
        loader=PackageLoader("sattrack.reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    rows = sorted(((one, row) for one in watches for row in one.rows), key=lambda pair: _grave(pair[1]))
    troubles = [(one.name, clean(t.part), t.status, discreet(t.reason)) for one in watches for t in one.troubles]
    last = max((one.looked for one in watches if one.looked), default=None)
    text = environment.get_template("status.html.j2").render(
        title=_title(watches), dek=_dek(watches), looked=_looked(last),
        rows=[_row(one, row) for one, row in rows], troubles=troubles[:_MOST_TROUBLES],
        troubles_left=max(0, len(troubles) - _MOST_TROUBLES), watches=[_told(one) for one in watches], version=version,
    )  # fmt: skip
    return text.encode("utf-8", "replace")


def _grave(row: SiteRow) -> int:
    return STATES.index(row.state) if row.state in STATES else len(STATES)


def _title(watches: Sequence[WatchStatus]) -> str:
    raised = len({(one.name, row.site_id) for one in watches for row in one.rows if row.state == "alert"})
    return f"Alert at {some(raised, 'site')}" if raised else "No alert in the newest scenes"


def _dek(watches: Sequence[WatchStatus]) -> str:
    sites = len({(one.name, row.site_id) for one in watches for row in one.rows})
    told = f"{some(sites, 'site')} in {some(len(watches), 'watch', 'watches')}."
    stuck = sum(bool(one.error) for one in watches)
    return f"{told} {some(stuck, 'watch', 'watches')} could not be looked at." if stuck else told


def _looked(moment_: dt.datetime | None) -> str:
    return when(moment_) if moment_ else "never"


def _row(one: WatchStatus, row: SiteRow) -> dict[str, Any]:
    interval = "" if row.low is None or row.high is None else "–".join(f"{end:,}" for end in outward(row.low, row.high))
    count = "" if row.count is None else whole(row.count)
    return {
        "watch": one.name, "site": clean(row.site_name or row.site_id), "zone": clean(row.zone), "state": row.state,
        "state_words": row.state.replace("_", " "), "scene": clean(row.scene_id),
        "when": when(row.acquired) if row.acquired else "", "interval": interval if row.stands else "",
        "count": count if row.stands or not count else f"({count})",
        "seen": "" if row.observed_fraction is None else share(row.observed_fraction),
        "why": discreet(row.why), "last_alert": when(row.last_alert) if row.last_alert else "", "report": one.report,
        "looked": _looked(one.looked), "stuck": bool(one.error),
    }  # fmt: skip


def _told(one: WatchStatus) -> dict[str, Any]:
    left = [f"{some(one.left, 'file')} still arriving, left for the next pass"] if one.left else []
    return {
        "name": one.name, "looked": _looked(one.looked), "scenes": f"{one.scenes:,}", "troubles": f"{len(one.troubles):,}",
        "error": discreet(one.error), "notes": [*left, *(discreet(note) for note in one.notes)], "report": one.report,
    }  # fmt: skip
