"""Which boxes may speak of ground that two scenes saw."""

import numpy as np

from sattrack.geometry import Points
from sattrack.steps.sharing import MARGIN_M, Saw, comparable, seen_by_both


def _between(low: float, high: float) -> Saw:
    def saw(points: Points) -> np.ndarray:
        return np.asarray((points[:, 0] >= low) & (points[:, 0] < high))

    return saw


POINTS = np.stack([np.arange(0.5, 100.0, 1.0), np.full(100, 7.0)], axis=1)


def test_ground_that_one_scene_did_not_see_silences_a_boxs_length_beside_it() -> None:
    saw = _between(0, 100), _between(0, 60)
    assert POINTS[seen_by_both(POINTS, saw=saw), 0].max() == 59.5
    reach = POINTS[comparable(POINTS, saw=saw), 0]
    assert reach.min() == 0.5  # both end there
    assert 60 - MARGIN_M - 2 <= reach.max() <= 60 - MARGIN_M + 2


def test_edges_less_than_a_pixel_apart_are_one() -> None:
    assert comparable(POINTS[1:-1], saw=(_between(0, 100), _between(0.4, 99.7))).all()
    # A strip of 3 m is not.
    assert not comparable(POINTS[:9], saw=(_between(0, 100), _between(3, 100))).any()


def test_of_halves_that_do_not_meet_nothing_is_comparable() -> None:
    assert not comparable(POINTS, saw=(_between(0, 50), _between(50, 100))).any()
    assert not comparable(POINTS, saw=(_between(0, 55), _between(45, 100))).any()
    assert not comparable(POINTS[:0], saw=(_between(0, 50), _between(50, 100))).any()
