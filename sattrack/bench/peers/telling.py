"""Telling of the peers: a row a tool, and all of it for JSON."""

from dataclasses import asdict
from typing import Any

from sattrack.bench.peers.rounds import Comparison, Result
from sattrack.bench.tables import Table, finite
from sattrack.phrases import some


def peer_table(found: Comparison) -> Table:
    """A row for each contestant: time, processor time, both as so many times ours, memory, and its count against the truth."""
    head = ("tool", "engine", "s", "x ours", "cpu s", "x ours by cpu", "peak GB", "boxes", "count error")
    return head, [_row(found, result) for result in found.results]


def _row(found: Comparison, result: Result) -> tuple[str, ...]:
    one = result.contestant
    if not result.turns:
        return one.tool, one.engine, "failed", "-", "-", "-", "-", "-", "-"
    count = result.turns[0].found
    return (
        one.tool, one.engine, f"{result.median(lambda t: t.wall_s):.1f}", _times(found.times_ours(result, lambda t: t.wall_s)),
        f"{result.median(lambda t: t.cpu_s):.1f}", _times(found.times_ours(result, lambda t: t.cpu_s)),
        f"{max(t.peak_bytes for t in result.turns) / 1e9:.2f}", str(count), f"{100 * (count / found.true - 1):+.1f} %",
    )  # fmt: skip


def peer_lines(found: Comparison) -> list[str]:
    """What stands over and under the table."""
    versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    lines = [
        f"{found.picture.size} px at {found.picture.gsd_m:g} m, {some(found.true, 'box', 'boxes')} in truth, "
        f"threshold {found.threshold:g}, medians of {some(found.rounds, 'round')} in turn",
        versions,
    ]
    lines += [f"failed: {r.contestant.tool} by {r.contestant.engine}: {r.failed}" for r in found.results if r.failed]
    return lines


def peer_values(found: Comparison) -> dict[str, Any]:
    """All turns, medians and ratios as JSON holds them."""
    return {
        "picture": asdict(found.picture), "true": found.true, "threshold": found.threshold, "rounds": found.rounds,
        "versions": found.versions, "left_out": list(found.left_out),
        "rows": [_values(found, result) for result in found.results],
    }  # fmt: skip


def _values(found: Comparison, result: Result) -> dict[str, Any]:
    said: dict[str, Any] = {**asdict(result.contestant), "failed": result.failed or None}
    if result.turns:
        count = result.turns[0].found
        said |= {
            "wall_s": finite(result.median(lambda t: t.wall_s)), "cpu_s": finite(result.median(lambda t: t.cpu_s)),
            "times_ours": finite(found.times_ours(result, lambda t: t.wall_s)),
            "times_ours_by_cpu": finite(found.times_ours(result, lambda t: t.cpu_s)), "found": count,
            "count_error": finite(count / found.true - 1), "peak_bytes": max(t.peak_bytes for t in result.turns),
            "turns": [asdict(turn) for turn in result.turns],
        }  # fmt: skip
    return said


def _times(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.1f}"
