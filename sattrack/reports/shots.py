"""Shots: the pictures of a page, each a place in a scene, with its boxes as lines over it; heavy ones lie beside the page."""

import base64
import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from markupsafe import Markup
from PIL import Image

from sattrack.geometry import Points, Quads
from sattrack.imagery import Window
from sattrack.packed import Made, in_order
from sattrack.ports import Finished, Reader
from sattrack.reports.cells import KnownPlaces, clean, discreet
from sattrack.reports.marks import Marks, marks_on, north_in, scale_bar
from sattrack.reports.naming import file_name
from sattrack.reports.overlays import Pixels, drawn, jpeg
from sattrack.reports.rows import counted_boxes
from sattrack.reports.views import View, neighbourhood, rings, take, view_on_ground
from sattrack.reports.wording import STATUS, metres, share, state, when, whole
from sattrack.results import Part, acquisitions, scenes_of
from sattrack.steps.counting import own_site
from sattrack.steps.picking import Mask
from sattrack.timeline import Count, Site
from sattrack.writing import write_whole

MOST_PX = 1600
_QUALITY = 80
_THUMB_PX = 360
_CROWDED = "the boxes are left out, as the page would grow beyond its limit; sattrack export draws them (-f overlay)"
_CLASSES = {"20ft": "b20", "40ft": "b40", "45ft": "b45"}


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture as the template wants it. src: a data URI, or empty; link: a file beside the page, or empty."""

    id: str
    place: str
    scene: str
    when: str
    sensor: str
    count: str
    credit: str
    alt: str
    width: int
    height: int
    marks: Markup
    bar: str
    bar_width: float
    north: float | None
    src: str = ""
    link: str = ""
    missing: str = ""
    before: str = ""
    after: str = ""

    @property
    def ratio(self) -> str:
        return f"{self.width / self.height:.4f}"


@dataclass(frozen=True, slots=True, eq=False)
class _Sought:
    """A picture to be made, by the name of its file: rank 0 is the latest scene of its place."""

    rank: int
    place: str
    count: Count
    name: str
    site: Site | None
    view: View


@dataclass(frozen=True, slots=True, eq=False)
class _Wanted:
    """A picture as it is made."""

    place: str
    count: Count
    part: Part
    site: Site | None
    view: View
    counted: Mask


class Budget:
    """Bytes that a page may still hold; what no longer fits is written beside it."""

    def __init__(self, room: int, *, shots: int, folder: Path) -> None:
        self._room, self._shots, self._folder = room, shots, folder
        self._taken: set[str] = set()

    def fits(self, n: int) -> bool:
        """Takes room in the page for so many bytes, where there is as much."""
        if n > self._room:
            return False
        self._room -= n
        return True

    def placed(self, pixels: Pixels, marks: Marks, lines: Markup, *, name: str) -> tuple[str, str, bool]:
        """(data URI, link, whether the lines are already in the picture). Small pictures stay in the page for all."""
        self._shots -= 1
        inside = data_uri(jpeg(Image.fromarray(pixels), quality=_QUALITY, fine_colour=False))
        size = len(inside) + len(lines)
        if size <= self._room - self._shots * 14_000:
            self._room -= size
            return inside, "", False
        whole_picture = drawn(pixels, marks)
        self._folder.mkdir(parents=True, exist_ok=True)
        file = f"{PREFIX}{file_name(name, taken=self._taken)}.jpg"
        write_whole(self._folder / file, jpeg(Image.fromarray(whole_picture)))
        small = Image.fromarray(whole_picture)
        small.thumbnail((_THUMB_PX, _THUMB_PX))
        thumb = data_uri(jpeg(small, quality=70, fine_colour=False))
        if len(thumb) > self._room:
            thumb = ""
        self._room -= len(thumb)
        return thumb, f"{self._folder.name}/{file}", True


PREFIX = "report_"
# Pictures of a page, the latest of all places first; `export -f overlay` draws every scene.
MOST_SHOTS = 2_000


def shots_of(
    run: Finished,
    parts: Mapping[str, Part],
    *,
    imagery: bool,
    reader: Reader | None,
    remote: bool,
    folder: Path,
    room: int,
) -> dict[str, list[Shot]]:
    """The pictures of each place, latest first. The latest of all places are placed in the page before older ones."""
    sought = heapq.nsmallest(MOST_SHOTS, _sought(run, parts), key=lambda one: one.rank)
    budget = Budget(room, shots=len(sought), folder=folder)
    counted = counted_boxes(run, parts)
    known = KnownPlaces(run.index.locations)
    made: dict[str, list[Shot]] = {}
    for number, one in enumerate(sought, start=1):
        want = _Wanted(one.place, one.count, parts[one.name], one.site, one.view, counted[one.name])
        shot = _plain(want, id_=f"p{number}")
        if imagery:
            picture = take(want.part, want.view, reader=reader, remote=remote)
            if picture.pixels is None:
                shot = _with_boxes(replace(shot, missing=discreet(picture.missing, locations=known)), want, run, budget)
            else:
                shot = _with_picture(shot, picture.pixels, want, run, budget)
        else:
            shot = _with_boxes(shot, want, run, budget)
        made.setdefault(want.place, []).append(shot)
    return {place: chained(shots) for place, shots in made.items()}


def chained(shots: Sequence[Shot]) -> list[Shot]:
    """Each picture knows the ones beside it that enlarge in the page."""
    ids = [s.id if not s.link else "" for s in shots]
    around = zip(["", *ids[:-1]], shots, [*ids[1:], ""], strict=True)
    return [replace(shot, before=before, after=after) for before, shot, after in around] if shots else []


def _sought(run: Finished, parts: Mapping[str, Part]) -> Iterator[_Sought]:
    """A picture for each file of each scene that shows a place, latest scenes first, as far as a page may have so many."""
    leads: dict[str, list[int]] = {}
    zoned = {c.site_id for c in run.counts if not c.zone}
    for number, count in enumerate(run.counts):
        if count.status in ("done", "not_assessable") and (not count.zone or count.site_id not in zoned):
            leads.setdefault(count.site_id, []).append(number)
    files, scenes = acquisitions(parts), scenes_of(parts)
    for place, numbers in leads.items():
        rank = 0
        shown: set[str] = set()
        for count in in_order(Made(numbers, run.counts.__getitem__), key=_latest_first, reverse=True):
            if rank >= MOST_SHOTS:
                break  # of no place there are more
            site = next((s for s in run.sites if s.id == place and s.zone == count.zone and not s.excludes), None)
            together = files.get(count.scene_id, [])
            for name in together:
                # Without outlines a file is shown beside its own number: several plain pictures of a scene have one each.
                if site is None and own_site(scenes[name], alone=len(together) == 1).id != place:
                    continue
                grid = scenes[name].grid
                window = neighbourhood(rings(site, grid=grid), grid=grid) if site else Window.of_shape(grid.shape)
                if window is None or name in shown:
                    continue
                # Places with zones alone get one picture a scene, round the first zone that it shows.
                shown.add(name)
                yield _Sought(rank, place, count, name, site, view_on_ground(window, grid=grid, most_px=MOST_PX))
                rank += 1


def _latest_first(count: Count) -> tuple[bool, float, str]:
    return (count.datetime is not None, count.datetime.timestamp() if count.datetime else 0.0, count.scene_id)


def _marks(want: _Wanted, run: Finished) -> Marks:
    return marks_on(want.part, want.view, counted=want.counted, threshold=run.index.threshold, site=want.site, sites=run.sites)


def _with_boxes(shot: Shot, want: _Wanted, run: Finished, budget: Budget) -> Shot:
    """A shot without pixels: its boxes alone, as long as the page has room for them."""
    lines = svg_marks(_marks(want, run), want.view)
    if budget.fits(len(lines)):
        return replace(shot, marks=lines)
    return replace(shot, missing="; ".join(filter(None, (shot.missing, _CROWDED))))


def _with_picture(shot: Shot, pixels: Pixels, want: _Wanted, run: Finished, budget: Budget) -> Shot:
    marks = _marks(want, run)
    lines = svg_marks(marks, want.view)
    name = "-".join((want.place, want.part.scene.part or want.part.scene.id))
    src, link, burnt = budget.placed(pixels, marks, lines, name=name)
    return replace(shot, src=src, link=link, marks=Markup("") if burnt else lines)


def _plain(want: _Wanted, *, id_: str) -> Shot:
    """All but the pixels."""
    scene, count, view = want.part.scene, want.count, want.view
    bar = scale_bar(view, grid=scene.grid)
    number = f"{whole(count.count or 0)} counted" if state(count) in ("full", "part") else STATUS[count.status].lower()
    if state(count) == "part" or count.status == "not_assessable":
        number += f", {share(count.observed_fraction)} seen"
    credit = " · ".join(filter(None, (clean(scene.source), clean(scene.licence)))) or "source and licence not stated"
    name = clean(scene.part or scene.id)
    return Shot(
        id=id_,
        place=want.place,
        scene=name,
        when=when(scene.acquired),
        sensor=clean(scene.sensor),
        count=number,
        credit=credit,
        alt=f"Picture of scene {name}, {when(scene.acquired)}: {number}",
        width=view.width,
        height=view.height,
        marks=Markup(""),
        bar=metres(bar.metres),
        bar_width=round(100 * bar.px / view.width, 2),
        north=None if (turn := north_in(view, grid=scene.grid)) is None else round(turn, 1),
    )


def svg_marks(marks: Marks, view: View) -> Markup:
    """The lines over a picture as SVG paths, one a kind. Only numbers and fixed names: nothing here comes from a file."""
    paths = [svg_path(marks.unseen, "unseen")]
    for outline in marks.outlines:
        paths += [svg_path(outline.rings, "halo"), svg_path(outline.rings, outline.kind)]
    paths.append(svg_path(marks.outside, "out"))
    paths += [svg_path(quads, _CLASSES[name]) for name, quads in marks.counted.items()]
    inner = "".join(paths)
    size = f"0 0 {view.width} {view.height}"
    return Markup(f'<svg class="marks" viewBox="{size}" preserveAspectRatio="none" aria-hidden="true">{inner}</svg>')


def svg_path(shapes: Sequence[Points] | Quads, name: str) -> str:
    """Closed outlines as one SVG path of a class, numbers only; empty where there are none."""
    if not len(shapes):
        return ""
    return f'<path class="{name}" fill-rule="evenodd" d="{"".join(_ring(shape) for shape in shapes)}"/>'


def _ring(points: Points) -> str:
    """Relative steps in tenths, which take about half the room of absolute places."""
    tenths = np.rint(np.clip(points, -1e5, 1e5) * 10).astype(int)
    steps = np.diff(tenths, axis=0)
    first = f"M{_tenth(tenths[0, 0])} {_tenth(tenths[0, 1])}"
    return first + "".join(f"l{_tenth(x)} {_tenth(y)}" for x, y in steps) + "z"


def _tenth(value: int) -> str:
    return f"{value / 10:g}"


def data_uri(content: bytes) -> str:
    """A JPEG as the address of itself."""
    return "data:image/jpeg;base64," + base64.b64encode(content).decode()
