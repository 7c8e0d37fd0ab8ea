"""Merging: of boxes that cover the same object, the surest stays. Oriented, greedy, order-free."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from sattrack.detections import Detections
from sattrack.geometry import Quads, areas, centres, sides

# Pairs clipped at a time: bounds the memory of the clipping, some 2 kB a pair.
_PAIRS_AT_ONCE = 20_000


def merge(found: Detections, *, overlap: float) -> Detections:
    """Greedy by score: a box goes when it and a kept, surer box share at least `overlap` of the smaller of the two.

    The same rows in the same order come out under any permutation of the rows that go in: ties are broken by place (y, x, then
    all corners). Objects of different labels compete too: two containers cannot stand in one place. Time n log n for boxes
    of like size.
    """
    ordered = in_order(found)
    if len(ordered) < 2:
        return ordered
    ordered = ordered.where(_survivors(len(ordered), _deep_pairs(ordered.quads)))
    first, second = _near_pairs(ordered.quads)
    share = overlap_share(ordered.quads, first, second)
    heavy = share >= overlap
    return ordered.where(_survivors(len(ordered), (first[heavy], second[heavy])))


def in_order(found: Detections) -> Detections:
    """Rows by falling score; ties by centre y, centre x, then every corner and the label."""
    middle = found.centres()
    corners = found.quads.reshape(-1, 8)
    keys = (found.labels, *corners.T[::-1], middle[:, 0], middle[:, 1], -found.scores)
    return found.where(np.lexsort(keys)) if len(found) > 1 else found


Pairs = tuple[NDArray[np.intp], NDArray[np.intp]]


def _survivors(n: int, pairs: Pairs) -> NDArray[np.bool_]:
    """Greedy suppression: in each pair the first (surer) row removes the second, if itself still kept."""
    first, second = pairs
    order = np.lexsort((second, first))
    first, second = first[order], second[order]
    keep = np.ones(n, bool)
    starts = np.searchsorted(first, np.arange(n + 1))
    for i in np.unique(first):
        if keep[i]:
            keep[second[starts[i] : starts[i + 1]]] = False
    return keep


def _deep_pairs(quads: Quads) -> Pairs:
    """Pairs whose second centre lies in the middle half of the first box: the same object without any doubt.

    Cheap, and what a detector returns before suppression is mostly this; clipping is left for the few others.
    """
    long, short, axis = sides(quads)
    middle = centres(quads)
    reach = float(np.hypot(long, short).max()) / 4
    first, second = _pairs_within(middle, reach)
    delta = middle[second] - middle[first]
    along = np.abs(np.einsum("ij,ij->i", delta, axis[first]))
    across = np.abs(delta[:, 0] * -axis[first, 1] + delta[:, 1] * axis[first, 0])
    deep = (along < long[first] / 4) & (across < short[first] / 4)
    return first[deep], second[deep]


def _near_pairs(quads: Quads) -> Pairs:
    """Pairs whose circumscribed circles meet."""
    middle = centres(quads)
    radius = np.sqrt(((quads - middle[:, None]) ** 2).sum(axis=2).max(axis=1))
    first, second = _pairs_within(middle, 2 * float(radius.max()))
    gap = np.hypot(*(middle[second] - middle[first]).T)
    near = gap < radius[first] + radius[second]
    return first[near], second[near]


def _pairs_within(points: NDArray[np.float64], reach: float) -> Pairs:
    """All pairs (i < j) no further apart than reach."""
    pairs = cKDTree(points).query_pairs(max(reach, 1e-9), output_type="ndarray")
    return pairs[:, 0].astype(np.intp), pairs[:, 1].astype(np.intp)


def overlap_share(quads: Quads, first: NDArray[np.intp], second: NDArray[np.intp]) -> NDArray[np.float64]:
    """For each pair of rows: area of the intersection over the area of the smaller box."""
    area = areas(quads)
    convex = _clockwise(quads)
    share = np.zeros(len(first))
    for at in range(0, len(first), _PAIRS_AT_ONCE):
        i, j = first[at : at + _PAIRS_AT_ONCE], second[at : at + _PAIRS_AT_ONCE]
        inter = _clipped_area(convex[i], convex[j])
        share[at : at + _PAIRS_AT_ONCE] = inter / np.maximum(np.minimum(area[i], area[j]), 1e-12)
    return share


def _clockwise(quads: Quads) -> Quads:
    """The same boxes with all corners in the same sense (positive shoelace)."""
    x, y = quads[..., 0], quads[..., 1]
    signed = np.sum(x * np.roll(y, -1, 1) - np.roll(x, -1, 1) * y, axis=1)
    return np.where((signed < 0)[:, None, None], quads[:, ::-1], quads)


def _clipped_area(subject: Quads, clip: Quads) -> NDArray[np.float64]:
    """Area of the intersection of convex quads, pair by pair: Sutherland and Hodgman 1974, on arrays.

    Each polygon is a row of at most 8 vertices; unused places repeat the last vertex, which adds no area.
    """
    n = len(subject)
    poly = np.zeros((n, 8, 2))
    poly[:, :4] = subject
    poly[:, 4:] = subject[:, 3:4]
    for k in range(4):
        poly = _clip_by_edge(poly, clip[:, k], clip[:, (k + 1) % 4])
    return areas(poly)


def _clip_by_edge(poly: NDArray[np.float64], start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keep the part of each polygon left of its edge start -> end."""
    n, m = poly.shape[:2]
    edge = end - start
    side = edge[:, None, 0] * (poly[..., 1] - start[:, None, 1]) - edge[:, None, 1] * (poly[..., 0] - start[:, None, 0])
    inside = side >= 0
    following, next_side = np.roll(poly, -1, axis=1), np.roll(side, -1, axis=1)
    crosses = inside != (next_side >= 0)
    span = side - next_side
    t = np.where(crosses, side / np.where(span == 0, 1, span), 0.0)
    crossing = poly + t[..., None] * (following - poly)
    # Each vertex gives up to two points, in order: itself if inside, then the crossing of its edge.
    points = np.stack([poly, crossing], axis=2).reshape(n, 2 * m, 2)
    keep = np.stack([inside, crosses], axis=2).reshape(n, 2 * m)
    place = np.cumsum(keep, axis=1) - 1
    total = keep.sum(axis=1)
    out = np.zeros((n, m, 2))
    rows, cols = np.nonzero(keep & (place < m))
    out[rows, place[rows, cols]] = points[rows, cols]
    last = out[np.arange(n), np.clip(total - 1, 0, m - 1)]
    unused = np.arange(m)[None] >= total[:, None]
    out = np.where(unused[..., None], last[:, None], out)
    out[total == 0] = 0
    return out
