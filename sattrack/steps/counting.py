"""Counting: visible boxes of a site in a scene, with what could not be seen and how sure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import shapely

from sattrack.detections import Detections
from sattrack.geometry import Points, sides
from sattrack.imagery import Scene, Window
from sattrack.results import ModelCard, Part, SceneOutcome
from sattrack.steps.bending import bent
from sattrack.steps.doubting import LIKE_CARS, like_cars
from sattrack.steps.estimating import FAINT_FROM, LEVEL, NO_SURE_BOX, NOT_MEASURED, Interval, crowding, interval_for
from sattrack.steps.grounding import (
    Frame,
    covered,
    far_apart,
    footprint,
    laid,
    laid_without,
    sample_points,
    sampled,
    without,
)
from sattrack.steps.judging import capability, capability_warning, px_per_width
from sattrack.steps.observing import percent, seen_at, too_little
from sattrack.steps.picking import Mask, eligible_once, sure, touches, within
from sattrack.steps.sizing import length_classes, teu
from sattrack.timeline import Count, Site

# A box so long lies wholly in one of two files that overlap by as much.
_JOINT_M = 16.0
LEFT_OUT = "lies under outlines of kind `exclude`"
# Fewer points of a site in a scene say little of how much of it the scene shows.
_FEW_SAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Rule:
    """How to count: boxes from `threshold`; a count stands from `min_observed` of the site; files merge at `merge_overlap`."""

    threshold: float
    min_observed: float
    merge_overlap: float


def count_site(
    site: Site, *, parts: Sequence[Part], exclusions: Sequence[Site] = (), rule: Rule, missing: Sequence[SceneOutcome] = (),
    candidates: Sequence[Mask] | None = None,
) -> Count:  # fmt: skip
    """One site (or zone) in one scene; `parts` are the files of one acquisition, `missing` those of it that failed
    or were not looked at. candidates: what `eligible_once` says of the parts, for who counts many sites in them.

    Boxes belong to the site that holds their centre. observed_fraction is the share of the site's area that the detector saw in
    any file. Nothing is extrapolated to what was not seen, and where nothing was seen, or all is to be left out, there is no
    number.
    """
    first = parts[0]
    frame, outline = _place(site, parts, missing)
    if site.outline is not None and all(far_apart(part.scene.grid, outline, frame=frame) for part in parts):
        return _off(site, first, rule, missing)
    inside, observed = _observed(site, parts, missing, outline=outline, frame=frame)
    notes = [note for part in parts for note in (*part.scene.notes, *part.notes)]
    notes += _not_counted(missing)
    if not inside:
        return _off(site, first, rule, missing)
    if inside < 1:
        notes.append(f"the scene covers {percent(inside)} of the site")
    left = laid_without(site, tuple(exclusions)) if site.outline else without(outline, exclusions, frame=frame)
    if left.area < outline.area:
        notes.append(f"{percent(1 - left.area / outline.area)} of the site {LEFT_OUT}: no box is counted there")
    if observed == 0:
        notes.append("nothing of the site was seen")
    if observed == 0 or not left.area:
        return _without_number(site, first, rule, status="not_assessable", observed=0.0, notes=tuple(dict.fromkeys(notes)))
    if warning := capability_warning(first.scene.grid.gsd_m):
        notes.append(warning)
    if _abuts(parts, outline, frame):
        notes.append("files of this scene meet without an overlap: boxes cut by the joint may count twice, or not at all")
    own = boxes_of(site, parts=parts, frame=frame, exclusions=exclusions, rule=rule, candidates=candidates)
    counted = own.where(sure(own, threshold=rule.threshold))
    short = _too_little(site, observed, rule, missing)
    if short:
        notes.append(short)
    if own.cap_hit:
        notes.append("a tile returned as many boxes as it may: the count is a lower bound")
    area_ha = left.area / 1e4 * observed
    gsd = max(first.scene.grid.gsd_m)
    interval = interval_of(own, threshold=rule.threshold, card=first.card, gsd_m=gsd)
    if first.card.measured and rule.threshold != first.card.threshold:
        at = first.card.threshold
        notes.append(f"boxes are counted from {rule.threshold:g}; the interval is by those from {at:g}, where it was measured")
    if interval.doubted:
        notes.append(NO_SURE_BOX)
    if interval.cars:
        notes.append(f"{interval.cars} of the boxes {LIKE_CARS}")
    return _with_number(
        site, parts, rule, counted, interval, observed=observed, area_ha=area_ha, status="not_assessable" if short else "done",
        notes=tuple(dict.fromkeys(notes)),
    )  # fmt: skip


def boxes_of(
    site: Site, *, parts: Sequence[Part], frame: Frame, exclusions: Sequence[Site] = (), rule: Rule,
    candidates: Sequence[Mask] | None = None,
) -> Detections:  # fmt: skip
    """The boxes that count_site counts and those that are too faint for it, in the metres of a frame of the site's choosing.

    Without an outline the site is all that the parts cover. A box that the frame does not reach is left out.
    """
    if candidates is None:
        candidates = eligible_once(parts, exclusions=exclusions, overlap=rule.merge_overlap)
    own = [part.detections.where(candidate & within(part, site)) for part, candidate in zip(parts, candidates, strict=True)]
    moved = [replace(d, quads=frame.quads(d.quads, grid=p.scene.grid)) for d, p in zip(own, parts, strict=True)]
    joined = Detections.joined(moved)
    return joined.where(np.asarray(np.isfinite(joined.quads).all(axis=(1, 2)), bool))


def interval_of(boxes: Detections, *, threshold: float, card: ModelCard, gsd_m: float) -> Interval:
    """The interval for the number of visible boxes; of all stored ones, in metres, those from `threshold` are counted.

    What was measured of the weights holds at the card's own threshold. Where boxes are counted from another, the interval is
    still that of the boxes from the card's: it is of what stands there, and not of what is called sure. It is widened to hold
    the count, and its method says so. Boxes that measure like cars (see like_cars) may be none: its low end does without them.
    """
    counted = boxes.where(sure(boxes, threshold=threshold))
    as_measured = boxes.where(sure(boxes, threshold=card.threshold)) if card.measured else counted
    faint = int((boxes.scores >= FAINT_FROM).sum()) - len(as_measured)
    found = interval_for(
        len(as_measured), card=card, gsd_m=gsd_m, density=crowding(as_measured.centres()), faint=max(faint, 0),
        surest=float(as_measured.scores.max(initial=0.0)),
    )  # fmt: skip
    cars = int(like_cars(sides(counted.quads)[0], middles_m=counted.centres()).sum())
    if found.low is None or found.high is None:
        return replace(found, cars=cars)
    method = found.method
    if threshold != card.threshold:
        method += f", by boxes from {card.threshold:g}, where it was measured"
    if cars:
        method += ", and from fewer on: some measure like cars"
    low = max(0.0, min(found.low, len(counted)) - cars)
    return Interval(low, max(found.high, len(counted)), method, found.doubted and len(counted) > 0, cars)


def count_refused(site: Site, *, outcome: SceneOutcome, card: ModelCard, rule: Rule) -> Count:
    """The row of a scene that was refused or failed: no number, the reason in the notes."""
    scene = outcome.scene
    gsd = scene.grid.gsd_m if scene else (float("nan"), float("nan"))
    return Count(
        site_id=site.id, site_name=site.name, zone=site.zone, scene_id=outcome.scene_id,
        datetime=scene.acquired if scene else outcome.acquired,
        datetime_source=scene.acquired_source if scene else outcome.acquired_source,
        sensor=scene.sensor if scene else "", count=None, count_low=None, count_high=None, interval_level=LEVEL,
        interval_method="none: not counted", n_checked=0, observed_fraction=0.0, cloud_checked=False, status=outcome.status,
        count_per_observed_area=None, n_20ft=None, n_40ft=None, n_45ft=None, teu=None, threshold=rule.threshold, cap_hit=False,
        gsd_m=max(gsd), px_per_width=px_per_width(gsd) if scene else float("nan"),
        capability=capability(gsd) if scene else "unknown", model_id=card.id, notes=(outcome.reason,),
    )  # fmt: skip


def own_site(scene: Scene, *, alone: bool = True) -> Site:
    """Without outlines each scene is its own site, named after itself; of several plain pictures each is, since they share no
    ground. alone: the only file of its scene.
    """
    name = scene.id if alone or scene.grid.georeferenced else scene.part
    return Site(id=name, name=name, outline=None, pixel_scene=scene.id)


def _place(site: Site, parts: Sequence[Part], missing: Sequence[SceneOutcome]) -> tuple[Frame, shapely.Geometry]:
    """The frame to count in, and the site's outline in it."""
    if site.outline is None:
        own = parts[0].scene.grid
        frame = Frame.of_grid(own)
        gone = [outcome.scene.grid for outcome in missing if outcome.scene and outcome.scene.grid.georeferenced]
        grids = [*(part.scene.grid for part in parts), *(gone if own.georeferenced else ())]
        return frame, shapely.union_all([footprint(grid, frame=frame) for grid in grids])
    if not parts[0].scene.grid.georeferenced:
        return Frame.of_pixels(), shapely.box(-2, -2, -1, -1)  # an outline on the ground and a picture without one never meet
    return laid(site)


