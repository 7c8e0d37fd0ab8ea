"""Gate tables: 8 bits beside single precision, set by set, and the verdict in a sentence."""

from sattrack.bench.gating import MOST_AP50, MOST_COUNT_PCT, Gate, Held
from sattrack.bench.tables import Table, shown

_HEAD = (
    "set", "pictures", "boxes", "found", "in 8 bits", "change %", "AP50", "in 8 bits", "area", "in 8 bits", "cost, points",
)  # fmt: skip


def gate_table(gate: Gate) -> Table:
    """A row for each set, for all labelled ones, for the drawn ones and for all of these."""
    return _HEAD, [_row(one) for one in (*gate.sets, gate.real, *gate.rendered)]


def _row(one: Held) -> tuple[str, ...]:
    exact, small = one.weights, one.export
    return (
        one.name, str(exact.pictures), str(exact.at.true), str(exact.at.found), str(small.at.found), f"{one.count_pct:+.2f}",
        shown(exact.ap50, ".3f"), shown(small.ap50, ".3f"), f"{one.areas[0]:.3f}", f"{one.areas[1]:.3f}",
        f"{one.ap50_cost:+.2f}",
    )  # fmt: skip


def verdict(gate: Gate) -> str:
    """Whether it passes, by what, and the set that changes most."""
    said = "passed" if gate.passed else "NOT passed"
    drawn = gate.rendered[-1]
    real, by_recalls = gate.real, f"the area; {gate.real.ap50_cost_101:.2f} by 101 recalls"
    return (
        f"The gate is {said}: 8 bits change the count by {real.count_pct:+.2f} % and cost {real.ap50_cost:.2f} points "
        f"of AP50 ({by_recalls}) on places not seen, {drawn.count_pct:+.2f} % and {drawn.ap50_cost:.2f} points on drawn ones; "
        f"{MOST_COUNT_PCT:g} % and {MOST_AP50:g} points are allowed. Most changed: "
        f"{gate.worst.name}, {gate.worst.count_pct:+.1f} %."
    )
