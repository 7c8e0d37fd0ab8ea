"""Marks: what is drawn over a picture of a scene - boxes by length, outlines, ground not seen, a scale bar, north."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from sattrack.geometry import Points, Quads
from sattrack.imagery import Grid
from sattrack.reports.views import View, rings, shown_boxes
from sattrack.results import Part, Seen
from sattrack.steps.observing import seen_at
from sattrack.steps.picking import Mask, sure, within
from sattrack.steps.sizing import LENGTH_CLASSES, length_classes, length_m, north_angle
from sattrack.timeline import Site

# Bright on any ground, and apart in lightness for every common colour blindness: RGB.
CLASS_COLOURS: dict[str, tuple[int, int, int]] = {"20ft": (255, 224, 25), "40ft": (0, 229, 255), "45ft": (255, 110, 220)}
CLASS_NAMES = {"20ft": "20 ft", "40ft": "40 ft", "45ft": "45 ft"}
_UNSEEN_PX = 700


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """An outline's rings in pixels of the view. kind: site, zone or exclude."""

    rings: tuple[Points, ...]
    kind: str
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """All in pixels of a view. counted: boxes of the place by length class; outside: boxes of the scene that belong to no count
    here; weak: boxes under the threshold; unseen: rings round ground that the detector did not see (even-odd).
    """

    counted: dict[str, Quads]
    outside: Quads
    weak: Quads
    outlines: tuple[Outline, ...]
    unseen: tuple[Points, ...]

    @property
    def n_counted(self) -> int:
        return sum(len(quads) for quads in self.counted.values())


@dataclass(frozen=True, slots=True)
class ScaleBar:
    """A round length on the ground and its length in pixels of the view."""

    metres: float
    px: float


def marks_on(
    part: Part, view: View, *, counted: Mask, threshold: float, site: Site | None = None, sites: Sequence[Site] = (),
    weak: bool = False,
) -> Marks:  # fmt: skip
    """What is drawn over a view. counted: (n,) which boxes of the file are, also outside every site. With `site` set only its
    boxes are shown as counted, and only its ground as not seen; without, the boxes of all `sites`, or, where there are none
    either, of the whole scene.
    """
    found, grid = part.detections, part.scene.grid
    places = [site] if site else [other for other in sites if not other.excludes]
    if places:
        counted = counted & np.logical_or.reduce([within(part, place) for place in places])
    seen = shown_boxes(found.quads, view) if len(found) else np.zeros(0, bool)
    placed, strong = view.place(found.quads), sure(found, threshold=threshold)
    classes = np.array(length_classes(length_m(found.quads, grid=grid)), str)
    return Marks(
        counted={name: placed[seen & counted & (classes == name)] for name in LENGTH_CLASSES},
        outside=placed[seen & strong & ~counted],
        weak=placed[seen & ~strong] if weak else placed[:0],
        outlines=_outlines(site, sites, view=view, grid=grid),
        unseen=_unseen(part.seen, view, place=rings(site, grid=grid) if site else ()),
    )


def scale_bar(view: View, *, grid: Grid, share: float = 0.22) -> ScaleBar:
    """The longest of 1, 2 or 5 times a power of ten metres within a share of the view's width."""
    per_px = view.metres_across(grid) / view.width
    metres = round_length(view.width * share * per_px)
    return ScaleBar(metres, metres / per_px)


def round_length(most: float) -> float:
    """The longest of 1, 2 or 5 times a power of ten up to a length, metres."""
    power = 10.0 ** math.floor(math.log10(most))
    return max(m * power for m in (1, 2, 5) if m * power <= most * (1 + 1e-9))


def north_in(view: View, *, grid: Grid) -> float | None:
    """Where north points in the view, degrees clockwise from up; none where the scene has no CRS to tell."""
    if not grid.georeferenced:
        return None
    turn = math.radians(north_angle(grid))
    # Pixels may be longer one way than the other, in the scene and in the view.
    scale_x = view.width / view.metres_across(grid)
    scale_y = view.height / (view.window.height * grid.gsd_m[1])
    return math.degrees(math.atan2(math.sin(turn) * scale_x, math.cos(turn) * scale_y)) % 360


def _outlines(site: Site | None, sites: Sequence[Site], *, view: View, grid: Grid) -> tuple[Outline, ...]:
    """The place itself, zones of the same site, exclusions; without a place, all outlines that the view meets."""
    drawn = []
    for other in sites:
        kind = "exclude" if other.excludes else "zone" if other.zone else "site"
        if site is not None and not other.excludes and other.id != site.id:
            continue
        placed = tuple(view.place(ring) for ring in rings(other, grid=grid))
        if placed and _meets(np.concatenate(placed), view):
            name = other.zone or other.name or other.id
            drawn.append(Outline(placed, kind, name))
    return tuple(drawn)


def _meets(points: Points, view: View) -> bool:
    low, high = points.min(axis=0), points.max(axis=0)
    return bool((high > 0).all() and low[0] < view.width and low[1] < view.height)


def _unseen(seen: Seen, view: View, *, place: Sequence[Points]) -> tuple[Points, ...]:
    """Rings round what was not seen, of the place where there is one, else of the whole view."""
    factor = min(1.0, _UNSEEN_PX / max(view.width, view.height))
    cols, rows = max(1, round(view.width * factor)), max(1, round(view.height * factor))
    scale = np.array([view.width / cols, view.height / rows])
    x, y = np.meshgrid(np.arange(cols) + 0.5, np.arange(rows) + 0.5)
    points = view.back(np.stack([x, y], axis=-1).reshape(-1, 2) * scale)
    blind = (seen_at(seen, points) < 0.5).reshape(rows, cols).astype(np.uint8)
    if place:
        own = np.zeros_like(blind)
        cv2.fillPoly(own, [np.rint(view.place(ring) / scale).astype(np.int32) for ring in place], [1])
        blind &= own
    if not blind.any():
        return ()
    # Doubled, so that the contour, which runs through pixel centres, lies a quarter of a sample inside the true edge.
    fine = cv2.resize(blind, (cols * 2, rows * 2), interpolation=cv2.INTER_NEAREST)
    contours, _ = cv2.findContours(fine, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    simple = [cv2.approxPolyDP(c, 1.0, True)[:, 0].astype(float) for c in contours if cv2.contourArea(c) >= 24]
    return tuple((ring + 0.5) / 2 * scale for ring in simple)
