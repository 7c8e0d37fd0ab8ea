"""What a scene is: pixel size on the ground, bands, time, and what must be refused."""

import datetime as dt
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from PIL import Image
from pyproj import CRS, Transformer
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp
from rasterio.rpc import RPC

from sattrack.errors import SceneError, SceneRefused
from sattrack.projections import to_lonlat
from sattrack.readers.describing import describe
from sattrack.readers.finding import find_sources
from sattrack.readers.rasters import RasterReader
from sattrack.readers.times import parse_time
from sattrack.steps.judging import capability

LON, LAT = 129.04, 35.10
UTC = dt.UTC


def at(crs: str, unit: float, *, turn: float = 0.0, shape=(120, 160), south_up: bool = False) -> dict:
    """A profile whose pixels are `unit` long in the CRS, centred on Busan."""
    x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(LON, LAT)
    down = unit if south_up else -unit
    centred = Affine.translation(x, y) * Affine.rotation(turn) * Affine.scale(unit, down)
    return {"crs": crs, "transform": centred * Affine.translation(-shape[1] / 2, -shape[0] / 2)}


FOOT = "+proj=tmerc +lat_0=35 +lon_0=129 +ellps=WGS84 +units=us-ft"


@pytest.mark.parametrize(
    ("crs", "unit", "gsd"),
    [
        ("EPSG:32652", 0.5, (0.5, 0.5)),
        ("EPSG:3857", 0.5, (0.5 * 0.8190, 0.5 * 0.8161)),
        ("EPSG:4326", 4.5e-6, (0.4104, 0.4992)),
        (FOOT, 1.0, (0.3048, 0.3048)),
    ],
    ids=["utm", "web mercator", "degrees", "feet"],
)
def test_M2_the_pixel_size_is_geodesic_at_the_place_whatever_the_crs(write, picture, scene_of, crs, unit, gsd):
    grid = scene_of(write("scene.tif", picture, **at(crs, unit))).grid
    assert grid.gsd_m == pytest.approx(gsd, rel=0.01)
    assert grid.shape == (120, 160)
    assert grid.georeferenced


@pytest.mark.parametrize(("own", "told"), [("EPSG:32651", True), ("EPSG:32652", False)])
def test_the_numbers_of_a_world_file_are_in_the_crs_of_its_prj_whatever_the_file_says(write, picture, tmp_path, own, told):
    path = write("scene.tif", picture, crs=own, transform=Affine.identity())
    (tmp_path / "scene.tfw").write_text("0.5\n0\n0\n-0.5\n500000.25\n3899999.75\n")
    (tmp_path / "scene.prj").write_text(CRS.from_epsg(32652).to_wkt("WKT1_ESRI"))
    scene = describe(*find_sources([path]))
    assert to_lonlat(np.zeros(2), grid=scene.grid) == pytest.approx((129.0, 35.243), abs=1e-3)
    assert any("the file's own CRS is not used" in note for note in scene.notes) == told


@pytest.mark.parametrize("turn", [0, 30, 90, 213])
@pytest.mark.parametrize("south_up", [False, True])
def test_M3_rotated_and_south_up_scenes_have_the_same_pixel_size(write, picture, scene_of, turn, south_up):
    scene = scene_of(write("scene.tif", picture, **at("EPSG:32652", 0.5, turn=turn, south_up=south_up)))
    assert scene.grid.gsd_m == pytest.approx((0.5, 0.5), rel=0.002)


def test_a_plain_grid_of_degrees_has_pixels_longer_one_way(write, picture, scene_of):
    gsd = scene_of(write("scene.tif", picture, **at("EPSG:4326", 5e-6))).grid.gsd_m
    assert gsd[1] / gsd[0] == pytest.approx(1 / np.cos(np.radians(LAT)), rel=0.01)


