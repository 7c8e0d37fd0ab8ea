import math

import numpy as np
import pytest

from sattrack.bench.fits import power_law


def test_a_power_law_is_found_with_no_error_where_there_is_no_noise() -> None:
    fit = power_law([1, 10, 100, 1000], [3 * x**1.5 for x in (1, 10, 100, 1000)])
    assert fit is not None
    assert (fit.exponent, fit.error, fit.factor) == pytest.approx((1.5, 0, 3), abs=1e-9)
    assert fit.points == 4


def test_the_standard_error_is_that_of_many_noisy_fits() -> None:
    x = np.geomspace(1, 1e4, 12)
    rng = np.random.default_rng(4)
    fits = [power_law(x.tolist(), (x * np.exp(rng.normal(0, 0.2, 12))).tolist()) for _ in range(400)]
    exponents = [fit.exponent for fit in fits if fit]
    assert np.std(exponents) == pytest.approx(np.mean([fit.error for fit in fits if fit]), rel=0.12)
    assert np.mean(exponents) == pytest.approx(1, abs=0.005)


def test_two_points_leave_no_error_and_one_leaves_no_fit() -> None:
    fit = power_law([1, 2], [1, 4])
    assert fit is not None
    assert fit.exponent == pytest.approx(2)
    assert math.isnan(fit.error)
    assert power_law([1, 1], [1, 2]) is None
    assert power_law([], []) is None


def test_what_has_no_logarithm_is_left_out() -> None:
    fit = power_law([0, 1, 10, 100], [5, 1, 10, 100])
    assert fit is not None
    assert fit.points == 3
    assert fit.exponent == pytest.approx(1)
