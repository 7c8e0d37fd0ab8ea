import csv
import itertools
import json
from collections import defaultdict

import numpy as np
import pytest
import rasterio
import shapely
from rasterio.warp import transform as moved

from sattrack.assets import asset_folder
from sattrack.geometry import apply_affine, centres, sides
from sattrack.readers.chains import read_chain
from sattrack.synthetic.places import CAMERAS
from sattrack.synthetic.replay import places
from sattrack.synthetic.sample_files import label_lines
from sattrack.synthetic.sample_scenes import draw_scenes
from sattrack.synthetic.samples import movement_rows
from sattrack.synthetic.seeds import FIRST_KEPT_SEED, SAMPLES_SEED
from sattrack.training.recipes import RenderedSource

SAMPLES = asset_folder("samples")
PLACES = places()
SITES = [place.site_id for place in PLACES]
PIER = SITES[0]


def pictures(site):
    return sorted(path for path in (SAMPLES / site / "images").glob("*.tif") if not path.stem.endswith("_mask"))


def table(name):
    with (SAMPLES / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def whole(site):
    return [row for row in table("truth.csv") if row["site_id"] == site and not row["zone"]]


def labels(picture):
    path = picture.parent.parent / "labels_obb" / f"{picture.stem}.txt"
    text = path.read_text()
    return np.array([line.split()[1:] for line in text.splitlines()], float).reshape(-1, 4, 2)


def test_samples_are_small_enough_to_travel_in_a_wheel():
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) < 20e6


def test_each_site_has_a_dozen_and_more_uneven_dates_from_may_to_october():
    for site in SITES:
        times = [np.datetime64(row["datetime"][:-1]) for row in whole(site)]
        assert len(times) == len(pictures(site)) >= 12
        assert str(times[0])[:7] == "2023-05"
        assert str(times[-1])[:7] == "2023-10"
        assert times == sorted(times)
        assert len(set(np.diff(times).astype("timedelta64[D]").astype(int))) > 4


def test_the_pier_was_quiet_in_eight_assessable_scenes_of_each_camera_before_it_filled():
    for camera in CAMERAS:
        quiet = [row for row in whole(PIER) if row["sensor"] == camera and row["datetime"] < "2023-08-25"]
        assert sum(int(row["hidden"]) <= 0.2 * int(row["stock"]) for row in quiet) >= 8
        stock = [int(row["stock"]) for row in quiet]
        assert min(stock) >= 10
        assert max(stock) <= 60
        assert np.std(stock) > 3


def test_the_pier_fills_and_empties_at_least_five_times_from_the_end_of_august():
    for camera in CAMERAS:
        stack = [int(r["stock"]) for r in table("truth.csv") if (r["zone"], r["sensor"]) == ("pier", camera)]
        high = [count > 80 for count in stack]
        assert sum(now and not before for before, now in itertools.pairwise(high)) >= 5
        assert max(stack) in range(250, 301)


def test_the_pier_is_emptied_at_once_on_the_day_with_two_scenes():
    stock = {row["datetime"]: int(row["stock"]) for row in table("truth.csv") if row["zone"] == "pier"}
    assert stock["2023-10-17T02:14:09Z"] > 250
    assert stock["2023-10-20T02:01:33Z"] > 50
    assert stock["2023-10-20T06:43:18Z"] == 0


@pytest.mark.parametrize("site", SITES)
def test_what_came_less_what_left_is_the_change_of_what_stands_there(site):
    rows = [row for row in table("movements.csv") if row["site_id"] == site]
    stock = {row["scene_id"]: int(row["stock"]) for row in whole(site)}
    for row in rows:
        assert int(row["stock_from"]) == stock[row["from_scene"]]
        assert int(row["stock_to"]) == stock[row["to_scene"]]
        assert int(row["arrived"]) - int(row["left"]) == int(row["stock_to"]) - int(row["stock_from"])
        assert int(row["left"]) >= max(int(row["stock_from"]) - int(row["stock_to"]), 0)
        assert row["from"] < row["to"]
    cameras = {row["sensor"] for row in whole(site)}
    assert len(rows) == len(stock) - len(cameras)


