"""What the benchmark of alarms found, as tables and as plain values."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sattrack.bench.alarm_speed import AlarmSpeed
from sattrack.bench.alarms import FALL, SURGES, Covered, Rate, Row, Target
from sattrack.bench.tables import Table


def alarm_table(rows: Sequence[Row]) -> Table:
    """A row for each rule on each noise model; after ± stands the standard error."""
    head = (
        "noise", "rule", "false rises %", "false falls %", "false alarms %", *(f"x{s:g} caught %" for s in SURGES),
        f"x{FALL:g} caught %",
    )  # fmt: skip
    return head, [
        (
            row.model, row.rule, _cell(row.rises, 2), _cell(row.falls, 2), _cell(row.either, 2),
            *(_cell(rate, 1) for rate in row.caught), _cell(row.emptied, 1),
        )
        for row in rows
    ]  # fmt: skip


def level_table(found: Sequence[tuple[float, Rate]]) -> Table:
    """False alarms of the shipped rule by alarm level."""
    return ("alarm level", "false alarms %"), [(f"{level:g}", _cell(rate, 3)) for level, rate in found]


def covered_table(rows: Sequence[Covered]) -> Table:
    """How often the two-scene interval held the truth."""
    head = ("noise", "truths held %", "half-width, boxes")
    return head, [(row.model, _cell(row.held, 1), f"{row.half:.1f}") for row in rows]


def speed_table(one: AlarmSpeed) -> Table:
    """How long the newest scene of many sites takes."""
    head = ("sites", "past scenes", "reading the CSV s", "judging s", "together s", "CPU s", "peak GB")
    row = (
        f"{one.sites:,}", str(one.past), f"{one.read_s:.1f}", f"{one.assess_s:.1f}", f"{one.read_s + one.assess_s:.1f}",
        f"{one.cpu_s:.1f}", f"{one.peak_bytes / 1e9:.2f}",
    )  # fmt: skip
    return head, [row]


def verdict_lines(found: Sequence[Target]) -> list[str]:
    """A line for each promise: held or missed."""
    return [
        f"{'held' if one.held else 'MISSED'}: {one.said} {one.found:.2%} ({'at most' if one.at_most else 'at least'} "
        f"{one.limit:.2%})"
        for one in found
    ]


def alarm_values(
    rows: Sequence[Row], levels: Sequence[tuple[float, Rate]], covered: Sequence[Covered], promised: Sequence[Target]
) -> dict[str, Any]:
    """All of it as JSON holds it."""
    return {
        "rows": [asdict(row) | {"surges": list(SURGES), "fall": FALL} for row in rows],
        "levels": [{"alarm_level": level, **asdict(rate)} for level, rate in levels],
        "two_scenes": [asdict(row) for row in covered],
        "targets": [asdict(one) | {"held": one.held} for one in promised],
    }


def _cell(rate: Rate, digits: int) -> str:
    return f"{100 * rate.share:.{digits}f} ± {100 * rate.error:.{digits}f}"
