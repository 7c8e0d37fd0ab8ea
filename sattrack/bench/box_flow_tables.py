"""What the benchmark of flows by boxes found, as tables, a sentence for each promise, and plain values."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from sattrack.bench.box_flows import BoxFlows, Judged
from sattrack.bench.tables import Table, finite, shown
from sattrack.flows import Moved

# What an interval at 95 % is asked to hold at least.
LEAST_HELD = 0.9
_SHARES = ((0.0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, math.nextafter(1, 2)))
_LEANS_M = ((0.0, 0.4), (0.4, 0.8), (0.8, 1.2), (1.2, math.inf))
_HAZES = ((0.0, 0.1), (0.1, 0.3), (0.3, 1.0))
_GSDS_M = ((0.28, 0.4), (0.4, 0.55), (0.55, 0.7), (0.7, 0.83))
_NARROWER = NormalDist().inv_cdf(0.95) / NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its standard error, places drawn as wholes: what is said of one place's scenes errs alike."""

    share: float
    error: float


@dataclass(frozen=True, slots=True)
class Row:
    """Intervals of several movements, or of changes of counts. held: at 95 %; held_90: at 90 %, each side narrower as a normal
    distribution's is. above, below: the low end over, the high end under what moved. half: the median half-width, boxes.
    """

    name: str
    intervals: int
    held: Share
    held_90: Share
    above: float
    below: float
    true: float
    point: float
    half: float


@dataclass(frozen=True, slots=True)
class _Case:
    place: str
    true: float
    told: Moved

    @property
    def known(self) -> bool:
        """Whether it has ends; of what has none nothing can be said to be held."""
        return self.told.low is not None and self.told.high is not None

    def holds(self, *, narrower: float = 1.0) -> bool:
        low, high = _ends(self.told)
        point = self.told.value
        low = low if low == 0 else point - narrower * (point - low)
        return low <= self.true + 1e-9 and self.true <= point + narrower * (high - point) + 1e-9


def _ends(told: Moved) -> tuple[float, float]:
    return -math.inf if told.low is None else told.low, math.inf if told.high is None else told.high


def flow_rows(found: BoxFlows) -> list[Row]:
    """Of movements by boxes, left and arrived together: all, by what was seen; boxes that stayed; sums; movements by counts."""
    boxes = [one for one in found.movements if one.by == "boxes"]
    rows = [_row("all by boxes", _cases(boxes))]
    for name, lot in _lots(boxes):
        rows.append(_row(name, _cases(lot)))
    stayed = [_Case(one.place, one.stayed, one.told[2]) for one in boxes if one.told[2] is not None]
    rows.append(_row("boxes that stayed", stayed))
    sums = [_Case(one.place, true, told) for one in found.sums for true, told in zip(one.true, one.told, strict=True)]
    rows.append(_row("sums of a place", sums))
    rows.append(_row("all by counts", _net_cases([one for one in found.movements if one.by == "counts"])))
    return [row for row in rows if row.intervals]


def change_rows(found: BoxFlows) -> list[Row]:
    """Of the change of the count: all, and by how it was told."""
    rows = [_row("all", _changes(found.movements))]
    for by in ("boxes", "counts"):
        rows.append(_row(f"compared by {by}", _changes([one for one in found.movements if one.by == by])))
    for name, lot in _lots(found.movements):
        rows.append(_row(name, _changes(lot)))
    return [row for row in rows if row.intervals]


def _lots(movements: Sequence[Judged]) -> Iterator[tuple[str, list[Judged]]]:
    keys: tuple[tuple[str, str, Callable[[Judged], float], tuple[tuple[float, float], ...]], ...] = (
        ("left", "%", lambda one: one.share, _SHARES),
        ("views apart", " m", lambda one: one.lean_m, _LEANS_M),
        ("haze", "", lambda one: one.haze, _HAZES),
        ("pixels", " m", lambda one: one.gsd_m, _GSDS_M),
    )
    for name, unit, key, bounds in keys:
        scale = 100 if unit == "%" else 1
        for low, high in bounds:
            end = f"to {high * scale:.3g}" if math.isfinite(high) else "and more"
            yield f"{name} {low * scale:g} {end}{unit}", [one for one in movements if low <= key(one) < high]
    for kind in sorted({one.kind for one in movements}):
        yield f"place: {kind}", [one for one in movements if one.kind == kind]


def _cases(movements: Sequence[Judged]) -> list[_Case]:
    return [
        _Case(one.place, true, told)
        for one in movements
        for true, told in ((one.left, one.told[0]), (one.arrived, one.told[1]))
    ]


def _net_cases(movements: Sequence[Judged]) -> list[_Case]:
    """By counts only the net change is told."""
    nets = [(one, one.in_view[1] - one.in_view[0]) for one in movements]
    return [
        _Case(one.place, max(sign * net, 0), told)
        for one, net in nets
        for sign, told in zip((-1, 1), one.told[:2], strict=True)
    ]


