"""`sattrack cover` through the real entry point, with a reader that takes what is bright for covered."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.transform import from_origin

from sattrack.covering import Glimpse, Ground, notice
from sattrack.errors import SceneError
from sattrack.imagery import Scene
from sattrack.ports import Reader
from tests.cli.coarse_scenes import rows_of, write_coarse
from tests.cli.conftest import EAST, NORTH, Said, write_site
from tests.cover_weights import write_reader

Say = Callable[..., Said]
# The site of write_site: 70 x 100 m from the scenes' corner.
SITE_M2 = 7000.0


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return write_reader(tmp_path / "weights")


def test_covered_area_of_a_site_with_interval_boxes_page_and_picture(
    sattrack: Say, site: Path, weights: Path, tmp_path: Path
) -> None:
    scene, to = write_coarse(tmp_path / "may.tif", gsd=3.0), tmp_path / "covers"
    said = sattrack("cover", scene, "--sites", site, "-o", to, "--weights", weights)
    assert (said.code, said.err) == (0, "")
    assert "covered area, not a count" in said.out
    (row,) = rows_of(to)
    assert row["kind"] == "covered area, not a count"
    assert "count" not in row, "no column may be taken for a count"
    assert float(row["area_m2"]) == pytest.approx(36 * 24, rel=0.06)
    assert float(row["area_low_m2"]) < 36 * 24 < float(row["area_high_m2"])
    assert float(row["site_m2"]) == pytest.approx(SITE_M2, rel=0.01)
    assert float(row["least_area_m2"]) == pytest.approx(0.005 * SITE_M2, rel=0.02)
    assert int(row["top_boxes_low"]) < 36 * 24 / 22 < int(row["top_boxes_high"])
    assert (row["tiers_low"], row["tiers_high"], row["observed_fraction"]) == ("1", "6", "1.0")
    value = json.loads((to / "covers.json").read_text())
    assert value["kind"].startswith("covered areas and brightness, not counts")
    assert value["covers"][0]["pictures"] == ["pictures/cover_left_may.jpg"]
    assert (to / "pictures" / "cover_left_may.jpg").read_bytes()[:2] == b"\xff\xd8"
    page = (to / "cover.html").read_text()
    assert "Covered areas, not counts" in page
    assert 'src="pictures/cover_left_may.jpg"' in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("gsd", "capability", "status"),
    [
        (1.2, "count", "refused"), (1.23, "area", "done"), (4.85, "area", "done"), (4.9, "presence", "done"),
        (12.15, "presence", "done"), (12.3, "refuse", "refused"),
    ],
)  # fmt: skip
def test_each_pixel_size_allows_what_it_allows(
    sattrack: Say, weights: Path, tmp_path: Path, gsd: float, capability: str, status: str
) -> None:
    scene, to = write_coarse(tmp_path / "may.tif", gsd=gsd), tmp_path / "covers"
    said = sattrack("cover", scene, "-o", to, "--weights", weights)
    (row,) = rows_of(to)
    assert (row["capability"], row["status"]) == (capability, status)
    assert said.code == (3 if status == "refused" else 0)
    assert bool(row["area_m2"]) == (capability == "area")
    assert bool(row["brightness"]) == (capability == "presence")
    assert bool(row["top_boxes_high"]) == (capability == "area")
    if capability == "count":
        assert "sattrack detect" in said.err
        assert row["kind"] == "nothing was read"
    if capability == "refuse":
        assert "nothing of containers can be told" in said.err


def test_detect_goes_on_refusing_and_names_the_way_out(sattrack: Say, tmp_path: Path) -> None:
    for gsd, instead in ((3.0, "the area that stacks cover is read by sattrack cover"), (10.0, "are told by sattrack cover")):
        scene = write_coarse(tmp_path / f"{gsd:g}.tif", gsd=gsd)
        said = sattrack("detect", scene, "-o", tmp_path / f"run{gsd:g}", "--no-report", "-q")
        assert said.code == 3
        assert instead in said.err


def test_the_same_call_writes_the_same_bytes(sattrack: Say, site: Path, weights: Path, tmp_path: Path) -> None:
    scene = write_coarse(tmp_path / "may.tif", gsd=2.2)
    for name in ("one", "two"):
        assert sattrack("cover", scene, "--sites", site, "-o", tmp_path / name, "--weights", weights, "-q").code == 0
    for name in ("covers.csv", "cover.html", "pictures/cover_left_may.jpg"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_what_of_a_site_was_not_seen_is_said_and_not_filled_in(
    sattrack: Say, site: Path, weights: Path, tmp_path: Path
) -> None:
    half = write_coarse(tmp_path / "half.tif", gsd=2.0, nodata_m=30.0)
    most = write_coarse(tmp_path / "most.tif", gsd=2.0, nodata_m=60.0, day=2)
    to = tmp_path / "covers"
    assert sattrack("cover", half, most, "--sites", site, "-o", to, "--weights", weights, "-q").code == 0
    rows = {row["scene_id"]: row for row in rows_of(to)}
    assert float(rows["half"]["observed_fraction"]) == pytest.approx(40 / 70, abs=0.02)
    assert float(rows["half"]["area_m2"]) == pytest.approx(18 * 24, rel=0.15), "what is hidden is not extrapolated to"
    assert rows["half"]["status"] == "done"
    assert rows["most"]["status"] == "not_assessable"
    assert "of the site was seen; 50% is asked for" in rows["most"]["notes"]
    page = (to / "cover.html").read_text()
    assert page.count("<b>not assessable</b>") == 1
    assert f"({float(rows['most']['area_m2']):,.0f})" in page
    assert f"({float(rows['half']['area_m2']):,.0f})" not in page


def test_a_slanted_strip_that_was_seen_was_all_seen(sattrack: Say, weights: Path, tmp_path: Path) -> None:
    scene, to = write_coarse(tmp_path / "may.tif", gsd=3.0), tmp_path / "covers"
    to_lonlat = Transformer.from_crs(32652, 4326, always_xy=True)
    # A track of 3 m, hardly a pixel wide.
    ring = [to_lonlat.transform(EAST + x, NORTH - y) for x, y in ((50, 20), (250, 320), (247.5, 321.7), (47.5, 21.7), (50, 20))]
    feature = {"type": "Feature", "properties": {"name": "track"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    (tmp_path / "track.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    words = ("--sites", tmp_path / "track.geojson", "-o", to, "--weights", weights, "--min-observed", "1", "-q")
    assert sattrack("cover", scene, *words).code == 0
    (row,) = rows_of(to)
    assert (row["observed_fraction"], row["status"]) == ("1.0", "done")


def test_cloud_of_a_mask_is_not_seen(sattrack: Say, site: Path, weights: Path, tmp_path: Path) -> None:
    scene = write_coarse(tmp_path / "may.tif", gsd=2.0)
    mask = tmp_path / "clouds.tif"
    with rasterio.open(
        mask, "w", driver="GTiff", width=300, height=300, count=1, dtype="uint8", crs="EPSG:32652",
        transform=from_origin(EAST, NORTH, 2, 2),
    ) as to_mask:  # fmt: skip
        cloud = np.zeros((1, 300, 300), np.uint8)
        cloud[:, :25, :] = 1
        to_mask.write(cloud)
    to = tmp_path / "covers"
    assert sattrack("cover", scene, "--sites", site, "-o", to, "--weights", weights, "--mask", mask, "-q").code == 0
    (row,) = rows_of(to)
    assert float(row["observed_fraction"]) == pytest.approx(0.5, abs=0.02)
    assert row["cloud_checked"] == "true"
    assert "clouds were not looked for" not in row["notes"]


def test_a_plain_picture_is_read_with_a_stated_pixel_size_and_lies_in_no_outline(
    sattrack: Say, site: Path, weights: Path, tmp_path: Path
) -> None:
    scene, to = write_coarse(tmp_path / "may.tif", gsd=3.0, crs=None), tmp_path / "covers"
    refused = sattrack("cover", scene, "-o", to, "--weights", weights)
    assert refused.code == 3
    assert "--gsd-m" in refused.err
    assert sattrack("cover", scene, "-o", to, "--weights", weights, "--gsd-m", "3", "-q").code == 0
    (row,) = rows_of(to)
    assert float(row["area_m2"]) == pytest.approx(36 * 24, rel=0.06)
    assert float(row["site_m2"]) == pytest.approx(600 * 600, rel=0.001)
    said = sattrack("cover", scene, "-o", to, "--weights", weights, "--gsd-m", "3", "--sites", site)
    assert said.code == 0
    assert "no scene reaches a site" in said.out
    assert rows_of(to)[0]["status"] == "outside"
    assert "may shows no site." in (to / "cover.html").read_text()


def test_an_exclusion_is_left_out_and_a_far_site_is_outside(
    sattrack: Say, weights: Path, tmp_path: Path
) -> None:  # fmt: skip
    near, far = (
        write_site(tmp_path / "near.geojson"),
        write_site(tmp_path / "far.geojson", site_id="far", name="Far yard", east=50_000.0),
    )
    to_lonlat = Transformer.from_crs(32652, 4326, always_xy=True)
    shed = [to_lonlat.transform(EAST + x, NORTH - y) for x, y in ((30, 0), (70, 0), (70, 100), (30, 100), (30, 0))]
    features = [feature for path in (near, far) for feature in json.loads(path.read_text())["features"]]
    features.append(
        {"type": "Feature", "properties": {"site_id": "shed", "kind": "exclude"},
         "geometry": {"type": "Polygon", "coordinates": [shed]}}
    )  # fmt: skip
    both = tmp_path / "both.geojson"
    both.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    scene, to = write_coarse(tmp_path / "may.tif", gsd=2.0), tmp_path / "covers"
    assert sattrack("cover", scene, "--sites", both, "-o", to, "--weights", weights, "-q").code == 0
    rows = {row["site_id"]: row for row in rows_of(to)}
    assert rows.keys() == {"left", "far"}
    assert float(rows["left"]["site_m2"]) == pytest.approx(3000, rel=0.02)
    assert float(rows["left"]["area_m2"]) == pytest.approx(18 * 24, rel=0.15)
    assert rows["far"]["status"] == "outside"
    assert "No scene shows Far yard: nothing is known of it from this run." in (to / "cover.html").read_text()
    features[-1]["geometry"] = features[0]["geometry"]
    both.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    to = tmp_path / "anew"
    assert sattrack("cover", scene, "--sites", both, "-o", to, "--weights", weights, "-q").code == 0
    rows = {row["site_id"]: row for row in rows_of(to)}
    assert (rows["left"]["status"], rows["left"]["notes"]) == (
        "not_assessable", "all of the site lies under outlines of kind `exclude`",
    )  # fmt: skip


def test_brightness_that_changed_beside_its_surroundings_is_told_without_a_box(
    sattrack: Say, site: Path, weights: Path, tmp_path: Path
) -> None:
    nowhere = (0.0, 0.0, 0.0, 0.0)
    scenes = [
        write_coarse(tmp_path / "a.tif", gsd=10.0, day=1, lit_m=nowhere, side_m=1500.0, seed=1),
        write_coarse(tmp_path / "b.tif", gsd=10.0, day=2, lit_m=nowhere, side_m=1500.0, seed=2),
        write_coarse(tmp_path / "c.tif", gsd=10.0, day=3, lit_m=(0, 0, 70, 60), side_m=1500.0, seed=3),
    ]
    to = tmp_path / "covers"
    assert sattrack("cover", *scenes, "--sites", site, "-o", to, "--weights", weights, "-q").code == 0
    first, second, third = rows_of(to)
    assert first["changed_since"] == ""
    assert (second["changed_since"], third["changed_since"]) == ("a", "b")
    assert abs(float(second["brightness_change"])) < 4 * float(second["brightness_noise"])
    assert "no change of brightness beyond" in second["said"]
    assert float(third["brightness_change"]) > 4 * float(third["brightness_noise"])
    assert "change of brightness by +" in third["said"]
    for row in (first, second, third):
        assert row["area_m2"] == row["top_boxes_low"] == row["top_boxes_high"] == row["model_id"] == ""


def test_scenes_of_another_sensor_are_not_held_against_each_other(
    sattrack: Say, site: Path, weights: Path, tmp_path: Path
) -> None:
    write_coarse(tmp_path / "a.tif", gsd=10.0, day=1)
    write_coarse(tmp_path / "b.tif", gsd=10.0, day=2, gray=True)
    to = tmp_path / "covers"
    assert (
        sattrack("cover", tmp_path / "a.tif", tmp_path / "b.tif", "--sites", site, "-o", to, "--weights", weights, "-q").code
        == 0
    )
    assert [row["changed_since"] for row in rows_of(to)] == ["", ""]


def test_gray_scenes_have_an_interval_of_their_own(sattrack: Say, site: Path, weights: Path, tmp_path: Path) -> None:
    scene, to = write_coarse(tmp_path / "may.tif", gsd=3.0, gray=True), tmp_path / "covers"
    assert sattrack("cover", scene, "--sites", site, "-o", to, "--weights", weights, "-q").code == 0
    assert "gray" in rows_of(to)[0]["interval_method"]


def test_one_bad_scene_costs_one_scene(sattrack: Say, site: Path, weights: Path, tmp_path: Path) -> None:
    scene = write_coarse(tmp_path / "may.tif", gsd=3.0)
    (tmp_path / "torn.tif").write_bytes(scene.read_bytes()[:9000])
    (tmp_path / "copy.tif").write_bytes(scene.read_bytes())
    to = tmp_path / "covers"
    files = [tmp_path / name for name in ("copy.tif", "may.tif", "torn.tif")]
    said = sattrack("cover", *files, "--sites", site, "-o", to, "--weights", weights)
    assert said.code == 3
    assert "failed: torn" in said.err
    assert "skipped: may: the same content as copy" in said.err
    assert "Traceback" not in said.err
    assert {row["scene_id"]: row["status"] for row in rows_of(to)} == {"copy": "done", "torn": "failed"}


def near_and_far(tmp_path: Path, *, east: float) -> Path:
    """Two sites in one file, the second `east` metres from the first."""
    paths = (
        write_site(tmp_path / "near.geojson"), write_site(tmp_path / "far.geojson", site_id="far", name="Far yard", east=east)
    )  # fmt: skip
    features = [feature for path in paths for feature in json.loads(path.read_text())["features"]]
    (tmp_path / "both.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return tmp_path / "both.geojson"


def test_a_scene_that_is_refused_says_nothing_of_a_site_that_it_does_not_touch(
    sattrack: Say, weights: Path, tmp_path: Path
) -> None:
    both, to = near_and_far(tmp_path, east=50_000.0), tmp_path / "covers"
    files = write_coarse(tmp_path / "fine.tif", gsd=1.0), write_coarse(tmp_path / "may.tif", gsd=3.0, day=2)
    assert sattrack("cover", *files, "--sites", both, "-o", to, "--weights", weights).code == 3
    status = {(row["scene_id"], row["site_id"]): row["status"] for row in rows_of(to)}
    assert status == {
        ("fine", "left"): "refused", ("fine", "far"): "outside", ("may", "left"): "done", ("may", "far"): "outside"
    }  # fmt: skip
    assert "No scene shows Far yard: nothing is known of it from this run." in (to / "cover.html").read_text()


def test_nothing_stands_of_a_scene_that_fails_at_a_later_site(
    sattrack: Say, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A torn block is met only where a site lies on it: overviews, by which a scene is stretched, may be whole."""
    both, to = near_and_far(tmp_path, east=400.0), tmp_path / "covers"
    files = [write_coarse(tmp_path / f"{name}.tif", gsd=10.0, day=1 + i, seed=i) for i, name in enumerate("abc")]

    def torn(ground: Ground, *, scene: Scene, reader: Reader) -> Glimpse:
        if scene.id == "b" and ground.pixels.bounds[0] > 30:
            raise SceneError("the pixels cannot be read", where=scene.location)
        return notice(ground, scene=scene, reader=reader)

    monkeypatch.setattr("sattrack.cover_rows.notice", torn)
    assert sattrack("cover", *files, "--sites", both, "-o", to, "--weights", weights, "-q").code == 3
    told = {(row["site_id"], row["scene_id"]): (row["status"], row["changed_since"]) for row in rows_of(to)}
    assert told == {
        (site, scene): ("failed", "") if scene == "b" else ("done", "a" if scene == "c" else "")
        for site in ("left", "far")
        for scene in "abc"
    }
    shown = [f"cover_{site}_{scene}.jpg" for site in ("far", "left") for scene in "ac"]
    assert sorted(path.name for path in (to / "pictures").iterdir()) == shown
    listed = json.loads((to / "covers.json").read_text())["covers"]
    assert all(bool(row["pictures"]) == (row["status"] == "done") for row in listed)


