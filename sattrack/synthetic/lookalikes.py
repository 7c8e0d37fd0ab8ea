"""What is not a box but looks like one from above: lorries, trailers, cars, wagons, sheds, cranes, boats. Never truth."""

import numpy as np

from sattrack.synthetic.palettes import BOX_PAINTS, CAR_PAINTS, ROOF_PAINTS, STEEL_PAINTS, pick
from sattrack.synthetic.solids import ROOF, STEEL, VEHICLE, Floats, Solids, joined, solids
from sattrack.synthetic.yards import FT20, FT40, FT45, single

Point = tuple[float, float]


def _moved(centre: Point, heading: float, *, along: float = 0.0, across: float = 0.0) -> Point:
    cos, sin = float(np.cos(heading)), float(np.sin(heading))
    return centre[0] + along * cos - across * sin, centre[1] + along * sin + across * cos


def lorry(rng: np.random.Generator, *, centre: Point, heading: float, frame: float, loaded: bool, zone: int = -1) -> Solids:
    """A tractor and its chassis, empty or with a box (the box is truth)."""
    length = float(rng.choice([FT20, FT40, FT45], p=[0.2, 0.65, 0.15]))
    cab = solids(
        np.array([_moved(centre, heading, along=length / 2 + 1.9)]), heading=heading, length=2.3, width=2.45, base=0, top=3.2,
        colour=pick(rng, paints=CAR_PAINTS, count=1), kind=VEHICLE, frame=frame,
    )  # fmt: skip
    bed = solids(
        np.array([centre]), heading=heading, length=length + 0.4, width=0.9 if length > FT20 else 2.3, base=0, top=1.15,
        colour=pick(rng, paints=((66, 64, 62), (92, 84, 74), (110, 60, 48)), count=1), kind=VEHICLE, frame=frame,
    )  # fmt: skip
    parts = [cab, bed]
    if loaded:
        parts.append(single(rng, centre=centre, heading=heading, frame=frame, base_m=1.2, length_m=length, zone=zone))
    return joined(parts)


def chassis_row(rng: np.random.Generator, *, centre: Point, heading: float, frame: float, count: int, loaded: float) -> Solids:
    """Trailers parked side by side, a share of them with a box on top, none with a tractor."""
    parts = []
    pitch = float(rng.uniform(3.1, 4.2))
    for i in range(count):
        if rng.random() < 0.12:
            continue
        place = _moved(centre, heading, across=(i - (count - 1) / 2) * pitch, along=float(rng.normal(0, 0.25)))
        length = float(rng.choice([FT40, FT45, FT20], p=[0.75, 0.15, 0.1]))
        tone = pick(rng, paints=((70, 68, 66), (96, 88, 80), (60, 60, 66)), count=1)
        parts.append(
            solids(
                np.array([place]),
                heading=heading,
                length=length,
                width=0.9,
                base=0,
                top=1.1,
                colour=tone,
                kind=VEHICLE,
                frame=frame,
            )
        )
        if rng.random() < loaded:
            parts.append(single(rng, centre=place, heading=heading, frame=frame, base_m=1.2, length_m=length))
    return joined(parts)


def box_trailer_row(rng: np.random.Generator, *, centre: Point, heading: float, frame: float, count: int) -> Solids:
    """Road trailers: 13.6 x 2.55 m, nearly all white, 4 m high."""
    across = (np.arange(count) - (count - 1) / 2) * rng.uniform(3.2, 4.0)
    kept = across[rng.random(count) < 0.75]
    places = np.array([_moved(centre, heading, across=float(a), along=float(rng.normal(0, 0.3))) for a in kept]).reshape(-1, 2)
    tone = pick(rng, paints=((226, 226, 222), (234, 234, 232), (200, 204, 206), (120, 130, 150)), count=len(kept))
    return solids(places, heading=heading, length=13.6, width=2.55, base=1.1, top=4.0, colour=tone, kind=VEHICLE, frame=frame)


