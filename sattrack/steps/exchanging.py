"""Exchanging: boxes of two scenes matched one to one, and with what confidence each stayed, came or went."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from sattrack.changes import Rows, Sure
from sattrack.detections import Detections
from sattrack.geometry import Quads, centres, sides
from sattrack.steps.merging import order_of
from sattrack.steps.overlapping import ious

# From this oriented overlap two boxes may be one, and from this on nothing speaks against it: half a pixel of 0.6 m each way
# leaves two thirds.
LEAST_IOU, FULL_IOU = 0.35, 0.7
# One is at most so many times as long as the other.
_LONGER = 1.3
# What a good overlap is worth where colours say nothing: another box of the same length in the very slot is not rare.
_BELIEF = 0.9
SAME = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Pairs of boxes that may be one, one to one. pairs: (k, 2) rows of before and after; iou: (k,) their overlap."""

    pairs: Rows
    iou: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class States:
    """What became of each box. pairs: (k, 2) rows that are one box, sure: (k,); before, after: (n,) confidence in each state.

    doubtful: pairs in one place that look unlike, and so were taken for an exchange.
    """

    pairs: Rows
    sure: Sure
    before: Sure
    after: Sure
    doubtful: int


def candidates(before: Quads, after: Quads) -> Candidates:
    """The one-to-one pairs with the largest sum of overlaps (Kuhn 1955), component by component of what overlaps at all.

    before, after: (n, 4, 2) and (m, 4, 2) in one frame, offset and lean removed. In any order of rows
    the same pairs come out.
    """
    first, second, iou = _overlapping(before, after)
    if not len(first):
        return Candidates(np.zeros((0, 2), np.intp), np.zeros(0))
    n, m = len(before), len(after)
    graph = coo_array((np.ones(len(first)), (first, n + second)), shape=(n + m, n + m))
    part = connected_components(graph, directed=False)[1][first]
    order = np.argsort(part, kind="stable")
    chosen = [_assigned(first, second, iou, rows) for rows in np.split(order, np.flatnonzero(np.diff(part[order])) + 1)]
    rows = np.sort(np.concatenate(chosen))
    return Candidates(np.stack([first[rows], second[rows]], axis=1), iou[rows])


def states(
    found: Candidates, *, before: Detections, after: Detections, alike: NDArray[np.float64], faint_before: Detections,
    faint_after: Detections,
) -> States:  # fmt: skip
    """Which candidates are one box, and how sure each box's state is.

    alike: (k,) from roofs.likeness. faint_before, faint_after: boxes nearly counted at each date: where one lies in the place
    of a box that came or went, it may have been there all the time. All in one frame.
    """
    fit = np.clip((found.iou - LEAST_IOU) / (FULL_IOU - LEAST_IOU), 0, 1)
    belief = _BELIEF * (0.5 + 0.5 * fit)
    same = belief * alike / (belief * alike + 1 - belief)
    stays = same >= SAME
    i, j = found.pairs[:, 0], found.pairs[:, 1]
    left = before.scores.astype(np.float64) * (1 - _hidden(before.quads, faint_after))
    came = after.scores.astype(np.float64) * (1 - _hidden(after.quads, faint_before))
    for rows, sure in ((i, left), (j, came)):
        sure[rows] = np.minimum(sure[rows], 1 - same)
    pair_sure = same * before.scores[i] * after.scores[j]
    left[i[stays]], came[j[stays]] = pair_sure[stays], pair_sure[stays]
    return States(found.pairs[stays], pair_sure[stays], left, came, int((~stays).sum()))


def _overlapping(before: Quads, after: Quads) -> tuple[Rows, Rows, NDArray[np.float64]]:
    """Pairs of rows of like length that share enough, by place, so that ties are broken alike in any order of rows."""
    none = np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0)
    if not len(before) or not len(after):
        return none
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
    worth = np.where(at >= 0, iou[at], 0.0)
    chosen = at[linear_sum_assignment(worth, maximize=True)]
    return np.asarray(chosen[chosen >= 0], np.intp)


def _hidden(quads: Quads, faint: Detections) -> NDArray[np.float64]:
    """(n,) the score of the surest faint box in the place of each, 0 where there is none."""
    score = np.zeros(len(quads))
    first, second, _ = _overlapping(quads, faint.quads)
    np.maximum.at(score, first, faint.scores[second].astype(np.float64))
    return score
