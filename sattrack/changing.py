"""Changing: two scenes of a site laid on one ground, its boxes compared; for each pair of a run, or for two pictures."""

import itertools
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from sattrack import wiring
from sattrack.changes import Exchange, Offset, Total
from sattrack.count_rows import on_ground
from sattrack.detections import Detections
from sattrack.errors import SceneError, SceneRefused, UsageError
from sattrack.geometry import Points
from sattrack.laying import looks_on
from sattrack.pipeline import detect_scene, plan_work
from sattrack.planning import Request, describe_for, find_for
from sattrack.ports import Reader
from sattrack.reopening import open_run, rule_of
from sattrack.results import Part
from sattrack.settings import Settings
from sattrack.steps.comparing import Compared, compare
from sattrack.steps.counting import Rule, boxes_of, interval_of, own_site
from sattrack.steps.exchanging import candidates
from sattrack.steps.grounding import Frame, footprint, sample_points
from sattrack.steps.judging import capability
from sattrack.steps.lattices import Lattice, lattice_over
from sattrack.steps.observing import seen_at
from sattrack.steps.picking import sure
from sattrack.steps.registering import SEARCH_M, Look, offset_between
from sattrack.steps.sharing import MARGIN_M, Saw, comparable, seen_by_both
from sattrack.steps.tallying import LEVEL, change_of, totals_of
from sattrack.timeline import Count, Site

# Points of a site by which it is told whether any of its ground can be compared.
_FEW = 1_000
_NOTHING_SHARED = f"no ground of the site was seen in both scenes, with the {MARGIN_M:g} m round it that a box may take"
_TURNED = "by their times the first picture is the later one: what is told as arrived has left, and the other way round"

# Site, zone, and the ids of an earlier and a later scene.
Pair = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """An exchange with what it was seen on: looks (earlier, later) on a lattice, none where no pixel could be read.

    saw: what each scene saw of ground that is given on the lattice, metres, where it lies in the earlier one. outline: of the
    site, in the frame's metres; none where all that both scenes cover was compared.
    """

    exchange: Exchange
    lattice: Lattice
    looks: tuple[Look, Look] | None
    saw: tuple[Saw, Saw]
    outline: shapely.Geometry | None


def changes_of_run(
    folder: Path, *, site: str | None = None, search_m: float = SEARCH_M, wanted: Collection[Pair] | None = None
) -> Iterator[Shown]:
    """Each site's and zone's consecutive assessable scenes, in order of site, zone and time, as the run was last counted.

    wanted: these pairs of scenes instead, such as the neighbours by one sensor. UsageError where a site is not known, or
    nowhere two scenes of one site can be compared.
    """
    run, parts = open_run(folder)
    settings = Settings.model_validate(run.index.settings)
    rule = rule_of(run.index, settings)
    places = {(one.id, one.zone): one for one in run.sites if not one.excludes}
    if site is not None and site not in {name for name, _ in places}:
        raise UsageError(
            f"the run knows no site {site!r}", where=str(folder), way_out=f"one of {', '.join(sorted({n for n, _ in places}))}"
        )
    pairs = [pair for pair in _pairs(run.counts, wanted) if site is None or pair[0].site_id == site]
    if not pairs:
        raise UsageError(
            "no site has two dated scenes that could be counted", where=str(folder),
            way_out="count the run with outlines (sattrack count RUN --sites FILE), or compare two pictures: "
            "sattrack changes A.png B.png --gsd-m M",
        )  # fmt: skip
    exclusions = [one for one in run.sites if one.excludes]

    def files(count: Count) -> list[Part]:
        return [parts[name] for name in on_ground(parts, count.scene_id)]

    with closing(wiring.make_reader(settings)) as reader:
        for first, second in pairs:
            place = places[first.site_id, first.zone]
            yield show(
                place, (files(first), files(second)), rule=rule, reader=reader, search_m=search_m, exclusions=exclusions,
            )  # fmt: skip


def _pairs(counts: Sequence[Count], wanted: Collection[Pair] | None) -> Iterator[tuple[Count, Count]]:
    if wanted is None:
        yield from _consecutive(counts)
        return
    at = {(count.site_id, count.zone, count.scene_id): count for count in counts}
    for site, zone, *scenes in wanted:
        first, second = (at.get((site, zone, scene)) for scene in scenes)
        if first is not None and second is not None:
            yield first, second


def _consecutive(counts: Sequence[Count]) -> Iterator[tuple[Count, Count]]:
    """Of each site and zone the neighbours in time among those that were counted."""
    series: dict[tuple[str, str], list[Count]] = {}
    for count in counts:
        if count.status == "done" and count.count is not None and count.datetime is not None:
            series.setdefault((count.site_id, count.zone), []).append(count)
    for own in series.values():
        ordered = sorted(own, key=lambda count: (str(count.datetime), count.scene_id))
        yield from itertools.pairwise(ordered)