def _observed(
    site: Site, parts: Sequence[Part], missing: Sequence[SceneOutcome], *, outline: shapely.Geometry, frame: Frame
) -> tuple[float, float]:
    """The shares of a site that any file covers, and that any file shows, 0 to 1."""
    if site.outline is None and len(parts) == 1 and not missing:
        return 1.0, float(parts[0].seen.share.mean()) / 255  # its cells are all of one size
    points = sample_points(outline) if site.outline is None or frame.crs is None else sampled(site)
    inside, seen = _shares(points, parts, frame=frame)
    if inside == 1 or inside * len(points) >= _FEW_SAMPLES:
        return inside, seen
    # Of a site far larger than the scene hardly a point falls into it: more are laid on what they share.
    both = outline & shapely.union_all([footprint(part.scene.grid, frame=frame) for part in parts])
    if not both.area:
        return inside, seen
    inside, seen = _shares(sample_points(both), parts, frame=frame)
    part_of = both.area / outline.area
    return part_of * inside, part_of * seen


def _shares(points: Points, parts: Sequence[Part], *, frame: Frame) -> tuple[float, float]:
    """The shares of points in the frame's metres that any file covers, and that any file shows."""
    inside, seen = np.zeros(len(points), bool), np.zeros(len(points))
    for part in parts:
        pixels = bent(points, partial(frame.to_pixels, grid=part.scene.grid))
        inside |= Window.of_shape(part.scene.grid.shape).holds(pixels)
        seen = np.maximum(seen, seen_at(part.seen, pixels))
    return float(inside.mean()), float(seen.mean())


