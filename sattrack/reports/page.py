"""Page: one HTML file for a run, which opens offline and says what was counted, how surely, and what was not seen."""

import base64
import contextlib
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sattrack import timeline
from sattrack.errors import StoreError
from sattrack.findings import Findings, Pair
from sattrack.phrases import some
from sattrack.ports import Finished, Reader
from sattrack.reports.alarm_telling import alarms_of
from sattrack.reports.cells import KnownPlaces, clean, discreet, shown
from sattrack.reports.chain_telling import chain_told
from sattrack.reports.cloud_words import cloud_words
from sattrack.reports.flow_telling import flows_told
from sattrack.reports.news import news
from sattrack.reports.pairs import PairShot, pair_shots
from sattrack.reports.particulars import model_rows, run_rows, setting_rows
from sattrack.reports.plates import CountPlate, count_plate
from sattrack.reports.shots import MOST_SHOTS, PREFIX, Shot, chained, shots_of
from sattrack.reports.telling import MOST_ROWS, TOO_LITTLE, Place, Row, Series, places_of, problems, sources, span
from sattrack.reports.wording import share, when
from sattrack.results import Part, SceneOutcome
from sattrack.writing import write_whole

MOST_BYTES = 25_000_000
PICTURES = "pictures"


def write_report(
    run: Finished,
    parts: Mapping[str, Part],
    to: Path,
    *,
    imagery: bool = True,
    reader: Reader | None = None,
    allow_remote: bool = False,
    findings: Findings | None = None,
    pairs: Iterable[Pair] = (),
    most_bytes: int = MOST_BYTES,
) -> Path:
    """Writes the page: `to` itself where it ends in .html, else `to`/report.html; returns its path.

    Pixels are read again through `reader`; a scene that is gone costs its picture only. Pictures that would take the page over
    `most_bytes` are written to `pictures/` beside it and linked; pairs get half of the room at most, and beyond that have none.
    Without `imagery` no pixel is written anywhere. findings: alarms, flows and a chain; none: the page tells of counts only.
    pairs: of the findings' alerts, made while the page is.
    """
    path = to if to.suffix.lower() in (".html", ".htm") else to / "report.html"
    folder = path.parent / PICTURES
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        said = _said(run, parts, findings) | {"imagery": imagery}
        bare = len(_render(said, {}).encode())
        # What a picture's own caption and links take, and a little more: the limit is on the file, not on a guess of it.
        room = most_bytes - bare - 2_500 * max(1, min(len(run.counts), MOST_ROWS) + min(len(parts), MOST_SHOTS)) - 20_000
        shown, taken = pair_shots(pairs, imagery=imagery, room=room // 2, locations=KnownPlaces(run.index.locations))
        said |= _alarms(said["places"], findings, shown, packs=_beside(path, run))
        room -= taken
        shots = shots_of(run, parts, imagery=imagery, reader=reader, remote=allow_remote, folder=folder, room=room)
        write_whole(path, _render(said, shots).encode())
        _sweep(folder, kept={shot.link for group in shots.values() for shot in group})
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(
            f"the page cannot be written: {error.strerror}", where=str(path), way_out="free some room, or choose another place"
        ) from error
    return path


def _sweep(folder: Path, *, kept: Collection[str]) -> None:
    """Pictures of an earlier page go, so that none outlives --no-imagery. kept: links of this page."""
    for old in folder.glob(f"{PREFIX}*.jpg"):
        if f"{folder.name}/{old.name}" not in kept:
            old.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()  # stays where something else lies in it


def _render(said: Mapping[str, Any], shots: Mapping[str, list[Shot]]) -> str:
    environment = Environment(
        loader=PackageLoader("sattrack.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    lacking = {place.id: shots.get(place.id, []) for place in said["places"]}
    assert environment.loader is not None
    script = environment.loader.get_source(environment, "report.js")[0]
    together = _one_list([shot for place in said["places"] for shot in lacking[place.id]]) if said["own"] else []
    page = environment.get_template("report.html.j2").render(
        **said,
        shots=lacking,
        own_shots=together,
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
    # Halves of broken characters in names would stop the encoder.
    return page.encode("utf-8", "replace").decode("utf-8")


def _one_list(shots: list[Shot]) -> list[Shot]:
    return chained([replace(shot, before="", after="") for shot in shots])


def _beside(path: Path, run: Finished) -> Path | None:
    """The run's folder where the page stands in it; from elsewhere nothing of it can be linked."""
    return run.folder if path.parent.resolve() == run.folder.resolve() else None


def _alarms(
    places: Sequence[Place], findings: Findings | None, shown: Sequence[PairShot], *, packs: Path | None = None
) -> dict[str, Any]:
    """What depends on the pairs that were made."""
    ids = [pair.id for pair in shown]
    alerts = findings.alerts if findings else ()
    told = {
        one: alarms_of(_own_alerts(one, place, alerts), breaks=_breaks(one, place, findings.series), pairs=ids, packs=packs)
        for place in places
        for one in place.every
        if findings
    }
    raised = {(a.site_id, a.scene_id) for a in alerts if a.level == "alert" and a.kind == "scene"}
    return {
        "alarms": told,
        "pairs": {place.id: [pair for pair in shown if pair.place == place.id] for place in places},
        "any_pairs": bool(shown),
        "pairs_left": len(raised) - len(shown),
    }


def _said(run: Finished, parts: Mapping[str, Part], findings: Findings | None) -> dict[str, Any]:
    index, places = run.index, places_of(run)
    own = not any(not site.excludes for site in run.sites)
    if own:  # scenes that gave nothing are listed once, with their reasons, further down
        places = tuple(place for place in places if any(c.status not in ("refused", "failed") for c in place.lead.counts))
    locations = KnownPlaces(index.locations)
    return {
        "title": _title(places, own=own),
        "dek": _dek(run, places, own=own),
        "folder": clean(run.folder.resolve().name),
        "created": when(index.created) if index.created else "",
        "model_id": clean(index.model_id),
        "model_gsd": f"{index.card.gsd_m:g}",
        "threshold": f"{index.threshold:g}",
        "tally": _tally(index.outcomes),
        "version": index.versions.get("sattrack", ""),
        "own": own,
        "places": places,
        "own_rows": _own_rows(places)[:MOST_ROWS] if own else [],
        "own_more": max(0, len(places) - MOST_ROWS) if own else 0,
        "own_unseen": _own_unseen(places) if own else [],
        "charts": {one: _chart(one, place, findings) for place in places for one in place.every},
        "flows": {
            one: flows_told(findings, site_id=place.id, zone=one.key, name=place.name)
            for place in places
            for one in place.every
            if findings
        },
        "chain": chain_told(findings, places) if findings else None,
        "news": news(run, findings, places, own=own) if findings else (),
        "finding_notes": [discreet(note, locations=locations) for note in findings.notes] if findings else [],
        **_alarms(places, findings, ()),
        "measured": bool(index.card.measured),
        "left_out": any(site.excludes for site in run.sites),
        "min_observed": share(float(str(index.settings.get("min_observed", 0.5)))),
        "sites_file": shown(index.sites_file),
        "problems": problems(index.outcomes, locations=locations),
        "sources": sources(index.outcomes),
        "model": model_rows(index.card),
        "facts": run_rows(run, parts, locations),
        "settings": setting_rows(run),
        "notes": [discreet(note, locations=locations) for note in index.notes],
    }


def _breaks(series: Series, place: Place, found: Iterable[timeline.Series]) -> list[str]:
    return [said for one in found if (one.site_id, one.zone) == (place.id, series.key) for said in one.breaks]


def _chart(series: Series, place: Place, findings: Findings | None) -> CountPlate | None:
    alerts = _own_alerts(series, place, findings.alerts) if findings else []
    return count_plate(series.counts, alerts, title=f"Containers counted in time: {place.name} {series.zone}".strip())


def _own_alerts(series: Series, place: Place, alerts: Iterable[timeline.Alert]) -> list[timeline.Alert]:
    return [one for one in alerts if (one.site_id, one.zone) == (place.id, series.key)]


def _title(places: Sequence[Place], *, own: bool) -> str:
    if not places:
        return "No scene was counted"
    if len(places) == 1:
        return places[0].name
    if own:
        return f"{len(places)} scenes"
    names = [place.name for place in places]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) <= 3 else f"{len(names)} sites"


def _dek(run: Finished, places: Sequence[Place], *, own: bool) -> str:
    # An acquisition of several files is one scene; without outlines each of several plain pictures is a place of its own.
    done = {outcome.scene_id for outcome in run.index.outcomes if outcome.status == "done"}
    looks = {count.site_id for count in run.counts if count.status in ("done", "not_assessable")} if own else done
    when_ = span(run.counts)
    shown = sum(any(one.headline for one in place.every) for place in places)
    of = f"{shown} of {len(places)}" if shown < len(places) else f"{len(places)}"
    where = "" if own or len(places) < 2 else f" at {of} places"
    return f"Shipping containers visible{where} in {some(len(looks), 'scene')}" + (f", {when_}." if when_ else ".")


def _tally(outcomes: Sequence[SceneOutcome]) -> str:
    words = {"done": "counted", "refused": "refused", "failed": "failed", "skipped": "skipped"}
    numbers = {word: sum(o.status == status for o in outcomes) for status, word in words.items()}
    several = len({o.scene_id for o in outcomes}) < len(outcomes)
    what = "Files of scenes" if several else "Scenes"
    return f"{what}: " + (", ".join(f"{n:,} {word}" for word, n in numbers.items() if n) or "none")


def _own_rows(places: Sequence[Place]) -> list[Row]:
    """Without outlines: a row names its picture too where its scene has several, each a place of its own."""
    rows = [(place.name, row) for place in places for row in place.lead.rows]
    return [row if row.scene == name else replace(row, scene=f"{row.scene}: {name}") for name, row in rows]


def _own_unseen(places: Sequence[Place]) -> list[str]:
    """Without outlines: one sentence a kind over all scenes, not one for each scene."""
    counts = [count for place in places for count in place.lead.counts]
    counted = [c for c in counts if c.status == "done"]
    said = ["Each scene was looked at as far as its own pixels reach; what lies beyond it is unknown."]
    part = [c for c in counted if c.observed_fraction < 1]
    if part:
        said.append(f"In {len(part)} of {some(len(counted), 'counted scene')} a part was not seen: no pixels there, or masked.")
    if short := sum(c.status == "not_assessable" for c in counts):
        said.append(f"{some(short, 'scene')} {TOO_LITTLE}.")
    return said + cloud_words(counted)