def test_M1_a_plain_picture_needs_its_pixel_size(write, picture, scene_of, source_of):
    path = write("plain.png", picture, driver="PNG", crs=None)
    with pytest.raises(SceneRefused, match=r"--gsd-m 0\.5"):
        scene_of(path)
    assert scene_of(path, gsd_m=(0.4, 0.5)).grid.gsd_m == (0.4, 0.5)
    assert not scene_of(path, gsd_m=(0.4, 0.5)).grid.georeferenced
    with pytest.raises(SceneRefused, match="cannot be"):
        scene_of(path, gsd_m=(0.0, 0.5))


def test_what_the_file_says_stands_before_hints_and_hints_before_options(write, picture, source_of, scene_of):
    plain = write("plain.png", picture, driver="PNG", crs=None)
    hinted = source_of(
        plain, gsd_m=(0.3, 0.3), gsd_source="sidecar", sensor="WV3", acquired=dt.datetime(2020, 1, 2, tzinfo=UTC)
    )
    scene = describe(hinted, gsd_m=(0.9, 0.9), sensor="other", acquired=dt.datetime(2024, 1, 1, tzinfo=UTC))
    assert (scene.grid.gsd_m, scene.gsd_source, scene.sensor) == ((0.3, 0.3), "sidecar", "WV3")
    assert scene.acquired == dt.datetime(2020, 1, 2, tzinfo=UTC)
    placed = write("placed.tif", picture)
    assert scene_of(placed, gsd_m=(0.9, 0.9)).grid.gsd_m == pytest.approx((0.5, 0.5), rel=0.001)
    assert scene_of(placed).gsd_source == "georeferencing"


def test_a_world_file_places_a_plain_picture(write, picture, source_of):
    path = write("plain.png", picture, driver="PNG", crs=None)
    grid = describe(source_of(path, transform=(0.6, 0, 500_000, 0, -0.6, 3_900_000), crs="EPSG:32652")).grid
    assert grid.georeferenced
    assert grid.gsd_m == pytest.approx((0.6, 0.6), rel=0.001)


def test_M1_a_transform_without_a_crs_is_a_plain_picture_and_said(write, picture, scene_of):
    path = write("nocrs.tif", picture, crs=None, transform=Affine(2, 0, 10, 0, -2, 10))
    scene = scene_of(path, gsd_m=(0.5, 0.5))
    assert not scene.grid.georeferenced
    assert any("no CRS" in note for note in scene.notes)


def test_M4_a_scene_outside_its_projection_is_refused(write, picture, scene_of):
    with pytest.raises(SceneError):
        scene_of(write("far.tif", picture, transform=Affine(0.5, 0, 1e12, 0, -0.5, 1e12)))


def test_O8_control_points_place_a_scene(write, picture, scene_of, tmp_path):
    path = tmp_path / "gcps.tif"
    frame = at("EPSG:32652", 0.5)["transform"]
    corners = [(0, 0), (0, 160), (120, 0), (120, 160)]
    gcps = [GroundControlPoint(row, col, *(frame * (col, row))) for row, col in corners]
    with rasterio.open(
        path, "w", driver="GTiff", width=160, height=120, count=3, dtype="uint8", gcps=gcps, crs="EPSG:32652"
    ) as file:
        file.write(picture)
    scene = scene_of(str(path))
    assert scene.grid.gsd_m == pytest.approx((0.5, 0.5), rel=0.01)
    assert any("control points" in note for note in scene.notes)


def test_control_points_that_are_too_few_are_no_damage_of_the_file(picture, scene_of, tmp_path):
    path = tmp_path / "gcps.tif"
    gcps = [GroundControlPoint(0, 0, 500_000, 3_900_000)]
    with rasterio.open(
        path, "w", driver="GTiff", width=160, height=120, count=3, dtype="uint8", gcps=gcps, crs="EPSG:32652"
    ) as file:
        file.write(picture)
    with pytest.raises(SceneError, match=r"control points cannot be used: .*georeference it again"):
        scene_of(str(path))


