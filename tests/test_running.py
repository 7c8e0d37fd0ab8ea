"""Whole runs over small scenes of white boxes, with a detector that finds what is bright."""

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import rasterio
from rasterio.transform import from_origin

from sattrack import running, wiring
from sattrack.errors import SettingsError, StoreError, UsageError
from sattrack.results import SceneOutcome
from sattrack.running import Listener, Request, Run
from sattrack.settings import Settings
from sattrack.wiring import Model

_FINDER = """
import os
import time
from pathlib import Path
import numpy as np
from scipy import ndimage
from sattrack.detections import Detections


class Bright:
    classes = ("container",)
    gsd_m = 0.5
    tile_px = 160
    threshold = 0.3
    sha256 = "of the test"

    def detect(self, batch):
        log = os.environ.get("SEEN_TILES")
        if log:
            with open(log, "a") as file:
                file.write("x" * len(batch.tiles))
        time.sleep(float(os.environ.get("SLOW_S", "0")))
        return [self.look(tile.pixels) for tile in batch.tiles]

    def look(self, pixels):
        found = ndimage.find_objects(ndimage.label(pixels.mean(axis=2) > 180)[0])
        quads = [[(x.start, y.start), (x.stop, y.start), (x.stop, y.stop), (x.start, y.stop)] for y, x in found]
        return Detections(np.array(quads, float).reshape(-1, 4, 2), np.full(len(quads), 0.8, np.float32),
                          np.zeros(len(quads), np.int32))
"""
EAST, NORTH, GSD = 500_000.0, 4_700_000.0, 0.5
# The boxes cover less than a hundredth of a scene: the usual percentiles would cut them off.
WHOLE_RANGE = Settings(low_percentile=0, high_percentile=100)
BOXES = [(20, 20), (60, 20), (100, 20), (20, 60), (150, 150), (155, 200), (250, 250), (290, 100)]


def changed(**values: float) -> Settings:
    return Settings.model_validate({**WHOLE_RANGE.model_dump(), **values})


@pytest.fixture(autouse=True)
def finder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "finder_of_the_test.py").write_text(_FINDER)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("SEEN_TILES", str(tmp_path / "tiles.log"))
    return folder


@pytest.fixture
def tiles_seen(tmp_path: Path) -> Callable[[], int]:
    """How many tiles have met the detector since it was last asked."""
    log = tmp_path / "tiles.log"

    def count() -> int:
        n = log.stat().st_size if log.exists() else 0
        log.unlink(missing_ok=True)
        return n

    return count


