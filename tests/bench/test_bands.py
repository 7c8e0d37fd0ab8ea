from dataclasses import replace

import numpy as np
import pytest

from sattrack.bench.accuracy import Measured
from sattrack.bench.bands import LEAST_WIDTH, MOST_WIDTH, SURE_SPREAD, measured_bands
from sattrack.results import ModelCard
from sattrack.steps.estimating import crowding, interval_for
from tests.bench.measured_pictures import picture, place


def test_a_row_holds_what_a_model_card_needs() -> None:
    rows = measured_bands([*place("a", ratio=0.9), *place("b", ratio=1.1)], threshold=0.25)
    assert len(rows) == 1
    row = rows[0]
    assert (row["gsd_low"], row["gsd_high"]) == (0.5, 0.51)
    # A box every 10 m each way is nine within 15 m, 127 a hectare, less at the lattice's edge.
    assert row["density_low"] == 0
    assert 60 < row["density_high"] < 130
    assert row["precision"] == pytest.approx((3 * 45 + 3 * 50) / 300)
    assert row["recall"] == pytest.approx((3 * 45 + 3 * 50) / 300)
    assert row["n"] == 300
    assert row["ratio"] == pytest.approx(1, abs=0.01)
    # Six pictures cannot say what nine of ten do.
    assert row["faint"] == MOST_WIDTH
    assert row["spread"] == pytest.approx(SURE_SPREAD * MOST_WIDTH)


def test_bands_part_by_pixel_size_and_density_and_hold_every_picture() -> None:
    measured = [
        *place("a", gsd_m=0.3), *place("b", gsd_m=0.3), *place("c", gsd_m=0.6), *place("d", gsd_m=0.6),
        *place("e", gsd_m=0.6, apart_m=6), *place("f", gsd_m=0.6, apart_m=6),
    ]  # fmt: skip
    rows = measured_bands(measured, threshold=0.25)
    # Bands meet half-way, so that no pixel size between two of them is a stranger.
    assert [(r["gsd_low"], r["gsd_high"]) for r in rows] == [(0.3, 0.45), (0.45, 0.61), (0.45, 0.61)]
    assert [r["density_low"] == 0 for r in rows] == [True, True, False]
    assert rows[1]["density_high"] == rows[2]["density_low"]
    assert sum(r["n"] for r in rows) == sum(m.scored.n_true for m in measured)
    card = ModelCard("m", "", ("container",), 0.2, 640, 0.25, measured=rows)
    for m in measured:
        density = crowding(m.found.centres() * m.image.gsd_m[0])
        said = interval_for(len(m.scored.scores), card=card, gsd_m=m.image.gsd_m[0], density=density).method
        assert "nearest" not in said


def test_a_thin_band_joins_its_neighbour() -> None:
    measured = [*place("a", gsd_m=0.3, pictures=1), *place("b", gsd_m=0.5), *place("c", gsd_m=0.5), *place("d", gsd_m=0.8)]
    rows = measured_bands(measured, threshold=0.25)
    assert [(r["gsd_low"], r["gsd_high"]) for r in rows] == [(0.3, 0.81)]
    assert rows[0]["n"] == 50 * 10


def test_no_band_is_surer_than_its_labels() -> None:
    rows = measured_bands([m for name in "abcd" for m in place(name)], threshold=0.25)
    assert rows[0]["spread"] == pytest.approx(SURE_SPREAD * LEAST_WIDTH)


def test_chance_alone_gives_no_spread_but_places_that_differ_do() -> None:
    rng = np.random.default_rng(0)

    def measured(sigma: float) -> list[Measured]:
        out = []
        for name in "abcdefghijklmnop":
            recall = np.clip(0.85 * np.exp(rng.normal(0, sigma)), 0, 1)
            for _ in range(4):
                found = int(rng.binomial(80, recall))
                out.append(picture(name, true=80, found=found, hits=found))
        return out

    def spread(values: list[Measured]) -> float:
        return measured_bands(values, threshold=0.25)[0]["spread"]

    # Of a bias of 15 % that all sixteen places share, a fifth is not believed yet.
    assert SURE_SPREAD * LEAST_WIDTH <= spread(measured(0.0)) < 0.06
    # The clipped recalls leave less than was drawn.
    assert 0.08 < spread(measured(0.15)) < 0.2


def test_where_counts_are_off_as_many_boxes_are_faint_these_bear_the_width() -> None:
    sure = [m for name in "abcdefgh" for m in place(name)]
    off = [picture(name, true=50, found=30, hits=30, faint=20) for name in "ijklmnop" for _ in range(3)]
    told = measured_bands([*sure, *off], threshold=0.25)[0]
    assert told["faint"] == LEAST_WIDTH
    blind = [picture(name, true=50, found=30, hits=30) for name in "ijklmnop" for _ in range(3)]
    assert measured_bands([*sure, *blind], threshold=0.25)[0]["spread"] > 2 * told["spread"]


def test_empty_places_and_places_where_nothing_was_found_stay_finite() -> None:
    measured = [*place("a"), *place("b"), picture("c", true=0, found=0, hits=0), picture("d", true=5, found=0, hits=0)]
    rows = measured_bands(measured, threshold=0.25)
    assert all(np.isfinite(list(row.values())).all() for row in rows)
    assert all(row["faint"] <= MOST_WIDTH for row in rows)
    assert measured_bands([], threshold=0.25) == ()


def test_the_score_of_a_sure_box_is_reached_by_the_surest_of_nearly_all_pictures() -> None:
    def pictures(surest: list[float]) -> list[Measured]:
        alike = picture("a", true=3, found=3, hits=3)
        return [replace(alike, scored=replace(alike.scored, scores=np.float32([top, 0.3, 0.3]))) for top in surest]

    tops = [0.5, 0.73, *np.linspace(0.8, 0.9, 64)]
    assert [row["sure"] for row in measured_bands(pictures(tops), threshold=0.25)] == [0.7]
    assert [row["sure"] for row in measured_bands(pictures(tops[:40]), threshold=0.25)] == [0.5]
    # Too few to tell what one in thirty-three does.
    assert [row["sure"] for row in measured_bands(pictures(tops[:30]), threshold=0.25)] == [0.0]
    # Pictures without containers, and those of which none is counted, tell nothing.
    empty = [picture("b", true=0, found=2, hits=0), picture("c", true=5, found=0, hits=0)] * 20
    assert measured_bands([*pictures(tops), *empty], threshold=0.25)[0]["sure"] == 0.7