def test_O8_a_scene_with_rpcs_only_is_refused_with_the_way_out(picture, scene_of, tmp_path):
    path = tmp_path / "rpc.tif"
    twenty = [1.0] + [0.0] * 19
    rpcs = RPC(
        height_off=10, height_scale=500, lat_off=35, lat_scale=1, line_den_coeff=twenty, line_num_coeff=twenty, line_off=60,
        line_scale=60, long_off=129, long_scale=1, samp_den_coeff=twenty, samp_num_coeff=twenty, samp_off=80, samp_scale=80,
    )  # fmt: skip
    with rasterio.open(path, "w", driver="GTiff", width=160, height=120, count=3, dtype="uint8", rpcs=rpcs) as file:
        file.write(picture)
    with pytest.raises(SceneRefused, match="gdalwarp -rpc"):
        scene_of(str(path), gsd_m=(0.5, 0.5))


def interpreted(write, name, array, *kinds):
    path = write(name, array)
    with rasterio.open(path, "r+") as file:
        file.colorinterp = kinds
    return path


def test_M10_bands_are_chosen_by_colour_interpretation(write, picture, scene_of):
    red, green, blue, other = ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.undefined
    four = np.concatenate([picture, picture[:1]])
    assert scene_of(interpreted(write, "bgrn.tif", four, blue, green, red, other)).bands == (3, 2, 1)
    assert scene_of(interpreted(write, "rgb.tif", picture, red, green, blue)).bands == (1, 2, 3)
    assert scene_of(interpreted(write, "rgba.tif", four, red, green, blue, ColorInterp.alpha)).bands == (1, 2, 3)


def test_M6_one_band_is_gray_and_alpha_is_never_a_colour(write, picture, scene_of):
    assert scene_of(write("gray.tif", picture[:1])).bands == (1,)
    two = interpreted(write, "graya.tif", picture[:2], ColorInterp.gray, ColorInterp.alpha)
    assert scene_of(two).bands == (1,)


@pytest.mark.parametrize("count", [2, 4, 8, 13])
def test_M6_bands_that_nobody_names_are_asked_for(write, picture, scene_of, count):
    path = write("many.tif", np.repeat(picture[:1], count, axis=0).astype(np.uint16))
    with pytest.raises(SceneRefused, match="--bands"):
        scene_of(path)
    wanted = (2, 1, 2) if count == 2 else (4, 2, 1)
    assert scene_of(path, bands=wanted).bands == wanted
    for wrong in ((0, 1, 2), (1, 2, count + 1), (1, 2)):
        with pytest.raises(SceneRefused, match="were asked for"):
            scene_of(path, bands=wrong)


def test_bands_for_all_files_fill_only_what_a_file_does_not_say(write, picture, source_of):
    gray = write("gray.tif", picture[:1])
    scene = describe(source_of(gray), bands=(3, 2, 1))
    assert scene.bands == (1,)
    assert any("were not used" in note for note in scene.notes)
    assert describe(source_of(write("rgb.tif", picture)), bands=(3, 2, 1)).bands == (1, 2, 3)
    assert describe(source_of(write("rgb.tif", picture), bands=(3, 2, 1))).bands == (3, 2, 1)
    assert describe(source_of(write("three.tif", picture.astype(np.uint16))), bands=(3, 2, 1)).bands == (3, 2, 1)


def test_three_bands_without_interpretation_are_taken_in_order_and_said(write, picture, scene_of):
    scene = scene_of(write("three.tif", picture.astype(np.uint16)))
    assert scene.bands == (1, 2, 3)
    assert any("without colour interpretation" in note for note in scene.notes)


def test_three_bands_that_are_said_to_show_something_else_are_not_taken_as_colours(write, picture, scene_of):
    path = write("infrared.tif", picture)
    with rasterio.open(path, "r+") as file:
        file.colorinterp = [ColorInterp.nir, ColorInterp.swir, ColorInterp.rededge]
    with pytest.raises(SceneRefused, match="--bands"):
        scene_of(path)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "int32", "uint32", "float32", "float64"])
def test_M7_every_real_type_is_described(write, picture, scene_of, dtype):
    assert scene_of(write("typed.tif", picture.astype(dtype))).dtype == dtype


