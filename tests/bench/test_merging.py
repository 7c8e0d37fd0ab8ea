import json

import numpy as np
import pytest

from sattrack.bench.merging import (
    KINDS,
    Merged,
    bench_merging,
    broken,
    drawn,
    growth_lines,
    growths,
    merging_table,
    merging_values,
)
from sattrack.geometry import sides


@pytest.mark.parametrize("kind", KINDS)
def test_so_many_boxes_are_drawn_as_are_asked_for_and_always_the_same(kind: str) -> None:
    one, two = drawn(kind, 500), drawn(kind, 500)
    assert len(one) == 500
    assert np.array_equal(one.quads, two.quads)
    assert np.array_equal(one.scores, two.scores)


def test_the_kinds_are_what_they_are_called() -> None:
    heap, unequal = drawn("heap", 2000), drawn("unequal", 2000)
    assert np.ptp(heap.centres(), axis=0).max() < 300
    long = sides(unequal.quads)[0]
    assert long.max() > 30 * np.median(long)


def test_of_a_yard_each_thing_is_kept_once() -> None:
    tile, yard, heap, _ = bench_merging([1000], rounds=1)
    assert (tile.kind, tile.kept) == ("tile", 380)
    assert (yard.boxes, yard.kept) == (1000, pytest.approx(800, abs=4))
    assert heap.kept < 100


def test_growth_is_fitted_for_each_kind_and_promises_are_held_to_the_yard() -> None:
    rows = [Merged(kind, n, n // 2, n * 2e-5, n * 400) for kind in KINDS for n in (1000, 10_000, 100_000)]
    grown = growths(rows)
    assert [one.kind for one in grown] == list(KINDS)
    assert all(one.time is not None and one.time.exponent == pytest.approx(1) for one in grown)
    assert growth_lines(grown)[0] == (
        "yard: time grows as boxes to the power 1.00 (standard error 0.00), memory 1.00 (standard error 0.00)"
    )
    assert broken(rows) == ("100000 boxes of a yard took 2.00 s, more than 1 s",)
    assert merging_table(rows)[1][2] == ("yard", "100000", "50000", "2000.0", "20.00", "40.0")
    assert growth_lines(growths(rows[:1])) == ()


def test_json_holds_every_row_and_null_where_there_is_no_fit() -> None:
    rows = [Merged("yard", 1000, 800, 0.01, 10_000)]
    values = json.loads(json.dumps(merging_values(rows)))
    assert values["rows"][0]["kept"] == 800
    assert values["growth"][0] == {"kind": "yard", "time": None, "memory": None}
    assert values["broken"] == []
