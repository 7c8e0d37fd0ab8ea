"""Sighting: the two scenes of an alert found again, laid on one ground as they were counted, and their boxes compared."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import shapely

from sattrack.changes import Exchange
from sattrack.changing import show
from sattrack.errors import SceneError
from sattrack.laying import pixels_on
from sattrack.ports import Reader
from sattrack.reopening import rule_of
from sattrack.reports.evidence_case import Case, Sight
from sattrack.reports.views import unlike
from sattrack.results import Part, scenes_of
from sattrack.steps.counting import Rule, boxes_of, own_site
from sattrack.steps.grounding import Frame, footprint
from sattrack.steps.lattices import Lattice, lattice_round
from sattrack.steps.picking import sure
from sattrack.timeline import Count, Site

_ROOM, _LEAST_ROOM_M = 0.06, 20.0
_MOST_PX, _FINER = 1600, 3
_NOT_SHOWN = "the pack was made without imagery"


def sighted(case: Case, parts: Mapping[str, Part], *, reader: Reader, remote: bool) -> Case:
    """The case with its two scenes, as far as they can still be shown, and what became of the boxes between them."""
    pair = _pair(case)
    chosen = {role: _parts_of(count, parts) for role, count in pair.items()}
    chosen = {role: own for role, own in chosen.items() if own}
    if not chosen:
        return case
    site = case.site or own_site(next(iter(chosen.values()))[0].scene)
    frame, lattice = _ground(site, list(chosen.values()))
    rule = rule_of(case.run.index, case.settings)
    exclusions = [one for one in case.run.sites if one.excludes]
    files = {p.scene.part: unlike(p, reader=reader, remote=remote) or "same" for own in chosen.values() for p in own}
    sights = {}
    for role, own in chosen.items():
        boxes = boxes_of(site, parts=own, frame=frame, exclusions=exclusions, rule=rule)
        bare = Sight(role, pair[role], tuple(own), boxes.where(sure(boxes, threshold=rule.threshold)))
        sights[role] = _with_pixels(bare, lattice, files, reader=reader, imagery=case.imagery)
    case = replace(case, lattice=lattice, before=sights.get("before"), after=sights.get("after"), files=files)
    told, apart = _exchange(case, site, rule=rule, reader=reader, exclusions=exclusions)
    return replace(case, exchange=told, apart=apart)


def _pair(case: Case) -> dict[str, Count]:
    """The alert's scene, and the last assessable one of its series before it, or where its period begins."""
    earlier = [one.scene_id for one in case.series.assessable if one.datetime < case.alert.datetime]
    if case.flow is not None and case.flow.movements:
        earlier = [case.flow.movements[0].earlier.scene_id]
    names = {"before": earlier[-1] if earlier else "", "after": case.alert.scene_id}
    by_scene = {count.scene_id: count for count in case.counts}
    return {role: by_scene[name] for role, name in names.items() if name in by_scene}


def _parts_of(count: Count, parts: Mapping[str, Part]) -> list[Part]:
    """The files of a scene that were counted together; of plain pictures, which have no common ground, the one that was."""
    names = [name for name, scene in scenes_of(parts).items() if scene.id == count.scene_id]
    group = sorted((parts[name] for name in names), key=lambda part: part.scene.part)
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
        pixels, valid = pixels_on(bare.parts, lattice, reader=reader)
    except SceneError as error:
        return replace(bare, missing=error.message)
    return replace(bare, pixels=pixels, valid=valid)


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
