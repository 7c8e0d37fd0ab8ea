import datetime as dt

import pytest

from sattrack.steps.phrasing import banded, bracketed, how_often_wrong, outward, stamp


@pytest.mark.parametrize(
    ("method", "level", "said"),
    [
        ("farrington", 0.001, "4 false alarms in 1,000 quiet scenes"),
        ("farrington", 0.01, "19 false alarms in 1,000 quiet scenes"),
        ("farrington", 0.0001, "1 false alarm in 1,000 quiet scenes"),
        ("ears-t", 0.0001, "fewer than 1 false alarm in 1,000 quiet scenes"),
        ("two scenes", 0.001, ""),
    ],
)
def test_false_alarms_are_told_in_whole_numbers(method, level, said):
    assert how_often_wrong(method, level=level) == said


@pytest.mark.parametrize("level", [1e-6, 0.0003, 0.003, 0.03, 0.05, 0.2, 0.5])
def test_no_level_is_told_with_an_exponent(level):
    said = how_often_wrong("farrington", level=level)
    assert said.split(" false")[0].removeprefix("fewer than ").replace(",", "").isdecimal()


def test_ends_go_outward_to_whole_boxes_and_are_left_out_where_one_is_not_known():
    assert bracketed(1002.9, 1098.1) == "[1,002, 1,099]"
    assert bracketed(-0.5, 3.0) == "[-1, 3]"
    assert bracketed(None, 3.0) == bracketed(3.0, None) == ""


def test_more_than_no_box_is_at_least_one():
    assert outward(0.5, 8.5) == (1, 9)
    assert outward(-8.5, -0.5) == (-9, -1)
    assert outward(0.0, 0.4) == (0, 1)
    assert bracketed(0.3, 8.8) == "[1, 9]"
    assert banded(0.3, 2.6) == "[0, 3]"  # what is expected is a mean, which may lie below one box


def test_midnight_is_a_day():
    assert stamp(dt.datetime(2024, 5, 31, tzinfo=dt.UTC)) == "2024-05-31"
    assert stamp(dt.datetime(2024, 5, 31, 8, 5, tzinfo=dt.UTC)) == "2024-05-31 08:05"
