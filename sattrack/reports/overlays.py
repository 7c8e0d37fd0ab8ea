"""Overlays: each scene as a picture with its boxes drawn, a scale bar, north, time and credit."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from sattrack.errors import StoreError
from sattrack.geometry import Points, Quads
from sattrack.imagery import Window
from sattrack.phrases import some
from sattrack.ports import Finished, Reader
from sattrack.reports.canvas import font
from sattrack.reports.cells import clean
from sattrack.reports.marks import CLASS_COLOURS, CLASS_NAMES, Marks, marks_on, north_in, scale_bar
from sattrack.reports.naming import file_name
from sattrack.reports.rows import counted_boxes
from sattrack.reports.views import NO_PICTURE, Picture, View, take, view_in_pixels
from sattrack.reports.wording import metres, when
from sattrack.results import Part
from sattrack.writing import write_whole

MOST_PX = 4000
ENLARGE = 3
QUALITY = 90

_OUTSIDE, _WEAK = (235, 235, 235), (150, 150, 150)
_OUTLINE_COLOURS = {"site": (255, 255, 255), "zone": (255, 255, 255), "exclude": (255, 120, 60)}
# Of captions and what they stand on, in every picture.
PAPER, INK, QUIET = (22, 24, 27), (240, 241, 242), (168, 173, 179)
FRACTION = 4  # bits of a pixel's fraction in what OpenCV draws

Pixels = NDArray[np.uint8]


def write_overlays(
    run: Finished,
    parts: Mapping[str, Part],
    to: Path,
    *,
    everything: bool = False,
    reader: Reader | None = None,
    allow_remote: bool = False,
) -> Path:
    """A folder with a JPEG for each scene file, in its own pixels up to 4000 a side, small ones enlarged; returns the folder.

    A scene that cannot be read again, or whose run was made without imagery, gets a gray ground with its boxes, and says so.
    `everything` adds, in gray, the boxes
    under the threshold.
    """
    try:
        to.mkdir(parents=True, exist_ok=True)
        taken: set[str] = set()
        counted = counted_boxes(run, parts)
        for name, part in parts.items():
            view = view_in_pixels(Window.of_shape(part.scene.grid.shape), most_px=MOST_PX, enlarge=ENLARGE)
            marks = marks_on(part, view, counted=counted[name], threshold=run.index.threshold, sites=run.sites, weak=everything)
            shown = run.index.imagery
            picture = take(part, view, reader=reader, remote=allow_remote) if shown else Picture(None, "made without imagery")
            ground = picture.pixels if picture.pixels is not None else _blank(view)
            sheet = with_caption(drawn(ground, marks), part, view, marks=marks, missing=picture.missing)
            write_whole(to / f"{file_name(name, taken=taken)}.jpg", jpeg(sheet))
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(
            f"the overlays cannot be written: {error.strerror}", where=str(to), way_out="choose another place with -o"
        ) from error
    return to


def drawn(pixels: Pixels, marks: Marks) -> Pixels:
    """Pixels with the marks on them: lines one pixel wide, so that a box five pixels wide is still seen."""
    bold = max(1, max(pixels.shape) // 1200)  # outlines are meant to be seen in the whole picture
    out = _hatched(pixels.copy(), marks.unseen, bold=bold)
    for outline in marks.outlines:
        for ring in outline.rings:
            _lines(out, ring[None], (0, 0, 0), thickness=bold + 2)
            _lines(out, ring[None], _OUTLINE_COLOURS[outline.kind], thickness=bold)
    _lines(out, marks.weak, _WEAK)
    _lines(out, marks.outside, _OUTSIDE)
    for name, quads in marks.counted.items():
        _lines(out, quads, CLASS_COLOURS[name])
    return out


def with_caption(pixels: Pixels, part: Part, view: View, *, marks: Marks, missing: str = "") -> Image.Image:
    """The picture over a strip that says what it shows; nothing of the strip covers the ground."""
    scene, size = part.scene, float(np.clip(view.width / 85, 13, 30))
    width = max(view.width, 560)
    credit = " · ".join(filter(None, (scene.source, scene.licence))) or "source and licence not stated"
    weak = f"{len(marks.weak):,} under the threshold" if len(marks.weak) else ""
    words = " · ".join(filter(None, (f"{some(marks.n_counted, 'box', 'boxes')} counted", weak)))
    said = [
        (scene.part or scene.id, INK, True),
        (" · ".join(filter(None, (when(scene.acquired), scene.sensor, words))), INK, False),
        (credit + (f" · picture not available: {missing}" if missing else ""), QUIET, False),
    ]
    line = round(size * 1.55)
    room = width - round(size * 2) - (round(size * 16) if width > 900 else 0)
    rows = [(piece, ink, bold) for text, ink, bold in said for piece in wrapped(clean(text), size, room, bold=bold)]
    narrow = width <= 900
    keys = _legend_rows(marks, size * 0.85, width - round(size * 2))
    height = line * (len(rows) + (2 if narrow else 0)) + line * (1 + max(1, len(keys)))
    sheet = Image.new("RGB", (width, view.height + height), PAPER)
    sheet.paste(Image.fromarray(pixels), ((width - view.width) // 2, 0))
    pen = ImageDraw.Draw(sheet)
    y = view.height + round(line * 0.9)
    for text, ink, bold in rows:
        pen.text((round(size), y), text, font=font(size, bold=bold), fill=ink, anchor="la")
        y += line
    at = (round(size), y + round(line * 0.6)) if narrow else (width - round(size * 15), view.height + round(line * 0.9))
    furniture(pen, part, view, at=at, size=size, right=width - round(size))
    for i, row in enumerate(reversed(keys)):
        _write_row(pen, row, at=(round(size), view.height + height - round(line * (0.9 + i))), size=size * 0.85)
    return sheet


def jpeg(picture: Image.Image, *, quality: int = QUALITY, fine_colour: bool = True) -> bytes:
    """JPEG bytes without any metadata; `fine_colour` keeps thin coloured lines sharp."""
    sink, colour = io.BytesIO(), 0 if fine_colour else 2
    try:
        picture.save(sink, "JPEG", quality=quality, subsampling=colour, optimize=True, progressive=True)
    except OSError:
        # Pillow keeps a byte a pixel for a picture that it optimizes, and pure grain takes more.
        sink = io.BytesIO()
        picture.save(sink, "JPEG", quality=quality, subsampling=colour)
    return sink.getvalue()


def _blank(view: View) -> Pixels:
    return np.full((view.height, view.width, 3), NO_PICTURE, np.uint8)


def _lines(pixels: Pixels, quads: Quads | Points, colour: tuple[int, int, int], *, thickness: int = 1) -> None:
    """Closed outlines (n, k, 2), smoothed, at a sixteenth of a pixel."""
    if not len(quads):
        return
    # OpenCV takes centres of pixels as whole numbers; here they lie at a half. Far corners would overflow its 16 bits.
    limit = 4.0 * max(pixels.shape)
    places = np.rint((np.clip(quads, -limit, limit) - 0.5) * 2**FRACTION).astype(np.int32)
    cv2.polylines(pixels, list(places), True, colour, thickness, cv2.LINE_AA, FRACTION)


def _hatched(pixels: Pixels, unseen: tuple[Points, ...], *, bold: int) -> Pixels:
    """Diagonal lines over ground that was not seen."""
    if not unseen:
        return pixels
    rows, cols = pixels.shape[:2]
    area = np.zeros((rows, cols), np.uint8)
    cv2.fillPoly(area, [np.rint(ring).astype(np.int32) for ring in unseen], (1,))
    lines = np.zeros_like(area)
    for start in range(0, rows + cols, 12 * bold):
        cv2.line(lines, (start, 0), (start - rows, rows), (1,), 1 + bold)
    stripes = (area & lines) == 1
    pixels[stripes] = (pixels[stripes] * 0.2 + np.array([200, 205, 210]) * 0.8).astype(np.uint8)
    return pixels


def furniture(
    pen: ImageDraw.ImageDraw,
    part: Part,
    view: View,
    *,
    at: tuple[int, int],
    size: float,
    right: int,
    gsd_m: float | None = None,
) -> None:
    """The scale bar, and north where it is known. gsd_m: of the scene, where the part was laid on other pixels."""
    grid = part.scene.grid
    bar = scale_bar(view, grid=grid, share=min(0.3, size * 11 / view.width))
    x, y = at
    height = max(3, round(size / 4))
    pen.rectangle((x, y, x + bar.px, y + height), fill=INK)
    unit = f"{metres(bar.metres)}  ({gsd_m or max(grid.gsd_m):.2g} m a pixel)"
    pen.text((x, y + height + round(size * 0.3)), unit, font=font(size * 0.85), fill=INK, anchor="la")
    turn = north_in(view, grid=grid)
    if turn is None:
        return
    centre, reach = np.array([right - size * 1.2, y + size * 1.1]), size * 1.1
    up = np.array([np.sin(np.radians(turn)), -np.cos(np.radians(turn))])
    side = np.array([-up[1], up[0]])
    arrow = [centre + up * reach, centre - up * reach * 0.8 + side * reach * 0.55, centre - up * reach * 0.4]
    arrow.append(centre - up * reach * 0.8 - side * reach * 0.55)
    pen.polygon([(float(p[0]), float(p[1])) for p in arrow], fill=INK)
    pen.text((float(centre[0] - size * 1.6), float(centre[1])), "N", font=font(size * 0.95, bold=True), fill=INK, anchor="rm")


def _legend_rows(marks: Marks, size: float, room: float) -> list[list[tuple[str, tuple[int, int, int]]]]:
    """Only what is drawn is explained, in as many rows as it takes."""
    entries = [(CLASS_NAMES[name], CLASS_COLOURS[name]) for name, quads in marks.counted.items() if len(quads)]
    entries += [("not counted here", _OUTSIDE)] * bool(len(marks.outside)) + [("under the threshold", _WEAK)] * bool(
        len(marks.weak)
    )
    kinds = {outline.kind for outline in marks.outlines}
    entries += [("outline", _OUTLINE_COLOURS["site"])] * bool(kinds - {"exclude"})
    entries += [("area left out", _OUTLINE_COLOURS["exclude"])] * ("exclude" in kinds)
    entries += [("hatched: not seen", QUIET)] * bool(marks.unseen)
    rows: list[list[tuple[str, tuple[int, int, int]]]] = []
    used = room
    for entry in entries:
        wide = font(size).getlength(entry[0]) + size * 3.5
        if used + wide > room:
            rows.append([])
            used = 0.0
        rows[-1].append(entry)
        used += wide
    return rows


def _write_row(
    pen: ImageDraw.ImageDraw, row: Sequence[tuple[str, tuple[int, int, int]]], *, at: tuple[int, int], size: float
) -> None:
    x, y = at
    face = font(size)
    for text, colour in row:
        pen.rectangle((x, y - size * 0.4, x + size * 1.4, y + size * 0.3), outline=colour, width=max(1, round(size / 9)))
        x += round(size * 1.9)
        pen.text((x, y), text, font=face, fill=INK, anchor="lm")
        x += round(face.getlength(text) + size * 1.6)


def wrapped(text: str, size: float, room: float, *, bold: bool) -> list[str]:
    """Lines of at most `room` pixels; a word that is longer is cut."""
    face: Any = font(size, bold=bold)
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and face.getlength(longer) > room:
            lines.append(line)
            longer = word
        while face.getlength(longer) > room and len(longer) > 1:
            fits = next(n for n in range(len(longer), 0, -1) if face.getlength(longer[:n]) <= room or n == 1)
            lines.append(longer[:fits])
            longer = longer[fits:]
        line = longer
    return [*lines, line] if line else lines
