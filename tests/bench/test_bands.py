from pathlib import Path

import numpy as np
import pytest

from sattrack.bench.accuracy import Measured
from sattrack.bench.bands import LEAST_SPREAD, interval_coverage, measured_bands
from sattrack.bench.datasets import LabelledImage
from sattrack.bench.scoring import Scored
from sattrack.detections import Detections
from sattrack.results import ModelCard
from sattrack.steps.estimating import crowding, interval_for


def lattice(count: int, *, apart_m: float, gsd_m: float) -> Detections:
    """Boxes of a pixel's size on a square lattice."""
    side = int(np.ceil(np.sqrt(max(count, 1))))
    middles = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2)[:count] * (apart_m / gsd_m) + 5
    corners = middles[:, None] + np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    return Detections(corners, np.full(count, 0.9, np.float32), np.zeros(count, np.int32))


def picture(dataset: str, *, true: int, found: int, hits: int, gsd_m: float = 0.5, apart_m: float = 10.0) -> Measured:
    image = LabelledImage(dataset, f"{dataset}_x", Path("x.png"), (gsd_m, gsd_m), (400, 400), np.zeros((true, 4, 2)), ())
    claims = np.arange(found) < hits
    scored = Scored(true, np.full(found, 0.9, np.float32), np.stack([claims, claims]))
    return Measured(image, lattice(found, apart_m=apart_m, gsd_m=gsd_m), scored)


def place(
    name: str, *, ratio: float = 1.0, gsd_m: float = 0.5, true: int = 50, apart_m: float = 10.0, pictures: int = 3
) -> list[Measured]:
    found = round(true * ratio)
    return [picture(name, true=true, found=found, hits=min(found, true), gsd_m=gsd_m, apart_m=apart_m) for _ in range(pictures)]


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
    # log(1.1 / 0.9) / 2 = 0.1 between the two places, less chance, and as for three places rather than two.
    assert 0.08 < row["spread"] < 0.16


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
                out.append(picture(name, true=80, found=found, hits=found))
        return out

    def overall(values: list[Measured]) -> float:
        rows = measured_bands(values, threshold=0.25)
        return float(np.average([r["spread"] for r in rows], weights=[r["n"] for r in rows]))

    assert overall(measured(0.0)) == pytest.approx(LEAST_SPREAD)
    assert 0.12 < overall(measured(0.15)) < 0.2


def test_empty_places_and_places_where_nothing_was_found_stay_finite() -> None:
    measured = [*place("a"), *place("b"), picture("c", true=0, found=0, hits=0), picture("d", true=5, found=0, hits=0)]
    rows = measured_bands(measured, threshold=0.25)
    assert all(np.isfinite(list(row.values())).all() for row in rows)
    assert measured_bands([], threshold=0.25) == ()


def test_intervals_hold_where_places_are_alike_and_the_judged_set_never_judges_itself() -> None:
    rng = np.random.default_rng(1)
    alike = [
        picture(name, true=80, found=80 - int(miss), hits=80 - int(miss))
        for name in "abcdefgh"
        for miss in rng.binomial(80, 0.1, 4)
    ]
    covered = interval_coverage(alike, threshold=0.25)
    assert covered["pictures"] >= 0.9
    assert 0.05 < covered["half_width"] < 0.3
    odd = [picture("z", true=80, found=20, hits=20) for _ in range(4)]
    worse = interval_coverage([*alike[:8], *odd], threshold=0.25)
    assert worse["sets"] < 1
