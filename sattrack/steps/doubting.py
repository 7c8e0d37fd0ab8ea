"""Doubting by lengths: boxes that measure like no container stand on ground of another scale than was said, or are cars."""

import numpy as np
from numpy.typing import NDArray

from sattrack.geometry import Points
from sattrack.steps.estimating import NEAR_M
from sattrack.steps.pairing import Reaches, lots, within
from sattrack.steps.sizing import CLASS_BOUNDARIES_M, Metres

# ISO 668: 20 and 40 ft. Longer ones are too few to place a peak.
_LENGTHS_M = np.array([6.058, 12.192])
_SPREAD = 0.04
_SCALES = np.exp(np.linspace(np.log(0.7), np.log(1.43), 147))
# Right pixel sizes gave 0.37 to 0.86 on real scenes, wrong ones (by 18 % and more) 0.01 to 0.10. Of 7,500 groups of 15 boxes
# that stand together none at a right one gave less than 0.15.
_LEAST_AGREEMENT, _LEAST_OF_FEW = 0.2, 0.15
_LEAST_TO_PROPOSE = 0.45
_MANY_BOXES, _LEAST_BOXES = 50, 15
# Rows of cars that were taken for boxes mostly measured 5.0 to 5.5 m; in no labelled picture did ten boxes stand among such.
_SHORT_M, _ROW = 5.5, 10
_LIKE_40FT_M = (10.5, 13.0)
LIKE_CARS = "stand in rows of such as are shorter than any container: cars or vans, or the pixel size is not right"


def doubt_on_pixel_size(lengths_m: NDArray[np.float64], *, gsd_m: tuple[float, float]) -> str:
    """A sentence where (n,) lengths (m) agree with no container's, and the pixel size at which they would; or nothing."""
    if len(lengths_m) < _LEAST_BOXES:
        return ""
    now = float(_agreement(lengths_m, scales=np.ones(1))[0])
    if now >= (_LEAST_AGREEMENT if len(lengths_m) >= _MANY_BOXES else _LEAST_OF_FEW):
        return ""
    said = f"is the pixel size of {max(gsd_m):.3g} m right? the boxes found are not as long as containers, 6.1 or 12.2 m"
    agreement = _agreement(lengths_m, scales=_SCALES)
    best = float(_SCALES[agreement.argmax()])
    return f"{said}; they would be at about {max(gsd_m) * best:.2g} m" if agreement.max() >= _LEAST_TO_PROPOSE else said


def like_cars(lengths_m: Metres, *, middles_m: Points) -> NDArray[np.bool_]:
    """(n,) whether a box stands in a row of cars: of ten and more no longer than 20 ft, NEAR_M around, most are shorter.

    lengths_m: (n,); middles_m: (n, 2). Where ten of 40 ft tell that all measure a little short or long, that is allowed for.
    """
    of_40ft = lengths_m[(lengths_m > _LIKE_40FT_M[0]) & (lengths_m < _LIKE_40FT_M[1])]
    scale = float(np.median(of_40ft)) / _LENGTHS_M[1] if len(of_40ft) >= _ROW else 1.0
    told = np.zeros(len(lengths_m), bool)
    small = np.nonzero(lengths_m < CLASS_BOUNDARIES_M[0])[0]
    short = lengths_m[small] < _SHORT_M * scale
    if short.sum() * 2 < _ROW:
        return told
    x, y = np.ascontiguousarray(middles_m[small].T)
    half, n = np.full(len(small), NEAR_M / 2), len(small)
    near, of_them = np.ones(n), short.astype(float)
    for a, b in lots(within(Reaches(x, y, half, half), np.arange(n))):
        close = (x[a] - x[b]) ** 2 + (y[a] - y[b]) ** 2 <= NEAR_M**2
        for one, other in ((a[close], b[close]), (b[close], a[close])):
            near += np.bincount(one, minlength=n)
            of_them += np.bincount(one, weights=short[other], minlength=n)
    rows = small[(near >= _ROW) & (2 * of_them > near)]
    told[rows] = len(rows) >= _ROW  # fewer are the edge of a group of boxes, a little short by chance
    return told


def _agreement(lengths_m: NDArray[np.float64], *, scales: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each of (k,) scales how near the scaled lengths are to a container's: 0 for none, 1 for all."""
    off = np.abs(np.log(np.maximum(lengths_m, 1e-3)[:, None, None] * scales[:, None] / _LENGTHS_M[:, None, None].T)).min(axis=2)
    return np.asarray(np.exp(-((off / _SPREAD) ** 2) / 2).mean(axis=0), np.float64)