@pytest.mark.parametrize("command", ["series", "alert", "flow", "changes", "count", "report"])
def test_no_command_of_counts_takes_covers(sattrack: Say, site: Path, weights: Path, tmp_path: Path, command: str) -> None:
    scene, to = write_coarse(tmp_path / "may.tif", gsd=3.0), tmp_path / "covers"
    sattrack("cover", scene, "--sites", site, "-o", to, "--weights", weights, "-q")
    said = sattrack(command, to)
    assert said.code == 1
    assert "holds covered areas, not counts" in said.err
    if command in ("series", "alert", "flow"):
        said = sattrack(command, to / "covers.csv")
        assert said.code == 1
        assert "holds covered areas, not counts" in said.err


def test_covers_are_not_written_into_a_run_nor_a_run_into_covers(
    sattrack: Say, site: Path, weights: Path, tmp_path: Path
) -> None:
    scene, to = write_coarse(tmp_path / "may.tif", gsd=3.0), tmp_path / "run"
    to.mkdir()
    (to / "run.json").write_text("{}")
    said = sattrack("cover", scene, "--sites", site, "-o", to, "--weights", weights)
    assert (said.code, "kept apart from counts" in said.err) == (2, True)
    sattrack("cover", scene, "--sites", site, "-o", tmp_path / "covers", "--weights", weights, "-q")
    said = sattrack("detect", scene, "-o", tmp_path / "covers", "--no-report")
    assert (said.code, "holds covered areas" in said.err) == (1, True)


