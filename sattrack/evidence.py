"""Evidence: from an alert of a run to the pack that another analyst can check and repeat."""

import difflib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import shapely

from sattrack import wiring
from sattrack.assessing import assess_run
from sattrack.changes import Exchange
from sattrack.changing import show
from sattrack.errors import SceneError, UsageError
from sattrack.laying import look_on
from sattrack.ports import Reader
from sattrack.readers.settings_file import as_yaml
from sattrack.recounting import Run, open_run
from sattrack.reports.evidence import contents, mark_evidence
from sattrack.reports.evidence_case import Case, Sight
from sattrack.reports.evidence_zip import zipped
from sattrack.reports.views import unlike
from sattrack.results import Part
from sattrack.running import versions
from sattrack.settings import Settings
from sattrack.steps.counting import Rule, boxes_of, own_site
from sattrack.steps.grounding import Frame, footprint
from sattrack.steps.lattices import Lattice, lattice_round
from sattrack.stores.packs import note_pack
from sattrack.timeline import Alert, Count, Series, Site
from sattrack.writing import write_whole

_ROOM, _LEAST_ROOM_M = 0.06, 20.0
_MOST_PX, _FINER = 2000, 3
_NOT_SHOWN = "the pack was made without imagery"
_NEAR = 6
# How an alert is counted, and how it is judged: of a run's settings only the latter may be others when it is assessed.
_JUDGING = (
    "alarm_level", "warning_level", "false_discovery", "least_change", "guard_days", "baseline_days", "usual_spread",
)  # fmt: skip


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
    folder: Path, alert: str, *, settings: Settings, imagery: bool | None = None, allow_remote: bool = False
) -> Pack:  # fmt: skip
    """The evidence for one alert of a run. alert: its id, or the beginning of one that no other alert shares.

    settings: by which the run is assessed, as for `sattrack alert`. imagery: none: as the run was made. UsageError where no
    alert, or more than one, is meant; a scene that is gone or has changed costs its picture, and that is said.
    """
    case = gather(folder, alert, settings=settings, imagery=imagery, allow_remote=allow_remote)
    notes = [f"{one.role}: no picture, {one.missing}" for one in case.sights if one.missing]
    notes += [f"boxes were not told apart: {case.apart}"] if case.apart else []
    return Pack(case.alert, contents(case), tuple(notes))


def write_pack(pack: Pack, to: Path, *, run: Path) -> None:
    """Writes the pack, and its path into the run's alerts. StoreError where that cannot be."""
    to.parent.mkdir(parents=True, exist_ok=True)
    write_whole(to, pack.content)
    mark_evidence(run, pack.alert.id, path=note_pack(run, pack.alert.id, pack=to))


def gather(folder: Path, alert: str, *, settings: Settings, imagery: bool | None, allow_remote: bool) -> Case:
    """All that the pack of an alert tells and shows."""
    if not folder.is_dir():
        raise UsageError(
            "evidence is made of a run, whose boxes and scenes are known", where=str(folder),
            way_out="give the run folder that detect wrote; a CSV of counts has none",
        )  # fmt: skip
    run, parts = open_run(folder)
    found = assess_run(run, settings=settings)
    chosen = _chosen(found.alerts, alert, where=str(folder))
    series = _series_of(chosen, found.series)
    mixed = _settings(run, settings)
    scenes = {one.scene_id for one in series.observations}
    own = [c for c in run.counts if (c.site_id, c.zone) == (chosen.site_id, chosen.zone) and c.scene_id in scenes]
    case = Case(
        alert=replace(chosen, evidence_path=""), series=series, run=run, settings=mixed, settings_file=as_yaml(mixed),
        alerts=tuple(one for one in found.alerts if _about(one) == _about(series)), versions=versions(),
        counts=tuple(own), imagery=run.index.imagery if imagery is None else imagery,
        site=next((s for s in run.sites if (s.id, s.zone) == (chosen.site_id, chosen.zone) and not s.excludes), None),
    )  # fmt: skip
    with closing(wiring.make_reader(Settings.model_validate(run.index.settings))) as reader:
        return _seen(case, parts, reader=reader, remote=allow_remote)


def _chosen(alerts: Sequence[Alert], asked: str, *, where: str) -> Alert:
    meant = [one for one in alerts if one.id == asked] or [one for one in alerts if asked and one.id.startswith(asked)]
    if len(meant) == 1:
        return meant[0]
    known = "`sattrack alert RUN --json` prints the ids; alerts of other settings need the same options here"
    if not alerts:
        raise UsageError("the run has no alerts: no dated scene reaches a site", where=where, way_out="see sattrack series RUN")
    if meant:
        raise UsageError(f"{asked!r} begins {len(meant)} ids", where=where, way_out=f"give more of it: {_listed(meant)}")
    close = difflib.get_close_matches(asked, [one.id for one in alerts], n=_NEAR, cutoff=0.4)
    grave = ("alert", "warning", "not_assessable", "normal")
    near = [one for one in alerts if one.id in close] or sorted(alerts, key=lambda one: grave.index(one.level))
    raise UsageError(f"no alert has the id {asked!r}", where=where, way_out=f"near ones: {_listed(near)}; {known}")


def _listed(alerts: Sequence[Alert]) -> str:
    said = [f"{one.id} ({one.level.replace('_', ' ')}, {one.site_id}, {one.datetime:%Y-%m-%d})" for one in alerts[:_NEAR]]
    return ", ".join(said) + (f" and {len(alerts) - _NEAR} more" if len(alerts) > _NEAR else "")


