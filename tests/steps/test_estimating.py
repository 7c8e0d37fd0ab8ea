from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sattrack.results import ModelCard
from sattrack.steps.estimating import NOT_MEASURED, crowding, interval_for

BAND = {
    "gsd_low": 0.2, "gsd_high": 0.5, "density_low": 0.0, "density_high": 100.0, "precision": 0.9, "recall": 0.8,
    "n": 12.0, "spread": 0.1,
}  # fmt: skip
COARSE = BAND | {"gsd_low": 0.5, "gsd_high": 0.8, "precision": 0.7, "recall": 0.6}
CARD = ModelCard("m", "", ("container",), 0.2, 640, 0.25, measured=(BAND, COARSE))


def test_weights_without_measurements_have_no_interval() -> None:
    said = interval_for(50, card=replace(CARD, measured=()), gsd_m=0.3, density=10)
    assert (said.low, said.high, said.method) == (None, None, NOT_MEASURED)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 20_000), st.floats(0.05, 3), st.floats(0, 500))
def test_an_interval_always_holds_the_count_and_is_never_below_zero(count: int, gsd: float, density: float) -> None:
    said = interval_for(count, card=CARD, gsd_m=gsd, density=density)
    assert said.low is not None
    assert said.high is not None
    assert 0 <= said.low <= count <= said.high


def test_the_truth_that_precision_and_recall_tell_lies_in_the_interval() -> None:
    said = interval_for(1000, card=CARD, gsd_m=0.3, density=10)
    assert said.low is not None
    assert said.high is not None
    assert said.low < 1000 * 0.9 / 0.8 < said.high
    assert said.method == "transferred from the benchmark (model card)"


def test_finding_nothing_does_not_mean_that_nothing_stands_there() -> None:
    said = interval_for(0, card=CARD, gsd_m=0.3, density=0)
    assert said.low == 0
    assert said.high is not None
    assert said.high > 0.5


def test_the_band_of_the_pixel_size_is_used_and_a_far_one_is_said() -> None:
    fine, coarse = (interval_for(200, card=CARD, gsd_m=gsd, density=10) for gsd in (0.3, 0.7))
    assert fine.high is not None
    assert coarse.high is not None
    assert coarse.high > fine.high
    assert "nearest band" in interval_for(200, card=CARD, gsd_m=1.1, density=10).method
    assert "nearest band" in interval_for(200, card=CARD, gsd_m=0.3, density=400).method


def test_a_wider_spread_between_places_gives_a_wider_interval() -> None:
    calm, wild = (
        interval_for(500, card=replace(CARD, measured=(BAND | {"spread": spread},)), gsd_m=0.3, density=10)
        for spread in (0.05, 0.4)
    )
    assert calm.high is not None
    assert wild.high is not None
    assert wild.high - 500 > 2 * (calm.high - 500) > 0
    assert calm.high == pytest.approx(562.5 + 1.645 * 34.9, rel=0.05)


def test_where_nothing_was_measured_the_widest_spread_holds() -> None:
    card = replace(CARD, measured=(BAND | {"spread": 0.3}, COARSE))
    near, far = (interval_for(200, card=card, gsd_m=gsd, density=10) for gsd in (0.75, 0.85))
    (near_low, near_high), (far_low, far_high) = ((said.low or 0.0, said.high or 0.0) for said in (near, far))
    assert far_high - far_low > 2 * (near_high - near_low) > 0


def test_boxes_that_were_nearly_counted_widen_the_interval_also_where_none_was_counted() -> None:
    card = replace(CARD, measured=(BAND | {"spread": 0.03, "faint": 0.75, "ratio": 1.0},))
    sure, unsure = (interval_for(100, card=card, gsd_m=0.3, density=10, faint=faint) for faint in (0, 40))
    assert (sure.high or 0) - 100 < 12
    assert (unsure.high or 0) - 100 == pytest.approx(1.645 * 0.75 * 40, rel=0.1)
    nothing = [interval_for(0, card=card, gsd_m=0.3, density=0, faint=faint) for faint in (0, 20)]
    assert (nothing[1].high or 0) == pytest.approx(1.645 * 0.75 * 20, rel=0.02)
    assert (nothing[0].high or 0) < 1


def test_a_card_from_before_faint_boxes_were_weighed_is_still_understood() -> None:
    few, many = (interval_for(100, card=CARD, gsd_m=0.3, density=10, faint=faint) for faint in (0, 40))
    assert few == many


def test_a_ratio_says_what_a_count_stands_for() -> None:
    card = replace(CARD, measured=(BAND | {"ratio": 1.2},))
    said = interval_for(1000, card=card, gsd_m=0.3, density=10)
    assert ((said.low or 0) + (said.high or 0)) / 2 == pytest.approx(1200, abs=1)


def test_crowding_does_not_change_with_how_widely_a_site_is_drawn() -> None:
    row = np.array([[3.0 * i, 0.0] for i in range(40)])
    alone = np.array([[5000.0, 5000.0]])
    assert crowding(np.zeros((0, 2))) == 0
    assert crowding(alone) == pytest.approx(1 / (np.pi * 15**2 / 1e4))
    # Eleven boxes within 15 m of one in the middle of a row, fewer at its ends.
    assert 9 < crowding(row) / crowding(alone) < 11
    far = np.concatenate([row, row + np.array([0, 2000.0])])
    assert crowding(far) == pytest.approx(crowding(row))


def test_where_no_box_is_sure_the_interval_begins_at_none() -> None:
    card = replace(CARD, measured=(BAND | {"sure": 0.7}, COARSE | {"sure": 0.7}))
    unsure, sure = (interval_for(40, card=card, gsd_m=0.3, density=10, surest=surest) for surest in (0.69, 0.7))
    assert (unsure.low, unsure.high, unsure.doubted) == (0, sure.high, True)
    assert unsure.method.endswith("from none on: no box is sure")
    assert (sure.low or 0) > 25
    assert not sure.doubted
    assert not interval_for(0, card=card, gsd_m=0.3, density=0, surest=0.0).doubted
    # A card from before this was measured says nothing of it.
    assert not interval_for(40, card=CARD, gsd_m=0.3, density=10, surest=0.3).doubted
