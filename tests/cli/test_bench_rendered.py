"""`sattrack bench seams`, `dense` and `intervals` hand over what was asked and print what came back."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from sattrack.bench.bands import BARE
from sattrack.bench.coverage import Intervals, Judged


@pytest.fixture
def dataset(tmp_path):
    """One labelled picture with 12 white boxes, larger than a tile of the bright detector."""
    folder = tmp_path / "drawn"
    for name in ("images", "labels_obb"):
        (folder / name).mkdir(parents=True)
    picture = np.random.default_rng(0).integers(30, 60, (280, 360, 3)).astype(np.uint8)
    labels = []
    for i in range(12):
        x, y = 40 + 80 * (i % 4), 40 + 80 * (i // 4)
        picture[y : y + 5, x : x + 24] = 250
        corners = [(x, y), (x + 24, y), (x + 24, y + 5), (x, y + 5)]
        labels.append("0 " + " ".join(f"{a / 360:.6f} {b / 280:.6f}" for a, b in corners))
    cv2.imwrite(str(folder / "images" / "one.png"), picture)
    (folder / "labels_obb" / "one.txt").write_text("\n".join(labels))
    (folder / "meta.json").write_text(json.dumps({"one": {"gsd_m": 0.5}}))
    return folder


def test_seams_tells_both_errors(sattrack, dataset, detectors):
    said = sattrack("bench", "seams", dataset, "--detector", "bright_boxes:Bright", "--shifts", "2", "--json", "-q")
    assert said.code == 0, said.err
    assert [row["counts"] for row in said.json["shifts"]] == [[12, 12], [12, 12]]
    assert said.json["places"]["all"]["recall"] == 1
    said = sattrack("bench", "seams", dataset, "--detector", "bright_boxes:Bright", "--shifts", "2", "--markdown")
    assert "| one | 12 12 | 0.00 | 0.00 | 100.0% | yes |" in said.out
    assert "shift error: " in said.out


def test_dense_packs_blocks_of_the_pixel_sizes_asked_for(sattrack, detectors, monkeypatch):
    from sattrack.bench import dense

    asked = {}

    def bench(blocks, **options):
        asked.update(options, blocks=blocks)
        return dense.Density((), 3000, replace(BARE, id="m"), 0.3)

    monkeypatch.setattr(dense, "bench_dense", bench)
    said = sattrack(
        "bench",
        "dense",
        "--headings",
        "1",
        "--gsd-m",
        "0.7",
        "--first-seed",
        "9900000",
        "--detector",
        "m:D",
        "--processes",
        "1",
    )
    assert said.code == 0, said.err
    assert {b.gsd_m for b in asked["blocks"]} == {0.7}
    assert min(b.seed for b in asked["blocks"]) == 9_900_000
    assert asked["processes"] == 1
    assert "a tile may return 3000 boxes" in said.out


def test_intervals_prints_a_row_a_band_and_the_pictures_that_do_not_hold(sattrack, monkeypatch):
    from sattrack.bench import intervals

    band = {"gsd_low": 0.3, "gsd_high": 0.5, "density_low": 0.0, "density_high": 90.0}
    told = Intervals(
        "2 rendered yards", replace(BARE, measured=(band,)),
        tuple(Judged(f"y{i}", "r", "0.30-0.50 m, 0-90 /ha", true, 100, 85.0, 115.0, 100.0) for i, true in enumerate((90, 140))),
    )  # fmt: skip
    monkeypatch.setattr(intervals, "bench_rendered", lambda yards, **_options: told)
    said = sattrack("bench", "intervals", "--names", "--markdown")
    assert said.code == 0, said.err
    assert "| 0.30-0.50 m, 0-90 /ha | 2 | 230 | 50% | 2 | 15.0% | -13.0 | -13.0 | open |" in said.out
    assert "| y1 | 0.30-0.50 m, 0-90 /ha | 140 | 100 | 85 | 115 |" in said.out
    assert "y0" not in said.out
    assert sattrack("bench", "intervals", "--json", "-q").json[0]["rows"][-1]["covered"] == 0.5


@pytest.mark.parametrize("what", ["seams", "dense", "flow", "intervals", "cover"])
def test_a_seed_below_nought_is_refused_in_a_sentence(sattrack, what):
    said = sattrack("bench", what, "--first-seed", "-1")
    assert said.code == 2
    assert "--first-seed" in said.err


def test_folds_without_their_data_are_refused(sattrack, tmp_path):
    said = sattrack("bench", "intervals", "--data", tmp_path)
    assert said.code == 2
    assert said.err.startswith("error: --data and --fold go together")


def test_cover_without_data_heeds_the_seed_and_tells_its_figures_as_json(sattrack, monkeypatch):
    from sattrack.bench import cover_presence
    from sattrack.covers import Change

    asked = {}

    def drawn(count, **options):
        asked.update(options, count=count)
        same, gone = Change("before", 1.0, 2.0), Change("before", -10.0, 2.0)
        return [cover_presence.Pair(5, 0, same, same), cover_presence.Pair(5, 120, gone, same)]

    monkeypatch.setattr(cover_presence, "pairs", drawn)
    said = sattrack("bench", "cover", "--pairs", "1", "--first-seed", "5", "--json", "-q")
    assert said.code == 0, said.err
    assert asked == {"count": 1, "first_seed": 5}
    quiet, hundred = said.json
    assert quiet == {
        "what": "nothing changed", "pairs": 1, "told": 0.0, "brightness_times_noise": 0.5, "texture_times_noise": 0.5,
    }  # fmt: skip
    assert (hundred["what"], hundred["told"], hundred["brightness_times_noise"]) == ("100 to 299 boxes went", 1.0, 5.0)
    said = sattrack("bench", "cover", "--pairs", "1", "--markdown")
    assert "| 100 to 299 boxes went | 1 | 100% | 5.0 | 0.5 |" in said.out
    assert asked["first_seed"] == cover_presence.FIRST_SEED