def changes_of_pictures(request: Request, *, search_m: float = SEARCH_M) -> Shown:
    """The request's two inputs compared as one place, the first as the earlier; nothing is stored.

    Plain pictures are laid on each other by their top-left corners, scenes with a CRS by their coordinates. UsageError where
    they are not two, or only one has a CRS; SceneRefused where one is too coarse.
    """
    parts = _detected(request)
    threshold = parts[0].card.threshold if request.settings.threshold is None else request.settings.threshold
    rule = Rule(threshold, request.settings.min_observed, request.settings.merge_overlap)
    if len({part.scene.grid.georeferenced for part in parts}) > 1:
        raise UsageError(
            "one picture has coordinates and the other has none", where=", ".join(request.inputs),
            way_out="give both with coordinates, or both without",
        )  # fmt: skip
    with closing(wiring.make_reader(request.settings)) as reader:
        shown = show(own_site(parts[0].scene), ([parts[0]], [parts[1]]), rule=rule, reader=reader, search_m=search_m)
    first, second = (part.scene.acquired for part in parts)
    if first is None or second is None or first <= second:
        return shown
    return replace(shown, exchange=replace(shown.exchange, notes=(*shown.exchange.notes, _TURNED)))


def _detected(request: Request) -> tuple[Part, Part]:
    sources = [find_for(replace(request, inputs=(text,))) for text in request.inputs]
    if len(sources) != 2 or any(len(found) != 1 for found in sources):
        raise UsageError("changes takes one run, or two pictures", way_out="give RUN, or A.png B.png with --gsd-m")
    scenes = [describe_for(request, found[0]) for found in sources]
    for scene in scenes:
        if capability(scene.grid.gsd_m) != "count":
            raise SceneRefused(
                f"pixels of {max(scene.grid.gsd_m):.3g} m are too coarse for boxes", where=scene.location,
                way_out="counting takes pixels of 1.2 m or finer",
            )  # fmt: skip
    detector, card = wiring.load_model(request.model, settings=request.settings)
    executor = wiring.make_executor(request.settings)
    parts = []
    with closing(wiring.make_reader(request.settings)) as reader:
        for scene in scenes:
            work = plan_work(scene, sha256=reader.digest(scene), card=card, settings=request.settings)
            part, _ = detect_scene(
                work, reader=reader, detector=detector, card=card, settings=request.settings, executor=executor
            )
            parts.append(replace(part, scene=scene))
    return parts[0], parts[1]


def show(
    site: Site, scenes: tuple[Sequence[Part], Sequence[Part]], *, rule: Rule, reader: Reader, search_m: float = SEARCH_M,
    exclusions: Sequence[Site] = (), offset: Offset | None = None,
) -> Shown:  # fmt: skip
    """Two scenes of a site compared. offset: where it is known already, from more ground than this site's."""
    frame = Frame.over(site.outline) if site.outline else Frame.of_grid(scenes[0][0].scene.grid)
    outline = _outline(site, scenes, frame)
    lattice = lattice_over(outline, frame=frame, gsd_m=max(max(part.scene.grid.gsd_m) for parts in scenes for part in parts))
    boxes = [boxes_of(site, parts=parts, frame=frame, exclusions=exclusions, rule=rule) for parts in scenes]
    flat = [Detections(lattice.flat(b.quads), b.scores, b.labels, b.cap_hit) for b in boxes]
    why, looks = "", None
    try:
        looks = looks_on(scenes, flat, lattice, reader=reader)
    except SceneError as error:
        why = f"the pictures cannot be read again: {error.message}"
    if offset is None:
        offset = (
            offset_between([looks], pixel_m=lattice.pixel_m, search_m=search_m) if looks else Offset(0, 0, False, 0, 0, why)
        )
    saw = _saw(scenes, lattice, offset)
    share = float(seen_by_both(lattice.flat(sample_points(outline)), saw=saw).mean())
    shared = _comparable(flat[0], flat[1].moved(offset=(-offset.x_m, -offset.y_m)), saw=saw)
    own = [d.where(s) for d, s in zip(flat, shared, strict=True)]
    reach = [sure(d, threshold=rule.threshold) for d in own]
    split = [(d.where(r), d.where(~r)) for d, r in zip(own, reach, strict=True)]
    few = lattice.flat(sample_points(outline, about=_FEW))
    assessable = any(map(np.any, shared)) or bool(comparable(few, saw=saw).any())
    if not assessable:
        told = Compared(None, None, why=_NOTHING_SHARED)
    elif looks is None:
        told = Compared(None, None, why=offset.why)
    else:
        counted = tuple(
            replace(look, quads=pair[0].quads / lattice.pixel_m, scores=pair[0].scores)
            for look, pair in zip(looks, split, strict=True)
        )
        looks = (counted[0], counted[1])
        told = compare(split[0], split[1], offset=offset, looks=looks)
    ground = tuple(Detections(lattice.ground(pair[0].quads), pair[0].scores, pair[0].labels, pair[0].cap_hit) for pair in split)
    exchange = _exchange(site, scenes, told, split, ground, offset, share=share, assessable=assessable, rule=rule)
    return Shown(exchange, lattice, looks, saw, outline if site.outline else None)


