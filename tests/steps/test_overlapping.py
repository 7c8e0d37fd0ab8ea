"""Shapely is the oracle."""

import numpy as np
import pytest
import shapely

from sattrack.geometry import quads_from_xywhr
from sattrack.steps import overlapping
from sattrack.steps.overlapping import Boxes, ious


def drawn(n: int, *, seed: int, corner: float) -> np.ndarray:
    """Boxes of like and unlike sizes and headings, a few sheared, all near one another."""
    rng = np.random.default_rng(seed)
    rows = np.stack([*rng.uniform(0, 15, (2, n)), *rng.uniform(1, 12, (2, n)), rng.choice([0, 0.02, 1, 3], n)], axis=1)
    quads = quads_from_xywhr(rows)
    quads[::4] = quads[::4] @ np.array([[1, 0.3], [0.1, 1]])
    return np.asarray(quads[:, ::-1] if seed % 2 else quads) + corner


@pytest.mark.parametrize("corner", [0, 1e4, 4e6])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_quick_bounds_never_contradict_the_area_shared(seed: int, corner: float) -> None:
    quads = drawn(120, seed=seed, corner=corner)
    boxes, (i, j) = Boxes.of(quads), np.triu_indices(120, 1)
    polygons = shapely.polygons(quads - corner)
    shared = shapely.area(shapely.intersection(polygons[i], polygons[j]))
    dx, dy = boxes.x[j] - boxes.x[i], boxes.y[j] - boxes.y[i]
    for part in (0.2, 0.4, 0.9):
        enough = part * np.minimum(boxes.area[i], boxes.area[j])
        may = overlapping._may_share(boxes, i, j, dx, dy, enough - boxes.slack)
        must = overlapping._must_share(boxes, i, j, dx, dy, enough + boxes.slack)
        assert not (shared[~may] >= enough[~may]).any()
        assert (shared[must] >= enough[must]).all()
        # They decide most pairs; else they would be of no use.
        assert np.mean(may & ~must) < 0.4
        assert must.sum() > 20


def test_ious_are_those_of_shapely_where_they_reach_the_least() -> None:
    quads = drawn(100, seed=3, corner=0)
    i, j = np.triu_indices(100, 1)
    polygons = shapely.polygons(quads)
    truth = shapely.area(shapely.intersection(polygons[i], polygons[j])) / shapely.area(shapely.union(polygons[i], polygons[j]))
    found = ious(quads, i, j, least=0.3)
    reached = truth >= 0.3
    assert reached.sum() > 20
    assert found[reached] == pytest.approx(truth[reached], abs=1e-9)
    assert np.isin(found[found > 0], found[truth > 0]).all()
    assert found[~reached] == pytest.approx(np.where(found[~reached] > 0, truth[~reached], 0), abs=1e-9)
