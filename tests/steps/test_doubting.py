"""A pixel size that cannot be right is doubted, with a better one; a right one never."""

import numpy as np
import pytest

from sattrack.steps.doubting import doubt_on_pixel_size


def lengths(*, scale: float, n: int = 200) -> np.ndarray:
    """Lengths as they are measured: 20 and 40 ft, 3 % off, `scale` times too long."""
    random = np.random.default_rng(1)
    return random.choice([6.058, 12.192], n) * random.normal(1, 0.03, n) * scale


def test_M12_a_right_pixel_size_is_not_doubted():
    assert doubt_on_pixel_size(lengths(scale=1.0), gsd_m=(0.5, 0.5)) == ""
    assert doubt_on_pixel_size(lengths(scale=0.96), gsd_m=(0.5, 0.5)) == ""


@pytest.mark.parametrize(("said", "real"), [(0.5, 0.61), (0.5, 0.4)])
def test_M12_a_wrong_pixel_size_is_doubted_and_the_likely_one_is_said(said, real):
    doubt = doubt_on_pixel_size(lengths(scale=said / real), gsd_m=(said, said))
    assert doubt.startswith(f"is the pixel size of {said:g} m right?")
    assert float(doubt.split("at about ")[1].removesuffix(" m")) == pytest.approx(real, rel=0.04)


def test_M12_few_boxes_say_nothing_of_the_pixel_size():
    assert doubt_on_pixel_size(lengths(scale=0.8, n=30), gsd_m=(0.5, 0.5)) == ""
