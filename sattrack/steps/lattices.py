"""Lattices: square pixels on the ground of a place, on which scenes of any grid are laid to be compared."""

from dataclasses import dataclass

import numpy as np
import shapely

from sattrack.geometry import Points
from sattrack.steps.grounding import Frame

# Both scenes are laid on pixels of the coarser one, no finer than this; ground round the site helps to register them.
_FINEST_M, _MARGIN_M = 0.4, 40.0
# Of a larger site its middle is registered, pixels a side.
_MOST_PX = 2400


@dataclass(frozen=True, slots=True)
class Lattice:
    """Square pixels on a frame's ground, rows down.

    origin: the top-left corner in the frame's metres. up: -1 where the frame's y runs up. shape: (rows, cols).
    """

    frame: Frame
    origin: tuple[float, float]
    up: float
    shape: tuple[int, int]
    pixel_m: float

    def flat(self, ground: Points) -> Points:
        """The frame's metres -> metres from the top-left corner, rows down."""
        return np.asarray((ground - np.asarray(self.origin)) * np.array([1.0, self.up]))

    def ground(self, flat: Points) -> Points:
        """The way back."""
        return np.asarray(flat * np.array([1.0, self.up]) + np.asarray(self.origin))


def lattice_round(
    outline: shapely.Geometry, *, frame: Frame, finest_m: float, most_px: int, room: float = 0.0, least_room_m: float = 0.0
) -> Lattice:
    """The lattice to show an outline on, all of it, in the frame's metres: pixels of finest_m, or as many as most_px a side.

    room: ground round the outline, as a share of its longer side, but at least least_room_m.
    """
    left, low, right, high = outline.bounds
    border = max(room * max(right - left, high - low), least_room_m)
    size = np.array([right - left, high - low]) + 2 * border
    pixel = max(finest_m, float(size.max()) / most_px)
    up = -1.0 if frame.crs is not None else 1.0
    origin = left - border, (high + border if up < 0 else low - border)
    return Lattice(frame, origin, up, (max(1, round(size[1] / pixel)), max(1, round(size[0] / pixel))), pixel)


def lattice_over(outline: shapely.Geometry, *, frame: Frame, gsd_m: float) -> Lattice:
    """The lattice over an outline in the frame's metres, for scenes of which the coarser has pixels of gsd_m."""
    pixel = max(_FINEST_M, gsd_m)
    margin = _MARGIN_M if frame.crs is not None else 0.0
    left, low, right, high = outline.bounds
    cols, rows = ((b - a + 2 * margin) / pixel for a, b in ((left, right), (low, high)))
    half = np.minimum([cols, rows], _MOST_PX) / 2 * pixel
    middle = np.array([(left + right) / 2, (low + high) / 2])
    up = -1.0 if frame.crs is not None else 1.0
    origin = middle - half * np.array([1.0, up])
    shape = (max(1, round(2 * half[1] / pixel)), max(1, round(2 * half[0] / pixel)))
    return Lattice(frame, (float(origin[0]), float(origin[1])), up, shape, pixel)
