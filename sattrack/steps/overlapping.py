"""Overlapping: what two oriented boxes share, pair by pair, on arrays; clipped only where quick bounds leave it open."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sattrack.geometry import Numbers, Points, Quads, areas, columns, sides
from sattrack.steps.pairing import Pairs, Reaches, Rows

# Pairs clipped in one go: bounds the memory, some 2 kB a pair.
_PAIRS_AT_ONCE = 4_000
# Of the square of the largest coordinate: more than the rounding of any area worked out from such coordinates.
_ROUNDING = 3e-14

# The vertex after each of eight.
_AFTER = np.arange(1, 9)


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """Quads with what is asked of them again and again, (n,) each.

    x, y: the middle. ax, ay: the long axis. half_long, half_short: how far corners reach from the middle along it and across.
    strip: the width across the long axis; infinite for what is no parallelogram. slack: by how much rounding may move areas.
    """

    quads: Quads
    mirrored: NDArray[np.bool_]
    x: Numbers
    y: Numbers
    radius: Numbers
    long: Numbers
    short: Numbers
    ax: Numbers
    ay: Numbers
    area: Numbers
    half_long: Numbers
    half_short: Numbers
    strip: Numbers
    slack: float

    @classmethod
    def of(cls, quads: Quads) -> "Boxes":
        corners_x, corners_y = columns(quads)
        signed = _shoelace(corners_x, corners_y)
        long, short, axis = sides(quads)
        ax, ay = np.ascontiguousarray(axis.T)
        x, y = (((c[0] + c[1]) + c[2] + c[3]) / 4 for c in (corners_x, corners_y))
        dx, dy = corners_x - x, corners_y - y
        half_long, half_short = np.abs(dx * ax + dy * ay).max(axis=0), np.abs(dy * ax - dx * ay).max(axis=0)
        area = np.abs(signed) / 2
        skew = np.maximum(np.abs(dx[0] - dx[1] + dx[2] - dx[3]), np.abs(dy[0] - dy[1] + dy[2] - dy[3]))
        return cls(
            quads, signed < 0, x, y, np.sqrt((dx * dx + dy * dy).max(axis=0)), long, short, ax, ay, area, half_long, half_short,
            strip=np.where(skew * long < 1e-6 * area, 2 * half_short, np.inf),
            slack=_ROUNDING * float(np.abs(quads).max(initial=0.0)) ** 2,
        )  # fmt: skip

    def along_heading(self, reach: float) -> Reaches:
        """Middles and reach x half of each box's bounds, in axes turned to the heading that most boxes share."""
        turn = np.arctan2((2 * self.ax * self.ay).sum(), (self.ax * self.ax - self.ay * self.ay).sum()) / 2
        cos, sin = float(np.cos(turn)), float(np.sin(turn))
        lengthwise, crosswise = np.abs(self.ax * cos + self.ay * sin), np.abs(self.ay * cos - self.ax * sin)
        # Of what is no parallelogram a side may be longer than corners reach.
        long, short = np.maximum(self.half_long, self.long / 2), np.maximum(self.half_short, self.short / 2)
        return Reaches(
            self.x * cos + self.y * sin,
            self.y * cos - self.x * sin,
            reach * (long * lengthwise + short * crosswise),
            reach * (long * crosswise + short * lengthwise),
        )

    def clockwise(self, rows: Rows) -> Quads:
        """Their quads with all corners in the same sense (positive shoelace)."""
        quads = self.quads[rows]
        return np.where(self.mirrored[rows][:, None, None], quads[:, ::-1], quads)


def _shoelace(x: Numbers, y: Numbers) -> Numbers:
    """Twice the area of quads, corners (4, n): positive where they run clockwise in pixel axes."""
    parts = [x[k] * y[(k + 1) % 4] - x[(k + 1) % 4] * y[k] for k in range(4)]
    return np.asarray(((parts[0] + parts[1]) + parts[2]) + parts[3])


