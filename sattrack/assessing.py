"""Assessing: from a run, or a CSV of anybody's counts, to its series and alerts; nothing is detected."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sattrack import wiring
from sattrack.count_rows import count_all
from sattrack.errors import StoreError, UsageError
from sattrack.phrases import some
from sattrack.ports import Finished
from sattrack.readers.count_tables import read_counts
from sattrack.readers.settings_file import load_settings
from sattrack.reopening import open_run, reopen, settings_of
from sattrack.reports.sparing import spare
from sattrack.results import RunIndex
from sattrack.settings import Settings
from sattrack.steps.alarming import assess, rules_of
from sattrack.steps.counting import Rule
from sattrack.steps.series import readings_of, series_of
from sattrack.stores.packs import packs_of
from sattrack.timeline import Alert, Count, Series


@dataclass(frozen=True, slots=True)
class Assessed:
    """Series, the alerts of their scenes whatever their level, and what must be said of the source."""

    series: tuple[Series, ...]
    alerts: tuple[Alert, ...] = ()
    notes: tuple[str, ...] = ()


def settings_for(source: Path, config: Path | None, *, given: Mapping[str, object] | None = None) -> Settings:
    """By what a run folder, or a CSV of counts, is judged: a run's own settings, as its page is, or the defaults; then those of
    the file, then those given. SettingsError, StoreError.
    """
    own = settings_of(wiring.open_store(source, create=False).read_index()) if source.is_dir() else None
    return load_settings(config, given=given, own=own)


def open_series(source: Path, *, settings: Settings, threshold: float | None = None) -> Assessed:
    """The series of a run folder, or of a CSV of counts.

    threshold: counts a run's stored boxes again from that score, leaving the run as it is. UsageError where there is nothing of
    the kind, or a threshold is asked of a CSV.
    """
    if source.is_dir():
        return _of_run(source, settings=settings, threshold=threshold)
    if not source.exists():
        raise StoreError("is not there", where=str(source), way_out="give a run folder, or a CSV of counts")
    if threshold is not None:
        raise UsageError("a CSV of counts has no boxes to count again", way_out="leave --threshold out, or give a run folder")
    lines: list[int] = []
    found = series_of(read_counts(source, undated=lines), min_observed=settings.min_observed)
    if not found:
        raise StoreError(
            "no row reaches a site at a known time", where=str(source), way_out="see docs/alarms.md for the columns"
        )
    return Assessed(found, (), _undated(len(lines), way_out="say it in the column datetime"))


def spare_source(source: Path, *files: Path) -> None:
    """UsageError where one of some files that are to be written is the table of counts that is read, or what a run keeps."""
    if source.is_dir():
        for file in files:
            spare(reopen(source), file)
    elif any(file.resolve() == source.resolve() for file in files):
        raise UsageError("would be written over by what is made of it", where=str(source), way_out="give another name with -o")


def undated(counts: Iterable[Count], *, way_out: str) -> tuple[str, ...]:
    """What is said of a run's counts whose time nobody knows."""
    return _undated(sum(count.datetime is None and count.count is not None for count in counts), way_out=way_out)


def _undated(counts: int, *, way_out: str) -> tuple[str, ...]:
    if not counts:
        return ()
    said = some(counts, "count has no known time and stands", "counts have no known time and stand")
    return (f"{said} in no series: {way_out}",)


def _of_run(folder: Path, *, settings: Settings, threshold: float | None) -> Assessed:
    run, parts = open_run(folder)
    counts = run.counts
    if threshold is not None:
        of_run = settings_of(run.index, threshold=threshold)
        rule = Rule(threshold=threshold, min_observed=of_run.min_observed, merge_overlap=of_run.merge_overlap)
        counts = count_all(parts, run.index.outcomes, sites=run.sites, card=run.index.card, rule=rule)
    notes = without_effect(run.index, settings, recounted=threshold is not None)
    if not any(not site.excludes for site in run.sites):
        placed = any(one.scene and one.scene.grid.georeferenced for one in run.index.outcomes)
        way_out = "count it with --sites" if placed else "no picture has coordinates, so none can lie in an outline"
        notes.append(f"the run has no outlines, so that each scene is its own site and has no past: {way_out}")
    notes += undated(counts, way_out="say it with --date, a sidecar or a manifest, and detect again")
    return Assessed(series_of(readings_of(counts, sites=run.sites), min_observed=settings.min_observed), (), tuple(notes))


def without_effect(index: RunIndex, asked: Settings, *, recounted: bool = False) -> list[str]:
    """What is said where settings by which a run is counted, and not judged, are asked for with other values than it has."""
    said = []
    if asked.threshold not in (None, index.threshold) and not recounted:
        said.append(
            f"the run was counted from {index.threshold:g}, and is judged so: "
            f"sattrack count RUN --threshold {asked.threshold:g} counts it anew"
        )
    if asked.min_observed < (least := settings_of(index).min_observed):
        said.append(
            f"the run was counted with at least {least:.0%} of a site seen, and counts of less stay not assessable: "
            f"sattrack count RUN --min-observed {asked.min_observed:g} counts them"
        )
    return said


def assess_run(run: Finished, *, settings: Settings) -> Assessed:
    """The series of a run that is open already, as it was last counted, with an alert for every scene."""
    found = series_of(readings_of(run.counts, sites=run.sites), min_observed=settings.min_observed)
    return Assessed(found, with_packs(assess(found, rules=rules_of(settings)), run.folder))


def assess_source(source: Path, *, settings: Settings, threshold: float | None = None, newest: bool = False) -> Assessed:
    """The series with an alert for every scene, or only for the newest of each."""
    found = open_series(source, settings=settings, threshold=threshold)
    alerts = assess(found.series, rules=rules_of(settings), newest=newest)
    return replace(found, alerts=with_packs(alerts, source) if source.is_dir() else tuple(alerts))


def with_packs(alerts: Iterable[Alert], folder: Path) -> tuple[Alert, ...]:
    """The alerts of a run, each with where its evidence pack is."""
    packs = packs_of(folder)
    return tuple(replace(one, evidence_path=packs[one.id]) if one.id in packs else one for one in alerts)