def car_park(rng: np.random.Generator, *, centre: Point, heading: float, frame: float, rows: int, columns: int) -> Solids:
    """Cars in rows, 4.5 x 1.8 m: body and roof."""
    v, u = np.meshgrid(np.arange(columns) * 2.6, np.arange(rows) * 5.6)
    grid = np.stack([u.ravel() - u.mean(), v.ravel() - v.mean()], -1)[rng.random(v.size) < rng.uniform(0.3, 0.95)]
    grid = grid + rng.normal(0, 0.15, grid.shape)
    places = np.array([_moved(centre, heading, along=float(a), across=float(b)) for a, b in grid]).reshape(-1, 2)
    tone = pick(rng, paints=CAR_PAINTS, count=len(places))
    body = solids(
        places, heading=heading, length=4.4, width=1.8, base=0, top=0.9, colour=tone * 0.85, kind=VEHICLE, frame=frame
    )
    roof = solids(places, heading=heading, length=1.9, width=1.5, base=0.9, top=1.45, colour=tone, kind=VEHICLE, frame=frame)
    return joined([body, roof])


def shed(rng: np.random.Generator, *, centre: Point, heading: float, frame: float, size: Point) -> Solids:
    """A flat or saddle roof: two slopes of different light, ventilators in a row."""
    high = float(rng.uniform(4, 11))
    paint = pick(rng, paints=ROOF_PAINTS, count=1)
    half = size[1] / 4
    parts = [
        solids(
            np.array([_moved(centre, heading, across=side * half)]),
            heading=heading,
            length=size[0],
            width=size[1] / 2,
            base=0,
            top=high,
            colour=paint * shade,
            kind=ROOF,
            frame=frame,
            block=centre,
        )
        for side, shade in ((-1, 1.0), (1, float(rng.uniform(0.72, 1.0))))
    ]
    vents = int(size[0] // 9)
    if vents and rng.random() < 0.5:
        places = np.array([_moved(centre, heading, along=(i - (vents - 1) / 2) * 9) for i in range(vents)])
        parts.append(
            solids(
                places,
                heading=heading,
                length=1.6,
                width=1.2,
                base=high,
                top=high + 0.9,
                colour=paint * 0.8,
                kind=STEEL,
                frame=frame,
            )
        )
    return joined(parts)


def wagons(
    rng: np.random.Generator, *, start: Point, heading: float, frame: float, count: int, loaded: float, zone: int = -1
) -> Solids:
    """A train along its heading: flat wagons of 60 ft or 80 ft with boxes, and closed or tank wagons without."""
    parts = []
    at = 0.0
    closed = rng.random() < 0.25
    for _ in range(count):
        length = float(rng.choice([13.4, 18.9, 25.0]))
        middle = _moved(start, heading, along=at + length / 2)
        at += length + 1.3
        if closed or rng.random() < 0.06:
            paint = pick(rng, paints=((104, 70, 56), (112, 110, 108), (84, 86, 80), (140, 134, 120)), count=1)
            parts.append(
                solids(
                    np.array([middle]),
                    heading=heading,
                    length=length - 0.6,
                    width=2.9,
                    base=0,
                    top=4.1,
                    colour=paint,
                    kind=VEHICLE,
                    frame=frame,
                )
            )
            continue
        bed = pick(rng, paints=((78, 66, 58), (64, 62, 60)), count=1)
        parts.append(
            solids(
                np.array([middle]),
                heading=heading,
                length=length,
                width=2.5,
                base=0,
                top=1.1,
                colour=bed,
                kind=VEHICLE,
                frame=frame,
            )
        )
        offset = -length / 2 + 0.3
        while offset < length / 2 - FT20:
            size = FT40 if offset + FT40 < length / 2 and rng.random() < 0.7 else FT20
            if rng.random() < loaded:
                place = _moved(middle, heading, along=offset + size / 2)
                parts.append(single(rng, centre=place, heading=heading, frame=frame, base_m=1.15, length_m=size, zone=zone))
            offset += size + 0.25
    return joined(parts)


def gantry(
    rng: np.random.Generator, *, centre: Point, heading: float, frame: float, span_m: float, high_m: float = 20.0
) -> Solids:
    """A yard crane over a block: two girders across the rows, end beams, a trolley and a cabin."""
    paint = pick(rng, paints=STEEL_PAINTS, count=1)
    parts = []
    for side in (-1, 1):
        girder = np.array([_moved(centre, heading, along=side * 3.2)])
        parts.append(
            solids(
                girder,
                heading=heading + np.pi / 2,
                length=span_m + 4,
                width=1.3,
                base=high_m - 1.6,
                top=high_m,
                colour=paint,
                kind=STEEL,
                frame=frame,
            )
        )
        beam = np.array([_moved(centre, heading, across=side * (span_m / 2))])
        parts.append(
            solids(beam, heading=heading, length=11, width=1.0, base=0.4, top=2.0, colour=paint * 0.8, kind=STEEL, frame=frame)
        )
        legs = np.array([_moved(centre, heading, along=a, across=side * (span_m / 2)) for a in (-3.2, 3.2)])
        parts.append(
            solids(
                legs, heading=heading, length=0.9, width=0.7, base=0, top=high_m - 1.6, colour=paint, kind=STEEL, frame=frame
            )
        )
    trolley = np.array([_moved(centre, heading, across=float(rng.uniform(-0.4, 0.4)) * span_m)])
    parts.append(
        solids(
            trolley,
            heading=heading,
            length=6.6,
            width=3.4,
            base=high_m,
            top=high_m + 1.8,
            colour=paint * 0.9,
            kind=STEEL,
            frame=frame,
        )
    )
    return joined(parts)


def quay_crane(rng: np.random.Generator, *, centre: Point, heading: float, frame: float) -> Solids:
    """A ship-to-shore crane: a long boom across the quay edge on a portal."""
    paint = pick(rng, paints=STEEL_PAINTS, count=1)
    boom = solids(
        np.array([_moved(centre, heading, across=side * 2.2) for side in (-1, 1)]), heading=heading, length=78, width=1.3,
        base=36, top=38.5, colour=paint, kind=STEEL, frame=frame,
    )  # fmt: skip
    house = solids(
        np.array([_moved(centre, heading, along=-14)]),
        heading=heading,
        length=12,
        width=7,
        base=38,
        top=42,
        colour=paint * 0.95,
        kind=STEEL,
        frame=frame,
    )
    sill = solids(
        np.array([_moved(centre, heading, along=a) for a in (-14.0, 14.0)]), heading=heading + np.pi / 2, length=24, width=1.5,
        base=1, top=4, colour=paint * 0.8, kind=STEEL, frame=frame,
    )  # fmt: skip
    return joined([sill, boom, house])


def small_things(rng: np.random.Generator, *, places: Floats, frame: float) -> Solids:
    """Pallets, crates, skips, cabins: of box colours, never of a box's size."""
    n = len(places)
    tone = pick(rng, paints=tuple(paint for paint, _ in BOX_PAINTS), count=n)
    return solids(
        places, heading=rng.uniform(0, np.pi, n), length=rng.uniform(1.2, 4.2, n), width=rng.uniform(1.0, 3.4, n), base=0,
        top=rng.uniform(0.6, 2.8, n), colour=tone, kind=ROOF, frame=frame,
    )  # fmt: skip


def boat(rng: np.random.Generator, *, centre: Point, heading: float, frame: float) -> Solids:
    """A launch, a barge or a freighter's hull with hatches and a house."""
    length = float(rng.choice([9, 18, 45, 90]) * rng.uniform(0.8, 1.2))
    width = length * float(rng.uniform(0.16, 0.28))
    paint = pick(rng, paints=((120, 60, 50), (60, 66, 74), (190, 190, 186), (70, 96, 110)), count=1)
    hull = solids(
        np.array([centre]),
        heading=heading,
        length=length,
        width=width,
        base=0,
        top=length * 0.06 + 0.8,
        colour=paint,
        kind=VEHICLE,
        frame=frame,
    )
    deck = length * 0.06 + 0.8
    house = solids(
        np.array([_moved(centre, heading, along=-length * 0.36)]), heading=heading, length=length * 0.14, width=width * 0.8,
        base=deck, top=deck + length * 0.07 + 1.5, colour=np.array([[222, 222, 218]], np.float32), kind=STEEL, frame=frame,
    )  # fmt: skip
    hatches = np.array([_moved(centre, heading, along=length * a) for a in (-0.14, 0.06, 0.26)])
    lids = solids(
        hatches,
        heading=heading,
        length=length * 0.16,
        width=width * 0.66,
        base=deck,
        top=deck + 0.9,
        colour=paint * 0.8 + 30,
        kind=STEEL,
        frame=frame,
    )
    return joined([hull, house, lids])