def doubles(boxes: Boxes, first: Rows, second: Rows) -> Pairs:
    """Those of the pairs that are of like area, each one's centre in the other's middle half."""
    both = _deep(boxes, first, *_from(boxes, first, second))
    first, second = first[both], second[both]
    dx, dy = _from(boxes, first, second)
    one, other = boxes.area[first], boxes.area[second]
    both = np.maximum(one, other) <= 2 * np.minimum(one, other)
    both &= _deep(boxes, second, dx, dy) & _near(boxes, first, second, dx, dy, reach=0.25)
    return first[both], second[both]


def sharing(boxes: Boxes, first: Rows, second: Rows, *, overlap: float) -> Pairs:
    """Those of the pairs that share at least `overlap` of the smaller box, or whose second centre is deep in the first."""
    dx, dy = _from(boxes, first, second)
    near = np.flatnonzero(_near(boxes, first, second, dx, dy, reach=1.0))
    first, second, dx, dy = first[near], second[near], dx[near], dy[near]
    shares = _deep(boxes, first, dx, dy)
    enough = overlap * np.maximum(np.minimum(boxes.area[first], boxes.area[second]), 1e-12)
    some = np.flatnonzero(~shares & _may_share(boxes, first, second, dx, dy, enough - boxes.slack))
    sure = _must_share(boxes, first[some], second[some], dx[some], dy[some], enough[some] + boxes.slack)
    shares[some[sure]] = True
    unsure = some[~sure]
    for at in range(0, len(unsure), _PAIRS_AT_ONCE):
        rows = unsure[at : at + _PAIRS_AT_ONCE]
        shares[rows] = _share(boxes, first[rows], second[rows], enough[rows])
    return first[shares], second[shares]


def ious(quads: Quads, first: Rows, second: Rows, *, least: float) -> Numbers:
    """Oriented intersection over union of pairs of rows, (pairs,); 0 where it cannot reach `least`."""
    boxes, found = Boxes.of(quads), np.zeros(len(first))
    for at in range(0, len(first), _PAIRS_AT_ONCE):
        i, j = first[at : at + _PAIRS_AT_ONCE], second[at : at + _PAIRS_AT_ONCE]
        both = boxes.area[i] + boxes.area[j]
        # To reach it is to share so much of the sum of both areas.
        close = np.flatnonzero(_most_shared(boxes, i, j) >= least / (1 + least) * both)
        shared = _clipped_area(boxes.clockwise(i[close]), boxes.clockwise(j[close]))
        found[at + close] = shared / np.maximum(both[close] - shared, 1e-12)
    return found


def _from(boxes: Boxes, first: Rows, second: Rows) -> tuple[Numbers, Numbers]:
    """From the first middle to the second, (dx, dy)."""
    return boxes.x[second] - boxes.x[first], boxes.y[second] - boxes.y[first]


def _near(boxes: Boxes, first: Rows, second: Rows, dx: Numbers, dy: Numbers, *, reach: float) -> NDArray[np.bool_]:
    """Whether the middles are nearer than reach x both radii."""
    return np.asarray(np.sqrt(dx * dx + dy * dy) < reach * (boxes.radius[first] + boxes.radius[second]))


