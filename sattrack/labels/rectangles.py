"""Rectangles: what labellers draw around a box, as its four corners."""

import cv2
import numpy as np

from sattrack.geometry import Points, Quads, areas

# A box that covers less of a pixel is a slip of the hand.
_LEAST_AREA_PX = 0.05


def as_corners(points: Points, *, gsd_m: tuple[float, float]) -> Quads:
    """(k, 2) -> (1, 4, 2): four corners that go round stay as they are; anything else becomes its smallest rectangle.

    ValueError where it has no area.
    """
    ring = _open(points)
    if len(ring) == 4 and _goes_round(ring):
        return _with_area(ring[None])
    return smallest_rectangle(points, gsd_m=gsd_m)


def smallest_rectangle(points: Points, *, gsd_m: tuple[float, float] = (1.0, 1.0)) -> Quads:
    """(k, 2) in pixels -> (1, 4, 2): of all rectangles on the ground around the points the one of least area.

    ValueError where it has no area. Right angles are right on the ground also where pixels are longer one way.
    """
    ring = _open(points)
    if len(ring) < 3:
        raise ValueError(f"has {len(ring)} corners")
    ground = ring * gsd_m
    middle = ground.mean(axis=0)  # OpenCV counts in 32 bits
    rectangle = cv2.boxPoints(cv2.minAreaRect((ground - middle).astype(np.float32))).astype(float)
    return _with_area(((rectangle + middle) / gsd_m)[None])


def upright(left: float, top: float, width: float, height: float, *, degrees: float = 0.0) -> Points:
    """The corners (4, 2) of an upright box, turned clockwise about its middle."""
    half = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.asarray(half @ np.array([[cos, sin], [-sin, cos]]) + (left + width / 2, top + height / 2))


def _open(points: Points) -> Points:
    return points[:-1] if len(points) > 3 and (points[0] == points[-1]).all() else points


def _goes_round(ring: Points) -> bool:
    """Whether four corners are those of a convex quadrilateral, in order."""
    edge = np.roll(ring, -1, axis=0) - ring
    after = np.roll(edge, -1, axis=0)
    turn = edge[:, 0] * after[:, 1] - edge[:, 1] * after[:, 0]
    return bool((turn > 0).all() or (turn < 0).all())


def _with_area(quads: Quads) -> Quads:
    if areas(quads)[0] < _LEAST_AREA_PX:
        raise ValueError("has no area")
    return quads
