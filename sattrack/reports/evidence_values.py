"""Evidence as numbers: the alert with its series and exchange, where everything came from, and the rows of its counts."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sattrack.imagery import Scene
from sattrack.reports.alerts import alert_value, series_value
from sattrack.reports.cells import KnownPlaces, clean, csv_bytes, discreet, moment, number, readable_json, shown
from sattrack.reports.change_values import change_value
from sattrack.reports.evidence_case import Case
from sattrack.reports.evidence_words import amounts_of, bracket, commands
from sattrack.reports.flows import flow_value
from sattrack.reports.listings import COUNT_COLUMNS, count_row
from sattrack.results import SCHEMA_VERSION, Part, RunIndex, SceneOutcome
from sattrack.timeline import Count, Site


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What of a run a pack may hold: one series, its site, the scenes that it shows."""

    folder: Path
    index: RunIndex
    counts: tuple[Count, ...]
    sites: tuple[Site, ...]


def alert_json(case: Case) -> bytes:
    """The alert as alerts.json has it, its series, the times between which the change lies, and the exchange of boxes."""
    first, last = bracket(case)
    # Where packs lie is known only after they are made.
    alert = {name: value for name, value in alert_value(case.alert).items() if name != "evidence_path"}
    return readable_json(
        {
            "schema_version": SCHEMA_VERSION, "alert": alert, "series": series_value(case.series),
            "time_bracket": {"after": moment(first), "by": moment(last)},
            "scenes": {one.role: one.count.scene_id for one in case.sights},
            "flow": flow_value(case.flow) if case.flow else None,
            "changes": change_value(case.exchange) if case.exchange else None,
            "changes_not_told": discreet(case.apart, locations=case.run.index.locations),
        }
    )  # fmt: skip


def provenance(case: Case) -> bytes:
    """Inputs, weights, settings, versions and commands: what must be the same for the same pack."""
    index, card = case.run.index, case.run.index.card
    measured = {"precision_recall_bands": list(card.measured), "figures": list(card.figures)}
    return readable_json(
        {
            "schema_version": SCHEMA_VERSION, "alert_id": case.alert.id, "imagery": case.imagery,
            "cumulative": amounts_of(case),
            "inputs": _inputs(case),
            "weights": {
                "id": card.id, "sha256": card.sha256, "name": card.name, "description": discreet(card.description),
                "licence": card.licence, "classes": list(card.classes), "gsd_m": card.gsd_m, "tile_px": card.tile_px,
                "threshold": card.threshold, "trained_on": list(card.trained_on), "measured": measured,
            },
            "threshold": index.threshold, "settings": case.settings.model_dump(mode="json"),
            "outlines": shown(index.sites_file),
            "run": {
                "created": moment(index.created), "command": discreet(index.command, locations=index.locations),
                "versions": dict(sorted(index.versions.items())),
                "notes": [discreet(note, locations=index.locations) for note in index.notes],
            },
            "made_with": dict(sorted(case.versions.items())), "commands": commands(case),
        }
    )  # fmt: skip


def counts_csv(case: Case) -> bytes:
    """The rows of the run's counts.csv that are of the alert's series."""
    known = KnownPlaces(case.run.index.locations)
    rows = [count_row(count, locations=known) for count in case.counts]
    return csv_bytes(COUNT_COLUMNS, rows=[[row[name] for name in COUNT_COLUMNS] for row in rows])


def site_geojson(case: Case) -> bytes:
    """The outlines of the site and the areas left out, as `--sites` reads them."""
    features = [
        {
            "type": "Feature", "geometry": site.outline,
            "properties": {
                "site_id": site.id, "name": site.name, "zone": site.zone, "kind": site.kind, "notes": discreet(site.notes),
            },
        }
        for site in sites_of(case)
    ]  # fmt: skip
    return readable_json({"type": "FeatureCollection", "features": features})


def sites_of(case: Case) -> tuple[Site, ...]:
    """The outlines of the alert's site, all its zones, and what is left out; nothing of the run's other places.

    All of it, since the detector looks where outlines are: with fewer it would see the same ground through other tiles.
    """
    return tuple(one for one in case.run.sites if one.excludes or one.id == case.alert.site_id)


def _inputs(case: Case) -> list[dict[str, Any]]:
    """Each file of each scene of the series, in time."""
    shown_parts = {part.scene.part: (one.role, part) for one in case.sights for part in one.parts}
    order = {count.scene_id: i for i, count in enumerate(case.counts)}
    own = [one for one in case.run.index.outcomes if one.scene_id in order]
    own.sort(key=lambda one: (order[one.scene_id], one.part))
    return [_input(one, shown_parts.get(one.part), state=case.files.get(one.part, "not looked at again")) for one in own]


def _input(outcome: SceneOutcome, used: tuple[str, Part] | None, *, state: str) -> dict[str, Any]:
    scene: Scene | None = outcome.scene
    said: dict[str, Any] = {
        "scene_id": clean(outcome.scene_id), "file": shown(outcome.location), "sha256": outcome.sha256,
        "status": outcome.status, "shown": used[0] if used else None,
        "file_now": discreet(state, locations=outcome.locations),
    }  # fmt: skip
    if scene is not None:
        said |= {
            "datetime": moment(scene.acquired), "datetime_source": scene.acquired_source, "sensor": clean(scene.sensor),
            "source": discreet(scene.source), "licence": discreet(scene.licence),
            "mask": shown(scene.mask) if scene.mask else None, "bands": list(scene.bands),
            "gsd_m": [number(size, digits=4) for size in scene.grid.gsd_m],
            "gsd_source": scene.gsd_source, "shape": list(scene.grid.shape),
        }  # fmt: skip
        if scene.pieces:
            said["files"] = [shown(location) for location in scene.locations]
        if scene.viewing:
            said["viewing"] = asdict(scene.viewing)
    if used is not None:
        stretch = used[1].stretch
        ends = {name: [number(one, digits=4) for one in getattr(stretch, name)] for name in ("low", "high")}
        said["stretch"] = {**ends, "percentiles": list(stretch.percentiles)}
    return said
