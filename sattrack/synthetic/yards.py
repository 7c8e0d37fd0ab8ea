"""Boxes in their places, in metres: blocks of slots, and stacks of true-sized boxes in them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sattrack.synthetic.palettes import box_colours, fleet_shares
from sattrack.synthetic.solids import BOX, BOX_HEIGHTS_M, BOX_LENGTHS_M, BOX_WIDTH_M, Floats, Solids, joined, solids

FT20, FT40, FT45 = BOX_LENGTHS_M[20], BOX_LENGTHS_M[40], BOX_LENGTHS_M[45]


@dataclass(frozen=True, slots=True, eq=False)
class Slots:
    """A block's ground slots. centre: (n, 2) metres. bay, row: (n,) index along and across. heading of the boxes' long side.

    block: the block's centre; frame: heading of the strips it stands in. pitch_m: room along and across for a slot.
    """

    centre: Floats
    bay: NDArray[np.intp]
    row: NDArray[np.intp]
    heading: float
    block: tuple[float, float]
    frame: float
    pitch_m: tuple[float, float]

    def __len__(self) -> int:
        return len(self.bay)


@dataclass(frozen=True, slots=True)
class Habit:
    """How a yard stacks.

    share20, share45: of slots. spread_m: careless placing (standard deviation). tilt: of headings, radians.
    favourites: paints that dominate the yard. patch: chance that a box wears its neighbour's paint.
    whole_bays: share of bays that wear one paint throughout. even: share of those whose boxes are also faded alike, so that
    neighbours show hardly an edge. one_paint: share of all boxes that wear the yard's one paint. cliffs: share of bays where
    tall stacks stand beside low ones. base_m: what the lowest stand on.
    """

    share20: float = 0.25
    share45: float = 0.03
    spread_m: float = 0.06
    tilt: float = 0.004
    favourites: int = 1
    patch: float = 0.35
    whole_bays: float = 0.0
    even: float = 0.0
    one_paint: float = 0.0
    cliffs: float = 0.0
    base_m: float = 0.0


def block_slots(
    centre: tuple[float, float], *, heading: float, rows: int, bays: int, gap_m: tuple[float, float] = (0.5, 0.3),
    bay_m: float = FT40, frame: float | None = None,
) -> Slots:  # fmt: skip
    """Slots of a block around its centre; gap_m: between bays (end to end) and between rows (side by side)."""
    pitch = (bay_m + gap_m[0], BOX_WIDTH_M + gap_m[1])
    bay, row = (grid.ravel() for grid in np.meshgrid(np.arange(bays), np.arange(rows)))
    u = (bay - (bays - 1) / 2) * pitch[0]
    v = (row - (rows - 1) / 2) * pitch[1]
    along, across = np.array([np.cos(heading), np.sin(heading)]), np.array([-np.sin(heading), np.cos(heading)])
    places = np.asarray(centre) + u[:, None] * along + v[:, None] * across
    return Slots(places, bay, row, heading, centre, heading if frame is None else frame, pitch)


def ragged_tiers(rng: np.random.Generator, *, slots: Slots, highest: int, fill: float, cliffs: float = 0.0) -> NDArray[np.intp]:
    """(n,) tiers 0..highest: bays agree among themselves, tops are ragged, and about `fill` of the slots are taken.

    cliffs: share of bays where stacks are either tall or one or two high, in runs along the rows: low tops half hidden and in
    shade.
    """
    bays = int(slots.bay.max()) + 1 if len(slots) else 0
    level = rng.uniform(0.3, 1.0, bays)[slots.bay] * highest
    tiers = np.clip(np.round(level + rng.normal(0, 0.7, len(slots))), 1, highest).astype(np.intp)
    if cliffs and highest > 2:
        steep = (rng.random(bays) < cliffs)[slots.bay]
        tall = rng.random(bays * (int(slots.row.max()) + 1)).reshape(bays, -1)
        tall = tall[slots.bay, slots.row // rng.integers(1, 4, bays)[slots.bay]] < 0.5
        low = rng.integers(1, 3, len(slots))
        tiers = np.where(steep, np.where(tall, highest - rng.integers(0, 2, len(slots)), low), tiers)
    crowded = rng.beta(max(fill, 0.02) * 4, max(1 - fill, 0.02) * 4, bays)[slots.bay]
    return np.where(rng.random(len(slots)) < 0.5 * crowded + 0.5 * fill, tiers, 0)


def stacked(
    rng: np.random.Generator, *, slots: Slots, tiers: NDArray[np.intp], habit: Habit = Habit(), zone: int = -1
) -> Solids:
    """The boxes of all stacks, every tier. A slot of 40 ft holds one 40, one 45 where there is room, or two 20s."""
    n = len(slots)
    if n == 0 or tiers.max(initial=0) == 0:
        return joined([])
    small = _small_slots(rng, slots=slots, habit=habit)
    big = ~small & (rng.random(n) < habit.share45) & (slots.pitch_m[0] > FT45 + 0.05)
    half = np.array([np.cos(slots.heading), np.sin(slots.heading)]) * (FT20 / 2 + 0.04)
    if slots.pitch_m[0] < FT40:
        stacks = [(slots.centre, tiers, np.full(n, FT20), slots.bay)]
    else:
        # The second 20 of a pair is sometimes missing, or a tier lower.
        second = np.where(rng.random(n) < 0.2, np.maximum(tiers - 1, 0), tiers)
        stacks = [
            (slots.centre[~small], tiers[~small], np.where(big, FT45, FT40)[~small], slots.bay[~small]),
            (slots.centre[small] - half, tiers[small], np.full(int(small.sum()), FT20), slots.bay[small]),
            (slots.centre[small] + half, second[small], np.full(int(small.sum()), FT20), slots.bay[small]),
        ]
    centre = np.concatenate([s[0] for s in stacks])
    return _tiered(
        rng, centre=centre, tiers=np.concatenate([s[1] for s in stacks]), length=np.concatenate([s[2] for s in stacks]),
        bay=np.concatenate([s[3] for s in stacks]), slots=slots, habit=habit, zone=zone,
    )  # fmt: skip


def single(
    rng: np.random.Generator, *, centre: tuple[float, float], heading: float, frame: float, base_m: float = 0.0,
    length_m: float | None = None, zone: int = -1,
) -> Solids:  # fmt: skip
    """One box, on the ground or on something base_m high."""
    length = length_m if length_m is not None else float(rng.choice([FT20, FT40, FT45], p=[0.35, 0.58, 0.07]))
    height = float(rng.choice(BOX_HEIGHTS_M))
    return solids(
        np.array([centre]), heading=heading, length=length, width=BOX_WIDTH_M, base=base_m, top=base_m + height,
        colour=box_colours(rng, count=1), kind=BOX, zone=zone, frame=frame,
    )  # fmt: skip


def _small_slots(rng: np.random.Generator, *, slots: Slots, habit: Habit) -> NDArray[np.bool_]:
    """Twenties stand by bays, with a few strays."""
    by_bay = rng.random(int(slots.bay.max()) + 1) < habit.share20
    return np.asarray(by_bay[slots.bay] ^ (rng.random(len(slots)) < 0.06 * (habit.share20 > 0)))


def _tiered(
    rng: np.random.Generator, *, centre: Floats, tiers: NDArray[np.intp], length: Floats, bay: NDArray[np.intp], slots: Slots,
    habit: Habit, zone: int,
) -> Solids:  # fmt: skip
    """Stacks of boxes: each tier stands on the one below, and is set down a little off."""
    n = len(tiers)
    lift = np.full(n, habit.base_m)
    shares = fleet_shares(rng, favourites=habit.favourites, one_paint=habit.one_paint)
    fleets = rng.choice(len(shares), n, p=shares)
    order = np.lexsort((np.arange(n), bay))
    # Runs of one paint within a bay: boxes of one carrier arrive together.
    fleets[order] = fleets[order][np.maximum.accumulate(np.where(rng.random(n) < habit.patch, 0, np.arange(n)))]
    bays = int(bay.max()) + 1
    of_bay, whole = rng.choice(len(shares), bays, p=shares), rng.random(bays) < habit.whole_bays
    fleets = np.where(whole[bay], of_bay[bay], fleets)
    even = whole & (rng.random(bays) < habit.even) if habit.even else np.zeros(bays, bool)
    of_even = box_colours(rng, count=bays, fleets=of_bay) if habit.even else np.zeros((bays, 3), np.float32)
    parts = []
    for tier in range(int(tiers.max(initial=0))):
        there = tiers > tier
        m = int(there.sum())
        if m == 0:
            break
        high = np.where(rng.random(m) < 0.55, BOX_HEIGHTS_M[1], BOX_HEIGHTS_M[0])
        alike = whole[bay[there]] | (rng.random(m) < 0.6)
        worn = np.where(alike, fleets[there], rng.choice(len(shares), m, p=shares))
        if tier == 0:
            worn = fleets[there]
        base = lift[there]
        placed = centre[there] + rng.normal(0, habit.spread_m, (m, 2)).clip(-0.25, 0.25)
        heading = slots.heading + rng.normal(0, habit.tilt, m)
        colour = box_colours(rng, count=m, fleets=worn)
        if habit.even:
            faded = of_even[bay[there]] * rng.normal(1, 0.015, (m, 1)).astype(np.float32)
            colour = np.where(even[bay[there]][:, None], faded, colour)
        parts.append(
            solids(placed, heading=heading, length=length[there], width=BOX_WIDTH_M, base=base, top=base + high, colour=colour,
                   kind=BOX, zone=zone, frame=slots.frame, block=slots.block, slot=(centre[there], slots.heading))
        )  # fmt: skip
        lift[there] = base + high
    return joined(parts)
