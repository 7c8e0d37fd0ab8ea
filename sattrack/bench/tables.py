"""Tables: what a benchmark found as rows for a terminal, as Markdown for the pages, and as plain values for JSON."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sattrack.bench.accuracy import THRESHOLDS, Accuracy, all_figures
from sattrack.bench.bands import interval_coverage, measured_bands
from sattrack.bench.emptiness import Empty
from sattrack.bench.speed import Speed, laws

Table = tuple[tuple[str, ...], list[tuple[str, ...]]]


def accuracy_table(result: Accuracy) -> Table:
    """A row for each set and one for all. Precision and recall at IoU 0.3; mae: the pictures' count errors without sign."""
    head = ("set", "GSD m", "pictures", "boxes", "found", "error %", "mae %", "precision", "recall", "AP30", "AP50")
    rows: list[tuple[str, ...]] = []
    for row in all_figures(result):
        sizes = [f"{v:.2f}" for v in row.gsd_m]
        rows.append(
            (
                row.name, "-".join(dict.fromkeys(sizes)), str(row.pictures), str(row.at.true), str(row.at.found),
                _number(row.at.error_pct, "+.0f"), _number(row.mae_pct, ".0f"), _number(row.at.precision, ".2f"),
                _number(row.at.recall, ".2f"), *(_number(v, ".2f") for v in row.ap),
            )
        )  # fmt: skip
    return head, rows


def threshold_table(result: Accuracy) -> Table:
    """Count error in per cent at each threshold, a row for each set and one for all."""
    head = ("set", *(f"{t:g}" for t in THRESHOLDS))
    return head, [(row.name, *(_number(row.error_pct[t], "+.0f") for t in THRESHOLDS)) for row in all_figures(result)]


def band_table(result: Accuracy) -> Table:
    """What the model card would hold: by pixel size and boxes found a hectare round a box."""
    head = ("GSD m", "boxes / ha", "boxes", "precision", "recall", "spread")
    rows: list[tuple[str, ...]] = []
    for band in measured_bands(result.images, threshold=result.threshold):
        rows.append(
            (
                f"{band['gsd_low']:.2f}-{band['gsd_high']:.2f}", f"{band['density_low']:.0f}-{band['density_high']:.0f}",
                f"{band['n']:.0f}", f"{band['precision']:.2f}", f"{band['recall']:.2f}", f"{band['spread']:.2f}",
            )
        )  # fmt: skip
    return head, rows


def speed_table(rows: Sequence[Speed]) -> Table:
    """A row for each size; laws(rows) says what of it was promised."""
    head = (
        "size px",
        "tiles",
        "boxes",
        "wall s",
        "detector s",
        "ratio",
        "waiting s",
        "loading s",
        "tiles/s",
        "MP/s",
        "peak GB",
    )
    return head, [
        (
            str(r.size_px), str(r.tiles), str(r.boxes), f"{r.wall_s:.1f}", f"{r.detector_s:.1f}", f"{r.ratio:.2f}",
            f"{r.waiting_s:.1f}", f"{r.load_s:.1f}", f"{r.tiles_per_s:.1f}", f"{r.megapixels_per_s:.1f}",
            f"{r.peak_bytes / 1e9:.2f}",
        )
        for r in rows
    ]  # fmt: skip


def empty_table(found: Sequence[Empty]) -> Table:
    """A row for each folder, and one for all together; each names its worst picture."""
    head = ("folder", "pictures", "km2", "false boxes", "per km2", "without any", "worst")
    rows: list[tuple[str, ...]] = []
    for name in [*dict.fromkeys(one.folder for one in found), "all"]:
        own = [one for one in found if name in (one.folder, "all")]
        km2, boxes = sum(one.km2 for one in own), sum(one.false_boxes for one in own)
        clean = sum(one.false_boxes == 0 for one in own)
        worst = max(own, key=lambda one: (one.false_boxes, one.name))
        rows.append(
            (
                name, str(len(own)), f"{km2:.2f}", str(boxes), f"{boxes / km2:.1f}", str(clean),
                f"{worst.name} ({worst.false_boxes})",
            )
        )  # fmt: skip
    return head, rows


def markdown(table: Table) -> str:
    """A table as Markdown."""
    head, rows = table
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def accuracy_values(result: Accuracy) -> dict[str, Any]:
    """All figures as JSON holds them; a number that does not exist is null. `measured` fits a model card as it is."""
    return {
        "model_id": result.model_id,
        "threshold": result.threshold,
        "seconds": round(result.seconds, 1),
        "device": result.images[0].device if result.images else "",
        "sets": [
            {
                "name": row.name,
                "gsd_m": list(row.gsd_m),
                "pictures": row.pictures,
                "truth": row.at.true,
                "found": row.at.found,
                "error_pct": _value(row.at.error_pct),
                "mae_pct": _value(row.mae_pct),
                "precision": _value(row.at.precision),
                "recall": _value(row.at.recall),
                "ap30": _value(row.ap[0]),
                "ap50": _value(row.ap[1]),
                "error_pct_at": {f"{t:g}": _value(v) for t, v in row.error_pct.items()},
            }
            for row in all_figures(result)
        ],
        "measured": list(measured_bands(result.images, threshold=result.threshold)),
        "interval_coverage": {
            name: _value(v) for name, v in interval_coverage(result.images, threshold=result.threshold).items()
        },
    }


def speed_values(rows: Sequence[Speed]) -> dict[str, Any]:
    """The rows and the laws as JSON holds them."""
    return {
        "rows": [
            {
                **asdict(row),
                "ratio": _value(row.ratio),
                "tiles_per_s": _value(row.tiles_per_s),
                "megapixels_per_s": _value(row.megapixels_per_s),
            }
            for row in rows
        ],
        "laws": [asdict(law) for law in laws(rows)],
    }


def _number(value: float, spec: str) -> str:
    return format(value, spec) if math.isfinite(value) else "-"


def _value(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None
