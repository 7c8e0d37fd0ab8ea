"""Sharing: which ground two scenes both saw, and where on it a box of either may speak."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sattrack.geometry import Points
from sattrack.steps.observing import CELL_M

# A box's length: what the edge of the seen ground cuts looks shorter, stands elsewhere, or is not found.
MARGIN_M = 12.2
# A cell of what was seen is never passed over.
_STEPS = np.arange(-MARGIN_M, MARGIN_M + CELL_M, CELL_M)
_ROUND = np.stack(np.meshgrid(_STEPS, _STEPS), axis=-1).reshape(-1, 2)
_ROUND = _ROUND[np.hypot(*_ROUND.T) <= MARGIN_M]
_AT_ONCE = 4096
# A pixel: edges that lie no further apart are one.
_EDGE_M = 0.6

# Which of the points (n, 2), metres, a scene saw.
Saw = Callable[[Points], NDArray[np.bool_]]


def seen_by_both(points: Points, *, saw: tuple[Saw, Saw]) -> NDArray[np.bool_]:
    """(n,) which points both scenes saw."""
    return saw[0](points) & saw[1](points)


def comparable(points: Points, *, saw: tuple[Saw, Saw]) -> NDArray[np.bool_]:
    """(n,) which points both scenes saw, with no ground within MARGIN_M that only one of them saw.

    Where neither saw the ground beyond, boxes are cut alike at both.
    """
    found = np.zeros(len(points), bool)
    for start in range(0, len(points), _AT_ONCE):
        some = points[start : start + _AT_ONCE]
        near = (some[:, None] + _ROUND).reshape(-1, 2)
        apart = _seen_by_one(near, saw=saw).reshape(len(some), -1).any(axis=1)
        found[start : start + _AT_ONCE] = ~apart & seen_by_both(some, saw=saw)
    return found


def _seen_by_one(points: Points, *, saw: tuple[Saw, Saw]) -> NDArray[np.bool_]:
    """(n,) which points only one scene saw, and does not just see a little further there."""
    apart = np.logical_xor(saw[0](points), saw[1](points))
    for step in ((_EDGE_M, 0.0), (-_EDGE_M, 0.0), (0.0, _EDGE_M), (0.0, -_EDGE_M)):
        rows = np.flatnonzero(apart)
        apart[rows] = ~seen_by_both(points[rows] + np.array(step), saw=saw)
    return apart