def test_the_time_is_looked_for_in_tags_then_hints_then_the_name_then_the_option(write, picture, source_of):
    option = dt.datetime(2001, 1, 1, tzinfo=UTC)
    path = write("site_20200304T050607.tif", picture)
    hint = dt.datetime(2010, 1, 1, tzinfo=UTC)
    assert describe(source_of(path), acquired=option).acquired_source == "name"
    assert describe(source_of(path, acquired=hint, acquired_source="manifest")).acquired_source == "manifest"
    with rasterio.open(path, "r+") as file:
        file.update_tags(ACQUISITIONDATETIME="2019-02-03T04:05:06Z")
    tagged = describe(source_of(path, acquired=hint), acquired=option)
    assert (tagged.acquired_source, tagged.acquired) == ("tags", dt.datetime(2019, 2, 3, 4, 5, 6, tzinfo=UTC))
    bare = write("bare.tif", picture)
    assert describe(source_of(bare), acquired=option).acquired == option
    assert describe(source_of(bare)).acquired_source == "unknown"


@pytest.mark.parametrize("who", ["manifest", "sidecar"])
@pytest.mark.parametrize(("said", "contradicts"), [("2010-01-01", True), ("2019-02-03", False), ("2019-02-03T10:00", True)])
def test_that_the_tags_stand_before_what_the_user_says_is_said(write, picture, source_of, who, said, contradicts):
    path = write("scene.tif", picture)
    with rasterio.open(path, "r+") as file:
        file.update_tags(TIFFTAG_DATETIME="2019:02:03 04:05:06")
    scene = describe(source_of(path, acquired=parse_time(said), acquired_source=who))
    told = f"the file's tags say 2019-02-03 04:05:06, the {who} {parse_time(said):%Y-%m-%d %H:%M:%S}: the tags are used"
    assert (scene.acquired_source, scene.notes) == ("tags", (told,) if contradicts else ())


def test_what_was_asked_for_all_pictures_and_not_used_for_one_that_says_otherwise_is_said(write, picture, scene_of, source_of):
    path, mask, other = (
        write("port_20200304.tif", picture),
        write("own.tif", picture[:1] * 0),
        write("all.tif", picture[:1] * 0),
    )
    asked = {"acquired": parse_time("2023-10-14"), "gsd_m": (0.3, 0.3), "mask": other}
    scene = describe(source_of(path, mask=mask), **asked)
    assert scene.notes == (
        "the time asked for was not used: the name says 2020-03-04 00:00:00",
        "the pixel size asked for was not used: the georeferencing says 0.5 m",
        "the mask asked for was not used: the picture has one of its own, own.tif",
    )
    assert scene_of(path, acquired=parse_time("2020-03-04"), gsd_m=(0.5, 0.5), mask=other).notes == ()
    told = describe(source_of(path, gsd_m=(0.7, 0.7), gsd_source="manifest")).notes
    assert told == ("the manifest says pixels of 0.7 m, the georeferencing gives 0.5 m: the georeferencing is used",)
    plain = write("plain.png", picture, driver="PNG", crs=None)
    told = describe(source_of(plain, gsd_m=(0.7, 0.7), gsd_source="sidecar"), gsd_m=(0.3, 0.3)).notes
    assert told == ("the pixel size asked for was not used: the sidecar says 0.7 m",)


def test_declared_nodata_stands_before_the_option(write, picture, scene_of):
    declared = scene_of(write("declared.tif", picture, nodata=7), nodata=3)
    assert declared.nodata == 7
    assert "the nodata value asked for was not used: the file declares 7" in declared.notes
    assert scene_of(write("open.tif", picture), nodata=3).nodata == 3
    values, nan = picture.astype(np.float32), float("nan")
    for asked in (-9999, 256, 0.5, nan):
        strange = scene_of(write("open.tif", picture), nodata=asked)
        assert (strange.nodata, strange.notes) == (None, (f"the nodata value asked for was not used: no uint8 is {asked:g}",))
    for path, asked in ((write("open.tif", picture), 3), (write("same.tif", values, nodata=nan), nan)):
        assert not any("nodata" in note for note in scene_of(path, nodata=asked).notes)


