"""The drawing board of a layout: strips along one heading, on which solids are put and lines are painted."""

from dataclasses import dataclass, field

import numpy as np

from sattrack.synthetic.ground import Stripe, Surface
from sattrack.synthetic.solids import Floats, Solids

Point = tuple[float, float]


@dataclass(slots=True, eq=False)
class Plot:
    """u runs along the frame, v across it, both in metres from the middle and as far as `half` each way.

    paint: the colour of painted lines here; opacity: how worn they are, 0..1. shore: v from which there is water.
    """

    rng: np.random.Generator
    middle: Point
    frame: float
    half: float
    paint: tuple[int, int, int] = (205, 200, 190)
    opacity: float = 0.5
    shore: float = np.inf
    parts: list[Solids] = field(default_factory=list)
    surfaces: list[Surface] = field(default_factory=list)
    stripes: list[Stripe] = field(default_factory=list)

    def at(self, u: float, v: float) -> Point:
        """Metres on the picture of a place on the board."""
        cos, sin = float(np.cos(self.frame)), float(np.sin(self.frame))
        return self.middle[0] + u * cos - v * sin, self.middle[1] + u * sin + v * cos

    def outline(self, *, u: tuple[float, float], v: tuple[float, float]) -> Floats:
        """(4, 2) corners of a rectangle of the board."""
        return np.array([self.at(u[0], v[0]), self.at(u[1], v[0]), self.at(u[1], v[1]), self.at(u[0], v[1])])

    def put(self, *things: Solids) -> None:
        """Solids onto the board."""
        self.parts.extend(thing for thing in things if len(thing))

    def pave(self, kind: str, *, u: tuple[float, float], v: tuple[float, float], shade: float = 1.0) -> None:
        """A rectangle of another ground."""
        self.surfaces.append(Surface(kind, self.outline(u=u, v=v), shade))

    def line(self, start: Point, end: Point, *, width_m: float = 0.15, colour: tuple[int, int, int] | None = None,
             opacity: float | None = None) -> None:  # fmt: skip
        """A painted line between two places (u, v)."""
        tone = self.paint if colour is None else colour
        worn = self.opacity if opacity is None else opacity
        self.stripes.append(Stripe(np.array([self.at(*start), self.at(*end)]), width_m, tone, worn))

    def dashes(
        self, *, u: tuple[float, float], v: float, dash_m: float = 3.0, gap_m: float = 4.0, width_m: float = 0.15
    ) -> None:
        """A broken line along the board."""
        for start in np.arange(u[0], u[1], dash_m + gap_m):
            self.line((float(start), v), (float(start) + dash_m, v), width_m=width_m)
