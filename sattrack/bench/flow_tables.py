"""What the benchmark of flows found, as a table and as plain values."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sattrack.bench.flows import LEAST_HELD, FlowRow, missed
from sattrack.bench.tables import Table


def flow_table(rows: Sequence[FlowRow]) -> Table:
    """A row for each kind of site, number of scenes and way to err; after ± stands the standard error, sums are in boxes."""
    head = (
        "sites", "scenes", "errors", "sums held %", "low end above %", "true sum", "point", "low end", "high end", "cycles",
        "cycles held %",
    )  # fmt: skip
    return head, [
        (
            row.model, str(row.scenes), row.errors, f"{100 * row.held.share:.1f} ± {100 * row.held.error:.1f}",
            f"{100 * row.over.share:.1f}", f"{row.true:,.1f}", f"{row.point:,.1f}", f"{row.low:,.1f}", f"{row.high:,.1f}",
            f"{row.cycles:,}", f"{100 * row.cycle_held.share:.1f}" if row.cycle_held else "-",
        )
        for row in rows
    ]  # fmt: skip


def flow_verdicts(rows: Sequence[FlowRow]) -> list[str]:
    """Whether the intervals hold what was promised of them, with the worst."""
    lines = [_verdict("true sums", [(row.held.share, row) for row in rows])]
    # Where nothing moves every cycle is a false one; they are counted in the table.
    moving = [(row.cycle_held.share, row) for row in rows if row.cycle_held and row.true > 0]
    return [*lines, _verdict("true falls of cycles", moving)] if moving else lines


def _verdict(what: str, found: Sequence[tuple[float, FlowRow]]) -> str:
    share, row = min(found, key=lambda one: one[0])
    return (
        f"{'held' if share >= LEAST_HELD else 'MISSED'}: intervals hold at least {LEAST_HELD:.0%} of the {what} in every row; "
        f"the least {share:.1%} ({row.model}, {row.scenes} scenes, errors {row.errors})"
    )


def flow_values(rows: Sequence[FlowRow]) -> dict[str, Any]:
    """The rows as JSON holds them."""
    return {"rows": [asdict(row) for row in rows], "least_held": LEAST_HELD, "missed": len(missed(rows))}
