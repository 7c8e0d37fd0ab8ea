"""Flows on noise: how often the intervals of what left, and came, held the true sums of falls, and of rises, between scenes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from sattrack.bench.alarm_models import MODELS, draw
from sattrack.bench.alarms import DETECTOR_SD, Rate, observed, share_of
from sattrack.steps.cycling import cycles
from sattrack.steps.histories import Floats
from sattrack.steps.summing import moved
from sattrack.steps.two_scenes import whole_site

# Of the scenes that are partly clouded, as in the noise models.
_CLOUDED = 0.3
# What an interval at 95 % is asked to hold at least.
LEAST_HELD = 0.9

Drawing = Callable[[int, Generator], Floats]


@dataclass(frozen=True, slots=True)
class FlowRow:
    """One kind of site with so many scenes; departures and arrivals together.

    held: how often the interval held the true sum; over: how often its low end was above it. true, point, low, high: means, in
    boxes. cycle_held: how often the interval of what left in a cycle held the true fall from its peak; none without cycles.
    errors: `each` where the detector errs at each scene anew, `alike` where it errs alike at all scenes of a site.
    """

    model: str
    errors: str
    scenes: int
    held: Rate
    over: Rate
    true: float
    point: float
    low: float
    high: float
    cycles: int
    cycle_held: Rate | None


def bench_flows(*, draws: int, scenes: Sequence[int] = (2, 5, 15, 30), seed: int = 1) -> list[FlowRow]:
    """A row for each kind of site, number of scenes, and way to err: the nine noise models of alarms, and SITES, which fill and
    empty or never move.
    """
    rows = []
    for number, n in enumerate(scenes):
        for errors in ("each", "alike"):
            for which, noise in enumerate(MODELS):
                rng = np.random.default_rng([seed, number, which, len(errors)])
                drawn = draw(noise, draws=draws, past=n - 1, surge=1.0, rng=rng)
                rows.append(_row(noise.name, errors, drawn.true, drawn.seen, drawn.told, rng=rng))
            for which, (name, drawing) in enumerate(SITES.items()):
                rng = np.random.default_rng([seed, number, 100 + which, len(errors)])
                true = np.stack([drawing(n, rng) for _ in range(draws)])
                cover = np.where(rng.random(true.shape) < _CLOUDED, rng.uniform(0.4, 0.95, true.shape), 1.0)
                seen = rng.binomial(true.astype(int), cover).astype(float)
                rows.append(_row(name, errors, true, seen, cover, rng=rng))
    return rows


def filling(scenes: int, rng: Generator) -> Floats:
    """(scenes,) boxes at a pier that fills to 150 to 350 over one to three scenes, stays, is emptied at once, and stays so."""
    boxes: list[float] = []
    while len(boxes) < scenes:
        top, empty = rng.uniform(150, 350), rng.uniform(0, 15)
        up, stay, gone = rng.integers(1, 4), rng.integers(0, 3), rng.integers(1, 3)
        boxes += [*np.linspace(empty, top, int(up) + 1)[1:], *[top] * int(stay), *[empty] * int(gone)]
    return np.asarray(np.rint(boxes[:scenes]), np.float64)


def still(boxes: float) -> Drawing:
    """So many boxes, that never move."""
    return lambda scenes, _rng: np.full(scenes, boxes)


SITES: dict[str, Drawing] = {"fills and empties": filling, "60 that stay": still(60.0), "300 that stay": still(300.0)}


def _row(model: str, errors: str, true: Floats, seen: Floats, told: Floats, *, rng: Generator) -> FlowRow:
    draws, n = true.shape
    erring = rng.standard_normal((draws, n if errors == "each" else 1))
    found = np.maximum(np.rint(seen * (1 + DETECTOR_SD * erring)), 0.0)
    ends = np.zeros((2 * draws, 4))
    cycle: list[bool] = []
    for i in range(draws):
        scenes = [observed(found[i, j], told[i, j], day=j) for j in range(n)]
        wholes = [whole_site(one) for one in scenes]
        change = np.diff(true[i])
        for j, (total, sign) in enumerate(zip(moved(wholes), (-1, 1), strict=True)):
            ends[2 * i + j] = np.maximum(sign * change, 0).sum(), total.value, total.low or 0.0, total.high or 0.0
        boxes = dict(zip((one.scene_id for one in scenes), true[i], strict=True))
        for one in cycles(scenes, wholes):
            if one.left is not None and one.emptied is not None:
                fell = boxes[one.peak.scene_id] - boxes[one.emptied.scene_id]
                cycle.append((one.left.low or 0.0) <= fell <= (one.left.high or 0.0))
    sums, point, low, high = ends.T
    slack = 1e-6  # of sums of floats
    over, under = low > sums + slack, high < sums - slack
    return FlowRow(
        model, errors, n, share_of(~over & ~under), share_of(over), float(sums.mean()), float(point.mean()), float(low.mean()),
        float(high.mean()), len(cycle), share_of(np.array(cycle)) if cycle else None,
    )  # fmt: skip


def missed(rows: Sequence[FlowRow]) -> list[FlowRow]:
    """The rows whose interval held less than LEAST_HELD of the true sums."""
    return [row for row in rows if row.held.share < LEAST_HELD]
