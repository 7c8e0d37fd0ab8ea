"""count, report, export, info and config through the real entry point."""

import csv
import errno
import json

import numpy as np
import pytest
import rasterio
import yaml
from PIL import Image

from sattrack.settings import Settings
from tests.cli.conftest import write_scene, write_site


def test_another_threshold_counts_again_without_detecting(sattrack, run, monkeypatch):
    monkeypatch.setattr("sattrack.wiring.load_model", None)
    said = sattrack("count", run, "--threshold", "0.5", "--no-report", "--json")
    assert said.code == 0
    assert [(c["scene_id"], c["count"]) for c in said.json["counts"]] == [("may", 3), ("june", 4)]
    said = sattrack("count", run, "--threshold", "0.95", "--no-report", "--json")
    assert [c["count"] for c in said.json["counts"]] == [0, 0]


@pytest.mark.parametrize("full_at", ["sattrack.stores.folder.lines_of", "sattrack.reports.listings.fill_scenes"])
def test_a_disk_that_is_full_leaves_no_outlines_or_head_of_one_count_beside_tables_of_another(
    sattrack, run, tmp_path, monkeypatch, full_at
):
    def full(*_said):
        raise OSError(errno.ENOSPC, "No space left on device")

    sattrack("report", run)
    old = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    other = write_site(tmp_path / "other.geojson", site_id="other", name="Other", east=20)
    with monkeypatch.context() as patched:
        patched.setattr(full_at, full)
        said = sattrack("count", run, "--sites", other, "--threshold", "0.5")
    assert (said.code, "No space left on device" in said.err) == (1, True)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == old
    assert sattrack("count", run, "--sites", other, "--threshold", "0.5").code == 0


def test_I1_an_outline_outside_what_was_seen_is_unobserved_never_0(sattrack, run, tmp_path):
    far = write_site(tmp_path / "far.geojson", site_id="far", east=5000)
    said = sattrack("count", run, "--sites", far, "--no-report", "--json")
    assert [(c["site_id"], c["count"], c["status"]) for c in said.json["counts"]] == [("far", None, "outside")] * 2
    part = write_site(tmp_path / "part.geojson", site_id="part", east=100)
    said = sattrack("count", run, "--sites", part, "--no-report", "--json")
    assert all(0 < c["observed_fraction"] < 1 for c in said.json["counts"])


def test_O2_sites_that_no_scene_reaches_are_a_sentence_in_the_table_and_rows_in_the_listing(sattrack, run, site, tmp_path):
    both = json.loads(site.read_text())
    both["features"] += json.loads(write_site(tmp_path / "far.geojson", site_id="far", name="Far", east=5000).read_text())[
        "features"
    ]
    (tmp_path / "both.geojson").write_text(json.dumps(both))
    said = sattrack("count", run, "--sites", tmp_path / "both.geojson", "--no-report")
    assert "Left half" in said.out
    assert "Far" not in said.out
    assert "2 rows, of scenes that do not reach a site, are only in counts.csv." in said.out
    assert len(list(csv.DictReader((run / "counts.csv").read_text(encoding="utf-8").splitlines()))) == 4
    said = sattrack("count", run, "--sites", tmp_path / "far.geojson", "--no-report")
    assert said.out.startswith("nothing was counted: no scene reaches a site\n")


def test_M1_plain_pictures_lie_in_no_outline_and_that_is_said(sattrack, site, detectors, tmp_path):
    write_scene(tmp_path / "plain.tif", boxes=4, crs=None)
    words = ("--detector", "bright_boxes:Bright", "--gsd-m", "0.5", "--no-report")
    assert sattrack("detect", tmp_path / "plain.tif", "-o", tmp_path / "run", *words).code == 0
    said = sattrack("count", tmp_path / "run", "--sites", site, "--no-report")
    assert "pictures without georeferencing lie in no outline" in said.out


