"""Registering: the offset between two pictures of one place, from what stands still, however many boxes were exchanged."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sattrack.changes import Offset
from sattrack.geometry import Quads

# How far a later scene is looked for, metres: scenes placed by their maker are rarely further off.
SEARCH_M = 12.0
# Widths of the edges that are compared, pixels.
_WIDTHS_PX = (0.6, 1.0)
# Frequencies count more nearly alike: long kerbs and rows of boxes, which fit in many places, would drown what fits in one.
_WHITENING = 0.6
# An edge counts at most so many times what edges round it do.
_STRONGEST = 2.0
_ROUND_PX = 10.0
# Round a box its own edges, its shadow's beginning and its lean are left out, pixels; and over so many, ground fades out: a
# hard border would fit itself best where it lies.
_GROW_PX, _FADE_PX = 2, 6
# As far as one place still is the other, metres; and how much the best must stand above all others and above the next best.
# On little ground chance makes places that look right: on real pictures wrong ones stood 6.5 high on 1 ha.
_SAME_M = 2.5
LEAST_CLEAR, LEAST_STANDS, LEAST_STANDS_LITTLE, _LITTLE_M2 = 1.2, 5.0, 7.0, 15_000.0
# The ground compared must be at least so large, square metres, and this share of the widest common ground.
_LEAST_M2, _LEAST_SHARE = 900.0, 0.05
UNKNOWN = "the offset between the scenes cannot be told from what stands still"

Floats = NDArray[np.float32]
Edges = NDArray[np.complex64]


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A place at one date on square pixels whose rows run down.

    pixels: (rows, cols, 3) uint8. valid: (rows, cols) bool. quads: (n, 4, 2) the boxes, in its pixels; scores: (n,).
    """

    pixels: NDArray[np.uint8]
    valid: NDArray[np.bool_]
    quads: Quads
    scores: NDArray[np.float32]


def offset_between(looks: Sequence[tuple[Look, Look]], *, pixel_m: float, search_m: float = SEARCH_M) -> Offset:
    """Where the later looks lie against the earlier ones, to a fraction of a pixel, looked for up to search_m each way.

    looks: pairs (earlier, later) of places that share one offset, such as the windows of one scene. Compared are edges by their
    direction, whichever side is bright, outside the boxes of both dates: ground, kerbs, cranes, houses. By whitened correlation
    (Kuglin & Hines 1975; directions doubled after Fitch et al. 2002) over the ground that both show (Padfield 2012). Not known
    where no place stands out, or the best lies at the edge of what was searched.
    """
    reach = max(4, int(np.ceil(search_m / pixel_m)))
    found, shared = np.zeros((2 * reach + 1, 2 * reach + 1)), np.zeros((2 * reach + 1, 2 * reach + 1))
    for earlier, later in looks:
        ground = [_ground(look) for look in (earlier, later)]
        shared += _overlap(ground[1], ground[0], reach=reach)
        for width in _WIDTHS_PX:
            first, second = (_level(_edges(x, width=width), g) for x, g in zip((earlier, later), ground, strict=True))
            found += _correlation(second, first, reach=reach)
    most = float(shared.max())
    if most * pixel_m**2 < _LEAST_M2:
        return Offset(0.0, 0.0, False, 0.0, 0.0, why=f"{UNKNOWN}: too little ground without boxes is seen")
    enough = shared >= max(_LEAST_M2 / pixel_m**2, _LEAST_SHARE * most)
    surface = np.where(enough, _standard(found / np.sqrt(np.maximum(shared, 1.0)), enough), -np.inf)
    least = LEAST_STANDS if most * pixel_m**2 >= _LITTLE_M2 else LEAST_STANDS_LITTLE
    return _read(surface, reach=reach, pixel_m=pixel_m, least=least)


def _read(surface: NDArray[np.float64], *, reach: int, pixel_m: float, least: float) -> Offset:
    row, col = np.unravel_index(int(surface.argmax()), surface.shape)
    y, x = np.mgrid[: surface.shape[0], : surface.shape[1]]
    apart = np.hypot(x - col, y - row) > max(3.0, _SAME_M / pixel_m)
    best, next_best = float(surface[row, col]), float(surface[apart].max(initial=1.0))
    clear = best / max(next_best, 1.0)
    if not np.isfinite(best) or best < least or clear < LEAST_CLEAR:
        return Offset(0.0, 0.0, False, clear, best, why=UNKNOWN)
    if min(row, col) == 0 or max(row, col) == 2 * reach:
        return Offset(0.0, 0.0, False, clear, best, why=f"{UNKNOWN}: it would lie at the edge of the search")
    fine = _finer(surface[row, col - 1 : col + 2]), _finer(surface[row - 1 : row + 2, col])
    return Offset((col - reach + fine[0]) * pixel_m, (row - reach + fine[1]) * pixel_m, True, clear, best)


