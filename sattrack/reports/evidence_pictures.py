"""Evidence pictures: a scene on the ground of its site, with what was counted, the outline, north, a scale and the credit."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.spatial import cKDTree

from sattrack.detections import Detections
from sattrack.geometry import Quads
from sattrack.imagery import Grid, Window
from sattrack.phrases import some
from sattrack.reports.canvas import font
from sattrack.reports.cells import clean
from sattrack.reports.change_pictures import STATE_COLOURS, draw_boxes
from sattrack.reports.evidence_case import Case, Sight
from sattrack.reports.marks import Marks, marks_on
from sattrack.reports.overlays import INK, PAPER, QUIET, drawn, furniture, wrapped
from sattrack.reports.views import BLANK, NO_PICTURE, View
from sattrack.reports.wording import STATUS, interval, share, when
from sattrack.results import Part, Seen
from sattrack.steps.lattices import Lattice
from sattrack.steps.observing import seen_at

Pixels = NDArray[np.uint8]
_SEEN_CELL_PX = 4
# Of two roundings of one box's centre.
_SAME_M = 0.05
STATE_WORDS = {
    "kept": "kept: stands where one stood", "arrived": "arrived", "left": "left", "not told": "counted, not told apart",
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """pixels: the ground with its boxes, nothing beside it. states: which kinds of boxes are on it. part, view: what scale and
    north are told from.
    """

    pixels: Pixels
    states: tuple[str, ...]
    part: Part
    view: View
    marks: Marks


def draw(sight: Sight, case: Case) -> Drawn:
    """A sight with the outline, what was not seen hatched, and its boxes by what became of them; or all that on dark ground."""
    assert case.lattice is not None
    rows, cols = case.lattice.shape
    view = View(Window(0, 0, cols, rows), cols, rows)
    part = _laid(sight, case.lattice)
    outlines = [one for one in case.run.sites if one.excludes or (one.id, one.zone) == (case.alert.site_id, case.alert.zone)]
    every = np.ones(len(part.detections), bool)
    marks = marks_on(part, view, counted=every, threshold=0.0, site=case.site, sites=outlines)
    bare = replace(marks, counted={}, outside=marks.outside[:0])
    ground = drawn(_ground(sight, case.lattice), bare)
    states = states_of(sight, case)
    shown = []
    for state in STATE_COLOURS:
        quads = part.detections.quads[states == state]
        if len(quads):
            draw_boxes(ground, quads, state)
            shown.append(state)
    return Drawn(ground, tuple(shown), part, view, bare)


def states_of(sight: Sight, case: Case) -> NDArray[np.str_]:
    """(n,) kept, arrived or left for each box of a sight; `not told` where the exchange does not hold it, or tells no boxes."""
    states = np.full(len(sight.boxes), "not told", object)
    told = case.exchange
    if told is None or told.by != "boxes" or not len(sight.boxes):
        return states
    earlier = sight.role == "before"
    boxes, stays = (told.before, told.stays_before) if earlier else (told.after, told.stays_after)
    if len(boxes):
        apart, row = cKDTree(boxes.centres()).query(sight.boxes.centres())
        same = apart < _SAME_M
        states[same] = np.where(stays, "kept", "left" if earlier else "arrived")[row[same]]
    return states


def sheet(one: Drawn, sight: Sight, case: Case) -> bytes:
    """The picture over a strip that says what it shows, as PNG; nothing of the strip covers the ground."""
    size = float(np.clip(one.view.width / 70, 14, 26))
    width = max(one.view.width, 620)
    line, edge = round(size * 1.55), round(size)
    rows = [
        (piece, ink, bold)
        for text, ink, bold in _caption(sight, case)
        for piece in wrapped(clean(text), size, width - 2 * edge, bold=bold)
    ]
    legend = _legend_rows(one, size, width - 2 * edge)
    height = line * (len(rows) + len(legend) + 4)
    picture = Image.new("RGB", (width, one.view.height + height), PAPER)
    picture.paste(Image.fromarray(one.pixels), ((width - one.view.width) // 2, 0))
    pen = ImageDraw.Draw(picture)
    y = one.view.height + round(line * 0.8)
    for text, ink, bold in rows:
        pen.text((edge, y), text, font=font(size, bold=bold), fill=ink, anchor="la")
        y += line
    y += round(line * 0.5)
    furniture(pen, one.part, one.view, at=(edge, y), size=size, right=width - edge, gsd_m=gsd_of(sight))
    _write_legend(picture, legend, at=(edge, y + round(line * 2.3)), size=size)
    return png(picture)


def png(picture: Image.Image) -> bytes:
    """PNG bytes without any metadata."""
    sink = io.BytesIO()
    picture.save(sink, "PNG", compress_level=6)
    return sink.getvalue()


def headline(sight: Sight) -> str:
    """34 counted (90 % interval 28–41), 100 % of the site seen; or that there is no number, and why."""
    count = sight.count
    seen = f"{share(count.observed_fraction)} of the site seen"
    if count.status != "done" or count.count is None:
        found = "" if count.count is None else f" ({count.count:,} found)"
        return f"{STATUS[count.status].lower()}: no number{found}, {seen}"
    between = f" (90 % interval {interval(count)})" if interval(count) else " (no interval was measured for these weights)"
    return f"{some(count.count, 'container')} counted{between}, {seen}"


def gsd_of(sight: Sight) -> float:
    """The scene's own pixel size, metres: what could be seen, however large it is drawn."""
    return max(max(part.scene.grid.gsd_m) for part in sight.parts)


