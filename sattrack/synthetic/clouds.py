"""What hides a part of a scene: a bank of cloud, and the edge of the swath."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sattrack.synthetic.ground import noise


@dataclass(frozen=True, slots=True, eq=False)
class Veiled:
    """A picture with something in front. hidden: (rows, cols) where the ground cannot be seen."""

    picture: NDArray[np.uint8]
    hidden: NDArray[np.bool_]


def draw_cloud(
    picture: NDArray[np.uint8], *, rng: np.random.Generator, gsd_m: float, corner: tuple[float, float], reach_m: float
) -> Veiled:
    """A bank of cloud around a place (x, y) in metres, ragged at its edge and thinning out; reach_m: about its radius."""
    shape = picture.shape[0], picture.shape[1]
    y, x = (np.mgrid[: shape[0], : shape[1]].astype(np.float32) + 0.5) * np.float32(gsd_m)
    bank = 1 - np.hypot(x - corner[0], y - corner[1]) / np.float32(reach_m)
    for size_m, weight in ((60.0, 0.26), (22.0, 0.17), (9.0, 0.09)):
        bank += np.float32(weight) * noise(rng, shape=shape, cell_m=gsd_m, size_m=size_m)
    cover = np.clip(bank * 3.2, 0, 1)
    cover = np.asarray(cv2.GaussianBlur(cover, (0, 0), 3.0 / gsd_m), np.float32)
    glow = 232 + 10 * noise(rng, shape=shape, cell_m=gsd_m, size_m=25.0)
    white = glow[..., None] * np.array([0.985, 0.995, 1.0], np.float32)
    out = picture + (white - picture) * (0.97 * cover[..., None])
    # A thin edge still lets the ground through.
    return Veiled(np.clip(np.round(out), 0, 255).astype(np.uint8), cover > 0.45)


def cut_wedge(picture: NDArray[np.uint8], *, left: float, right: float) -> Veiled:
    """The swath ends: rows below a slanted line are 0. left, right: where it leaves the picture, as shares of its height."""
    rows, cols = picture.shape[:2]
    edge = (left + (right - left) * (np.arange(cols) + 0.5) / cols) * rows
    outside = np.arange(rows)[:, None] + 0.5 > edge[None, :]
    # 0 means nothing there, so nothing that is there may be 0.
    return Veiled(np.where(outside[..., None], 0, np.maximum(picture, 1)).astype(np.uint8), outside)
