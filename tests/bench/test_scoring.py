import math
from itertools import permutations

import numpy as np
import pytest
from shapely import Point, Polygon

from sattrack.bench.scoring import IOUS, Scored, average_precision, overlaps, score, tally
from sattrack.detections import Detections
from sattrack.geometry import quads_from_xywhr


def boxes(*rows: tuple[float, ...]) -> np.ndarray:
    """(centre x, centre y, width, height, degrees) -> quads."""
    values = np.array(rows, float).reshape(-1, 5)
    values[:, 4] = np.radians(values[:, 4])
    return quads_from_xywhr(values)


def found(quads: np.ndarray, *scores: float) -> Detections:
    return Detections(quads, np.array(scores, np.float32), np.zeros(len(quads), np.int32))


def random_case(seed: int, n: int = 40) -> tuple[Detections, np.ndarray, list[np.ndarray]]:
    """A crowded place: labelled boxes, found ones near them and elsewhere, two ignored places."""
    rng = np.random.default_rng(seed)
    truth = np.column_stack(
        [rng.uniform(10, 110, (n, 2)), rng.uniform(10, 25, n), rng.uniform(4, 6, n), rng.uniform(0, np.pi, n)]
    )
    near = truth[rng.integers(0, n, n)] + rng.normal(0, [1.5, 1.5, 1.5, 0.5, 0.1], (n, 5))
    away = np.column_stack([rng.uniform(0, 120, (10, 2)), np.full(10, 12.0), np.full(10, 5.0), rng.uniform(0, np.pi, 10)])
    quads = quads_from_xywhr(np.concatenate([near, away]))
    ignore = [np.array([[0, 0], [30, 0], [30, 25], [0, 25.0]]), np.array([[80, 80], [120, 80], [100, 120.0]])]
    return found(quads, *rng.uniform(0.05, 1, len(quads))), quads_from_xywhr(truth), ignore


def derived(case: tuple[Detections, np.ndarray, list[np.ndarray]], *, iou: float) -> list[tuple[float, bool]]:
    """The protocol again, in plain loops over polygons."""
    detections, truth, ignore = case
    labels, taken, rows = [Polygon(q) for q in truth], set(), []
    for row in sorted(range(len(detections)), key=lambda i: -detections.scores[i]):
        box = Polygon(detections.quads[row])
        centre = Point(detections.quads[row].mean(axis=0))
        if box.area < 1 or any(Polygon(ring).contains(centre) for ring in ignore):
            continue
        free = [j for j in range(len(labels)) if j not in taken]
        value = {j: labels[j].intersection(box).area / labels[j].union(box).area for j in free}
        best = max(free, key=lambda j: value[j], default=None)
        hit = best is not None and value[best] >= iou
        if hit:
            taken.add(best)
        rows.append((float(detections.scores[row]), hit))
    return rows


def derived_precision(rows: list[tuple[float, bool]], n_true: int) -> float:
    """Average precision from its definition: at each of 101 recalls, the best precision at that recall or beyond."""
    rows = sorted(rows, key=lambda row: -row[0])
    curve, hits = [], 0
    for k, (_, hit) in enumerate(rows, 1):
        hits += hit
        curve.append((hits / n_true, hits / k))
    return sum(max((p for r, p in curve if r >= least), default=0.0) for least in np.linspace(0, 1, 101)) / 101


@pytest.mark.parametrize("seed", range(6))
def test_matches_and_average_precision_equal_a_second_derivation(seed: int) -> None:
    case = random_case(seed)
    scored = score(case[0], truth=case[1], ignore=case[2])
    for row, iou in enumerate(IOUS):
        expected = derived(case, iou=iou)
        assert scored.scores.tolist() == [s for s, _ in expected]
        assert scored.hits[row].tolist() == [hit for _, hit in expected]
        ours = average_precision([scored], iou=iou)
        assert ours == pytest.approx(derived_precision(expected, len(case[1])), abs=1e-9)
        assert iou > 0.5 or 0.05 < ours < 0.95


def test_average_precision_pools_pictures_before_it_sorts() -> None:
    cases = [random_case(seed) for seed in (10, 11, 12)]
    scored = [score(c[0], truth=c[1], ignore=c[2]) for c in cases]
    rows = [row for case in cases for row in derived(case, iou=0.5)]
    assert average_precision(scored, iou=0.5) == pytest.approx(derived_precision(rows, sum(len(c[1]) for c in cases)), abs=1e-9)


