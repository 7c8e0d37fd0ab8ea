"""Change pictures: before and after side by side, boxes kept, arrived and left told apart by colour and by line."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from sattrack.changes import Exchange
from sattrack.geometry import Points, Quads
from sattrack.imagery import Window
from sattrack.reports.canvas import font
from sattrack.reports.cells import clean
from sattrack.reports.change_values import sentence
from sattrack.reports.overlays import INK, PAPER, jpeg
from sattrack.reports.views import NO_PICTURE
from sattrack.reports.wording import when
from sattrack.steps.lattices import Lattice
from sattrack.steps.registering import Look
from sattrack.writing import write_whole

# Okabe and Ito 2008: apart for every common colour blindness. What came or went is crossed as well: once, or twice.
STATE_COLOURS = {"kept": (255, 255, 255), "arrived": (86, 180, 233), "left": (230, 159, 0), "not told": (240, 228, 66)}
_MOST_PX, _ENLARGE = 1600, 3
_GAP = 12

Pixels = NDArray[np.uint8]


def write_change_picture(
    one: Exchange, lattice: Lattice, looks: tuple[Look, Look] | None, to: Path, *, outline: shapely.Geometry | None = None
) -> Path:
    """A JPEG; without looks the boxes stand on gray. Of a site larger than the lattice its middle, which is said.

    outline: of the site, in the frame's metres, drawn under the boxes.
    """
    scale = min(float(_ENLARGE), _MOST_PX / max(lattice.shape))
    by_boxes = one.by == "boxes"
    halves, beside = [], []
    for number, (boxes, stays, state) in enumerate(
        ((one.before, one.stays_before, "left"), (one.after, one.stays_after, "arrived"))
    ):
        ground = _enlarged(looks[number].pixels, scale) if looks else _blank(lattice, scale)
        quads = lattice.flat(boxes.quads) / lattice.pixel_m * scale
        if outline is not None:
            _draw_outline(ground, [lattice.flat(ring) / lattice.pixel_m * scale for ring in _rings(outline)])
        if by_boxes:
            draw_boxes(ground, quads[stays], "kept")
            draw_boxes(ground, quads[~stays], state)
        else:
            draw_boxes(ground, quads, "not told")
        halves.append(ground)
        middles = lattice.flat(boxes.centres()) / lattice.pixel_m
        beside.append(int((~Window.of_shape(lattice.shape).holds(middles)).sum()))
    write_whole(to, jpeg(_sheet(halves, one, beside=beside, outlined=outline is not None)))
    return to


def _enlarged(pixels: Pixels, scale: float) -> Pixels:
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    return np.ascontiguousarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=how), np.uint8)


def _blank(lattice: Lattice, scale: float) -> Pixels:
    rows, cols = (max(1, round(n * scale)) for n in lattice.shape)
    return np.full((rows, cols, 3), NO_PICTURE, np.uint8)


def _rings(outline: shapely.Geometry) -> list[Points]:
    lines = shapely.get_parts(shapely.boundary(shapely.get_parts(outline)))
    return [shapely.get_coordinates(line) for line in lines]


def _draw_outline(pixels: Pixels, rings: Sequence[Points]) -> None:
    """Two pixels wide, in black and white like the overlays' own, where a box has one."""
    for ring in rings:
        place = np.rint((np.clip(ring, -8000, 8000) - 0.5) * 16).astype(np.int32)
        cv2.polylines(pixels, [place], False, (0, 0, 0), 5, cv2.LINE_AA, 4)
        cv2.polylines(pixels, [place], False, (255, 255, 255), 2, cv2.LINE_AA, 4)


def draw_boxes(pixels: Pixels, quads: Quads, state: str) -> None:
    """Outlines; a diagonal through what left, both through what arrived."""
    colour = STATE_COLOURS[state]
    places = np.rint((np.clip(quads, -8000, 8000) - 0.5) * 16).astype(np.int32)
    lines = list(places)
    cv2.polylines(pixels, lines, True, (0, 0, 0), 3, cv2.LINE_AA, 4)
    cv2.polylines(pixels, lines, True, colour, 1, cv2.LINE_AA, 4)
    crossed = {"left": [(0, 2)], "arrived": [(0, 2), (1, 3)]}.get(state, [])
    for i, j in crossed:
        cv2.polylines(pixels, [np.ascontiguousarray(place[[i, j]]) for place in places], False, colour, 1, cv2.LINE_AA, 4)


def _sheet(halves: list[Pixels], one: Exchange, *, beside: list[int], outlined: bool) -> Image.Image:
    """beside: of each date how many of the boxes lie off the picture. outlined: whether the site's outline is drawn."""
    rows, cols = halves[0].shape[:2]
    size = 15.0
    line = round(size * 1.6)
    width = max(2 * cols + _GAP, 960)
    sheet = Image.new("RGB", (width, line + rows + 4 * line), PAPER)
    pen = ImageDraw.Draw(sheet)
    named = ((one.earlier, one.earlier_time), (one.later, one.later_time))
    for number, (half, (name, time)) in enumerate(zip(halves, named, strict=True)):
        left = number * (cols + _GAP)
        sheet.paste(Image.fromarray(half), (left, line))
        said = f"{('before', 'after')[number]}: {name}, {when(time)}"
        pen.text((left + 4, line // 2), _fitted(clean(said), size, cols), font=font(size, bold=True), fill=INK, anchor="lm")
    y = line + rows + line
    name = " / ".join(filter(None, (one.site_id, one.zone)))
    said = f": {sentence(one)}"
    # A long name gives way to the numbers.
    title = _fitted(clean(name), size, max(120.0, width - 16 - font(size, bold=True).getlength(said)))
    pen.text((8, y), _fitted(f"{title}{said}", size, width - 16), font=font(size), fill=INK, anchor="lm")
    x, y = 8.0, y + 1.3 * line
    shown = ("kept", "arrived", "left") if one.by == "boxes" else ("not told",)
    for state in shown:
        corners = np.array([[x, y - 6], [x + 26, y - 6], [x + 26, y + 6], [x, y + 6]])
        piece = np.asarray(sheet).copy()
        draw_boxes(piece, corners[None], state)
        sheet.paste(Image.fromarray(piece), (0, 0))
        pen = ImageDraw.Draw(sheet)
        words = "counted, not told apart" if state == "not told" else state
        pen.text((x + 34, y), words, font=font(size), fill=INK, anchor="lm")
        x += 60 + font(size).getlength(words)
    if outlined:
        for ink, width in (("black", 5), ("white", 2)):
            pen.line((x, y, x + 26, y), fill=ink, width=width)
        pen.text((x + 34, y), "outline of the site", font=font(size), fill=INK, anchor="lm")
        x += 60 + font(size).getlength("outline of the site")
    if any(beside):
        words = f"the middle of the site is shown: {beside[0]:,} boxes before and {beside[1]:,} after lie beside it"
        pen.text((x, y), _fitted(words, size, width - 8 - x), font=font(size), fill=INK, anchor="lm")
    return sheet


def _fitted(text: str, size: float, room: float) -> str:
    face = font(size, bold=True)
    while len(text) > 1 and face.getlength(text) > room:
        text = text[:-2].rstrip("…") + "…"
    return text
