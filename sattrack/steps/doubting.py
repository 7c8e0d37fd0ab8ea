"""Doubting a pixel size: boxes that measure like no container were found on ground of another scale than was said."""

import numpy as np
from numpy.typing import NDArray

# ISO 668: 20 and 40 ft. Longer ones are too few to place a peak.
_LENGTHS_M = np.array([6.058, 12.192])
_SPREAD = 0.04
_SCALES = np.exp(np.linspace(np.log(0.7), np.log(1.43), 147))
# Right pixel sizes gave 0.37 to 0.86 on real scenes, wrong ones (by 18 % and more) 0.01 to 0.10. Of 7,500 groups of 15 boxes
# that stand together none at a right one gave less than 0.15.
_LEAST_AGREEMENT, _LEAST_OF_FEW = 0.2, 0.15
_LEAST_TO_PROPOSE = 0.45
_MANY_BOXES, _LEAST_BOXES = 50, 15


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


def _agreement(lengths_m: NDArray[np.float64], *, scales: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each of (k,) scales how near the scaled lengths are to a container's: 0 for none, 1 for all."""
    off = np.abs(np.log(np.maximum(lengths_m, 1e-3)[:, None, None] * scales[:, None] / _LENGTHS_M[:, None, None].T)).min(axis=2)
    return np.asarray(np.exp(-((off / _SPREAD) ** 2) / 2).mean(axis=0), np.float64)