def scene(
    path: Path, *, boxes: list[tuple[int, int]] = BOXES, east: float = EAST, size: int = 320, seed: int = 0, plain: bool = False
) -> Path:
    """A scene of white 12 m x 2.5 m boxes at (col, row) over dark noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(20, 60, (3, size, size)).astype(np.uint8)
    for col, row in boxes:
        pixels[:, row : row + 5, col : col + 24] = 250
    profile: dict[str, Any] = {"driver": "GTiff", "width": size, "height": size, "count": 3, "dtype": "uint8"}
    if not plain:
        profile |= {"crs": "EPSG:32652", "transform": from_origin(east, NORTH, GSD, GSD)}
    with rasterio.open(path, "w", photometric="RGB", **profile) as file:
        file.write(pixels)
    return path


def outlines(path: Path, *boxes: tuple[float, float, float, float], kind: str = "") -> Path:
    """Sites by (left, top, right, bottom) in pixels of a scene, in its own CRS."""
    features = []
    for number, (left, top, right, bottom) in enumerate(boxes):
        corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        ring = [[EAST + x * GSD, NORTH - y * GSD] for x, y in corners]
        features.append(
            {"type": "Feature", "properties": {"site_id": f"s{number}", "kind": kind},
             "geometry": {"type": "Polygon", "coordinates": [ring]}}
        )  # fmt: skip
    crs = {"type": "name", "properties": {"name": "EPSG:32652"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}))
    return path


def request(folder: Path, out: Path, **more: object) -> Request:
    made = Request((str(folder),), out, model=Model(detector="finder_of_the_test:Bright"), settings=WHOLE_RANGE)
    return replace(made, **more)  # type: ignore[arg-type]


def statuses(run: Run) -> dict[str, str]:
    return {outcome.part: outcome.status for outcome in run.index.outcomes}


def numbers(run: Run) -> dict[tuple[str, str], int | None]:
    return {(count.site_id, count.scene_id): count.count for count in run.counts}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def contents(out: Path) -> dict[str, bytes]:
    """What must not differ between runs: the parts and the tables."""
    names = [*sorted((out / "parts").glob("*.parquet")), out / "counts.csv", out / "scenes.csv"]
    return {str(path.relative_to(out)): path.read_bytes() for path in names}


def three(folder: Path) -> Path:
    for number, day in enumerate(("2024-05-01", "2024-05-08", "2024-05-15")):
        scene(folder / f"port_{day}.tif", boxes=BOXES[: 8 - 2 * number], seed=number)
    return folder


def test_a_folder_is_counted_scene_by_scene(tmp_path: Path) -> None:
    run = running.detect(request(three(tmp_path / "in"), tmp_path / "run"))
    assert [count.count for count in run.counts] == [8, 6, 4]
    assert {count.observed_fraction for count in run.counts} == {1.0}
    assert not run.troubled
    assert [row["count"] for row in rows(tmp_path / "run" / "counts.csv")] == ["8", "6", "4"]
    assert [row["status"] for row in rows(tmp_path / "run" / "scenes.csv")] == ["done"] * 3


def test_a_second_run_does_only_what_is_new(tmp_path: Path, tiles_seen: Callable[[], int]) -> None:
    three(tmp_path / "in")
    first = running.detect(request(tmp_path / "in", tmp_path / "run"))
    assert tiles_seen() == 27
    scene(tmp_path / "in" / "new.tif", boxes=BOXES[:1], seed=9)
    second = running.detect(request(tmp_path / "in", tmp_path / "run"))
    assert tiles_seen() == 9
    assert numbers(second) == numbers(first) | {("new", "new"): 1}


def test_i2_a_copied_folder_is_the_same_work(tmp_path: Path, tiles_seen: Callable[[], int]) -> None:
    three(tmp_path / "in")
    running.detect(request(tmp_path / "in", tmp_path / "run"))
    before = contents(tmp_path / "run")
    tiles_seen()
    shutil.copytree(tmp_path / "in", tmp_path / "moved", copy_function=shutil.copyfile)
    run = running.detect(request(tmp_path / "moved", tmp_path / "run"))
    assert tiles_seen() == 0
    assert {k: v for k, v in contents(tmp_path / "run").items() if "parts" in k} == {
        k: v for k, v in before.items() if "parts" in k
    }
    parts = running.open_run(tmp_path / "run")[1]
    assert all(Path(part.scene.location).parent == tmp_path / "moved" for part in parts.values())
    assert all(Path(outcome.location).is_file() for outcome in run.index.outcomes)
    elsewhere = running.detect(request(tmp_path / "moved", tmp_path / "other"))
    assert {o.key for o in elsewhere.index.outcomes} == {o.key for o in run.index.outcomes}
    for name, content in contents(tmp_path / "run").items():
        if "parts" in name:
            assert (tmp_path / "other" / name).read_bytes() == content


def test_s13_changed_settings_make_new_parts_and_leave_the_old(tmp_path: Path, tiles_seen: Callable[[], int]) -> None:
    three(tmp_path / "in")
    running.detect(request(tmp_path / "in", tmp_path / "run"))
    tiles_seen()
    running.detect(request(tmp_path / "in", tmp_path / "run", settings=changed(threshold=0.5, batch=2)))
    assert tiles_seen() == 0
    running.detect(request(tmp_path / "in", tmp_path / "run", settings=changed(score_floor=0.2)))
    assert tiles_seen() == 27
    assert len(list((tmp_path / "run" / "parts").glob("*.parquet"))) == 6


def test_u6_a_careful_run_shares_neither_parts_nor_model_with_a_plain_one(
    tmp_path: Path, tiles_seen: Callable[[], int]
) -> None:
    three(tmp_path / "in")
    plain = running.detect(request(tmp_path / "in", tmp_path / "run"))
    assert tiles_seen() == 27
    careful = request(
        tmp_path / "in", tmp_path / "run", settings=changed(careful=True),
        model=Model(detector="finder_of_the_test:Bright", careful=True),
    )  # fmt: skip
    found = running.detect(careful)
    assert tiles_seen() == 3 * 27
    assert numbers(found) == numbers(plain)
    assert {count.model_id for count in plain.counts} == {"custom:finder_of_the_test:Bright"}
    assert {count.model_id for count in found.counts} == {"custom:finder_of_the_test:Bright+careful"}
    assert not {o.key for o in plain.index.outcomes} & {o.key for o in found.index.outcomes}
    running.detect(careful)
    assert tiles_seen() == 0
    assert running.recount(tmp_path / "run").index.model_id.endswith("+careful")


def test_a_model_and_settings_that_differ_on_care_are_a_mistake_of_the_caller(tmp_path: Path) -> None:
    three(tmp_path / "in")
    with pytest.raises(ValueError, match="careful"):
        running.detect(request(tmp_path / "in", tmp_path / "run", settings=changed(careful=True)))


def test_i6_one_bad_scene_costs_one_scene(tmp_path: Path) -> None:
    three(tmp_path / "in")
    torn = tmp_path / "in" / "port_2024-05-08.tif"
    torn.write_bytes(torn.read_bytes()[:150_000])
    (tmp_path / "in" / "empty.tif").write_bytes(b"")
    scene(tmp_path / "in" / "no_size.tif", plain=True, seed=5)
    run = running.detect(request(tmp_path / "in", tmp_path / "run"))
    assert statuses(run) == {
        "empty": "failed", "no_size": "refused", "port_2024-05-01": "done", "port_2024-05-08": "failed",
        "port_2024-05-15": "done",
    }  # fmt: skip
    assert run.troubled
    assert all(outcome.reason for outcome in run.index.outcomes if outcome.status != "done")
    assert {name: n for (_, name), n in numbers(run).items() if n is not None} == {"port_2024-05-01": 8, "port_2024-05-15": 4}
    assert {c.status for c in run.counts if c.count is None} == {"failed", "refused"}


def test_a_run_told_to_stop_at_the_first_failure_stops_and_says_so(tmp_path: Path) -> None:
    three(tmp_path / "in")
    (tmp_path / "in" / "a.tif").write_bytes(b"")
    run = running.detect(request(tmp_path / "in", tmp_path / "run", on_error="fail"))
    assert statuses(run) == {"a": "failed"}
    assert any("3 of 4 scenes were not looked at" in note for note in run.index.notes)


def test_m14_the_same_content_under_two_names_is_counted_once(tmp_path: Path, tiles_seen: Callable[[], int]) -> None:
    one = scene(tmp_path / "in" / "a.tif")
    shutil.copyfile(one, tmp_path / "in" / "b.tif")
    run = running.detect(request(tmp_path / "in", tmp_path / "run"))
    assert statuses(run) == {"a": "done", "b": "skipped"}
    assert "the same content as a" in run.index.outcomes[1].reason
    assert numbers(run) == {("a", "a"): 8}
    assert tiles_seen() == 9


def test_m14_a_copy_with_coordinates_is_counted_at_its_site_though_one_without_them_comes_first(tmp_path: Path) -> None:
    with rasterio.open(scene(tmp_path / "made.tif")) as file:
        pixels = file.read()
    for folder in ("a", "b"):
        (tmp_path / "in" / folder).mkdir(parents=True)
        with rasterio.open(
            tmp_path / "in" / folder / f"{folder}.png", "w", driver="PNG", width=320, height=320, count=3, dtype="uint8"
        ) as png:
            png.write(pixels)
    world = (GSD, 0, 0, -GSD, EAST + GSD / 2, NORTH - GSD / 2)
    (tmp_path / "in" / "b" / "b.pgw").write_text("\n".join(map(str, world)))
    (tmp_path / "in" / "b" / "b.prj").write_text(pyproj.CRS("EPSG:32652").to_wkt())
    sites = outlines(tmp_path / "s.geojson", (0, 0, 320, 320))
    run = running.detect(request(tmp_path / "in", tmp_path / "run", sites=sites, gsd_m=(GSD, GSD), recursive=True))
    assert statuses(run) == {"a": "skipped", "b": "done"}
    assert [count.count for count in run.counts] == [8]


def test_m14_pictures_of_the_same_pixels_that_lie_side_by_side_are_no_copies(tmp_path: Path) -> None:
    with rasterio.open(scene(tmp_path / "made.tif", boxes=[])) as file:
        pixels = file.read()
    (tmp_path / "in").mkdir()
    for name, east in (("a", EAST), ("b", EAST + 320 * GSD), ("copy", EAST)):
        with rasterio.open(
            tmp_path / "in" / f"{name}.png", "w", driver="PNG", width=320, height=320, count=3, dtype="uint8"
        ) as png:
            png.write(pixels)
        world = (GSD, 0, 0, -GSD, east + GSD / 2, NORTH - GSD / 2)
        (tmp_path / "in" / f"{name}.pgw").write_text("\n".join(map(str, world)))
        (tmp_path / "in" / f"{name}.prj").write_text(pyproj.CRS("EPSG:32652").to_wkt())
    run = running.detect(request(tmp_path / "in", tmp_path / "run"))
    assert statuses(run) == {"a": "done", "b": "done", "copy": "skipped"}


def test_scenes_of_one_name_in_two_folders_stay_apart(tmp_path: Path) -> None:
    scene(tmp_path / "in" / "x" / "port.tif", boxes=BOXES[:2])
    scene(tmp_path / "in" / "y" / "port.tif", boxes=BOXES[:3])
    run = running.detect(request(tmp_path / "in", tmp_path / "run", recursive=True))
    assert sorted(n or 0 for n in numbers(run).values()) == [2, 3]
    assert len({outcome.scene_id for outcome in run.index.outcomes}) == 2


def test_o2_scenes_that_do_not_touch_a_site_are_not_read(tmp_path: Path, tiles_seen: Callable[[], int]) -> None:
    scene(tmp_path / "in" / "far.tif", east=EAST + 5000)
    scene(tmp_path / "in" / "near.tif")
    scene(tmp_path / "in" / "picture.tif", plain=True, seed=4)
    sites = outlines(tmp_path / "s.geojson", (10, 10, 140, 100))
    run = running.detect(request(tmp_path / "in", tmp_path / "run", sites=sites, gsd_m=(0.5, 0.5)))
    assert statuses(run) == {"far": "skipped", "near": "done", "picture": "skipped"}
    assert "does not touch any site" in run.index.outcomes[0].reason
    assert "no coordinates" in run.index.outcomes[2].reason
    assert numbers(run) == {("s0", "near"): 4}
    assert tiles_seen() < 9


def test_o2_a_site_that_lies_partly_outside_the_scene_says_how_much_was_seen(tmp_path: Path) -> None:
    scene(tmp_path / "in" / "a.tif")
    sites = outlines(tmp_path / "s.geojson", (160, 0, 480, 320))
    run = running.detect(request(tmp_path / "in", tmp_path / "run", sites=sites))
    assert run.counts[0].observed_fraction == pytest.approx(0.5, abs=0.01)
    assert any("covers 50% of the site" in note for note in run.counts[0].notes)


def test_i1_a_later_outline_outside_what_was_seen_is_unobserved_and_never_zero(tmp_path: Path) -> None:
    scene(tmp_path / "in" / "a.tif", size=900)
    near = outlines(tmp_path / "near.geojson", (10, 10, 140, 100))
    running.detect(request(tmp_path / "in", tmp_path / "run", sites=near))
    far = outlines(tmp_path / "far.geojson", (700, 700, 850, 850))
    later = running.recount(tmp_path / "run", sites=far)
    assert [(c.count, c.status, c.observed_fraction) for c in later.counts] == [(None, "not_assessable", 0.0)]
    assert [row["count"] for row in rows(tmp_path / "run" / "counts.csv")] == [""]
    assert running.recount(tmp_path / "run", sites=near).counts[0].count == 4


def test_a_recount_is_kept_for_the_report(tmp_path: Path) -> None:
    scene(tmp_path / "in" / "a.tif")
    running.detect(request(tmp_path / "in", tmp_path / "run"))
    sites = outlines(tmp_path / "other.geojson", (240, 0, 480, 320))
    counted = running.recount(tmp_path / "run", sites=sites, threshold=0.6, min_observed=0.2)
    assert counted.counts[0].status == "done"
    opened = running.open_run(tmp_path / "run")[0]
    assert opened.counts == counted.counts
    assert (opened.index.threshold, opened.index.sites_file) == (0.6, "other.geojson")
    assert running.recount(tmp_path / "run", threshold=0.9).counts[0].count == 0


@pytest.mark.parametrize(("name", "value"), [("threshold", 1.5), ("threshold", 0.01), ("min_observed", 2.0)])
def test_p13_a_recount_out_of_bounds_is_refused(tmp_path: Path, name: str, value: float) -> None:
    scene(tmp_path / "in" / "a.tif")
    running.detect(request(tmp_path / "in", tmp_path / "run"))
    with pytest.raises(SettingsError, match=name):
        running.recount(tmp_path / "run", **{name: value})  # type: ignore[arg-type]


def test_s8_damaged_outlines_of_a_run_are_said_and_can_be_given_again(tmp_path: Path) -> None:
    scene(tmp_path / "in" / "a.tif")
    sites = outlines(tmp_path / "s.geojson", (10, 10, 140, 100))
    running.detect(request(tmp_path / "in", tmp_path / "run", sites=sites))
    (tmp_path / "run" / "sites.json").write_text("[{")
    with pytest.raises(StoreError, match="give them again"):
        running.open_run(tmp_path / "run")
    assert running.recount(tmp_path / "run", sites=sites).counts[0].count == 4


def manifest(folder: Path, lines: str) -> Path:
    path = folder / "scenes.csv"
    path.write_text("path,scene\n" + lines)
    return path


def test_files_of_one_acquisition_are_one_scene_and_merged_where_they_overlap(tmp_path: Path) -> None:
    # Both files show the ground from column 160 to 319 of the first.
    scene(tmp_path / "in" / "left.tif", boxes=[(20, 20), (200, 50), (250, 250)])
    scene(tmp_path / "in" / "right.tif", boxes=[(40, 50), (90, 250), (200, 200)], east=EAST + 160 * GSD, seed=1)
    listed = manifest(tmp_path / "in", "left.tif,day\nright.tif,day\n")
    run = running.detect(request(listed, tmp_path / "run"))
    assert [(c.scene_id, c.count, c.observed_fraction) for c in run.counts] == [("day", 4, 1.0)]
    sites = outlines(tmp_path / "s.geojson", (0, 0, 480, 320))
    assert [(c.count, c.observed_fraction) for c in running.recount(tmp_path / "run", sites=sites).counts] == [(4, 1.0)]


def test_i1_a_torn_file_of_an_acquisition_is_said_in_its_count(tmp_path: Path) -> None:
    scene(tmp_path / "in" / "left.tif", boxes=[(20, 20)])
    right = scene(tmp_path / "in" / "right.tif", boxes=[(40, 50)], east=EAST + 320 * GSD, seed=1)
    right.write_bytes(right.read_bytes()[:150_000])
    run = running.detect(request(manifest(tmp_path / "in", "left.tif,day\nright.tif,day\n"), tmp_path / "run"))
    assert [(c.count, c.observed_fraction) for c in run.counts] == [(1, pytest.approx(0.5, abs=0.01))]
    assert any("the file right of this scene was not counted" in note for note in run.counts[0].notes)
    sites = outlines(tmp_path / "s.geojson", (0, 0, 640, 320))
    there = running.recount(tmp_path / "run", sites=sites).counts
    assert [(c.count, c.observed_fraction) for c in there] == [(1, pytest.approx(0.5, abs=0.01))]


def test_i1_a_site_in_the_torn_file_of_an_acquisition_is_failed_and_not_outside(tmp_path: Path) -> None:
    scene(tmp_path / "in" / "left.tif", boxes=[(20, 20)])
    right = scene(tmp_path / "in" / "right.tif", boxes=[(40, 50)], east=EAST + 320 * GSD, seed=1)
    right.write_bytes(right.read_bytes()[:150_000])
    sites = outlines(tmp_path / "s.geojson", (10, 10, 300, 300), (340, 10, 630, 300))
    run = running.detect(request(manifest(tmp_path / "in", "left.tif,day\nright.tif,day\n"), tmp_path / "run", sites=sites))
    assert [(c.site_id, c.count, c.status) for c in run.counts] == [("s0", 1, "done"), ("s1", None, "failed")]


def test_a_scene_none_of_whose_files_could_be_read_has_one_row_a_site(tmp_path: Path) -> None:
    scene(tmp_path / "in" / "good_20240501.tif")
    for name in ("left", "right"):
        (tmp_path / "in" / f"{name}.tif").write_bytes(b"II*\0 and no more")
    listed = manifest(tmp_path / "in", "good_20240501.tif,one\nleft.tif,day\nright.tif,day\n")
    run = running.detect(request(listed, tmp_path / "run", sites=outlines(tmp_path / "s.geojson", (0, 0, 320, 320))))
    assert [(c.scene_id, c.status) for c in run.counts] == [("one", "done"), ("day", "failed")]
    assert all(f"{name}: " in run.counts[1].notes[0] for name in ("left", "right"))


def test_i1_a_file_that_was_passed_over_is_missing_from_the_whole_scene_and_from_later_outlines_on_it(tmp_path: Path) -> None:
    scene(tmp_path / "in" / "left.tif", boxes=[(20, 20), (60, 60)])
    # Half a pixel off the lattice of the other: no mosaic.
    scene(tmp_path / "in" / "right.tif", boxes=[(40, 50)], east=EAST + 400.5 * GSD, seed=1)
    near = outlines(tmp_path / "near.geojson", (0, 0, 300, 300))
    listed = manifest(tmp_path / "in", "left.tif,day\nright.tif,day\n")
    run = running.detect(request(listed, tmp_path / "run", sites=near))
    assert statuses(run) == {"left": "done", "right": "skipped"}
    assert [(c.count, c.observed_fraction) for c in run.counts] == [(2, 1.0)]
    assert not any("right" in note for note in run.counts[0].notes)
    (whole,) = running.recount(tmp_path / "run", no_sites=True).counts
    assert whole.count == 2
    assert whole.observed_fraction == pytest.approx(0.5, abs=0.02)
    assert any("the file right of this scene was not counted" in note for note in whole.notes)
    beyond = outlines(tmp_path / "beyond.geojson", (420, 10, 700, 300))
    (said,) = running.recount(tmp_path / "run", sites=beyond).counts
    assert (said.count, said.status) == (None, "not_assessable")


def test_s8_a_recount_that_fails_leaves_the_outlines_of_the_last_count(tmp_path: Path) -> None:
    scene(tmp_path / "in" / "a.tif")
    sites = outlines(tmp_path / "s.geojson", (10, 10, 140, 100))
    running.detect(request(tmp_path / "in", tmp_path / "run", sites=sites))
    (part,) = (tmp_path / "run" / "parts").glob("*.parquet")
    whole = part.read_bytes()
    part.write_bytes(whole[:200])
    for other in ({"no_sites": True}, {"sites": outlines(tmp_path / "other.geojson", (0, 0, 320, 320))}):
        with pytest.raises(StoreError):
            running.recount(tmp_path / "run", **other)  # type: ignore[arg-type]
    part.write_bytes(whole)
    opened = running.open_run(tmp_path / "run")[0]
    assert (opened.index.sites_file, [c.count for c in opened.counts]) == ("s.geojson", [4])


def test_a_score_floor_that_a_count_or_its_interval_reaches_below_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene(tmp_path / "in" / "a.tif")
    asked = request(tmp_path / "in", tmp_path / "run", settings=changed(score_floor=0.6))
    with pytest.raises(SettingsError, match=r"score_floor is 0\.6, but these weights count boxes from 0\.\d"):
        running.detect(asked)
    running.detect(replace(asked, settings=changed(score_floor=0.6, threshold=0.7)))
    band = {"gsd_low": 0.2, "gsd_high": 0.8, "density_low": 0.0, "density_high": 500.0, "precision": 0.9, "recall": 0.9}
    card = replace(wiring.card_of(asked.model), measured=({**band, "n": 9.0, "spread": 0.1},))
    monkeypatch.setattr(wiring, "card_of", lambda _model: card)
    with pytest.raises(SettingsError, match=r"take boxes from 0\.15"):
        running.detect(replace(asked, out=tmp_path / "other", settings=changed(score_floor=0.2)))


def test_plain_pictures_of_one_acquisition_are_counted_one_by_one(tmp_path: Path) -> None:
    scene(tmp_path / "in" / "a.tif", plain=True, boxes=BOXES[:2])
    scene(tmp_path / "in" / "b.tif", plain=True, boxes=BOXES[:3])
    listed = manifest(tmp_path / "in", "a.tif,day\nb.tif,day\n")
    run = running.detect(request(listed, tmp_path / "run", gsd_m=(0.5, 0.5)))
    assert numbers(run) == {("a", "day"): 2, ("b", "day"): 3}


def test_outlines_that_only_exclude_leave_each_scene_its_own_site(tmp_path: Path) -> None:
    scene(tmp_path / "in" / "a.tif")
    sheds = outlines(tmp_path / "s.geojson", (10, 10, 140, 50), kind="exclude")
    assert numbers(running.detect(request(tmp_path / "in", tmp_path / "run", sites=sheds))) == {("a", "a"): 5}


def test_scenes_csv_counts_each_box_once_and_none_that_is_masked(tmp_path: Path) -> None:
    # The box at (200, 50) of the left file is the one at (40, 50) of the right.
    scene(tmp_path / "in" / "left.tif", boxes=[(20, 20), (200, 50), (250, 250)])
    scene(tmp_path / "in" / "right.tif", boxes=[(40, 50), (200, 200)], east=EAST + 160 * GSD, seed=1)
    listed = manifest(tmp_path / "in", "left.tif,day\nright.tif,day\n")
    sheds = outlines(tmp_path / "s.geojson", (10, 10, 60, 40), kind="exclude")
    run = running.detect(request(listed, tmp_path / "run", sites=sheds))
    counted = [int(row["counted"]) for row in rows(tmp_path / "run" / "scenes.csv")]
    assert sum(counted) == run.counts[0].count == 3


def test_u1_a_scene_that_cannot_be_read_keeps_the_date_of_its_name(tmp_path: Path) -> None:
    scene(tmp_path / "in" / "port_20240501.tif")
    (tmp_path / "in" / "port_20240508.tif").write_bytes(b"II*\0 and no more")
    site = outlines(tmp_path / "s.geojson", (0, 0, 320, 320))
    run = running.detect(request(tmp_path / "in", tmp_path / "run", sites=site))
    assert [(f"{c.datetime:%m-%d}", c.datetime_source, c.status) for c in run.counts] == [
        ("05-01", "name", "done"),
        ("05-08", "name", "failed"),
    ]
    assert [row["datetime"][:10] for row in rows(tmp_path / "run" / "scenes.csv")] == ["2024-05-01", "2024-05-08"]


def test_o2_a_later_outline_on_a_scene_that_was_passed_over_is_unobserved(tmp_path: Path) -> None:
    scene(tmp_path / "in" / "a.tif")
    scene(tmp_path / "in" / "b.tif", east=EAST + 1000, seed=1)
    run = running.detect(request(tmp_path / "in", tmp_path / "run", sites=outlines(tmp_path / "s.geojson", (0, 0, 320, 320))))
    assert statuses(run) == {"a": "done", "b": "skipped"}
    later = outlines(tmp_path / "later.geojson", (2000, 0, 2320, 320))
    said = {c.scene_id: c for c in running.recount(tmp_path / "run", sites=later).counts}
    assert [(said[name].count, said[name].status) for name in "ab"] == [(None, "outside"), (None, "not_assessable")]
    assert "detect again with these outlines" in said["b"].notes[0]


def test_i1_without_outlines_a_picture_that_was_passed_over_for_them_is_unobserved(tmp_path: Path) -> None:
    scene(tmp_path / "in" / "a.tif")
    scene(tmp_path / "in" / "plain.tif", plain=True, seed=4)
    scene(tmp_path / "in" / "beside.tif", plain=True, seed=5)
    listed = manifest(tmp_path / "in", "a.tif,day\nbeside.tif,day\nplain.tif,\n")
    sites = outlines(tmp_path / "s.geojson", (0, 0, 320, 320))
    run = running.detect(request(listed, tmp_path / "run", sites=sites, gsd_m=(0.5, 0.5)))
    assert statuses(run) == {"a": "done", "beside": "skipped", "plain": "skipped"}
    said = {c.site_id: c for c in running.recount(tmp_path / "run", no_sites=True).counts}
    assert {name: (c.scene_id, c.status, c.count) for name, c in said.items()} == {
        "beside": ("day", "not_assessable", None), "day": ("day", "done", 8), "plain": ("plain", "not_assessable", None),
    }  # fmt: skip
    assert "detect again without outlines" in said["plain"].notes[0]
    assert numbers(running.recount(tmp_path / "run", sites=sites)) == numbers(run)


def test_o2_a_site_that_two_scenes_show_at_one_time_is_said(tmp_path: Path) -> None:
    scene(tmp_path / "in" / "west_20240501.tif")
    scene(tmp_path / "in" / "east_20240501.tif", east=EAST + 160 * GSD, seed=1)
    scene(tmp_path / "in" / "west_20240502.tif", seed=2)
    site = outlines(tmp_path / "s.geojson", (0, 0, 480, 320))
    run = running.detect(request(tmp_path / "in", tmp_path / "run", sites=site))
    twice = {c.scene_id: [note for note in c.notes if "also in" in note] for c in run.counts}
    assert "west_20240501" in twice["east_20240501"][0]
    assert "east_20240501" in twice["west_20240501"][0]
    assert twice["west_20240502"] == []


@pytest.mark.parametrize("damage", [b"", b"PAR1 and no more", None])
def test_s8_a_damaged_part_is_done_again_and_the_rest_stands(
    tmp_path: Path, tiles_seen: Callable[[], int], damage: bytes | None
) -> None:
    three(tmp_path / "in")
    first = running.detect(request(tmp_path / "in", tmp_path / "run"))
    tiles_seen()
    before = contents(tmp_path / "run")
    path = next(iter(sorted((tmp_path / "run" / "parts").glob("*.parquet"))))
    path.unlink() if damage is None else path.write_bytes(damage)
    with pytest.raises(StoreError, match="run detect again"):
        running.recount(tmp_path / "run")
    again = running.detect(request(tmp_path / "in", tmp_path / "run"))
    assert tiles_seen() == 9
    assert numbers(again) == numbers(first)
    assert contents(tmp_path / "run") == before


def test_timings_are_kept_apart_from_results(tmp_path: Path) -> None:
    three(tmp_path / "in")
    running.detect(request(tmp_path / "in", tmp_path / "a"))
    running.detect(request(tmp_path / "in", tmp_path / "b"))
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    timings = json.loads((tmp_path / "a" / "timings.json").read_text())
    assert timings["port_2024-05-01"]["tiles"] == 9
    assert "wall_s" not in (tmp_path / "a" / "run.json").read_text()


def test_the_index_is_written_while_the_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sattrack.running._Journal._EVERY_S", -1.0)
    monkeypatch.setattr("sattrack.running._Journal._SHARE", 1e9)
    three(tmp_path / "in")
    seen: list[tuple[int, list[str]]] = []

    def ended(_: SceneOutcome) -> None:
        raw = json.loads((tmp_path / "run" / "run.json").read_text())
        seen.append((len(raw["outcomes"]), raw["notes"]))

    run = running.detect(request(tmp_path / "in", tmp_path / "run"), listener=Listener(scene_ends=ended))
    assert [n for n, _ in seen] == [1, 2, 3]
    assert "2 of 3 scenes were not looked at" in seen[0][1][0]
    assert run.index.notes == ()


def test_s10_an_interrupted_run_can_be_counted_and_goes_on(tmp_path: Path, tiles_seen: Callable[[], int]) -> None:
    three(tmp_path / "in")

    def interrupt(_: SceneOutcome) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        running.detect(request(tmp_path / "in", tmp_path / "run"), listener=Listener(scene_ends=interrupt))
    counted = running.recount(tmp_path / "run")
    assert list(numbers(counted).values()) == [8]
    assert any("2 of 3 scenes were not looked at" in note for note in counted.index.notes)
    tiles_seen()
    assert list(numbers(running.detect(request(tmp_path / "in", tmp_path / "run"))).values()) == [8, 6, 4]
    # The second scene may be stored already: the detector was at it while the first was told of.
    assert tiles_seen() in (9, 18)


def test_a_run_resumed_and_stopped_at_once_has_lost_nothing(tmp_path: Path) -> None:
    three(tmp_path / "in")
    running.detect(request(tmp_path / "in", tmp_path / "run"))
    scene(tmp_path / "in" / "a_new.tif", boxes=BOXES[:1], seed=9)

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        running.detect(request(tmp_path / "in", tmp_path / "run"), listener=Listener(scene_begins=interrupt))
    assert sorted(n or 0 for n in numbers(running.recount(tmp_path / "run")).values()) == [4, 6, 8]


_RUN = """
import sys
from pathlib import Path
from sattrack import running
from sattrack.running import Request
from sattrack.settings import Settings
from sattrack.wiring import Model
running.detect(Request((sys.argv[1],), Path(sys.argv[2]), model=Model(detector="finder_of_the_test:Bright"),
                       settings=Settings(low_percentile=0, high_percentile=100)))
