"""A random yard at several dates: stacks come and go, each box has a number, and each date is seen in its own light."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sattrack.geometry import Points, Quads
from sattrack.synthetic.layouts import SHARES, Layout, draw_layout
from sattrack.synthetic.rendering import Rendered, View, render_scene
from sattrack.synthetic.sensor import Sensor, draw_sensor
from sattrack.synthetic.solids import BOX, Solids, joined

# Nothing that may move stands nearer to the picture's edges: scenes are registered by the ground round a site as well.
APRON_M = 28.0
# Of the stacks that move and hold several boxes so many give up the top one only.
_TOP_ONLY = 0.25
# How carelessly another box is set down in the slot: metres and radians, one standard deviation.
_SET_DOWN_M, _TILT = 0.07, 0.005
# Views from about straight down, degrees: one standard deviation, and the most.
_OFF_NADIR, _MOST_OFF_NADIR = 10.0, 30.0
# Of one camera, whatever the day.
_CAMERA = ("blur_px", "sharpen", "coarser", "saturation", "colour_px", "jpeg")


@dataclass(frozen=True, slots=True, eq=False)
class Dated:
    """A yard at one date.

    seen: numbers of the boxes whose tops are in view; standing: of all that stand there, lower tiers too. slots: (n, 4, 2)
    metres, where boxes may stand, whatever the date.
    """

    drawn: Rendered
    slots: Quads
    seen: NDArray[np.intp]
    standing: NDArray[np.intp]


def draw_dates(seed: int, *, gsd_m: float, side_m: float, dates: int) -> Iterator[Dated]:
    """A square place of side_m metres at so many dates, all from the seed; between two of them any share of its stacks moves.

    Boxes stand APRON_M from the picture's edges and further in. What is no box stays where it is, wagons and empty chassis too.
    """
    rng = np.random.default_rng(seed)
    kinds = {kind: share for kind, share in SHARES.items() if kind != "lookalikes"}
    kind = str(rng.choice(list(kinds), p=np.array(list(kinds.values())) / sum(kinds.values())))
    layout = draw_layout(rng, extent_m=(side_m, side_m), kind=kind)
    boxes = layout.solids.where((layout.solids.kind == BOX) & _inside(layout.solids.centre, side_m=side_m))
    fixed = layout.solids.where(layout.solids.kind != BOX)
    yard, camera = _Yard(boxes, rng), draw_sensor(rng)
    shape = round(side_m / gsd_m), round(side_m / gsd_m)
    for date in range(dates):
        if date:
            yard.move(float(rng.random()), refilled=float(rng.random()))
        here = np.flatnonzero(yard.present)
        things = Layout(layout.extent_m, layout.ground, joined([yard.boxes(), fixed]), kind=kind, wear=layout.wear)
        drawn = render_scene(things, gsd_m=gsd_m, shape=shape, view=_view(rng), sensor=_sensor(rng, camera), rng=rng)
        yield Dated(drawn, boxes.footprints(), yard.number[here[drawn.solids]], yard.number[here])


def _inside(centre: Points, *, side_m: float) -> NDArray[np.bool_]:
    return np.asarray(((centre > APRON_M) & (centre < side_m - APRON_M)).all(axis=1))


class _Yard:
    """Slots of a layout, tier by tier, and which box stands in each: present or not, its number, paint and place."""

    def __init__(self, slots: Solids, rng: np.random.Generator) -> None:
        self._slots, self._rng = slots, rng
        n = len(slots)
        self._stack = np.unique(np.round(slots.lane, 1), axis=0, return_inverse=True)[1].reshape(-1) if n else np.zeros(0, int)
        order = np.lexsort((slots.base, self._stack))
        self._tier = np.empty(n, np.intp)
        self._tier[order] = np.arange(n) - np.searchsorted(self._stack[order], self._stack[order])
        self.number = np.arange(n)
        self._next = n
        self._now = slots
        # Some slots are free at first, so that more may come than left.
        self.present = (rng.random(self._stacks) < rng.uniform(0.4, 1.0))[self._stack]

    @property
    def _stacks(self) -> int:
        return int(self._stack.max(initial=-1)) + 1

    def boxes(self) -> Solids:
        """All that stand there, in order of their slots."""
        return self._now.where(self.present)

    def move(self, left: float, *, refilled: float) -> None:
        """About a share `left` of the stacks that stand leaves, in part or whole; of all free slots then a share is filled."""
        height = np.bincount(self._stack, self.present, minlength=self._stacks).astype(int)
        going = self._rng.random(self._stacks) < left
        top_only = going & (height > 1) & (self._rng.random(self._stacks) < _TOP_ONLY)
        kept = np.where(top_only, height - 1, np.where(going, 0, height))
        self.present = self.present & (self._tier < kept[self._stack])
        most = np.bincount(self._stack, minlength=self._stacks)
        coming = (kept == 0) & (self._rng.random(self._stacks) < refilled)
        wanted = np.where(coming, self._rng.integers(1, np.maximum(most, 1) + 1), 0)
        self._set_down(self._tier < wanted[self._stack])

    def _set_down(self, new: NDArray[np.bool_]) -> None:
        """Other boxes of the yard's paints in these slots."""
        n = int(new.sum())
        if not n:
            return
        self.present = self.present | new
        self.number = self.number.copy()
        self.number[new] = np.arange(self._next, self._next + n)
        self._next += n
        colour, centre, heading = self._now.colour.copy(), self._now.centre.copy(), self._now.heading.copy()
        colour[new] = self._slots.colour[self._rng.integers(0, len(colour), n)]
        centre[new] = self._slots.centre[new] + self._rng.normal(0, _SET_DOWN_M, (n, 2)).clip(-0.25, 0.25)
        heading[new] = self._slots.heading[new] + self._rng.normal(0, _TILT, n)
        self._now = replace(self._now, colour=colour, centre=centre, heading=heading)


def _view(rng: np.random.Generator) -> View:
    """The satellite stands anywhere not too low, the sun about in the south."""
    off = np.tan(np.radians(min(abs(rng.normal(0, _OFF_NADIR)), _MOST_OFF_NADIR)))
    side, noon = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(-115, -65))
    reach = 1 / np.tan(np.radians(rng.uniform(28, 70)))
    return View(
        (float(off * np.cos(side)), float(off * np.sin(side))), (float(reach * np.cos(noon)), float(reach * np.sin(noon))),
        float(rng.uniform(0.25, 0.5)),
    )  # fmt: skip


def _sensor(rng: np.random.Generator, camera: Sensor) -> Sensor:
    """The camera on another day: air, light and stretch are that day's."""
    return replace(draw_sensor(rng), **{name: getattr(camera, name) for name in _CAMERA})
