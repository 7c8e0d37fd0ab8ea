"""Painter's drawing of upright prisms under a slanted view: which face is seen in each cell, and how high it is.

A point at height z is seen at (x, y) + lean * z. The same drawing with the sun's shadow vector in place of the lean tells what
the sun sees, and so where shadows fall, on ground, sides and lower tops alike.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sattrack.synthetic.solids import STEEL, Solids

FACES = 5  # the top, then four sides
_SHIFT = 4  # binary digits of sub-cell precision that cv2 is given


@dataclass(frozen=True, slots=True, eq=False)
class FaceMap:
    """What is seen in each cell.

    ids: (rows, cols) int32, 0 ground, else 1 + 5 * solid + face (face 0 is the top). height: (rows, cols) float32, metres.
    """

    ids: NDArray[np.int32]
    height: NDArray[np.float32]


def where_set(raster: NDArray[np.int32] | NDArray[np.uint8]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the cells that are not 0, row by row; numpy's own nonzero is far slower in two dimensions."""
    flat = np.flatnonzero(raster.ravel() != 0)
    rows = flat // raster.shape[1]
    return rows, flat - rows * raster.shape[1]


def painters_order(things: Solids, *, lean: tuple[float, float]) -> NDArray[np.intp]:
    """Solids from those that may be hidden to those that may hide: farthest along the lean first, steel overhead last."""
    towards = np.cos(things.lane_angle) * lean[0] + np.sin(things.lane_angle) * lean[1]
    lanes = -things.lane * np.sign(towards)
    keys = (things.base, lanes[:, 3], lanes[:, 2], lanes[:, 1], lanes[:, 0], things.kind == STEEL)
    return np.lexsort(keys)


def draw_faces(
    things: Solids,
    *,
    lean: tuple[float, float],
    cell_m: float,
    shape: tuple[int, int],
    origin: tuple[float, float] = (0.0, 0.0),
) -> FaceMap:
    """Faces seen on a raster of `shape` cells of cell_m metres whose corner lies at `origin`."""
    ids = np.zeros(shape, np.int32)
    foot = things.footprints()
    shift = np.asarray(lean)
    low, high = foot + shift * things.base[:, None, None], foot + shift * things.top[:, None, None]
    normal = _normals(things.heading)
    seen = normal @ shift < -1e-9
    extent = np.array([shape[1], shape[0]]) * cell_m
    far = np.concatenate([low, high], 1) - np.asarray(origin)
    inside = (far.max(1) > 0).all(1) & (far.min(1) < extent).all(1)
    top = _cells(_shrunk(high, cell_m), cell_m, origin)
    side = _cells(np.stack([low, np.roll(low, -1, 1), np.roll(high, -1, 1), high], 2), cell_m, origin)
    for i in painters_order(things, lean=lean):
        if not inside[i]:
            continue
        first = 1 + FACES * int(i)
        for k in range(4):
            if seen[i, k]:
                cv2.fillConvexPoly(ids, side[i, k], first + 1 + k, lineType=8, shift=_SHIFT)
        cv2.fillConvexPoly(ids, top[i], first, lineType=8, shift=_SHIFT)
    return FaceMap(ids, _heights(things, ids=ids, low=low, normal=normal, lean=shift, cell_m=cell_m, origin=origin))


def _normals(heading: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 4, 2) outward normals of the sides between corners 0-1, 1-2, 2-3, 3-0."""
    cos, sin = np.cos(heading), np.sin(heading)
    along, across = np.stack([cos, sin], -1), np.stack([-sin, cos], -1)
    return np.stack([-across, along, across, -along], axis=1)


def _shrunk(quads: NDArray[np.float64], cell_m: float) -> NDArray[np.float64]:
    """cv2 fills the cells that an outline touches: half a cell less on each side keeps the area true."""
    u = quads[:, 1] - quads[:, 0]
    v = quads[:, 3] - quads[:, 0]
    du = u * (cell_m / 2 / np.maximum(np.hypot(*u.T), 1e-9))[:, None]
    dv = v * (cell_m / 2 / np.maximum(np.hypot(*v.T), 1e-9))[:, None]
    return np.asarray(quads + np.stack([du + dv, dv - du, -du - dv, du - dv], axis=1))


def _cells(points: NDArray[np.float64], cell_m: float, origin: tuple[float, float]) -> NDArray[np.int32]:
    """Metres to cv2's fixed-point cell centres."""
    cells = (points - np.asarray(origin)) / cell_m - 0.5
    return np.asarray(np.round(np.clip(cells, -30000, 30000) * (1 << _SHIFT)), np.int32)


def _heights(
    things: Solids,
    *,
    ids: NDArray[np.int32],
    low: NDArray[np.float64],
    normal: NDArray[np.float64],
    lean: NDArray[np.float64],
    cell_m: float,
    origin: tuple[float, float],
) -> NDArray[np.float32]:
    """Each face is a plane, so height is affine in place: z = a x + b y + c, with (a, b, c) looked up by face."""
    n = len(things)
    plane = np.zeros((1 + FACES * n, 3), np.float32)
    if n:
        slope = normal @ lean
        slope = np.where(np.abs(slope) < 1e-9, np.inf, slope)
        ab = normal / slope[..., None]
        c = things.base[:, None] - (low * ab).sum(-1)
        faces = np.zeros((n, FACES, 3))
        faces[:, 0, 2] = things.top
        faces[:, 1:, :2], faces[:, 1:, 2] = ab, c
        plane[1:] = faces.reshape(-1, 3)
    x = (origin[0] + (np.arange(ids.shape[1], dtype=np.float32) + 0.5) * cell_m)[None, :]
    y = (origin[1] + (np.arange(ids.shape[0], dtype=np.float32) + 0.5) * cell_m)[:, None]
    z = np.zeros(ids.shape, np.float32)
    at = where_set(ids)
    chosen = plane[ids[at]]
    z[at] = chosen[:, 0] * x[0, at[1]] + chosen[:, 1] * y[at[0], 0] + chosen[:, 2]
    return z