"""


def test_i3_a_run_killed_at_any_instant_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    three(tmp_path / "in")
    running.detect(request(tmp_path / "in", tmp_path / "whole"))
    out = tmp_path / "run"
    pick = random.Random(7)
    killed = 0
    for _ in range(4):
        words = [sys.executable, "-c", _RUN, str(tmp_path / "in"), str(out)]
        with subprocess.Popen(words, env={**os.environ, "SLOW_S": "0.05"}) as going:
            deadline = time.monotonic() + 20
            while not (out / "run.json").exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(pick.uniform(0.0, 0.5))
            killed += going.poll() is None
            going.send_signal(signal.SIGKILL)
        index = running.recount(out).index  # what is there opens and can be counted
        assert {outcome.status for outcome in index.outcomes} <= {"done"}
    assert killed >= 2
    running.detect(request(tmp_path / "in", out))
    assert contents(out) == contents(tmp_path / "whole")


def test_r12_a_file_that_changes_while_it_is_read_fails(tmp_path: Path) -> None:
    path = scene(tmp_path / "in" / "a.tif")

    def grow(_: int) -> None:
        with path.open("ab") as file:
            file.write(b"more")

    run = running.detect(request(tmp_path / "in", tmp_path / "run"), listener=Listener(tiles_done=grow))
    assert statuses(run) == {"a": "failed"}
    assert "changed while it was read" in run.index.outcomes[0].reason


def test_a_mask_whose_content_changes_is_new_work(tmp_path: Path, tiles_seen: Callable[[], int]) -> None:
    one = scene(tmp_path / "in" / "a.tif")
    mask = tmp_path / "in" / "a_mask.tif"

    def hide(columns: int) -> None:
        with rasterio.open(one) as file:
            profile = {**file.profile, "count": 1, "photometric": "minisblack"}
        pixels = np.zeros((1, 320, 320), np.uint8)
        pixels[:, :, :columns] = 1
        with rasterio.open(mask, "w", **profile) as file:
            file.write(pixels)

    found = []
    for columns in (0, 160):
        hide(columns)
        run = running.detect(request(tmp_path / "in", tmp_path / "run"))
        found.append(run.counts[0].observed_fraction)
        assert tiles_seen() > 0
    assert found[0] != found[1]


def test_o10_the_input_folder_is_no_run_folder(tmp_path: Path) -> None:
    three(tmp_path / "in")
    with pytest.raises(UsageError, match="input folder itself"):
        running.detect(request(tmp_path / "in", tmp_path / "in"))
    (tmp_path / "link").symlink_to(tmp_path / "in")
    with pytest.raises(UsageError, match="input folder itself"):
        running.detect(request(tmp_path / "in", tmp_path / "link"))


def test_s8_a_run_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    three(tmp_path / "in")
    (tmp_path / "run").write_text("x")
    with pytest.raises(StoreError):
        running.detect(request(tmp_path / "in", tmp_path / "run"))


def test_s7_a_run_folder_of_another_schema_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    three(tmp_path / "in")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text('{"schema_version": "0"}')
    with pytest.raises(StoreError, match="schema version"):
        running.detect(request(tmp_path / "in", tmp_path / "run"))
    assert (tmp_path / "run" / "run.json").read_text() == '{"schema_version": "0"}'


def test_no_pictures_is_an_error_of_use(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(UsageError, match="no pictures found"):
        running.detect(request(tmp_path / "in", tmp_path / "run"))
