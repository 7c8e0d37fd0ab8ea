"""Constant areas joined to the border: which are no ground, and which are."""

import numpy as np
import pytest

from sattrack.readers.borders import find_fill

WHOLE = (0, 0, 200, 150)


def ground(dtype=np.uint16):
    return np.random.default_rng(5).integers(20, 4000, (150, 200, 3)).astype(dtype)


def valid():
    return np.ones((150, 200), bool)


def test_M9_a_wedge_of_one_value_is_found_exactly():
    for value in (0, 65535):
        pixels = ground()
        wedge = np.add.outer(np.arange(150), np.arange(200)) < 90
        pixels[wedge] = value
        fill = find_fill(pixels, valid())
        assert (fill.covers(pixels, area=WHOLE, shape=(150, 200)) == wedge).all()
        assert fill.values.tolist() == [[value] * 3]


def test_M9_a_turned_footprint_leaves_four_corners_and_nothing_inside():
    row, col = np.mgrid[0:150, 0:200]
    inside = (abs((row - 75) * 0.9 + (col - 100) * 0.4) < 55) & (abs((col - 100) * 0.9 - (row - 75) * 0.4) < 75)
    pixels = ground(np.float64)
    pixels[~inside] = -9999
    pixels[60:70, 90:100] = -9999  # a lake of the same value is not joined to the border
    found = find_fill(pixels, valid()).covers(pixels, area=WHOLE, shape=(150, 200))
    assert (found == ~inside).mean() > 0.999
    assert not found[60:70, 90:100].any()


def test_M9_bands_may_be_filled_with_different_values():
    pixels = ground()
    pixels[:, :40] = (1, 2, 3)
    assert find_fill(pixels, valid()).covers(pixels, area=WHOLE, shape=(150, 200))[:, :40].all()


@pytest.mark.parametrize("what", ["nothing", "a small shadow", "a lake", "water with waves", "one band of three"])
def test_ground_is_not_taken_for_fill(what):
    pixels = ground()
    if what == "a small shadow":
        pixels[70:80, :12] = 0
    if what == "a lake":
        pixels[40:110, 40:160] = 0
    if what == "water with waves":
        pixels[:60] = 0
        waves = np.random.default_rng(6).random((60, 200)) < 0.02
        pixels[:60][waves] = 90
    if what == "one band of three":
        pixels[:60, :, 0] = 0
    assert find_fill(pixels, valid()) is None


@pytest.mark.parametrize(("tone", "wide", "taken"), [((79, 62, 59), 8, False), ((79, 62, 59), 20, True), ((0, 0, 0), 8, True)])
def test_a_small_patch_that_compression_flattened_to_one_tone_is_ground_and_black_is_not(tone, wide, taken):
    pixels = np.random.default_rng(7).integers(20, 240, (150, 200, 3)).astype(np.uint8)
    pixels[:, :wide] = tone
    fill = find_fill(pixels, valid())
    assert (fill is not None) == taken
    assert fill is None or fill.values.tolist() == [list(tone)]


def test_a_scene_of_one_value_is_all_fill():
    pixels = np.zeros((150, 200, 1), np.uint8)
    assert find_fill(pixels, valid()).share == 1.0


def test_what_was_found_small_holds_at_full_size():
    small = ground()
    small[:, :50] = 0
    fill = find_fill(small, valid())
    large = np.random.default_rng(8).integers(20, 4000, (1500, 2000, 3))
    large[:, :503] = 0
    large[700:710, 900:910] = 0
    covered = fill.covers(large[600:900, 300:1000], area=(300, 600, 700, 300), shape=(1500, 2000))
    assert covered[:, :203].all()
    assert not covered[:, 203:].any()


def test_M9_a_fill_beside_which_lossy_compression_rings_is_found():
    rng = np.random.default_rng(9)
    pixels = ground(np.uint8)
    pixels[:, :100] = 0
    ringing = rng.random((150, 12)) < 0.15
    pixels[:, 86:98][ringing] = 2
    fill = find_fill(pixels, valid())
    assert fill is not None
    assert fill.covers(pixels, area=WHOLE, shape=(150, 200))[:, :86].all()
