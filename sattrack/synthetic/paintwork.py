"""What faces look like in full light: paint, ribs and rails of roofs, and what years do to them: rust, worn edges, patches."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sattrack.synthetic.faces import FACES, FaceMap, where_set
from sattrack.synthetic.ground import noise
from sattrack.synthetic.solids import BOX, ROOF, STEEL, Solids

# Fresh rust, old rust, chalked paint, and the dark of an open box.
_RUST = np.array((124, 78, 52), np.float32)
_OLD_RUST = np.array((88, 62, 50), np.float32)
_WASHED = np.array((176, 172, 166), np.float32)
_INSIDE = np.array((58, 54, 50), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Spots:
    """Cells in which a face is seen. at: rows and columns. solid: (m,) of which; top: (m,) whether it is its top.

    u, v: (m,) metres from the middle of the solid along it and across. edge: (m,) metres to the nearest edge of its top.
    """

    at: tuple[NDArray[np.intp], ...]
    solid: NDArray[np.int32]
    top: NDArray[np.bool_]
    u: NDArray[np.float64]
    v: NDArray[np.float64]
    edge: NDArray[np.float64]


def paint_faces(
    picture: NDArray[np.float32], *, things: Solids, seen: FaceMap, lean: tuple[float, float], shadow: tuple[float, float],
    ambient: float, cell_m: float, rng: np.random.Generator, wear: float = 0.0,
) -> None:  # fmt: skip
    """Paints faces over the ground (rows, cols, 3) in full light, the sides turned from the sun already dark.

    lean, shadow, ambient: as in rendering.View. wear: 0 for factory-new but faded paint, 1 for a rusty yard.
    """
    at = where_set(seen.ids)
    if not len(at[0]):
        return
    face = seen.ids[at] - 1
    spots = _spots(things, at=at, face=face, lean=lean, cell_m=cell_m)
    shade = _face_light(things, shadow=shadow, ambient=ambient).ravel()[face]
    shade *= _roof_texture(things, spots=spots, rng=rng)
    dirt = noise(rng, shape=(seen.ids.shape[0], seen.ids.shape[1]), cell_m=cell_m, size_m=1.2)[at]
    colour = things.colour[spots.solid]
    if wear:
        _age(colour, things=things, spots=spots, shape=seen.ids.shape, cell_m=cell_m, rng=rng, wear=wear)
    picture[at] = colour * (shade * (1 + np.float32(0.035) * dirt))[:, None]


def _spots(
    things: Solids, *, at: tuple[NDArray[np.intp], ...], face: NDArray[np.int32], lean: tuple[float, float], cell_m: float
) -> _Spots:
    solid = face // FACES
    x = (at[1] + 0.5) * cell_m - things.top[solid] * lean[0] - things.centre[solid, 0]
    y = (at[0] + 0.5) * cell_m - things.top[solid] * lean[1] - things.centre[solid, 1]
    cos, sin = np.cos(things.heading)[solid], np.sin(things.heading)[solid]
    u, v = x * cos + y * sin, y * cos - x * sin
    edge = np.minimum(things.length[solid] / 2 - np.abs(u), things.width[solid] / 2 - np.abs(v))
    return _Spots(at, solid, face % FACES == 0, u, v, edge)


def _face_light(things: Solids, *, shadow: tuple[float, float], ambient: float) -> NDArray[np.float32]:
    """(n, 5) brightness of top and sides: sky light and sun by the angle, the top being one."""
    reach = float(np.hypot(*shadow))
    sun = -np.asarray(shadow) / max(reach, 1e-6)
    out = np.ones((len(things), FACES), np.float32)
    for k in range(4):
        angle = things.heading + (k - 1) * np.pi / 2
        facing = np.clip(np.cos(angle) * sun[0] + np.sin(angle) * sun[1], 0, None)
        out[:, 1 + k] = np.clip(0.75 * ambient + (1 - ambient) * facing * reach, 0.12, 1.2)
    return out


def _roof_texture(things: Solids, *, spots: _Spots, rng: np.random.Generator) -> NDArray[np.float32]:
    """(m,) factors: ribs across, rails darker at the edges, patches along; sides get corrugation only by their noise."""
    solid, u = spots.solid, spots.u
    n = len(things)
    rib = np.where(things.kind == ROOF, rng.uniform(0.8, 3.0, n), rng.uniform(0.28, 0.62, n))
    depth = np.where(things.kind == STEEL, 0, rng.uniform(0.0, 0.06, n))
    patch, phase, bend = rng.normal(0, 0.05, n), rng.uniform(0, 6.3, n), rng.uniform(0.3, 1.1, n)
    out = 1 + depth[solid] * np.cos(u * (2 * np.pi / rib)[solid]) + patch[solid] * np.sin(u * bend[solid] + phase[solid])
    rail = (spots.edge < 0.14) & (things.kind == BOX)[solid]
    out = np.where(rail, out * rng.uniform(0.62, 0.95, n)[solid], out)
    return np.where(spots.top, out, 1.0).astype(np.float32)


def _age(
    colour: NDArray[np.float32], *, things: Solids, spots: _Spots, shape: tuple[int, ...], cell_m: float,
    rng: np.random.Generator, wear: float,
) -> None:  # fmt: skip
    """Changes the colours (m, 3) of box tops: blots of rust, end frames, patches and marks, coolers, open tops and covers."""
    n = len(things)
    boxes = things.kind == BOX
    blots = noise(rng, shape=(shape[0], shape[1]), cell_m=cell_m, size_m=0.9)
    blots += noise(rng, shape=(shape[0], shape[1]), cell_m=cell_m, size_m=3.0)
    here = np.flatnonzero(spots.top & boxes[spots.solid])
    solid, blots = spots.solid[here], blots[spots.at[0][here], spots.at[1][here]]
    u, v, edge = (values[here].astype(np.float32) for values in (spots.u, spots.v, spots.edge))
    half = (things.length / 2).astype(np.float32)
    from_end = half[solid] - np.abs(u)
    top = colour[here]

    def each(values: NDArray[Any]) -> NDArray[np.float32]:
        """(m,) for cells what is said (n,) of solids."""
        return values.astype(np.float32)[solid]

    # Rust: anywhere on old boxes, first along the edges.
    rust = each(rng.beta(0.5, 3.0, n) * wear)
    amount = np.clip(blots - 1.6 + (2.2 + 0.8 * (edge < 0.35)) * rust, 0, 1) * np.minimum(rust * 2.5, 0.9)
    _mix(top, towards=np.where(rng.random((n, 1)) < 0.5, _RUST, _OLD_RUST)[solid], share=amount)
    # Washed-out streaks, and roofs repainted in part.
    washed = each(np.where(rng.random(n) < 0.3, rng.uniform(0.0, 0.22, n), 0.0)) * np.clip(blots + 0.5, 0, 1.5)
    _mix(top, towards=_WASHED, share=washed)
    start, length = rng.uniform(-0.5, 0.3, n) * things.length, rng.uniform(1.0, 4.5, n)
    length[rng.random(n) > 0.1] = 0
    patched = (u > each(start)) & (u < each(start + length)) & (np.abs(v) < 0.95)
    _shade(top, where=patched, by=each(rng.choice([0.72, 0.85, 1.2, 1.45], n)))
    # End frames; a cooler's grille at one end of white boxes.
    frame = from_end < each(0.22 * (rng.random(n) < 0.45))
    _shade(top, where=frame, by=each(rng.choice([0.7, 0.85, 1.15], n)))
    cooled = (things.colour.min(axis=1) > 170) & (rng.random(n) < 0.5)
    _shade(top, where=half[solid] - u < each(0.55 * cooled), by=np.full(len(u), 0.5, np.float32))
    # Open tops show their load within a rim; covers hang between bows.
    roofless = boxes & (rng.random(n) < 0.012 + 0.02 * wear)
    covered = roofless & (rng.random(n) < 0.5)
    inside = (roofless & ~covered)[solid] & (edge > 0.16)
    load = each(rng.uniform(0.6, 2.4, n))[inside] * (1 + 0.3 * blots[inside])
    top[inside] = np.clip(load[:, None] * _INSIDE, 12, 240)
    _shade(top, where=covered[solid], by=1 + np.float32(0.14) * np.cos(u * np.float32(2 * np.pi / 1.35)))
    colour[here] = top


def _mix(colour: NDArray[np.float32], *, towards: NDArray[np.float32], share: NDArray[np.float32]) -> None:
    """Changes those cells of colour (m, 3) whose share (m,) is not 0."""
    at = np.flatnonzero(share)
    to = towards if towards.ndim == 1 else towards[at]
    colour[at] += (to - colour[at]) * share[at, None]


def _shade(colour: NDArray[np.float32], *, where: NDArray[np.bool_], by: NDArray[np.float32]) -> None:
    """Changes those cells of colour (m, 3) by factors (m,)."""
    at = np.flatnonzero(where)
    colour[at] = np.clip(colour[at] * by[at, None], 0, 250)
