"""Exchanging: boxes of two scenes matched one to one, and with what confidence each stayed, came or went.

scipy is imported where it is needed, since most pages are written of runs without a pair.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sattrack.changes import Rows, Sure
from sattrack.detections import Detections
from sattrack.geometry import Quads, centres, sides
from sattrack.steps.merging import order_of
from sattrack.steps.overlapping import ious

# From this oriented overlap two boxes may be one: half a pixel of 0.6 m each way leaves two thirds.
LEAST_IOU = 0.35
# One is at most so many times as long as the other.
_LONGER = 1.3
# Of the boxes in one place so many stayed where colours say nothing, as if that had been seen in so many pairs.
_STAYED, _SEEN = 0.8, 2.5
_ROUNDS = 60
SAME = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class States:
    """What became of each box. pairs: (k, 2) rows that are one box; before, after: (n,) confidence in each state.

    doubtful: pairs in one place that look unlike, and so were taken for an exchange. still_before, still_after: (n,) boxes with
    no partner that stay all the same: a faint box lies in their place at the other date. stayed: how many pairs are one box, as
    expected, and variance, its variance. faint, faint_variance: the same of boxes (earlier, later) in the place of a faint one.
    """

    pairs: Rows
    before: Sure
    after: Sure
    doubtful: int
    still_before: NDArray[np.bool_]
    still_after: NDArray[np.bool_]
    stayed: float
    variance: float
    faint: tuple[float, float]
    faint_variance: tuple[float, float]


def candidates(before: Quads, after: Quads) -> Rows:
    """Pairs (k, 2), rows of before and after, of boxes that may be one: of one-to-one pairs those with the largest sum of
    overlaps (Kuhn 1955), component by component of what overlaps at all.

    before, after: (n, 4, 2) and (m, 4, 2) in one frame, offset and lean removed. In any order of rows
    the same pairs come out.
    """
    first, second, iou = _overlapping(before, after)
    if not len(first):
        return np.zeros((0, 2), np.intp)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n, m = len(before), len(after)
    graph = coo_array((np.ones(len(first)), (first, n + second)), shape=(n + m, n + m))
    part = connected_components(graph, directed=False)[1][first]
    order = np.argsort(part, kind="stable")
    chosen = [_assigned(first, second, iou, rows) for rows in np.split(order, np.flatnonzero(np.diff(part[order])) + 1)]
    rows = np.sort(np.concatenate(chosen))
    return np.stack([first[rows], second[rows]], axis=1)


def states(
    pairs: Rows, *, before: Detections, after: Detections, alike: NDArray[np.float64], faint_before: Detections,
    faint_after: Detections,
) -> States:  # fmt: skip
    """Which pairs are one box, and how sure each box's state is.

    alike: (k,) from roofs.likeness. faint_before, faint_after: boxes nearly counted at each date: where one lies in the place
    of a box without a partner, it was there all the time, unless most boxes in one place were exchanged. All in one frame.
    """
    share, unsure = _share_stayed(alike)
    same = share * alike / (share * alike + 1 - share)
    stayed = float(same.sum())
    stays = same >= SAME
    i, j = pairs[:, 0], pairs[:, 1]
    pair_sure = same * before.scores[i] * after.scores[j]
    left, came = (boxes.scores.astype(np.float64) for boxes in (before, after))
    there = [_hidden(before.quads, faint_after), _hidden(after.quads, faint_before)]
    for rows, sure, hidden in zip((i, j), (left, came), there, strict=True):
        hidden[rows] = False
        sure[hidden] *= share if share >= SAME else 1 - share
        sure[rows] = np.where(stays, pair_sure, np.minimum(sure[rows], 1 - same))
    # Each pair is a coin of its own, and all hang on the share.
    leaning = float((alike / (share * alike + 1 - share) ** 2).sum())
    variance = float((same * (1 - same)).sum()) + leaning**2 * unsure
    faint = [float(hidden.sum()) for hidden in there]
    still = [hidden & (share >= SAME) for hidden in there]
    return States(
        pairs[stays], left, came, int((~stays).sum()), still[0], still[1], stayed, variance,
        (share * faint[0], share * faint[1]), (share * (1 - share) * faint[0], share * (1 - share) * faint[1]),
    )  # fmt: skip


def _share_stayed(alike: NDArray[np.float64]) -> tuple[float, float]:
    """The share of pairs in one place that are one box, and its variance, from how alike the pairs look.

    The pairs are a mixture of boxes that stayed and of others in the same slots, which a yard that was cleared and filled again
    is full of; its share is found by expectation and maximisation (Dempster, Laird & Rubin 1977), drawn towards _STAYED.
    """
    share, n = _STAYED, len(alike)
    for _ in range(_ROUNDS):
        share = (float((share * alike / (share * alike + 1 - share)).sum()) + _STAYED * _SEEN) / (n + _SEEN)
    known = float((((alike - 1) / (share * alike + 1 - share)) ** 2).sum()) + _SEEN / (share * (1 - share))
    return share, 1 / known


def _overlapping(before: Quads, after: Quads) -> tuple[Rows, Rows, NDArray[np.float64]]:
    """Pairs of rows of like length that share enough, by place, so that ties are broken alike in any order of rows."""
    none = np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0)
    if not len(before) or not len(after):
        return none
    from scipy.spatial import cKDTree

    long, other = sides(before)[0], sides(after)[0]
    trees = cKDTree(centres(before)), cKDTree(centres(after))
    near = trees[0].sparse_distance_matrix(trees[1], float(max(long.max(), other.max())), output_type="ndarray")
    first, second = near["i"].astype(np.intp), near["j"].astype(np.intp)
    like = np.maximum(long[first], other[second]) <= _LONGER * np.minimum(long[first], other[second])
    first, second = first[like], second[like]
    iou = ious(np.concatenate([before, after]), first, len(before) + second, least=LEAST_IOU)
    ranks = _ranks(before)[first], _ranks(after)[second]
    order = np.lexsort((ranks[1], ranks[0]))
    order = order[iou[order] >= LEAST_IOU]
    return first[order], second[order], iou[order]


def _ranks(quads: Quads) -> Rows:
    """Each row's place in an order that hangs on the boxes only."""
    alike = Detections(quads, np.zeros(len(quads), np.float32), np.zeros(len(quads), np.int32))
    ranks = np.empty(len(quads), np.intp)
    ranks[order_of(alike)] = np.arange(len(quads))
    return ranks


def _assigned(first: Rows, second: Rows, iou: NDArray[np.float64], rows: Rows) -> Rows:
    """Of the pairs `rows` of one component those that are chosen."""
    if len(rows) == 1:
        return rows
    # In the order in which the pairs come, which is that of the boxes' places.
    mine, theirs = (list(dict.fromkeys(side[rows].tolist())) for side in (first, second))
    at = np.full((len(mine), len(theirs)), -1, np.intp)
    for row in rows.tolist():
        at[mine.index(first[row]), theirs.index(second[row])] = row
    from scipy.optimize import linear_sum_assignment

    worth = np.where(at >= 0, iou[at], 0.0)
    chosen = at[linear_sum_assignment(worth, maximize=True)]
    return np.asarray(chosen[chosen >= 0], np.intp)


def _hidden(quads: Quads, faint: Detections) -> NDArray[np.bool_]:
    """(n,) whether a faint box lies in the place of each."""
    there = np.zeros(len(quads), bool)
    there[_overlapping(quads, faint.quads)[0]] = True
    return there