def _exchange(
    site: Site, scenes: tuple[Sequence[Part], Sequence[Part]], told: Compared, split: list[tuple[Detections, Detections]],
    ground: tuple[Detections, ...], offset: Offset, *, share: float, assessable: bool, rule: Rule,
) -> Exchange:  # fmt: skip
    first, second = scenes[0][0], scenes[1][0]
    counts = (len(ground[0]), len(ground[1]))
    gsds = [max(part.scene.grid.gsd_m) for part in (first, second)]
    intervals = [
        interval_of(Detections.joined(list(pair)), threshold=rule.threshold, card=part.card, gsd_m=gsd)
        for pair, part, gsd in zip(split, (first, second), gsds, strict=True)
    ]
    both = (intervals[0], intervals[1])
    kept = arrived = left = Total(None)
    found = told.states
    by = "nothing" if not assessable else "counts" if found is None else "boxes"
    if found is not None:
        kept, arrived, left = totals_of(found, counts, both)
    # Pixels differ by a fifth at most.
    alike = first.card.id == second.card.id and max(gsds) <= 1.2 * min(gsds)
    # Of ground that was not seen no number is told, not even nought.
    change = change_of(counts, both, alike=alike) if assessable else Total(None)
    notes = list(told.notes)
    if both[0].low is None or both[1].low is None:
        notes.append("nothing was measured for these weights: the change has no interval")
    if first.card.id != second.card.id:
        notes.append("the scenes were read by different weights")
    return Exchange(
        site_id=site.id, site_name=site.name, zone=site.zone, earlier=first.scene.id, later=second.scene.id,
        earlier_time=first.scene.acquired, later_time=second.scene.acquired, by=by,
        why=told.why, offset=offset, lean=told.lean, before=ground[0], after=ground[1],
        pairs=np.zeros((0, 2), np.intp) if found is None else found.pairs,
        before_sure=ground[0].scores.astype(float) if found is None else found.before,
        after_sure=ground[1].scores.astype(float) if found is None else found.after,
        kept=kept, arrived=arrived, left=left, change=change, level=LEVEL, shared_fraction=share,
        threshold=rule.threshold, model_id=first.card.id, unlike=found.doubtful if found else 0, notes=tuple(notes),
        faint_before=np.flatnonzero(found.still_before if found else []),
        faint_after=np.flatnonzero(found.still_after if found else []),
    )  # fmt: skip


def _outline(site: Site, scenes: tuple[Sequence[Part], Sequence[Part]], frame: Frame) -> shapely.Geometry:
    """The site, or where it has no outline what both scenes cover. UsageError where they do not meet."""
    if site.outline is not None:
        return frame.polygon(site.outline)
    covers = [shapely.union_all([footprint(part.scene.grid, frame=frame) for part in parts]) for parts in scenes]
    both = covers[0] & covers[1]
    if both.is_empty or both.area == 0:
        raise UsageError(
            "the two pictures show no common ground", where=f"{scenes[0][0].scene.location}, {scenes[1][0].scene.location}",
            way_out="give two pictures of one place",
        )  # fmt: skip
    return both


def _saw(scenes: tuple[Sequence[Part], Sequence[Part]], lattice: Lattice, offset: Offset) -> tuple[Saw, Saw]:
    """What each scene saw of ground that is given where it lies in the earlier one."""

    def by(parts: Sequence[Part], move: tuple[float, float]) -> Saw:
        def saw(points: Points) -> NDArray[np.bool_]:
            ground = lattice.ground(points + np.array(move))
            shares = [seen_at(p.seen, lattice.frame.to_pixels(ground, grid=p.scene.grid)) for p in parts]
            return np.asarray(np.max(shares, axis=0) >= 0.5, bool)

        return saw

    return by(scenes[0], (0.0, 0.0)), by(scenes[1], (offset.x_m, offset.y_m))


def _comparable(earlier: Detections, later: Detections, *, saw: tuple[Saw, Saw]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which boxes of each scene, offset removed, can be compared; of two that may be one both or neither."""
    first, second = (comparable(d.centres(), saw=saw) for d in (earlier, later))
    # Found a little elsewhere, one of them may lie just within the margin.
    rows, others = candidates(earlier.quads, later.quads).T
    either = first[rows] | second[others]
    first[rows] = second[others] = either
    return first, second


__all__ = ["Lattice", "Shown", "changes_of_pictures", "changes_of_run", "show"]