def test_more_than_a_thousand_boxes_left_the_pier_between_scenes_of_one_camera():
    for camera in CAMERAS:
        rows = [row for row in table("movements.csv") if (row["site_id"], row["sensor"]) == (PIER, camera)]
        falls = sum(max(int(row["stock_from"]) - int(row["stock_to"]), 0) for row in rows)
        assert 1000 < falls < sum(int(row["left"]) for row in rows)


def test_no_more_boxes_come_further_down_the_chain_than_left_before():
    total = defaultdict(lambda: [0, 0])
    for row in table("movements.csv"):
        if row["from"] >= "2023-08-24":
            total[row["site_id"], row["sensor"]][0] += int(row["arrived"])
            total[row["site_id"], row["sensor"]][1] += int(row["left"])
    pier, quay, store = (total[key] for key in ((PIER, "rendered-50"), (SITES[1], "rendered-30"), (SITES[2], "rendered-50")))
    assert 1000 < store[0] <= quay[0]
    assert quay[0] <= pier[1] * 1.05


def test_the_moves_are_those_that_the_calendar_makes():
    for place in PLACES:
        written = [row for row in table("movements.csv") if row["site_id"] == place.site_id]
        assert [{key: str(value) for key, value in row.items()} for row in movement_rows(place)] == written


def test_nothing_is_afoot_at_the_quiet_site():
    counts = [int(row["count"]) for row in whole(SITES[3])]
    assert len(counts) >= 20
    assert max(counts) < 1.5 * min(counts)


def test_the_chain_leads_over_three_of_the_sites_and_leaves_the_quiet_one_out():
    chain = read_chain(SAMPLES / "chain.yaml")
    assert [(place.site_id, place.role) for place in chain.places] == list(
        zip(SITES[:3], ("origin", "transit", "destination"), strict=True)
    )
    assert [(link.source, link.target) for link in chain.links] == [(SITES[0], SITES[1]), (SITES[1], SITES[2])]


@pytest.mark.parametrize("site", SITES)
def test_pictures_are_cloud_optimised_with_overviews_and_say_by_what_where_and_when_they_were_made(site):
    for path in pictures(site):
        with rasterio.open(path) as file:
            assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert file.overviews(1)
            assert (file.count, file.dtypes[0]) == (3, "uint8")
            assert file.crs.is_projected
            stamp = file.tags()["TIFFTAG_DATETIME"].replace(":", "").replace(" ", "T")
            assert path.stem.endswith(stamp)
            assert "not a satellite image" in file.tags()["TIFFTAG_COPYRIGHT"]
            assert CAMERAS[file.tags()["SENSOR"]] == pytest.approx(file.res[0])


@pytest.mark.parametrize("site", SITES)
def test_truth_counts_the_labels_in_each_outline(site):
    features = json.loads((SAMPLES / "sites.geojson").read_text())["features"]
    outlines = {
        f["properties"]["zone"]: shapely.geometry.shape(f["geometry"]) for f in features if f["properties"]["site_id"] == site
    }
    assert "" in outlines
    assert len(outlines) >= 2
    rows = {(row["scene_id"], row["zone"]): int(row["count"]) for row in table("truth.csv") if row["site_id"] == site}
    for path in pictures(site):
        with rasterio.open(path) as file:
            quads = labels(path) * (file.width, file.height)
            ground = apply_affine(tuple(file.transform[:6]), centres(quads))
            lon, lat = moved(file.crs, "EPSG:4326", ground[:, 0], ground[:, 1])
        for zone, outline in outlines.items():
            assert rows[path.stem, zone] == shapely.contains_xy(outline, lon, lat).sum()


@pytest.mark.parametrize("site", SITES[:3])
def test_where_boxes_stand_one_high_all_are_seen_or_hidden(site):
    for row in table("truth.csv"):
        if row["site_id"] == site:
            assert int(row["count"]) + int(row["hidden"]) == pytest.approx(int(row["stock"]), abs=3)


