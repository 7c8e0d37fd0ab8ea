"""Canvas: a line drawing of a few primitives, written as SVG text or as pixels by the same coordinates."""

import importlib.resources
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

Ink = Literal["ink", "quiet", "rule", "accent", "paper", "warn"]

# Blue against grey and a rusty red keep apart for every common colour blindness; meaning is carried by shape as well.
COLOURS: dict[Ink, str] = {
    "ink": "#1a1d21", "quiet": "#5d646c", "rule": "#d9dce0", "accent": "#0b5c8a", "paper": "#ffffff", "warn": "#a83c0f",
}  # fmt: skip
# In a page the style sheet decides, by day and by night.
THEMED: dict[Ink, str] = {name: f"var(--{name})" for name in COLOURS}


@dataclass(frozen=True, slots=True)
class Stroke:
    """A polyline. dash: on and off lengths, or none."""

    points: tuple[tuple[float, float], ...]
    ink: Ink
    width: float = 1.0
    faint: float = 1.0
    dash: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Area:
    """A filled polygon without an edge. tip: what is said on hovering."""

    points: tuple[tuple[float, float], ...]
    ink: Ink
    faint: float = 1.0
    tip: str = ""


Anchor = Literal["start", "middle", "end"]
Shape = Literal["disc", "square", "diamond", "up", "down"]


@dataclass(frozen=True, slots=True)
class Dot:
    """A disc, or another shape about as large; hollow: with paper inside it. tip: what is said on hovering."""

    x: float
    y: float
    radius: float
    ink: Ink
    hollow: bool = False
    tip: str = ""
    shape: Shape = "disc"


@dataclass(frozen=True, slots=True)
class Words:
    """Text standing on the line y. anchor: which end of it is at x."""

    x: float
    y: float
    text: str
    ink: Ink = "quiet"
    size: float = 12.0
    anchor: Anchor = "start"
    bold: bool = False


Mark = Stroke | Area | Dot | Words


@dataclass(frozen=True, slots=True)
class Drawing:
    """Marks in order, on a sheet of (width, height). title: what a screen reader says of it."""

    width: float
    height: float
    marks: tuple[Mark, ...]
    title: str = ""


def svg(drawing: Drawing, *, colours: Mapping[Ink, str] = COLOURS, sheet: bool = False, css_class: str = "") -> str:
    """The drawing as SVG, every text escaped; `sheet` paints the paper and makes it a file of its own."""
    w, h = _n(drawing.width), _n(drawing.height)
    size = f' width="{w}" height="{h}" xmlns="http://www.w3.org/2000/svg"' if sheet else ""
    named = f' class="{css_class}"' if css_class else ""
    font = "font-family:Helvetica Neue,Helvetica,Arial,DejaVu Sans,sans-serif" if sheet else "font-family:inherit"
    head = f'<svg{named} viewBox="0 0 {w} {h}"{size} role="img" aria-label="{escape(drawing.title)}" style="{font}">'
    back = f'<rect width="{w}" height="{h}" fill="{colours["paper"]}"/>' if sheet else ""
    return head + back + "".join(_svg_mark(mark, colours) for mark in drawing.marks) + "</svg>"


def pixels(drawing: Drawing, *, scale: int = 3) -> Image.Image:
    """The drawing as an RGB picture, `scale` pixels a unit, smoothed."""
    fine = 2
    k = scale * fine
    picture = Image.new("RGB", (round(drawing.width * k), round(drawing.height * k)), COLOURS["paper"])
    pen = ImageDraw.Draw(picture)
    for mark in drawing.marks:
        _paint(pen, mark, k)
    return picture.resize((round(drawing.width * scale), round(drawing.height * scale)), Image.Resampling.LANCZOS)


