"""Faults: the boxes of a picture told apart into right, false and missed, and where in it most of the wrong ones lie."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sattrack.bench.accuracy import Measured
from sattrack.bench.scoring import match
from sattrack.geometry import Points, Quads, centres
from sattrack.imagery import Window
from sattrack.labels.ignoring import inside_any


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Boxes (n, 4, 2) in the picture's pixels. right: claim a label at IoU 0.3; unscored: where nothing is scored."""

    right: Quads
    false: Quads
    missed: Quads
    unscored: Quads

    @property
    def wrong(self) -> int:
        """False and missed boxes together: a count may be right with many of both."""
        return len(self.false) + len(self.missed)


def judged(measured: Measured, *, threshold: float) -> Judged:
    """The boxes from a threshold on, by the matching that the figures are made of."""
    found, image = measured.found, measured.image
    matches = match(found, truth=image.truth, ignore=image.ignore)
    # As scoring compares them: in the scores' own 32 bits.
    sure = found.scores >= np.float32(threshold)
    rows, claims = matches.rows[sure[matches.rows]], matches.claims[0][sure[matches.rows]]
    missed = np.ones(len(image.truth), bool)
    missed[claims[claims >= 0]] = False
    apart = sure & inside_any(found.centres(), rings=image.ignore)
    quads = found.quads
    return Judged(quads[rows[claims >= 0]], quads[rows[claims < 0]], image.truth[missed], quads[apart])


def worst_window(faults: Points, *, shape: tuple[int, int], size: tuple[int, int]) -> Window:
    """The window of at most size (columns, rows) pixels in a picture of shape (rows, cols) that holds most of points (n, 2)."""
    width, height = min(size[0], shape[1]), min(size[1], shape[0])
    if not len(faults):
        return Window((shape[1] - width) // 2, (shape[0] - height) // 2, width, height)
    # Round each point, and with each at an edge of the window: a cluster is then held whole, not cut at its middle.
    reach = np.array([width, height])
    corners = np.concatenate([faults - reach / 2, faults - 0.1 * reach, faults - 0.9 * reach])
    corners = np.clip(np.floor(corners), 0, np.array([shape[1] - width, shape[0] - height])).astype(int)
    windows = [Window(col, row, width, height) for col, row in np.unique(corners, axis=0).tolist()]
    middle = faults.mean(axis=0)

    def worth(window: Window) -> tuple[int, float]:
        centre = np.array([window.col + width / 2, window.row + height / 2])
        return int(window.holds(faults).sum()), -float(np.hypot(*(centre - middle)))

    return max(windows, key=worth)


def fault_places(several: Sequence[Judged]) -> Points:
    """Centres (n, 2) of all wrong boxes of one picture, whichever detector made them."""
    return np.concatenate([np.zeros((0, 2)), *(centres(quads) for one in several for quads in (one.false, one.missed))])
