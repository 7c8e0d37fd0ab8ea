"""Views: a scene's pixels read again for showing, decimated, with the one stretch that the detector saw."""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sattrack.errors import SattrackError
from sattrack.geometry import Points, Quads
from sattrack.imagery import Grid, Window, is_remote
from sattrack.ports import Reader
from sattrack.results import Part
from sattrack.steps.grounding import pixel_rings
from sattrack.steps.stretching import apply_stretch
from sattrack.timeline import Site

# Ground that holds no pixel: a gray on which boxes and light hatching stay visible.
BLANK = (104, 107, 110)
# What stands where there is no picture at all: dark, so that the boxes on it are seen.
NO_PICTURE = (38, 42, 47)
# Most scene pixels that are read at once for a decimated picture.
_BAND_PX = 8_000_000
# Round a site so much of its own size is shown, and at least so many metres.
_ROOM, _LEAST_ROOM_M = 0.08, 25.0


@dataclass(frozen=True, slots=True)
class View:
    """A window of a scene, and the size (width, height) in pixels at which it is shown."""

    window: Window
    width: int
    height: int

    def place(self, points: Points) -> Points:
        """Scene pixels (..., 2) -> pixels of the view."""
        w = self.window
        scale = np.array([self.width / w.width, self.height / w.height])
        return np.asarray((points - np.array([w.col, w.row])) * scale)

    def back(self, points: Points) -> Points:
        """Pixels of the view (..., 2) -> scene pixels."""
        w = self.window
        scale = np.array([w.width / self.width, w.height / self.height])
        return np.asarray(points * scale + np.array([w.col, w.row]))

    def metres_across(self, grid: Grid) -> float:
        """Ground from the left edge to the right one."""
        return self.window.width * grid.gsd_m[0]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """pixels: (height, width, 3) uint8 RGB, BLANK where nothing is; none, with the reason, where the scene cannot be shown."""

    pixels: NDArray[np.uint8] | None
    missing: str = ""


def view_on_ground(window: Window, *, grid: Grid, most_px: int) -> View:
    """The view with pixels as long one way as the other on the ground, at most `most_px` a side, never finer than the scene."""
    across, down = window.width * grid.gsd_m[0], window.height * grid.gsd_m[1]
    metres = max(min(grid.gsd_m), across / most_px, down / most_px)
    return View(window, max(1, min(most_px, round(across / metres))), max(1, min(most_px, round(down / metres))))


def view_in_pixels(window: Window, *, most_px: int, enlarge: int) -> View:
    """The view in the scene's own pixels: decimated to at most `most_px` a side, or enlarged a whole number of times."""
    longest = max(window.width, window.height)
    factor = max(1, min(enlarge, most_px // longest)) if longest <= most_px else most_px / longest
    return View(window, max(1, round(window.width * factor)), max(1, round(window.height * factor)))


def rings(site: Site, *, grid: Grid) -> tuple[Points, ...]:
    """The outline's rings (outer ones and holes) in scene pixels; none without an outline or a CRS, or out of its reach."""
    if site.outline is None or not grid.georeferenced:
        return ()
    placed = pixel_rings(site.outline, grid=grid)
    return tuple(ring for polygon in placed for ring in polygon if len(ring) and np.isfinite(ring).all())


def neighbourhood(outline: tuple[Points, ...], *, grid: Grid) -> Window | None:
    """The window round a site, with some room; none where the scene does not touch it.

    It may reach a little over the scene's edge, so that a site which the scene cuts is seen to be cut.
    """
    if not outline:
        return None
    corners = np.concatenate(outline)
    low, high = corners.min(axis=0), corners.max(axis=0)
    shape = np.array(grid.shape[::-1], float)
    if (high <= 0).any() or (low >= shape).any():
        return None
    gsd = np.array(grid.gsd_m)
    border = np.maximum((high - low) * _ROOM, _LEAST_ROOM_M / gsd)
    over = np.maximum(shape * 0.15, border)
    first = np.floor(np.maximum(low - border, np.where(low < 0, -over, 0.0))).astype(int)
    last = np.ceil(np.minimum(high + border, np.where(high > shape, shape + over, shape))).astype(int)
    return Window(int(first[0]), int(first[1]), int(last[0] - first[0]), int(last[1] - first[1]))


def take(part: Part, view: View, *, reader: Reader | None, remote: bool = False) -> Picture:
    """The view's pixels; a scene that is gone, has changed or cannot be read costs the picture, never the report."""
    if reader is None:
        return Picture(None, "no reader was given")
    if missing := unlike(part, reader=reader, remote=remote):
        return Picture(None, missing)
    try:
        return Picture(_read(part, view, reader))
    except SattrackError as error:
        return Picture(None, error.message)


def unlike(part: Part, *, reader: Reader, remote: bool = False) -> str:
    """Why a scene's file must not be shown as what was counted; empty where it is still the same, mask and all."""
    if not remote and any(map(is_remote, part.scene.locations)):
        return "the scene lies on a server, which was not asked"
    try:
        same = reader.digest(part.scene) == part.sha256
    except SattrackError as error:
        return error.message
    return "" if same else "the scene's file has changed since it was counted"


def shown_boxes(quads: Quads, view: View) -> NDArray[np.bool_]:
    """Which boxes (n, 4, 2), in scene pixels, touch the view."""
    placed = view.place(quads)
    low, high = placed.min(axis=1), placed.max(axis=1)
    return np.asarray((high > 0).all(axis=1) & (low < np.array([view.width, view.height])).all(axis=1))


def _read(part: Part, view: View, reader: Reader) -> NDArray[np.uint8]:
    """In bands of rows, since a reader may hold a window at the scene's own pixels: memory does not grow with the scene."""
    pixels = np.empty((view.height, view.width, 3), np.uint8)
    for rows, window in _bands(view):
        raw, valid = reader.read(part.scene, window, (rows.stop - rows.start, view.width))
        shown = apply_stretch(raw, part.stretch)
        shown[~valid] = BLANK
        pixels[rows] = shown
    return pixels


def _bands(view: View) -> list[tuple[slice, Window]]:
    """Rows of the view with the scene rows behind them. Only strongly decimated views are cut: there a band's edge, which
    falls on whole scene rows, is off by less than half a pixel of the view.
    """
    w = view.window
    factor = w.height / view.height
    if factor < 2:
        return [(slice(0, view.height), w)]
    step = max(1, int(_BAND_PX / w.width / factor))
    edges = [*range(0, view.height, step), view.height]
    bands = []
    for first, last in itertools.pairwise(edges):
        top, bottom = round(first * factor), round(last * factor)
        bands.append((slice(first, last), Window(w.col, w.row + top, w.width, bottom - top)))
    return bands
