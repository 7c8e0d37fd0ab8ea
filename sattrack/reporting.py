"""Reporting: what a run's page tells beyond its counts - alarms, flows, a chain, and scenes before and after an alarm."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely

from sattrack.assessing import assess_run
from sattrack.count_rows import on_ground
from sattrack.errors import SceneError, UsageError
from sattrack.findings import Findings, Pair, Side
from sattrack.flows import Chain
from sattrack.following import agreements_of, missing_places, not_passed
from sattrack.geometry import Points
from sattrack.laying import pixels_on
from sattrack.ports import Finished, Reader
from sattrack.reopening import rule_of
from sattrack.reports.views import unlike
from sattrack.results import Part
from sattrack.settings import Settings
from sattrack.steps.counting import Rule, boxes_of
from sattrack.steps.crossing import alerts_of
from sattrack.steps.flowing import flow_of
from sattrack.steps.grounding import Frame
from sattrack.steps.lattices import Lattice, lattice_round
from sattrack.steps.picking import sure
from sattrack.timeline import Alert, Observation, Series, Site

# Pairs of pictures on a page, and the pixels of their longer side.
MOST_PAIRS, _MOST_PX = 12, 960
# Ground round the outline, as a share of its longer side, and at least so many metres.
_ROOM, _LEAST_ROOM_M = 0.06, 12.0


def findings_of(run: Finished, *, amounts: Sequence[float] = (), chain: Chain | None = None) -> Findings:
    """What the run's counts tell by its own settings; a run without outlines has no site with a past, and so no findings.

    amounts: cumulative thresholds of what moved, in boxes. UsageError where no place of the chain is a site of the run.
    """
    if chain is not None and not {place.site_id for place in chain.places} & {site.id for site in run.sites}:
        raise UsageError(
            f"no place of the chain {chain.name!r} is a site of the run", where=str(run.folder),
            way_out=f"it names {', '.join(one.site_id for one in chain.places)}; the run has "
            f"{', '.join(sorted({one.id for one in run.sites})[:20]) or 'no outlines'}",
        )  # fmt: skip
    if not any(not site.excludes for site in run.sites):
        return Findings()
    found = assess_run(run, settings=Settings.model_validate(run.index.settings))
    flows = tuple(flow_of(one, amounts=amounts) for one in found.series)
    alerts = (*found.alerts, *(alert for one in flows for alert in alerts_of(one)))
    agreements = agreements_of(chain, flows) if chain else []
    notes = (*found.notes, *(missing_places(chain, flows) if chain else ()), *not_passed(flows, amounts))
    return Findings(found.series, alerts, flows, chain, tuple(agreements), notes)


def shown_alerts(alerts: Iterable[Alert], *, most: int = MOST_PAIRS) -> tuple[Alert, ...]:
    """The alerts that get a pair of pictures: the latest of each site in turn, one a site and scene."""
    own: dict[str, dict[str, Alert]] = {}
    raised = [one for one in alerts if one.level == "alert" and one.kind == "scene"]
    # A site's own alert stands before those of its zones in the same scene.
    for one in sorted(raised, key=lambda a: (a.zone != "", a.zone)):
        own.setdefault(one.site_id, {}).setdefault(one.scene_id, one)
    latest = [sorted(scenes.values(), key=lambda a: (a.datetime, a.scene_id), reverse=True) for scenes in own.values()]
    in_turn = itertools.chain.from_iterable(itertools.zip_longest(*latest))
    return tuple(itertools.islice((one for one in in_turn if one is not None), most))


def pairs_of(
    run: Finished, parts: Mapping[str, Part], findings: Findings, *, reader: Reader | None, remote: bool = False
) -> Iterator[Pair]:
    """A pair for each alert that is shown, made one after the other. Without a reader no pixel is read.

    A scene that is gone or has changed costs its pixels only, with the reason.
    """
    rule = rule_of(run.index, Settings.model_validate(run.index.settings))
    places = {(one.id, one.zone): one for one in run.sites if not one.excludes}
    exclusions = [one for one in run.sites if one.excludes]
    reasons: dict[str, str] = {}
    for alert in shown_alerts(findings.alerts):
        site, both = places.get((alert.site_id, alert.zone)), _observations(alert, findings.series)
        if site is None or site.outline is None or both is None:
            continue
        groups = [[parts[name] for name in on_ground(parts, one.scene_id)] for one in both]
        if not all(groups):
            continue
        lattice, rings = _frame_of(site.outline, groups)
        sides = []
        for one, group in zip(both, groups, strict=True):
            why = _missing(group, reasons, reader=reader, remote=remote)
            sides.append(
                _side(one, group, lattice, site, exclusions=exclusions, rule=rule, reader=None if why else reader, why=why)
            )
        yield Pair(alert, sides[0], sides[1], lattice.shape, lattice.pixel_m, rings)


def _observations(alert: Alert, found: Sequence[Series]) -> tuple[Observation, Observation] | None:
    """The last assessable scene before the alert's in the series that it was judged in, and the alert's own."""
    for series in found:
        if series.key != alert.key:
            continue
        for earlier, later in itertools.pairwise(series.assessable):
            if later.scene_id == alert.scene_id and later.datetime == alert.datetime:
                return earlier, later
    return None


def _frame_of(on_globe: dict[str, Any], groups: Sequence[Sequence[Part]]) -> tuple[Lattice, tuple[Points, ...]]:
    """North-up pixels over a site with some room, as fine as the finer scene where they are not too many; its rings in them."""
    frame = Frame.over(on_globe)
    outline = frame.polygon(on_globe)
    finest = min(min(part.scene.grid.gsd_m) for group in groups for part in group)
    lattice = lattice_round(outline, frame=frame, finest_m=finest, most_px=_MOST_PX, room=_ROOM, least_room_m=_LEAST_ROOM_M)
    rings = [ring for polygon in shapely.get_parts(outline) for ring in (polygon.exterior, *polygon.interiors)]
    return lattice, tuple(lattice.flat(shapely.get_coordinates(ring)) / lattice.pixel_m for ring in rings)


def _missing(group: Sequence[Part], reasons: dict[str, str], *, reader: Reader | None, remote: bool) -> str:
    """Why a scene cannot be shown; each file is asked once, since asking reads it whole."""
    if reader is None:
        return ""
    for part in group:
        if part.key not in reasons:
            reasons[part.key] = unlike(part, reader=reader, remote=remote)
    return next(filter(None, (reasons[part.key] for part in group)), "")


def _side(
    one: Observation, group: Sequence[Part], lattice: Lattice, site: Site, *, exclusions: Sequence[Site], rule: Rule,
    reader: Reader | None, why: str,
) -> Side:  # fmt: skip
    boxes = boxes_of(site, parts=group, frame=lattice.frame, exclusions=exclusions, rule=rule)
    counted = boxes.where(sure(boxes, threshold=rule.threshold))
    quads = np.asarray(lattice.flat(counted.quads) / lattice.pixel_m)
    scene = group[0].scene
    bare = Side(one, scene.sensor, scene.source, scene.licence, quads, missing=why)
    if reader is None:
        return bare
    try:
        pixels, valid = pixels_on(group, lattice, reader=reader)
    except SceneError as error:
        return replace(bare, missing=error.message)
    return replace(bare, pixels=pixels, valid=valid)
