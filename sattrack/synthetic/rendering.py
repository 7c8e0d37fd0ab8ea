"""Draws a layout as a satellite sees it, and returns the picture with the truth: the visible top faces."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sattrack.geometry import Quads, areas
from sattrack.synthetic.faces import FACES, FaceMap, draw_faces
from sattrack.synthetic.ground import paint_ground
from sattrack.synthetic.layouts import Layout, draw_layout
from sattrack.synthetic.paintwork import paint_faces
from sattrack.synthetic.sensor import Sensor, draw_sensor, sense
from sattrack.synthetic.solids import BOX, TRAILER, Solids

# Beside the picture, as far as shadows and leaning stacks reach, metres.
_REACH_M = 40.0


@dataclass(frozen=True, slots=True)
class View:
    """Where satellite and sun stand. lean: (x, y) metres on the picture per metre of height. shadow: the same for shadows.

    ambient: light in the shade, as a share of full light.
    """

    lean: tuple[float, float] = (0.0, 0.0)
    shadow: tuple[float, float] = (0.5, 0.5)
    ambient: float = 0.35

    @property
    def sun_elevation_deg(self) -> float:
        """The sun's height over the horizon."""
        return math.degrees(math.atan2(1.0, math.hypot(*self.shadow)))

    @property
    def sun_azimuth_deg(self) -> float:
        """Where the sun stands, clockwise from the picture's top."""
        return math.degrees(math.atan2(-self.shadow[0], self.shadow[1])) % 360

    @property
    def off_nadir_deg(self) -> float:
        """How far from straight down the satellite looks."""
        return math.degrees(math.atan(math.hypot(*self.lean)))

    @property
    def view_azimuth_deg(self) -> float:
        """Where the satellite stands, clockwise from the picture's top; what is high leans away from it."""
        return math.degrees(math.atan2(-self.lean[0], self.lean[1])) % 360


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """A picture and its truth.

    picture: (rows, cols, 3) uint8 RGB. quads: (n, 4, 2) float64 corners in pixels of the visible top faces of topmost boxes, at
    least half of each in view (corners may lie outside the picture by less than half a box). unsure: (m, 4, 2) the same of
    trailers, which nobody could tell from boxes: neither truth nor ground. gsd_m: metres per pixel.
    zones: (n,) index of the yard's zone per box, -1 for none. solids: (n,) row of each in the layout's solids. kind: of place.
    """

    picture: NDArray[np.uint8]
    quads: Quads
    unsure: Quads
    gsd_m: float
    zones: NDArray[np.int32]
    solids: NDArray[np.intp]
    view: View
    sensor: Sensor
    kind: str = ""


def draw_view(rng: np.random.Generator) -> View:
    """A sun of 24 to 75 degrees anywhere, a satellite up to 36 degrees off nadir anywhere."""
    elevation, sun = np.radians(rng.uniform(24, 75)), rng.uniform(0, 2 * np.pi)
    off_nadir, look = np.tan(np.radians(min(abs(rng.normal(0, 17)), 36))), rng.uniform(0, 2 * np.pi)
    reach = min(1 / np.tan(elevation), 2.2)
    return View(
        (float(off_nadir * np.cos(look)), float(off_nadir * np.sin(look))),
        (float(reach * np.cos(sun)), float(reach * np.sin(sun))),
        float(rng.uniform(0.2, 0.6)),
    )


def render_tile(
    seed: int, *, gsd_m: float, shape: tuple[int, int] = (256, 256), kind: str | None = None, pan: bool | None = None
) -> Rendered:
    """A random yard, sun, satellite and sensor, all from the seed. shape: (rows, cols); gsd_m: metres per pixel.

    kind: of place, one of layouts.SHARES; pan: gray or colour; none: drawn.
    """
    rng = np.random.default_rng(seed)
    layout = draw_layout(rng, extent_m=(shape[1] * gsd_m, shape[0] * gsd_m), kind=kind)
    view, sensor = draw_view(rng), draw_sensor(rng, pan=pan)
    return render_scene(layout, gsd_m=gsd_m, shape=shape, view=view, sensor=sensor, rng=rng)