def _too_little(site: Site, observed: float, rule: Rule, missing: Sequence[SceneOutcome]) -> str:
    """Why a number does not stand; empty where it does."""
    if short := too_little(observed, least=rule.min_observed):
        return short
    if site.outline is None and any(gone.scene is None for gone in missing):
        return "how much of the scene was seen is not known: a file of it cannot even be placed"
    return ""


def _abuts(parts: Sequence[Part], outline: shapely.Geometry, frame: Frame) -> bool:
    """Whether two files meet in a site with less overlap than the longest box needs to lie wholly in one of them."""
    if len(parts) < 2:
        return False
    half = _JOINT_M / 2
    prints = [covered(part.scene, frame=frame) for part in parts if part.scene.grid.georeferenced]
    near = np.array([one for one in prints if one.distance(outline) <= half], object)
    wide, inner = shapely.buffer(near, half), shapely.buffer(near, -half)
    a, b = shapely.STRtree(wide).query(wide, predicate="intersects")
    apart = (a < b) & ~shapely.intersects(inner[a], inner[b])
    joints = shapely.intersection(wide[a[apart]], wide[b[apart]])
    return bool(shapely.intersects(joints, outline).any())


def _with_number(
    site: Site, parts: Sequence[Part], rule: Rule, counted: Detections, interval: Interval, *,
    observed: float, area_ha: float, status: str, notes: tuple[str, ...],
) -> Count:  # fmt: skip
    scene, card = parts[0].scene, parts[0].card
    classes = length_classes(sides(counted.quads)[0])
    n = len(counted)
    return Count(
        site_id=site.id, site_name=site.name, zone=site.zone, scene_id=scene.id, datetime=scene.acquired,
        datetime_source=scene.acquired_source, sensor=scene.sensor, count=n, count_low=interval.low, count_high=interval.high,
        interval_level=LEVEL, interval_method=interval.method, n_checked=0, observed_fraction=round(observed, 4),
        cloud_checked=all(p.scene.cloud_checked for p in parts), status=status,
        count_per_observed_area=round(n / area_ha, 4) if area_ha > 0 else None, n_20ft=classes.count("20ft"),
        n_40ft=classes.count("40ft"), n_45ft=classes.count("45ft"), teu=teu(classes), threshold=rule.threshold,
        cap_hit=counted.cap_hit, gsd_m=round(max(scene.grid.gsd_m), 4), px_per_width=round(px_per_width(scene.grid.gsd_m), 2),
        capability=capability(scene.grid.gsd_m), model_id=card.id, notes=notes,
    )  # fmt: skip


def _off(site: Site, part: Part, rule: Rule, missing: Sequence[SceneOutcome]) -> Count:
    """The row of a site that none of the files that were looked at touches: those that were not may well."""
    gone = [one for one in missing if one.scene is None or touches(site, scene=one.scene)]
    if not gone:
        return _without_number(site, part, rule, status="outside", observed=0.0, notes=("the scene does not touch the site",))
    status = next((one.status for one in gone if one.status != "skipped"), "not_assessable")
    return _without_number(site, part, rule, status=status, observed=0.0, notes=_not_counted(gone))


def _not_counted(missing: Sequence[SceneOutcome]) -> tuple[str, ...]:
    return tuple(f"the file {gone.part} of this scene was not counted: {gone.reason}" for gone in missing)


def _without_number(site: Site, part: Part, rule: Rule, *, status: str, observed: float, notes: tuple[str, ...]) -> Count:
    scene = part.scene
    return Count(
        site_id=site.id, site_name=site.name, zone=site.zone, scene_id=scene.id, datetime=scene.acquired,
        datetime_source=scene.acquired_source, sensor=scene.sensor, count=None, count_low=None, count_high=None,
        interval_level=LEVEL, interval_method=NOT_MEASURED if not part.card.measured else "none: not counted", n_checked=0,
        observed_fraction=observed, cloud_checked=scene.cloud_checked, status=status, count_per_observed_area=None, n_20ft=None,
        n_40ft=None, n_45ft=None, teu=None, threshold=rule.threshold, cap_hit=False, gsd_m=round(max(scene.grid.gsd_m), 4),
        px_per_width=round(px_per_width(scene.grid.gsd_m), 2), capability=capability(scene.grid.gsd_m), model_id=part.card.id,
        notes=notes,
    )  # fmt: skip
