"""The shipped reader of cover: its card, its size, and what it reads of yards and bare ground that it never saw."""

import itertools
import json

import numpy as np
import pytest

from sattrack.assets import asset_folder
from sattrack.bench.cover import FIRST_SEED, records_of
from sattrack.bench.cover_bands import held, judged_by
from sattrack.bench.cover_scenes import Fine, rendered_pictures
from sattrack.steps.judging import AREA_PX, COUNT_PX, WIDTH_M
from sattrack.wiring import COVER_WEIGHTS, make_area_reader

FOLDER = asset_folder("weights")


def test_the_card_names_every_source_with_its_terms_and_is_of_these_weights() -> None:
    card, _ = make_area_reader()
    assert card.id == f"{COVER_WEIGHTS}-{card.sha256[:8]}"
    assert card.licence == "AGPL-3.0-or-later"
    assert len(card.trained_on) >= 8
    assert all(row["terms"] for row in card.trained_on)
    assert all(row.get("left_out", "") == "" for row in card.trained_on), "the weights for use saw every set"
    page = (FOLDER / "cover.md").read_text()
    assert card.sha256 in page
    assert all(row["terms"] in page for row in card.trained_on)


def test_bands_reach_over_all_that_is_read_for_area() -> None:
    card, _ = make_area_reader()
    for gray in (0.0, 1.0):
        rows = sorted((b["gsd_low"], b["gsd_high"]) for b in card.bands if b["gray"] == gray)
        assert rows[0][0] <= WIDTH_M / COUNT_PX
        assert rows[-1][1] >= WIDTH_M / AREA_PX
        assert all(a[1] == b[0] for a, b in itertools.pairwise(rows))
    for band in card.bands:
        assert band["low"] < band["ratio"] < band["high"]
        assert band["false_m2_ha"] > 0
        assert band["places"] >= 15
    assert 12 < card.footprint_m2[0] < card.footprint_m2[1] < 35


def test_all_of_it_is_small() -> None:
    sizes = {suffix: (FOLDER / f"{COVER_WEIGHTS}{suffix}").stat().st_size for suffix in (".npz", ".json", ".md")}
    assert sum(sizes.values()) < 60_000
    json.loads((FOLDER / "cover.json").read_text())


@pytest.mark.slow
def test_rendered_yards_lie_within_their_intervals_as_often_as_is_said() -> None:
    card, _ = make_area_reader()
    records = records_of(rendered_pictures(6, first_seed=FIRST_SEED + 1000), weights="", gsds_m=(1.5, 3.0))
    assert held("rendered", judged_by(records, card=card)).area > 0.7


def test_bare_ground_and_water_are_read_as_bare() -> None:
    rng = np.random.default_rng(0)
    water = rng.normal(60, 4, (300, 300, 3)) + np.linspace(0, 12, 300)[:, None, None]
    # Without a quay grain would be all that there is to be stretched, and is read as covered: docs/coarse.md.
    water[:80] += 120
    water = np.clip(water, 0, 255).astype(np.uint8)
    records = records_of([("drawn", Fine("water", water, (0.6, 0.6), np.zeros((0, 4, 2))))], weights="", gsds_m=(1.5, 3.0, 4.5))
    card, _ = make_area_reader()
    limit = max(band["false_m2_ha"] for band in card.bands)
    assert all(one.read / one.seen * 1e4 < limit for one in records)
