"""Things put together from upright prisms: a lorry of cab and bed, a crane of girders, beams and legs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sattrack.synthetic.solids import VEHICLE, Solids, solids

Point = tuple[float, float]
Colour = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One prism of a thing. Metres.

    size: length along the thing's heading, and width. height: of bottom and top. colour: (3,) or (1, 3) sRGB. along, across:
    from the thing's middle. turn: of the prism against the thing, radians.
    """

    size: Point
    height: Point
    colour: Colour
    along: float = 0.0
    across: float = 0.0
    kind: int = VEHICLE
    turn: float = 0.0


def moved(centre: Point, heading: float, *, along: float = 0.0, across: float = 0.0) -> Point:
    """The place so many metres along and across a heading from a centre."""
    cos, sin = float(np.cos(heading)), float(np.sin(heading))
    return centre[0] + along * cos - across * sin, centre[1] + along * sin + across * cos


def assembled(pieces: Sequence[Piece], *, centre: Point, heading: float, frame: float, block: Point | None = None) -> Solids:
    """The thing at a place, of any number of pieces. frame, block: as in `solids`."""
    size = np.array([piece.size for piece in pieces], float).reshape(-1, 2)
    height = np.array([piece.height for piece in pieces], float).reshape(-1, 2)
    places = [moved(centre, heading, along=piece.along, across=piece.across) for piece in pieces]
    return solids(
        np.array(places, float).reshape(-1, 2), heading=heading + np.array([piece.turn for piece in pieces], float),
        length=size[:, 0], width=size[:, 1], base=height[:, 0], top=height[:, 1],
        colour=np.array([np.reshape(piece.colour, 3) for piece in pieces], float).reshape(-1, 3),
        kind=np.array([piece.kind for piece in pieces], np.int8), frame=frame, block=block,
    )  # fmt: skip