def test_the_input_folder_is_not_written_into(sattrack: Say, weights: Path, tmp_path: Path) -> None:
    # A second call would read the pictures that the first one wrote.
    scenes = tmp_path / "scenes"
    scenes.mkdir()
    write_coarse(scenes / "may.tif", gsd=3.0)
    said = sattrack("cover", scenes, "-o", scenes, "--weights", weights)
    assert said.code == 2
    assert "the input folder itself" in said.err
    assert [path.name for path in scenes.iterdir()] == ["may.tif"]


def test_json_and_no_imagery(sattrack: Say, site: Path, weights: Path, tmp_path: Path) -> None:
    scene, to = write_coarse(tmp_path / "may.tif", gsd=3.0), tmp_path / "covers"
    said = sattrack("cover", scene, "--sites", site, "-o", to, "--weights", weights, "--json", "--no-imagery", "--no-report")
    (row,) = said.json["covers"]
    assert (row["kind"], row["pictures"]) == ("covered area, not a count", [])
    assert sorted(path.name for path in to.iterdir()) == ["covers.csv", "covers.json"]
    assert str(tmp_path) not in (to / "covers.csv").read_text()


def test_pictures_of_an_earlier_call_do_not_stay(sattrack: Say, site: Path, weights: Path, tmp_path: Path) -> None:
    may, june = write_coarse(tmp_path / "may.tif", gsd=3.0), write_coarse(tmp_path / "june.tif", gsd=3.0, seed=1)
    words = ("--sites", site, "-o", tmp_path / "covers", "--weights", weights, "-q")
    pictures = tmp_path / "covers" / "pictures"
    sattrack("cover", may, *words)
    (pictures / "mine.jpg").write_bytes(b"x")
    sattrack("cover", june, *words)
    assert sorted(path.name for path in pictures.iterdir()) == ["cover_left_june.jpg", "mine.jpg"]
    assert sattrack("cover", june, *words, "--no-imagery").code == 0
    assert [path.name for path in pictures.iterdir()] == ["mine.jpg"]


