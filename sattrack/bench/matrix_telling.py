"""Telling of the matrix of speed: a row a case, how each time grows, and all of it for JSON."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from sattrack.bench.fits import Fit, power_law
from sattrack.bench.merging import growths, merging_values
from sattrack.bench.speed_matrix import Matrix, Row
from sattrack.bench.tables import Table, finite, shown

_FEW_TILES = 10
# What grows, on which axis, with what: name -> (axis, x, y).
_Get = Callable[[Row], float]
GROWTH: dict[str, tuple[str, _Get, _Get]] = {
    "time with megapixels": ("size", lambda r: r.megapixels, lambda r: r.wall_s),
    "time with tiles": ("size", lambda r: r.tiles, lambda r: r.wall_s),
    "processor time with tiles": ("size", lambda r: r.tiles, lambda r: r.cpu_s),
    "time with boxes": ("size", lambda r: r.boxes, lambda r: r.wall_s),
    "peak memory with megapixels": ("size", lambda r: r.megapixels, lambda r: r.peak_bytes),
    "time with scenes": ("scenes", lambda r: r.case.scenes, lambda r: r.wall_s),
    "peak memory with scenes": ("scenes", lambda r: r.case.scenes, lambda r: r.peak_bytes),
    "time with threads": ("threads", lambda r: r.case.threads or 1, lambda r: r.wall_s),
}


def grown(found: Matrix, axis: str) -> tuple[Row, ...]:
    """The rows that show growth: of the smallest, what a run needs to begin and to end hides it. All where these are few."""
    rows = found.on(axis)
    large = tuple(row for row in rows if row.tiles >= _FEW_TILES)
    return large if len(large) > 2 else rows


def fits(found: Matrix) -> dict[str, Fit | None]:
    """How each time and memory of GROWTH, and those of merging, grow; none where too few cases were measured."""
    merged = growths(found.merged)
    return {
        name: power_law([x(row) for row in grown(found, axis)], [y(row) for row in grown(found, axis)])
        for name, (axis, x, y) in GROWTH.items()
    } | {f"processor time of merging with boxes of a {one.kind}": one.time for one in merged if one.time}


def matrix_table(found: Matrix) -> Table:
    """A row for each case."""
    head = ("case", "axis", "tiles", "boxes", "wall s", "cpu s", "of limit", "by cpu", "waiting", "MP/s", "peak GB")
    return head, [
        (
            row.case.name, row.case.axis, str(row.tiles), str(row.found), f"{row.wall_s:.1f}", f"{row.cpu_s:.1f}",
            f"{100 * row.ratio_to_limit:.0f} %", f"{100 * row.ratio_by_cpu:.0f} %", f"{100 * row.waiting_s / row.wall_s:.0f} %",
            f"{row.megapixels / row.wall_s:.1f}", f"{row.peak_bytes / 1e9:.2f}",
        )
        for row in found.rows
    ]  # fmt: skip


def fit_table(found: Matrix) -> Table:
    """A row for each growth: 1 is in proportion, 0 not at all."""
    return ("growth", "exponent", "standard error", "cases"), [
        (name, shown(fit.exponent, ".2f"), shown(fit.error, ".2f"), str(fit.points)) if fit else (name, "-", "-", "0")
        for name, fit in fits(found).items()
    ]


def matrix_values(found: Matrix) -> dict[str, Any]:
    """Rows and fits as JSON holds them."""
    return {
        "model_id": found.model_id,
        "runtime": found.runtime,
        "merging": merging_values(found.merged),
        "rows": [{**asdict(row), "megapixels": finite(row.megapixels)} for row in found.rows],
        "fits": {
            name: fit and {"exponent": finite(fit.exponent), "error": finite(fit.error), "points": fit.points}
            for name, fit in fits(found).items()
        },
    }