def _series_of(alert: Alert, found: Sequence[Series]) -> Series:
    """The series that an alert's scene stands in."""
    return next(
        one
        for one in found
        if _about(one) == _about(alert) and any(seen.scene_id == alert.scene_id for seen in one.observations)
    )


def _about(one: Alert | Series) -> tuple[str, ...]:
    return one.site_id, one.zone, one.sensor, one.model_id


def _settings(run: Run, asked: Settings) -> Settings:
    """The run's own settings, with those by which it was assessed now, so that one file repeats both."""
    said = {**run.index.settings, "threshold": run.index.threshold, **{name: getattr(asked, name) for name in _JUDGING}}
    own = Settings.model_validate(said)
    return own.model_copy(update={"min_observed": max(own.min_observed, asked.min_observed)})


def _seen(case: Case, parts: dict[str, Part], *, reader: Reader, remote: bool) -> Case:
    """The case with its two scenes, as far as they can still be shown, and what became of the boxes between them."""
    pair = _pair(case)
    chosen = {role: _parts_of(count, parts) for role, count in pair.items()}
    chosen = {role: own for role, own in chosen.items() if own}
    if not chosen:
        return case
    site = case.site or own_site(next(iter(chosen.values()))[0].scene)
    frame, lattice = _ground(site, list(chosen.values()))
    index = case.run.index
    rule = Rule(index.threshold, case.settings.min_observed, case.settings.merge_overlap)
    exclusions = [one for one in case.run.sites if one.excludes]
    files = {p.scene.part: unlike(p, reader=reader, remote=remote) or "same" for own in chosen.values() for p in own}
    sights = {}
    for role, own in chosen.items():
        boxes = boxes_of(site, parts=own, frame=frame, exclusions=exclusions, rule=rule)
        bare = Sight(role, pair[role], tuple(own), boxes.where(boxes.scores >= rule.threshold))
        sights[role] = _with_pixels(bare, lattice, files, reader=reader, imagery=case.imagery)
    case = replace(case, lattice=lattice, before=sights.get("before"), after=sights.get("after"), files=files)
    told, apart = _exchange(case, site, rule=rule, reader=reader, exclusions=exclusions)
    return replace(case, exchange=told, apart=apart)


def _pair(case: Case) -> dict[str, Count]:
    """The alert's scene, and the last assessable one of its series before it."""
    earlier = [one.scene_id for one in case.series.assessable if one.datetime < case.alert.datetime]
    names = {"before": earlier[-1] if earlier else "", "after": case.alert.scene_id}
    by_scene = {count.scene_id: count for count in case.counts}
    return {role: by_scene[name] for role, name in names.items() if name in by_scene}


def _parts_of(count: Count, parts: dict[str, Part]) -> list[Part]:
    """The files of a scene that were counted together; of plain pictures, which have no common ground, the one that was."""
    group = sorted((part for part in parts.values() if part.scene.id == count.scene_id), key=lambda part: part.scene.part)
    plain = [part for part in group if count.site_id == part.scene.part]
    return [part for part in group if part.scene.grid.georeferenced] or plain or group[:1]


def _ground(site: Site, scenes: Sequence[Sequence[Part]]) -> tuple[Frame, Lattice]:
    """The ground that both pictures show: the whole site with a margin, north up, the finer scene's pixels enlarged."""
    frame = Frame.over(site.outline) if site.outline else Frame.of_grid(scenes[0][0].scene.grid)
    if site.outline:
        outline = frame.polygon(site.outline)
    else:
        outline = shapely.union_all([footprint(part.scene.grid, frame=frame) for own in scenes for part in own])
    finest = min(min(part.scene.grid.gsd_m) for own in scenes for part in own)
    room = (_ROOM, _LEAST_ROOM_M) if site.outline else (0.0, 0.0)
    lattice = lattice_round(
        outline, frame=frame, finest_m=finest / _FINER, most_px=_MOST_PX, room=room[0], least_room_m=room[1]
    )
    return frame, lattice


def _with_pixels(bare: Sight, lattice: Lattice, files: dict[str, str], *, reader: Reader, imagery: bool) -> Sight:
    """The sight with its pixels, or with why they are not shown."""
    if not imagery:
        return replace(bare, missing=_NOT_SHOWN)
    changed = [files[part.scene.part] for part in bare.parts if files[part.scene.part] != "same"]
    if changed:
        return replace(bare, missing=changed[0])
    try:
        look = look_on(bare.parts, bare.boxes.where(np.zeros(len(bare.boxes), bool)), lattice, reader=reader)
    except SceneError as error:
        return replace(bare, missing=error.message)
    return replace(bare, pixels=look.pixels, valid=look.valid)


def _exchange(
    case: Case, site: Site, *, rule: Rule, reader: Reader, exclusions: Sequence[Site]
) -> tuple[Exchange | None, str]:  # fmt: skip
    """What became of each box, where both scenes can be looked at again as they were counted."""
    if case.before is None or case.after is None:
        return None, "there is no earlier scene of the series to hold it against" if case.after else ""
    wrong = {part.scene.part: said for part in (*case.before.parts, *case.after.parts)
             if (said := case.files[part.scene.part]) != "same"}  # fmt: skip
    if wrong:
        return None, "; ".join(f"{name}: {why}" for name, why in wrong.items())
    scenes = (case.before.parts, case.after.parts)
    told = show(site, scenes, rule=rule, reader=reader, exclusions=exclusions).exchange
    return told, told.why
