"""What stands on wheels: lorries, chassis and trailers in rows, buses, cars, the machines of a yard."""

import numpy as np

from sattrack.synthetic.palettes import CAR_PAINTS, STEEL_PAINTS, pick
from sattrack.synthetic.pieces import Piece, Point, assembled, moved
from sattrack.synthetic.solids import STEEL, TRAILER, VEHICLE, Solids, joined, solids
from sattrack.synthetic.yards import FT20, FT40, FT45, single

_BEDS = ((66, 64, 62), (92, 84, 74), (110, 60, 48))
_CHASSIS = ((70, 68, 66), (96, 88, 80), (60, 60, 66))
_TRAILERS = ((226, 226, 222), (234, 234, 232), (200, 204, 206), (120, 130, 150))
# Pale or yellow: from above a dark one cannot be told from a box where pixels are coarse, and would teach to miss boxes.
_BUSES = ((226, 226, 220), (222, 190, 70), (216, 206, 180), (186, 204, 216), (190, 208, 186))
# A bed or chassis with its load on: the load's floor, metres.
BED_M = 1.2


def lorry(rng: np.random.Generator, *, centre: Point, heading: float, frame: float, loaded: bool) -> Solids:
    """A tractor and its chassis, empty or with a box (the box is truth)."""
    length = float(rng.choice([FT20, FT40, FT45], p=[0.2, 0.65, 0.15]))
    cab = Piece((2.3, 2.45), (0, 3.2), pick(rng, paints=CAR_PAINTS, count=1), along=length / 2 + 1.9)
    wide = 0.9 if length > FT20 else 2.3
    bed = Piece((length + 0.4, wide), (0, 1.15), pick(rng, paints=_BEDS, count=1))
    parts = [assembled([cab, bed], centre=centre, heading=heading, frame=frame)]
    if loaded:
        parts.append(single(rng, centre=centre, heading=heading, frame=frame, base_m=BED_M, length_m=length))
    return joined(parts)


def chassis_row(rng: np.random.Generator, *, centre: Point, heading: float, frame: float, count: int, loaded: float) -> Solids:
    """Trailers parked side by side, a share of them with a box on top, none with a tractor."""
    parts = []
    pitch = float(rng.uniform(3.1, 4.2))
    for i in range(count):
        if rng.random() < 0.12:
            continue
        place = moved(centre, heading, across=(i - (count - 1) / 2) * pitch, along=float(rng.normal(0, 0.25)))
        length = float(rng.choice([FT40, FT45, FT20], p=[0.75, 0.15, 0.1]))
        bed = Piece((length, 0.9), (0, 1.1), pick(rng, paints=_CHASSIS, count=1))
        parts.append(assembled([bed], centre=place, heading=heading, frame=frame))
        if rng.random() < loaded:
            parts.append(single(rng, centre=place, heading=heading, frame=frame, base_m=BED_M, length_m=length))
    return joined(parts)


def box_trailer_row(rng: np.random.Generator, *, centre: Point, heading: float, frame: float, count: int) -> Solids:
    """Road trailers without their tractors: 13.6 x 2.55 m, nearly all white, 4 m high."""
    across = (np.arange(count) - (count - 1) / 2) * rng.uniform(3.2, 4.0)
    kept = across[rng.random(count) < 0.75]
    places = np.array([moved(centre, heading, across=float(a), along=float(rng.normal(0, 0.3))) for a in kept]).reshape(-1, 2)
    tone = pick(rng, paints=_TRAILERS, count=len(kept))
    return solids(places, heading=heading, length=13.6, width=2.55, base=1.1, top=4.0, colour=tone, kind=TRAILER, frame=frame)


def van_row(rng: np.random.Generator, *, centre: Point, heading: float, frame: float, count: int) -> Solids:
    """Rigid lorries parked side by side: a white or coloured body of 6 to 9.5 m behind a cab."""
    parts = []
    length, pitch = float(rng.uniform(5.8, 9.5)), float(rng.uniform(3.0, 3.8))
    for i in range(count):
        if rng.random() < 0.2:
            continue
        place = moved(centre, heading, across=(i - (count - 1) / 2) * pitch, along=float(rng.normal(0, 0.3)))
        body = Piece((length, 2.5), (0.9, 3.5), pick(rng, paints=_TRAILERS, count=1))
        cab = Piece((1.9, 2.3), (0, 2.6), pick(rng, paints=CAR_PAINTS, count=1), along=length / 2 + 1.15)
        parts.append(assembled([body, cab], centre=place, heading=heading + float(rng.normal(0, 0.02)), frame=frame))
    return joined(parts)


def bus_row(rng: np.random.Generator, *, centre: Point, heading: float, frame: float, count: int) -> Solids:
    """Buses side by side: 11 to 12 m, one livery, a pale hatch or cooler on the roof."""
    parts = []
    paint = pick(rng, paints=_BUSES, count=1)
    length, pitch = float(rng.uniform(10.5, 12.4)), float(rng.uniform(3.0, 3.9))
    for i in range(count):
        if rng.random() < 0.25:
            continue
        place = moved(centre, heading, across=(i - (count - 1) / 2) * pitch, along=float(rng.normal(0, 0.4)))
        body = Piece((length, 2.5), (0, 3.1), paint * float(rng.normal(1, 0.04)))
        cooler = Piece((2.6, 1.7), (3.1, 3.4), 0.5 * paint + 110, along=float(rng.choice([-0.2, 0.25])) * length, kind=STEEL)
        parts.append(assembled([body, cooler], centre=place, heading=heading + float(rng.normal(0, 0.015)), frame=frame))
    return joined(parts)


def car_park(rng: np.random.Generator, *, centre: Point, heading: float, frame: float, rows: int, columns: int) -> Solids:
    """Cars in rows, 4.5 x 1.8 m: body and roof."""
    v, u = np.meshgrid(np.arange(columns) * 2.6, np.arange(rows) * 5.6)
    grid = np.stack([u.ravel() - u.mean(), v.ravel() - v.mean()], -1)[rng.random(v.size) < rng.uniform(0.3, 0.95)]
    grid = grid + rng.normal(0, 0.15, grid.shape)
    places = np.array([moved(centre, heading, along=float(a), across=float(b)) for a, b in grid]).reshape(-1, 2)
    tone = pick(rng, paints=CAR_PAINTS, count=len(places))
    body = solids(
        places, heading=heading, length=4.4, width=1.8, base=0, top=0.9, colour=tone * 0.85, kind=VEHICLE, frame=frame
    )
    roof = solids(places, heading=heading, length=1.9, width=1.5, base=0.9, top=1.45, colour=tone, kind=VEHICLE, frame=frame)
    return joined([body, roof])


def machine(rng: np.random.Generator, *, centre: Point, heading: float, frame: float) -> Solids:
    """A reach stacker or a straddle carrier."""
    paint = pick(rng, paints=STEEL_PAINTS, count=1)
    if rng.random() < 0.6:
        pieces = [Piece((7.5, 3.6), (0, 2.6), paint), Piece((9.5, 0.9), (3.4, 4.6), paint, kind=STEEL)]
    else:
        sides = [Piece((9.2, 0.8), (0, 12.5), paint, across=a, kind=STEEL) for a in (-2.1, 2.1)]
        ends = [Piece((1.0, 4.4), (11.2, 12.6), paint * 0.95, along=a, kind=STEEL) for a in (-3.6, 3.6)]
        pieces = sides + ends
    return assembled(pieces, centre=centre, heading=heading, frame=frame)
