import numpy as np
import pytest

from sattrack.detectors.decoding import PADDING, boxes_of, chosen, painted
from sattrack.errors import DetectorError
from sattrack.geometry import sides
from sattrack.imagery import Tile, Window


def head(anchors: int = 500, *, classes: int = 2) -> np.ndarray:
    """A raw head of an oriented network: places, sizes, scores and an angle."""
    rng = np.random.default_rng(5)
    places, sizes = rng.uniform(0, 640, (2, anchors)), rng.uniform(5, 60, (2, anchors))
    return np.concatenate([places, sizes, rng.random((classes, anchors)) ** 8, rng.uniform(0, 3, (1, anchors))]).astype("f4")


def test_only_anchors_that_reach_the_floor_are_chosen_in_their_order() -> None:
    raw = head()
    best = [max(float(score) for score in raw[4:6, k]) for k in range(raw.shape[1])]
    wanted = [k for k, score in enumerate(best) if score >= np.float32(0.05)]
    assert 50 < len(wanted) < 450
    assert np.array_equal(chosen(raw, classes=2, floor=0.05), raw[:, wanted])


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("row", range(7))
def test_g8_a_number_that_is_not_finite_is_an_error_in_any_row_and_below_the_floor_too(wrong: float, row: int) -> None:
    raw = head()
    quiet = int(np.argmin(raw[4:6].max(axis=0)))
    raw[row, quiet] = wrong
    with pytest.raises(DetectorError, match="not finite"):
        chosen(raw, classes=2, floor=0.05)


def test_numbers_too_large_to_be_summed_are_finite_still() -> None:
    raw = head()
    raw[2] = 3e38
    assert chosen(raw, classes=2, floor=0.05).shape[1]


def test_columns_become_boxes_with_their_best_class_and_angle() -> None:
    columns = np.array([[100, 50, 40, 10, 0.2, 0.9, np.pi / 2], [10, 20, 8, 4, 0.3, 0.1, 0]], np.float32).T
    turned = boxes_of(columns, classes=2, oriented=True)
    assert turned.labels.tolist() == [1, 0]
    assert turned.scores.tolist() == pytest.approx([0.9, 0.3])
    assert turned.centres() == pytest.approx(np.array([[100, 50], [10, 20]]))
    assert np.ptp(turned.quads[0], axis=0) == pytest.approx([10, 40], abs=1e-4)
    upright = boxes_of(columns[:6], classes=2, oriented=False)
    assert sides(upright.quads)[0].tolist() == [40, 8]
    assert np.ptp(upright.quads[0], axis=0).tolist() == [40, 10]


def test_no_column_is_no_box() -> None:
    assert len(boxes_of(np.zeros((6, 0), np.float32), classes=1, oriented=True)) == 0


def test_a_tile_that_was_seen_whole_is_not_copied_and_one_that_was_not_is_painted() -> None:
    pixels, seen = np.full((4, 4, 3), 9, np.uint8), np.ones((4, 4), bool)
    assert painted(Tile(Window(0, 0, 4, 4), pixels, seen)) is pixels
    seen[0, 1] = False
    look = painted(Tile(Window(0, 0, 4, 4), pixels, seen))
    assert look[0, 1].tolist() == [PADDING] * 3
    assert (look == 9).sum() == 45
    assert (pixels == 9).all()
