"""Covered shares of pixels, and areas with what is known of their error."""

import numpy as np
import pytest
import shapely
import shapely.affinity

from sattrack.covers import CoverCard
from sattrack.steps.covering import area_of, as_fed, boxes_of, polygon_raster, said_of_area
from tests.cover_weights import BANDS

CARD = CoverCard("c-1", "0" * 64, 1.5, bands=BANDS, footprint_m2=(15.0, 30.0))


def square(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], float)


def test_a_pixel_lies_inside_by_its_share() -> None:
    shares = polygon_raster(shapely.Polygon(square(1, 1, 3, 2.5)), shape=(4, 4)) / 255
    expected = np.zeros((4, 4))
    expected[1, 1:3], expected[2, 1:3] = 1, 0.5
    assert shares == pytest.approx(expected, abs=1 / 255)


def test_the_area_of_a_turned_outline_comes_out_within_half_a_per_cent() -> None:
    polygon = shapely.affinity.rotate(shapely.box(20, 30, 160, 110), 33)
    assert polygon_raster(polygon, shape=(200, 200)).sum() / 255 == pytest.approx(polygon.area, rel=0.005)


def test_outlines_that_share_an_edge_hold_each_pixel_once() -> None:
    whole = polygon_raster(shapely.box(0, 0, 6, 6), shape=(6, 6)).astype(int)
    halves = [polygon_raster(shapely.box(*half), shape=(6, 6)).astype(int) for half in ((0, 0, 2.5, 6), (2.5, 0, 6, 6))]
    assert np.abs(sum(halves) - whole).max() <= 1
    assert whole.min() == 255


def test_a_hole_is_not_inside_and_far_corners_do_no_harm() -> None:
    polygon = shapely.Polygon(square(-1e7, -1e7, 1e7, 1e7), [square(2, 2, 4, 4)])
    shares = polygon_raster(polygon, shape=(6, 6))
    assert shares[0, 0] == 255
    assert shares[2:4, 2:4].max() == 0
    assert shares[4, 2] == 255
    assert polygon_raster(shapely.box(10, 10, 20, 20), shape=(6, 6)).max() == 0


def test_what_is_fed_tells_colour_and_pixel_size() -> None:
    pixels = np.array([[[0, 128, 255]]], np.uint8)
    planes = as_fed(pixels, gsd_m=2.438 * 2)
    assert planes[:, 0, 0] == pytest.approx([-0.5, 128 / 255 - 0.5, 0.5, 1.0], abs=1e-6)


def test_an_area_has_the_bounds_of_its_band() -> None:
    area = area_of(1000.0, seen_m2=20_000.0, gsd_m=3.0, gray=False, card=CARD)
    assert (area.area, area.least) == (1000.0, pytest.approx(100.0))
    assert area.low == pytest.approx(800.0)
    assert area.high == pytest.approx(1250.0)
    assert "9 sets not seen, colour, 2 to 3.2 m" in area.method
    assert "1,000 m2 [800, 1,250], 26 to 84 boxes" in said_of_area(area, boxes=boxes_of(area, footprint_m2=(15.0, 30.0)))


def test_what_may_have_been_read_for_nothing_lowers_the_bound_of_little_cover() -> None:
    area = area_of(200.0, seen_m2=20_000.0, gsd_m=3.0, gray=False, card=CARD)
    assert area.low == pytest.approx(200 - 0.005 * 19_800), "50 m2 on each hectare that is not covered"


def test_below_the_limit_nothing_is_said() -> None:
    area = area_of(60.0, seen_m2=20_000.0, gsd_m=3.0, gray=True, card=CARD)
    assert area.low == 0.0
    assert area.high == pytest.approx(375.0), "as much as no ratio was measured of"
    assert said_of_area(area, boxes=None).startswith("Nothing can be said below 100 m2")


def test_where_nothing_was_measured_there_is_no_interval_and_no_boxes() -> None:
    bare = CoverCard("c-1", "0" * 64, 1.5)
    area = area_of(60.0, seen_m2=20_000.0, gsd_m=3.0, gray=False, card=bare)
    assert (area.low, area.high, boxes_of(area, footprint_m2=(15.0, 30.0))) == (None, None, None)
    assert "not measured" in said_of_area(area, boxes=None)


def test_no_more_is_covered_than_was_seen() -> None:
    area = area_of(950.0, seen_m2=1000.0, gsd_m=1.5, gray=False, card=CARD)
    assert area.high == 1000.0
