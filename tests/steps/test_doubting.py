"""A pixel size that cannot be right is doubted, with a better one, a right one never; rows of cars are told from boxes."""

import numpy as np
import pytest

from sattrack.steps.doubting import doubt_on_pixel_size, like_cars


def lengths(*, scale: float, n: int = 200, seed: int = 1) -> np.ndarray:
    """Lengths as they are measured: 20 and 40 ft, 3 % off, `scale` times too long."""
    random = np.random.default_rng(seed)
    return random.choice([6.058, 12.192], n) * random.normal(1, 0.03, n) * scale


def test_M12_a_right_pixel_size_is_not_doubted():
    assert doubt_on_pixel_size(lengths(scale=1.0), gsd_m=(0.5, 0.5)) == ""
    assert doubt_on_pixel_size(lengths(scale=0.96), gsd_m=(0.5, 0.5)) == ""


@pytest.mark.parametrize(("said", "real"), [(0.5, 0.61), (0.5, 0.4)])
def test_M12_a_wrong_pixel_size_is_doubted_and_the_likely_one_is_said(said, real):
    doubt = doubt_on_pixel_size(lengths(scale=said / real), gsd_m=(said, said))
    assert doubt.startswith(f"is the pixel size of {said:g} m right?")
    assert float(doubt.split("at about ")[1].removesuffix(" m")) == pytest.approx(real, rel=0.04)


@pytest.mark.parametrize("scale", [0.4, 0.8])
def test_M12_fifteen_boxes_are_enough_where_they_are_far_off(scale):
    assert doubt_on_pixel_size(lengths(scale=scale, n=15), gsd_m=(0.5, 0.5))
    for seed in range(50):
        assert doubt_on_pixel_size(lengths(scale=1.0, n=15, seed=seed), gsd_m=(0.5, 0.5)) == ""


def test_M12_few_boxes_say_nothing_of_the_pixel_size():
    assert doubt_on_pixel_size(lengths(scale=0.8, n=14), gsd_m=(0.5, 0.5)) == ""


def rows_of(
    length: float, *, n: int = 40, at: tuple[float, float] = (0.0, 0.0), seed: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Lengths 5 % off and middles of n things side by side, in rows of ten 2.7 m apart."""
    random = np.random.default_rng(seed)
    places = np.array([(2.7 * (i % 10), 7.0 * (i // 10)) for i in range(n)]) + at
    return length * random.normal(1, 0.05, n), places


def joined(*parts: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([lengths for lengths, _ in parts]), np.concatenate([places for _, places in parts])


def test_rows_of_cars_are_told_from_boxes_of_twenty_foot_beside_them():
    cars, boxes = rows_of(5.2), rows_of(6.06, at=(300, 0), seed=2)
    lengths, places = joined(cars, boxes)
    assert like_cars(lengths, middles_m=places).tolist() == [True] * 40 + [False] * 40


@pytest.mark.parametrize("seed", range(20))
def test_no_yard_of_containers_is_called_a_car_park(seed):
    lengths, places = joined(rows_of(6.06, n=200, seed=seed), rows_of(12.19, n=60, at=(0, 200), seed=seed))
    assert not like_cars(lengths, middles_m=places).any()


def test_boxes_that_all_measure_short_are_not_taken_for_cars_where_those_of_forty_foot_tell():
    lengths, places = joined(rows_of(6.06 * 0.88), rows_of(12.19 * 0.88, at=(300, 0)))
    assert not like_cars(lengths, middles_m=places).any()
    assert like_cars(lengths[:40], middles_m=places[:40]).all()


def test_few_short_boxes_or_such_far_apart_are_no_row_of_cars():
    lengths, places = rows_of(5.2, n=9)
    assert not like_cars(lengths, middles_m=places).any()
    lengths, places = rows_of(5.2)
    assert not like_cars(lengths, middles_m=places * 10).any()
    assert like_cars(np.zeros(0), middles_m=np.zeros((0, 2))).tolist() == []