def render_scene(
    layout: Layout, *, gsd_m: float, shape: tuple[int, int], view: View, sensor: Sensor, rng: np.random.Generator,
    supersample: int | None = None,
) -> Rendered:  # fmt: skip
    """Draws a layout (metres, (0, 0) at the top-left corner) on shape (rows, cols) pixels of gsd_m metres.

    supersample: cells per pixel each way; none: as many as make a cell about 0.17 m, from 2 to 4.
    """
    factor = supersample or int(np.clip(round(gsd_m / 0.17), 2, 4))
    cell = gsd_m / factor
    fine = shape[0] * factor, shape[1] * factor
    seen = draw_faces(layout.solids, lean=view.lean, cell_m=cell, shape=fine)
    light = _shadows(layout.solids, seen=seen, view=view, cell_m=cell, extent_m=(shape[1] * gsd_m, shape[0] * gsd_m))
    bright = paint_ground(layout.ground, cell_m=cell, shape=fine)
    paint_faces(
        bright, things=layout.solids, seen=seen, lean=view.lean, shadow=view.shadow, ambient=view.ambient, cell_m=cell, rng=rng,
        wear=layout.wear,
    )  # fmt: skip
    # The shade is lit by the blue sky.
    for channel, sky in enumerate((0.94, 1.0, 1.10)):
        bright[..., channel] *= light + (1 - light) * np.float32(view.ambient * sky)
    small = np.asarray(cv2.resize(bright, (shape[1], shape[0]), interpolation=cv2.INTER_AREA), np.float32)
    tops = (layout.solids.footprints() + np.asarray(view.lean) * layout.solids.top[:, None, None]) / gsd_m
    visible = _visible(layout.solids, seen=seen, cell_m=cell)
    rows = np.nonzero(visible & (layout.solids.kind == BOX))[0]
    unsure = tops[visible & (layout.solids.kind == TRAILER)]
    picture = sense(small, sensor=sensor, rng=rng)
    return Rendered(picture, tops[rows], unsure, gsd_m, layout.solids.zone[rows], rows, view, sensor, layout.kind)


def _visible(things: Solids, *, seen: FaceMap, cell_m: float) -> NDArray[np.bool_]:
    """(n,) whether at least half of the top face is in view: not hidden, not outside."""
    cells = np.bincount(seen.ids.ravel(), minlength=1 + FACES * len(things))[1::FACES]
    whole = areas(things.footprints()) / cell_m**2
    return np.asarray(cells >= 0.5 * whole)


def _shadows(things: Solids, *, seen: FaceMap, view: View, cell_m: float, extent_m: tuple[float, float]) -> NDArray[np.float32]:
    """(rows, cols) 1 where the sun reaches what is seen, 0 where something stands between."""
    step = max(cell_m, 0.2)
    size = int((extent_m[1] + 2 * _REACH_M) / step), int((extent_m[0] + 2 * _REACH_M) / step)
    sun = draw_faces(things, lean=view.shadow, cell_m=step, shape=size, origin=(-_REACH_M, -_REACH_M))
    rows, cols = seen.ids.shape
    x = (np.arange(cols, dtype=np.float32) + 0.5)[None, :] * np.float32(cell_m)
    y = (np.arange(rows, dtype=np.float32) + 0.5)[:, None] * np.float32(cell_m)
    away = np.asarray(view.shadow, np.float32) - np.asarray(view.lean, np.float32)
    at_x = (x + away[0] * seen.height + np.float32(_REACH_M)) / np.float32(step) - np.float32(0.5)
    at_y = (y + away[1] * seen.height + np.float32(_REACH_M)) / np.float32(step) - np.float32(0.5)
    first = cv2.remap(sun.height, at_x, at_y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(first <= seen.height + np.float32(0.35), np.float32)
