"""Cover rows: a site in the files of one scene too coarse for boxes, as a row of what they show together."""

import datetime as dt
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import shapely

from sattrack.covering import Glimpse, Ground, Read, ground_in, notice, notice_round, place, read_area, show
from sattrack.covers import Cover, CoverCard, CoverPicture
from sattrack.imagery import Scene, Stretch
from sattrack.ports import AreaReader, Reader
from sattrack.steps.counting import LEFT_OUT, own_site
from sattrack.steps.covering import TIERS, area_of, boxes_of, said_of_area
from sattrack.steps.grounding import Frame, without
from sattrack.steps.judging import capability, px_per_width
from sattrack.steps.noticing import Noticed, Sums, changes_between, said_of_change
from sattrack.steps.observing import nodata_notes, percent, too_little
from sattrack.timeline import Site

# Given what makes a site's picture, so that none is made where none is wanted, and its row.
Shown = Callable[[Callable[[], CoverPicture], Cover], None]


# What was noticed, when and where.
Noted = tuple[dt.datetime, Noticed, shapely.Geometry]
# By site, zone and kind of pixels what was noticed there, the newest last, one of each ground: only scenes of one kind that
# show the same ground are held against each other.
Last = MutableMapping[tuple[object, ...], list[Noted]]

OFF_SITE = "the scene does not touch the site"

# How much of the ground two scenes must have both seen, of all that either saw, to be held against each other.
_SAME_GROUND = 0.9
_MOST_GROUNDS = 8

_Seen = TypeVar("_Seen", Read, Glimpse)


@dataclass(frozen=True, slots=True)
class File:
    """A file with what its pixels are. gray: its channels are all alike, whatever it is stored as. names: of its bands."""

    scene: Scene
    stretch: Stretch
    gray: bool
    names: tuple[str, ...]

    def kind(self, card: CoverCard) -> tuple[object, ...]:
        """What files must share to be read as one row: what of them is told, and by which of the card's figures."""
        scene = self.scene
        able, gsd = capability(scene.grid.gsd_m), max(scene.grid.gsd_m)
        if able == "area":
            return able, self.gray, next((i for i, b in enumerate(card.bands) if b["gsd_low"] <= gsd < b["gsd_high"]), None)
        return able, scene.sensor, scene.bands, self.names, scene.dtype, round(gsd, 1)