def test_the_page_of_an_earlier_call_does_not_stay_beside_other_areas(
    sattrack: Say, site: Path, weights: Path, tmp_path: Path
) -> None:
    may, june = write_coarse(tmp_path / "may.tif", gsd=3.0), write_coarse(tmp_path / "june.tif", gsd=3.0, seed=1)
    to = tmp_path / "covers"
    words = ("--sites", site, "-o", to, "--weights", weights, "-q")
    sattrack("cover", may, *words)
    assert (to / "cover.html").exists()
    assert sattrack("cover", june, *words, "--no-report").code == 0
    assert sorted(path.name for path in to.iterdir()) == ["covers.csv", "covers.json", "pictures"]


def test_what_cannot_be_asked_is_said_in_one_line(sattrack: Say, weights: Path, tmp_path: Path) -> None:
    scene = write_coarse(tmp_path / "may.tif", gsd=3.0)
    for words, code in (
        ((tmp_path / "nothing.tif", "-o", tmp_path / "x", "--weights", weights), 2),
        ((scene, "-o", scene, "--weights", weights), 2),
        ((scene, "-o", tmp_path / "x", "--weights", tmp_path / "none.npz"), 1),
        ((scene, "-o", tmp_path / "x", "--gsd-m", "much", "--weights", weights), 2),
    ):
        said = sattrack("cover", *words)
        assert (said.code, said.err.count("\n"), said.err[:7]) == (code, 1, "error: ")


