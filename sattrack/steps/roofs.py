"""Roofs: whether two boxes in one place look alike, against how alike any two boxes of the scenes look."""

import cv2
import numpy as np
from numpy.typing import NDArray

from sattrack.geometry import Quads
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
    1 where there are too few boxes to say.
    """
    if len(pairs) == 0 or min(len(earlier.quads), len(later.quads)) < _LEAST:
        return np.ones(len(pairs))
    first, second = _own(earlier), _own(later)
    apart = np.linalg.norm(first[pairs[:, 0]] - second[pairs[:, 1]], axis=1)
    some = first[:: -(-len(first) // _MOST)], second[:: -(-len(second) // _MOST)]
    usual = np.sort(np.linalg.norm(some[0][:, None] - some[1][None], axis=2).ravel())
    # Over all ranks that a pair may have: in a yard of one paint it may have any, and says nothing.
    first_rank = np.searchsorted(usual, apart - _ALIKE) / len(usual)
    ranks = np.maximum(np.searchsorted(usual, apart + _ALIKE) / len(usual) - first_rank, 1 / len(usual))
    return np.asarray(
        ((1 - first_rank) ** (1 + _SHARPNESS) - np.maximum(1 - first_rank - ranks, 0) ** (1 + _SHARPNESS)) / ranks
    )


def _own(look: Look) -> NDArray[np.float64]:
    """(n, 3) each roof's colour in deviations from the scene's boxes."""
    colours = np.array([_colour(look, quad) for quad in look.quads])
    middle = np.median(colours, axis=0)
    return np.asarray((colours - middle) / np.maximum(1.4826 * np.median(np.abs(colours - middle), axis=0), _GREY_LEVELS))


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
