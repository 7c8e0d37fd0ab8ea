"""An oracle: the same merging written block by block with trees of centres and no bounds from below; slow, and plain."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from sattrack.detections import Detections
from sattrack.geometry import Points, Quads, areas, centres, sides

# Pairs looked at in one go: bounds the memory, some 2 kB a pair.
_PAIRS_AT_ONCE = 4_000
# Rows decided in one go: few enough that even boxes all in one place make no more than some 100,000 pairs a turn.
_FEWEST_ROWS, _MOST_ROWS = 128, 2000

Rows = NDArray[np.intp]
Pairs = tuple[Rows, Rows]
Relation = Callable[["_Boxes", Rows, Rows], Pairs]


def merge_by_blocks(found: Detections, *, overlap: float) -> Detections:
    ordered = found.where(order_of(found)) if len(found) > 1 else found
    if len(ordered) < 2:
        return ordered
    # A double goes even where the box that it doubles goes later: what wobbles round one object must not form a chain.
    ordered = ordered.where(_kept(_Boxes.of(ordered.quads), _doubles, reach=0.25))
    shares = partial(_sharing, overlap=overlap)
    return ordered.where(_kept(_Boxes.of(ordered.quads), shares, reach=1.0))


def order_of(found: Detections) -> Rows:
    """Rows by falling score; ties by centre y, centre x, then every corner and the label."""
    middle = found.centres()
    corners = found.quads.reshape(-1, 8)
    return np.lexsort((found.labels, *corners.T[::-1], middle[:, 0], middle[:, 1], -found.scores))


@dataclass(frozen=True, slots=True, eq=False)
class _Boxes:
    """Boxes in falling order of score, with what is asked of them again and again; `sizes` classes them by powers of two."""

    quads: Quads
    middle: Points
    radius: NDArray[np.float64]
    long: NDArray[np.float64]
    short: NDArray[np.float64]
    axis: Points
    area: NDArray[np.float64]
    sizes: NDArray[np.intp]

    @classmethod
    def of(cls, quads: Quads) -> "_Boxes":
        middle = centres(quads)
        radius = np.sqrt(((quads - middle[:, None]) ** 2).sum(axis=2).max(axis=1))
        sizes = np.log2(np.maximum(radius, 1e-9)).astype(np.intp)
        return cls(_clockwise(quads), middle, radius, *sides(quads), areas(quads), sizes)


def _kept(boxes: _Boxes, relation: Relation, *, reach: float) -> NDArray[np.bool_]:
    """Greedy, a block of rows at a time: the block is decided in itself, then removes what it rules out of what comes after.

    relation picks the pairs (i, j) in which i, if kept, removes j; they are looked for within reach x both radii.
    """
    n = len(boxes.radius)
    keep, undecided = np.zeros(n, bool), np.ones(n, bool)
    everything = _trees(boxes, np.arange(n))
    at_once = min(max(_FEWEST_ROWS, n // 32), _MOST_ROWS)
    while (rows := np.flatnonzero(undecided)[:at_once]).size:
        undecided[rows] = False
        stays = _block_kept(boxes, rows, relation, reach)
        keep[stays] = True
        for first, second in _near(boxes, stays, everything, reach=reach):
            left = undecided[second]
            undecided[relation(boxes, first[left], second[left])[1]] = False
    return keep


def _block_kept(boxes: _Boxes, rows: Rows, relation: Relation, reach: float) -> Rows:
    pairs = [relation(boxes, first, second) for first, second in _near(boxes, rows, _trees(boxes, rows), reach=reach)]
    first = np.concatenate([np.zeros(0, np.intp), *(i for i, _ in pairs)])
    second = np.concatenate([np.zeros(0, np.intp), *(j for _, j in pairs)])
    gone: set[int] = set()
    order = np.lexsort((second, first))
    for i, j in zip(first[order].tolist(), second[order].tolist(), strict=True):
        if i not in gone:
            gone.add(j)
    return rows[~np.isin(rows, list(gone))] if gone else rows


def _trees(boxes: _Boxes, rows: Rows) -> list[tuple[Rows, cKDTree]]:
    """By classes of size, so that one huge box does not make every box look far."""
    classes = [rows[boxes.sizes[rows] == size] for size in np.unique(boxes.sizes[rows])]
    return [(mine, cKDTree(boxes.middle[mine])) for mine in classes]


def _near(boxes: _Boxes, rows: Rows, trees: list[tuple[Rows, cKDTree]], *, reach: float) -> Iterator[Pairs]:
    """Pairs (i of rows, j > i of those in the trees) no further apart than reach x both radii."""
    for mine, tree in _trees(boxes, rows):
        for theirs, other in trees:
            most = reach * float(boxes.radius[mine].max() + boxes.radius[theirs].max())
            found = tree.sparse_distance_matrix(other, most, output_type="ndarray")
            first, second = mine[found["i"]], theirs[found["j"]]
            near = (second > first) & (found["v"] < reach * (boxes.radius[first] + boxes.radius[second]))
            yield first[near], second[near]


def _doubles(boxes: _Boxes, first: Rows, second: Rows) -> Pairs:
    """Those of the pairs that are of like area, each one's centre in the other's middle half."""
    small, large = np.minimum(boxes.area[first], boxes.area[second]), np.maximum(boxes.area[first], boxes.area[second])
    both = (large <= 2 * small) & _deep(boxes, first, second) & _deep(boxes, second, first)
    return first[both], second[both]


def _sharing(boxes: _Boxes, first: Rows, second: Rows, *, overlap: float) -> Pairs:
    """Those of the pairs that share at least `overlap` of the smaller box, or whose second centre is deep in the first."""
    shares = np.zeros(len(first), bool)
    for at in range(0, len(first), _PAIRS_AT_ONCE):
        i, j = first[at : at + _PAIRS_AT_ONCE], second[at : at + _PAIRS_AT_ONCE]
        enough = overlap * np.maximum(np.minimum(boxes.area[i], boxes.area[j]), 1e-12)
        some = _deep(boxes, i, j)
        close = np.flatnonzero(~some & (_most_shared(boxes, i, j) >= enough))
        some[close] = _clipped_area(boxes.quads[i[close]], boxes.quads[j[close]]) >= enough[close]
        shares[at : at + _PAIRS_AT_ONCE] = some
    return first[shares], second[shares]


def _deep(boxes: _Boxes, first: Rows, second: Rows) -> NDArray[np.bool_]:
    """Whether the second centre lies in the middle half of the first box."""
    delta, axis = boxes.middle[second] - boxes.middle[first], boxes.axis[first]
    along = np.abs(np.einsum("ij,ij->i", delta, axis))
    across = np.abs(delta[:, 1] * axis[:, 0] - delta[:, 0] * axis[:, 1])
    return np.asarray((along < boxes.long[first] / 4) & (across < boxes.short[first] / 4))


def _most_shared(boxes: _Boxes, first: Rows, second: Rows) -> NDArray[np.float64]:
    """At most so much area two boxes share: that of their bounds' intersection, in the first one's directions."""
    axis = boxes.axis[first]
    across = np.stack([-axis[:, 1], axis[:, 0]], axis=1)
    area = np.ones(len(first))
    for direction in (axis, across):
        a = np.einsum("nkd,nd->nk", boxes.quads[first], direction)
        b = np.einsum("nkd,nd->nk", boxes.quads[second], direction)
        area *= np.maximum(np.minimum(a.max(1), b.max(1)) - np.maximum(a.min(1), b.min(1)), 0)
    return area


def _clockwise(quads: Quads) -> Quads:
    """The same boxes with all corners in the same sense (positive shoelace)."""
    x, y = quads[..., 0], quads[..., 1]
    signed = np.sum(x * np.roll(y, -1, 1) - np.roll(x, -1, 1) * y, axis=1)
    return np.where((signed < 0)[:, None, None], quads[:, ::-1], quads)


def _clipped_area(subject: Quads, clip: Quads) -> NDArray[np.float64]:
    """Area of the intersection of convex quads, pair by pair: Sutherland and Hodgman 1974, on arrays.

    Each polygon is a row of places for 8 vertices, the most that two quads can share, of which the first `count` are used.
    """
    poly = np.zeros((len(subject), 8, 2))
    poly[:, :4] = subject
    count = np.full(len(subject), 4)
    for k in range(4):
        poly, count = _clip_by_edge(poly, count, clip[:, k], clip[:, (k + 1) % 4])
    # Unused places repeat the first vertex, which adds no area.
    return areas(np.where(_used(count)[..., None], poly, poly[:, :1]))


def _used(count: Rows) -> NDArray[np.bool_]:
    return np.arange(8) < count[:, None]


def _clip_by_edge(poly: Quads, count: Rows, start: Points, end: Points) -> tuple[Quads, Rows]:
    """Keeps the part of each polygon left of its edge start -> end."""
    n = len(poly)
    edge = end - start
    side = edge[:, None, 0] * (poly[..., 1] - start[:, None, 1]) - edge[:, None, 1] * (poly[..., 0] - start[:, None, 0])
    after = np.where(np.arange(1, 9) < count[:, None], np.arange(1, 9), 0)
    following, next_side = np.take_along_axis(poly, after[..., None], 1), np.take_along_axis(side, after, 1)
    inside = side >= 0
    crosses = inside != (next_side >= 0)
    span = side - next_side
    t = np.where(crosses, side / np.where(span == 0, 1, span), 0.0)
    crossing = poly + t[..., None] * (following - poly)
    # Each vertex gives up to two points, in order: itself if inside, then the crossing of its edge.
    points = np.stack([poly, crossing], axis=2).reshape(n, 16, 2)
    keep = (np.stack([inside, crosses], axis=2) & _used(count)[..., None]).reshape(n, 16)
    place = np.cumsum(keep, axis=1) - 1
    out = np.zeros_like(poly)
    rows, cols = np.nonzero(keep & (place < 8))
    out[rows, place[rows, cols]] = points[rows, cols]
    return out, np.minimum(keep.sum(axis=1), 8)
