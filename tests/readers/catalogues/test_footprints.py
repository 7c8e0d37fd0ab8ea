"""Footprints at the antimeridian, as they are read and as they are asked for."""

import numpy as np
import pytest
import shapely

from sattrack.errors import SceneError
from sattrack.readers.catalogues.footprints import area_of, boxes_around, footprint_of

TORN = [[179, -1], [-179, -1], [-179, 1], [179, 1], [179, -1]]


def polygon(*rings: list[list[float]]) -> dict[str, object]:
    return {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]}


@pytest.mark.parametrize("bbox", [None, [179, -1, -179, 1], [-179, -1, 179, 1], [-180, -1, 180, 1]])
def test_a_torn_polygon_is_mended_whatever_its_bbox_says(bbox: list[float] | None) -> None:
    shape = footprint_of(polygon(TORN), bbox, where="x")
    assert shape is not None
    assert shape.area == pytest.approx(4)
    assert not shape.intersects(shapely.Point(0, 0))


@pytest.mark.parametrize("kind", ["Point", "LineString"])
def test_an_item_at_a_point_or_along_a_line_lies_where_its_bbox_says(kind: str) -> None:
    geometry = {"type": kind, "coordinates": [1, 2] if kind == "Point" else [[1, 2], [3, 4]]}
    shape = footprint_of(geometry, [0, 1, 3, 4], where="x")
    assert shape is not None
    assert shape.bounds == (0, 1, 3, 4)
    assert footprint_of(geometry, None, where="x") is None


def test_a_torn_part_does_not_tear_the_others() -> None:
    shape = footprint_of(polygon(TORN, [[-5, -1], [5, -1], [5, 1], [-5, 1], [-5, -1]]), None, where="x")
    assert shape is not None
    assert shape.area == pytest.approx(4 + 20)
    assert shape.covers(shapely.box(-5, -1, 5, 1))


@pytest.mark.parametrize(
    "ring",
    [
        [[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]],
        [[-120, 0], [0, 0], [120, 0], [120, 10], [0, 10], [-120, 10], [-120, 0]],
    ],
)
def test_what_is_really_that_wide_stays_so(ring: list[list[float]]) -> None:
    shape = footprint_of(polygon(ring), None, where="x")
    assert shape is not None
    assert shape.area == pytest.approx(shapely.Polygon(ring).area)


def test_a_place_across_the_antimeridian_is_asked_for_by_two_boxes() -> None:
    assert boxes_around([area_of((179, -1, -179, 1))], most=50) == [
        (-180, -1.001, -178.999, 1.001), (178.999, -1.001, 180, 1.001),
    ]  # fmt: skip


def test_h10_a_footprint_whose_sides_cross_each_other_thousands_of_times_fails_its_item() -> None:
    ring = np.random.default_rng(1).uniform(0, 1, (3_000, 2)).tolist()
    with pytest.raises(SceneError, match="its geometry is a tangle: its sides cross each other more than 50,000 times"):
        footprint_of(polygon([*ring, ring[0]]), None, where="x")