def test_S7_a_run_with_settings_of_another_version_is_refused_and_named(sattrack, run):
    index = json.loads((run / "run.json").read_text())
    index["settings"]["older"] = 1
    (run / "run.json").write_text(json.dumps(index))
    for words in (("count", run), ("report", run), ("export", run, "-f", "csv", "-o", run / "boxes.csv")):
        said = sattrack(*words)
        assert said.code == 1
        assert said.err.startswith("error: run.json: the run was made by another version of sattrack")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"acquired": "2024-05-01', '"acquired": "9999-05-01', "a time in the year 9999"),
        ('"acquired": "2024-05-01', '"acquired": "0001-01-01', "a time in the year 1,"),
        ('"created": "2', '"created": "9', "a time in the year 9"),
        ('"threshold": 0.3', '"threshold": 1e999', "threshold of inf"),
        ('"threshold": 0.3', '"threshold": -1', "threshold of -1"),
    ],
)
def test_a_head_that_was_changed_beyond_bounds_is_one_line(sattrack, run, old, new, said):
    head = run / "run.json"
    whole = head.read_text()
    assert old in whole
    head.write_text(whole.replace(old, new))
    for words in (("report", run), ("count", run, "--no-report", "--json"), ("changes", run)):
        answer = sattrack(*words)
        assert (answer.code, answer.out) == (1, "")
        assert said in answer.err
        assert answer.err.startswith("error: ")
        assert answer.err.count("\n") == 1


def test_lists_of_other_counts_that_stay_in_a_run_are_named(sattrack, run):
    assert "counts before" not in sattrack("count", run, "--threshold", "0.6", "--no-report").err
    sattrack("alert", run, "-q")
    sattrack("flow", run, "-q")
    assert "counts before" not in sattrack("count", run, "--no-report").err
    said = sattrack("count", run, "--threshold", "0.3", "--no-report")
    assert said.code == 0
    assert "note: alerts.csv is of the counts before: sattrack alert writes it again" in said.err
    assert "note: flow.csv is of the counts before: sattrack flow writes it again" in said.err
    assert "counts before" not in (run / "run.json").read_text()


def test_outlines_can_be_dropped_again(sattrack, run, site):
    said = sattrack("count", run, "--no-sites", "--no-report", "--json")
    assert {c["site_id"]: c["count"] for c in said.json["counts"]} == {"may": 12, "june": 16}
    assert json.loads((run / "run.json").read_text())["sites_file"] == ""
    said = sattrack("count", run, "--no-sites", "--sites", site)
    assert said.code == 2
    assert "--no-sites" in said.err


def test_a_run_that_lost_its_outlines_is_refused_and_left_as_it_is(sattrack, run, site):
    (run / "sites.json").unlink()
    before = {name: (run / name).read_bytes() for name in ("run.json", "counts.csv", "scenes.csv")}
    for words in (("count", run), ("report", run), ("changes", run)):
        said = sattrack(*words)
        assert (said.code, said.out) == (1, "")
        assert "the run was counted with the outlines of site.geojson, and they are not there" in said.err
        assert "--sites FILE" in said.err
        assert "--no-sites" in said.err
        assert said.err.count("\n") == 1
    assert before == {name: (run / name).read_bytes() for name in before}
    said = sattrack("count", run, "--sites", site, "--no-report", "--json")
    assert {c["site_id"] for c in said.json["counts"]} == {"left"}
    (run / "sites.json").unlink()
    said = sattrack("count", run, "--no-sites", "--no-report", "--json")
    assert {c["site_id"] for c in said.json["counts"]} == {"may", "june"}


def test_what_was_said_of_old_outlines_is_not_said_of_others(sattrack, run, site, tmp_path):
    def noted():
        return json.loads((run / "run.json").read_text())["notes"]

    crossed = json.loads(site.read_text())
    (ring,) = crossed["features"][0]["geometry"]["coordinates"]
    ring[1], ring[2] = ring[2], ring[1]
    (tmp_path / "crossed.geojson").write_text(json.dumps(crossed))
    for way in (("--sites", site), ("--no-sites",)):
        assert sattrack("count", run, "--sites", tmp_path / "crossed.geojson", "--no-report", "-q").code == 0
        (note,) = noted()
        assert note.startswith("feature 1: repaired")
        assert sattrack("count", run, "--threshold", "0.35", "--no-report", "-q").code == 0
        assert noted() == [note]
        said = sattrack("count", run, *way, "--no-report", "--json")
        assert noted() == []
        assert "repaired" not in said.out + said.err


