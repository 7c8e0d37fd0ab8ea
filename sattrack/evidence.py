"""Evidence: from an alert of a run to the pack that another analyst can check and repeat."""

import difflib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from sattrack import wiring
from sattrack.assessing import assess_run, without_effect
from sattrack.errors import UsageError
from sattrack.following import cumulative_alerts
from sattrack.phrases import first_of
from sattrack.readers.settings_file import as_yaml
from sattrack.reopening import Run, open_run
from sattrack.reports.evidence import contents
from sattrack.reports.evidence_case import Case
from sattrack.reports.evidence_marks import listed_amounts, mark_evidence
from sattrack.reports.evidence_zip import zipped
from sattrack.running import versions
from sattrack.settings import Settings
from sattrack.sighting import sighted
from sattrack.steps.flowing import flow_of
from sattrack.stores.packs import note_pack
from sattrack.timeline import Alert, Series
from sattrack.writing import write_whole

_NEAR = 6
# How an alert is counted, and how it is judged: of a run's settings only the latter may be others when it is assessed.
_JUDGING = (
    "alarm_level", "warning_level", "false_discovery", "least_change", "guard_days", "baseline_days", "usual_spread",
)  # fmt: skip


class NoSuchAlert(UsageError):
    """A run has no alert, or more than one, that begins with what was asked for."""


@dataclass(frozen=True, slots=True)
class Pack:
    """What was made: the alert, the files by name, and what a reader must be told of them."""

    alert: Alert
    files: dict[str, bytes]
    notes: tuple[str, ...]

    @property
    def content(self) -> bytes:
        """The pack as one zip; the same files give the same bytes."""
        return zipped(self.files)


def make_pack(
    folder: Path, alert: str, *, settings: Settings, amounts: Sequence[float] | None = None, imagery: bool | None = None,
    allow_remote: bool = False,
) -> Pack:  # fmt: skip
    """The evidence for one alert of a run. alert: its id, or the beginning of one that no other alert shares.

    settings: by which the run is assessed, as for `sattrack alert`. amounts: cumulative thresholds, in boxes; none: those that
    the run's alerts.json lists. imagery: none: as the run was made. UsageError where no alert, or more than one, is meant; a
    scene that is gone or has changed costs its picture, and that is said.
    """
    if not folder.is_dir():
        wrong = "evidence is made of a run, whose boxes and scenes are known" if folder.exists() else "is not there"
        raise UsageError(
            wrong, where=str(folder),
            way_out="give the run folder that detect wrote; a CSV of counts has none",
        )  # fmt: skip
    listed = listed_amounts(folder) if amounts is None else tuple(amounts)
    case = gather(folder, alert, settings=settings, amounts=listed, imagery=imagery, allow_remote=allow_remote)
    notes = without_effect(case.run.index, settings)
    notes += [f"{one.role}: no picture, {one.missing}" for one in case.sights if one.missing]
    notes += [f"boxes were not told apart: {case.apart}"] if case.apart else []
    return Pack(case.alert, contents(case), tuple(notes))


def write_pack(pack: Pack, to: Path, *, run: Path) -> None:
    """Writes the pack, and its path into the run's alerts. StoreError where that cannot be, or another writes into the run."""
    # The lists of packs and alerts are read, changed and written: of two at once one would lose its line.
    with wiring.open_store(run, create=False).alone():
        to.parent.mkdir(parents=True, exist_ok=True)
        write_whole(to, pack.content)
        mark_evidence(run, pack.alert.id, path=note_pack(run, pack.alert.id, pack=to))


def gather(
    folder: Path, alert: str, *, settings: Settings, amounts: Sequence[float], imagery: bool | None, allow_remote: bool
) -> Case:  # fmt: skip
    """All that the pack of an alert tells and shows."""
    run, parts = open_run(folder)
    found = assess_run(run, settings=settings)
    every = (*found.alerts, *cumulative_alerts(found.series, amounts=amounts))
    chosen = _chosen(every, alert, where=str(folder))
    series = _series_of(chosen, found.series)
    mixed = _settings(run, settings)
    scenes = {one.scene_id for one in series.observations}
    own = [c for c in run.counts if (c.site_id, c.zone) == (chosen.site_id, chosen.zone) and c.scene_id in scenes]
    case = Case(
        alert=replace(chosen, evidence_path=""), series=series, run=run, settings=mixed, settings_file=as_yaml(mixed),
        alerts=tuple(one for one in found.alerts if one.key == series.key), versions=versions(),
        counts=tuple(own), flow=flow_of(series, until=chosen.datetime) if chosen.kind == "cumulative" else None,
        imagery=run.index.imagery if imagery is None else imagery,
        site=next((s for s in run.sites if (s.id, s.zone) == (chosen.site_id, chosen.zone) and not s.excludes), None),
    )  # fmt: skip
    with closing(wiring.make_reader(Settings.model_validate(run.index.settings).allowing(settings.allow_hosts))) as reader:
        return sighted(case, parts, reader=reader, remote=allow_remote)


def _chosen(alerts: Sequence[Alert], asked: str, *, where: str) -> Alert:
    meant = [one for one in alerts if one.id == asked] or [one for one in alerts if asked and one.id.startswith(asked)]
    if len(meant) == 1:
        return meant[0]
    known = "`sattrack alert RUN --json` prints the ids; alerts of other settings need the same options here"
    if not alerts:
        raise NoSuchAlert(
            "the run has no alerts: no dated scene reaches a site", where=where, way_out="see sattrack series RUN"
        )
    if meant:
        raise NoSuchAlert(f"{asked!r} begins {len(meant)} ids", where=where, way_out=f"give more of it: {_listed(meant)}")
    close = difflib.get_close_matches(asked, [one.id for one in alerts], n=_NEAR, cutoff=0.4)
    grave = ("alert", "warning", "not_assessable", "normal")
    near = [one for one in alerts if one.id in close] or sorted(alerts, key=lambda one: grave.index(one.level))
    raise NoSuchAlert(f"no alert has the id {asked!r}", where=where, way_out=f"near ones: {_listed(near)}; {known}")


def _listed(alerts: Sequence[Alert]) -> str:
    said = [f"{one.id} ({one.level.replace('_', ' ')}, {one.site_id}, {one.datetime:%Y-%m-%d})" for one in alerts]
    return first_of(said, most=_NEAR)


def _series_of(alert: Alert, found: Sequence[Series]) -> Series:
    """The series that an alert's scene stands in."""
    return next(
        one for one in found if one.key == alert.key and any(seen.scene_id == alert.scene_id for seen in one.observations)
    )


def _settings(run: Run, asked: Settings) -> Settings:
    """The run's own settings, with those by which it was assessed now, so that one file repeats both."""
    said = {**run.index.settings, "threshold": run.index.threshold, **{name: getattr(asked, name) for name in _JUDGING}}
    own = Settings.model_validate(said)
    return own.model_copy(update={"min_observed": max(own.min_observed, asked.min_observed)})
