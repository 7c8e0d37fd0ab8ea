from pathlib import Path

import numpy as np
import pytest

from sattrack.bench.accuracy import Measured
from sattrack.bench.bands import LEAST_SPREAD, interval_coverage, measured_bands
from sattrack.bench.datasets import LabelledImage
from sattrack.bench.scoring import Scored
from sattrack.detections import Detections
from sattrack.results import ModelCard
from sattrack.steps.estimating import interval_for


def picture(dataset: str, *, true: int, found: int, hits: int, gsd_m: float = 0.5, area_ha: float = 1.0) -> Measured:
    side = round((area_ha * 1e4) ** 0.5 / gsd_m)
    image = LabelledImage(dataset, f"{dataset}_x", Path("x.png"), (gsd_m, gsd_m), (side, side), np.zeros((true, 4, 2)), ())
    claims = np.arange(found) < hits
    return Measured(image, Detections.none(), Scored(true, np.full(found, 0.9, np.float32), np.stack([claims, claims])))


def place(name: str, *, ratio: float = 1.0, gsd_m: float = 0.5, density: int = 50, pictures: int = 3) -> list[Measured]:
    found = round(density * ratio)
    return [picture(name, true=density, found=found, hits=min(found, density), gsd_m=gsd_m) for _ in range(pictures)]


def test_a_row_holds_what_a_model_card_needs() -> None:
    rows = measured_bands([*place("a", ratio=0.9), *place("b", ratio=1.1)], threshold=0.25)
    assert len(rows) == 1
    row = rows[0]
    assert (row["gsd_low"], row["gsd_high"]) == (0.5, 0.51)
    assert row["density_low"] <= 45 <= 55 <= row["density_high"]
    assert row["precision"] == pytest.approx((3 * 45 + 3 * 50) / 300)
    assert row["recall"] == pytest.approx((3 * 45 + 3 * 50) / 300)
    assert row["n"] == 300
    # log(1.1 / 0.9) / 2 = 0.1 between the two places, less chance, and as for three places rather than two.
    assert 0.08 < row["spread"] < 0.16


def test_bands_part_by_pixel_size_and_density_and_hold_every_picture() -> None:
    measured = [
        *place("a", gsd_m=0.3), *place("b", gsd_m=0.3), *place("c", gsd_m=0.6), *place("d", gsd_m=0.6),
        *place("e", gsd_m=0.6, density=150), *place("f", gsd_m=0.6, density=150),
    ]  # fmt: skip
    rows = measured_bands(measured, threshold=0.25)
    assert [r["gsd_low"] for r in rows] == [0.3, 0.6, 0.6]
    assert [r["density_low"] for r in rows] == pytest.approx([50, 50, 150], abs=1)
    assert sum(r["n"] for r in rows) == sum(m.scored.n_true for m in measured)
    card = ModelCard("m", "", ("container",), 0.2, 640, 0.25, measured=rows)
    for m in measured:
        density = len(m.scored.scores) / m.area_ha
        said = interval_for(len(m.scored.scores), card=card, gsd_m=m.image.gsd_m[0], density=density).method
        assert "nearest" not in said


def test_a_thin_band_joins_its_neighbour() -> None:
    measured = [*place("a", gsd_m=0.3, pictures=1), *place("b", gsd_m=0.5), *place("c", gsd_m=0.5), *place("d", gsd_m=0.8)]
    rows = measured_bands(measured, threshold=0.25)
    assert [(r["gsd_low"], r["gsd_high"]) for r in rows] == [(0.3, 0.81)]
    assert rows[0]["n"] == 50 * 10


def test_no_band_is_surer_than_its_labels() -> None:
    rows = measured_bands([*place("a"), *place("b")], threshold=0.25)
    assert rows[0]["spread"] == LEAST_SPREAD


def test_chance_alone_gives_no_spread_but_places_that_differ_do() -> None:
    rng = np.random.default_rng(0)

    def measured(sigma: float) -> list[Measured]:
        out = []
        for name in "abcdefghijklmnop":
            recall = np.clip(0.85 * np.exp(rng.normal(0, sigma)), 0, 1)
            for _ in range(4):
                found = int(rng.binomial(80, recall))
                out.append(picture(name, true=80, found=found, hits=found, area_ha=1.6))
        return out

    def overall(values: list[Measured]) -> float:
        rows = measured_bands(values, threshold=0.25)
        return float(np.average([r["spread"] for r in rows], weights=[r["n"] for r in rows]))

    assert overall(measured(0.0)) < 0.07
    assert 0.08 < overall(measured(0.15)) < 0.2


def test_empty_places_and_places_where_nothing_was_found_stay_finite() -> None:
    measured = [*place("a"), *place("b"), picture("c", true=0, found=0, hits=0), picture("d", true=5, found=0, hits=0)]
    rows = measured_bands(measured, threshold=0.25)
    assert all(np.isfinite(list(row.values())).all() for row in rows)
    assert measured_bands([], threshold=0.25) == ()


def test_intervals_hold_where_places_are_alike_and_the_judged_set_never_judges_itself() -> None:
    rng = np.random.default_rng(1)
    alike = [
        picture(name, true=80, found=80 - int(miss), hits=80 - int(miss), area_ha=1.6)
        for name in "abcdefgh"
        for miss in rng.binomial(80, 0.1, 4)
    ]
    covered = interval_coverage(alike, threshold=0.25)
    assert covered["pictures"] >= 0.9
    assert 0.05 < covered["half_width"] < 0.3
    odd = [picture("z", true=80, found=20, hits=20, area_ha=1.6) for _ in range(4)]
    worse = interval_coverage([*alike[:8], *odd], threshold=0.25)
    assert worse["sets"] < 1
