"""Several looks at one place become one box an object: how sure, where, and that no order matters."""

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from sattrack.detections import Detections
from sattrack.geometry import areas, centres, quads_from_xywhr, sides
from sattrack.steps.fusing import fuse


def look(*boxes: tuple[float, ...], scores: float | list[float] = 0.8, labels: list[int] | None = None) -> Detections:
    """Boxes as centre x, y, width, height and degrees."""
    rows = np.array(boxes, float).reshape(-1, 5)
    rows[:, 4] = np.deg2rad(rows[:, 4])
    n = len(rows)
    said = np.broadcast_to(np.asarray(scores, np.float32), n).copy()
    return Detections(quads_from_xywhr(rows), said, np.array(labels if labels is not None else [0] * n, np.int32))


def yard(n: int) -> NDArray[np.float64]:
    """Rows of touching boxes of 12 x 30 px."""
    side = int(np.ceil(np.sqrt(n * 2.5)))
    i = np.arange(n)
    return np.column_stack([8 + 12.3 * (i % side), 18 + 30.5 * (i // side), np.full(n, 12.0), np.full(n, 30.0), np.zeros(n)])


BOX = (50.0, 40.0, 12.0, 30.0, 20.0)


def test_looks_that_agree_give_their_box_to_the_last_bit() -> None:
    one = look(BOX, (90.3, 70.7, 12.0, 31.0, 77.0), scores=[0.7, 0.3])
    fused = fuse([one, one, one], floor=0.05)
    assert np.array_equal(fused.quads, one.quads)
    assert np.array_equal(fused.scores, one.scores)


def test_the_score_is_the_mean_over_all_looks_and_a_look_that_lacks_the_box_says_nought() -> None:
    fused = fuse([look(BOX, scores=0.9), look(BOX, scores=0.6), look()], floor=0.05)
    assert fused.scores.tolist() == pytest.approx([0.5])
    assert len(fuse([look(BOX, scores=0.12), look(), look()], floor=0.05)) == 0
    assert len(fuse([look(BOX, scores=0.16), look(), look()], floor=0.05)) == 1


def test_the_surer_look_has_more_say_in_where_the_box_lies() -> None:
    left, right = (48.0, 40.0, 12.0, 30.0, 0.0), (52.0, 40.0, 12.0, 30.0, 0.0)
    fused = fuse([look(left, scores=0.9), look(right, scores=0.3)], floor=0.05)
    assert centres(fused.quads) == pytest.approx(np.array([[49.0, 40.0]]))
    assert areas(fused.quads) == pytest.approx([360.0])


def test_wobbling_headings_meet_in_their_middle() -> None:
    fused = fuse([look((50, 40, 12, 30, angle)) for angle in (14.0, 20.0, 26.0)], floor=0.05)
    long, short, axis = sides(fused.quads)
    assert np.rad2deg(np.arctan2(axis[:, 1], axis[:, 0])) == pytest.approx([-70.0])
    # Corners on a circle have their mean a little inside it.
    assert (long[0], short[0]) == (pytest.approx(30, rel=0.005), pytest.approx(12, rel=0.005))


@pytest.mark.parametrize("turned", [(12.0, 13.0, 92.0), (13.0, 12.0, 2.0), (12.0, 13.0, -88.0), (13.0, 12.0, 182.0)])
def test_an_almost_square_box_named_a_quarter_turn_on_is_the_same_box(turned: tuple[float, float, float]) -> None:
    width, height, angle = turned
    fused = fuse([look((50, 40, 13, 12, 0)), look((50, 40, width, height, angle))], floor=0.05)
    assert len(fused) == 1
    assert areas(fused.quads) == pytest.approx([156.0], rel=0.001)
    assert np.sort(fused.quads[0, :, 0])[[0, -1]] == pytest.approx([43.5, 56.5], abs=0.3)


def test_corners_that_run_the_other_way_round_are_the_same_box() -> None:
    one = look(BOX)
    back = Detections(one.quads[:, ::-1], one.scores, one.labels)
    fused = fuse([one, back], floor=0.05)
    assert areas(fused.quads) == pytest.approx([360.0])


def test_neighbours_never_become_one_box() -> None:
    boxes = yard(300)
    rng = np.random.default_rng(1)
    looks = []
    for _ in range(3):
        moved = boxes + rng.normal(0, [1.0, 1.5, 0.5, 1.0, 0.03], boxes.shape)
        looks.append(
            Detections(quads_from_xywhr(moved), rng.uniform(0.3, 0.9, 300).astype(np.float32), np.zeros(300, np.int32))
        )
    fused = fuse(looks, floor=0.05)
    assert len(fused) == 300
    nearest = np.abs(fused.centres()[:, None] - boxes[None, :, :2]).sum(axis=2).min(axis=1)
    assert nearest.max() < 6
    assert nearest.mean() < np.mean([np.abs(one.centres() - boxes[:, :2]).sum(axis=1).mean() for one in looks])


def test_two_boxes_of_one_look_stay_two() -> None:
    near = (53.0, 40.0, 12.0, 30.0, 20.0)
    fused = fuse([look(BOX, near, scores=[0.8, 0.6]), look(BOX)], floor=0.05)
    assert sorted(fused.scores.tolist()) == pytest.approx([0.3, 0.8])


def test_different_labels_are_different_objects() -> None:
    fused = fuse([look(BOX, labels=[0]), look(BOX, labels=[1])], floor=0.05)
    assert sorted(fused.labels.tolist()) == [0, 1]
    assert fused.scores.tolist() == pytest.approx([0.4, 0.4])


def test_i7_no_order_of_looks_or_rows_changes_anything() -> None:
    rng = np.random.default_rng(5)
    boxes = yard(120)
    looks = []
    for _ in range(3):
        some = boxes[rng.random(120) < 0.8] + rng.normal(0, [2, 3, 0.5, 1, 0.1], (1, 5))
        # Of few scores many are equal.
        scores = rng.integers(2, 5, len(some)) / 5
        looks.append(Detections(quads_from_xywhr(some), scores.astype(np.float32), np.zeros(len(some), np.int32)))
    looks[2] = looks[0]
    before = fuse(looks, floor=0.05)
    for _ in range(5):
        shuffled = [one.where(rng.permutation(len(one))) for one in (looks[i] for i in rng.permutation(3))]
        after = fuse(shuffled, floor=0.05)
        assert np.array_equal(before.quads, after.quads)
        assert np.array_equal(before.scores, after.scores)


def test_nothing_found_is_nothing_and_a_full_look_is_said() -> None:
    assert len(fuse([look(), look()], floor=0.05)) == 0
    assert len(fuse([], floor=0.05)) == 0
    full = Detections(look(BOX).quads, np.array([0.8], np.float32), np.zeros(1, np.int32), cap_hit=True)
    assert fuse([look(BOX), full], floor=0.05).cap_hit


def test_boxes_all_in_one_place_cost_no_more_than_others() -> None:
    many = Detections(
        np.repeat(look(BOX).quads, 1500, 0), np.linspace(0.1, 0.9, 1500, dtype=np.float32), np.zeros(1500, np.int32)
    )
    began = time.process_time()
    fuse([many, many, many], floor=0.05)
    assert time.process_time() - began < 5
