"""The two tables of a run folder: counts.csv, a row per site, zone and scene; scenes.csv, a row per scene file."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import shapely

from sattrack.imagery import Grid, Scene
from sattrack.reports.cells import KnownPlaces, discreet, fill_table, moment, number, shown
from sattrack.reports.globe import outline, polygons
from sattrack.results import SCHEMA_VERSION, RunIndex, SceneOutcome
from sattrack.steps.judging import capability, px_per_width
from sattrack.timeline import Count

COUNT_COLUMNS = (
    "site_id", "site_name", "zone", "scene_id", "datetime", "datetime_source", "sensor", "count", "count_low", "count_high",
    "interval_level", "interval_method", "n_checked", "observed_fraction", "cloud_checked", "status", "count_per_observed_area",
    "n_20ft", "n_40ft", "n_45ft", "teu", "threshold", "cap_hit", "gsd_m", "px_per_width", "capability", "model_id", "notes",
    "schema_version",
)  # fmt: skip
SCENE_COLUMNS = (
    "scene_id", "part", "location", "status", "reason", "datetime", "datetime_source", "sensor", "source", "licence", "driver",
    "dtype", "bands", "width_px", "height_px", "crs", "gsd_m", "gsd_x_m", "gsd_y_m", "gsd_source", "px_per_width", "capability",
    "nodata", "cloud_checked", "boxes", "counted", "cap_hit", "footprint", "sha256", "key", "model_id", "notes",
    "schema_version",
)  # fmt: skip
_JOIN = "; "


def fill_counts(counts: Iterable[Count], draft: Path, *, locations: Iterable[str] = ()) -> None:
    """counts.csv: every row is kept, those that could not be assessed too, with an empty count and the reason in notes.

    locations: of the run's scenes, so that reasons that quote them can be cut down to the files' names.
    """
    known = KnownPlaces(locations)
    rows = (_ordered(count_row(count, locations=known), columns=COUNT_COLUMNS) for count in counts)
    fill_table(draft, COUNT_COLUMNS, rows=rows)


def fill_scenes(index: RunIndex, draft: Path) -> None:
    """scenes.csv: one row per scene file, whatever became of it."""
    rows = (_ordered(scene_row(outcome, model_id=index.model_id), columns=SCENE_COLUMNS) for outcome in index.outcomes)
    fill_table(draft, SCENE_COLUMNS, rows=rows)


def count_row(count: Count, *, locations: Iterable[str] | KnownPlaces = ()) -> dict[str, object]:
    """A count as one row, by column name; what has no value is none."""
    return {
        "site_id": count.site_id, "site_name": count.site_name, "zone": count.zone, "scene_id": count.scene_id,
        "datetime": moment(count.datetime), "datetime_source": count.datetime_source, "sensor": count.sensor,
        "count": count.count, "count_low": number(count.count_low, digits=2), "count_high": number(count.count_high, digits=2),
        "interval_level": count.interval_level, "interval_method": count.interval_method, "n_checked": count.n_checked,
        "observed_fraction": number(count.observed_fraction, digits=4), "cloud_checked": count.cloud_checked,
        "status": count.status, "count_per_observed_area": number(count.count_per_observed_area, digits=4),
        "n_20ft": count.n_20ft, "n_40ft": count.n_40ft, "n_45ft": count.n_45ft, "teu": number(count.teu, digits=2),
        "threshold": number(count.threshold, digits=4), "cap_hit": count.cap_hit, "gsd_m": number(count.gsd_m, digits=4),
        "px_per_width": number(count.px_per_width, digits=2), "capability": count.capability, "model_id": count.model_id,
        "notes": discreet(_JOIN.join(count.notes), locations=locations), "schema_version": SCHEMA_VERSION,
    }  # fmt: skip


def scene_row(outcome: SceneOutcome, *, model_id: str) -> dict[str, object]:
    """A scene file as one row, by column name; what is not known of it is none."""
    row: dict[str, object] = dict.fromkeys(SCENE_COLUMNS)
    row |= {
        "scene_id": outcome.scene_id, "part": outcome.part, "location": shown(outcome.location), "status": outcome.status,
        "reason": discreet(outcome.reason, locations=outcome.locations), "sha256": outcome.sha256, "key": outcome.key,
        "model_id": model_id, "schema_version": SCHEMA_VERSION, "datetime": moment(outcome.acquired),
        "datetime_source": outcome.acquired_source,
    }  # fmt: skip
    if outcome.status == "done":
        row |= {"boxes": outcome.boxes, "counted": outcome.counted, "cap_hit": outcome.cap_hit}
    return row | _said(outcome.scene) if outcome.scene else row


def _said(scene: Scene) -> dict[str, object]:
    rows, cols = scene.grid.shape
    across, down = scene.grid.gsd_m
    return {
        "datetime": moment(scene.acquired), "datetime_source": scene.acquired_source, "sensor": scene.sensor,
        "source": discreet(scene.source), "licence": discreet(scene.licence), "driver": scene.driver, "dtype": scene.dtype,
        "bands": " ".join(map(str, scene.bands)), "width_px": cols, "height_px": rows, "crs": _crs_name(scene.grid.crs),
        "gsd_m": number(max(across, down), digits=4), "gsd_x_m": number(across, digits=4), "gsd_y_m": number(down, digits=4),
        "gsd_source": scene.gsd_source, "px_per_width": number(px_per_width(scene.grid.gsd_m), digits=2),
        "capability": capability(scene.grid.gsd_m), "nodata": number(scene.nodata, digits=6),
        "cloud_checked": scene.cloud_checked, "footprint": _footprint(scene.grid),
        "notes": discreet(_JOIN.join(scene.notes), locations=(*scene.locations, scene.mask or "")),
    }  # fmt: skip


def _footprint(grid: Grid) -> str | None:
    ring = outline(grid, steps=1)
    return None if ring is None else str(shapely.to_wkt(polygons(ring)[0], rounding_precision=7))


@lru_cache(maxsize=256)
def _crs_name(crs: str | None) -> str | None:
    """An authority's code as it stands; of a long WKT its name."""
    if crs is None or "[" not in crs:
        return crs
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        known = CRS.from_user_input(crs)
    except CRSError:
        return None
    authority = known.to_authority()
    return ":".join(authority) if authority else str(known.name)


def _ordered(row: dict[str, object], *, columns: tuple[str, ...]) -> list[object]:
    return [row[name] for name in columns]