def test_average_precision_of_small_cases_by_hand() -> None:
    def ap(hits: list[bool], n_true: int) -> float:
        scores = np.linspace(0.9, 0.1, len(hits)).astype(np.float32)
        return average_precision([Scored(n_true, scores, np.array([hits, hits]))], iou=0.5)

    assert ap([True, True], 2) == 1
    assert ap([False, True], 1) == 0.5
    # Recall 0.5 is reached at precision 1 (51 points, 0 to 0.50), recall 1 at precision 2/3 (50 points).
    assert ap([True, False, True], 2) == pytest.approx((51 + 50 * 2 / 3) / 101)
    assert ap([True], 2) == pytest.approx(51 / 101)
    assert ap([], 3) == 0
    assert math.isnan(ap([False], 0))


def test_matching_from_a_threshold_is_the_beginning_of_the_whole_matching() -> None:
    case = random_case(3)
    scored = score(case[0], truth=case[1], ignore=case[2])
    for threshold in (0.2, 0.5, 0.8):
        alone = score(case[0].where(case[0].scores >= threshold), truth=case[1], ignore=case[2])
        at = tally([scored], threshold=threshold)
        assert (at.found, at.hits) == (len(alone.scores), int(alone.hits[0].sum()))


def test_overlap_of_turned_boxes_is_exact() -> None:
    # A 10 x 2 box across another shares 2 x 2; two boxes 2.5 m apart along share 7.5 x 2, the same at any heading.
    _, _, iou = overlaps(boxes((0, 0, 10, 2, 30)), boxes((0, 0, 10, 2, 120)))
    assert iou == pytest.approx([4 / 36])
    for heading in (0, 17, 45, 90, 171):
        shift = 2.5 * np.array([np.cos(np.radians(heading)), np.sin(np.radians(heading))])
        _, _, iou = overlaps(boxes((0, 0, 10, 2, heading)), boxes((*shift, 10, 2, heading)))
        assert iou == pytest.approx([15 / 25])


def test_the_surer_box_claims_first_and_a_second_on_the_same_container_is_false() -> None:
    truth = boxes((20, 20, 12, 5, 0))
    scored = score(found(boxes((20.5, 20, 12, 5, 0), (20, 20, 12, 5, 0)), 0.9, 0.6), truth=truth)
    assert scored.hits[:2].tolist() == [[True, False], [True, False]]
    at = tally([scored], threshold=0.5)
    assert (at.precision, at.recall, at.error_pct) == (0.5, 1.0, 100.0)


def test_a_box_takes_the_free_label_that_it_covers_best() -> None:
    truth = boxes((20, 20, 12, 5, 0), (20, 23, 12, 5, 0))
    scored = score(found(boxes((20, 20.2, 12, 5, 0), (20, 20.4, 12, 5, 0)), 0.9, 0.8), truth=truth)
    assert scored.hits[0].tolist() == [True, True]


def test_boxes_in_ignored_places_count_neither_way() -> None:
    ring = np.array([[0, 0], [40, 0], [40, 40], [0, 40.0]])
    quads = boxes((20, 20, 12, 5, 0), (60, 20, 12, 5, 0), (39, 20, 12, 5, 0), (41, 20, 12, 5, 0))
    scored = score(found(quads, 0.9, 0.8, 0.7, 0.6), truth=boxes((60, 20, 12, 5, 0)), ignore=[ring])
    assert scored.scores == pytest.approx([0.8, 0.6])
    assert scored.hits[0].tolist() == [True, False]


def test_a_ring_that_crosses_itself_is_still_a_place() -> None:
    bow = np.array([[0, 0], [10, 10], [10, 0], [0, 10.0]])
    inside = score(found(boxes((9, 5, 3, 2, 0)), 0.9), truth=boxes(), ignore=[bow])
    assert len(inside.scores) == 0


def test_nothing_found_and_nothing_labelled_are_said_as_such() -> None:
    empty = score(Detections.none(), truth=boxes((20, 20, 12, 5, 0)))
    at = tally([empty], threshold=0.25)
    assert (at.true, at.found, at.recall, at.error_pct) == (1, 0, 0.0, -100.0)
    assert math.isnan(at.precision)
    assert average_precision([empty], iou=0.3) == 0
    false = score(found(boxes((20, 20, 12, 5, 0)), 0.9), truth=boxes())
    at = tally([false], threshold=0.25)
    assert (at.true, at.found, at.precision) == (0, 1, 0.0)
    assert math.isnan(at.recall)
    assert math.isnan(at.error_pct)


def test_the_order_of_rows_does_not_change_a_score() -> None:
    quads = boxes((20, 20, 12, 5, 0), (20, 22, 12, 5, 5), (50, 20, 12, 5, 90))
    truth = boxes((20, 21, 12, 5, 0), (50, 21, 12, 5, 90))
    detections = found(quads, 0.9, 0.7, 0.5)
    orders = [np.array(order) for order in permutations(range(3))]
    results = {tuple(score(detections.where(o), truth=truth).hits[:2].ravel().tolist()) for o in orders}
    assert results == {(True, False, True, True, False, True)}
