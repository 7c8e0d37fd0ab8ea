"""Slabs over a polygon: whole pixels, cores that meet, windows with their margin."""

import pytest
import shapely

from sattrack.steps.paving import CORE_PX, MARGIN_PX, TILE_PX, pave


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
        assert slab.window.width * CORE_PX == slab.core.width * TILE_PX
        assert (slab.core.col - slab.window.col) * CORE_PX == slab.core.width * MARGIN_PX
    assert [g * px for g, px in zip(gsd_m, pavement.px, strict=True)] == pytest.approx([1.5, 1.5], rel=0.04)
