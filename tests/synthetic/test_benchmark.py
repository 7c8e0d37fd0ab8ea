"""The shipped drawn benchmark: what it spans, that it can be drawn again, and that training never sees its places."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from sattrack.bench.datasets import read_dataset
from sattrack.synthetic.benchmark import ORDERS
from sattrack.synthetic.labelled_set import about, obb_lines
from sattrack.synthetic.seeds import BENCHMARK_SEED, FIRST_KEPT_SEED, SAMPLES_SEED, SETS_SEED
from sattrack.training.recipes import RenderedSource

FOLDER = Path(__file__).parent.parent.parent / "samples" / "benchmark"
META = json.loads((FOLDER / "meta.json").read_text())


def test_it_is_small_and_whole():
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 3e6
    images = read_dataset(FOLDER)
    assert {image.name for image in images} == {order.name for order in ORDERS} == set(META)
    assert sum(len(image.truth) for image in images) == sum(one["n_containers"] for one in META.values())


@pytest.mark.parametrize("place", [3, 13, 19])
def test_pictures_drawn_again_are_those_that_are_shipped(place):
    order = ORDERS[place]
    drawn = order.drawn()
    kept = cv2.imread(str(FOLDER / "images" / f"{order.name}.png"))[..., ::-1]
    # Another version of the JPEG coder may differ by a level here and there.
    assert np.abs(kept.astype(int) - drawn.picture).mean() < 0.5
    assert (FOLDER / "labels_obb" / f"{order.name}.txt").read_text() == obb_lines(drawn.quads, shape=(256, 256))
    assert META[order.name] == about(drawn, seed=order.seed)


def test_each_pixel_size_has_crowds_a_few_and_none_in_gray_or_colour():
    for gsd_m in (0.3, 0.5, 0.65, 0.8):
        numbers = [one["n_containers"] for one in META.values() if one["gsd_m"] == gsd_m]
        assert min(numbers) == 0
        assert max(numbers) >= 50
        assert any(0 < n < 40 for n in numbers)
        assert {one["sensor"] for one in META.values() if one["gsd_m"] == gsd_m} == {"pan", "colour"}


def test_sun_view_heading_and_haze_are_spread_wide():
    def span(name):
        values = [one[name] for one in META.values() if one[name] is not None]
        return min(values), max(values)

    assert span("sun_elevation_deg")[0] < 30 < 70 < span("sun_elevation_deg")[1]
    assert span("off_nadir_deg")[0] < 3 < 25 < span("off_nadir_deg")[1]
    assert span("bearing_deg")[0] < 30 < 150 < span("bearing_deg")[1]
    assert span("haze")[0] < 0.02 < 0.4 < span("haze")[1]


def test_its_seeds_are_kept_from_training():
    assert FIRST_KEPT_SEED <= BENCHMARK_SEED < BENCHMARK_SEED + len(ORDERS) < SETS_SEED < SAMPLES_SEED
    assert [order.seed for order in ORDERS] == list(range(BENCHMARK_SEED, BENCHMARK_SEED + len(ORDERS)))
    with pytest.raises(ValueError, match="less than"):
        RenderedSource(count=1, first_seed=BENCHMARK_SEED, weight=1.0)
