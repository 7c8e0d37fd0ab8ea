"""Upright prisms on the ground, in metres: boxes, lorries, roofs, cranes. What is drawn, and in which order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BOX_WIDTH_M = 2.438
BOX_LENGTHS_M = {20: 6.058, 40: 12.192, 45: 13.716}
BOX_HEIGHTS_M = (2.591, 2.896)

BOX, ROOF, VEHICLE, STEEL, TRAILER = 0, 1, 2, 3, 4


@dataclass(frozen=True, slots=True, eq=False)
class Solids:
    """Prisms as parallel arrays. Metres; x to the right, y down, heading clockwise from x.

    centre: (n, 2). heading, length, width, base, top: (n,). colour: (n, 3) sRGB 0..255. kind: (n,) BOX, ROOF, VEHICLE, STEEL
    or TRAILER; only BOX is truth, and a TRAILER, as long and wide as a 45-foot box, is what nobody could tell from one.
    zone: (n,) index of a named part of the yard, -1 for none.
    lane: (n, 4) places along the directions of lane_angle (n, 4), outermost first: the painter's order (see faces).
    """

    centre: Floats
    heading: Floats
    length: Floats
    width: Floats
    base: Floats
    top: Floats
    colour: NDArray[np.float32]
    kind: NDArray[np.int8]
    zone: NDArray[np.int32]
    lane: Floats
    lane_angle: Floats

    def __len__(self) -> int:
        return len(self.heading)

    def footprints(self) -> Floats:
        """(n, 4, 2) corners on the ground, in metres."""
        cos, sin = np.cos(self.heading), np.sin(self.heading)
        u = np.stack([cos, sin], -1) * self.length[:, None] / 2
        v = np.stack([-sin, cos], -1) * self.width[:, None] / 2
        return np.stack([self.centre - u - v, self.centre + u - v, self.centre + u + v, self.centre - u + v], axis=1)

    def where(self, keep: NDArray[np.bool_]) -> "Solids":
        return Solids(*(getattr(self, name)[keep] for name in FIELDS))


FIELDS = ("centre", "heading", "length", "width", "base", "top", "colour", "kind", "zone", "lane", "lane_angle")


def solids(
    centre: Floats,
    *,
    heading: float | Floats,
    length: float | Floats,
    width: float | Floats,
    base: float | Floats,
    top: float | Floats,
    colour: NDArray[np.floating[Any]],
    kind: int | NDArray[np.int8],
    zone: int | NDArray[np.int32] = -1,
    frame: float = 0.0,
    block: tuple[float, float] | None = None,
    slot: tuple[Floats, float] | None = None,
) -> Solids:
    """Solids from scalars or arrays.

    frame: the heading of the strips of the layout; block: centre of the block they stand in; slot: the centres (n, 2) and the
    heading that the places would have if nothing stood askew, so that a stack keeps its order.
    """
    centre = np.asarray(centre, np.float64).reshape(-1, 2)
    n = len(centre)

    def spread(value: float | Floats) -> Floats:
        return _spread(value, shape=(n,), dtype=np.float64)

    heading_n = spread(heading)
    around = centre if block is None else np.broadcast_to(np.asarray(block, np.float64), (n, 2))
    straight, straight_heading = (centre, heading_n) if slot is None else (slot[0], spread(slot[1]))
    along = np.stack([np.cos(straight_heading), np.sin(straight_heading)], -1)
    across = along[:, ::-1] * (-1, 1)
    lane = np.stack(
        [
            # Strips are far apart: rounding to a metre keeps boxes of one block together.
            np.round(around @ np.array([-np.sin(frame), np.cos(frame)])),
            np.round(around @ np.array([np.cos(frame), np.sin(frame)])),
            np.round(((straight - around) * across).sum(1), 1),
            np.round(((straight - around) * along).sum(1), 1),
        ],
        axis=1,
    )
    angle = np.stack([np.full(n, frame + np.pi / 2), np.full(n, frame), straight_heading + np.pi / 2, straight_heading], axis=1)
    return Solids(
        centre, heading_n, spread(length), spread(width), spread(base), spread(top),
        _spread(colour, shape=(n, 3), dtype=np.float32), _spread(kind, shape=(n,), dtype=np.int8),
        _spread(zone, shape=(n,), dtype=np.int32), lane, angle,
    )  # fmt: skip


def _spread(value: Any, *, shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
    """A new array of that shape, from one of it or from less; np.broadcast_to would cost more than all else for one box."""
    out: NDArray[Any] = np.empty(shape, dtype)
    out[...] = value
    return out


def joined(parts: Sequence[Solids]) -> Solids:
    """All solids of all parts, in order."""
    if not parts:
        return solids(
            np.zeros((0, 2)), heading=0, length=1, width=1, base=0, top=1, colour=np.zeros((0, 3), np.float32), kind=BOX
        )
    return Solids(*(np.concatenate([getattr(part, name) for part in parts]) for name in FIELDS))
