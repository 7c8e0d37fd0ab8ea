"""Coarsening: what a sensor with larger pixels would have seen of a fine picture."""

import cv2
import numpy as np
from numpy.typing import NDArray

# The light of red, green and blue that a panchromatic sensor is taken to see.
GREY = np.array([0.30, 0.59, 0.11], np.float32)
# A picture is no smaller than this each way.
_LEAST_PX = 8


def seen_at(pixels: NDArray[np.uint8], *, fine_m: tuple[float, float], gsd_m: float, blur: float) -> NDArray[np.float32]:
    """(rows, cols, 3) -> float pixels of gsd_m, or nearly: the whole of the picture becomes whole pixels.

    Light of each new pixel is that of its whole ground, after the optics spread it. blur: one standard deviation of that, in
    new pixels. fine_m: size of a pixel now (x, y).
    """
    spread = [blur * gsd_m / size for size in fine_m]
    out = np.asarray(cv2.GaussianBlur(np.asarray(pixels, np.float32), (0, 0), spread[0], sigmaY=spread[1]), np.float32)
    cols, rows = (max(_LEAST_PX, round(n * size / gsd_m)) for n, size in zip(pixels.shape[1::-1], fine_m, strict=True))
    return np.asarray(cv2.resize(out, (cols, rows), interpolation=cv2.INTER_AREA), np.float32)
