"""What a benchmark writes into a card: plain figures, and those of several views beside them."""

from dataclasses import replace

import numpy as np
import pytest

from sattrack.bench.carding import HeldOut, card_page, carded
from sattrack.bench.coverage import Intervals
from sattrack.bench.figures import THRESHOLDS, Figures, figures_of
from sattrack.bench.scoring import IOUS, Scored
from sattrack.results import ModelCard

CARD = ModelCard("fast-1", "ab", ("container",), 0.2, 640, 0.35, name="fast", measured=({"n": 5.0},), figures=({"set": "old"},))


def figures(name: str, *, true: int, scores: list[float]) -> Figures:
    hits = np.ones((len(IOUS), len(scores)), bool)
    return figures_of([Scored(true, np.array(scores, np.float32), hits)], name=name, gsd_m=[0.5], threshold=0.35)


def held_out() -> HeldOut:
    rows = (figures("a", true=4, scores=[0.9] * 4 + [0.42]), figures("b", true=4, scores=[0.9] * 3))
    intervals = Intervals("x", replace(CARD, measured=({"n": 8.0},)), ())
    whole = figures("all", true=8, scores=[0.9] * 7 + [0.42])
    return HeldOut(rows, {"a": "fold-1", "b": "fold-2"}, whole, intervals)


def test_a_careful_measurement_leaves_the_plain_one_as_it_is() -> None:
    new = carded(CARD, held_out(), threshold=0.4, careful=True)
    assert (new.threshold, new.measured, new.figures) == (0.35, ({"n": 5.0},), ({"set": "old"},))
    assert (new.threshold_careful, new.measured_careful) == (0.4, ({"n": 8.0},))
    assert [row["set"] for row in new.figures_careful] == ["a", "b", "all"]
    again = carded(new, held_out(), threshold=0.3)
    assert (again.threshold, again.measured) == (0.3, ({"n": 8.0},))
    assert (again.threshold_careful, again.figures_careful) == (0.4, new.figures_careful)


def test_the_page_shows_careful_figures_only_where_there_are_some() -> None:
    assert "careful" not in card_page(CARD)
    page = card_page(carded(CARD, held_out(), threshold=0.4, careful=True))
    assert "from a score of 0.35, with `--careful` from 0.4\n" in page
    assert "## Measured on places not seen, with `--careful`" in page
    assert "| b | 0.5 | 1 | 4 | 3 | -25.0 |" in page
    assert "| 8 |" in page


def test_what_does_not_exist_is_a_dash_and_rows_may_hold_different_figures() -> None:
    held = held_out()
    sea = figures("sea", true=0, scores=[0.9])
    exports = ({"backend": "openvino", "passed": True}, {"backend": "openvino", "instructions": "vnni", "passed": False})
    card = replace(carded(CARD, replace(held, rows=(sea,), by={"sea": "fold|1"}), threshold=0.4), exports=exports)
    for one in (card, replace(card, figures=tuple({**row, "ap30": None} for row in card.figures))):
        page = card_page(one)
        assert "| sea | 0.5 | 1 | 0 | 1 | - | 1.0 | - | - | - | fold\\|1 |" in page
        assert "| openvino | True | - |\n| openvino | False | vnni |" in page


def test_a_threshold_is_chosen_by_how_far_sets_are_off_on_average() -> None:
    error = held_out().set_error_pct
    assert tuple(error) == THRESHOLDS
    assert (error[0.35], error[0.45]) == pytest.approx((25.0, 12.5))


def test_a_set_without_boxes_has_no_say_in_the_threshold() -> None:
    held = held_out()
    sea = figures("sea", true=0, scores=[0.9])
    assert replace(held, rows=(*held.rows, sea)).set_error_pct == held.set_error_pct
    assert np.isnan([*replace(held, rows=(sea,)).set_error_pct.values()]).all()
