"""Boxes that come and go in time: a stand remembers every stack, so that what did not move looks the same at the next date."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sattrack.synthetic.solids import Solids, joined
from sattrack.synthetic.yards import Habit, Slots, stacked


@dataclass(slots=True, eq=False)
class Stand:
    """One block of slots through time. tiers: (n,) boxes on each slot now; lot: (n,) which of the drawn stacks stands there.

    pools: for each lot, full stacks on all slots, with slot and tier of each box.
    """

    slots: Slots
    highest: int
    pools: tuple[tuple[Solids, NDArray[np.intp], NDArray[np.intp]], ...]
    tiers: NDArray[np.intp] = field(init=False)
    lot: NDArray[np.intp] = field(init=False)

    def __post_init__(self) -> None:
        self.tiers = np.zeros(len(self.slots), np.intp)
        self.lot = np.zeros(len(self.slots), np.intp)

    def fill(self, share: float, *, rng: np.random.Generator, turnover: float, orderly: bool) -> None:
        """Moves towards a share of all slots taken. turnover: share of stacks exchanged meanwhile. orderly: bay by bay."""
        taken = self.tiers > 0
        swapped = taken & (rng.random(len(taken)) < turnover)
        self.tiers[swapped] = rng.integers(1, self.highest + 1, int(swapped.sum()))
        self.lot[swapped] = (self.lot[swapped] + 1) % len(self.pools)
        order = self.slots.bay + rng.normal(0, 0.35, len(taken)) if orderly else rng.random(len(taken))
        wanted = round(share * len(taken)) - int(taken.sum())
        if wanted > 0:
            free = np.nonzero(~taken)[0]
            new = free[np.argsort(order[free])][:wanted]
            self.tiers[new] = np.clip(rng.normal(0.75 * self.highest, 0.6, len(new)).round(), 1, self.highest)
            self.lot[new] = (self.lot[new] + 1) % len(self.pools)
        elif wanted < 0:
            full = np.nonzero(taken)[0]
            self.tiers[full[np.argsort(-order[full])][:-wanted]] = 0

    def present(self) -> tuple[NDArray[np.bool_], ...]:
        """For each lot, which of its boxes stand here now."""
        return tuple((self.lot[slot] == lot) & (tier < self.tiers[slot]) for lot, (_, slot, tier) in enumerate(self.pools))

    def boxes(self) -> Solids:
        """Every box that stands here now."""
        return joined([pool.where(here) for (pool, _, _), here in zip(self.pools, self.present(), strict=True)])


def draw_stand(rng: np.random.Generator, *, slots: Slots, highest: int, habit: Habit, zone: int, lots: int = 3) -> Stand:
    """An empty stand whose possible stacks are already drawn."""
    full = np.full(len(slots), highest, np.intp)
    pools = []
    for _ in range(lots):
        pool = stacked(rng, slots=slots, tiers=full, habit=habit, zone=zone)
        slot = ((pool.centre[:, None] - slots.centre[None]) ** 2).sum(-1).argmin(1)
        # Boxes of one stack share their nominal place in the painter's order.
        stack = np.unique(np.column_stack([slot, pool.lane[:, 3]]), axis=0, return_inverse=True)[1].ravel()
        order = np.lexsort((pool.base, stack))
        tier = np.empty(len(pool), np.intp)
        tier[order] = np.arange(len(pool)) - np.searchsorted(stack[order], stack[order])
        pools.append((pool, slot, tier))
    return Stand(slots, highest, tuple(pools))
