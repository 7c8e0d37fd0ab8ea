"""Roofs: whether two boxes in one place look alike, against how alike any two boxes of the scenes look."""

import cv2
import numpy as np
from numpy.typing import NDArray

from sattrack.geometry import Quads, centres
from sattrack.imagery import Window
from sattrack.steps.registering import Look

# Of a box's roof only the middle is looked at: its edges are mixed with what is beside it.
_MIDDLE = 0.6
# How much denser the smallest ranks are among boxes that stayed than among any two boxes: (1 + k)(1 - rank)^k.
_SHARPNESS = 3.0
# Differences this small are of light and grain: grey levels of 255, and deviations.
_GREY_LEVELS, _ALIKE = 8.0, 0.25
# With fewer boxes a scene's own colours are not known.
_LEAST = 8
_MOST = 400


def likeness(earlier: Look, later: Look, *, pairs: NDArray[np.intp]) -> NDArray[np.float64]:
    """(k,) how many times likelier the colours of each pair (k, 2) are where a box stayed than where another took its place.

    Colours are set against those of the scene's other boxes, so that haze, sun and stretch drop out. A pair's rank is the share
    of all pairs of boxes, one of each date, that look more alike: an exchange gives any rank, the same box a small one.
    1 of a pair of which a roof lies off its look, and where there are too few boxes to say.
    """
    told = np.ones(len(pairs))
    shown = _shown(earlier), _shown(later)
    both = shown[0][pairs[:, 0]] & shown[1][pairs[:, 1]]
    if not both.any() or min(int(some.sum()) for some in shown) < _LEAST:
        return told
    first, second = _own(earlier, shown[0]), _own(later, shown[1])
    apart = np.linalg.norm(first[pairs[both, 0]] - second[pairs[both, 1]], axis=1)
    seen = first[shown[0]], second[shown[1]]
    some = [own[:: -(-len(own) // _MOST)] for own in seen]
    usual = np.sort(np.linalg.norm(some[0][:, None] - some[1][None], axis=2).ravel())
    # Over all ranks that a pair may have: in a yard of one paint it may have any, and says nothing.
    first_rank = np.searchsorted(usual, apart - _ALIKE) / len(usual)
    ranks = np.maximum(np.searchsorted(usual, apart + _ALIKE) / len(usual) - first_rank, 1 / len(usual))
    told[both] = ((1 - first_rank) ** (1 + _SHARPNESS) - np.maximum(1 - first_rank - ranks, 0) ** (1 + _SHARPNESS)) / ranks
    return told


def _shown(look: Look) -> NDArray[np.bool_]:
    """(n,) whether a roof's middle lies on the look: of a large site only a part is laid there."""
    return Window.of_shape(look.valid.shape).holds(centres(look.quads))


def _own(look: Look, shown: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n, 3) each roof's colour in deviations from the scene's boxes; of those that are not shown none."""
    colours = np.full((len(look.quads), 3), np.nan)
    colours[shown] = [_colour(look, quad) for quad in look.quads[shown]]
    middle = np.median(colours[shown], axis=0)
    spread = 1.4826 * np.median(np.abs(colours[shown] - middle), axis=0)
    return np.asarray((colours - middle) / np.maximum(spread, _GREY_LEVELS))


def _colour(look: Look, quad: Quads) -> NDArray[np.float64]:
    """Mean RGB of the middle of a roof; of the pixel at its centre where no pixel lies wholly in it."""
    inner = quad.mean(axis=0) + _MIDDLE * (quad - quad.mean(axis=0))
    rows, cols = look.valid.shape
    low = np.clip(np.floor(inner.min(axis=0)).astype(int), 0, [cols - 1, rows - 1])
    high = np.clip(np.ceil(inner.max(axis=0)).astype(int), low + 1, [cols, rows])
    mask = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    cv2.fillConvexPoly(mask, np.rint(inner - low - 0.5).astype(np.int32), (1,))
    piece = look.pixels[low[1] : high[1], low[0] : high[0]]
    inside = piece[mask == 1] if mask.any() else piece.reshape(-1, 3)
    return np.asarray(inside.mean(axis=0), np.float64)