def credit(sight: Sight) -> str:
    """Source and licence, as stated with the scene."""
    scene = sight.parts[0].scene
    return f"Source: {clean(scene.source) or 'not stated'} · licence: {clean(scene.licence) or 'not stated'}"


def _caption(sight: Sight, case: Case) -> list[tuple[str, tuple[int, int, int], bool]]:
    scene = sight.parts[0].scene
    parts = " + ".join(part.scene.part for part in sight.parts)
    said = [
        (f"{sight.role.capitalize()}: {case.name}, {when(scene.acquired)}", INK, True),
        (headline(sight), INK, False),
        (f"{parts} · sensor: {scene.sensor or 'not stated'}", QUIET, False),
        (credit(sight), QUIET, False),
    ]
    if sight.missing:
        said.append((f"No pixel of the scene is shown: {sight.missing}", INK, False))
    return said


def _ground(sight: Sight, lattice: Lattice) -> Pixels:
    if sight.pixels is None or sight.valid is None:
        return np.full((*lattice.shape, 3), NO_PICTURE, np.uint8)
    shown = sight.pixels.copy()
    shown[~sight.valid] = BLANK
    return shown


def _laid(sight: Sight, lattice: Lattice) -> Part:
    """The scene as if its pixels were the lattice's, so that it is marked and measured like any other."""
    pixel = lattice.pixel_m
    (x, y), crs = lattice.origin, lattice.frame.crs
    transform = (pixel, 0.0, x, 0.0, lattice.up * pixel, y) if crs else None
    grid = Grid(lattice.shape, (pixel, pixel), crs, transform)
    boxes = sight.boxes
    flat = Detections(lattice.flat(boxes.quads) / pixel, boxes.scores, boxes.labels, boxes.cap_hit)
    first = sight.parts[0]
    return replace(first, scene=replace(first.scene, grid=grid), detections=flat, seen=_seen(sight, lattice))


def _seen(sight: Sight, lattice: Lattice) -> Seen:
    rows, cols = (max(1, -(-n // _SEEN_CELL_PX)) for n in lattice.shape)
    x, y = np.meshgrid(np.arange(cols) + 0.5, np.arange(rows) + 0.5)
    ground = lattice.ground(np.stack([x, y], axis=-1).reshape(-1, 2) * _SEEN_CELL_PX * lattice.pixel_m)
    shares = [seen_at(p.seen, lattice.frame.to_pixels(ground, grid=p.scene.grid)) for p in sight.parts]
    share_ = np.max(shares, axis=0).reshape(rows, cols)
    return Seen(np.rint(255 * share_).astype(np.uint8), (float(_SEEN_CELL_PX), float(_SEEN_CELL_PX)))


def _legend_rows(one: Drawn, size: float, room: float) -> list[list[tuple[str, str]]]:
    """Only what is drawn is explained, in as many rows as it takes."""
    entries = [(state, STATE_WORDS[state]) for state in one.states] + [("", words) for words in lines_of(one.marks)]
    rows: list[list[tuple[str, str]]] = [[]]
    used = 0.0
    for entry in entries:
        wide = _wide(entry, size)
        if used + wide > room and rows[-1]:
            rows.append([])
            used = 0.0
        rows[-1].append(entry)
        used += wide
    return rows


def lines_of(marks: Marks) -> list[str]:
    """What the lines on a picture are that are no boxes."""
    kinds = {outline.kind for outline in marks.outlines}
    told = {"white: the outline": kinds - {"exclude"}, "thin orange: an area left out": kinds & {"exclude"}}
    return [words for words, there in {**told, "hatched: not seen": marks.unseen}.items() if there]


def _wide(entry: tuple[str, str], size: float) -> float:
    return float(font(size * 0.85).getlength(entry[1]) + size * (4.2 if entry[0] else 1.6))


def _write_legend(picture: Image.Image, rows: Sequence[Sequence[tuple[str, str]]], *, at: tuple[int, int], size: float) -> None:
    pixels = np.asarray(picture).copy()
    words = []
    y = float(at[1])
    for row in rows:
        x = float(at[0])
        for state, text in row:
            if state:
                draw_boxes(pixels, _sample(x, y, size), state)
            words.append((x + (size * 2.6 if state else 0.0), y, text))
            x += _wide((state, text), size)
        y += round(size * 1.55)
    picture.paste(Image.fromarray(pixels))
    pen = ImageDraw.Draw(picture)
    for x, y, text in words:
        pen.text((x, y), text, font=font(size * 0.85), fill=INK, anchor="lm")


def _sample(x: float, y: float, size: float) -> Quads:
    half = size * 0.38
    return np.array([[[x, y - half], [x + size * 2, y - half], [x + size * 2, y + half], [x, y + half]]])


def small(pixels: Pixels, *, most_px: int) -> Image.Image:
    """The ground for a page, at most so many pixels a side."""
    scale = min(1.0, most_px / max(pixels.shape[:2]))
    if scale == 1.0:
        return Image.fromarray(pixels)
    return Image.fromarray(np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8))
