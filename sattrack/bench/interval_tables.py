"""Tables of intervals: coverage by band, for a terminal and as plain values for JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sattrack.bench.coverage import ENOUGH_BOXES, Coverage, Intervals, Judged
from sattrack.bench.tables import Table, finite, shown


def coverage_table(rows: Sequence[Coverage]) -> Table:
    """A row for each band or other lot of pictures."""
    head = (
        "band", "pictures", "boxes", "held", f"pictures of {ENOUGH_BOXES} boxes", "median half-width", "count error %",
        "middle of interval %", "target",
    )  # fmt: skip
    return head, [
        (
            row.name, str(row.pictures), str(row.boxes), shown(row.covered, ".0%"), str(row.wide), shown(row.half_width, ".1%"),
            shown(100 * row.error, "+.1f"), shown(100 * row.middle_error, "+.1f"), row.verdict,
        )
        for row in rows
    ]  # fmt: skip


def missed_table(judged: Sequence[Judged]) -> Table:
    """The pictures whose interval does not hold, the farthest off first."""
    missed = sorted((j for j in judged if not j.held), key=lambda j: -max(j.low - j.true, j.true - j.high))
    head = ("picture", "band", "labelled", "found", "low", "high")
    return head, [(j.name, j.band, str(j.true), str(j.found), f"{j.low:.0f}", f"{j.high:.0f}") for j in missed]


def interval_values(found: Intervals) -> dict[str, Any]:
    """All figures as JSON holds them; a number that does not exist is null."""
    return {
        "title": found.title,
        "model_id": found.card.id,
        "rows": [
            {name: finite(value) if isinstance(value, float) else value for name, value in asdict(row).items()}
            | {"verdict": row.verdict}
            for row in found.rows()
        ],
        "pictures": [
            {name: finite(value) if isinstance(value, float) else value for name, value in asdict(j).items()} | {"held": j.held}
            for j in found.pictures
        ],
    }
