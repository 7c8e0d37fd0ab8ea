"""Slabs over a polygon: whole pixels, cores that meet, windows with their margin."""

import pytest
import shapely

from sattrack.steps.paving import MARGIN_PX, pave


@pytest.mark.parametrize("gsd_m", [(1.22, 1.22), (1.5, 1.5), (3.0, 2.7), (4.87, 4.87)])
def test_cores_partition_the_bounds_and_margins_are_whole_pixels(gsd_m: tuple[float, float]) -> None:
    polygon = shapely.Polygon([(10.3, -4.2), (700.1, 33.0), (401.0, 900.7)])
    pavement = pave(polygon, gsd_m=gsd_m, reader_gsd_m=1.5)
    slabs = [*pavement.slabs()]
    assert (
        sum(s.core.width * s.core.height for s in slabs)
        == shapely.union_all(
            [shapely.box(s.core.col, s.core.row, s.core.col + s.core.width, s.core.row + s.core.height) for s in slabs]
        ).area
    ), "cores do not overlap"
    joined = shapely.union_all(
        [shapely.box(s.core.col, s.core.row, s.core.col + s.core.width, s.core.row + s.core.height) for s in slabs]
    )
    assert joined.covers(polygon)
    for slab in slabs:
        assert slab.window.width * pavement.core_px == slab.core.width * pavement.tile_px
        assert (slab.core.col - slab.window.col) * pavement.core_px == slab.core.width * MARGIN_PX
    assert [g * px for g, px in zip(gsd_m, pavement.px, strict=True)] == pytest.approx([1.5, 1.5], rel=0.04)


def test_a_small_place_gets_one_small_slab() -> None:
    small = pave(shapely.box(10, 10, 30, 25), gsd_m=(3.0, 3.0), reader_gsd_m=1.5)
    assert (small.shape, small.core_px) == ((1, 1), 48)
    assert pave(shapely.box(10, 10, 60, 25), gsd_m=(3.0, 3.0), reader_gsd_m=1.5).core_px == 144
    large = pave(shapely.box(10, 10, 600, 25), gsd_m=(3.0, 3.0), reader_gsd_m=1.5)
    assert (large.shape, large.core_px) == ((1, 5), 240)
