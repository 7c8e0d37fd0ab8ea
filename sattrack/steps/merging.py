"""Merging: of boxes that cover the same object, the surest stays. Oriented, greedy, order-free."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sattrack.detections import Detections
from sattrack.geometry import Quads
from sattrack.steps.overlapping import Boxes, doubles, sharing
from sattrack.steps.pairing import Pairs, Reaches, Rows, Spans, between, lots, named, within

# Pairs looked at in one go, at least.
_FEW = 8_000
# Pairs a row where boxes lie in heaps: the surest rows that make so many are decided first, and clear the heaps.
_OF_HEAPS = 2
# Boxes whose numbers a processor's cache holds.
_CACHED = 20_000

# Picks the pairs (i, j) in which i, if kept, removes j.
Relation = Callable[[Boxes, Rows, Rows], Pairs]


def merge(found: Detections, *, overlap: float, ground: Quads | None = None) -> Detections:
    """Greedy by score, twice: first the doubles of a box go, then whatever shares too much with a kept, surer box.

    Doubles are two boxes of like area whose centres lie in each other's middle half. To share too much is to share at least
    `overlap` of the smaller box, or to have one's centre in the middle half of the surer. The same rows in the same order come
    out under any permutation of the rows that go in: ties are broken by place (y, x, then all corners). Objects of different
    labels compete too: two containers cannot stand in one place. Time is n log n, also for boxes of very unequal size; memory
    grows with n only, also for boxes all in one place. ValueError where a corner is not finite.

    ground: the quads in metres, where pixels are longer one way than the other: the middle half of a box is told by right
    angles, and in pixels of degrees near a pole those of neighbours lie in each other.
    """
    if len(found) < 2:
        return found
    quads = found.quads if ground is None else ground
    if not np.isfinite(quads).all():
        raise ValueError("boxes with corners that are not finite cannot be merged")
    order = order_of(found)
    place = _side_by_side(found, order)
    boxes, rank = Boxes.of(quads[place]), _turned(order)[place]
    # A double goes even where the box that it doubles goes later: what wobbles round one object must not form a chain.
    single = _kept(boxes, rank, _turned(rank), doubles, reach=0.25, most=4)
    return found.where(place[_kept(boxes, rank, single, partial(sharing, overlap=overlap), reach=1.0, most=32)])


def order_of(found: Detections) -> Rows:
    """The rows by falling score; ties by centre y, centre x, then every corner and the label."""
    middle = found.centres()
    keys = (-found.scores, middle[:, 1], middle[:, 0], *found.quads.reshape(-1, 8).T, found.labels)
    order = np.argsort(keys[0], kind="stable")
    # Each further key is asked only of the rows that those before it leave equal, mostly few.
    for told, asked in ((1, 3), (3, len(keys))):
        same = np.logical_and.reduce([key[order[1:]] == key[order[:-1]] for key in keys[:told]])
        if not same.any():
            break
        tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
        rows = order[tied]
        order[tied] = rows[np.lexsort([key[rows] for key in reversed(keys[:asked])])]
    return order


def _turned(order: Rows) -> Rows:
    """A permutation the other way: for each row its place in the order."""
    places = np.empty_like(order)
    places[order] = np.arange(len(order))
    return places


def _side_by_side(found: Detections, order: Rows) -> Rows:
    """The rows so that those near each other on the ground are so in memory, where there are more than a cache holds."""
    if len(order) < _CACHED:
        return order
    across, down = found.centres().T
    side = max(float(np.ptp(across)), float(np.ptp(down)), 1e-300) / len(order) ** 0.5
    strips, along = ((down - down.min()) / (4 * side)).astype(np.intp), ((across - across.min()) / side).astype(np.intp)
    return np.argsort(strips * (len(order) + 1) + along)


def _kept(boxes: Boxes, rank: Rows, rows: Rows, relation: Relation, *, reach: float, most: int) -> Rows:
    """Greedy: of the rows, the surest first, those that no kept, surer one removes; rank says which of two is the surer.

    Pairs are looked for within reach x both boxes, on a grid along their common heading, which keeps the rows of a yard apart.
    As many of the surest rows as make no heap of pairs (`most` a row) are decided in themselves, then remove what they rule out
    of those that come after, and so on.
    """
    around = boxes.along_heading(reach)
    gone, kept = np.zeros(len(rank), bool), []
    while len(rows):
        block, spans = _surest(around, rows, most=most * len(rows))
        _decide(boxes, rank, spans, relation, gone)
        kept.append(block[~gone[block]])
        rows = rows[len(block) :]
        if len(rows):
            _clear(boxes, between(around, kept[-1], rows), relation, gone)
            rows = rows[~gone[rows]]
    return np.concatenate(kept)


def _surest(around: Reaches, rows: Rows, *, most: int) -> tuple[Rows, list[Spans]]:
    """The first rows, all where they make no more than so many pairs, and these pairs."""
    block = rows
    while True:
        spans = within(around, block)
        pairs = named(spans)
        if pairs <= max(most, _FEW) or len(block) == 1:
            return block, spans
        most = max(_OF_HEAPS * len(rows), _FEW // 2)
        block = block[: max(1, int(len(block) * min(0.5, (most / pairs) ** 0.5)))]


def _decide(boxes: Boxes, rank: Rows, spans: list[Spans], relation: Relation, gone: NDArray[np.bool_]) -> None:
    """Marks what goes of rows of which these are all pairs."""
    none = np.zeros(0, np.intp)
    found = [(none, none), *(relation(boxes, *_surer_first(rank, *pair)) for pair in lots(spans))]
    first, second = (np.concatenate(rows) for rows in zip(*found, strict=True))
    contested, went = np.zeros(len(gone), bool), len(first)
    while went > len(first) // 8:
        # What no surer, undecided row contests stays, and removes all that it contests.
        contested[second] = True
        stays = ~contested[first]
        gone[second[stays]] = True
        contested[second] = False
        left = np.flatnonzero(~(stays | gone[first] | gone[second]))
        went = len(first) - len(left)
        first, second = first[left], second[left]
    # What is left, if anything, are long chains, told row by row.
    order = np.argsort(rank[first])
    for i, j in zip(first[order].tolist(), second[order].tolist(), strict=True):
        if not gone[i]:
            gone[j] = True


def _surer_first(rank: Rows, one: Rows, other: Rows) -> Pairs:
    turn = rank[one] > rank[other]
    return np.where(turn, other, one), np.where(turn, one, other)


def _clear(boxes: Boxes, spans: list[Spans], relation: Relation, gone: NDArray[np.bool_]) -> None:
    """Marks what kept rows, which ask, remove of those held, all less sure."""
    for first, second in lots(spans):
        left = np.flatnonzero(~gone[second])
        gone[relation(boxes, first[left], second[left])[1]] = True
