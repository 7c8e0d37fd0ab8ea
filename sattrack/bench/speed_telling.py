"""Telling of speed: rows for a terminal, plain values for JSON, and what is promised of them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sattrack.bench.speed import Limit, Speed
from sattrack.bench.tables import Table, finite
from sattrack.detectors.backends import family
from sattrack.looking import AHEAD

# Of the network's own throughput, by what it computes in; eight-bit networks leave less time to hide the rest behind.
LEAST_RATIO, LEAST_RATIO_INT8 = 0.90, 0.80
MOST_WAITING = 0.10
MOST_BYTES, MOST_BYTES_TORCH, MOST_SPREAD = 600e6, 1.5e9, 1.15
# On a few tiles the start and the end of a run weigh more than what overlaps with what.
LEAST_TILES = 100
# More than this, and something else ran.
_MOST_RATIO, _MOST_LIMIT_SPREAD = 1.05, 1.10
# Stages that go on in threads of their own, while the network works; of these the processor's time is told.
BESIDE = frozenset(AHEAD)


@dataclass(frozen=True, slots=True)
class Law:
    """Something promised of speed or memory, whether it held, and the figure."""

    promise: str
    held: bool
    figure: str


def laws(rows: Sequence[Speed]) -> tuple[Law, ...]:
    """What is promised of memory, and of the share of the network's throughput where there are tiles enough to judge."""
    most = MOST_BYTES_TORCH if family(rows[0].backend) in ("torch", "custom") else MOST_BYTES
    peaks = [row.peak_bytes for row in rows]
    said = [Law(f"peak memory under {most / 1e9:g} GB", max(peaks) < most, f"{max(peaks) / 1e9:.2f} GB")]
    sizes = [row for row in rows if row.network or row.detector]
    if len(sizes) > 1:
        spread = max(row.peak_bytes for row in sizes) / min(row.peak_bytes for row in sizes)
        said.append(Law("peak memory of all sizes within 15 %", spread <= MOST_SPREAD, f"{100 * (spread - 1):.0f} %"))
    for row in sizes:
        if row.tiles >= LEAST_TILES:
            said += _of_time(row)
    return tuple(said)


def _of_time(row: Speed) -> list[Law]:
    at, ratio, waiting = f"at {row.picture.size} px", row.ratio_to_limit or 0.0, row.waiting_s / row.wall_s
    least = LEAST_RATIO_INT8 if "int8" in row.precision else LEAST_RATIO
    said = [
        Law(f"at least {100 * least:.0f} % of the network's own throughput", ratio >= least, f"{100 * ratio:.0f} % {at}"),
        Law("waiting for pixels under 10 % of the time", waiting < MOST_WAITING, f"{100 * waiting:.0f} % {at}"),
    ]
    spread = max(limit.spread for limit in (row.network, row.detector) if limit)
    if ratio > _MOST_RATIO or spread > _MOST_LIMIT_SPREAD:
        figure = f"the limit's two halves differ by {100 * (spread - 1):.0f} %, so take times with care"
        said.append(Law("nothing else ran meanwhile", False, figure))
    return said


def speed_table(rows: Sequence[Speed]) -> Table:
    """A row for each picture."""
    head = (
        "size px", "pixel m", "tiles", "boxes", "true", "wall s", "cpu s", "of limit", "by cpu", "waiting s", "loading s",
        "MP/s", "s/km2", "peak GB",
    )  # fmt: skip
    return head, [
        (
            str(r.picture.size), f"{r.picture.gsd_m:g}", str(r.tiles), str(r.found), str(r.true), f"{r.wall_s:.1f}",
            f"{r.cpu_s:.1f}", _percent(r.ratio_to_limit), _percent(r.ratio_by_cpu), f"{r.waiting_s:.1f}", f"{r.load_s:.1f}",
            f"{r.megapixels_per_s:.1f}", f"{r.seconds_per_square_km:.1f}", f"{r.peak_bytes / 1e9:.2f}",
        )
        for r in rows
    ]  # fmt: skip


