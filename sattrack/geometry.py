"""Points, quads and affine maps.

One convention: points are (x, y) = (column, row), continuous; (0, 0) is the OUTER CORNER of the top-left pixel; intervals are
half-open; shapes are (rows, columns). A quad is four corners in order around the box, shape (4, 2); quads have shape (n, 4, 2).
"""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Quads = NDArray[np.float64]
Numbers = NDArray[np.float64]
Affine6 = tuple[float, float, float, float, float, float]


def apply_affine(transform: Affine6, points: Points) -> Points:
    """(..., 2) points through x' = a x + b y + c, y' = d x + e y + f; what is not finite stays so."""
    a, b, c, d, e, f = transform
    x, y = points[..., 0], points[..., 1]
    with np.errstate(invalid="ignore"):
        return np.stack([a * x + b * y + c, d * x + e * y + f], axis=-1)


def invert_affine(transform: Affine6) -> Affine6:
    """The inverse map; ValueError where the transform is singular or not finite."""
    a, b, c, d, e, f = transform
    det = a * e - b * d
    if not np.all(np.isfinite((*transform, det))) or det == 0 or not np.isfinite(1.0 / det):
        raise ValueError("the transform is singular or not finite")
    ia, ib, id_, ie = e / det, -b / det, -d / det, a / det
    return (ia, ib, -(ia * c + ib * f), id_, ie, -(id_ * c + ie * f))


def columns(quads: Quads) -> NDArray[np.float64]:
    """(n, 4, 2) -> (2, 4, n): all x, then all y, a row for each corner; arithmetic on whole rows is several times as fast."""
    return np.ascontiguousarray(quads.transpose(2, 1, 0))


def centres(quads: Quads) -> Points:
    """(n, 4, 2) -> (n, 2), the mean of the corners."""
    a, b, c, d = columns(quads).swapaxes(0, 1)
    return np.asarray(((a + b + c + d) / 4).T)


def areas(quads: Quads) -> Numbers:
    """(n, k, 2) -> (n,), shoelace, always positive, in squared units of the points."""
    x, y = quads[..., 0], quads[..., 1]
    return np.asarray(np.abs(np.sum(x * np.roll(y, -1, 1) - np.roll(x, -1, 1) * y, axis=1)) / 2)


def sides(quads: Quads) -> tuple[Numbers, Numbers, Points]:
    """Long side, short side, and the long axis (n, 2) as a unit vector with x >= 0; each side is the mean of its pair."""
    a, b, c, d = columns(quads).swapaxes(0, 1)
    first, second = ((b - a) - (d - c)) / 2, ((c - b) - (a - d)) / 2
    first_len, second_len = np.hypot(*first), np.hypot(*second)
    long, short = np.maximum(first_len, second_len), np.minimum(first_len, second_len)
    axis = np.where(second_len > first_len, second, first) / np.maximum(long, 1e-12)
    flip = (axis[0] < 0) | ((axis[0] == 0) & (axis[1] < 0))
    return long, short, np.where(flip, -axis, axis).T


def quads_from_xywhr(boxes: NDArray[np.float64]) -> Quads:
    """(n, 5) centre x, centre y, width, height, angle in radians (clockwise in pixel axes) -> (n, 4, 2)."""
    cos, sin = np.cos(boxes[:, 4]), np.sin(boxes[:, 4])
    u = np.stack([boxes[:, 2] / 2 * cos, boxes[:, 2] / 2 * sin], axis=-1)
    v = np.stack([-boxes[:, 3] / 2 * sin, boxes[:, 3] / 2 * cos], axis=-1)
    c = boxes[:, :2]
    return np.stack([c - u - v, c + u - v, c + u + v, c - u + v], axis=1)
