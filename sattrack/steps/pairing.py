"""Pairing: which boxes may touch which, by a grid of cells; no pair within reach is missed, and few beyond are named."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sattrack.geometry import Numbers

Rows = NDArray[np.intp]
Pairs = tuple[Rows, Rows]

# Pairs named in one go: what is asked of them should fit the processor's cache.
PAIRS_AT_ONCE = 32_768
# So few rows are paired each with each, sooner than a grid is laid.
_FEW = 48
# More pairs a row than a grid names where boxes of like size lie side by side: sizes are unequal, or boxes lie in heaps.
_MANY = 32
# Cells along one side of a grid, so that their numbers fit 64 bits.
_MOST_CELLS = 2.0**28


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """Pairs not yet written out: asking (k,) rows, each with held[start:stop] beside it."""

    asking: Rows
    start: Rows
    stop: Rows
    held: Rows

    def __len__(self) -> int:
        return int((self.stop - self.start).sum())

    def pairs(self) -> Iterator[Pairs]:
        """(asking, held), a bounded number at a time, or one row's."""
        lengths = self.stop - self.start
        ends = np.cumsum(lengths)
        total, at, done = int(ends[-1]) if len(ends) else 0, 0, 0
        while done < total:
            to = max(int(np.searchsorted(ends, done + PAIRS_AT_ONCE, "right")), at + 1)
            own, end = lengths[at:to], int(ends[to - 1])
            # Where a row's stretch begins, less how many pairs stand before it.
            shift = self.start[at:to] - (ends[at:to] - own)
            place = np.arange(done, end) + np.repeat(shift, own)
            yield np.repeat(self.asking[at:to], own), self.held[place]
            at, done = to, end


@dataclass(frozen=True, slots=True, eq=False)
class Reaches:
    """Middles, and how far each reaches to either side along x and along y, (n,) each: upright rectangles."""

    x: Numbers
    y: Numbers
    along_x: Numbers
    along_y: Numbers


def within(around: Reaches, rows: Rows) -> list[Spans]:
    """Every two of the rows whose rectangles touch, once each, and others not far from that."""
    n = len(rows)
    if n <= _FEW:
        return [Spans(rows, np.arange(1, n + 1), np.full(n, n), rows)]
    spans = _among(around, rows)
    if named(spans) <= _MANY * n:
        return spans
    spans, sizes = [], _classes(around, rows)
    for size in np.unique(sizes):
        mine = rows[sizes == size]
        spans += [*_among(around, mine), *_across(around, mine, rows[sizes < size])]
    return spans


def between(around: Reaches, asking: Rows, held: Rows) -> list[Spans]:
    """Every row that asks with every one held whose rectangle touches its own, and others not far from that."""
    spans = _across(around, asking, held)
    if named(spans) <= _MANY * (len(asking) + len(held)):
        return spans
    spans, sizes, theirs = [], _classes(around, asking), _classes(around, held)
    for size in np.union1d(sizes, theirs):
        spans += _across(around, asking[sizes == size], held[theirs <= size])
        spans += _across(around, asking[sizes < size], held[theirs == size])
    return spans


def lots(spans: Sequence[Spans]) -> Iterator[Pairs]:
    """All their pairs, in one lot where they are few: a lot costs more than its first thousand pairs."""
    if named(spans) > PAIRS_AT_ONCE:
        for one in spans:
            yield from one.pairs()
    elif few := [pair for one in spans for pair in one.pairs()]:
        first, second = (np.concatenate(rows) for rows in zip(*few, strict=True))
        yield first, second


def named(spans: Sequence[Spans]) -> int:
    return sum(len(s) for s in spans)


def _classes(around: Reaches, rows: Rows) -> Rows:
    """By powers of two, so that one huge box does not make every box look far."""
    longest = np.maximum(np.maximum(around.along_x[rows], around.along_y[rows]), 1e-9)
    return np.frexp(longest)[1].astype(np.intp)


def _among(around: Reaches, rows: Rows) -> list[Spans]:
    """Of one grid: each row with those after it in its own cell and the next, and with three cells of the next line."""
    keys, line = _cells(around, rows, (2 * float(around.along_x[rows].max()), 2 * float(around.along_y[rows].max())))
    order = np.argsort(keys)
    keys, rows = keys[order], rows[order]
    beside = Spans(rows, np.arange(1, len(rows) + 1), np.searchsorted(keys, keys + 1, "right"), rows)
    below = np.searchsorted(keys, keys + (line - 1)), np.searchsorted(keys, keys + (line + 1), "right")
    return [beside, Spans(rows, *below, rows)]


def _across(around: Reaches, asking: Rows, held: Rows) -> list[Spans]:
    """Of one grid: each row that asks with the held ones in the nine cells around it."""
    if not len(asking) or not len(held):
        return []
    reach_x, reach_y = (float(along[asking].max() + along[held].max()) for along in (around.along_x, around.along_y))
    keys, line = _cells(around, np.concatenate([asking, held]), (reach_x, reach_y))
    mine, theirs = keys[: len(asking)], keys[len(asking) :]
    order = np.argsort(theirs)
    theirs, held = theirs[order], held[order]
    return [
        Spans(asking, np.searchsorted(theirs, mine + (step - 1)), np.searchsorted(theirs, mine + (step + 1), "right"), held)
        for step in (-line, 0, line)
    ]


def _cells(around: Reaches, rows: Rows, reach: tuple[float, float]) -> tuple[Rows, int]:
    """The number of each row's cell, and how many a line of cells takes; what is in reach is in the next one at most."""
    column, columns = _slots(around.x[rows], reach[0])
    row, _ = _slots(around.y[rows], reach[1])
    # One empty cell at either end of a line, so that no line's end is the next one's neighbour.
    line = columns + 2
    return row * line + column + 1, line


def _slots(along: Numbers, reach: float) -> tuple[Rows, int]:
    """Along one axis the slot of each, at least `reach` wide, and how many there are."""
    low, high = float(along.min()), float(along.max())
    # A little larger than the reach, for rounding.
    side = max(reach * (1 + 1e-6) + max(abs(low), abs(high)) * 1e-14, (high - low) / _MOST_CELLS, 1e-300)
    return ((along - low) / side).astype(np.intp), int((high - low) / side) + 1
