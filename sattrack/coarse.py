"""Coarse: scenes in which no box can be told, to the covered area of each site, or to its brightness and texture."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

import shapely

from sattrack import wiring
from sattrack.covering import Ground, ground_in, notice, notice_round, place, read_area, show, without
from sattrack.covers import CoarseScene, Cover, CoverCard, CoverPicture, Covers
from sattrack.errors import SattrackError, SceneRefused, UsageError
from sattrack.imagery import Scene, Stretch
from sattrack.planning import Request, describe_for, find_for
from sattrack.ports import AreaReader, Reader
from sattrack.readers.outlines.files import read_outlines
from sattrack.steps.counting import own_site
from sattrack.steps.covering import TIERS, area_of, boxes_of, said_of_area
from sattrack.steps.grounding import finds_back
from sattrack.steps.judging import capability, px_per_width
from sattrack.steps.noticing import Noticed, changes_between, said_of_change
from sattrack.steps.observing import nodata_notes
from sattrack.steps.stretching import measure_stretch
from sattrack.timeline import Site

# Files beside which a folder of covers would be taken for one of counts.
_RUN_FILE = "run.json"

# Given what makes a site's picture, so that none is made where none is wanted, and its row.
Shown = Callable[[Callable[[], CoverPicture], Cover], None]


# By site, zone, sensor and kind of pixels what was last noticed there: only scenes of one kind are held against each other.
_Last = dict[tuple[object, ...], tuple[dt.datetime, Noticed]]


@dataclass(frozen=True, slots=True)
class _Work:
    """What scenes are read with. load: gives the network, which is made when it is first asked for."""

    reader: Reader
    card: CoverCard
    min_observed: float
    exclusions: Sequence[Site]
    shown: Shown
    load: Callable[[], AreaReader]


def cover(
    request: Request,
    *,
    weights: str = "",
    versions: Mapping[str, str],
    shown: Shown = lambda _picture, _row: None,
) -> Covers:
    """Reads every scene of a request that is too coarse for boxes. weights: a file; the shipped reader where empty.

    shown: given each site's picture, to be made, with its row, as it was read. A scene that fails or is refused costs itself.
    UsageError where there is nothing to read, or the folder to write holds a run of counts.
    """
    if (request.out / _RUN_FILE).exists():
        raise UsageError(
            "holds a run of counts: covered areas are kept apart from counts",
            where=str(request.out),
            way_out="choose another -o",
        )
    card, load = wiring.make_area_reader(weights)
    sites, notes = read_outlines(request.sites) if request.sites else ((), ())
    places, exclusions = [s for s in sites if not s.excludes], [s for s in sites if s.excludes]
    with closing(wiring.make_reader(request.settings)) as reader:
        scenes = [*_described(request, reader=reader)]
        work = _Work(reader, card, request.settings.min_observed, exclusions, shown, _once(load))
        rows: list[Cover] = []
        ended: list[CoarseScene] = []
        noticed: _Last = {}
        for group in _acquisitions(scenes):
            found, outcomes = _read_scene(group, places=places, work=work, noticed=noticed)
            rows += found
            ended += outcomes
    return Covers(
        tuple(rows), tuple(ended), card, request.settings.model_dump(mode="json"), dict(versions), request.command,
        request.sites.name if request.sites else "", tuple(notes),
    )  # fmt: skip


def _once(load: Callable[[], AreaReader]) -> Callable[[], AreaReader]:
    """Compiles the network when the first scene needs it, and never again."""
    held: list[AreaReader] = []

    def loaded() -> AreaReader:
        if not held:
            held.append(load())
        return held[0]

    return loaded


def _described(request: Request, *, reader: Reader) -> Iterator[CoarseScene]:
    """Every file with what it is, or why it is not read."""
    known: dict[str, str] = {}
    for source in find_for(request):
        scene: Scene | None = None
        able = "unknown"
        if source.aside:
            yield CoarseScene(source.scene_id, source.part, source.path, "skipped", source.aside)
            continue
        try:
            scene = describe_for(request, source)
            able = capability(scene.grid.gsd_m)
            _refuse(scene, able)
            sha256 = reader.digest(scene)
        except SattrackError as error:
            status = "refused" if isinstance(error, SceneRefused) else "failed"
            yield CoarseScene(source.scene_id, source.part, source.path, status, str(error), able, scene=scene)
            continue
        twin = known.setdefault(sha256, source.part)
        if twin != source.part:
            reason = f"the same content as {twin}"
            yield CoarseScene(scene.id, scene.part, scene.location, "skipped", reason, able, sha256, scene)
        else:
            yield CoarseScene(scene.id, scene.part, scene.location, "done", "", able, sha256, scene)


def _refuse(scene: Scene, able: str) -> None:
    """Refuses what is fine enough for counting, what is too coarse for anything, and what is torn."""
    px, gsd = px_per_width(scene.grid.gsd_m), max(scene.grid.gsd_m)
    if able == "count":
        raise SceneRefused(
            f"pixels of {gsd:.3g} m leave {px:.2g} px across a container: boxes can be counted", where=scene.location,
            way_out="count them: sattrack detect",
        )  # fmt: skip
    if able == "refuse":
        raise SceneRefused(
            f"pixels of {gsd:.3g} m leave {px:.2g} px across a container: nothing of containers can be told",
            where=scene.location,
            way_out="covered area takes pixels of 4.9 m or finer, change of brightness 12.2 m; check the size if you gave it",
        )  # fmt: skip
    if scene.grid.georeferenced and not finds_back(scene.grid):
        raise SceneRefused(
            "the scene lies across the edge of its own map projection", where=scene.location,
            way_out="warp it to the UTM zone of the place",
        )  # fmt: skip


def _acquisitions(scenes: Sequence[CoarseScene]) -> Iterator[list[CoarseScene]]:
    """The files of each acquisition together, those without a time last, so that changes are told in order of time."""
    groups: dict[str, list[CoarseScene]] = {}
    for one in scenes:
        groups.setdefault(one.scene_id, []).append(one)

    def order(group: list[CoarseScene]) -> tuple[bool, str, str]:
        when = next((one.scene.acquired for one in group if one.scene and one.scene.acquired), None)
        return when is None, when.isoformat() if when else "", group[0].scene_id

    yield from sorted(groups.values(), key=order)


def _read_scene(
    group: Sequence[CoarseScene], *, places: Sequence[Site], work: _Work, noticed: _Last
) -> tuple[list[Cover], list[CoarseScene]]:
    """The rows of one acquisition, and what became of its files. A file that cannot be read takes its scene with it."""
    good = [one for one in group if one.status == "done" and one.scene]
    bad = [one for one in group if one.status in ("failed", "refused")]
    others = [one for one in group if one not in good]
    first = next((one.scene for one in [*good, *bad] if one.scene), None)
    sites = places or ([own_site(first)] if first else [])
    if bad or not good:
        rows = [_not_read(site, bad[0]) for site in sites] if bad else []
        reason = "another file of this scene was not read"
        return rows, [*(replace(one, status=bad[0].status, reason=reason) for one in good if bad), *others]
    scenes = [one.scene for one in good if one.scene]
    ended = good
    try:
        stretches = [measure_stretch(*work.reader.sample(scene), size_m=scene.grid.size_m) for scene in scenes]
        rows = [_row(site, scenes, stretches, work=work, noticed=noticed) for site in sites]
        ended = [replace(one, stretch=stretch) for one, stretch in zip(good, stretches, strict=True)]
    except SattrackError as error:
        failed = [replace(one, status="failed", reason=str(error)) for one in good]
        return [_not_read(site, failed[0]) for site in sites], [*failed, *others]
    return rows, [*ended, *others]


def _row(site: Site, scenes: Sequence[Scene], stretches: Sequence[Stretch], *, work: _Work, noticed: _Last) -> Cover:
    """One site in one scene."""
    blank = _blank(site, scenes[0], card=work.card)
    frame, outline = place(site, grids=[scene.grid for scene in scenes])
    wanted = without(outline, work.exclusions, frame=frame)
    grounds: list[tuple[Ground, Scene, Stretch]] = []
    left = wanted
    for scene, stretch in zip(scenes, stretches, strict=True):
        # Each file is asked only for what no earlier one covers.
        if ground := ground_in(left, grid=scene.grid, frame=frame):
            grounds.append((ground, scene, stretch))
            left = left.difference(ground.metres)
    if not grounds:
        plain = "" if scenes[0].grid.georeferenced else ": it has no coordinates, so no outline can be laid on it"
        return replace(blank, status="outside", notes=(f"the scene does not touch the site{plain}",))
    notes = _notes(scenes, grounds, wanted_m2=float(wanted.area), reader=work.reader)
    blank = replace(blank, site_m2=float(wanted.area), notes=notes)
    if blank.capability == "area":
        return _area_row(site, blank, grounds, work=work)
    return _presence_row(site, blank, grounds, outline=wanted, work=work, noticed=noticed)


def _area_row(site: Site, blank: Cover, grounds: Sequence[tuple[Ground, Scene, Stretch]], *, work: _Work) -> Cover:
    network = work.load()
    reads = [
        read_area(ground, scene=scene, stretch=stretch, reader=work.reader, network=network)
        for ground, scene, stretch in grounds
    ]
    seen, covered = sum(read.seen_m2 for read in reads), sum(read.covered_m2 for read in reads)
    row = _area_told(blank, seen=seen, covered=covered, gray=len(grounds[0][1].bands) == 1, work=work)
    for (ground, scene, stretch), read in zip(grounds, reads, strict=True):
        work.shown(partial(show, site, ground, read, scene=scene, stretch=stretch, reader=work.reader), row)
    return row


def _area_told(blank: Cover, *, seen: float, covered: float, gray: bool, work: _Work) -> Cover:
    observed = min(1.0, seen / blank.site_m2) if blank.site_m2 else 0.0
    judged = _observed(blank, observed, least=work.min_observed)
    if seen <= 0:
        return judged
    area = area_of(covered, seen_m2=seen, gsd_m=blank.gsd_m, gray=gray, card=work.card)
    boxes = boxes_of(area, footprint_m2=work.card.footprint_m2)
    return replace(
        judged, area=area, boxes=boxes, tiers=TIERS, footprint_m2=work.card.footprint_m2, said=said_of_area(area, boxes=boxes)
    )


def _presence_row(
    site: Site, blank: Cover, grounds: Sequence[tuple[Ground, Scene, Stretch]], *, outline: shapely.Geometry, work: _Work,
    noticed: _Last,
) -> Cover:  # fmt: skip
    """Brightness and texture from the file that covers most of the site."""
    ground, scene, stretch = max(grounds, key=lambda one: one[0].metres.area)
    row = _presence_told(site, blank, ground, scene, outline=outline, work=work, noticed=noticed)
    work.shown(partial(show, site, ground, scene=scene, stretch=stretch, reader=work.reader), row)
    return row


def _presence_told(
    site: Site, blank: Cover, ground: Ground, scene: Scene, *, outline: shapely.Geometry, work: _Work, noticed: _Last
) -> Cover:
    share, at = notice(ground, scene=scene, reader=work.reader)
    observed = share * ground.metres.area / blank.site_m2 if blank.site_m2 else 0.0
    judged = _observed(blank, min(1.0, observed), least=work.min_observed)
    if at is None:
        return replace(judged, status="not_assessable", notes=(*judged.notes, "too few pixels of the site were seen"))
    row = replace(judged, brightness=at[0], texture=at[1])
    first = (
        f"Brightness {at[0]:.4g}, texture {at[1]:.3g} in the file's own units; no box and no area is claimed of such pixels."
    )
    if site.outline is None or row.status != "done" or row.datetime is None:
        return replace(row, said=first)
    round_it = notice_round(outline, frame=ground.frame, scenes=[scene], reader=work.reader)
    now = Noticed(scene.id, at[0], at[1], round_it)
    key = (site.id, site.zone, scene.sensor, len(scene.bands), scene.dtype, round(max(scene.grid.gsd_m), 1))
    last = noticed.get(key)
    if last is not None and last[0] >= row.datetime:
        # Bands of one acquisition that came as files of their own: no time lies between them.
        return replace(row, said=f"{first} It is of the same time as {last[1].scene_id}: there is no change to tell.")
    noticed[key] = row.datetime, now
    if last is None:
        return replace(row, said=f"{first} It is the first scene of this kind: there is no change to tell.")
    brightness, texture = changes_between(last[1], now)
    unnamed = () if scene.sensor else ("the sensor is not named: scenes of like pixels are held against each other",)
    said = f"{first} {said_of_change(brightness, texture)}"
    return replace(row, brightness_change=brightness, texture_change=texture, said=said, notes=(*row.notes, *unnamed))


def _observed(row: Cover, observed: float, *, least: float) -> Cover:
    """The row with the share that was seen, and whether that is enough."""
    seen = replace(row, observed_fraction=round(observed, 4), status="done")
    if observed <= 0:
        return replace(seen, status="not_assessable", notes=(*row.notes, "nothing of the site was seen"))
    if observed < least:
        short = f"only {observed:.0%} of the site was seen; {least:.0%} is asked for"
        return replace(seen, status="not_assessable", notes=(*row.notes, short))
    return seen


def _notes(
    scenes: Sequence[Scene], grounds: Sequence[tuple[Ground, Scene, Stretch]], *, wanted_m2: float, reader: Reader
) -> tuple[str, ...]:
    notes = [note for scene in scenes for note in scene.notes]
    notes += [note for scene in scenes for note in nodata_notes(reader.undeclared_nodata(scene))]
    covered = sum(ground.metres.area for ground, _, _ in grounds)
    if covered < 0.9995 * wanted_m2:
        notes.append(f"the scene covers {covered / wanted_m2:.0%} of the site")
    if not all(scene.cloud_checked for scene in scenes):
        notes.append("no cloud mask: clouds were not looked for, and cloud counts as seen ground")
    return tuple(dict.fromkeys(notes))


def _blank(site: Site, scene: Scene, *, card: CoverCard) -> Cover:
    able = capability(scene.grid.gsd_m)
    return Cover(
        site_id=site.id, site_name=site.name, zone=site.zone, scene_id=scene.id, datetime=scene.acquired,
        datetime_source=scene.acquired_source, sensor=scene.sensor, status="done", capability=able, observed_fraction=0.0,
        cloud_checked=scene.cloud_checked, gsd_m=round(max(scene.grid.gsd_m), 4),
        px_per_width=round(px_per_width(scene.grid.gsd_m), 3), model_id=card.id if able == "area" else "",
    )  # fmt: skip


def _not_read(site: Site, ended: CoarseScene) -> Cover:
    scene = ended.scene
    return Cover(
        site_id=site.id, site_name=site.name, zone=site.zone, scene_id=ended.scene_id,
        datetime=scene.acquired if scene else None, datetime_source=scene.acquired_source if scene else "unknown",
        sensor=scene.sensor if scene else "", status=ended.status, capability=ended.capability, observed_fraction=0.0,
        cloud_checked=False, gsd_m=round(max(scene.grid.gsd_m), 4) if scene else float("nan"),
        px_per_width=round(px_per_width(scene.grid.gsd_m), 3) if scene else float("nan"), notes=(ended.reason,),
    )  # fmt: skip
