"""Full blocks: ground packed with boxes of one length as tightly as they can be set down, to see what density does."""

import math
from dataclasses import dataclass

import numpy as np

from sattrack.synthetic.ground import Ground
from sattrack.synthetic.labelled_set import Order
from sattrack.synthetic.layouts import Layout
from sattrack.synthetic.rendering import Rendered, draw_view, render_scene
from sattrack.synthetic.sensor import Sensor
from sattrack.synthetic.solids import BOX_WIDTH_M
from sattrack.synthetic.yards import FT40, Habit, block_slots, stacked

# Beside the picture, so that what leans in from there is drawn.
_MARGIN_M = 20.0


@dataclass(frozen=True, slots=True)
class FullBlock(Order):
    """A square picture with one block in its middle, every slot taken by an even stack, seen by an ordinary sensor.

    length_m: of the boxes. gap_m: between bays and between rows. heading: of the boxes, radians. side_m: of the block, a square
    along the boxes; infinite: the whole picture is covered. Blocks of one seed that differ in side_m only share the boxes of
    the smaller one, under the same sun.
    """

    length_m: float = FT40
    gap_m: tuple[float, float] = (0.1, 0.1)
    heading: float = 0.0
    side_m: float = math.inf

    def drawn(self) -> Rendered:
        """The picture and its truth; the same at every call."""
        rng = np.random.default_rng(self.seed)
        extent = self.pixels * self.gsd_m
        reach = extent * math.sqrt(2) + 2 * _MARGIN_M
        slots = block_slots(
            (extent / 2, extent / 2), heading=self.heading, rows=math.ceil(reach / (BOX_WIDTH_M + self.gap_m[1])),
            bays=math.ceil(reach / (self.length_m + self.gap_m[0])), gap_m=self.gap_m, bay_m=self.length_m,
        )  # fmt: skip
        # A centimetre of careless placing leaves gaps of 5 cm open.
        habit = Habit(
            share20=0.0, share45=0.0, spread_m=0.01, tilt=0.0005, favourites=int(rng.integers(0, 4)),
            patch=float(rng.uniform(0.1, 0.7)), whole_bays=0.15, even=0.3,
        )  # fmt: skip
        tiers = np.full(len(slots), int(rng.integers(1, 4)))
        things = stacked(rng, slots=slots, tiers=tiers, habit=habit)
        view = draw_view(rng)
        cos, sin = math.cos(self.heading), math.sin(self.heading)
        off = things.centre - extent / 2
        along, across = off[:, 0] * cos + off[:, 1] * sin, off[:, 1] * cos - off[:, 0] * sin
        things = things.where(np.asarray(np.maximum(np.abs(along), np.abs(across)) <= self.side_m / 2))
        ground = Ground("concrete", self.seed, 0.9)
        shape = (self.pixels, self.pixels)
        return render_scene(
            Layout((extent, extent), ground, things), gsd_m=self.gsd_m, shape=shape, view=view, sensor=Sensor(), rng=rng
        )
