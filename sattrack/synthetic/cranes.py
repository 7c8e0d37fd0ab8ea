"""Cranes: gantries over blocks, ship-to-shore cranes on a quay."""

import numpy as np

from sattrack.synthetic.palettes import STEEL_PAINTS, pick
from sattrack.synthetic.pieces import Piece, Point, assembled
from sattrack.synthetic.solids import STEEL, Solids


def gantry(
    rng: np.random.Generator, *, centre: Point, heading: float, frame: float, span_m: float, high_m: float = 20.0
) -> Solids:
    """A yard crane over a block: two girders across the rows, end beams, a trolley and a cabin."""
    paint = pick(rng, paints=STEEL_PAINTS, count=1)
    below, half = high_m - 1.6, span_m / 2
    pieces = []
    for side in (-1, 1):
        pieces += [
            Piece((span_m + 4, 1.3), (below, high_m), paint, along=side * 3.2, kind=STEEL, turn=np.pi / 2),
            Piece((11, 1.0), (0.4, 2.0), paint * 0.8, across=side * half, kind=STEEL),
            *(Piece((0.9, 0.7), (0, below), paint, along=a, across=side * half, kind=STEEL) for a in (-3.2, 3.2)),
        ]
    trolley = float(rng.uniform(-0.4, 0.4)) * span_m
    pieces.append(Piece((6.6, 3.4), (high_m, high_m + 1.8), paint * 0.9, across=trolley, kind=STEEL))
    return assembled(pieces, centre=centre, heading=heading, frame=frame)


def quay_crane(rng: np.random.Generator, *, centre: Point, heading: float, frame: float) -> Solids:
    """A ship-to-shore crane: a long boom across the quay edge on a portal."""
    paint = pick(rng, paints=STEEL_PAINTS, count=1)
    pieces = [
        *(Piece((24, 1.5), (1, 4), paint * 0.8, along=a, kind=STEEL, turn=np.pi / 2) for a in (-14.0, 14.0)),
        *(Piece((78, 1.3), (36, 38.5), paint, across=side * 2.2, kind=STEEL) for side in (-1, 1)),
        Piece((12, 7), (38, 42), paint * 0.95, along=-14, kind=STEEL),
    ]
    return assembled(pieces, centre=centre, heading=heading, frame=frame)
