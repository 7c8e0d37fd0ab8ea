"""Page: one HTML file for a run, which opens offline and says what was counted, how surely, and what was not seen."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sattrack.errors import StoreError
from sattrack.ports import Finished, Reader
from sattrack.reports.canvas import THEMED, svg
from sattrack.reports.cells import clean, discreet, shown
from sattrack.reports.charts import chart
from sattrack.reports.shots import PREFIX, Shot, chained, shots_of
from sattrack.reports.telling import Place, Series, places_of, problems, sources, span
from sattrack.reports.wording import share, some, when
from sattrack.results import ModelCard, Part, SceneOutcome

MOST_BYTES = 25_000_000
PICTURES = "pictures"


@dataclass(frozen=True, slots=True)
class _Charts:
    """One chart twice: for a desk and for a hand."""

    wide: Markup
    narrow: Markup


def write_report(
    run: Finished,
    parts: Mapping[str, Part],
    to: Path,
    *,
    imagery: bool = True,
    reader: Reader | None = None,
    allow_remote: bool = False,
    most_bytes: int = MOST_BYTES,
) -> Path:
    """Writes the page: `to` itself where it ends in .html, else `to`/report.html; returns its path.

    Pixels are read again through `reader`; a scene that is gone costs its picture only. Pictures that would take the page over
    `most_bytes` are written to `pictures/` beside it and linked. Without `imagery` no pixel is written anywhere.
    """
    path = to if to.suffix.lower() in (".html", ".htm") else to / "report.html"
    folder = path.parent / PICTURES
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        said = _said(run, parts)
        bare = len(_render(said, {}).encode())
        # What a picture's own caption and links take, and a little more: the limit is on the file, not on a guess of it.
        room = most_bytes - bare - 2_500 * max(1, len(run.counts) + len(parts)) - 20_000
        shots = shots_of(run, parts, imagery=imagery, reader=reader, remote=allow_remote, folder=folder, room=room)
        path.write_bytes(_render(said, shots).encode())
    except OSError as error:
        raise StoreError(
            f"the page cannot be written: {error.strerror}", where=str(path), way_out="free some room, or choose another place"
        ) from error
    return path


def _sweep(folder: Path) -> None:
    """Pictures of an earlier page go, so that none outlives --no-imagery."""
    for old in folder.glob(f"{PREFIX}*.jpg"):
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
    together = _one_list([shot for place in said["places"] for shot in lacking[place.id]]) if said["own"] else []
    any_pixels = any(shot.src for group in shots.values() for shot in group)
    page = environment.get_template("report.html.j2").render(**said, shots=lacking, own_shots=together, any_pixels=any_pixels)
    # Halves of broken characters in names would stop the encoder.
    return page.encode("utf-8", "replace").decode("utf-8")


def _one_list(shots: list[Shot]) -> list[Shot]:
    return chained([replace(shot, before="", after="") for shot in shots])


def _said(run: Finished, parts: Mapping[str, Part]) -> dict[str, Any]:
    index, places = run.index, places_of(run)
    own = not any(not site.excludes for site in run.sites)
    if own:  # scenes that gave nothing are listed once, with their reasons, further down
        places = tuple(place for place in places if any(c.status not in ("refused", "failed") for c in place.lead.counts))
    locations = index.locations
    settings = sorted((key, _plain(value)) for key, value in index.settings.items())
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
        "own_rows": [row for place in places for row in place.lead.rows] if own else [],
        "own_unseen": _own_unseen(places) if own else [],
        "charts": {one: _charts(one, place) for place in places for one in _series_of(place)},
        "measured": bool(index.card.measured),
        "min_observed": share(float(str(index.settings.get("min_observed", 0.5)))),
        "sites_file": shown(index.sites_file),
        "problems": problems(index.outcomes),
        "sources": sources(index.outcomes),
        "model": _model(index.card),
        "facts": _facts(run, parts, locations),
        "settings": settings,
        "notes": [discreet(note, locations=locations) for note in index.notes],
    }


def _series_of(place: Place) -> tuple[Series, ...]:
    return ((place.whole,) if place.whole else ()) + place.zones


def _charts(series: Series, place: Place) -> _Charts | None:
    title = f"Containers counted in time: {place.name} {series.zone}".strip()
    wide = chart(series.counts, width=820, height=300, title="")
    narrow = chart(series.counts, width=350, height=260, title="")
    if wide is None or narrow is None:
        return None
    return _Charts(
        Markup(svg(replace(wide, title=title), colours=THEMED, css_class="wide")),
        Markup(svg(replace(narrow, title=title), colours=THEMED, css_class="narrow")),
    )


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
    done = sum(outcome.status == "done" for outcome in run.index.outcomes)
    when_ = span(run.counts)
    where = "" if own or len(places) < 2 else f" at {len(places)} places"
    return f"Shipping containers visible{where} in {some(done, 'scene')}" + (f", {when_}." if when_ else ".")


def _tally(outcomes: Sequence[SceneOutcome]) -> str:
    words = {"done": "counted", "refused": "refused", "failed": "failed", "skipped": "skipped"}
    numbers = {word: sum(o.status == status for o in outcomes) for status, word in words.items()}
    return "Scenes: " + (", ".join(f"{n:,} {word}" for word, n in numbers.items() if n) or "none")


def _own_unseen(places: Sequence[Place]) -> list[str]:
    """Without outlines: one sentence a kind over all scenes, not one for each scene."""
    counts = [count for place in places for count in place.lead.counts]
    counted = [c for c in counts if c.status == "done"]
    said = ["Each scene was looked at as far as its own pixels reach; what lies beyond it is unknown."]
    part = [c for c in counted if c.observed_fraction < 1]
    if part:
        said.append(f"In {len(part)} of {some(len(counted), 'counted scene')} a part was not seen: no pixels there, or masked.")
    unchecked = sum(not c.cloud_checked for c in counted)
    if unchecked:
        said.append(
            f"Cloud was not looked for in {unchecked} of {some(len(counted), 'counted scene')}: no cloud mask came with them."
        )
    return said


def _model(card: ModelCard) -> list[tuple[str, str]]:
    rows = [
        ("Name", card.name or card.id),
        ("Identity", card.id),
        ("sha256", card.sha256 or "not stated"),
        ("What it is", card.description),
        ("Classes", ", ".join(card.classes)),
        ("Looks at", f"tiles of {card.tile_px} px at {card.gsd_m:g} m a pixel"),
        ("Threshold of the card", f"{card.threshold:g}"),
        ("Licence", card.licence or "not stated"),
        ("Trained on", "; ".join(filter(None, map(_source, card.trained_on))) or "not stated"),
        ("Measured", "; ".join(map(_band, card.measured)) or "nothing"),
    ]
    return [(key, discreet(value)) for key, value in rows if value]


def _source(row: Mapping[str, object]) -> str:
    """What weights were trained on: its name and kind, and its terms in brackets."""
    name, kind, terms = (str(row.get(key, "")) for key in ("name", "kind", "terms"))
    return " ".join(filter(None, (" ".join(filter(None, (name, kind))), f"({terms})" if terms else "")))


def _band(row: Mapping[str, float]) -> str:
    """A row of the card's figures in words."""
    pixels, density = (f"{row[f'{name}_low']:g} to {row[f'{name}_high']:g}" for name in ("gsd", "density"))
    return (
        f"at {pixels} m a pixel and {density} boxes a hectare round a box: precision {row['precision']:.3f}, "
        f"recall {row['recall']:.3f}, {row['n']:g} boxes"
    )


def _facts(run: Finished, parts: Mapping[str, Part], locations: Sequence[str]) -> list[tuple[str, str]]:
    index = run.index
    devices = sorted({part.device for part in parts.values()})
    tiles, skipped = sum(part.tiles for part in parts.values()), sum(part.tiles_skipped for part in parts.values())
    dropped = sum(part.dropped for part in parts.values())
    rows = [
        ("Command", discreet(index.command, locations=locations)),
        ("Outlines", shown(index.sites_file) or "none: each scene is its own place"),
        ("Device", ", ".join(devices) or "none used"),
        ("Tiles", f"{tiles:,} seen, {skipped:,} without a pixel"),
        ("Boxes stored", f"{sum(len(p.detections) for p in parts.values()):,}"),
        ("Degenerate boxes dropped", f"{dropped:,}" if dropped else ""),
        ("Schema", index.schema_version),
        *sorted(index.versions.items()),
    ]
    return [(key, clean(value)) for key, value in rows if value]


def _plain(value: object) -> str:
    return "not set" if value is None else str(value)
