"""One declared stretch a scene, each channel to its own percentiles."""

import numpy as np
import pytest

from sattrack.imagery import Stretch
from sattrack.steps.stretching import apply_stretch, measure_stretch


def everything(shape):
    return np.ones(shape, bool)


def test_each_channel_goes_to_its_own_percentiles():
    pixels = np.stack([np.arange(1001), np.arange(1001) * 2 + 50, 4000 - np.arange(1001)], axis=-1).astype(np.uint16)
    stretch = measure_stretch(pixels, everything(1001), percentiles=(1, 99))
    assert stretch == Stretch((10.0, 70.0, 3010.0), (990.0, 2030.0, 3990.0), (1, 99))


def test_an_8_bit_scene_is_stretched_too():
    pixels = np.linspace(100, 140, 3000).astype(np.uint8).reshape(10, 100, 3)
    out = apply_stretch(pixels, measure_stretch(pixels, everything((10, 100))))
    assert out.min() == 0
    assert out.max() == 255


def test_M9_pixels_that_are_not_valid_never_enter():
    pixels = np.concatenate([np.zeros((5000, 3)), np.random.default_rng(1).uniform(300, 700, (500, 3))]).astype(np.uint16)
    valid = pixels[:, 0] > 0
    assert measure_stretch(pixels, valid) == measure_stretch(pixels[valid], everything(valid.sum()))


def test_M8_nan_and_infinity_never_enter_and_become_0():
    pixels = np.random.default_rng(2).uniform(0, 1, (400, 3)).astype(np.float32)
    clean = measure_stretch(pixels[2:], everything(398))
    pixels[0, 1], pixels[1, 2] = np.nan, np.inf
    stretch = measure_stretch(pixels, everything(400))
    assert stretch == clean
    out = apply_stretch(pixels[None], stretch)
    assert out[0, 0, 1] == 0
    assert out[0, 1, 2] == 0


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "int32", "uint32", "float32", "float64"])
def test_M7_every_type_meets_the_same_mapping(dtype):
    stretch = Stretch((10.0, 20.0, 0.0), (90.0, 120.0, 100.0))
    raw = np.random.default_rng(3).integers(0, 127, (40, 50, 3)).astype(dtype)
    expected = np.rint(np.clip((raw.astype(float) - stretch.low) / (np.array(stretch.high) - stretch.low), 0, 1) * 255)
    out = apply_stretch(raw, stretch)
    assert out.dtype == np.uint8
    assert np.abs(out.astype(int) - expected).max() <= 1
    assert (out == apply_stretch(raw.astype(np.uint16), stretch)).all()


def test_negative_values_of_signed_types_are_below_positive_ones():
    raw = np.array([-3000, -1000, 0, 1000, 3000], np.int16)[None, :, None].repeat(3, axis=2)
    out = apply_stretch(raw, Stretch((-3000.0,) * 3, (3000.0,) * 3))
    assert out[0, :, 0].tolist() == [0, 85, 128, 170, 255]


def test_G7_a_constant_channel_is_safe():
    pixels = np.full((100, 3), 7, np.uint8)
    pixels[:, 0] = np.arange(100)
    out = apply_stretch(pixels[None], measure_stretch(pixels, everything(100)))
    assert (out[..., 1:] == 0).all()
    assert out[..., 0].max() == 255


def test_a_few_bright_ships_on_flat_water_use_the_whole_range():
    pixels = np.full((1000, 3), 20, np.uint8)
    pixels[:3] = 220
    stretch = measure_stretch(pixels, everything(1000))
    assert stretch.low == (20, 20, 20)
    assert stretch.high == (220, 220, 220)


def test_a_scene_without_a_valid_pixel_has_a_stretch():
    stretch = measure_stretch(np.zeros((9, 3), np.uint8), np.zeros(9, bool))
    assert (apply_stretch(np.zeros((3, 3, 3), np.uint8), stretch) == 0).all()


def test_law_5_a_part_is_stretched_as_the_whole_is():
    raw = np.random.default_rng(4).integers(0, 4000, (64, 64, 3)).astype(np.uint16)
    stretch = measure_stretch(raw, everything((64, 64)))
    assert (apply_stretch(raw[10:20, 30:50], stretch) == apply_stretch(raw, stretch)[10:20, 30:50]).all()


def yard_in_water(share: float, *, side: int = 1000) -> tuple[np.ndarray, slice]:
    """(side, side, 3): dark flat water, and in a corner a yard of all shades from 40 to 220."""
    rng = np.random.default_rng(7)
    scene = rng.integers(18, 30, (side, side, 3)).astype(np.uint8)
    yard = slice(0, round(side * share**0.5))
    scene[yard, yard] = rng.integers(40, 221, scene[yard, yard].shape)
    return scene, yard


@pytest.mark.parametrize("share", [0.05, 0.01, 0.004])
def test_a_small_yard_in_much_dark_water_is_not_clipped(share):
    scene, yard = yard_in_water(share)
    whole = apply_stretch(scene, measure_stretch(scene, everything((1000, 1000))))[yard, yard]
    stretch = measure_stretch(scene, everything((1000, 1000)), size_m=(1000.0, 1000.0))
    mapped = apply_stretch(scene, stretch)[yard, yard]
    assert (whole == 255).mean() > 0.015 / share**0.5
    assert (mapped == 255).mean() < 0.08


def test_a_blinding_place_leaves_the_rest_a_sixth_of_the_range():
    rng = np.random.default_rng(8)
    scene = rng.integers(200, 601, (1000, 1000, 3)).astype(np.uint16)
    scene[:30, :30] = 60_000
    stretch = measure_stretch(scene, everything((1000, 1000)), size_m=(1000.0, 1000.0))
    assert stretch.high[0] == pytest.approx(200 + 6 * 400, rel=0.01)


def test_a_scene_of_less_than_two_blocks_has_the_plain_percentiles():
    scene, _ = yard_in_water(0.1, side=500)
    small = measure_stretch(scene, everything((500, 500)), size_m=(250.0, 250.0))
    assert small == measure_stretch(scene, everything((500, 500)))


def test_M9_blocks_that_show_next_to_nothing_do_not_widen_the_range():
    scene, _ = yard_in_water(0.01)
    valid = everything((1000, 1000))
    valid[:110, :110] = False
    valid[:2, :2] = True
    seen = measure_stretch(scene, valid, size_m=(1000.0, 1000.0))
    assert max(seen.high) < 35


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32"])
def test_values_that_are_counted_have_the_percentiles_that_numpy_finds_in_order_to_the_bit(dtype):
    rng = np.random.default_rng(8)
    for least, rows in ((0, 3), (90, 40), (126, 300)):
        pixels = rng.integers(least, 128, (rows, 300, 3)).astype(dtype)
        seen = rng.random((rows, 300)) < 0.7
        for percentiles in ((1, 99), (0.5, 98.7), (0, 100)):
            stretch = measure_stretch(pixels, seen, percentiles=percentiles)
            ends = np.percentile(pixels[seen].astype(np.float64), percentiles, axis=0)
            assert (stretch.low, stretch.high) == (tuple(ends[0]), tuple(ends[1]))
