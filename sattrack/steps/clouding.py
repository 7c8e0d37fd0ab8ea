"""Clouding: ground under thick cloud, judged from the picture alone: bright, gray, without a sharp edge, soft at its rim."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sattrack.geometry import Points
from sattrack.imagery import Stretch
from sattrack.results import CLOUDS_JUDGED, Seen
from sattrack.steps.glancing import Looks, Map
from sattrack.steps.observing import percent

CLEAR, CLOUD, DOUBTFUL = 0, 1, 2

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Smooth:
    """What cells look like that may be inside a cloud: none brighter in colour, sharper in the mean or at one place."""

    spread: float
    edge: float
    peak: float


# Two readings: the smoother one parts a cloud from pale ground beside it, the other knows one through which a little shows.
_READINGS = (_Smooth(0.05, 0.012, 0.08), _Smooth(0.06, 0.02, 0.12))
_LEAST_LIGHT = 0.5
_WINDOW = 5
# Metres: smooth ground is looked at from about this width, and a body of it from about 36 m square.
_OPENING_M, _LEAST_M2 = 28.0, 1280.0
# Of 559 clear pictures and 110 with clouds laid over them: a cloud swells and thins over tens of metres while it is smooth from
# one metre to the next; roofs, aprons and pitches are as even at both. Its rim is soft, and what lies beyond is darker.
_SWELL_M, _LEAST_SWELL, _LEAST_SLOPE = 4.0, 0.7, 0.00075
_SHARPEST_RIM, _LEAST_DROP = 0.18, 0.10
_RIM_M = (4.0, 16.0)
# A body that fills so much of what was looked at has hardly a rim to judge.
_FILLS, _SURE_SWELL = 0.6, 1.0
# The rim of a cloud hides too, as far as it is nearly as smooth: so many metres at most.
_GROWTH_M, _RIM_SPREAD, _RIM_EDGE, _RIM_PEAK = 16.0, 0.10, 0.05, 0.16
# A box that was found stood in sight, and the ground around it; what holds many is no cloud.
_SIGHT_M, _MOST_SIGHTED = 8.0, 0.1
# A picture is gray where so few cells have any colour; it is veiled where its darkest is so bright against its brightest.
_COLOURED, _LEAST_COLOURED, _VEILED = 0.012, 0.01, 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Clouds:
    """kind: (rows, cols) uint8, CLEAR, CLOUD, or DOUBTFUL where bright smooth ground may be either. known: cells that were
    looked at. cell: size (x, y) in source pixels. rows, cols: as in Looks. unjudged: why nothing was judged, in words.
    """

    kind: NDArray[np.uint8]
    known: Mask
    cell: tuple[float, float]
    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    unjudged: str = ""

    def share(self, kind: int) -> float:
        """Of what was looked at, 0 to 1."""
        return float(((self.kind == kind) & self.known).sum() / max(int(self.known.sum()), 1))


def judge_clouds(looks: Looks, *, boxes: Points) -> Clouds:
    """Which cells thick cloud hides. boxes: (n, 2) centres, in source pixels, of what was surely found: in sight."""
    kind = np.zeros(looks.known.shape, np.uint8)
    if why := _unjudged(looks):
        return Clouds(kind, looks.known, looks.cell, looks.rows, looks.cols, why)
    sighted = _sighted(looks, boxes)
    light = np.asarray(looks.tone.mean(axis=2), np.float32)
    cloud, doubtful = np.zeros_like(looks.known), np.zeros_like(looks.known)
    for reading in _READINGS:
        for at, body in _bodies(_smooth(looks, light, reading), looks):
            if (sighted[at] & body).sum() > _MOST_SIGHTED * body.sum():
                continue
            (cloud if _is_cloud(looks, light, at, body) else doubtful)[at] |= body
    cloud = _grown(cloud, looks, light) & looks.known & ~sighted
    kind[doubtful & looks.known & ~sighted] = DOUBTFUL
    kind[cloud] = CLOUD
    return Clouds(kind, looks.known, looks.cell, looks.rows, looks.cols)


def without_clouds(seen: Seen, clouds: Clouds) -> Seen:
    """What was seen, less what clouds hide: a cell whose centre lies under one was not seen."""
    hidden = clouds.kind == CLOUD
    if not hidden.any():
        return seen
    down, across = ((np.arange(n) + 0.5) * seen.cell[i] / clouds.cell[i] for n, i in zip(seen.share.shape, (1, 0), strict=True))
    (rows, at_row), (cols, at_col) = _among(clouds.rows, down.astype(int)), _among(clouds.cols, across.astype(int))
    share = seen.share.copy()
    part = share[np.ix_(rows, cols)]
    part[hidden[np.ix_(at_row, at_col)]] = 0
    share[np.ix_(rows, cols)] = part
    return Seen(share, seen.cell)


def cloud_notes(clouds: Clouds, *, stretch: Stretch) -> tuple[str, ...]:
    """What must stand beside a number from a scene without a mask. Shares are of what was looked at: not of the whole scene
    where outlines were given.
    """
    if clouds.unjudged:
        return (f"no cloud mask, and clouds cannot be judged: {clouds.unjudged}",)
    hidden, doubtful = clouds.share(CLOUD), clouds.share(DOUBTFUL)
    said = f"hiding {percent(hidden)} of what was looked at" if hidden else "none was found"
    unsure = f"; whether bright smooth ground, {percent(doubtful)} of it, is cloud cannot be told" if doubtful else ""
    notes = [f"{CLOUDS_JUDGED}: {said}{unsure}"]
    if _is_veiled(stretch):
        notes.append("the whole picture is pale, as in thick haze: boxes may be missed")
    return tuple(notes)


def _is_veiled(stretch: Stretch) -> bool:
    """Whether haze lies over a whole picture: even its darkest parts are half as bright as its brightest, in every colour."""
    return all(high > 0 and low / high >= _VEILED for low, high in zip(stretch.low, stretch.high, strict=True))


def _unjudged(looks: Looks) -> str:
    """Why a picture says nothing of clouds; empty where it does."""
    known = int(looks.known.sum())
    # Of a strip one cell wide no slope can be taken across.
    if known * looks.size_m**2 < 2 * _LEAST_M2 or min(looks.known.shape) < 2:
        return "too little ground was looked at"
    coloured = (looks.spread > _COLOURED) & looks.known
    return "the picture is gray all over, by its sensor or under cloud" if coloured.sum() < _LEAST_COLOURED * known else ""


def _mean(values: Map, width: int) -> Map:
    return np.asarray(cv2.blur(values, (width, width), borderType=cv2.BORDER_REFLECT), np.float32)


def _disk(width: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)), np.uint8)


def _cells(metres: float, looks: Looks) -> int:
    return max(1, round(metres / looks.size_m))


def _widened(mask: Mask, cells: int) -> Mask:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), _disk(2 * cells + 1)), bool)


def _smooth(looks: Looks, light: Map, reading: _Smooth) -> Mask:
    """Cells in wide ground that is bright, gray and without edges."""
    sharpest = cv2.dilate(looks.peak, np.ones((_WINDOW, _WINDOW), np.uint8))
    found = (_mean(light, _WINDOW) >= _LEAST_LIGHT) & (_mean(looks.spread, _WINDOW) <= reading.spread) & looks.known
    found &= (_mean(looks.edge, _WINDOW) <= reading.edge) & (sharpest <= reading.peak)
    width = _cells(_OPENING_M, looks) | 1
    opened = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, _disk(width), borderType=cv2.BORDER_REFLECT)
    return np.asarray(opened, bool)


def _bodies(smooth: Mask, looks: Looks) -> list[tuple[tuple[slice, slice], Mask]]:
    """Connected parts that are large enough: each as a window of the map with room for its rim, and its cells there."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(smooth.astype(np.uint8), connectivity=4)
    room = _cells(_RIM_M[1], looks) + 4
    found = []
    for i, (x, y, width, height, area) in enumerate(stats.tolist()):
        if i and area * looks.size_m**2 >= _LEAST_M2:
            at = slice(max(0, y - room), y + height + room), slice(max(0, x - room), x + width + room)
            found.append((at, labels[at] == i))
    return found


