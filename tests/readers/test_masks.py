"""Masks beside a scene: of every kind, in any grid, hide what they say and nothing else."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from pyproj import Transformer

from sattrack.errors import SceneError, SceneRefused
from sattrack.imagery import Window
from sattrack.readers.rasters import RasterReader
from sattrack.readers.upright import Upright

ALL = Window(0, 0, 160, 120)
SIZE = (120, 160)
LEFT, TOP = 500_000, 3_900_000


@pytest.fixture
def seen(scene_of):
    """seen(path, mask, window, size) -> valid."""

    def valid(path, mask, window=ALL, size=SIZE, **options):
        reader = RasterReader()
        scene = scene_of(path, mask=str(mask), **options)
        assert scene.cloud_checked
        pixels, found = reader.read(scene, window, size)
        assert (pixels[~found] == 0).all()
        reader.close()
        return found

    return valid


def hidden_box():
    hidden = np.zeros(SIZE, bool)
    hidden[20:60, 40:100] = True
    return hidden


def test_a_plain_mask_hides_what_is_not_zero(write, picture, seen):
    mask = write("clouds.tif", hidden_box()[None].astype(np.uint8) * 255)
    assert (seen(write("scene.tif", picture), mask) == ~hidden_box()).all()


@pytest.mark.parametrize("colours", [("black", "blue"), ("white", "black")])
def test_of_a_mask_with_a_palette_the_numbers_count_and_not_their_colours(write, picture, seen, colours):
    named = {"black": (0, 0, 0, 255), "blue": (0, 0, 255, 255), "white": (255, 255, 255, 255)}
    palette = {number: named[colour] for number, colour in enumerate(colours)}
    mask = write("clouds.tif", hidden_box()[None].astype(np.uint8), photometric="palette")
    classes = write("T52_SCL_20m.tif", np.where(hidden_box(), 9, 4)[None].astype(np.uint8), photometric="palette")
    for path, shown in ((mask, palette), (classes, {4: (0, 160, 0, 255), 9: (192, 192, 192, 255)})):
        with rasterio.open(path, "r+") as file:
            file.write_colormap(1, shown)
        assert (seen(write("scene.tif", picture), path) == ~hidden_box()).all()


@pytest.mark.parametrize("bits", [1, 8])
def test_a_mask_that_runs_from_white_to_black_hides_what_is_not_black(write, picture, seen, bits):
    white = np.where(hidden_box(), 0, (1 << bits) - 1)[None].astype(np.uint8)
    mask = write("clouds.tif", white, photometric="miniswhite", nbits=bits)
    assert (seen(write("scene.tif", picture), mask) == ~hidden_box()).all()


def test_a_udm2_shows_what_its_first_band_calls_clear(write, picture, seen):
    bands = np.zeros((8, *SIZE), np.uint8)
    bands[0] = ~hidden_box()
    bands[5] = hidden_box()
    assert (seen(write("scene.tif", picture), write("scene_udm2.tif", bands)) == ~hidden_box()).all()


def test_scl_hides_cloud_shadow_cirrus_snow_and_defects_only(write, picture, seen):
    classes = np.repeat(np.arange(12), 10)[:, None] * np.ones(160)
    valid = seen(write("scene.tif", picture), write("T52_SCL_20m.tif", classes[None].astype(np.uint8)))
    assert {int(c) for c in np.unique(classes[valid])} == {2, 4, 5, 6, 7}


def test_landsats_qa_pixel_hides_fill_clouds_cirrus_shadow_and_snow_by_its_bits(write, picture, seen):
    # Clear 21824, water 21952, dilated cloud, cirrus, cloud, shadow, snow with their confidences, and fill, as USGS lists them.
    values = np.array([21824, 21952, 21826, 54596, 22280, 23888, 30048, 1], np.uint16)
    bits = np.repeat(values, 20)[None] * np.ones((120, 1), np.uint16)
    valid = seen(write("scene.tif", picture), write("LC08_L2SP_041036_20230801_02_T1_QA_PIXEL.TIF", bits[None]))
    assert {int(value) for value in np.unique(bits[valid])} == {21824, 21952}


def test_a_mask_in_a_coarser_grid_is_aligned_by_its_coordinates(write, picture, seen):
    coarse = np.zeros((1, 20, 20), np.uint8)
    coarse[0, 5:10, 6:12] = 1
    mask = write("clouds.tif", coarse, transform=Affine(5, 0, LEFT - 10, 0, -5, TOP + 5))
    valid = seen(write("scene.tif", picture), mask)
    expected = np.zeros(SIZE, bool)
    expected[40:90, 40:100] = True
    assert (valid == ~expected).mean() > 0.999


def test_I4_a_mask_far_finer_than_what_is_asked_for_is_thinned(write, picture, scene_of, monkeypatch):
    fine = hidden_box()[None].astype(np.uint8).repeat(8, axis=1).repeat(8, axis=2)
    mask = write("clouds.tif", fine, transform=Affine(0.0625, 0, LEFT, 0, -0.0625, TOP))
    read, sizes = Upright.read, []
    monkeypatch.setattr(Upright, "read", lambda self, *a, **k: sizes.append(a[2]) or read(self, *a, **k))
    valid = RasterReader().read(scene_of(write("scene.tif", picture), mask=mask), ALL, SIZE)[1]
    assert (valid == ~hidden_box()).mean() > 0.99
    assert max(max(size) for size in sizes) <= 320


def test_a_mask_in_another_crs_is_aligned_by_its_coordinates(write, picture, seen):
    degrees = Transformer.from_crs("EPSG:32652", "EPSG:4326", always_xy=True)
    west, north = degrees.transform(LEFT - 10, TOP + 10)
    lon, lat = degrees.transform(LEFT + 20, TOP - 10)  # the hidden box's corner: column 40, row 20
    step = 2e-6
    array = np.zeros((1, 500, 700), np.uint8)
    array[0, round((north - lat) / step) :, round((lon - west) / step) :] = 1
    mask = write("clouds.tif", array, crs="EPSG:4326", transform=Affine(step, 0, west, 0, -step, north))
    expected = np.zeros(SIZE, bool)
    expected[20:, 40:] = True
    assert (seen(write("scene.tif", picture), mask) == ~expected).mean() > 0.98


def test_a_mask_in_degrees_lies_where_it_is_on_both_sides_of_the_antimeridian(write, picture, seen):
    utm = Transformer.from_crs("EPSG:4326", "EPSG:32660", always_xy=True)
    x, y = utm.transform(180, 52)
    degrees = Transformer.from_crs("EPSG:32660", "EPSG:4326", always_xy=True)
    west, north = degrees.transform(x - 60, y + 40)
    east, _ = degrees.transform(x + 10, y)  # column 100, 10 m beyond 180 degrees
    step = 2e-6
    array = np.zeros((1, 500, 700), np.uint8)
    array[..., round((east + 360 - west) / step) :] = 1
    mask = write("clouds.tif", array, crs="EPSG:4326", transform=Affine(step, 0, west, 0, -step, north))
    scene = write("scene.tif", picture, crs="EPSG:32660", transform=Affine(0.5, 0, x - 40, 0, -0.5, y + 30))
    expected = np.zeros(SIZE, bool)
    expected[:, 100:] = True
    assert (seen(scene, mask) == ~expected).mean() > 0.98


def test_what_a_mask_does_not_cover_is_not_seen(write, picture, seen):
    mask = write("clouds.tif", np.zeros((1, 60, 160), np.uint8))
    valid = seen(write("scene.tif", picture), mask)
    assert valid[:60].all()
    assert not valid[60:].any()


@pytest.mark.parametrize("turn", [0, 25])
def test_polygons_of_cloud_hide_their_inside(write, picture, seen, tmp_path, turn):
    place = Affine.translation(LEFT, TOP) * Affine.rotation(turn) * Affine.scale(0.5, -0.5)
    to_degrees = Transformer.from_crs("EPSG:32652", "EPSG:4326", always_xy=True)
    corners = [(40, 20), (100, 20), (100, 60), (40, 60), (40, 20)]
    ring = [to_degrees.transform(*(place * corner)) for corner in corners][::-1]
    path = tmp_path / "clouds.geojson"
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    scene = write("scene.tif", picture, transform=place)
    assert (seen(scene, path) == ~hidden_box()).mean() > 0.99  # edges are hidden whole
    part = seen(scene, path, Window(30, 10, 80, 60), (120, 160))
    assert (part == ~hidden_box()[10:70, 30:110].repeat(2, axis=0).repeat(2, axis=1)).mean() > 0.97


@pytest.mark.parametrize(
    ("crs", "at", "far"),
    [
        # The south pole has no place in France's Lambert; half the world east of a scene in degrees is half the world west.
        ("EPSG:2154", Affine(0.5, 0, 700_000, 0, -0.5, 6_600_000), lambda lon, lat: [(lon, lat), (-9, lat), (-9, -90)]),
        ("EPSG:4326", Affine(5e-6, 0, 130, 0, -5e-6, 42), lambda lon, lat: [(-60, 30), (0, 30), (0, 50), (-60, 50)]),
        ("EPSG:3031", Affine(0.5, 0, -40, 0, -0.5, 30), lambda lon, lat: [(0, 85), (90, -89), (0, -89), (-90, 85)]),
    ],
)  # fmt: skip
def test_polygons_that_reach_to_the_other_side_of_the_world_hide_what_they_lie_on_and_no_more(
    write, picture, seen, tmp_path, crs, at, far
):
    to_degrees = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    lon, lat = to_degrees.transform(*(at * (80, 60)))
    ring = far(lon, lat)
    path = tmp_path / "clouds.geojson"
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [[*ring, ring[0]]]}))
    valid = seen(write("scene.tif", picture, crs=crs, transform=at), path)
    rows, cols = np.mgrid[0:120, 0:160] + 0.5
    where = shapely.points(*to_degrees.transform(*(at * (cols, rows))))
    assert (valid == ~shapely.intersects(shapely.Polygon(ring), where)).mean() > 0.97


def test_a_painted_mask_hides_under_every_colour(write, picture, seen):
    bands = np.zeros((3, *SIZE), np.uint8)
    bands[1, 20:60, 40:70] = 200  # in green, and the rest in blue
    bands[2, 20:60, 70:100] = 200
    assert (seen(write("scene.tif", picture), write("clouds.tif", bands, photometric="rgb")) == ~hidden_box()).all()


def test_polygons_of_a_clear_day_hide_nothing(write, picture, seen, tmp_path):
    (tmp_path / "clouds.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    assert seen(write("scene.tif", picture), tmp_path / "clouds.geojson").all()


def test_a_plain_mask_of_one_size_with_a_plain_picture(write, picture, seen):
    path = write("plain.png", picture, driver="PNG", crs=None)
    mask = write("mask.png", hidden_box()[None].astype(np.uint8), driver="PNG", crs=None)
    assert (seen(path, mask, gsd_m=(0.5, 0.5)) == ~hidden_box()).all()


def test_masks_that_cannot_belong_to_the_scene_are_refused_before_any_work(write, picture, scene_of, tmp_path):
    path = write("scene.tif", picture)
    far = write("far.tif", np.zeros((1, 9, 9), np.uint8), transform=Affine(0.5, 0, LEFT + 9000, 0, -0.5, TOP))
    with pytest.raises(SceneRefused, match="does not touch"):
        scene_of(path, mask=far)
    with pytest.raises(SceneRefused, match="of one size"):
        scene_of(path, mask=write("small.png", picture[:, :50], driver="PNG", crs=None))
    with pytest.raises(SceneError, match="not a file"):
        scene_of(path, mask=str(tmp_path / "none.tif"))
    broken = tmp_path / "broken.geojson"
    broken.write_text("{")
    with pytest.raises(SceneError, match="the mask cannot be read"):
        scene_of(path, mask=str(broken))
    plain = write("plain.png", picture, driver="PNG", crs=None)
    outline = tmp_path / "clouds.geojson"
    outline.write_text('{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}')
    with pytest.raises(SceneRefused, match="without georeferencing"):
        scene_of(plain, gsd_m=(0.5, 0.5), mask=str(outline))


def test_a_mask_of_a_small_part_of_a_scene_shows_that_part(write, picture, seen):
    small = write("clouds.tif", np.zeros((1, 1, 1), np.uint8), transform=Affine(1, 0, LEFT + 11, 0, -1, TOP - 11))
    valid = seen(write("scene.tif", picture), small)
    assert valid.sum() == 4
    assert valid[22:24, 22:24].all()


def test_a_mask_whose_crs_is_not_tied_to_the_earth_is_refused(write, picture, scene_of):
    plan = write("plan.tif", hidden_box()[None].astype(np.uint8), crs='LOCAL_CS["plan",UNIT["metre",1]]')
    with pytest.raises(SceneRefused, match="not tied to the earth"):
        scene_of(write("scene.tif", picture), mask=plan)


def test_a_udm2_of_one_band_is_refused_since_it_may_say_either(write, picture, scene_of):
    mask = write("scene_udm2.tif", hidden_box()[None].astype(np.uint8))
    with pytest.raises(SceneRefused, match=r"is a UDM2, which has 8 bands, .* rename it to NAME_mask"):
        scene_of(write("scene.tif", picture), mask=mask)


def test_the_sample_leaves_out_what_is_hidden_and_the_digest_follows_the_mask(write, picture, scene_of):
    path, mask = write("scene.tif", picture), write("clouds.tif", hidden_box()[None].astype(np.uint8))
    reader, scene = RasterReader(), scene_of(path, mask=mask)
    assert reader.sample(scene)[1].sum() == (~hidden_box()).sum()
    before = reader.digest(scene)
    assert before != reader.digest(scene_of(path))
    Path(mask).write_bytes(Path(write("other.tif", np.ones((1, *SIZE), np.uint8))).read_bytes())
    assert reader.digest(scene) != before


def test_the_digest_follows_the_files_of_a_virtual_mask(write, picture, scene_of, tmp_path):
    path, mask = write("scene.tif", picture), tmp_path / "clouds.vrt"
    write("clouds.tif", hidden_box()[None].astype(np.uint8))
    mask.write_text(
        '<VRTDataset rasterXSize="160" rasterYSize="120"><SRS>EPSG:32652</SRS><GeoTransform>500000,0.5,0,3900000,0,-0.5'
        '</GeoTransform><VRTRasterBand dataType="Byte" band="1"><SimpleSource><SourceFilename relativeToVRT="1">clouds.tif'
        "</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    scene = scene_of(path, mask=str(mask))
    assert RasterReader().sample(scene)[1].sum() == (~hidden_box()).sum()
    before = RasterReader().digest(scene)
    write("clouds.tif", np.ones((1, *SIZE), np.uint8))
    assert RasterReader().digest(scene) != before
