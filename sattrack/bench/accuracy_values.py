"""Accuracy as plain values for JSON; a number that does not exist is null."""

from collections.abc import Sequence
from typing import Any

from sattrack.bench.bands import measured_bands
from sattrack.bench.coverage import interval_coverage
from sattrack.bench.figures import Figures
from sattrack.bench.scoring import tally
from sattrack.bench.summaries import Summary
from sattrack.bench.tables import finite


def comparison_values(summaries: Sequence[Summary]) -> dict[str, Any]:
    """detectors: a list of detector_values. Of a single detector its values stand at the top as well."""
    told = [detector_values(one) for one in summaries]
    return {**(told[0] if len(told) == 1 else {}), "detectors": told}


def detector_values(summary: Summary) -> dict[str, Any]:
    """All figures of one detector. `measured` fits a model card as it is; the last of sets is totals too."""
    result, total = summary.result, summary.total
    coverage = interval_coverage(result.images, threshold=result.threshold)
    return {
        "model_id": result.model_id,
        "threshold": result.threshold,
        "seconds": round(result.seconds, 1),
        "device": result.images[0].device if result.images else "",
        "sets": [_figures(row) for row in (*summary.sets, total)],
        "totals": _figures(total),
        "strata": [
            {"by": one.by, "part": one.name, "of_boxes": one.of_boxes, **_figures(one.figures, of_boxes=one.of_boxes)}
            for one in summary.strata
        ],
        "thresholds": [
            {
                "threshold": one.threshold,
                "found": one.at.found,
                "error_pct": finite(one.at.error_pct),
                "mae_pct": finite(one.mae_pct),
                "precision": finite(one.at.precision),
                "recall": finite(one.at.recall),
                "f1": finite(one.at.f1),
            }
            for one in total.swept
        ],
        "calibration": {
            "error": finite(summary.calibration.error),
            "bins": [
                {"low": one.low, "high": one.high, "boxes": one.boxes, "score": finite(one.score), "true": finite(one.true)}
                for one in summary.calibration.bins
            ],
        },
        "pictures": _pictures(summary),
        "measured": list(measured_bands(result.images, threshold=result.threshold)),
        "interval_coverage": {name: finite(value) for name, value in coverage.items()},
    }


# What says nothing where a stratum holds some boxes of its pictures.
_OF_PICTURES = ("mae", "mae_pct", "within_10", "large_pictures", "within_15")


def _figures(row: Figures, *, of_boxes: bool = False) -> dict[str, Any]:
    values = {
        "name": row.name,
        "gsd_m": list(row.gsd_m),
        "pictures": row.pictures,
        "truth": row.at.true,
        "found": row.at.found,
        "hits": row.at.hits,
        "error_pct": finite(row.at.error_pct),
        "mae": finite(row.mae),
        "mae_pct": finite(row.mae_pct),
        "within_10": finite(row.within_10),
        "large_pictures": row.large,
        "within_15": finite(row.within_15),
        "precision": finite(row.at.precision),
        "recall": finite(row.at.recall),
        "f1": finite(row.at.f1),
        "ap30": finite(row.ap30),
        "ap50": finite(row.ap50),
        "ap50_95": finite(row.ap50_95),
        "right_threshold": row.right_threshold,
        "error_pct_at": {f"{t:g}": finite(v) for t, v in row.error_pct.items()},
    }
    return {name: value for name, value in values.items() if not (of_boxes and name in _OF_PICTURES)}


def _pictures(summary: Summary) -> list[dict[str, Any]]:
    told = []
    for one in summary.result.images:
        at = tally([one.scored], threshold=summary.result.threshold)
        told.append({"set": one.image.dataset, "name": one.image.name, "truth": at.true, "found": at.found, "hits": at.hits})
    return told
