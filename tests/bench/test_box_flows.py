"""The benchmark of flows by boxes: its truth is that of what was drawn, and its figures are those of the cases."""

import json
from dataclasses import replace

import pytest

from sattrack.bench.box_flow_tables import box_flow_values, box_flow_verdicts, change_rows, errors_alike, flow_rows, rows_table
from sattrack.bench.box_flows import BoxFlows, Judged, Summed
from sattrack.flows import Moved


def judged(place: str, *, left: tuple[float, float, float], arrived: tuple[float, float, float], by: str = "boxes") -> Judged:
    """Of 50 boxes 20 left, and 10 came."""
    return Judged(
        place, "rtg", by, 0.5, 0.05, 0.3, (50, 40), 20, 10, 30, (Moved(*left), Moved(*arrived), Moved(31, 25, 36)),
        Moved(-9, -20, 2), (Moved(51, 45, 56), Moved(42, 37, 47)),
    )  # fmt: skip


GOOD = judged("a", left=(21, 12, 30), arrived=(9, 0, 15))
# The low end lies above what left; the end that is drawn in to 90 % no longer holds what arrived.
BAD = judged("b", left=(30, 22, 40), arrived=(16, 9.5, 30))
FOUND = BoxFlows("fast", (GOOD, GOOD, BAD), (Summed("a", (40, 20), (Moved(42, 30, 60), Moved(18, 10, 30))),))


def test_what_is_held_is_counted_with_places_as_wholes() -> None:
    rows = {row.name: row for row in flow_rows(FOUND)}
    every = rows["all by boxes"]
    assert every.intervals == 6
    assert every.held.share == pytest.approx(5 / 6)
    assert every.held_90.share == pytest.approx(4 / 6)
    assert (every.above, every.below) == pytest.approx((1 / 6, 0))
    assert every.true == pytest.approx(15)
    # Place a is off by 4/6 in all, place b by as much the other way.
    assert every.held.error == pytest.approx((2 * (4 / 6) ** 2) ** 0.5 / 6)
    assert rows["left 20 to 50%"].intervals == 6
    assert rows["boxes that stayed"].held.share == rows["sums of a place"].held.share == 1
    assert "all by counts" not in rows


def test_movements_by_counts_are_held_against_the_net_change() -> None:
    found = replace(FOUND, movements=(judged("c", left=(9, 0, 20), arrived=(0, 0, 2), by="counts"),), sums=())
    (row,) = flow_rows(found)
    assert (row.name, row.intervals, row.held.share, row.true) == ("all by counts", 2, 1, 5)


def test_tables_values_and_verdicts_say_the_same() -> None:
    head, lines = rows_table(flow_rows(FOUND))
    assert {len(line) for line in lines} == {len(head)}
    assert lines[0][2].startswith("83.3 ± ")
    values = json.loads(json.dumps(box_flow_values(FOUND)))
    assert values["flows"][0]["held"]["share"] == pytest.approx(0.8333)
    assert values["changes"][0]["name"] == change_rows(FOUND)[0].name == "all"
    assert box_flow_verdicts(FOUND)[0].startswith("MISSED: ends at 95 % hold 83.3")


def test_what_has_no_ends_holds_nothing() -> None:
    none = replace(
        GOOD, told=(Moved(21), Moved(9), Moved(31)), change=Moved(-9), counts=(Moved(51), Moved(42))
    )  # fmt: skip
    bare = BoxFlows("own", (none, replace(none, place="b")), (Summed("a", (40, 20), (Moved(42), Moved(18))),))
    assert flow_rows(bare) == change_rows(bare) == []
    assert box_flow_verdicts(bare) == [
        "no ends were told: nothing was measured for these weights",
        "errors of the two counts of one place: rank correlation - ± -",
    ]
    some = {row.name: row.intervals for row in flow_rows(replace(bare, movements=(GOOD, none)))}
    assert (some["all by boxes"], some["boxes that stayed"]) == (2, 1)


def test_errors_alike_rank_both_dates() -> None:
    movements = tuple(
        replace(GOOD, place=str(n), in_view=(50 + n, 40 + n), counts=(Moved(51, 45, 56), Moved(42, 37, 47))) for n in range(6)
    )
    assert errors_alike(BoxFlows("fast", movements, ())).share == pytest.approx(1)
