"""Pictures of covered areas: a site in its scene, with what was read as covered laid over it, and never a box."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from sattrack.covers import Cover, CoverPicture
from sattrack.reports.canvas import font
from sattrack.reports.cells import clean
from sattrack.reports.marks import round_length
from sattrack.reports.overlays import FRACTION, INK, PAPER, QUIET, jpeg, wrapped
from sattrack.reports.wording import metres, when
from sattrack.steps.coarsening import GREY

_LAID = np.array([255.0, 40.0, 150.0], np.float32)
# Shares from here on are drawn alike: stacks seen through pixels as large as they are never fill them.
_FULL = 0.6


def picture_bytes(shown: CoverPicture, row: Cover) -> bytes:
    """JPEG: the site as it came on the left; on the right, in gray, with covered shares in pink, the stronger the more; below
    what was read, in words. Of a scene with presence alone only the first."""
    plain = _outlined(shown.pixels, shown)
    panels = [plain] if shown.cover is None else [plain, _outlined(_laid(shown), shown)]
    gap = np.full((plain.shape[0], 6, 3), PAPER, np.uint8)
    joined = panels[0] if len(panels) == 1 else np.concatenate([panels[0], gap, panels[1]], axis=1)
    width = max(joined.shape[1], 520)
    size = float(np.clip(width / 85, 14, 26))
    lines = _lines(shown, row, size=size, room=width - 2 * size)
    step = round(size * 1.55)
    sheet = Image.new("RGB", (width, joined.shape[0] + step * (len(lines) + 3)), PAPER)
    sheet.paste(Image.fromarray(joined), ((width - joined.shape[1]) // 2, 0))
    pen = ImageDraw.Draw(sheet)
    y = joined.shape[0] + step
    for text, ink, bold in lines:
        pen.text((size, y), text, font=font(size, bold=bold), fill=ink, anchor="lm")
        y += step
    _scale(pen, shown, at=(round(size), y), size=size, most=0.4 * plain.shape[1])
    return jpeg(sheet)


def _laid(shown: CoverPicture) -> NDArray[np.uint8]:
    assert shown.cover is not None
    weight = np.minimum(shown.cover.astype(np.float32) / 255 / _FULL, 1)[..., None]
    ground = 0.75 * (shown.pixels.astype(np.float32) @ GREY)[..., None]
    return np.asarray(np.rint(ground * (1 - weight) + _LAID * weight), np.uint8)


def _outlined(pixels: NDArray[np.uint8], shown: CoverPicture) -> NDArray[np.uint8]:
    out = pixels.copy()
    for ring in shown.rings:
        # OpenCV takes centres of pixels as whole numbers; here they lie at a half.
        places: Any = [np.rint((ring - 0.5) * 2**FRACTION).astype(np.int32)]
        cv2.polylines(out, places, True, (0, 0, 0), 3, cv2.LINE_AA, FRACTION)
        cv2.polylines(out, places, True, (255, 255, 255), 1, cv2.LINE_AA, FRACTION)
    return out


def _lines(shown: CoverPicture, row: Cover, *, size: float, room: float) -> list[tuple[str, tuple[int, int, int], bool]]:
    scene = shown.scene
    named = (row.site_name or row.site_id, row.zone, scene.part or scene.id, when(scene.acquired), scene.sensor)
    head = " · ".join(dict.fromkeys(filter(None, named)))
    pixel = f"pixels of {row.gsd_m:.3g} m, {row.px_per_width:.2g} across a container: {row.capability}, not a count"
    stands = "" if row.status == "done" else "not assessable: "
    seen = f"{stands}{row.observed_fraction:.0%} of the site seen" + ("" if row.cloud_checked else ", clouds not looked for")
    pink = "right: covered ground in pink, the stronger the more of a pixel" if shown.cover is not None else ""
    credit = " · ".join(filter(None, (scene.source, scene.licence))) or "source and licence not stated"
    said = [
        (head, INK, True), (row.said, INK, False), (" · ".join(filter(None, (pixel, seen, pink))), QUIET, False),
        (credit, QUIET, False),
    ]  # fmt: skip
    return [(line, ink, bold) for text, ink, bold in said for line in wrapped(clean(text), size, room, bold=bold)]


def _scale(pen: ImageDraw.ImageDraw, shown: CoverPicture, *, at: tuple[int, int], size: float, most: float) -> None:
    length = round_length(most * shown.m_px)
    x, y = at
    thick = max(3, round(size / 4))
    pen.rectangle((x, y, x + length / shown.m_px, y + thick), fill=INK)
    pen.text((x, y + 2 * thick), metres(length), font=font(size * 0.85), fill=INK, anchor="la")
