"""The demo on two small samples: counts beside the truth, and the way to the page."""

import shutil

import pytest

from sattrack import wiring
from sattrack.assets import asset_folder
from sattrack.cli import checks
from sattrack.cli.truth import read_truth
from sattrack.errors import ManifestError

_CHAIN = """
name: of the test
places: [{site_id: left, role: origin}, {site_id: far, role: destination}]
links: [{from: left, to: far, days: [1, 3]}]
"""


@pytest.fixture
def samples(scenes, site, detectors, tmp_path, monkeypatch):
    """Two scenes as the shipped samples, and a detector in place of the shipped weights."""
    folder = tmp_path / "samples"
    (folder / "place").mkdir(parents=True)
    shutil.move(scenes, folder / "place" / "images")
    shutil.copy(site, folder / "sites.geojson")
    (folder / "truth.csv").write_text("site_id,zone,scene_id,count\nleft,,may,6\nleft,quay,may,1\nleft,,june,10\n")
    (folder / "chain.yaml").write_text(_CHAIN)
    bright = wiring.Model(detector="bright_boxes:Bright")
    card, load = wiring.card_of, wiring.load_model
    monkeypatch.setattr("sattrack.assets.asset_folder", lambda _name: folder)
    monkeypatch.setattr(wiring, "card_of", lambda _model: card(bright))
    monkeypatch.setattr(wiring, "load_model", lambda _model, settings: load(bright, settings=settings))
    return folder


def test_the_demo_prints_where_the_page_is_and_how_far_it_is_off(sattrack, samples, tmp_path):
    said = sattrack("demo", "-o", tmp_path / "demo")
    assert said.code == 0
    row = next(line.split() for line in said.out.splitlines() if line.strip().startswith("Left half"))
    assert row == ["Left", "half", "2", "2", "10.0%", "20.0%"]
    assert "off by 10.0% on average, 20.0% at most, over 2 counts" in said.out
    assert f"report: {tmp_path / 'demo' / 'report.html'}" in said.out
    assert (tmp_path / "demo" / "report.html").is_file()


def test_the_demo_says_in_five_lines_what_happened_and_what_of_it_is_true(sattrack, samples, tmp_path):
    said = sattrack("demo", "-o", tmp_path / "demo").out
    lines = said[said.index("What happened") : said.index("Held against the truth")].splitlines()
    about = ("Which sites alarmed", "When first", "What must have moved", "What was not seen", "What was quiet")
    assert [line.removeprefix("- ").partition(":")[0] for line in lines if line.startswith("- ")][:5] == list(about)
    held = [line for line in said.splitlines() if line.startswith(("pass: ", "FAIL: "))]
    assert "FAIL: Left half by unnamed, 0.38 to 0.75 m: at least 0 boxes left, to pass 1,000" in held
    assert "FAIL: left to far: cannot be told" in held


def test_a_row_for_each_scene_only_when_asked(sattrack, samples, tmp_path):
    assert "may" not in sattrack("demo", "-o", tmp_path / "demo").out.partition("What happened")[0]
    said = sattrack("demo", "-o", tmp_path / "demo", "--verbose")
    rows = [line.split() for line in said.out.splitlines() if line.strip().startswith("Left half   ")]
    told = [(row[2], row[3], row[5], row[6]) for row in rows if row[2] in ("may", "june")]
    assert told == [("may", "6", "6", "+0.0%"), ("june", "8", "10", "-20.0%")]


def test_the_demo_leaves_the_benchmark_out(sattrack, samples, tmp_path):
    (samples / "benchmark" / "images").mkdir(parents=True)
    shutil.copy(samples / "place" / "images" / "may.tif", samples / "benchmark" / "images" / "kerb_80cm.tif")
    said = sattrack("demo", "-o", tmp_path / "demo", "--verbose")
    assert said.code == 0
    assert "may" in said.out
    assert "kerb_80cm" not in said.out + said.err


def test_P10_the_doctor_detects_on_the_fullest_sample(samples):
    assert checks.golden_scene() == checks.Finding(
        True, "self-test on june: 8 boxes found, 10 are there", "the weights or the installation are damaged: install again"
    )


def test_P10_weights_that_find_far_too_little_fail_the_self_test(samples):
    (samples / "truth.csv").write_text("site_id,zone,scene_id,count\nleft,,june,80\n")
    assert not checks.golden_scene().fine


def test_the_shipped_truth_has_a_count_for_every_shipped_scene():
    samples = asset_folder("samples")
    truth = read_truth(samples / "truth.csv")
    scenes = {path.stem for path in samples.glob("*/images/*.tif") if not path.stem.endswith("_mask")}
    assert {scene for _, scene in truth} == scenes
    assert len(scenes) >= 100


def test_a_truth_that_is_not_one_is_said(tmp_path):
    (tmp_path / "truth.csv").write_text("site,n\na,1\n")
    with pytest.raises(ManifestError, match="site_id"):
        read_truth(tmp_path / "truth.csv")
