import numpy as np
import pytest

from sattrack.imagery import Grid
from sattrack.projections import WGS84, from_lonlat, project, to_grid, to_lonlat

UTM52 = Grid((2000, 3000), (0.5, 0.5), "EPSG:32652", (0.5, 0.0, 500000.0, 0.0, -0.5, 4700000.0))
# Pixels of about a metre across the antimeridian at the equator, in longitudes beyond 180.
ACROSS = Grid((1000, 2000), (1.11, 1.11), "EPSG:4326", (1e-5, 0.0, 179.99, 0.0, -1e-5, 0.005))
POLAR = Grid((2000, 2000), (1.0, 1.0), "EPSG:3413", (1.0, 0.0, -1000.0, 0.0, -1.0, 1000.0))


@pytest.mark.parametrize("grid", [UTM52, ACROSS, POLAR], ids=["utm", "antimeridian", "pole"])
def test_o7_pixels_come_back_by_longitude_and_latitude(grid: Grid) -> None:
    points = np.random.default_rng(1).uniform([0, 0], grid.shape[::-1], (50, 2))
    assert from_lonlat(to_lonlat(points, grid=grid), grid=grid) == pytest.approx(points, abs=1e-3)


def test_o7_longitudes_of_both_signs_find_the_pixel_of_a_grid_across_180_degrees() -> None:
    found = from_lonlat(np.array([[180.005, 0.0], [-179.995, 0.0]]), grid=ACROSS)
    assert found == pytest.approx(np.array([[1500.0, 500.0]] * 2), abs=1e-6)


def test_coordinates_of_any_system_become_pixels() -> None:
    corner = np.array([[500000.0, 4700000.0]])
    degrees = project(corner, source="EPSG:32652", target=WGS84)
    assert degrees == pytest.approx(np.array([[129.0, 42.4527]]), abs=1e-3)
    assert to_grid(corner, source="EPSG:32652", grid=UTM52) == pytest.approx(np.zeros((1, 2)), abs=1e-6)


def test_points_that_cannot_be_projected_are_infinite() -> None:
    assert not np.isfinite(project(np.array([[0.0, 95.0]]), source=WGS84, target="EPSG:32652")).all()