def test_of_other_outlines_all_is_said_that_is_not_of_the_old_ones(sattrack, run, site):
    index = json.loads((run / "run.json").read_text())
    kept = ["the run was stopped: 1 of 3 scenes was not looked at"]
    (run / "run.json").write_text(json.dumps(index | {"notes": [*kept, "feature 1: heights are not used"]}))
    assert sattrack("count", run, "--sites", site, "--no-report").code == 0
    assert json.loads((run / "run.json").read_text())["notes"] == kept


def test_a_hole_outside_its_outline_adds_nothing_to_the_site_o1(sattrack, run, site, tmp_path):
    whole = [c["count"] for c in sattrack("count", run, "--no-report", "--json").json["counts"]]
    holed = json.loads(site.read_text())
    right = json.loads(write_site(tmp_path / "right.geojson", east=75).read_text())
    holed["features"][0]["geometry"]["coordinates"] += right["features"][0]["geometry"]["coordinates"]
    (tmp_path / "holed.geojson").write_text(json.dumps(holed))
    said = sattrack("count", run, "--sites", tmp_path / "holed.geojson", "--no-report", "--json")
    assert [c["count"] for c in said.json["counts"]] == whole
    assert "feature 1: repaired" in said.out + said.err


@pytest.mark.parametrize(("floor", "asked", "wrong"), [(0.02, 0.03, ""), (0.2, 0.1, "score_floor = 0.2 are not stored")])
def test_p13_a_threshold_is_held_against_the_runs_own_floor(sattrack, scenes, detectors, tmp_path, floor, asked, wrong):
    config, to = tmp_path / "floor.yaml", tmp_path / "run"
    config.write_text(f"score_floor: {floor}\n")
    ran = sattrack("detect", scenes, "-o", to, "--detector", "bright_boxes:Bright", "--no-report", "--config", config, "-q")
    assert ran.code == 0
    said = sattrack("count", to, "--threshold", asked, "--no-report", "-q")
    expected = f"error: threshold is {asked}, but boxes below {wrong} (change one of the two)\n" if wrong else ""
    assert (said.code, said.err) == (2 if wrong else 0, expected)


def test_P13_a_threshold_out_of_bounds_is_a_usage_error(sattrack, run):
    said = sattrack("count", run, "--threshold", "7", "--no-report")
    assert said.code == 2
    assert "threshold" in said.err


def test_a_folder_that_is_no_run_is_an_error(sattrack, tmp_path):
    said = sattrack("count", tmp_path, "--no-report")
    assert said.code == 1
    assert "run.json" in said.err


def test_a_report_is_written_where_it_says(sattrack, run):
    said = sattrack("report", run)
    assert said.code == 0
    assert said.out == f"report: {run / 'report.html'}\n"
    assert "Left half" in (run / "report.html").read_text(encoding="utf-8")


def test_O11_no_imagery_leaves_no_pixel_in_the_page(sattrack, run):
    assert sattrack("report", run, "--no-imagery").code == 0
    assert "data:image/jpeg" not in (run / "report.html").read_text(encoding="utf-8")


def test_o11_a_run_made_without_imagery_keeps_later_pages_without(sattrack, run):
    index = run / "run.json"
    said = json.loads(index.read_text(encoding="utf-8"))
    assert said["imagery"] is True
    index.write_text(json.dumps(said | {"imagery": False}), encoding="utf-8")
    assert sattrack("count", run, "--threshold", "0.4").code == 0
    assert "data:image/jpeg" not in (run / "report.html").read_text(encoding="utf-8")
    assert sattrack("report", run, "--imagery").code == 0
    assert "data:image/jpeg" in (run / "report.html").read_text(encoding="utf-8")