def _changes(movements: Sequence[Judged]) -> list[_Case]:
    return [_Case(one.place, one.in_view[1] - one.in_view[0], one.change) for one in movements]


def _row(name: str, every: Sequence[_Case]) -> Row:
    cases = [one for one in every if one.known]
    if not cases:
        none = Share(math.nan, math.nan)
        return Row(name, 0, none, none, *(math.nan,) * 5)
    ends = np.array([_ends(one.told) for one in cases])
    true, point = np.array([one.true for one in cases]), np.array([one.told.value for one in cases])
    places = [one.place for one in cases]
    return Row(
        name, len(cases), _share([one.holds() for one in cases], places),
        _share([one.holds(narrower=_NARROWER) for one in cases], places), float((ends[:, 0] > true + 1e-9).mean()),
        float((ends[:, 1] < true - 1e-9).mean()), float(true.mean()), float(point.mean()),
        float(np.median(ends[:, 1] - ends[:, 0]) / 2),
    )  # fmt: skip


def _share(flags: Sequence[bool], places: Sequence[str]) -> Share:
    share = float(np.mean(flags))
    off: dict[str, float] = {}
    for flag, place in zip(flags, places, strict=True):
        off[place] = off.get(place, 0.0) + flag - share
    return Share(share, math.sqrt(sum(v * v for v in off.values())) / len(flags))


def rows_table(rows: Sequence[Row]) -> Table:
    """Percent with standard errors; boxes are means, half-widths medians."""
    head = (
        "intervals of",
        "number",
        "95 % held",
        "90 % held",
        "low end above %",
        "high end below %",
        "true",
        "told",
        "half-width",
    )
    return head, [
        (
            row.name, str(row.intervals), _percent(row.held), _percent(row.held_90),
            f"{100 * row.above:.1f}", f"{100 * row.below:.1f}", shown(row.true, ".1f"), shown(row.point, ".1f"),
            shown(row.half, ".1f"),
        )
        for row in rows
    ]  # fmt: skip


def _percent(one: Share) -> str:
    return f"{100 * one.share:.1f} ± {100 * one.error:.1f}"


def errors_alike(found: BoxFlows) -> Share:
    """How the errors of the two counts of one place correlate by rank (Spearman), against the deviations that their intervals
    take for them; with the standard error that leaving out each place gives (jackknife).
    """
    errors = np.array([[_error(n, told) for n, told in zip(one.in_view, one.counts, strict=True)] for one in found.movements])
    places = np.array([one.place for one in found.movements])
    without = [_rank_correlation(errors[places != place]) for place in np.unique(places)]
    spread = float(np.var(without)) * (len(without) - 1)
    return Share(_rank_correlation(errors), math.sqrt(spread))


def _error(in_view: int, told: Moved) -> float:
    low, high = _ends(told)
    return (in_view - (low + high) / 2) / max((high - low) / 2, 1e-9)


def _rank_correlation(errors: NDArray[np.float64]) -> float:
    """NaN where either has no spread."""
    ranks = rankdata(errors, axis=0)
    off = ranks - ranks.mean(axis=0)
    spread = float(np.sqrt((off**2).sum(axis=0).prod()))
    return float(off.prod(axis=1).sum()) / spread if spread else math.nan


def box_flow_verdicts(found: BoxFlows) -> list[str]:
    """Whether the ends hold what is asked, and how alike two counts of one place err."""
    by_name = {row.name: row for row in (*flow_rows(found), *change_rows(found))}
    lines = []
    for name, said in (("all by boxes", "boxes that left, and that came"), ("boxes that stayed", "boxes that stayed"),
                       ("all", "changes of the count")):  # fmt: skip
        row = by_name.get(name)
        if row is not None:
            verdict = "held" if row.held.share >= LEAST_HELD else "MISSED"
            lines.append(f"{verdict}: ends at 95 % hold {_percent(row.held)} % of the {said} (at least {LEAST_HELD:.0%})")
    alike = errors_alike(found)
    told = f"{shown(alike.share, '.2f')} ± {shown(alike.error, '.2f')}"
    none = [] if lines else ["no ends were told: nothing was measured for these weights"]
    return [*none, *lines, f"errors of the two counts of one place: rank correlation {told}"]


def box_flow_values(found: BoxFlows) -> dict[str, Any]:
    """Everything, for JSON."""
    return {
        "model_id": found.model_id,
        "flows": [_value(row) for row in flow_rows(found)],
        "changes": [_value(row) for row in change_rows(found)],
        "errors_alike": {name: finite(value) for name, value in asdict(errors_alike(found)).items()},
        "movements": [asdict(one) for one in found.movements],
    }


def _value(row: Row) -> dict[str, Any]:
    """A number that does not exist is null."""
    return {
        name: finite(value) if isinstance(value, float)
        else {part: finite(v) for part, v in value.items()} if isinstance(value, dict) else value
        for name, value in asdict(row).items()
    }  # fmt: skip
