import csv
import json

import numpy as np
import pytest
import rasterio
import shapely
from rasterio.warp import transform as moved

from sattrack.assets import asset_folder
from sattrack.geometry import apply_affine, centres, sides
from sattrack.synthetic.places import places
from sattrack.synthetic.samples import draw_scenes, label_lines
from sattrack.synthetic.seeds import FIRST_KEPT_SEED, SAMPLES_SEED
from sattrack.training.recipes import RenderedSource

SAMPLES = asset_folder("samples")
SITES = [place.site_id for place in places()]


def pictures(site):
    return sorted(path for path in (SAMPLES / site / "images").glob("*.tif") if not path.stem.endswith("_mask"))


def truth_rows():
    with (SAMPLES / "truth.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def labels(picture):
    path = picture.parent.parent / "labels_obb" / f"{picture.stem}.txt"
    text = path.read_text()
    return np.array([line.split()[1:] for line in text.splitlines()], float).reshape(-1, 4, 2)


def test_samples_are_small():
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) < 12e6


def test_there_are_two_sites_of_a_dozen_uneven_dates():
    for site in SITES:
        assert len(pictures(site)) == 12
        days = np.diff(
            [np.datetime64(row["datetime"][:-1], "D") for row in truth_rows() if row["site_id"] == site and not row["zone"]]
        )
        assert len(set(days.astype(int))) > 4


@pytest.mark.parametrize("site", SITES)
def test_pictures_are_tiled_with_overviews_and_say_where_and_when_they_were_made(site):
    gsds = set()
    for path in pictures(site):
        with rasterio.open(path) as file:
            assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert file.profile["tiled"]
            assert file.overviews(1)
            assert (file.count, file.dtypes[0]) == (3, "uint8")
            assert file.crs.is_projected
            stamp = file.tags()["TIFFTAG_DATETIME"].replace(":", "").replace(" ", "T")
            assert path.stem.endswith(stamp)
            assert "not a satellite image" in file.tags()["TIFFTAG_COPYRIGHT"]
            gsds.add(round(file.res[0], 3))
    assert min(gsds) == 0.3
    assert max(gsds) == 0.6


@pytest.mark.parametrize("site", SITES)
def test_truth_counts_the_labels_in_each_outline(site):
    features = json.loads((SAMPLES / "sites.geojson").read_text())["features"]
    outlines = {
        f["properties"]["zone"]: shapely.geometry.shape(f["geometry"]) for f in features if f["properties"]["site_id"] == site
    }
    assert "" in outlines
    assert len(outlines) == 3
    rows = {(row["scene_id"], row["zone"]): int(row["count"]) for row in truth_rows() if row["site_id"] == site}
    for path in pictures(site):
        with rasterio.open(path) as file:
            quads = labels(path) * (file.width, file.height)
            ground = apply_affine(tuple(file.transform[:6]), centres(quads))
            lon, lat = moved(file.crs, "EPSG:4326", ground[:, 0], ground[:, 1])
        for zone, outline in outlines.items():
            assert rows[path.stem, zone] == shapely.contains_xy(outline, lon, lat).sum()


@pytest.mark.parametrize("site", SITES)
def test_labels_are_boxes_of_true_size(site):
    meta = json.loads((SAMPLES / site / "meta.json").read_text())
    for path in pictures(site):
        with rasterio.open(path) as file:
            long, short, _ = sides(labels(path) * (file.width, file.height) * file.res[0])
        assert meta[path.stem]["n_containers"] == len(long)
        assert short == pytest.approx(2.438, abs=0.01)
        assert set(np.round(long, 1)) <= {6.1, 12.2, 13.7}


def test_one_scene_is_clouded_with_a_mask_and_one_has_a_wedge_of_nodata():
    masks = list(SAMPLES.glob("*/images/*_mask.tif"))
    assert len(masks) == 1
    scene = masks[0].with_name(masks[0].name.replace("_mask", ""))
    with rasterio.open(masks[0]) as mask, rasterio.open(scene) as picture:
        assert mask.shape == picture.shape
        assert mask.transform == picture.transform
        hidden = mask.read(1)
        assert set(np.unique(hidden)) == {0, 1}
        assert 0.05 < hidden.mean() < 0.4
        assert picture.read()[:, hidden == 1].min() > 80
    wedges = [path for site in SITES for path in pictures(site) if rasterio.open(path).nodata is not None]
    assert len(wedges) == 1
    with rasterio.open(wedges[0]) as picture:
        assert 0.2 < (picture.read() == 0).all(0).mean() < 0.6


def test_the_pier_is_emptied_at_once_on_the_day_with_two_scenes():
    counts = {row["datetime"]: int(row["count"]) for row in truth_rows() if row["zone"] == "pier"}
    assert counts["2023-10-17T02:14:09Z"] > 140
    assert counts["2023-10-20T06:43:18Z"] == 0


def test_samples_are_drawn_from_seeds_that_training_cannot_use():
    assert SAMPLES_SEED > FIRST_KEPT_SEED
    for place in places():
        assert place.seed >= SAMPLES_SEED
    with pytest.raises(ValueError, match="less than"):
        RenderedSource(count=1, first_seed=FIRST_KEPT_SEED, weight=1.0)


def test_a_scene_drawn_again_has_the_labels_that_are_shipped():
    place = places()[0]
    scene = next(iter(draw_scenes(place, only=2)))
    shipped = SAMPLES / place.site_id
    assert label_lines(scene) == (shipped / "labels_obb" / f"{scene.id}.txt").read_text()
    with rasterio.open(shipped / "images" / f"{scene.id}.tif") as file:
        kept = np.moveaxis(file.read(), 0, 2)
    assert np.abs(kept.astype(float) - scene.picture).mean() < 4


def test_what_did_not_move_looks_the_same_at_the_next_date():
    place = places()[1]
    stand = place.stands[0][1]
    rng = np.random.default_rng(5)
    stand.fill(0.6, rng=rng, turnover=0.0, orderly=False)
    before = stand.boxes()
    stand.fill(0.5, rng=rng, turnover=0.0, orderly=False)
    after = stand.boxes()
    assert 0 < len(after) < len(before)
    known = {tuple(row) for row in np.column_stack([before.centre, before.top, before.colour])}
    assert all(tuple(row) in known for row in np.column_stack([after.centre, after.top, after.colour]))


def test_every_box_of_a_stand_rests_on_the_ground_or_on_a_box():
    stand = places()[1].stands[0][1]
    stand.fill(0.8, rng=np.random.default_rng(1), turnover=0.0, orderly=False)
    boxes = stand.boxes()
    tops = {(*np.round(lane, 1), round(top, 6)) for lane, top in zip(boxes.lane[:, 2:], boxes.top, strict=True)}
    for lane, base in zip(boxes.lane[:, 2:], boxes.base, strict=True):
        assert base == 0 or (*np.round(lane, 1), round(base, 6)) in tops
