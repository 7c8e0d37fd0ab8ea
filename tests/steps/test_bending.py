import numpy as np
import pytest

from sattrack.geometry import Points
from sattrack.imagery import Grid
from sattrack.steps.bending import bent
from sattrack.steps.grounding import Frame


@pytest.mark.parametrize(("crs", "step"), [("EPSG:32652", 0.3), ("EPSG:4326", 3e-6), ("EPSG:3857", 0.4)])
@pytest.mark.parametrize("rows", [400, 40_000, 400_000])
def test_pixels_of_many_points_are_as_exact_as_one_by_one(crs: str, step: float, rows: int) -> None:
    corner = {"EPSG:32652": (500_000.0, 4_600_000.0), "EPSG:4326": (129.0, 41.5), "EPSG:3857": (14_360_000.0, 5_000_000.0)}[crs]
    grid = Grid((rows, rows), (0.3, 0.3), crs, (step, 0.0, corner[0], 0.0, -step, corner[1]))
    frame = Frame.of_grid(grid)
    points = np.random.default_rng(0).uniform(-0.15 * rows, 0.15 * rows, (3000, 2))

    def exact(some: Points) -> Points:
        return frame.to_pixels(some, grid=grid)

    assert np.abs(bent(points, exact) - exact(points)).max() < 1e-6


def test_a_small_scene_asks_the_map_for_few_points() -> None:
    asked: list[int] = []

    def exact(points: Points) -> Points:
        asked.append(len(points))
        return points * 2 + np.sin(points / 1e5)

    bent(np.random.default_rng(0).uniform(0, 500, (20_000, 2)), exact)
    assert sum(asked) < 200


def test_a_map_that_no_polynomial_follows_is_asked_itself() -> None:
    points = np.random.default_rng(0).uniform(0, 500, (2000, 2))
    assert (bent(points, np.floor) == np.floor(points)).all()
    assert np.isinf(bent(points, lambda some: np.where(some > 499, np.inf, some))).any()
