"""Yards at several dates: boxes keep their numbers and their places, what left never comes back, and a seed says all."""

import numpy as np
import pytest

from sattrack.geometry import centres
from sattrack.synthetic.dated_yards import APRON_M, Dated, draw_dates

GSD_M, SIDE_M = 0.5, 150.0


@pytest.fixture(scope="module")
def dates() -> list[Dated]:
    return list(draw_dates(9_400_006, gsd_m=GSD_M, side_m=SIDE_M, dates=3))


def test_what_is_seen_stands_there_and_every_quad_has_a_number(dates: list[Dated]) -> None:
    for one in dates:
        assert len(one.seen) == len(one.drawn.quads) > 20
        assert len(np.unique(one.standing)) == len(one.standing)
        assert np.isin(one.seen, one.standing).all()
        assert ((one.slots.mean(axis=1) > APRON_M) & (one.slots.mean(axis=1) < SIDE_M - APRON_M)).all()


def test_some_boxes_leave_others_come_and_none_that_left_comes_back(dates: list[Dated]) -> None:
    first, second, third = (set(one.standing.tolist()) for one in dates)
    assert first - second
    assert second - first
    assert first & second
    assert not (first - second) & third


def test_a_box_that_stays_stands_where_it_stood_but_for_its_lean(dates: list[Dated]) -> None:
    one, other = dates[0], dates[1]
    same, i, j = np.intersect1d(one.seen, other.seen, return_indices=True)
    assert len(same) > 5
    apart = np.linalg.norm(centres(one.drawn.quads)[i] - centres(other.drawn.quads)[j], axis=1) * GSD_M
    lean = np.hypot(*np.subtract(one.drawn.view.lean, other.drawn.view.lean))
    assert (apart <= 6 * 2.9 * lean + 1e-6).all()


def test_light_and_view_are_each_days_own_and_the_camera_is_one(dates: list[Dated]) -> None:
    assert len({one.drawn.view.lean for one in dates}) == 3
    assert len({one.drawn.sensor.gain for one in dates}) == 3
    assert len({(one.drawn.sensor.blur_px, one.drawn.sensor.saturation) for one in dates}) == 1


def test_a_seed_says_all(dates: list[Dated]) -> None:
    again = next(draw_dates(9_400_006, gsd_m=GSD_M, side_m=SIDE_M, dates=3))
    assert np.array_equal(again.drawn.picture, dates[0].drawn.picture)
    assert np.array_equal(again.seen, dates[0].seen)
