"""Summaries: everything that a benchmark says of one detector, computed once for tables and JSON alike."""

from dataclasses import dataclass

from sattrack.bench.accuracy import Accuracy, all_figures
from sattrack.bench.calibration import Calibration, calibration
from sattrack.bench.figures import Figures
from sattrack.bench.strata import Stratum, strata


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """sets: each set, by name. total: all pictures together. strata: parts of them. calibration: of all scored boxes."""

    result: Accuracy
    sets: tuple[Figures, ...]
    total: Figures
    strata: tuple[Stratum, ...]
    calibration: Calibration


def summed(result: Accuracy) -> Summary:
    """The summary of a result. Raises ManifestError as strata does."""
    *sets, total = all_figures(result)
    return Summary(
        result,
        tuple(sets),
        total,
        strata(result.images, threshold=result.threshold),
        calibration([m.scored for m in result.images]),
    )
