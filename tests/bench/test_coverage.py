"""Coverage: shares of intervals that hold, by band; a set left out is never judged by itself."""

import math
from dataclasses import replace

import numpy as np
import pytest

from sattrack.bench.bands import BARE, point_of
from sattrack.bench.coverage import (
    UNMEASURED,
    Intervals,
    Judged,
    by_band,
    covered,
    interval_coverage,
    judge,
    judge_left_out,
)
from tests.bench.measured_pictures import picture

BAND = {
    "gsd_low": 0.4, "gsd_high": 0.6, "density_low": 0.0, "density_high": 300.0, "precision": 1.0, "recall": 1.0, "n": 100.0,
    "ratio": 1.0, "spread": 0.1, "faint": 1.0,
}  # fmt: skip
CARD = replace(BARE, measured=(BAND,))


def judged(true: int, found: int, *, off: float = 0.1, dataset: str = "s", band: str = "x") -> Judged:
    return Judged("p", dataset, band, true, found, found * (1 - off), found * (1 + off), float(found))


def test_an_interval_is_toldby_the_labels_and_named_by_its_band() -> None:
    inside = judge([point_of(picture("a", true=104, found=100, hits=100), threshold=0.25)], card=CARD)
    assert inside.held
    assert inside.band == "0.40-0.60 m, 0-300 /ha"
    assert inside.half_width == pytest.approx(0.1645, rel=0.01)
    assert not judge([point_of(picture("a", true=120, found=100, hits=100), threshold=0.25)], card=CARD).held
    coarse = judge([point_of(picture("a", true=104, found=100, hits=100, gsd_m=0.8), threshold=0.25)], card=CARD)
    assert coarse.band == UNMEASURED
    assert coarse.half_width > 1.4 * inside.half_width


def test_boxes_nearly_counted_are_seen_by_the_judge_and_pictures_toldas_one_are_added() -> None:
    some = [point_of(picture("a", true=50, found=40, hits=40, faint=faint), threshold=0.25) for faint in (0, 12)]
    assert [judge([p], card=CARD).held for p in some] == [False, True]
    both = judge(some, card=CARD)
    assert (both.name, both.true, both.found) == ("a", 100, 80)


def test_figures_leave_blank_pictures_out_and_take_widths_of_full_ones_only() -> None:
    figures = covered([judged(0, 0), judged(100, 95), judged(100, 80), judged(8, 8, off=0.9), judged(0, 3)], name="all")
    assert (figures.pictures, figures.boxes, figures.wide) == (4, 208, 2)
    assert figures.covered == 0.5
    assert figures.half_width == pytest.approx(0.1)
    assert figures.error == pytest.approx(186 / 208 - 1)


@pytest.mark.parametrize(
    ("held", "missed", "off", "verdict"),
    [
        (9, 1, 0.1, "met"), (10, 0, 0.1, "open"), (200, 0, 0.1, "missed: high"), (7, 3, 0.1, "open"),
        (70, 30, 0.1, "missed: low"), (9, 1, 0.3, "missed: wide"), (70, 30, 0.3, "missed: low, wide"), (0, 0, 0.1, "-"),
    ],
)  # fmt: skip
def test_a_target_is_missed_only_where_chance_does_not_explain_it(held: int, missed: int, off: float, verdict: str) -> None:
    some = [judged(100, 100, off=off)] * held + [judged(200, 100, off=off)] * missed
    assert covered(some, name="x").verdict == verdict


def test_bands_without_pictures_are_rows_too_and_strangers_have_one_of_their_own() -> None:
    names = {"gsd_low": 0.6, "gsd_high": 0.8}
    card = replace(CARD, measured=(BAND, BAND | names))
    rows = by_band([judged(10, 10, band="0.40-0.60 m, 0-300 /ha"), judged(10, 10, band=UNMEASURED)], card=card)
    assert [(row.name, row.pictures) for row in rows] == [
        ("0.40-0.60 m, 0-300 /ha", 1), ("0.60-0.80 m, 0-300 /ha", 0), (UNMEASURED, 1), ("all", 2)
    ]  # fmt: skip
    assert math.isnan(rows[1].covered)


def test_intervals_hold_where_places_are_alike_and_the_toldset_never_judges_itself() -> None:
    rng = np.random.default_rng(1)
    alike = [
        picture(name, true=80, found=80 - int(miss), hits=80 - int(miss))
        for name in "abcdefgh"
        for miss in rng.binomial(80, 0.1, 4)
    ]
    shares = interval_coverage(alike, threshold=0.25)
    assert shares["pictures"] >= 0.9
    assert 0.05 < shares["half_width"] < 0.3
    odd = [picture("z", true=80, found=20, hits=20) for _ in range(4)]
    told = judge_left_out([*alike[:8], *odd], threshold=0.25)
    assert {j.dataset for j in told.sets if not j.held} == {"z"}
    assert [j.dataset for j in told.pictures].count("z") == 4
    assert [row.name for row in told.rows()][-2:] == ["all", "sets, each as one count"]


def test_a_single_set_is_judged_by_no_other_and_blank_pictures_do_not_count_as_held() -> None:
    one = [picture("a", true=80, found=78, hits=78) for _ in range(4)]
    judged_alone = judge_left_out(one, threshold=0.25)
    assert [*judged_alone.pictures, *judged_alone.sets] == []
    assert [(row.name, row.pictures, row.verdict) for row in judged_alone.rows()][-1] == ("all", 0, "-")
    assert all(math.isnan(share) for share in interval_coverage(one, threshold=0.25).values())
    blank = [picture("sea", true=0, found=0, hits=0) for _ in range(40)]
    other = [picture("z", true=80, found=20, hits=20) for _ in range(4)]
    assert (
        interval_coverage([*one, *other, *blank], threshold=0.25)["pictures"]
        == interval_coverage([*one, *other, *blank[:1]], threshold=0.25)["pictures"]
    )


def test_pictures_where_nothing_stands_have_a_row_of_their_own_if_anything_was_found() -> None:
    both = Intervals("t", CARD, (judged(0, 0), judged(0, 7), judged(10, 10, band="0.40-0.60 m, 0-300 /ha")))
    assert [(row.name, row.pictures) for row in both.rows()] == [
        ("0.40-0.60 m, 0-300 /ha", 1), ("all", 1), ("no box stands there, some found", 1)
    ]  # fmt: skip