def font(size: float, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which travels with matplotlib, so that pictures look the same on every machine."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    file = importlib.resources.files("matplotlib") / "mpl-data" / "fonts" / "ttf" / name
    with importlib.resources.as_file(file) as path:
        return ImageFont.truetype(str(path), max(6, round(size)))


def _svg_mark(mark: Mark, colours: Mapping[Ink, str]) -> str:
    if isinstance(mark, Stroke):
        points = " ".join(f"{_n(x)},{_n(y)}" for x, y in mark.points)
        faint = f";stroke-opacity:{_n(mark.faint)}" if mark.faint < 1 else ""
        dash = f";stroke-dasharray:{_n(mark.dash[0])} {_n(mark.dash[1])}" if mark.dash else ""
        cap = "butt" if mark.dash else "round"
        return (
            f'<polyline points="{points}" style="fill:none;stroke:{colours[mark.ink]};stroke-width:{_n(mark.width)}'
            f'{faint}{dash};stroke-linecap:{cap};stroke-linejoin:round"/>'
        )
    if isinstance(mark, Area):
        faint = f";fill-opacity:{_n(mark.faint)}" if mark.faint < 1 else ""
        return _svg_polygon(mark.points, f"fill:{colours[mark.ink]}{faint}", mark.tip)
    if isinstance(mark, Dot):
        fill = colours["paper"] if mark.hollow else colours[mark.ink]
        style = f"fill:{fill};stroke:{colours[mark.ink]};stroke-width:1.6"
        if mark.shape != "disc":
            return _svg_polygon(_corners(mark), style, mark.tip, css_class=mark.shape)
        tip = f"<title>{escape(mark.tip)}</title>" if mark.tip else ""
        return f'<circle cx="{_n(mark.x)}" cy="{_n(mark.y)}" r="{_n(mark.radius)}" style="{style}">{tip}</circle>'
    weight = ";font-weight:600" if mark.bold else ""
    return (
        f'<text x="{_n(mark.x)}" y="{_n(mark.y)}" text-anchor="{mark.anchor}" '
        f'style="fill:{colours[mark.ink]};font-size:{_n(mark.size)}px{weight}">{escape(mark.text)}</text>'
    )


def _svg_polygon(points: Sequence[tuple[float, float]], style: str, tip: str, *, css_class: str = "") -> str:
    named = f' class="{css_class}"' if css_class else ""
    told = f"<title>{escape(tip)}</title>" if tip else ""
    corners = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
    return f'<polygon{named} points="{corners}" style="{style};stroke-linejoin:round">{told}</polygon>'


# Corners in radii, so that the shapes look about as large as the disc.
_OUTLINES: dict[str, tuple[tuple[float, float], ...]] = {
    "square": ((-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)),
    "diamond": ((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)),
    "up": ((0, -1.1), (1.15, 0.9), (-1.15, 0.9)),
    "down": ((0, 1.1), (-1.15, -0.9), (1.15, -0.9)),
}  # fmt: skip


def _corners(dot: Dot) -> tuple[tuple[float, float], ...]:
    return tuple((dot.x + x * dot.radius, dot.y + y * dot.radius) for x, y in _OUTLINES[dot.shape])


def _paint(pen: ImageDraw.ImageDraw, mark: Mark, k: int) -> None:
    if isinstance(mark, Stroke):
        colour = _mixed(COLOURS[mark.ink], mark.faint)
        for piece in _dashed(mark):
            pen.line([(x * k, y * k) for x, y in piece], fill=colour, width=max(1, round(mark.width * k)), joint="curve")
    elif isinstance(mark, Area):
        pen.polygon([(x * k, y * k) for x, y in mark.points], fill=_mixed(COLOURS[mark.ink], mark.faint))
    elif isinstance(mark, Dot) and mark.shape != "disc":
        corners = [(x * k, y * k) for x, y in _corners(mark)]
        pen.polygon(corners, fill=COLOURS["paper"] if mark.hollow else COLOURS[mark.ink])
        pen.line([*corners, *corners[:2]], fill=COLOURS[mark.ink], width=round(1.6 * k), joint="curve")
    elif isinstance(mark, Dot):
        r = mark.radius + 0.8
        box = ((mark.x - r) * k, (mark.y - r) * k, (mark.x + r) * k, (mark.y + r) * k)
        fill = COLOURS["paper"] if mark.hollow else COLOURS[mark.ink]
        pen.ellipse(box, fill=fill, outline=COLOURS[mark.ink], width=round(1.6 * k))
    else:
        anchor = {"start": "ls", "middle": "ms", "end": "rs"}[mark.anchor]
        face = font(mark.size * k * 0.94, bold=mark.bold)
        pen.text((mark.x * k, mark.y * k), mark.text, font=face, fill=COLOURS[mark.ink], anchor=anchor)


def _dashed(stroke: Stroke) -> list[tuple[tuple[float, float], ...]]:
    """The polyline, or its dashes."""
    if stroke.dash is None:
        return [stroke.points]
    on, off = stroke.dash
    pieces: list[tuple[tuple[float, float], ...]] = []
    for (x0, y0), (x1, y1) in itertools.pairwise(stroke.points):
        length = math.hypot(x1 - x0, y1 - y0)
        for i in range(math.ceil(length / (on + off))):
            a, b = (min(d / length, 1.0) for d in (i * (on + off), i * (on + off) + on))
            pieces.append(((x0 + (x1 - x0) * a, y0 + (y1 - y0) * a), (x0 + (x1 - x0) * b, y0 + (y1 - y0) * b)))
    return pieces


def _mixed(colour: str, share: float) -> str:
    """A colour thinned with the paper."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 + (p - 255) * share):02x}" for p in parts)


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"


def joined(marks: Sequence[Sequence[Mark]]) -> tuple[Mark, ...]:
    """Layers of marks, the first at the bottom."""
    return tuple(mark for layer in marks for mark in layer)
