"""Fusing: what several looks at one place found becomes one box an object, as sure as the looks are together."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from sattrack.detections import Detections
from sattrack.geometry import Quads
from sattrack.steps.merging import order_of
from sattrack.steps.overlapping import ious

# Intersection over union from which boxes of two looks are the same object. 0.2 to 0.5 did alike on labelled pictures.
SAME = 0.35
# How many of the nearest boxes of another look may be a box's counterpart: nearer ones may be a surer box's already.
_NEAREST = 3

Rows = NDArray[np.intp]


def fuse(looks: Sequence[Detections], *, floor: float) -> Detections:
    """The boxes of several looks at the same pixels, all in one frame, as one set of boxes.

    A box with its closest counterpart of the same label in each other look is one object, the surest boxes choosing first. Its
    score is the mean over all looks, 0 where a look lacks it; its corners are the mean of the counterparts' by score, so that
    looks which agree give exactly their box. What then is below `floor` is left out. The same looks in any order, with their
    rows in any order, give the same boxes, ties of equal boxes included; time is n log n. After Solovyev et al. 2021, weighted
    boxes fusion, here for oriented boxes.
    """
    everything = Detections.joined(looks)
    look = np.repeat(np.arange(len(looks)), [len(found) for found in looks])
    order = order_of(everything)
    found, look = everything.where(order), look[order]
    leader = _leaders(found, look)
    scores = np.bincount(leader, weights=found.scores, minlength=len(found)) / max(len(looks), 1)
    sure = np.flatnonzero((leader == np.arange(len(found))) & (scores >= floor))
    return Detections(_mean_quads(found, leader)[sure], scores[sure].astype(np.float32), found.labels[sure], found.cap_hit)


def _leaders(found: Detections, look: Rows) -> Rows:
    """For each row, in falling order of score, the row of the surest box of its object: itself, or an earlier one."""
    first, second = _candidates(found, look)
    leader = list(range(len(found)))
    seen_in: dict[int, set[int]] = {}
    looks = look.tolist()
    for i, j in zip(first.tolist(), second.tolist(), strict=True):
        if leader[i] != i or leader[j] != j:
            continue
        taken = seen_in.setdefault(i, {looks[i]})
        if looks[j] not in taken:
            taken.add(looks[j])
            leader[j] = i
    return np.array(leader, np.intp)


def _candidates(found: Detections, look: Rows) -> tuple[Rows, Rows]:
    """Pairs (i, j > i) of rows of different looks that may be one object, by i and then by how much they share."""
    middle = found.centres()
    own = [np.flatnonzero(look == one) for one in np.unique(look)]
    trees = [cKDTree(middle[rows]) for rows in own]
    pairs = [(look[:0], look[:0])]
    for mine, theirs, tree in ((own[a], own[b], trees[b]) for a in range(len(own)) for b in range(len(own)) if a != b):
        near = tree.query(middle[mine], k=range(1, min(_NEAREST, len(theirs)) + 1))[1]
        pairs.append((np.repeat(mine, near.shape[1]), theirs[near.ravel()]))
    first, second = (np.concatenate(column) for column in zip(*pairs, strict=True))
    able = (second > first) & (found.labels[first] == found.labels[second])
    first, second = first[able], second[able]
    iou = ious(found.quads, first, second, least=SAME)
    order = np.lexsort((second, -iou, first))
    order = order[iou[order] >= SAME]
    return first[order], second[order]


def _mean_quads(found: Detections, leader: Rows) -> Quads:
    """At the rows that lead, the mean of their followers' corners and their own, weighted by score; elsewhere no meaning."""
    weight = np.maximum(found.scores.astype(np.float64), 1e-12)
    to = found.quads[leader]
    # From the leader, so that boxes which agree come out as they are, to the last bit.
    moves = (_aligned(found.quads, to) - to) * weight[:, None, None]
    moved = np.zeros_like(found.quads)
    np.add.at(moved, leader, moves)
    return found.quads + moved / np.maximum(np.bincount(leader, weights=weight, minlength=len(found)), 1e-12)[:, None, None]


def _aligned(quads: Quads, to: Quads) -> Quads:
    """The same boxes with their corners begun and turned so that each lies nearest to its own of `to`.

    Where a box begins says nothing: two almost square ones may be named a quarter turn apart, and mirrored ones run backwards.
    """
    arranged = np.stack([np.roll(way, -k, axis=1) for way in (quads, quads[:, ::-1]) for k in range(4)])
    nearest = ((arranged - to) ** 2).sum(axis=(2, 3)).argmin(axis=0)
    return np.asarray(arranged[nearest, np.arange(len(quads))])