def stage_table(row: Speed) -> Table:
    """A row for each stage, the longest first; shares of the wall time of the whole run."""
    longest = sorted(row.stages.items(), key=lambda item: -item[1])
    return ("stage", "s", "share", "ms a tile"), [
        (
            f"{name}, beside the rest" if name in BESIDE else name, f"{seconds:.2f}", _percent(seconds / row.wall_s),
            f"{1000 * seconds / max(row.tiles, 1):.1f}",
        )
        for name, seconds in longest
    ]  # fmt: skip


def limit_table(row: Speed) -> Table:
    """The run beside its network and its detector alone on the same tiles."""
    rows = []
    for name, limit in (("network alone", row.network), ("with decoding and suppression", row.detector)):
        if limit:
            rows.append(_limit_row(name, limit))
    own = f"{row.tiles_per_s:.2f}", f"{1000 / row.tiles_per_s:.1f}", f"{1000 * row.cpu_s / max(row.tiles, 1):.1f}"
    rows.append(("the whole run", own[0], own[1], own[2], "-"))
    return ("the same tiles", "tiles/s", "ms a tile", "cpu ms a tile", "its halves differ by"), rows


def _limit_row(name: str, limit: Limit) -> tuple[str, ...]:
    rate = limit.tiles_per_s
    spread = f"{100 * (limit.spread - 1):.0f} %"
    return name, f"{rate:.2f}", f"{1000 / rate:.1f}", f"{limit.cpu_ms_a_tile:.1f}", spread


def speed_values(rows: Sequence[Speed]) -> dict[str, Any]:
    """What JSON holds: of the first picture at the top, then all of each row, and the laws."""
    first = rows[0]
    return {
        "backend": first.backend,
        "precision": first.precision,
        "ratio_to_limit": finite(first.ratio_to_limit),
        "ratio_by_cpu": finite(first.ratio_by_cpu),
        "device": first.device,
        "megapixels_per_s": finite(first.megapixels_per_s),
        "seconds_per_square_km": {f"{r.picture.gsd_m:g}": finite(r.seconds_per_square_km) for r in rows},
        "peak_bytes": first.peak_bytes,
        "rows": [row_values(row) for row in rows],
        "laws": [asdict(law) for law in laws(rows)],
    }


def row_values(row: Speed) -> dict[str, Any]:
    """One row as JSON holds it."""
    wall = row.wall_s
    return {
        **asdict(row.picture), "scenes": row.scenes, "threads": row.threads, "tiles": row.tiles, "boxes": row.boxes,
        "found": row.found, "true": row.true, "wall_s": finite(wall), "cpu_s": finite(row.cpu_s),
        "load_s": finite(row.load_s), "waiting_s": finite(row.waiting_s), "waiting_share": finite(row.waiting_s / wall),
        "stages": {name: {"s": finite(s), "share": finite(s / wall)} for name, s in row.stages.items()},
        "network": _limit_values(row.network), "detector": _limit_values(row.detector),
        "tiles_per_s": finite(row.tiles_per_s), "megapixels_per_s": finite(row.megapixels_per_s),
        "seconds_per_square_km": finite(row.seconds_per_square_km), "ratio_to_limit": finite(row.ratio_to_limit),
        "ratio_by_cpu": finite(row.ratio_by_cpu), "peak_bytes": row.peak_bytes, "device": row.device,
    }  # fmt: skip


def _limit_values(limit: Limit | None) -> dict[str, Any] | None:
    if limit is None:
        return None
    return {
        "tiles": sum(n for n, _ in limit.parts), "tiles_per_s": finite(limit.tiles_per_s),
        "cpu_ms_a_tile": finite(limit.cpu_ms_a_tile), "spread": finite(limit.spread),
    }  # fmt: skip


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"
