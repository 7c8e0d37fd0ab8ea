"""Pixels and masks at another size."""

import cv2
import numpy as np
import pytest

from sattrack.readers.resampling import resampled


def test_M8_what_is_not_valid_never_bleeds_into_what_is():
    pixels = np.full((60, 60, 3), 100, np.float32)
    valid = np.ones((60, 60), bool)
    pixels[20:33, 20:33], valid[20:33, 20:33] = -9999, False
    for size in ((20, 20), (47, 31), (150, 130), (20, 130)):
        out, seen = resampled(pixels, valid, size)
        assert out[seen] == pytest.approx(100, abs=1e-3)
        assert (out[~seen] == 0).all()
        assert seen.mean() == pytest.approx(valid.mean(), abs=0.02)


def test_an_object_stays_where_it_is_at_any_size():
    pixels = np.zeros((90, 120, 1), np.uint8)
    pixels[30:60, 40:80] = 200
    for rows, cols in ((30, 40), (90, 120), (217, 333), (45, 400), (400, 60)):
        out, _ = resampled(pixels, np.ones((90, 120), bool), (rows, cols))
        weight = out[..., 0].astype(float)
        row = (weight.sum(axis=1) @ (np.arange(rows) + 0.5)) / weight.sum() / rows
        col = (weight.sum(axis=0) @ (np.arange(cols) + 0.5)) / weight.sum() / cols
        assert (row, col) == pytest.approx((0.5, 0.5), abs=0.002)


def test_shrinking_averages_and_growing_is_cubic():
    pixels = np.random.default_rng(1).integers(0, 255, (60, 60, 3)).astype(np.uint8)
    whole = np.ones((60, 60), bool)
    means = pixels.reshape(20, 3, 20, 3, 3).mean(axis=(1, 3))
    assert np.abs(resampled(pixels, whole, (20, 20))[0] - means).max() <= 0.51
    expected = cv2.resize(pixels, (150, 150), interpolation=cv2.INTER_CUBIC)
    assert (resampled(pixels, whole, (150, 150))[0] == expected).all()


@pytest.mark.parametrize("dtype", ["int8", "int32", "uint32"])
def test_types_that_opencv_does_not_know_are_rounded_not_wrapped(dtype):
    edge = np.zeros((20, 20, 3), dtype)
    edge[:, 10:] = np.iinfo(dtype).max
    out, _ = resampled(edge, np.ones((20, 20), bool), (60, 60))
    assert out.dtype == dtype
    assert (out[:, :20] <= np.iinfo(dtype).max // 2).all()
    assert (out[:, 40:] >= np.iinfo(dtype).max // 2).all()