def _deep(boxes: Boxes, first: Rows, dx: Numbers, dy: Numbers) -> NDArray[np.bool_]:
    """Whether what lies (dx, dy) from the first middle lies in the first box's middle half."""
    ax, ay = boxes.ax[first], boxes.ay[first]
    return np.asarray(
        (np.abs(dx * ax + dy * ay) < boxes.long[first] / 4) & (np.abs(dy * ax - dx * ay) < boxes.short[first] / 4)
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Beside:
    """Pairs in the first box's axes: where the second lies and half its bounds, (pairs,), along its long axis and across."""

    along: Numbers
    across: Numbers
    half_along: Numbers
    half_across: Numbers
    sin: Numbers

    @classmethod
    def of(cls, boxes: Boxes, first: Rows, second: Rows, dx: Numbers, dy: Numbers) -> "_Beside":
        ax, ay, bx, by = boxes.ax[first], boxes.ay[first], boxes.ax[second], boxes.ay[second]
        cos, sin = np.abs(ax * bx + ay * by), np.abs(ax * by - ay * bx)
        long, short = boxes.half_long[second], boxes.half_short[second]
        along, across = np.abs(dx * ax + dy * ay), np.abs(dy * ax - dx * ay)
        return cls(along, across, long * cos + short * sin, long * sin + short * cos, sin)


def _may_share(boxes: Boxes, first: Rows, second: Rows, dx: Numbers, dy: Numbers, least: Numbers) -> NDArray[np.bool_]:
    """False only where two boxes share less than the least area for sure, by two bounds from above.

    One is what the second box's bounds share with the first's; the other what two strips share that hold the boxes: the product
    of their widths over the sine of the angle between them.
    """
    at, long, short = _Beside.of(boxes, first, second, dx, dy), boxes.half_long[first], boxes.half_short[first]
    x = np.minimum(long + at.half_along - at.along, 2 * np.minimum(long, at.half_along))
    y = np.minimum(short + at.half_across - at.across, 2 * np.minimum(short, at.half_across))
    crossing = boxes.strip[first] * boxes.strip[second] >= least * at.sin
    return np.asarray(crossing & (np.maximum(x, 0) * np.maximum(y, 0) >= least))


def _must_share(boxes: Boxes, first: Rows, second: Rows, dx: Numbers, dy: Numbers, enough: Numbers) -> NDArray[np.bool_]:
    """True only where two boxes share enough area for sure, by a bound from below.

    It is the second box, less what its bounds reach beyond each side of the first one's, less what the first lacks of its own.
    """
    at, long, short = _Beside.of(boxes, first, second, dx, dy), boxes.half_long[first], boxes.half_short[first]
    # Beyond the nearer and the farther side.
    x = np.maximum(at.half_along + at.along - long, 0) + np.maximum(at.half_along - at.along - long, 0)
    y = np.maximum(at.half_across + at.across - short, 0) + np.maximum(at.half_across - at.across - short, 0)
    beyond = 2 * (x * at.half_across + y * at.half_along) + 4 * long * short - boxes.area[first]
    # A point has no axes, so that nothing seems to reach beyond it.
    sound = np.isfinite(boxes.strip[second]) & (boxes.area[first] >= enough)
    return np.asarray(sound & (boxes.area[second] - beyond >= enough))


def _share(boxes: Boxes, first: Rows, second: Rows, enough: Numbers) -> NDArray[np.bool_]:
    """Whether two boxes share enough area, to the last digit."""
    shares = _most_shared(boxes, first, second) >= enough
    close = np.flatnonzero(shares)
    shares[close] = _clipped_area(boxes.clockwise(first[close]), boxes.clockwise(second[close])) >= enough[close]
    return shares


def _most_shared(boxes: Boxes, first: Rows, second: Rows) -> Numbers:
    """At most so much area two boxes share: that of their bounds' intersection, in the first one's directions."""
    (ax, ay), (bx, by) = columns(boxes.quads[first]), columns(boxes.quads[second])
    cos, sin = boxes.ax[first], boxes.ay[first]
    area = np.ones(len(first))
    for x, y in ((cos, sin), (-sin, cos)):
        a, b = ax * x + ay * y, bx * x + by * y
        area *= np.maximum(np.minimum(a.max(0), b.max(0)) - np.maximum(a.min(0), b.min(0)), 0)
    return area


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
    used, inside, lines = _used(count), side >= 0, np.arange(n)[:, None]
    after = np.where(count[:, None] > _AFTER, _AFTER, 0)
    span = side - side[lines, after]
    crosses = inside != inside[lines, after]
    t = np.where(crosses, side / np.where(span == 0, 1, span), 0.0)
    # Each vertex gives up to two points, in order: itself if inside, then the crossing of its edge.
    points, keep = np.empty((n, 8, 2, 2)), np.empty((n, 8, 2), bool)
    points[:, :, 0], points[:, :, 1] = poly, poly + t[..., None] * (poly[lines, after] - poly)
    keep[..., 0], keep[..., 1] = inside & used, crosses & used
    kept = keep.reshape(n, 16)
    place = np.cumsum(kept, axis=1) - 1
    out = np.zeros_like(poly)
    rows, cols = np.nonzero(kept & (place < 8))
    out[rows, place[rows, cols]] = points.reshape(n, 16, 2)[rows, cols]
    return out, np.minimum(kept.sum(axis=1), 8)