@pytest.mark.parametrize("site", SITES)
def test_labels_are_boxes_of_true_size(site):
    meta = json.loads((SAMPLES / site / "meta.json").read_text())
    for path in pictures(site):
        with rasterio.open(path) as file:
            long, short, _ = sides(labels(path) * (file.width, file.height) * file.res[0])
        assert meta[path.stem]["n_containers"] == len(long)
        assert short == pytest.approx(2.438, abs=0.01)
        assert set(np.round(long, 1)) <= {6.1, 12.2, 13.7}


def test_clouds_have_masks_but_for_one_that_hides_boxes_unsaid():
    veils = {look.time: look.veil for place in PLACES for look in place.looks if look.veil}
    assert sorted(veils.values()) == ["cloud"] * 4 + ["unmasked", "wedge"]
    masks = list(SAMPLES.glob("*/images/*_mask.tif"))
    assert len(masks) == 4
    for path in masks:
        with rasterio.open(path) as mask, rasterio.open(path.with_name(path.name.replace("_mask", ""))) as picture:
            assert (mask.shape, mask.transform) == (picture.shape, picture.transform)
            hidden = mask.read(1)
            assert set(np.unique(hidden)) == {0, 1}
            assert 0.05 < hidden.mean() < 0.9
            assert picture.read()[:, hidden == 1].min() > 80
    unsaid = next(row for row in whole(PIER) if row["datetime"] == "2023-07-19T02:18:31Z")
    assert int(unsaid["hidden"]) >= 5
    assert not list(SAMPLES.glob(f"*/images/{unsaid['scene_id']}_mask.tif"))


def test_one_scene_has_a_wedge_of_nodata():
    wedges = [path for site in SITES for path in pictures(site) if rasterio.open(path).nodata is not None]
    assert len(wedges) == 1
    with rasterio.open(wedges[0]) as picture:
        assert 0.15 < (picture.read() == 0).all(0).mean() < 0.6


def test_samples_are_drawn_from_seeds_that_training_cannot_use():
    assert SAMPLES_SEED > FIRST_KEPT_SEED
    for place in PLACES:
        assert place.seed >= SAMPLES_SEED
        assert len(place.looks) < 99
    with pytest.raises(ValueError, match="less than"):
        RenderedSource(count=1, first_seed=FIRST_KEPT_SEED, weight=1.0)


@pytest.mark.parametrize(("site", "number"), [(0, 21), (2, 9)])
def test_a_scene_drawn_again_has_the_labels_that_are_shipped(site, number):
    place = places()[site]
    scene, _ = next(iter(draw_scenes(place, only=number)))
    shipped = SAMPLES / place.site_id
    assert label_lines(scene) == (shipped / "labels_obb" / f"{scene.id}.txt").read_text()
    with rasterio.open(shipped / "images" / f"{scene.id}.tif") as file:
        kept = np.moveaxis(file.read(), 0, 2)
    assert np.abs(kept.astype(float) - scene.picture).mean() < 4


def test_what_did_not_move_looks_the_same_at_the_next_date():
    stand = places()[3].stands[0][1]
    rng = np.random.default_rng(5)
    stand.fill(0.6, rng=rng, turnover=0.0, orderly=False)
    before = stand.boxes()
    stand.fill(0.5, rng=rng, turnover=0.0, orderly=False)
    after = stand.boxes()
    assert 0 < len(after) < len(before)
    known = {tuple(row) for row in np.column_stack([before.centre, before.top, before.colour])}
    assert all(tuple(row) in known for row in np.column_stack([after.centre, after.top, after.colour]))


def test_every_box_of_a_stand_rests_on_the_ground_or_on_a_box():
    stand = places()[3].stands[0][1]
    stand.fill(0.8, rng=np.random.default_rng(1), turnover=0.0, orderly=False)
    boxes = stand.boxes()
    tops = {(*np.round(lane, 1), round(top, 6)) for lane, top in zip(boxes.lane[:, 2:], boxes.top, strict=True)}
    for lane, base in zip(boxes.lane[:, 2:], boxes.base, strict=True):
        assert base == 0 or (*np.round(lane, 1), round(base, 6)) in tops
