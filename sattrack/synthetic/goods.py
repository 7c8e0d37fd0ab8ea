"""What lies on the ground and is no box: pallets, crates, timber, pipes, steel, panels."""

import numpy as np

from sattrack.synthetic.palettes import BOX_PAINTS, pick
from sattrack.synthetic.pieces import Piece, Point, assembled
from sattrack.synthetic.solids import ROOF, Floats, Solids, solids

_STACKED = ((150, 126, 92), (112, 100, 90), (130, 70, 52), (176, 172, 160), (92, 96, 100))
_STEEL = ((116, 74, 58), (96, 66, 54), (92, 94, 100), (128, 130, 134), (74, 84, 104), (150, 96, 70))


def small_things(rng: np.random.Generator, *, places: Floats, frame: float) -> Solids:
    """Pallets, crates, skips, cabins: of box colours, never of a box's size."""
    n = len(places)
    tone = pick(rng, paints=tuple(paint for paint, _ in BOX_PAINTS), count=n)
    return solids(
        places, heading=rng.uniform(0, np.pi, n), length=rng.uniform(1.2, 4.2, n), width=rng.uniform(1.0, 3.4, n), base=0,
        top=rng.uniform(0.6, 2.8, n), colour=tone, kind=ROOF, frame=frame,
    )  # fmt: skip


def row_of_goods(rng: np.random.Generator, *, centre: Point, heading: float, frame: float, count: int) -> Solids:
    """Timber, pipes or bales side by side, alike; heading: of their long side."""
    pitch = float(rng.uniform(1.5, 3.0))
    tone = pick(rng, paints=_STACKED, count=1)
    size = float(rng.choice([4.0, 8.0, 18.0])), pitch * 0.8
    high = float(rng.uniform(0.6, 2.5))
    shades = rng.normal(1, 0.08, (count, 1))
    row = [Piece(size, (0, high), tone * shades[i], across=(i - count / 2) * pitch, kind=ROOF) for i in range(count)]
    return assembled(row, centre=centre, heading=heading, frame=frame)


def steel_stack(rng: np.random.Generator, *, centre: Point, heading: float, frame: float) -> Solids:
    """Plates, billets, beams or pipes: bundles 6 to 15 m long and 0.7 to 2 m wide, laid side by side and end to end."""
    rows, lines = int(rng.integers(2, 14)), int(rng.integers(1, 4))
    length, width = float(rng.choice([6.0, 9.0, 12.0, 15.0])), float(rng.uniform(0.7, 2.0))
    tone = pick(rng, paints=_STEEL, count=1)
    pieces = []
    for i in range(rows):
        for j in range(lines):
            if rng.random() < 0.12:
                continue
            along, across = (
                (j - (lines - 1) / 2) * (length + 0.6),
                (i - (rows - 1) / 2) * (width + float(rng.uniform(0.1, 0.5))),
            )
            high = float(rng.uniform(0.4, 2.4))
            shade = float(rng.normal(1, 0.1))
            pieces.append(
                Piece(
                    (length * float(rng.uniform(0.94, 1)), width),
                    (0, high),
                    tone * shade,
                    along=along,
                    across=across,
                    kind=ROOF,
                )
            )
    return assembled(pieces, centre=centre, heading=heading, frame=frame, block=centre)


def pallets(rng: np.random.Generator, *, centre: Point, heading: float, frame: float, rows: int, columns: int) -> Solids:
    """Palletised goods in a close grid: 1.2 x 1 m, alike."""
    v, u = np.meshgrid(np.arange(columns) * 1.35, np.arange(rows) * 1.2)
    kept = rng.random(v.size) < rng.uniform(0.6, 1.0)
    grid = np.stack([u.ravel() - u.mean(), v.ravel() - v.mean()], -1)[kept]
    cos, sin = float(np.cos(heading)), float(np.sin(heading))
    places = np.asarray(centre) + grid @ np.array([[cos, sin], [-sin, cos]])
    tone = np.repeat(pick(rng, paints=_STACKED, count=1), len(grid), 0) * rng.normal(1, 0.06, (len(grid), 1))
    return solids(
        places, heading=heading, length=1.1, width=1.2, base=0, top=float(rng.uniform(0.5, 1.8)), colour=tone, kind=ROOF,
        frame=frame,
    )  # fmt: skip
