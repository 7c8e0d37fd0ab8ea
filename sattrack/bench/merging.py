"""Merging alone: its time and memory by the number of boxes, for yards, heaps, boxes of very unequal size, and one tile."""

import statistics
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sattrack.bench.fits import Fit, power_law
from sattrack.bench.tables import Table, finite, shown
from sattrack.detections import Detections
from sattrack.geometry import quads_from_xywhr
from sattrack.settings import Settings
from sattrack.steps.merging import merge

BOXES = (10_000, 30_000, 100_000)
# Seconds that so many boxes of a yard may take on one core.
PROMISED = {100_000: 1.0, 1_000_000: 15.0}
# 40 ft boxes at 0.2 m, pixels, and how far a box that is found again lies from the first: x, y, length, width, angle.
_LONG, _WIDE, _GAP = 60.96, 12.19, 0.3
_JITTER = (1.5, 1.5, 2.0, 0.7, 0.02)
_HEADING = np.radians(17)
_TILE, _TILE_CANDIDATES = "tile", (380, 8)

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Merged:
    """One merge: seconds of the processor (median), and the most bytes that it held beside its input."""

    kind: str
    boxes: int
    kept: int
    cpu_s: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Growth:
    """How time and memory of a kind grow with the boxes; none from fewer than two sizes."""

    kind: str
    time: Fit | None
    memory: Fit | None


def bench_merging(
    boxes: Sequence[int] = BOXES, *, rounds: int = 5, on_row: Callable[[Merged], None] = lambda _row: None
) -> tuple[Merged, ...]:
    """Every kind at every size, and a crowded tile's candidates; always the same boxes."""
    asked = [(_TILE, _TILE_CANDIDATES[0] * _TILE_CANDIDATES[1]), *((kind, n) for kind in KINDS for n in boxes)]
    rows = []
    for kind, n in asked:
        rows.append(_measured(kind, drawn(kind, n), rounds=rounds))
        on_row(rows[-1])
    return tuple(rows)


def growths(rows: Sequence[Merged]) -> tuple[Growth, ...]:
    found = []
    for kind in KINDS:
        mine = [row for row in rows if row.kind == kind]
        n = [row.boxes for row in mine]
        found.append(Growth(kind, power_law(n, [r.cpu_s for r in mine]), power_law(n, [r.peak_bytes for r in mine])))
    return tuple(found)


def broken(rows: Sequence[Merged]) -> tuple[str, ...]:
    """A sentence for each promise that was not kept."""
    return tuple(
        f"{row.boxes} boxes of a yard took {row.cpu_s:.2f} s, more than {PROMISED[row.boxes]:g} s"
        for row in rows
        if row.kind == "yard" and row.cpu_s > PROMISED.get(row.boxes, np.inf)
    )


def drawn(kind: str, n: int) -> Detections:
    """So many boxes of a kind, with scores; always the same."""
    rng = np.random.default_rng(n)
    rows = _tile(rng) if kind == _TILE else KINDS[kind](n, rng)
    scores = rng.uniform(0.05, 0.95, len(rows)).astype(np.float32)
    return Detections(quads_from_xywhr(rows), scores, np.zeros(len(rows), np.int32))


def _measured(kind: str, found: Detections, *, rounds: int) -> Merged:
    overlap, times = Settings().merge_overlap, []
    # First what is not timed: it also warms the code.
    tracemalloc.start()
    try:
        kept = merge(found, overlap=overlap)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    for _ in range(rounds):
        began = time.process_time()
        merge(found, overlap=overlap)
        times.append(time.process_time() - began)
    return Merged(kind, len(found), len(kept), statistics.median(times), peak)


def _yard(n: int, rng: np.random.Generator) -> Rows:
    """Lines of touching boxes, four fifths; the rest are some of them again, as at seams."""
    whole = max(1, round(n * 0.8))
    return _again(_lines(whole, lines=max(1, round((whole / 5) ** 0.5))), n, rng)


def _tile(rng: np.random.Generator) -> Rows:
    """What a network gives for one tile full of boxes before any merging."""
    things, each = _TILE_CANDIDATES
    return _again(_lines(things, lines=9), things * each, rng)


def _heap(n: int, rng: np.random.Generator) -> Rows:
    return np.stack(
        [*rng.normal(500, 20, (2, n)), rng.normal(_LONG, 6, n), rng.normal(_WIDE, 1, n), rng.normal(0.3, 0.2, n)], axis=1
    )


def _unequal(n: int, rng: np.random.Generator) -> Rows:
    """Lengths over three powers of ten, the smaller the more of them, so that each size covers as much ground."""
    long = 1000 * np.maximum(rng.random(n), 1e-6) ** -0.5 / n**0.5
    return np.stack([*rng.uniform(0, 4000, (2, n)), long, long * rng.uniform(0.2, 1, n), rng.uniform(0, np.pi, n)], axis=1)


KINDS: dict[str, Callable[[int, np.random.Generator], Rows]] = {"yard": _yard, "heap": _heap, "unequal": _unequal}


def _lines(n: int, *, lines: int) -> Rows:
    i = np.arange(n)
    x, y = (i % lines) * (_LONG + _GAP), (i // lines) * (_WIDE + _GAP)
    cos, sin = np.cos(_HEADING), np.sin(_HEADING)
    sizes = np.tile((_LONG, _WIDE, _HEADING), (n, 1))
    return np.column_stack([x * cos - y * sin, x * sin + y * cos, sizes])


def _again(rows: Rows, n: int, rng: np.random.Generator) -> Rows:
    """The rows and as many of them again, a little off, as make n."""
    more = rows[rng.integers(0, len(rows), max(0, n - len(rows)))]
    return np.concatenate([rows, more + rng.normal(0, 1, more.shape) * _JITTER])


def merging_table(rows: Sequence[Merged]) -> Table:
    head = ("boxes of", "boxes", "kept", "CPU ms", "us a box", "peak MB")
    return head, [
        (
            r.kind, str(r.boxes), str(r.kept), shown(1e3 * r.cpu_s, ".1f"), shown(1e6 * r.cpu_s / r.boxes, ".2f"),
            shown(r.peak_bytes / 1e6, ".1f"),
        )
        for r in rows
    ]  # fmt: skip


def growth_lines(found: Sequence[Growth]) -> tuple[str, ...]:
    """A sentence for each kind of which two sizes or more were measured."""
    return tuple(
        f"{one.kind}: time grows as boxes to the power {_said(one.time)}, memory {_said(one.memory)}"
        for one in found
        if one.time
    )


def merging_values(rows: Sequence[Merged]) -> dict[str, Any]:
    """All figures as JSON holds them; a number that does not exist is null."""
    return {
        "rows": [asdict(row) for row in rows],
        "growth": [{"kind": one.kind, "time": _values(one.time), "memory": _values(one.memory)} for one in growths(rows)],
        "broken": list(broken(rows)),
    }


def _said(fit: Fit | None) -> str:
    if fit is None:
        return "-"
    return f"{fit.exponent:.2f}" + (f" (standard error {fit.error:.2f})" if np.isfinite(fit.error) else "")


def _values(fit: Fit | None) -> dict[str, float | None] | None:
    return None if fit is None else {"exponent": finite(fit.exponent), "standard_error": finite(fit.error)}
