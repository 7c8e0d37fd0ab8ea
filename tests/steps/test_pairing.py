"""Brute force is the oracle: how far apart all pairs are, along both axes."""

import numpy as np
import pytest

from sattrack.steps.pairing import Reaches, Spans, between, named, within


def drawn(n: int, *, seed: int, room: float, unequal: bool, corner: float = 0.0, flat: float = 1.0) -> Reaches:
    rng = np.random.default_rng(seed)
    reach = 10 ** rng.uniform(-2, 2, (2, n)) if unequal else rng.uniform(3, 6, (2, n))
    x, y = rng.uniform(0, room, (2, n)) + corner
    return Reaches(x, y, reach[0], reach[1] * flat)


def touching(around: Reaches) -> set[tuple[int, int]]:
    beside = np.abs(around.x[:, None] - around.x) <= around.along_x[:, None] + around.along_x
    below = np.abs(around.y[:, None] - around.y) <= around.along_y[:, None] + around.along_y
    first, second = np.nonzero(beside & below)
    return set(zip(first.tolist(), second.tolist(), strict=True))


def alike(x: np.ndarray, reach: float) -> Reaches:
    return Reaches(x, np.zeros(len(x)), np.full(len(x), reach), np.full(len(x), reach))


def written_out(spans: list[Spans]) -> list[tuple[int, int]]:
    return [pair for s in spans for a, b in s.pairs() for pair in zip(a.tolist(), b.tolist(), strict=True)]


CASES = [
    pytest.param(drawn(30, seed=1, room=40, unequal=False), id="few"),
    pytest.param(drawn(400, seed=2, room=120, unequal=False), id="alike"),
    pytest.param(drawn(400, seed=3, room=300, unequal=True), id="unequal"),
    pytest.param(drawn(400, seed=6, room=120, unequal=False, flat=0.1), id="flat"),
    pytest.param(drawn(400, seed=4, room=1, unequal=False), id="all in one place"),
    pytest.param(drawn(400, seed=5, room=120, unequal=False, corner=-4e6), id="far from the origin"),
    pytest.param(alike(np.arange(100.0), 0.5), id="touching in a line"),
    pytest.param(alike(np.zeros(60), 0.0), id="one point"),
    pytest.param(alike(np.array([0, 1e9] * 30), 1e-9), id="points far apart"),
]


@pytest.mark.parametrize("around", CASES)
def test_every_two_that_touch_are_named_once(around: Reaches) -> None:
    pairs = [tuple(sorted(p)) for p in written_out(within(around, np.arange(len(around.x))))]
    assert len(set(pairs)) == len(pairs)
    assert {(a, b) for a, b in touching(around) if a < b} <= set(pairs)


@pytest.mark.parametrize("around", CASES)
def test_only_the_rows_asked_for_are_paired(around: Reaches) -> None:
    rows = np.arange(0, len(around.x), 3)
    pairs = {tuple(sorted(p)) for p in written_out(within(around, rows))}
    chosen = set(rows.tolist())
    assert {p for p in touching(around) if p[0] < p[1] and set(p) <= chosen} <= pairs
    assert {row for p in pairs for row in p} <= chosen


@pytest.mark.parametrize("around", CASES)
def test_every_asking_row_meets_every_held_one_that_it_touches_once(around: Reaches) -> None:
    rows = np.arange(len(around.x))
    asking, held = rows[::3], rows[1::2]
    pairs = written_out(between(around, asking, held))
    assert len(set(pairs)) == len(pairs)
    assert {(a, b) for a, b in touching(around) if a % 3 == 0 and b % 2 == 1} <= set(pairs)


def test_pairs_come_a_bounded_number_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sattrack.steps.pairing.PAIRS_AT_ONCE", 100)
    spans = within(drawn(300, seed=1, room=60, unequal=False), np.arange(300))
    lots = [len(a) for s in spans for a, _ in s.pairs()]
    assert len(lots) > 10
    # A row's own stretch is never parted.
    assert max(lots) <= max(100, *(int((s.stop - s.start).max()) for s in spans))
    assert sum(lots) == named(spans)


def test_one_huge_one_does_not_pair_the_small_ones_with_each_other() -> None:
    small = drawn(2000, seed=1, room=1000, unequal=False)
    columns = ((small.x, 500.0), (small.y, 500.0), (small.along_x, 800.0), (small.along_y, 800.0))
    one = Reaches(*(np.append(many, huge) for many, huge in columns))
    assert named(within(one, np.arange(2001))) < named(within(small, np.arange(2000))) + 3 * 2001