def test_two_files_of_one_acquisition_are_one_scene(sattrack: Say, site: Path, weights: Path, tmp_path: Path) -> None:
    whole = write_coarse(tmp_path / "may.tif", gsd=2.0)
    folder = tmp_path / "halves"
    folder.mkdir()
    with rasterio.open(whole) as file:
        pixels, profile = file.read(), file.profile
    lines = ["path,scene"]
    for name, top, bottom in (("upper", 0, 20), ("lower", 15, 300)):
        profile |= {"height": bottom - top, "transform": from_origin(EAST, NORTH - 2.0 * top, 2, 2)}
        with rasterio.open(folder / f"{name}.tif", "w", **profile) as to:
            to.write(pixels[:, top:bottom])
        lines.append(f"{name}.tif,joined")
    (folder / "scenes.csv").write_text("\n".join(lines) + "\n")
    out = tmp_path / "covers"
    said = sattrack("cover", folder / "scenes.csv", "--sites", site, "-o", out, "--weights", weights, "-q")
    assert (said.code, said.err) == (0, "")
    (row,) = rows_of(out)
    assert float(row["observed_fraction"]) == pytest.approx(1, abs=0.01)
    assert float(row["area_m2"]) == pytest.approx(36 * 24, rel=0.06), "what both show is not added twice"


def test_bands_of_one_moment_are_no_change(sattrack: Say, site: Path, weights: Path, tmp_path: Path) -> None:
    for number, name in enumerate(("blue", "green")):
        write_coarse(tmp_path / f"{name}.tif", gsd=10.0, gray=True, side_m=1500.0, level=30.0 * number)
    files = [tmp_path / name for name in ("blue.tif", "green.tif")]
    to = tmp_path / "covers"
    assert sattrack("cover", *files, "--sites", site, "-o", to, "--weights", weights).code == 0
    first, second = rows_of(to)
    assert first["changed_since"] == second["changed_since"] == ""
    assert "of the same time as blue" in second["said"]