@dataclass(frozen=True, slots=True)
class Work:
    """What scenes are read with. load: gives the network, made when it is first asked for. names: of a scene's bands."""

    reader: Reader
    card: CoverCard
    min_observed: float
    exclusions: Sequence[Site]
    shown: Shown
    load: Callable[[], AreaReader]
    names: Callable[[Scene], tuple[str, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class _On:
    """A site as it is laid on a scene: all of it and what of it is wanted, in the frame's metres. parts: see Cover."""

    site: Site
    frame: Frame
    outline: shapely.Geometry
    wanted: shapely.Geometry
    parts: tuple[str, ...]


def laid_together(files: Sequence[File], *, known_places: bool) -> list[tuple[list[File], Site]]:
    """The files of one acquisition as they can be read together, each group with the site that it is for itself.

    As for counts: those with a CRS are one group. Plain pictures have no common ground: each is its own, and on outlines none
    lies.
    """
    ground = [file for file in files if file.scene.grid.georeferenced]
    plain = [file for file in files if not file.scene.grid.georeferenced]
    if known_places:
        return [(ground or plain[:1], own_site(files[0].scene))]
    together = [(ground, own_site(ground[0].scene))] if ground else []
    return together + [([one], own_site(one.scene, alone=len(files) == 1)) for one in plain]


def rows_of(site: Site, files: Sequence[File], *, work: Work, noticed: Last) -> list[Cover]:
    """One site in one scene: one row, or one for each kind of its files that shows it."""
    kinds: dict[tuple[object, ...], list[File]] = {}
    for file in files:
        kinds.setdefault(file.kind(work.card), []).append(file)
    rows = [_row(site, alike, whole=len(kinds) == 1, work=work, noticed=noticed) for alike in kinds.values()]
    touching = [row for row in rows if row.status != "outside"]
    return [row for row in touching if _is_told(row)] or touching[:1] or rows[:1]


def _row(site: Site, files: Sequence[File], *, whole: bool, work: Work, noticed: Last) -> Cover:
    """One site in the files of one kind of a scene. whole: these are all of them."""
    frame, outline = place(site, grids=[file.scene.grid for file in files])
    wanted = without(outline, work.exclusions, frame=frame)
    on = _On(site, frame, outline, wanted, tuple(file.scene.part for file in files) if not whole else ())
    if capability(files[0].scene.grid.gsd_m) == "area":
        return _area_row(on, files, work=work)
    return _presence_row(on, files, work=work, noticed=noticed)


def _in_turn(files: Sequence[File], *, on: _On, look: Callable[[Ground, File], _Seen]) -> list[tuple[Ground, File, _Seen]]:
    """What each file shows of a site: each is asked only for what no earlier one saw, whatever that covers."""
    found: list[tuple[Ground, File, _Seen]] = []
    left = on.wanted
    for file in files:
        grid = file.scene.grid
        ground = ground_in(left, grid=grid, frame=on.frame)
        # Slivers that are left by the last figures of corners are no ground.
        if ground is None or (found and ground.metres.area < grid.gsd_m[0] * grid.gsd_m[1]):
            continue
        seen = look(ground, file)
        found.append((ground, file, seen))
        left = left.difference(seen.seen)
    return found


def _unread(on: _On, files: Sequence[File], *, work: Work) -> Cover:
    """The row of a site of which no file shows what is wanted: all of it is to be left out, or none touches it."""
    scene = files[0].scene
    row = _blank(on.site, [scene], card=work.card)
    if not on.wanted.area and any(ground_in(on.outline, grid=file.scene.grid, frame=on.frame) for file in files):
        return replace(row, status="not_assessable", notes=(f"all of the site {LEFT_OUT}",))
    plain = "" if scene.grid.georeferenced else ": it has no coordinates, so no outline can be laid on it"
    return replace(row, status="outside", notes=(f"{OFF_SITE}{plain}",))


def _area_row(on: _On, files: Sequence[File], *, work: Work) -> Cover:
    def look(ground: Ground, file: File) -> Read:
        return read_area(ground, scene=file.scene, stretch=file.stretch, reader=work.reader, network=work.load())

    reads = _in_turn(files, on=on, look=look)
    if not reads:
        return _unread(on, files, work=work)
    seen, covered = sum(read.seen_m2 for _, _, read in reads), sum(read.covered_m2 for _, _, read in reads)
    blank = _reached(on, [(ground, file.scene) for ground, file, _ in reads], work=work)
    row = _area_told(blank, seen=seen, covered=covered, gray=files[0].gray, work=work)
    for ground, file, read in reads if _is_told(row) else ():
        picture = partial(show, on.site, ground, read, scene=file.scene, stretch=file.stretch, reader=work.reader)
        work.shown(picture, row)
    return row


def _area_told(blank: Cover, *, seen: float, covered: float, gray: bool, work: Work) -> Cover:
    observed = min(1.0, seen / blank.site_m2) if blank.site_m2 else 0.0
    judged = _observed(blank, observed, least=work.min_observed)
    if seen <= 0:
        return judged
    area = area_of(covered, seen_m2=seen, gsd_m=blank.gsd_m, gray=gray, card=work.card)
    boxes = boxes_of(area, footprint_m2=work.card.footprint_m2)
    return replace(
        judged, area=area, boxes=boxes, tiers=TIERS, footprint_m2=work.card.footprint_m2, said=said_of_area(area, boxes=boxes)
    )


def _presence_row(on: _On, files: Sequence[File], *, work: Work, noticed: Last) -> Cover:
    """Brightness and texture of what all files together show of a site; the picture is of the one that shows most of it."""

    def look(ground: Ground, file: File) -> Glimpse:
        return notice(ground, scene=file.scene, reader=work.reader)

    looks = _in_turn(files, on=on, look=look)
    if not looks:
        return _unread(on, files, work=work)
    row = _reached(on, [(ground, file.scene) for ground, file, _ in looks], work=work)
    seen_m2 = [glimpse.share * ground.metres.area for ground, _, glimpse in looks]
    observed = min(1.0, sum(seen_m2) / row.site_m2) if row.site_m2 else 0.0
    row = _observed(row, observed, least=work.min_observed)
    at = sum((glimpse.sums for _, _, glimpse in looks), start=Sums()).means
    if at is None:
        row = replace(row, status="not_assessable", notes=(*row.notes, "too few pixels of the site were seen"))
    else:
        seen = shapely.union_all([glimpse.seen for _, _, glimpse in looks])
        row = _changed(on, replace(row, brightness=at[0], texture=at[1]), files, seen=seen, work=work, noticed=noticed)
    ground, file, _ = looks[seen_m2.index(max(seen_m2))]
    if _is_told(row):
        work.shown(partial(show, on.site, ground, scene=file.scene, stretch=file.stretch, reader=work.reader), row)
    return row


def _changed(
    on: _On, row: Cover, files: Sequence[File], *, seen: shapely.Geometry, work: Work, noticed: Last
) -> Cover:  # fmt: skip
    """The row with what changed since the last scene of this kind that showed the same ground. seen: that ground."""
    assert row.brightness is not None
    assert row.texture is not None
    first = (
        f"Brightness {row.brightness:.4g}, texture {row.texture:.3g} in the file's own units; no box and no area is claimed of "
        "such pixels."
    )
    if on.site.outline is None or row.status != "done" or row.datetime is None:
        return replace(row, said=first)
    round_it = notice_round(on.wanted, frame=on.frame, scenes=[file.scene for file in files], reader=work.reader)
    now = Noticed(row.scene_id, row.brightness, row.texture, round_it)
    key = (on.site.id, on.site.zone, *files[0].kind(work.card))
    before = noticed.get(key, [])
    same_time = next((last for when, last, _ in before if when >= row.datetime), None)
    if same_time:
        # Bands of one acquisition that came as files of their own: no time lies between them.
        return replace(row, said=f"{first} It is of the same time as {same_time.scene_id}: there is no change to tell.")
    why = "No earlier scene of this kind shows the same ground" if before else "It is the first scene of this kind"
    same = [_same_ground(ground, seen) for _, _, ground in before]
    alike = [one for one, fits in zip(before, same, strict=True) if fits]
    others = [one for one, fits in zip(before, same, strict=True) if not fits]
    noticed[key] = [*others, (row.datetime, now, seen)][-_MOST_GROUNDS:]
    if not alike:
        return replace(row, said=f"{first} {why}: there is no change to tell.")
    brightness, texture = changes_between(alike[-1][1], now)
    notes = [*row.notes]
    if not row.sensor:
        notes.append("the sensor is not named: scenes of like pixels are held against each other")
    if len(files[0].scene.bands) == 1 and not files[0].names:
        notes.append("neither the file nor its name says which band this is: it is held against scenes of any one band")
    said = f"{first} {said_of_change(brightness, texture)}"
    return replace(row, brightness_change=brightness, texture_change=texture, said=said, notes=tuple(notes))


def _same_ground(one: shapely.Geometry, two: shapely.Geometry) -> bool:
    return bool(one.intersection(two).area >= _SAME_GROUND * one.union(two).area)


def _is_told(row: Cover) -> bool:
    """Whether a row stays one: of several kinds those that show nothing are left out where another shows something."""
    return row.observed_fraction > 0 or not row.parts


def _observed(row: Cover, observed: float, *, least: float) -> Cover:
    """The row with the share that was seen, and whether that is enough."""
    seen = replace(row, observed_fraction=round(observed, 4), status="done")
    if observed <= 0:
        return replace(seen, status="not_assessable", notes=(*row.notes, "nothing of the site was seen"))
    # As it is told: what is all seen may be less by the last figure of a division.
    if short := too_little(seen.observed_fraction, least=least):
        return replace(seen, status="not_assessable", notes=(*row.notes, short))
    return seen


def _reached(on: _On, shown: Sequence[tuple[Ground, Scene]], *, work: Work) -> Cover:
    """The row of a site before anything is told, by the files that show it, and by these alone."""
    scenes = [scene for _, scene in shown]
    notes = []
    if on.parts:
        notes.append(f"read from {', '.join(on.parts)} alone: files of several kinds are not read as one")
    notes += [note for scene in scenes for note in scene.notes]
    notes += [note for scene in scenes for note in nodata_notes(work.reader.undeclared_nodata(scene))]
    site_m2, covered = float(on.wanted.area), float(shapely.union_all([ground.metres for ground, _ in shown]).area)
    if covered < 0.9995 * site_m2:
        notes.append(f"the scene covers {percent(covered / site_m2)} of the site")
    row = _blank(on.site, scenes, card=work.card)
    if not row.cloud_checked:
        notes.append("no cloud mask: clouds were not looked for, and cloud counts as seen ground")
    return replace(row, site_m2=site_m2, parts=on.parts, notes=tuple(dict.fromkeys(notes)))


def _blank(site: Site, scenes: Sequence[Scene], *, card: CoverCard) -> Cover:
    """scenes: files of one kind."""
    coarsest = max((scene.grid.gsd_m for scene in scenes), key=max)
    able = capability(coarsest)
    timed = next((scene for scene in scenes if scene.acquired), scenes[0])
    return Cover(
        site_id=site.id, site_name=site.name, zone=site.zone, scene_id=scenes[0].id, datetime=timed.acquired,
        datetime_source=timed.acquired_source, sensor=next((scene.sensor for scene in scenes if scene.sensor), ""),
        status="done", capability=able, observed_fraction=0.0, cloud_checked=all(scene.cloud_checked for scene in scenes),
        gsd_m=round(max(coarsest), 4), px_per_width=round(px_per_width(coarsest), 3),
        model_id=card.id if able == "area" else "",
    )  # fmt: skip
