"""Two oracles: brute force (shapely for overlaps, a plain loop for the greedy order), and the same merging by blocks."""

import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from sattrack.detections import Detections
from sattrack.geometry import quads_from_xywhr
from sattrack.steps.merging import merge, order_of
from sattrack.steps.pairing import Pairs, Spans
from tests.steps.merging_by_blocks import merge_by_blocks

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
    found = found.where(order_of(found))
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


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is done in parts is done in many, so that few boxes meet every border between two."""
    for name, value in (
        ("merging._FEW", 6), ("merging._CACHED", 3), ("pairing._FEW", 2), ("pairing._MANY", 1), ("pairing.PAIRS_AT_ONCE", 7),
        ("overlapping._PAIRS_AT_ONCE", 5),
    ):  # fmt: skip
        monkeypatch.setattr(f"sattrack.steps.{name}", value)


@pytest.mark.usefixtures("small_steps")
def test_merging_agrees_with_brute_force_across_all_borders_of_its_parts() -> None:
    found = scattered(200, seed=9, room=60, sizes=(3, 40))
    assert same(merge(found, overlap=0.3), by_brute_force(found, 0.3))


def table(quads: np.ndarray, scores: np.ndarray) -> Detections:
    return Detections(np.asarray(quads, float), scores.astype(np.float32), np.zeros(len(scores), np.int32))


def yard(n: int, *, heading: float, seed: int, corner: float = 0.0) -> Detections:
    """Touching boxes in lines, a quarter of them found twice or thrice as at a seam."""
    rng = np.random.default_rng(seed)
    i, turn = np.arange(n), np.radians(heading)
    x, y = (i % 6) * FT40[0], (i // 6) * FT40[1]
    middle = np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], axis=1) + corner
    rows = np.column_stack([middle, np.tile(FT40, (n, 1)), np.full(n, turn)])
    again = rng.choice(n, n // 2) if n else np.zeros(0, int)
    rows = np.concatenate([rows, rows[again] + rng.normal(0, 1, (len(again), 5)) * [0.4, 0.4, 0.5, 0.2, 0.02]])
    return table(quads_from_xywhr(rows), rng.random(len(rows)))


def steps(n: int, *, step: float, falling: bool) -> Detections:
    """A chain of level boxes 10 x 4, each so much beyond the last."""
    score = 0.9 - np.arange(n) / (2 * n)
    return boxes([(i * step, 0, 10, 4, 0, float(s)) for i, s in enumerate(score if falling else score[::-1])])


def any_quads(n: int, *, seed: int, whole: bool, room: float = 12) -> Detections:
    """Corners anywhere: points, lines, darts, bow ties; on whole numbers many touch, tie and repeat."""
    rng = np.random.default_rng(seed)
    quads = rng.uniform(0, room, (n, 1, 2)) + rng.normal(0, 3, (n, 4, 2))
    quads[::5, 2:] = quads[::5, :2]
    quads[::7] = quads[::7, :1]
    return table(np.round(quads) if whole else quads, np.round(rng.random(n), 1))


def level(n: int, *, seed: int) -> Detections:
    """Level boxes on whole numbers, whose shares are often the very overlap asked for."""
    rng = np.random.default_rng(seed)
    rows = np.column_stack([rng.integers(0, 40, (n, 2)), np.full(n, 10), np.full(n, 5), np.zeros(n)]).astype(float)
    return table(quads_from_xywhr(rows), np.round(rng.random(n), 2))


SCENES = [
    *(pytest.param(yard(90, heading=h, seed=h), id=f"a yard at {h} degrees") for h in (0, 17, 45, 90, 133)),
    pytest.param(yard(120, heading=31, seed=3, corner=4e6), id="a yard in metres of a map"),
    pytest.param(steps(60, step=3, falling=True), id="a falling chain"),
    pytest.param(steps(60, step=3, falling=False), id="a rising chain"),
    pytest.param(steps(60, step=5, falling=True), id="a chain that shares the very overlap"),
    pytest.param(steps(60, step=6, falling=True), id="a chain that shares the very default"),
    pytest.param(boxes([(5, 5, *FT40, 0, 0.5)] * 40), id="one box many times"),
    pytest.param(scattered(300, seed=3, room=4), id="all in one place"),
    pytest.param(scattered(250, seed=4, room=20, sizes=(5, 300)), id="long and short across each other"),
    pytest.param(
        Detections.joined([scattered(150, seed=5, room=300), scattered(150, seed=6, room=300, sizes=(0.01, 1))]), id="tiny ones"
    ),
    pytest.param(Detections.joined([scattered(200, seed=7, room=99), boxes([(50, 50, 900, 300, 9, 0.5)])]), id="one huge"),
    pytest.param(any_quads(150, seed=8, whole=False), id="any quads"),
    pytest.param(any_quads(150, seed=9, whole=True), id="any quads on whole numbers"),
    pytest.param(level(200, seed=10), id="level boxes on whole numbers"),
]


@pytest.mark.parametrize("found", SCENES)
@pytest.mark.parametrize("overlap", [0.4, 0.5])
def test_the_same_rows_stay_as_by_blocks(found: Detections, overlap: float) -> None:
    assert same(merge(found, overlap=overlap), merge_by_blocks(found, overlap=overlap))


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("found", SCENES)
def test_the_same_rows_stay_as_by_blocks_across_all_borders(found: Detections) -> None:
    assert same(merge(found, overlap=0.4), merge_by_blocks(found, overlap=0.4))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.integers(0, 80), st.booleans(), st.sampled_from([0.2, 0.4, 0.5]), st.sampled_from([0, 1e5]))
def test_the_same_rows_stay_as_by_blocks_whatever_the_quads(
    seed: int, n: int, whole: bool, overlap: float, corner: float
) -> None:
    found = Detections.joined([any_quads(n, seed=seed, whole=whole), level(n // 2, seed=seed)]).moved(offset=(corner, corner))
    assert same(merge(found, overlap=overlap), merge_by_blocks(found, overlap=overlap))


def test_a_larger_scene_of_everything_comes_out_as_by_blocks() -> None:
    parts = [yard(1200, heading=40, seed=1), scattered(700, seed=2, room=150), scattered(700, seed=3, room=5)]
    found = Detections.joined([*parts, scattered(400, seed=4, room=200, sizes=(0.1, 200))])
    assert same(merge(found, overlap=0.4), merge_by_blocks(found, overlap=0.4))


def test_corners_that_are_not_finite_are_an_error() -> None:
    found = boxes([(0, 0, *FT40, 0, 0.9), (np.nan, 0, *FT40, 0, 0.8)])
    with pytest.raises(ValueError, match="not finite"):
        merge(found, overlap=0.3)


@pytest.mark.parametrize(
    ("few", "many"),
    [
        pytest.param(yard(1500, heading=20, seed=1), yard(6000, heading=20, seed=1), id="a yard"),
        pytest.param(scattered(3000, seed=1, room=4), scattered(12_000, seed=1, room=4), id="all in one place"),
        pytest.param(
            scattered(1000, seed=1, room=400, sizes=(1, 200)), scattered(4000, seed=1, room=800, sizes=(1, 200)), id="unequal"
        ),
    ],
)
def test_d8_four_times_the_boxes_are_about_four_times_the_pairs(
    few: Detections, many: Detections, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = [0]
    pairs = Spans.pairs

    def counted(spans: Spans) -> Iterator[Pairs]:
        looked_at[-1] += len(spans)
        return pairs(spans)

    monkeypatch.setattr(Spans, "pairs", counted)
    for found in (few, many):
        looked_at.append(0)
        merge(found, overlap=0.4)
    assert looked_at[2] < 5.5 * looked_at[1]


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
