"""`sattrack detect` through the real entry point, with a detector that finds what is bright."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sattrack.detections import Detections
from sattrack.geometry import quads_from_xywhr
from sattrack.stores.folder import packed
from tests.cli.conftest import write_scene
from tests.stores.test_folder import part

BRIGHT = ("--detector", "bright_boxes:Bright", "--no-report")


def test_counts_per_site_and_scene_are_printed_on_stdout(sattrack, scenes, site, detectors, tmp_path):
    said = sattrack("detect", scenes, "--sites", site, "-o", tmp_path / "run", *BRIGHT)
    assert said.code == 0
    assert said.err == ""
    rows = [line.split() for line in said.out.splitlines() if "Left half" in line]
    assert [(row[3], row[6], row[-2], row[-1]) for row in rows] == [("may", "6", "100%", "done"), ("june", "8", "100%", "done")]
    assert "no interval was measured" in said.out
    assert (tmp_path / "run" / "counts.csv").is_file()


def test_json_is_the_only_thing_on_stdout(sattrack, scenes, site, detectors, tmp_path):
    said = sattrack("detect", scenes, "--sites", site, "-o", tmp_path / "run", "--json", *BRIGHT)
    assert [(c["site_id"], c["scene_id"], c["count"]) for c in said.json["counts"]] == [("left", "may", 6), ("left", "june", 8)]
    assert {s["scene_id"]: s["boxes"] for s in said.json["scenes"]} == {"may": 12, "june": 16}
    assert said.json["report"] is None


def test_without_sites_each_scene_is_its_own_site(sattrack, scenes, detectors, tmp_path):
    said = sattrack("detect", scenes, "-o", tmp_path / "run", "--json", *BRIGHT)
    assert {c["site_id"]: c["count"] for c in said.json["counts"]} == {"may": 12, "june": 16}


def test_scenes_that_a_run_had_counted_and_a_later_call_does_not_name_are_told(sattrack, scenes, site, detectors, tmp_path):
    def notes(*inputs):
        said = sattrack("detect", *inputs, "--sites", site, "-o", tmp_path / "run", *BRIGHT)
        assert said.code == 0
        return said.err

    assert notes(scenes) == ""
    told = "note: 1 scene counted in this run before, not named now, and in none of its counts: name all each time\n"
    assert notes(scenes / "june.tif") == told
    assert told.strip().removeprefix("note: ") in json.loads((tmp_path / "run" / "run.json").read_text())["notes"]
    assert notes(scenes) == ""
    # One that is called otherwise now, and one whose file holds something else, are named all the same.
    (scenes / "may.tif").rename(scenes / "a.tif")
    write_scene(scenes / "june.tif", boxes=4, seed=9)
    assert notes(scenes) == ""


def test_flags_override_the_settings_file_and_the_file_overrides_defaults(sattrack, scenes, detectors, tmp_path):
    settings = tmp_path / "settings.yaml"
    settings.write_text("threshold: 0.5\nmin_observed: 0.25\n")
    said = sattrack("detect", scenes, "-o", tmp_path / "run", "--config", settings, "--json", *BRIGHT)
    assert said.json["threshold"] == 0.5
    assert {c["site_id"]: c["count"] for c in said.json["counts"]} == {"may": 6, "june": 8}
    said = sattrack("detect", scenes, "-o", tmp_path / "run", "--config", settings, "--threshold", "0.3", "--json", *BRIGHT)
    assert said.json["threshold"] == 0.3


def test_a_bad_scene_is_named_with_its_reason_and_the_others_are_counted(sattrack, scenes, detectors, tmp_path):
    (scenes / "page.tif").write_text("<html>404</html>")
    write_scene(scenes / "plain.tif", boxes=4, crs=None, seed=3)
    said = sattrack("detect", scenes, "-o", tmp_path / "run", "--json", *BRIGHT)
    assert said.code == 3
    assert {s["part"]: s["status"] for s in said.json["scenes"]} == {
        "june": "done", "may": "done", "page": "failed", "plain": "refused",
    }  # fmt: skip
    lines = said.err.splitlines()
    assert any(line.startswith("failed: page: ") and "HTML" in line for line in lines)
    assert any(line.startswith("refused: plain: ") and "--gsd-m" in line for line in lines)
    assert lines[-1] == "2 of 4 scenes were not counted; the others are."


def test_quiet_still_names_what_failed(sattrack, scenes, detectors, tmp_path):
    (scenes / "page.tif").write_text("<html>404</html>")
    said = sattrack("detect", scenes, "-o", tmp_path / "run", "-q", *BRIGHT)
    assert (said.code, said.out) == (3, "")
    assert [line.partition(" not")[0] for line in said.err.splitlines()] == ["failed: page:"]


def test_M10_bands_that_were_asked_for_and_not_used_are_told(sattrack, scenes, detectors, tmp_path):
    said = sattrack("detect", scenes, "-o", tmp_path / "run", "--bands", "9", *BRIGHT)
    assert said.code == 0
    assert said.err.startswith("note: 2 scenes: the bands asked for were not used")


def test_R9_a_cut_jpeg_is_told_without_the_advice_to_read_it_all_the_same(sattrack, detectors, tmp_path):
    from PIL import Image

    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "cut.jpg", quality=95)
    content = (tmp_path / "cut.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(content[: len(content) // 2])
    said = sattrack("detect", tmp_path / "cut.jpg", "--gsd-m", "0.5", "-o", tmp_path / "run", *BRIGHT)
    assert said.code == 3
    assert said.err.startswith("failed: cut: the pixels cannot be read")
    assert "GDAL_" not in said.err


def test_a_date_that_cannot_be_is_refused_with_its_reason(sattrack, scenes, tmp_path):
    for text, reason in (("2150-01-01", "in the future"), ("03/04/2020", "without guessing"), ("2023-02-30", "no real time")):
        said = sattrack("detect", scenes, "-o", tmp_path / "run", "--date", text)
        assert said.code == 2
        assert said.err.startswith("error: --date: ")
        assert reason in said.err


def test_on_error_fail_ends_as_an_error(sattrack, scenes, detectors, tmp_path):
    (scenes / "a_page.tif").write_text("<html>404</html>")
    said = sattrack("detect", scenes, "-o", tmp_path / "run", "--on-error", "fail", "--json", *BRIGHT)
    assert said.code == 1
    assert said.json["counts"][0]["status"] == "failed"
    assert "a_page" in said.err


def test_scenes_that_were_not_looked_at_are_never_called_counted(sattrack, scenes, detectors, tmp_path):
    (scenes / "a_page.tif").write_text("<html>404</html>")
    said = sattrack("detect", scenes, "-o", tmp_path / "run", "--on-error", "fail", *BRIGHT)
    assert said.code == 1
    assert "2 of 3 scenes were not looked at" in said.err
    assert "the others are" not in said.err


def test_the_word_on_unknown_times_is_only_for_what_was_counted(sattrack, scenes, detectors, tmp_path):
    (scenes / "a_page.tif").write_text("<html>404</html>")
    said = sattrack("detect", scenes, "-o", tmp_path / "run", *BRIGHT)
    assert "unknown time: counted" not in said.out
    assert "1 of 3 scenes was not counted; the others are." in said.err


def test_gsd_m_makes_a_plain_picture_countable(sattrack, detectors, tmp_path):
    picture = write_scene(tmp_path / "plain.tif", boxes=8, crs=None)
    said = sattrack("detect", picture, "-o", tmp_path / "run", "--gsd-m", "0.5,0.5", "--json", *BRIGHT)
    assert said.code == 0
    assert said.json["counts"][0]["count"] == 8


def test_a_dry_run_says_scenes_tiles_time_and_disk_and_writes_nothing(sattrack, scenes, detectors, tmp_path):
    said = sattrack("detect", scenes, "-o", tmp_path / "run", "--dry-run", "--json", *BRIGHT)
    assert said.code == 0
    assert (said.json["scenes"], said.json["scenes_to_detect"], said.json["tiles"]) == (2, 2, 4)
    assert said.json["seconds_per_tile"] >= 0
    assert said.json["seconds_per_tile_source"].startswith("measured now on")
    assert said.json["disk_bytes_free"] > 0
    assert not (tmp_path / "run").exists()
    said = sattrack("detect", scenes, "-o", tmp_path / "run", "--dry-run", *BRIGHT)
    assert "scenes: 2, 2 to detect" in said.out
    assert "workers" not in said.out
    assert "may: 300 x 200 px, 2 tiles" in said.out


def test_a_dry_run_of_workers_says_that_its_time_is_of_one_process(sattrack, scenes, detectors, tmp_path):
    said = sattrack("detect", scenes, "-o", tmp_path / "run", "--dry-run", "--workers", "2", *BRIGHT)
    assert "in one process; workers were not tried)" in said.out


def test_the_disk_that_a_dry_run_says_holds_full_yards(sattrack, scenes, detectors, tmp_path):
    said = sattrack("detect", scenes, "-o", tmp_path / "run", "--dry-run", "--json", *BRIGHT)
    n = 1000 * said.json["tiles"]
    sizes = np.random.default_rng(0).uniform((0, 0, 19, 7, 0), (8000, 8000, 21, 9, 3), (n, 5))
    full = Detections(quads_from_xywhr(sizes), np.linspace(0.05, 1, n, dtype=np.float32), np.zeros(n, np.int32))
    page = 25 << 20
    assert said.json["disk_bytes_at_most"] > page + len(packed(replace(part(), detections=full)))


def test_a_dry_run_after_the_run_finds_nothing_to_do(sattrack, scenes, site, run):
    said = sattrack("detect", scenes, "--sites", site, "-o", run, "--dry-run", "--json", *BRIGHT)
    assert (said.json["scenes_stored"], said.json["tiles"], said.json["estimated_s"]) == (2, 0, 0)


def test_a_mask_is_found_again_from_another_folder(sattrack, scenes, site, detectors, tmp_path, monkeypatch):
    (tmp_path / "clouds.geojson").write_text(site.read_text())
    monkeypatch.chdir(tmp_path)
    assert sattrack("detect", "scenes", "--mask", "clouds.geojson", "-o", "run", "-q", *BRIGHT).code == 0
    monkeypatch.chdir(scenes)
    (alert, *_) = sattrack("alert", tmp_path / "run", "--level", "not_assessable", "--json").json
    made = sattrack("evidence", tmp_path / "run", alert["alert_id"], "--json").json
    assert not [note for note in made["notes"] if "no picture" in note]


def test_i5_a_mask_elsewhere_is_not_fetched_unless_that_is_allowed(sattrack, scenes, detectors, tmp_path):
    said = sattrack("detect", scenes, "--mask", "https://masks.invalid/a.tif?key=1", "-o", tmp_path / "run", *BRIGHT)
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "error: https://masks.invalid/a.tif: not a file on this machine (--allow-remote reads such locations)\n"
    )


def test_a_mask_without_a_name_is_no_mask(sattrack, scenes, detectors, tmp_path):
    said = sattrack("detect", scenes, "--mask", "", "-o", tmp_path / "run", *BRIGHT)
    assert said.code == 3
    assert "the mask is not a file" in said.err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--gsd-m", "half"], "--gsd-m"),
        (["--gsd-m", "-1"], "--gsd-m"),
        (["--bands", "4,3"], "--bands"),
        (["--bands", "0,1,2"], "--bands"),
        (["--date", "yesterday"], "yesterday"),
        (["--on-error", "panic"], "--on-error"),
        (["--threshold", "1.5"], "threshold"),
        (["--detector", "nowhere"], "module:Class"),
        (["--detector", "bright_boxes:Missing"], "Missing"),
        (["--detector", "bright_boxes:Hidden"], "gsd_m"),
        (["--no-such-option"], "--no-such-option"),
    ],
)
def test_a_usage_error_is_one_line_that_names_the_option(sattrack, scenes, detectors, tmp_path, words, expected):
    model = [] if words[0] == "--detector" else BRIGHT[:2]
    said = sattrack("detect", scenes, "-o", tmp_path / "run", *model, *words)
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert expected in said.err
    assert said.err.count("\n") == 1


def test_inputs_that_are_not_there_are_a_usage_error(sattrack, detectors, tmp_path):
    said = sattrack("detect", tmp_path / "nothing.tif", "-o", tmp_path / "run", *BRIGHT)
    assert said.code == 2
    assert "nothing.tif" in said.err


def test_O10_the_input_folder_is_no_run_folder(sattrack, scenes, detectors):
    said = sattrack("detect", scenes, "-o", scenes, *BRIGHT)
    assert said.code == 2
    assert "input folder" in said.err
    assert sorted(p.name for p in scenes.iterdir()) == ["june.tif", "may.tif"]


def test_H13_a_name_with_control_characters_cannot_drive_the_terminal(sattrack, tmp_path, detectors):
    scene = write_scene(tmp_path / "ev\x1b[31mil\n[bold]x.tif", boxes=4)
    said = sattrack("detect", scene, "-o", tmp_path / "run", *BRIGHT)
    assert said.code == 0
    assert "\x1b" not in said.out
    assert "[bold]x" in said.out


def test_a_weights_error_names_the_weights_and_the_way_out(sattrack, scenes, tmp_path):
    said = sattrack("detect", scenes, "-o", tmp_path / "run", "--weights", tmp_path / "no.pt")
    assert said.code == 1
    assert "no.pt" in said.err
    assert said.err.count("\n") == 1


def test_verbose_says_a_line_a_scene_on_stderr(sattrack, scenes, detectors, tmp_path):
    said = sattrack("detect", scenes, "-o", tmp_path / "run", "-v", *BRIGHT)
    assert "may: done, 12 boxes kept" in said.err


def test_a_careful_run_says_so_in_its_model_and_may_be_asked_for_in_a_file(sattrack, scenes, detectors, tmp_path):
    said = sattrack("detect", scenes, "-o", tmp_path / "run", "--careful", "--json", *BRIGHT)
    assert said.json["model_id"] == "custom:bright_boxes:Bright+careful"
    assert {c["site_id"]: c["count"] for c in said.json["counts"]} == {"may": 12, "june": 16}
    settings = tmp_path / "settings.yaml"
    settings.write_text("careful: true\n")
    said = sattrack("detect", scenes, "-o", tmp_path / "run", "--config", settings, "--dry-run", "--json", *BRIGHT)
    assert said.json["scenes_stored"] == 2
    said = sattrack("detect", scenes, "-o", tmp_path / "run", "--dry-run", "--json", *BRIGHT)
    assert said.json["scenes_stored"] == 0


@pytest.mark.parametrize("joined", [False, True])
def test_h11_no_key_of_the_command_line_is_written_into_the_run(sattrack, scenes, detectors, tmp_path, monkeypatch, joined):
    refresh = f"'{sys.executable}' -c pass --token not-to-be-told"
    more = [f"--refresh-address={refresh}"] if joined else ["--refresh-address", refresh]
    words = ["detect", scenes, "-o", tmp_path / "run", *BRIGHT, *more]
    typed = [*map(str, words), "https://id:not-to-be-told@host.example/a.tif?sig=not-to-be-told"]
    monkeypatch.setattr(sys, "argv", ["sattrack", *typed])
    assert sattrack(*words).code == 0
    text = (tmp_path / "run" / "run.json").read_text()
    assert "not-to-be-told" not in text
    said = json.loads(text)["command"]
    name = Path(sys.executable).name
    assert f"'--refresh-address={name} ...'" in said if joined else f"--refresh-address '{name} ...'" in said
    assert "https://host.example/a.tif?..." in said
