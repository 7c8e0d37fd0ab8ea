"""A pixel size that cannot be right is doubted, with a better one; a right one never."""

import numpy as np
import pytest

from sattrack.steps.doubting import doubt_on_pixel_size


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
