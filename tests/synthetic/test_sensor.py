import numpy as np
import pytest

from sattrack.synthetic.sensor import Sensor, draw_sensor, sense

CLEAN = {"blur_px": 0.0, "haze": 0.0, "noise": 0.0, "jpeg": 0}


def seen(picture, **how):
    return sense(picture.astype(np.float32), sensor=Sensor(**(CLEAN | how)), rng=np.random.default_rng(0)).astype(int)


@pytest.fixture
def edge():
    """Red to the left of column 40, blue to the right, equally light."""
    picture = np.full((60, 80, 3), 60.0)
    picture[:, :40, 0] = 180
    picture[:, 40:, 2] = 180
    return picture


def test_a_clean_sensor_changes_nothing(edge):
    assert np.array_equal(seen(edge), edge)


def test_pan_sharpening_keeps_light_sharp_and_lets_colours_run(edge):
    run = seen(edge, colour_px=4.0)
    assert run.mean(axis=2) == pytest.approx(edge.mean(axis=2), abs=2)
    assert abs(run[30, 38, 0] - 180) > 5
    assert run[30, 10] == pytest.approx(edge[30, 10], abs=2)


def test_colours_that_lie_off_leave_a_fringe_on_one_side(edge):
    run = seen(edge, colour_px=2.0, fringe_px=(2.0, 0.0))
    assert run[30, 41, 0] > 150
    assert run[30, 38, 2] < 80


def test_a_stretch_spreads_what_is_dark_over_the_whole_range_and_clips_the_rest():
    dark = np.linspace(20, 60, 100 * 100).reshape(100, 100, 1).repeat(3, axis=2)
    out = seen(dark, stretch=(1.0, 98.0))
    assert (out == 0).mean() == pytest.approx(0.01, abs=0.01)
    assert (out == 255).mean() == pytest.approx(0.02, abs=0.01)
    assert len(np.unique(seen(dark, stretch=(0.0, 100.0), levels=50))) == 51


def test_gray_is_the_same_in_every_channel_whatever_else_happens(edge):
    out = seen(edge, saturation=0.0, cast=(1.2, 1.0, 0.9), noise=3.0, colour_px=3.0, stretch=(1.0, 99.0), jpeg=60)
    assert np.ptp(out, axis=2).max() == 0


def test_sensors_are_gray_when_asked_and_now_and_then_otherwise():
    def grays(pan):
        return np.mean([draw_sensor(np.random.default_rng(seed), pan=pan).saturation == 0 for seed in range(300)])

    assert grays(True) == 1
    assert grays(False) == 0
    assert 0 < grays(None) < 0.15