def test_an_export_prints_where_it_is(sattrack, run, tmp_path):
    to = tmp_path / "boxes.csv"
    said = sattrack("export", run, "--format", "csv", "-o", to)
    assert (said.code, said.out) == (0, f"{to}\n")
    rows = list(csv.DictReader(to.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 28


def test_an_export_to_stdout_is_refused_rather_than_a_file_called_minus(sattrack, run):
    said = sattrack("export", run, "-f", "csv", "-o", "-")
    assert said.code == 2
    assert "stdout" in said.err


@pytest.mark.parametrize("name", ["counts.csv", "run.json", "scenes.csv", "parts/boxes.csv", "parts"])
def test_O10_an_export_is_never_written_over_a_file_of_the_run(sattrack, run, name):
    old = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    said = sattrack("export", run, "-f", "overlay" if name == "parts" else "csv", "-o", run / name)
    assert (said.code, said.err) == (2, f"error: {run / name}: is a file of the run itself (give another name with -o)\n")
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == old


def test_O10_overlays_are_never_written_among_the_pictures_they_show(sattrack, detectors, tmp_path):
    scenes = tmp_path / "scenes"
    scenes.mkdir()
    write_scene(tmp_path / "plain.tif", boxes=4, crs=None)
    with rasterio.open(tmp_path / "plain.tif") as source:
        Image.fromarray(np.moveaxis(source.read([1, 2, 3]), 0, 2)).save(scenes / "plain.jpg", quality=95)
    words = ("--detector", "bright_boxes:Bright", "--gsd-m", "0.5", "--no-report")
    assert sattrack("detect", scenes, "-o", tmp_path / "run", *words).code == 0
    old = (scenes / "plain.jpg").read_bytes()
    (tmp_path / "link").symlink_to(scenes)
    for to in (scenes, tmp_path / "link"):
        said = sattrack("export", tmp_path / "run", "-f", "overlay", "-o", to)
        assert said.code == 2
        assert "holds plain.jpg, of which the run was made" in said.err
    said = sattrack("export", tmp_path / "run", "-f", "csv", "-o", scenes / "plain.jpg")
    assert said.code == 2
    assert "is a picture that the run was made of" in said.err
    assert (scenes / "plain.jpg").read_bytes() == old
    assert sattrack("export", tmp_path / "run", "-f", "overlay", "-o", scenes / "drawn").code == 0


def test_all_adds_the_boxes_below_the_threshold(sattrack, run, tmp_path):
    assert sattrack("count", run, "--threshold", "0.5", "--no-report", "-q").code == 0
    sizes = []
    for words in ([], ["--all"]):
        to = tmp_path / "boxes.geojson"
        assert sattrack("export", run, "-f", "geojson", "-o", to, *words).code == 0
        sizes.append(len(json.loads(to.read_text())["features"]))
    assert sizes == [14, 28]


def test_an_unknown_format_is_a_usage_error_that_lists_the_formats(sattrack, run, tmp_path):
    said = sattrack("export", run, "-f", "shp", "-o", tmp_path / "x")
    assert said.code == 2
    assert "gpkg" in said.err


def test_info_says_what_the_detector_would_be_fed(sattrack, scenes):
    said = sattrack("info", scenes / "may.tif", "--json")
    assert said.code == 0
    (facts,) = said.json
    assert (facts["width_px"], facts["height_px"], facts["bands"]) == (300, 200, [1, 2, 3])
    assert facts["gsd_x_m"] == pytest.approx(0.5, rel=0.01)
    assert facts["datetime"] == "2024-05-01T10:00:00Z"
    assert (facts["datetime_source"], facts["capability"], facts["status"]) == ("tags", "count", "ok")
    assert facts["px_per_width"] == pytest.approx(4.88, abs=0.05)
    assert facts["stretch"]["low"][0] == pytest.approx(30, abs=2)


def test_info_in_words_names_the_same(sattrack, scenes):
    said = sattrack("info", scenes)
    for words in (
        "300 x 200 px",
        "none; clouds are judged from the picture, if at all",
        "1, 2, 3 as red, green, blue",
        "WGS 84 / UTM zone 52N",
        "boxes can be counted",
        "(from tags)",
    ):
        assert words in said.out


def test_info_of_what_cannot_be_counted_ends_with_3_and_says_why(sattrack, tmp_path):
    coarse = write_scene(tmp_path / "coarse.tif", boxes=4, gsd=10.0)
    said = sattrack("info", coarse)
    assert said.code == 3
    assert "presence: 0.24 px across a container" in said.out
    plain = write_scene(tmp_path / "plain.tif", boxes=4, crs=None)
    said = sattrack("info", plain, "--json")
    assert said.code == 3
    assert "--gsd-m" in said.json[0]["reason"]


def test_info_places_a_picture_as_detect_does_and_says_what_else_would_place_it(sattrack, tmp_path):
    plain = tmp_path / "plain.png"
    Image.fromarray(np.arange(60_000, dtype=np.uint8).reshape(200, 300)).save(plain)
    (tmp_path / "plain.pgw").write_text("0.5\n0\n0\n-0.5\n500000\n3900000\n")
    (tmp_path / "plain.png.aux.xml").write_text(
        "<PAMDataset><SRS>EPSG:32652</SRS><GeoTransform>500000, 0.5, 0, 3900000, 0, -0.5</GeoTransform></PAMDataset>"
    )
    said = sattrack("info", plain)
    assert said.code == 3
    assert "plain.pgw has no plain.prj" in said.out
    assert "plain.png.aux.xml beside it is read with --sidecars only" in said.out
    placed = sattrack("info", plain, "--sidecars")
    assert placed.code == 0
    assert "EPSG:32652" in placed.out


def test_info_refuses_what_detect_refuses_for_its_map(sattrack, tmp_path):
    path = tmp_path / "torn.tif"
    place = {"crs": "EPSG:3857", "transform": rasterio.Affine(0.6, 0, 20_037_448, 0, -0.6, 6_800_000)}
    with rasterio.open(path, "w", driver="GTiff", width=200, height=100, count=1, dtype="uint8", **place) as file:
        file.write(np.arange(20_000, dtype=np.uint8).reshape(1, 100, 200))
    said = sattrack("info", path)
    assert said.code == 3
    assert "refused      the scene lies across the edge of its own map projection" in said.out


@pytest.mark.parametrize("how", ["black", "nodata", "mask"])
def test_info_does_not_call_a_picture_countable_of_which_nothing_is_seen(sattrack, scenes, tmp_path, how):
    path, more = scenes / "may.tif", ()
    with rasterio.open(path, "r+") as file:
        if how == "mask":
            profile = {**file.profile, "count": 1, "nodata": None}
            profile.pop("photometric", None)
            more = ("--mask", tmp_path / "all_hidden.tif")
            with rasterio.open(more[1], "w", **profile) as mask:
                mask.write(np.ones((1, *file.shape), np.uint8))
        else:
            file.write(np.zeros((file.count, *file.shape), np.uint8))
        if how == "nodata":
            file.nodata = 0
    said = sattrack("info", path, *more)
    assert said.code == 3
    assert "refused      nothing of it is seen" in said.out


def test_info_of_a_folder_without_pictures_is_a_usage_error(sattrack, tmp_path):
    (tmp_path / "empty").mkdir()
    said = sattrack("info", tmp_path / "empty")
    assert said.code == 2
    assert "no pictures found" in said.err


def test_config_prints_the_settings_that_would_hold(sattrack, tmp_path):
    file = tmp_path / "s.yaml"
    file.write_text("threshold: 0.42\ntile_shift_m: [1, 2]\n")
    said = sattrack("config", "--config", file)
    assert Settings.model_validate(yaml.safe_load(said.out)).threshold == 0.42
    assert sattrack("config", "--config", file, "--json").json["tile_shift_m"] == [1, 2]


def test_the_template_is_a_settings_file_that_changes_nothing(sattrack, tmp_path):
    file = tmp_path / "template.yaml"
    file.write_text(sattrack("config", "--template").out)
    assert sattrack("config", "--config", file).out == sattrack("config").out
    file.write_text(file.read_text().replace("\n# overlap_m: 24.0", "\noverlap_m: 30.0"))
    assert sattrack("config", "--config", file, "--json").json["overlap_m"] == 30