def _is_cloud(looks: Looks, light: Map, at: tuple[slice, slice], body: Mask) -> bool:
    down, across = np.gradient(_mean(light[at], _WINDOW), looks.size_m)
    slope = float(np.hypot(down, across)[body].mean())
    swell = _SWELL_M * slope / (float(looks.edge[at][body].mean()) + 1e-3)
    if swell < _LEAST_SWELL or slope < _LEAST_SLOPE:
        return False
    known = looks.known[at]
    near, far = (_cells(metres, looks) for metres in _RIM_M)
    rim = _widened(body, far) & ~_widened(body, near) & known
    if body.sum() >= _FILLS * looks.known.sum():
        return swell >= _SURE_SWELL
    if not rim.any():
        return False
    sharpest = cv2.dilate(looks.peak[at], np.ones((3, 3), np.uint8))
    if float(np.median(sharpest[rim])) > _SHARPEST_RIM:
        return False
    return float(light[at][body].mean()) - _darkest_around(light[at], body, known, steps=far + 2) >= _LEAST_DROP


def _darkest_around(light: Map, body: Mask, known: Mask, *, steps: int) -> float:
    """The mean light of the darkest of the rings, a cell wide each, around a body."""
    rings, inner = [], body
    for cells in range(1, steps + 1):
        outer = _widened(body, cells)
        if (ring := outer & ~inner & known).any():
            rings.append(float(light[ring].mean()))
        inner = outer
    return min(rings)


def _grown(cloud: Mask, looks: Looks, light: Map) -> Mask:
    """Clouds with their rims: the cells next to them that are nearly as smooth."""
    if not cloud.any():
        return cloud
    alike = (light >= _LEAST_LIGHT) & (_mean(looks.spread, 3) <= _RIM_SPREAD) & (_mean(looks.edge, 3) <= _RIM_EDGE)
    alike &= _mean(looks.peak, 3) <= _RIM_PEAK
    out, may = cloud, alike | cloud
    for _ in range(_cells(_GROWTH_M, looks)):
        out = _widened(out, 1) & may
    return out


def _nearest(places: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray(np.searchsorted(places, wanted).clip(0, len(places) - 1))


def _among(places: NDArray[np.int64], wanted: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which of what is wanted is there, and at which position."""
    at = _nearest(places, wanted)
    found = np.flatnonzero(places[at] == wanted)
    return found, at[found]


def _sighted(looks: Looks, boxes: Points) -> Mask:
    """Cells around boxes that were found."""
    found = np.zeros(looks.known.shape, bool)
    if not len(boxes):
        return found
    at = np.floor(boxes.reshape(-1, 2) / np.asarray(looks.cell)).astype(int)
    found[_nearest(looks.rows, at[:, 1]), _nearest(looks.cols, at[:, 0])] = True
    return _widened(found, _cells(_SIGHT_M, looks))