def test_M11_a_picture_turned_by_exif_is_described_upright(picture, scene_of, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    for name, options in (("a.jpg", {"quality": 95}), ("a.png", {})):
        Image.fromarray(np.moveaxis(picture, 0, -1)).save(tmp_path / name, exif=exif, **options)
        scene = scene_of(str(tmp_path / name), gsd_m=(0.5, 0.5))
        assert scene.grid.shape == (160, 120)
        assert any("EXIF" in note for note in scene.notes)


def test_M11_broken_exif_is_no_orientation(picture, scene_of, write, tmp_path):
    raw = Path(write("a.png", picture, driver="PNG", crs=None)).read_bytes()
    body = b"eXIf" + b"MM\0*garbage"
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    (tmp_path / "b.png").write_bytes(raw[:33] + chunk + raw[33:])
    assert scene_of(str(tmp_path / "b.png"), gsd_m=(0.5, 0.5)).grid.shape == (120, 160)


def test_licence_source_and_sensor_come_from_the_tags_first(write, picture, source_of):
    path = write("tagged.tif", picture)
    with rasterio.open(path, "r+") as file:
        file.update_tags(SATELLITEID="WV03", TIFFTAG_COPYRIGHT="(c) someone")
    scene = describe(source_of(path, sensor="hint", licence="hint", source="hint"))
    assert (scene.sensor, scene.licence, scene.source) == ("WV03", "(c) someone", "hint")
    assert scene.notes == (
        "the file's tags name the sensor WV03, what stands beside it hint: the tags are used",
        "the file's tags name the licence (c) someone, what stands beside it hint: the tags are used",
    )
    alike = {"sensor": "WorldView-3", "licence": "(c) someone"}
    assert describe(source_of(path, **alike), sensor="WorldView-3").notes == ()
    assert describe(source_of(path), sensor="SkySat").notes == ("the sensor asked for was not used: the picture says WV03",)


_NAMED = os.environ.get("SATTRACK_REAL_DATA", "")
# The folder of sets is named, or the one that holds it.
REAL = _NAMED if not _NAMED or (Path(_NAMED) / "real").is_dir() else str(Path(_NAMED).parent)
real = pytest.mark.skipif(not REAL, reason="SATTRACK_REAL_DATA does not name the folder of real pictures")


@real
def test_real_scenes_are_described_as_their_makers_say(scene_of):
    reader, georef = RasterReader(), Path(REAL) / "georef"
    pan = scene_of(str(georef / "spacenet6_rotterdam" / "pan2.tif"))
    assert (pan.dtype, pan.bands, capability(pan.grid.gsd_m)) == ("uint16", (1,), "count")
    assert 0.3 < reader.undeclared_nodata(pan) < 0.35
    with pytest.raises(SceneRefused, match="--bands"):
        scene_of(str(georef / "spacenet6_rotterdam" / "ms3.tif"))
    multispectral = scene_of(str(georef / "spacenet6_rotterdam" / "ms3.tif"), bands=(3, 2, 1))
    assert multispectral.dtype == "float64"
    assert 0.35 < reader.undeclared_nodata(multispectral) < 0.42
    with pytest.raises(SceneRefused, match="radar"):
        scene_of(str(georef / "spacenet6_rotterdam" / "sar_hh.tif"))
    named = scene_of(next(str(p) for p in (georef / "sentinel2").glob("durban*00:00*B04_(Raw).tiff")))
    assert capability(named.grid.gsd_m) == "presence"
    assert named.acquired == dt.datetime(2023, 8, 21, tzinfo=UTC)
    assert capability(scene_of(str(georef / "rapideye" / "rapideye_3a_visual.tif")).grid.gsd_m) == "presence"
    with pytest.raises(SceneRefused, match="--gsd-m"):
        scene_of(str(georef / "planetscope_png" / "long_beach_3m.png"))


@real
def test_no_ground_of_the_labelled_sets_is_taken_for_nodata(scene_of):
    reader = RasterReader()
    for path in sorted((Path(REAL) / "real").glob("*/images/*.png")):
        assert reader.undeclared_nodata(scene_of(str(path), gsd_m=(0.5, 0.5))) == 0, path
