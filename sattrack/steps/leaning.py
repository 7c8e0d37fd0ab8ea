"""Leaning: whether two views of a place lean differently, by where like boxes of both stand against each other."""

import numpy as np
from numpy.typing import NDArray

from sattrack.changes import Lean
from sattrack.geometry import Points, Quads, centres, sides

# As far as tops are looked for from where they stood: five tiers seen at 20 degrees lean by some 5 m.
_REACH_M = 6.0
# Boxes are alike up to these differences of length (metres) and direction (cosine of 15 degrees).
_LENGTH_M, _TURN = 1.5, 0.966
# Within so much of each other two places are one: detection and hand put edges half a pixel wrong.
_SAME_M = 0.7
# From here on boxes are shifted before they are matched, and from here on no longer matched: tops of a tier more stand twice as
# far off, and a box's neighbour is 2.7 m away.
STANDS_M, CONFUSES_M = 0.75, 1.2
# Fewer boxes than this, or than this share of the fewer ones, say nothing; of a lean more must tell.
_LEAST, _LEAST_SHARE, _LEAST_LEANING = 5, 0.12, 0.2
# A shift at which so many boxes of one date alone find a like one leads from slot to slot: boxes that came may stand so.
_SLOTS = 0.3
# What stands elsewhere must be backed by so many times what stands still.
_BETTER = 1.5
_STEP_M = 0.5


def lean_between(before: Quads, after: Quads) -> Lean | None:
    """The shift of the tops against the ground, later less earlier, in the frame of the quads (n, 4, 2), metres.

    The scenes' own offset must be removed before. None where the boxes do not tell: few stand where they stood and few are
    shifted together. A shift of 0 means that boxes do stand where they stood. Stacks of unlike height shift unlike far: then
    the shift that most boxes share is told.
    """
    if min(len(before), len(after)) < _LEAST:
        return None
    pairs = _alike(before, after)
    moves = centres(after)[pairs[1]] - centres(before)[pairs[0]]
    steps = np.arange(-_REACH_M, _REACH_M + _STEP_M / 2, _STEP_M)
    places = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    places = places[np.hypot(*places.T) <= _REACH_M]
    backed = np.array([_one_to_one(pairs, moves, place) for place in places])
    still = np.hypot(*places.T) <= STANDS_M
    best, at_rest = int(backed.argmax()), int(backed[still].max())
    least = max(_LEAST, _LEAST_SHARE * min(len(before), len(after)))
    if at_rest >= least and backed[best] < _BETTER * at_rest:
        return Lean(0.0, 0.0)
    if at_rest >= least and _leads_to_slots(before, places[best]):
        return Lean(0.0, 0.0)
    if (
        backed[best] < max(least, _LEAST_LEANING * min(len(before), len(after)))
        or still[best]
        or backed[best] < _BETTER * max(at_rest, 1)
    ):
        return None
    near = np.hypot(*(moves - places[best]).T) <= _SAME_M
    x, y = np.median(moves[near], axis=0)
    return Lean(float(x), float(y))


def _alike(before: Quads, after: Quads) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs (rows of before, rows of after) of like length and direction no further apart than is looked for."""
    from scipy.spatial import cKDTree  # not with the module: most pages are written of runs without a pair

    trees = cKDTree(centres(before)), cKDTree(centres(after))
    found = trees[0].sparse_distance_matrix(trees[1], _REACH_M + _SAME_M, output_type="ndarray")
    i, j = found["i"].astype(np.intp), found["j"].astype(np.intp)
    (long, _, axis), (other_long, _, other_axis) = sides(before), sides(after)
    like = (np.abs(long[i] - other_long[j]) <= _LENGTH_M) & (np.abs(_dot(axis[i], other_axis[j])) >= _TURN)
    return i[like], j[like]


def _one_to_one(pairs: tuple[NDArray[np.intp], NDArray[np.intp]], moves: Points, place: Points) -> int:
    """How many boxes find a like one when all are moved by `place`, none taken twice."""
    near = np.hypot(*(moves - place).T) <= _SAME_M
    return min(len(np.unique(pairs[0][near])), len(np.unique(pairs[1][near])))


def _leads_to_slots(quads: Quads, place: Points) -> bool:
    """Whether boxes of one date stand in rows of this pitch."""
    pairs = _alike(quads, quads)
    middle = centres(quads)
    return _one_to_one(pairs, middle[pairs[1]] - middle[pairs[0]], place) >= _SLOTS * len(quads)


def _dot(first: Points, second: Points) -> NDArray[np.float64]:
    return np.asarray(np.einsum("ij,ij->i", first, second))
