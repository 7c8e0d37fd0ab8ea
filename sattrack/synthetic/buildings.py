"""Roofs: sheds, narrow houses in rows, huts, and round tanks."""

import numpy as np

from sattrack.synthetic.palettes import BOX_PAINTS, ROOF_PAINTS, pick
from sattrack.synthetic.pieces import Piece, Point, assembled
from sattrack.synthetic.solids import ROOF, STEEL, Solids, joined, solids

# Sheets over narrow houses, as a quarter of row houses in a harbour town shows them: white, gray and pale blue, few of
# terracotta. Houses as colourful and as narrow as boxes teach to doubt real blocks.
_SHEETS = (
    (240, 246, 247), (240, 246, 247), (196, 220, 226), (196, 220, 226), (172, 186, 206), (164, 160, 166), (164, 160, 166),
    (146, 138, 144), (124, 120, 130), (96, 92, 98), (206, 198, 178), (118, 160, 164), (186, 122, 104), (112, 84, 76),
    (94, 120, 160),
)  # fmt: skip


def shed(rng: np.random.Generator, *, centre: Point, heading: float, frame: float, size: Point) -> Solids:
    """A flat or saddle roof: two slopes of different light, ventilators in a row."""
    high = float(rng.uniform(4, 11))
    paint = pick(rng, paints=ROOF_PAINTS, count=1)
    slopes = ((-1, 1.0), (1, float(rng.uniform(0.72, 1.0))))
    roof = [
        Piece((size[0], size[1] / 2), (0, high), paint * shade, across=side * size[1] / 4, kind=ROOF) for side, shade in slopes
    ]
    parts = [assembled(roof, centre=centre, heading=heading, frame=frame, block=centre)]
    vents = int(size[0] // 9)
    if vents and rng.random() < 0.5:
        row = [
            Piece((1.6, 1.2), (high, high + 0.9), paint * 0.8, along=(i - (vents - 1) / 2) * 9, kind=STEEL)
            for i in range(vents)
        ]
        parts.append(assembled(row, centre=centre, heading=heading, frame=frame))
    return joined(parts)


def narrow_houses(
    rng: np.random.Generator, *, centre: Point, heading: float, frame: float, count: int, depth_m: float
) -> Solids:
    """Houses wall to wall, each narrow and deep, under sheets; some with a terrace behind.

    heading: along the street; depth_m: from street to back.
    """
    widths = rng.choice([3.2, 3.8, 4.4, 5.2], count, p=[0.2, 0.3, 0.3, 0.2]) * rng.uniform(0.92, 1.08, count)
    starts = np.cumsum(widths) - widths - widths.sum() / 2
    paints = pick(rng, paints=_SHEETS, count=count)
    pieces = []
    for width, start, paint in zip(widths, starts, paints, strict=True):
        if rng.random() < 0.07:
            continue
        along, high = float(start + width / 2), float(rng.choice([3.2, 3.8, 6.5, 9.5]) + rng.normal(0, 0.2))
        front = depth_m * float(rng.choice([1.0, 0.8, 0.62], p=[0.4, 0.3, 0.3]))
        gap = float(rng.choice([0.0, 0.0, 0.15, 0.3]))
        back = depth_m - front
        pieces.append(Piece((width - gap, front), (0, high), paint, along=along, across=-back / 2, kind=ROOF))
        if back > 1.5 and rng.random() < 0.8:
            tone = pick(rng, paints=_SHEETS, count=1)
            low = high - float(rng.uniform(0.4, 2.4))
            pieces.append(Piece((width - gap, back - 0.2), (0, low), tone, along=along, across=front / 2, kind=ROOF))
        if high > 5 and rng.random() < 0.4:  # a water tank or a stair head
            pieces.append(Piece((1.3, 1.3), (high, high + 1.6), np.array([196, 200, 204]), along=along, kind=STEEL))
    return assembled(pieces, centre=centre, heading=heading, frame=frame, block=centre)


def huts(rng: np.random.Generator, *, places: list[Point], heading: float, frame: float) -> Solids:
    """Site cabins: as high as a box, wider and mostly shorter."""
    n = len(places)
    tone = pick(rng, paints=(*(paint for paint, _ in BOX_PAINTS[4:10]), (214, 206, 184), (226, 226, 222)), count=n)
    return solids(
        np.array(places).reshape(-1, 2), heading=heading + rng.normal(0, 0.03, n), length=rng.choice([4.8, 6.0, 9.0], n),
        width=rng.uniform(2.9, 3.6, n), base=0, top=rng.uniform(2.5, 3.2, n), colour=tone, kind=ROOF, frame=frame,
    )  # fmt: skip


def tank(rng: np.random.Generator, *, centre: Point, across_m: float, high_m: float, frame: float) -> Solids:
    """A round tank: squares turned against each other are round enough at these pixels; a paler middle."""
    paint = pick(rng, paints=((222, 222, 218), (198, 196, 188), (150, 140, 128), (120, 84, 70)), count=1)
    side = across_m * 0.73
    turns = [float(turn) for turn in np.linspace(0, np.pi / 2, 8 + int(across_m * 0.6), endpoint=False)]
    wall = [Piece((side, side), (0, high_m - 0.2), paint, kind=STEEL, turn=turn) for turn in turns]
    # The roof lies over all walls, or each would stand on the roof of the one before.
    roof = [Piece((side, side), (high_m - 0.2, high_m), paint, kind=STEEL, turn=turn) for turn in turns]
    cap = [Piece((side * 0.5, side * 0.5), (high_m, high_m + 0.1), paint * 1.05, kind=STEEL, turn=turn) for turn in turns[::2]]
    return assembled([*wall, *roof, *cap], centre=centre, heading=frame, frame=frame, block=centre)
