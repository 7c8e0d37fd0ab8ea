"""What a scene can be used for, by pixels across a container."""

import pytest

from sattrack.steps.judging import capability, capability_warning, px_per_width


@pytest.mark.parametrize(
    ("px", "expected"),
    [
        (12, "count"),
        (3, "count"),
        (2, "count"),
        (1.99, "area"),
        (0.5, "area"),
        (0.49, "presence"),
        (0.2, "presence"),
        (0.19, "refuse"),
    ],
)
def test_each_rung_begins_exactly_at_its_number_of_pixels(px, expected):
    gsd = 2.438 / px
    assert capability((gsd, gsd)) == expected


def test_the_coarser_of_the_two_pixel_sizes_decides():
    assert px_per_width((0.3, 0.6)) == pytest.approx(2.438 / 0.6)
    assert capability((0.3, 2.0)) == capability((2.0, 0.3)) == "area"


def test_M12_sentinel_2_is_good_for_presence_only_and_a_metre_counts_with_a_warning():
    assert capability((10.0, 10.0)) == "presence"
    assert capability((8.2, 8.2)) == "presence"
    assert capability((1.0, 1.0)) == "count"
    assert "2.4 pixels" in capability_warning((1.0, 1.0))


def test_only_counts_from_two_to_three_pixels_carry_a_warning():
    assert capability_warning((0.5, 0.5)) == ""
    assert capability_warning((2.438 / 3, 0.3)) == ""
    assert capability_warning((3.0, 3.0)) == ""
