"""Brute force is the oracle: shapely for overlaps, a plain loop for the greedy order."""

import tracemalloc

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from sattrack.detections import Detections
from sattrack.geometry import quads_from_xywhr
from sattrack.steps.merging import in_order, merge

FT40 = (12.192, 2.438)


def boxes(rows: list[tuple[float, ...]]) -> Detections:
    """Rows (x, y, length, width, degrees, score)."""
    table = np.array(rows, float).reshape(-1, 6)
    xywhr = table[:, :5].copy()
    xywhr[:, 4] = np.radians(xywhr[:, 4])
    return Detections(quads_from_xywhr(xywhr), table[:, 5].astype(np.float32), np.zeros(len(table), np.int32))


def scattered(n: int, *, seed: int, room: float, sizes: tuple[float, float] = (4, 14)) -> Detections:
    rng = np.random.default_rng(seed)
    rows = np.stack(
        [*rng.uniform(0, room, (2, n)), rng.uniform(*sizes, n), rng.uniform(2, 4, n), rng.uniform(0, 180, n), rng.random(n)],
        axis=1,
    )
    return boxes([tuple(row) for row in rows])


def greedy(related: np.ndarray) -> np.ndarray:
    kept: list[int] = []
    for j in range(len(related)):
        if not related[kept, j].any():
            kept.append(j)
    return np.array(kept, np.intp)


def by_brute_force(found: Detections, overlap: float) -> Detections:
    found = in_order(found)
    polygons = shapely.polygons(found.quads)
    middle = found.quads.mean(axis=1)
    inner = shapely.polygons(middle[:, None] + (found.quads - middle[:, None]) / 2)
    deep = shapely.contains(inner[:, None], shapely.points(middle)[None])
    area = shapely.area(polygons)
    small, large = np.minimum(area[:, None], area), np.maximum(area[:, None], area)
    shares = deep | (shapely.area(shapely.intersection(polygons[:, None], polygons[None])) >= overlap * small)
    first = greedy(deep & deep.T & (large <= 2 * small))
    return found.where(first[greedy(shares[np.ix_(first, first)])])


def same(a: Detections, b: Detections) -> bool:
    return all(np.array_equal(x, y) for x, y in ((a.quads, b.quads), (a.scores, b.scores), (a.labels, b.labels)))


@pytest.mark.parametrize("overlap", [0.2, 0.3, 0.5])
@pytest.mark.parametrize("seed", range(4))
def test_merging_agrees_with_brute_force(seed: int, overlap: float) -> None:
    found = scattered(150, seed=seed, room=60, sizes=(3, 40))
    assert same(merge(found, overlap=overlap), by_brute_force(found, overlap))


def test_merging_agrees_with_brute_force_across_blocks_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sattrack.steps.merging._FEWEST_ROWS", 7)
    monkeypatch.setattr("sattrack.steps.merging._PAIRS_AT_ONCE", 11)
    found = scattered(200, seed=9, room=60, sizes=(3, 40))
    assert same(merge(found, overlap=0.3), by_brute_force(found, 0.3))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.integers(0, 40))
def test_any_permutation_gives_the_same_arrays(seed: int, n: int) -> None:
    found = scattered(n, seed=seed, room=30)
    # Ties in score, and the very same box twice.
    found = Detections.joined([found, found.where(np.arange(n // 2))])
    found = Detections(found.quads, np.round(found.scores, 1), found.labels)
    shuffled = found.where(np.random.default_rng(seed).permutation(len(found)))
    assert same(merge(found, overlap=0.3), merge(shuffled, overlap=0.3))


def test_g12_equal_scores_are_decided_by_place() -> None:
    found = boxes([(5, 9, *FT40, 0, 0.5), (5, 8, *FT40, 0, 0.5)])
    assert merge(found, overlap=0.3).centres() == pytest.approx(np.array([[5, 8]]))


@pytest.mark.parametrize("heading", [0, 17, 45, 60, 90])
def test_g3_touching_neighbours_all_stay_at_any_heading(heading: float) -> None:
    turn = np.radians(heading)
    across = np.array([-np.sin(turn), np.cos(turn)]) * 2.438
    found = boxes([(*(i * across), *FT40, heading, 0.9) for i in range(40)])
    assert len(merge(found, overlap=0.3)) == 40


def test_g3_a_chain_is_decided_in_order_of_score_not_all_at_once() -> None:
    # Each covers its neighbours by half: of the 40, greedy order keeps every other one.
    found = boxes([(0, i * 1.219, *FT40, 0, 0.9 - i / 100) for i in range(40)])
    assert len(merge(found, overlap=0.3)) == 20


def test_a_wide_false_box_goes_without_taking_the_boxes_that_it_covers() -> None:
    # The wide one is ruled out by the surest; what it covers besides must not go with it.
    found = boxes([(0, 0, *FT40, 0, 0.9), (0, 1.3, 12.2, 6, 0, 0.8), (0, 2.5, *FT40, 0, 0.7)])
    assert len(merge(found, overlap=0.3)) == 2


def test_a_small_box_inside_a_surer_large_one_goes() -> None:
    assert len(merge(boxes([(0, 0, 12, 2.4, 0, 0.9), (4, 0, 3, 2, 0, 0.8)]), overlap=0.3)) == 1
    assert len(merge(boxes([(0, 0, 12, 2.4, 0, 0.8), (4, 0, 3, 2, 0, 0.9)]), overlap=0.3)) == 1


def test_two_containers_cannot_stand_across_each_other() -> None:
    assert len(merge(boxes([(0, 0, *FT40, 0, 0.9), (0, 0, *FT40, 90, 0.8)]), overlap=0.3)) == 1


def test_objects_of_two_labels_compete_for_one_place() -> None:
    found = boxes([(0, 0, *FT40, 0, 0.9), (0, 0.1, *FT40, 0, 0.8)])
    found = Detections(found.quads, found.scores, np.array([0, 1], np.int32))
    assert merge(found, overlap=0.3).labels.tolist() == [0]


def test_corners_may_run_either_way_round() -> None:
    found = boxes([(0, 0, *FT40, 20, 0.9), (0, 0.9, *FT40, 20, 0.8), (0, 9, *FT40, 20, 0.7)])
    mirrored = Detections(found.quads[:, ::-1], found.scores, found.labels)
    assert len(merge(mirrored, overlap=0.3)) == len(merge(found, overlap=0.3)) == 2


@pytest.mark.parametrize("n", [0, 1])
def test_none_and_one_come_out_as_they_are(n: int) -> None:
    found = scattered(n, seed=1, room=5)
    assert same(merge(found, overlap=0.3), found)


def test_cap_hit_is_kept() -> None:
    found = boxes([(0, 0, *FT40, 0, 0.9), (0, 0.1, *FT40, 0, 0.8)])
    assert merge(Detections(found.quads, found.scores, found.labels, cap_hit=True), overlap=0.3).cap_hit


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(scattered(3000, seed=3, room=20, sizes=(5, 300)), id="all in one place"),
        pytest.param(
            Detections.joined([scattered(3000, seed=3, room=800), boxes([(400, 400, 3000, 900, 10, 0.5)])]), id="one huge"
        ),
    ],
)
def test_d8_noise_and_unequal_boxes_stay_within_bounded_memory(found: Detections) -> None:
    tracemalloc.start()
    kept = merge(found, overlap=0.3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0 < len(kept) < len(found)
    assert peak < 100 << 20
