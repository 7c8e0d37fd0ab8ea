"""Our figures against well-kept libraries: pycocotools for average precision, shapely and OpenCV for oriented overlap."""

import contextlib
import io

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from shapely import Polygon

from sattrack.bench.figures import figures_of
from sattrack.bench.scoring import overlaps, score
from sattrack.detections import Detections
from sattrack.geometry import quads_from_xywhr

Case = tuple[np.ndarray, np.ndarray, np.ndarray]


def upright(rows: np.ndarray) -> np.ndarray:
    """(n, 4) left, top, width, height -> quads."""
    x, y, w, h = rows.T
    return np.stack([np.stack(corner, -1) for corner in ((x, y), (x + w, y), (x + w, y + h), (x, y + h))], axis=1)


def crowded(rng: np.random.Generator, n: int, *, extra: int, shake: float) -> Case:
    """Labelled boxes in touching rows, some found twice or beside themselves, some missed, some invented: left, top, w, h."""
    slot = np.arange(n)
    truth = np.column_stack([slot % 12 * 14.0, slot // 12 * 6.0, np.full(n, 13.0), np.full(n, 5.5)])
    seen = rng.permutation(n)[: int(0.9 * n)]
    near = truth[np.concatenate([seen, seen[: n // 10]])]
    near = near + rng.normal(0, shake, near.shape) * [1.0, 0.5, 1.0, 0.5]
    away = np.column_stack([rng.uniform(0, 170, extra), rng.uniform(0, 100, extra), np.full(extra, 13.0), np.full(extra, 5.0)])
    found = np.concatenate([near, away])
    found[:, 2:] = np.maximum(found[:, 2:], 2.0)
    # Without ties, which either side may break as it likes.
    scores = rng.permutation(np.linspace(0.05, 0.99, len(found))).astype(np.float32)
    return truth, found, scores


def by_pycocotools(cases: list[Case]) -> tuple[float, float]:
    """AP50 and AP50:95 with as many detections a picture as there are; its own summary would keep the best 100."""
    truths, found = [], []
    for image, (truth, boxes, scores) in enumerate(cases, 1):
        truths += [
            {"image_id": image, "category_id": 1, "bbox": row.tolist(), "area": float(row[2] * row[3]), "iscrowd": 0}
            for row in truth
        ]
        found += [
            {"image_id": image, "category_id": 1, "bbox": row.tolist(), "score": float(s)}
            for row, s in zip(boxes, scores, strict=True)
        ]
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "info": {},
            "images": [{"id": i} for i in range(1, len(cases) + 1)],
            "categories": [{"id": 1, "name": "container"}],
            "annotations": [{"id": i, **one} for i, one in enumerate(truths, 1)],
        }
        coco.createIndex()
        judge = COCOeval(coco, coco.loadRes(found), "bbox")
        judge.params.maxDets = [100_000]
        judge.evaluate()
        judge.accumulate()
    # (IoU, recall, class, area range, cap): the class, all areas, the cap.
    precision = judge.eval["precision"][:, :, 0, 0, 0]
    return float(precision[0].mean()), float(precision.mean())


@pytest.mark.parametrize(
    ("pictures", "boxes", "extra", "shake"),
    [(1, 30, 5, 1.0), (3, 40, 20, 1.5), (2, 160, 60, 1.0), (1, 400, 150, 1.8), (4, 110, 0, 0.4), (2, 150, 40, 3.0)],
)
def test_average_precision_is_that_of_pycocotools(pictures: int, boxes: int, extra: int, shake: float) -> None:
    """Both match greedily by falling score, each box to the free label of greatest IoU, and average over 101 recalls.

    Two differences are left: pycocotools adds 2e-16 to what it divides by, and of labels that a box covers equally it takes the
    last, we the first. Both are far below the 0.005 asked here. Its maximum of 100 detections a picture, which ours does not
    know, is raised.
    """
    rng = np.random.default_rng(boxes)
    cases = [crowded(rng, boxes, extra=extra, shake=shake) for _ in range(pictures)]
    scored = [
        score(Detections(upright(found), scores, np.zeros(len(found), np.int32)), truth=upright(truth))
        for truth, found, scores in cases
    ]
    ours = figures_of(scored, name="", gsd_m=[0.5] * pictures, threshold=0.5)
    ap50, ap50_95 = by_pycocotools(cases)
    assert ours.ap50 == pytest.approx(ap50, abs=0.005)
    assert ours.ap50_95 == pytest.approx(ap50_95, abs=0.005)
    assert 0.02 < ours.ap50_95 < ours.ap50 <= 1


def test_more_than_a_hundred_boxes_a_picture_all_enter() -> None:
    truth = crowded(np.random.default_rng(0), 300, extra=0, shake=0.1)[0]
    found = Detections(upright(truth), np.linspace(0.9, 0.1, 300).astype(np.float32), np.zeros(300, np.int32))
    row = figures_of([score(found, truth=upright(truth))], name="", gsd_m=[0.5], threshold=0.5)
    assert (row.ap50, row.ap50_95) == (1.0, pytest.approx(1.0))


def turned(rng: np.random.Generator, n: int) -> np.ndarray:
    """(n, 5) centre, length, width, angle in radians, close enough to each other to meet often."""
    return np.column_stack([rng.uniform(0, 30, (n, 2)), rng.uniform(6, 25, n), rng.uniform(2, 7, n), rng.uniform(-4, 4, n)])


def test_oriented_overlap_is_that_of_shapely_and_of_opencv() -> None:
    rng = np.random.default_rng(1)
    mine, theirs = turned(rng, 40), turned(rng, 50)
    table = np.zeros((40, 50))
    box, label, iou = overlaps(quads_from_xywhr(mine), quads_from_xywhr(theirs))
    table[box, label] = iou
    assert (table > 0).sum() > 400
    for i, j in np.ndindex(table.shape):
        a, b = (Polygon(quads_from_xywhr(one[None])[0]) for one in (mine[i], theirs[j]))
        assert table[i, j] == pytest.approx(a.intersection(b).area / a.union(b).area, abs=1e-9)
        _, shared = cv2.rotatedRectangleIntersection(
            *(((x, y), (w, h), np.degrees(r)) for x, y, w, h, r in (mine[i], theirs[j]))
        )
        area = cv2.contourArea(cv2.convexHull(shared)) if shared is not None else 0.0
        assert table[i, j] == pytest.approx(area / (mine[i, 2] * mine[i, 3] + theirs[j, 2] * theirs[j, 3] - area), abs=1e-3)


def test_a_box_whose_corners_cross_is_measured_not_a_traceback() -> None:
    straight = upright(np.array([[0, 0, 10, 4.0]]))
    crossed = straight[:, [0, 2, 1, 3]]
    _, _, iou = overlaps(crossed, straight)
    assert iou == pytest.approx([0.5])