def _finer(three: NDArray[np.float64]) -> float:
    """Where between three neighbours, the middle one highest, the top of a parabola through them lies."""
    if not np.isfinite(three).all():
        return 0.0
    left, top, right = (float(v) for v in three)
    bend = left - 2 * top + right
    return float(np.clip((left - right) / (2 * bend), -0.5, 0.5)) if bend < 0 else 0.0


def _edges(look: Look, *, width: float) -> Edges:
    """(rows, cols) complex: how strong an edge is against those round it, turned to twice its direction.

    Of the three colours the one with the strongest edge: a red box on grey ground hardly shows in brightness.
    """
    best, strongest = np.zeros(look.valid.shape, np.complex64), np.zeros(look.valid.shape, np.float32)
    for channel in range(3):
        smooth = cv2.GaussianBlur(look.pixels[..., channel].astype(np.float32), (0, 0), width)
        slope = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=0.125) + 1j * cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=0.125)
        size = np.abs(slope)
        best, strongest = np.where(size > strongest, slope, best), np.maximum(size, strongest)
    usual = np.sqrt(cv2.GaussianBlur(strongest**2, (0, 0), _ROUND_PX))
    weight = np.minimum(strongest / np.maximum(usual, 1e-3), _STRONGEST)
    return ((best / np.maximum(strongest, 1e-6)) ** 2 * weight).astype(np.complex64)


def _ground(look: Look) -> Floats:
    """(rows, cols) 1 where ground is seen, fading out towards boxes and what is not seen."""
    hidden = np.ones((look.valid.shape[0] + 2, look.valid.shape[1] + 2), np.uint8)
    hidden[1:-1, 1:-1] = ~look.valid
    far = 4.0 * max(look.valid.shape)  # corners further off would overflow what OpenCV draws with
    for quad in look.quads:
        cv2.fillConvexPoly(hidden, np.rint(np.clip(quad, -far, far) + 0.5).astype(np.int32), (1,))
    away = cv2.distanceTransform(1 - hidden, cv2.DIST_L2, 5)[1:-1, 1:-1]
    return np.clip((away - _GROW_PX) / _FADE_PX, 0, 1).astype(np.float32)


def _level(edges: Edges, ground: Floats) -> Edges:
    """Edges on the ground less their mean, which would fit best where the grounds' own shapes do."""
    return np.asarray((edges - (edges * ground).sum() / max(float(ground.sum()), 1.0)) * ground)


def _overlap(first: Floats, second: Floats, *, reach: int) -> NDArray[np.float64]:
    """Pixels of ground that both show at each offset."""
    from scipy import fft

    size = _size(first.shape, second.shape, reach)
    return _window(fft.irfft2(fft.rfft2(first, size) * np.conj(fft.rfft2(second, size)), size), reach)


def _correlation(first: Edges, second: Edges, *, reach: int) -> NDArray[np.float64]:
    """(2 reach + 1, 2 reach + 1): how well first, looked at from an offset (row, col) on, is second."""
    from scipy import fft

    size = _size(first.shape, second.shape, reach)
    both = fft.fft2(first, size) * np.conj(fft.fft2(second, size))
    strength = np.abs(both)
    both /= np.maximum(strength, 1e-3 * max(float(strength.mean()), 1e-12)) ** _WHITENING
    return _window(fft.ifft2(both).real, reach)


def _size(first: tuple[int, ...], second: tuple[int, ...], reach: int) -> tuple[int, int]:
    from scipy import fft

    rows, cols = (fft.next_fast_len(max(a, b) + reach) for a, b in zip(first, second, strict=True))
    return rows, cols


def _window(around: NDArray[np.floating], reach: int) -> NDArray[np.float64]:
    """Offsets from -reach to reach, both ways, of a result whose negative ones stand at its ends."""
    steps = np.arange(-reach, reach + 1)
    return around[np.ix_(steps % around.shape[0], steps % around.shape[1])].astype(np.float64)


def _standard(values: NDArray[np.float64], where: NDArray[np.bool_]) -> NDArray[np.float64]:
    """In robust standard deviations from the median of the places that count."""
    if not where.any():
        return np.zeros_like(values)
    middle = float(np.median(values[where]))
    spread = 1.4826 * float(np.median(np.abs(values[where] - middle)))
    return (values - middle) / max(spread, 1e-9)
