"""Scoring: boxes found against boxes labelled; matches, precision, recall, average precision, count error."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from sattrack.detections import Detections
from sattrack.geometry import Points, Quads, areas
from sattrack.labels.ignoring import inside_any

# Overlaps averaged in AP50:95 (COCO).
STRICT_IOUS = tuple(round(0.5 + 0.05 * i, 2) for i in range(10))
# A container may be three pixels wide: half a pixel of shift then halves the overlap, so 0.3 stands before the usual ones.
IOUS = (0.3, *STRICT_IOUS)
LEAST_AREA_PX = 1.0
_RECALL_POINTS = np.linspace(0, 1, 101)


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """The scored boxes of one picture, by falling score. hits: (len(IOUS), k), whether the box claims a labelled one.

    Greedy matching of the boxes from a threshold on is the beginning of the matching of all, so one serves every threshold.
    """

    n_true: int
    scores: NDArray[np.float32]
    hits: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """Which labelled box each scored box claims. rows: (k,) rows of what was found that are scored, by falling score.

    claims: (len(IOUS), k) rows of the labelled boxes, -1 for a box that claims none.
    """

    rows: NDArray[np.intp]
    claims: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Tally:
    """Boxes labelled, boxes found from a threshold on, and how many of these claim a labelled one at IoU 0.3."""

    true: int
    found: int
    hits: int

    @property
    def precision(self) -> float:
        """NaN where nothing was found."""
        return self.hits / self.found if self.found else float("nan")

    @property
    def recall(self) -> float:
        """NaN where nothing was labelled."""
        return self.hits / self.true if self.true else float("nan")

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; NaN where nothing was found and nothing labelled."""
        return 2 * self.hits / (self.found + self.true) if self.found + self.true else float("nan")

    @property
    def error_pct(self) -> float:
        """Found against labelled, per cent; NaN where nothing was labelled."""
        return 100 * (self.found - self.true) / self.true if self.true else float("nan")


def score(found: Detections, *, truth: Quads, ignore: Sequence[Points] = ()) -> Scored:
    """Matches greedily by score on oriented IoU. Boxes whose centre lies in an ignore polygon, and slivers, are not scored."""
    matches = match(found, truth=truth, ignore=ignore)
    return Scored(len(truth), found.scores[matches.rows], matches.claims >= 0)


def match(found: Detections, *, truth: Quads, ignore: Sequence[Points] = ()) -> Matches:
    """What `score` counts, box by box."""
    rows = np.argsort(-found.scores, kind="stable")
    ordered = found.where(rows)
    scored = (areas(ordered.quads) >= LEAST_AREA_PX) & ~inside_any(ordered.centres(), rings=ignore)
    box, label, iou = overlaps(ordered.quads[scored], truth)
    n = int(scored.sum())
    return Matches(rows[scored], np.stack([_claims(box, label, iou, n=n, least=least) for least in IOUS]))


def overlaps(boxes: Quads, truth: Quads) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """All pairs (row of boxes, row of truth) that meet, and their intersection over union."""
    mine, theirs = shapely.make_valid(shapely.polygons(boxes)), shapely.make_valid(shapely.polygons(truth))
    if not len(boxes) or not len(truth):
        return np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0)
    box, label = shapely.STRtree(theirs).query(mine, predicate="intersects")
    shared = shapely.area(shapely.intersection(mine[box], theirs[label]))
    return box, label, shared / (shapely.area(mine[box]) + shapely.area(theirs[label]) - shared)


def counts_from(
    scored: Sequence[Scored], thresholds: Sequence[float]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Picture by picture, boxes labelled (p,); and at each threshold boxes found, and hits at IoU 0.3, both (p, t)."""
    least = np.asarray(thresholds, np.float32)
    found = np.array([np.searchsorted(-s.scores, -least, side="right") for s in scored], np.int64).reshape(-1, len(least))
    hits = np.array([np.append(0, np.cumsum(s.hits[0]))[n] for s, n in zip(scored, found, strict=True)], np.int64)
    return np.array([s.n_true for s in scored], np.int64), found, hits.reshape(found.shape)


def tally(scored: Sequence[Scored], *, threshold: float) -> Tally:
    """Boxes from a threshold on, over any number of pictures."""
    true, found, hits = counts_from(scored, [threshold])
    return Tally(int(true.sum()), int(found.sum()), int(hits.sum()))


def average_precision(scored: Sequence[Scored], *, iou: float) -> float:
    """Area under the pooled precision-recall envelope at 101 points of recall (COCO); NaN where nothing was labelled.

    Every stored box enters, so figures are comparable only at one score floor.
    """
    n_true = sum(s.n_true for s in scored)
    if not n_true:
        return float("nan")
    scores = np.concatenate([s.scores for s in scored])
    hits = np.concatenate([s.hits[IOUS.index(iou)] for s in scored])[np.argsort(-scores, kind="stable")]
    if not len(hits):
        return 0.0
    claimed = np.cumsum(hits)
    recall, precision = claimed / n_true, claimed / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(recall, _RECALL_POINTS, side="left")
    return float(np.append(envelope, 0.0)[at].mean())


def _claims(
    box: NDArray[np.intp], label: NDArray[np.intp], iou: NDArray[np.float64], *, n: int, least: float
) -> NDArray[np.intp]:
    """Each box, the surest first, takes the labelled box of greatest overlap that is still free."""
    enough = iou >= least
    box, label, iou = box[enough], label[enough], iou[enough]
    order = np.lexsort((-iou, box))
    taken: set[int] = set()
    claims = np.full(n, -1, np.intp)
    for i, j in zip(box[order].tolist(), label[order].tolist(), strict=True):
        if claims[i] < 0 and j not in taken:
            taken.add(j)
            claims[i] = j
    return claims
