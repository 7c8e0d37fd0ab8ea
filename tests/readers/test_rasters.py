"""Windows of pixels: the same whatever the file's layout, with what is not ground left out, and nothing half-read."""

import hashlib
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from PIL import Image
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp, Resampling

from sattrack.errors import SceneError
from sattrack.imagery import Window
from sattrack.projections import WGS84, flat_about, from_lonlat, project
from sattrack.readers.rasters import RasterReader, _bands
from sattrack.readers.upright import Upright
from sattrack.settings import Settings

ALL = Window(0, 0, 160, 120)
SIZE = (120, 160)

LAYOUTS = {
    "tiled": {"tiled": True, "blockxsize": 32, "blockysize": 16},
    "strips": {"blockysize": 7},
    "one-row strips": {"blockysize": 1, "compress": "deflate"},
    "planar": {"interleave": "band", "compress": "lzw"},
    "pixel": {"interleave": "pixel", "compress": "deflate", "predictor": 2},
    "zstd": {"tiled": True, "blockxsize": 64, "blockysize": 64, "compress": "zstd"},
    "bigtiff": {"BIGTIFF": "YES"},
    "big-endian": {"ENDIANNESS": "BIG"},
    "cog": {"driver": "COG", "blocksize": 128},
    "png": {"driver": "PNG", "crs": None},
    "jpeg 2000": {"driver": "JP2OpenJPEG", "QUALITY": 100, "REVERSIBLE": "YES", "crs": None},
}  # fmt: skip


@pytest.fixture
def reader():
    made = RasterReader()
    yield made
    made.close()


@pytest.fixture
def read(reader, scene_of):
    """read(path, window, size, **options of describe) -> pixels, valid."""
    return lambda path, window=ALL, size=SIZE, **options: reader.read(
        scene_of(path, **{"gsd_m": (0.5, 0.5), **options}), window, size
    )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_R15_the_pixels_are_the_same_in_every_layout(write, picture, read, layout):
    path = write("scene.tif", picture, **LAYOUTS[layout])
    for window in (ALL, Window(31, 17, 70, 50), Window(100, 90, 60, 30)):
        pixels, valid = read(path, window, (window.height, window.width))
        expected = picture[:, window.row : window.row + window.height, window.col : window.col + window.width]
        assert (pixels == np.moveaxis(expected, 0, -1)).all()
        assert valid.all()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", [(40, 53), (61, 200), (300, 400)])
def test_R15_and_at_every_size(write, picture, read, layout, size):
    reference = read(write("reference.tif", picture), Window(-10, 5, 120, 90), size)
    pixels, valid = read(write("scene.tif", picture, **LAYOUTS[layout]), Window(-10, 5, 120, 90), size)
    if layout not in ("cog", "jpeg 2000"):  # whose own smaller versions may be used
        assert (pixels == reference[0]).all()
    assert (valid == reference[1]).all()


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "int32", "uint32", "float32", "float64"])
def test_M7_pixels_come_in_the_files_own_type(write, picture, read, dtype):
    typed = (picture // 2).astype(dtype)
    for size in (SIZE, (60, 70), (240, 300)):
        pixels, valid = read(write("scene.tif", typed), size=size)
        assert pixels.dtype == dtype
        assert pixels.shape == (*size, 3)
        assert valid.all()
        assert abs(pixels.astype(float).mean() - typed.astype(float).mean()) < 0.7


def test_shrinking_takes_means_as_rasterio_does(write, picture, read):
    path = write("scene.tif", picture)
    pixels, _ = read(path, size=(60, 80))
    with rasterio.open(path) as file:
        oracle = file.read(out_shape=(3, 60, 80), resampling=Resampling.average)
    assert np.abs(pixels.astype(int) - np.moveaxis(oracle, 0, -1)).max() <= 1


def test_growing_keeps_place_and_brightness(write, picture, read):
    pixels, _ = read(write("scene.tif", picture), Window(20, 20, 40, 40), (160, 160))
    back = pixels.reshape(40, 4, 40, 4, 3).mean(axis=(1, 3))
    assert np.abs(back - np.moveaxis(picture[:, 20:60, 20:60], 0, -1)).mean() < 5


def test_pixels_longer_one_way_are_made_square(write, read):
    stripes = np.zeros((1, 120, 160), np.uint8)
    stripes[0, 40:60] = 200
    pixels, _ = read(write("scene.tif", stripes), size=(240, 80), nodata=255)
    assert pixels.shape == (240, 80, 3)
    assert (pixels[82:118] > 190).all()
    assert (pixels[:78] < 10).all()


def test_gray_is_repeated_and_bands_come_in_the_order_asked(write, picture, read):
    gray, _ = read(write("gray.tif", picture[:1]))
    assert (gray == picture[0][..., None]).all()
    swapped, _ = read(write("rgb.tif", picture.astype(np.uint16)), bands=(3, 1, 2))
    assert (swapped == np.moveaxis(picture[[2, 0, 1]], 0, -1)).all()


def test_M10_red_and_blue_exchanged_give_the_same_picture(write, picture, read):
    path = write("bgr.tif", picture[::-1])
    with rasterio.open(path, "r+") as file:
        file.colorinterp = [ColorInterp.blue, ColorInterp.green, ColorInterp.red]
    assert (read(path)[0] == read(write("rgb.tif", picture))[0]).all()


@pytest.mark.parametrize("size", [(120, 160), (60, 80)])
def test_gray_that_runs_from_white_is_turned_round_as_every_viewer_does(write, picture, read, size):
    negative = write("negative.tif", picture[:1], photometric="miniswhite", nodata=int(picture[0, 0, 0]))
    pixels, valid = read(negative, ALL, size)
    plain, seen = read(write("plain.tif", picture[:1], nodata=int(picture[0, 0, 0])), ALL, size)
    assert (valid == seen).all()
    assert np.abs(pixels[valid].astype(int) - (255 - plain[seen])).max() <= (0 if size == SIZE else 2)
    if size == SIZE:
        with Image.open(negative) as shown:
            assert (pixels[..., 0][valid] == np.asarray(shown)[valid]).all()


def test_M6_a_palette_is_expanded(write, read):
    index = np.zeros((1, 120, 160), np.uint8)
    index[0, :, 80:] = 1
    index[0, 100:, :20] = 5
    path = write("palette.tif", index, photometric="palette", nodata=5)
    with rasterio.open(path, "r+") as file:
        file.write_colormap(1, {0: (10, 20, 30, 255), 1: (200, 100, 50, 255)})
    pixels, valid = read(path)
    assert pixels[0, 0].tolist() == [10, 20, 30]
    assert pixels[0, 159].tolist() == [200, 100, 50]
    assert not valid[100:, :20].any()
    assert valid.sum() == 160 * 120 - 400


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_M11_exif_orientation_is_applied_to_every_window(picture, read, tmp_path, name, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / name
    Image.fromarray(np.moveaxis(picture, 0, -1)).save(path, exif=exif, quality=100, subsampling=0)
    from PIL import ImageOps

    with Image.open(path) as raw:
        upright = np.asarray(ImageOps.exif_transpose(raw))
    for window in (Window(0, 0, upright.shape[1], upright.shape[0]), Window(13, 29, 60, 40)):
        pixels, _ = read(str(path), window, (window.height, window.width))
        expected = upright[window.row : window.row + window.height, window.col : window.col + window.width]
        assert np.abs(pixels.astype(int) - expected).max() <= (0 if name == "a.png" else 3)


def test_R16_what_lies_outside_the_scene_is_not_valid(write, picture, read):
    pixels, valid = read(write("scene.tif", picture), Window(-20, 100, 200, 60), (60, 200))
    assert valid[:20, 20:180].all()
    assert valid.sum() == 20 * 160
    assert (pixels[~valid] == 0).all()
    pixels, valid = read(write("scene.tif", picture), Window(500, 500, 64, 64), (64, 64))
    assert not valid.any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (3, 5)])
@pytest.mark.parametrize("driver", ["GTiff", "PNG"])
def test_R16_scenes_smaller_than_a_tile_are_padded(write, read, shape, driver):
    small = np.random.default_rng(1).integers(1, 255, (3, *shape)).astype(np.uint8)
    path = write("small.tif", small, driver=driver, crs=None)
    pixels, valid = read(path, Window(0, 0, 64, 64), (64, 64), nodata=0)
    assert valid.sum() == shape[0] * shape[1]
    assert (pixels[: shape[0], : shape[1]] == np.moveaxis(small, 0, -1)).all()


@pytest.mark.parametrize("how", ["nodata", "option", "alpha", "mask", "nan", "inf", "nan nodata"])
def test_M8_M9_every_way_of_saying_that_nothing_is_there(write, picture, scene_of, reader, how):
    hole = np.zeros(SIZE, bool)
    hole[30:60, 50:90] = True
    array = picture.astype(np.float32 if "n" in how[:1] + how[-3:] or how == "inf" else np.uint8)
    if how == "nodata":
        array = picture.copy()
    array[:, hole] = {"nan": np.nan, "inf": np.inf, "nan nodata": np.nan}.get(how, 7)
    profile = {"nodata": 7} if how == "nodata" else {"nodata": np.nan} if how == "nan nodata" else {}
    if how == "alpha":
        array = np.concatenate([array, np.where(hole, 0, 255)[None].astype(array.dtype)])
    path = write("scene.tif", array, **profile)
    if how == "alpha":
        with rasterio.open(path, "r+") as file:
            file.colorinterp = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha]
    if how == "mask":
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as file:
            file.write_mask(~hole)
    scene = scene_of(path, nodata=7 if how == "option" else None)
    pixels, valid = reader.read(scene, ALL, SIZE)
    assert (valid == ~hole).all()
    assert (pixels[hole] == 0).all()
    _, seen = reader.sample(scene)
    assert seen.sum() == (~hole).sum()


def test_of_a_png_in_which_magenta_is_clear_white_is_ground(tmp_path, picture, read):
    painted = np.moveaxis(picture, 0, -1).copy()
    painted[:30], painted[60:80] = (255, 0, 255), 255
    path = tmp_path / "clear.png"
    Image.fromarray(painted).save(path, transparency=(255, 0, 255))
    valid = read(str(path))[1]
    assert not valid[:30].any()
    assert valid[30:].all()


def test_a_single_zero_in_one_band_is_ground(write, picture, read):
    dark = picture.copy()
    dark[2, 10:20, 10:20] = 0
    assert read(write("dark.tif", dark, nodata=0))[1].all()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float64"])
def test_M9_undeclared_nodata_joined_to_the_border_is_not_seen(write, picture, scene_of, dtype, reader):
    wedge = np.add.outer(np.arange(120) * 2, np.arange(160)) < 120
    array = np.where(wedge, 0, picture + 1).astype(dtype)
    array[:, 80:90, 100:120] = 0  # inside: ground, whatever its value
    scene = scene_of(write("wedge.tif", array))
    _, valid = reader.read(scene, ALL, SIZE)
    assert (valid == ~wedge).all()
    assert reader.undeclared_nodata(scene) == pytest.approx(wedge.mean(), abs=0.05)
    _, seen = reader.sample(scene)
    assert seen.sum() == (~wedge).sum()
    assert reader.read(scene_of(scene.location, nodata=255), ALL, SIZE)[1].all()
    assert RasterReader(Settings(edge_nodata=False)).read(scene, ALL, SIZE)[1].all()


def test_R10_blocks_that_were_never_written_are_not_seen(tmp_path, scene_of, reader, picture):
    path = tmp_path / "sparse.tif"
    options = {
        "tiled": True,
        "blockxsize": 64,
        "blockysize": 64,
        "SPARSE_OK": True,
        "transform": Affine(0.5, 0, 5e5, 0, -0.5, 4e6),
    }
    with rasterio.open(
        path, "w", driver="GTiff", width=160, height=120, count=1, dtype="uint8", crs="EPSG:32652", **options
    ) as file:
        file.write(picture[0, :64, :64], 1, window=rasterio.windows.Window(0, 0, 64, 64))
    scene = scene_of(str(path))
    _, valid = reader.read(scene, ALL, SIZE)
    assert valid[:64, :64].all()
    assert valid.sum() == 64 * 64
    assert reader.sample(scene)[1].sum() == 64 * 64


def test_blocks_that_were_never_written_bleed_into_no_mean(tmp_path, scene_of, reader, picture):
    path = tmp_path / "sparse.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=160, height=120, count=1, dtype="uint8", crs="EPSG:32652", tiled=True, blockxsize=16,
        blockysize=16, SPARSE_OK=True, transform=Affine(0.5, 0, 5e5, 0, -0.5, 4e6),
    ) as file:  # fmt: skip
        for row, col in np.argwhere(np.arange(80).reshape(8, 10) != 44).tolist():
            block = 128 + picture[:1, row * 16 : row * 16 + 16, col * 16 : col * 16 + 16] // 2
            file.write(block, window=rasterio.windows.Window(col * 16, row * 16, *block.shape[:0:-1]))
    pixels, valid = reader.read(scene_of(str(path)), Window(3, 5, 120, 100), (50, 60))
    assert (~valid).sum() == pytest.approx(64, abs=20)
    assert pixels[valid].min() >= 128


@pytest.mark.parametrize(("driver", "name"), [("GTiff", "a.tif"), ("COG", "a.tif"), ("PNG", "a.png"), ("JPEG", "a.jpg")])
def test_R1_R2_R8_R9_a_file_cut_in_half_is_never_read_as_if_it_were_whole(write, scene_of, reader, driver, name):
    noise = np.random.default_rng(3).integers(0, 255, (3, 600, 600)).astype(np.uint8)
    path = Path(write(name, noise, driver=driver, crs=None))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    def described_and_read():
        scene = scene_of(str(path), gsd_m=(0.5, 0.5), limits=Settings(edge_nodata=False))
        return reader.read(scene, Window(0, 0, 600, 600), (600, 600))

    with pytest.raises(SceneError, match="damaged or incomplete"):
        described_and_read()


def test_R8_the_sample_of_a_cut_png_is_an_error_too(write, scene_of, reader, picture):
    path = Path(write("a.png", picture, driver="PNG", crs=None))
    scene = scene_of(str(path), gsd_m=(0.5, 0.5))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(SceneError, match=r"a\.png: the pixels cannot be read"):
        reader.sample(scene)


@pytest.mark.parametrize("compress", ["deflate", "lzw", "zstd"])
def test_R4_R5_a_corrupt_block_is_an_error_whatever_the_users_settings(write, scene_of, reader, compress):
    noise = np.random.default_rng(3).integers(0, 255, (1, 256, 256)).astype(np.uint8)
    path = Path(write("a.tif", noise, compress=compress, tiled=True, blockxsize=128, blockysize=128))
    scene = scene_of(str(path))
    raw = bytearray(path.read_bytes())
    raw[len(raw) * 3 // 4 : len(raw) * 3 // 4 + 400] = b"\0" * 400
    path.write_bytes(bytes(raw))
    with rasterio.Env(GTIFF_IGNORE_READ_ERRORS=True), pytest.raises(SceneError, match=r"a\.tif"):
        reader.read(scene, Window(0, 0, 256, 256), (256, 256))


def test_R4_a_corrupt_block_is_an_error_each_time_that_it_is_asked_for(write, scene_of, reader):
    noise = np.random.default_rng(3).integers(0, 255, (1, 256, 256)).astype(np.uint8)
    path = Path(write("a.tif", noise, compress="deflate", tiled=True, blockxsize=64, blockysize=64))
    scene = scene_of(str(path))
    with rasterio.open(path) as raster:
        start = int(raster.get_tag_item("BLOCK_OFFSET_1_1", "TIFF", bidx=1))
    raw = bytearray(path.read_bytes())
    raw[start : start + 400] = b"\0" * 400
    path.write_bytes(bytes(raw))
    for _ in range(3):
        with pytest.raises(SceneError, match=r"a\.tif"):
            reader.read(scene, Window(0, 0, 256, 256), (256, 256))


def test_R12_a_file_replaced_by_another_is_an_error(write, scene_of, reader, picture):
    path = write("a.tif", picture)
    scene = scene_of(path)
    write("a.tif", picture[:, :100])
    with pytest.raises(SceneError, match="changed"):
        reader.read(scene, ALL, SIZE)


def test_R13_overviews_in_another_file_are_not_read(write, scene_of, reader):
    dark = np.full((1, 512, 512), 10, np.uint8)
    dark[0, ::2] = 12
    path = write("a.tif", dark)
    write("a.tif.ovr", np.full((1, 256, 256), 250, np.uint8), crs=None)
    pixels, _ = reader.read(scene_of(path, nodata=0), Window(0, 0, 512, 512), (128, 128))
    assert pixels.max() < 20


def test_C1_many_threads_read_what_one_reads(write, scene_of, reader):
    noise = np.random.default_rng(4).integers(0, 255, (3, 400, 400)).astype(np.uint8)
    scenes = [
        scene_of(write(f"{i}.tif", np.roll(noise, i, axis=1), tiled=True, blockxsize=64, blockysize=64, compress="deflate"))
        for i in range(3)
    ]
    asks = [(scenes[i % 3], Window(37 * i % 300, 53 * i % 300, 90, 70)) for i in range(240)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda ask: reader.read(*ask, (70, 90))[0], asks))
    for i, ((_, w), pixels) in enumerate(zip(asks, found, strict=True)):
        expected = np.roll(noise, i % 3, axis=1)[:, w.row : w.row + 70, w.col : w.col + 90]
        assert (pixels == np.moveaxis(expected, 0, -1)).all()


def test_a_closed_reader_holds_no_file_and_can_be_used_again(write, scene_of, picture):
    reader, scene = RasterReader(), scene_of(write("a.tif", picture))
    thread = threading.Thread(target=lambda: reader.read(scene, ALL, SIZE))
    thread.start()
    thread.join()
    before = reader.read(scene, ALL, SIZE)[0]
    reader.close()
    assert not reader._open
    assert (reader.read(scene, ALL, SIZE)[0] == before).all()
    reader.close()


def test_the_sample_is_bounded_and_the_same_with_and_without_overviews(write, scene_of, reader):
    large = np.random.default_rng(5).integers(1, 255, (1, 1700, 1500)).astype(np.uint8)
    plain = scene_of(write("plain.tif", large))
    cog = scene_of(write("cog.tif", large, driver="COG"))
    pixels, valid = reader.sample(plain)
    assert pixels.shape == (*valid.shape, 3)
    assert 900_000 < valid.size < 1_100_000
    assert (pixels == reader.sample(cog)[0]).all()


def test_I2_the_digest_is_the_contents_and_follows_a_change(write, scene_of, reader, picture, tmp_path):
    path = Path(write("a.tif", picture))
    scene = scene_of(str(path))
    assert reader.digest(scene) == hashlib.sha256(path.read_bytes()).hexdigest()
    copy = tmp_path / "elsewhere.tif"
    copy.write_bytes(path.read_bytes())
    assert reader.digest(scene_of(str(copy))) == reader.digest(scene)
    path.write_bytes(path.read_bytes() + b"\0")
    assert reader.digest(scene) == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("size", [(60, 80), (40, 53), (24, 32)])
@pytest.mark.parametrize("options", [{}, {"nodata": 65535}], ids=["border", "asked"])
def test_nodata_that_the_file_does_not_declare_bleeds_into_no_mean(write, picture, scene_of, reader, options, size):
    ground = 10 * picture.astype(np.uint16)
    ground[:, :, :51] = 65535
    scene = scene_of(write("a.tif", ground), **options)
    pixels, valid = reader.read(scene, ALL, size)
    assert ground[:, :, 51:].min() <= pixels[valid].min()
    assert pixels[valid].max() <= ground[:, :, 51:].max()
    assert valid.mean() == pytest.approx(109 / 160, abs=0.03)


def test_the_full_pixels_of_a_remote_file_are_not_fetched_for_its_undeclared_nodata(write, picture, scene_of, monkeypatch):
    asked = []
    read = Upright.read
    monkeypatch.setattr(Upright, "read", lambda self, *a, **k: asked.append((a[1][2:], a[2])) or read(self, *a, **k))
    scene = scene_of(write("a.tif", picture), nodata=65)
    for remote, shape in ((False, (120, 160)), (True, (60, 80))):
        monkeypatch.setattr("sattrack.readers.holding.is_remote", lambda _, far=remote: far)
        with closing(RasterReader(Settings(edge_nodata=False))) as reader:
            reader.read(scene, ALL, (60, 80))
        assert asked[-1] == ((160, 120), shape)


def test_nodata_bleeds_into_no_mean_around_a_bad_block(write, picture, scene_of):
    ground = picture.copy()
    ground[:, :, :51] = 255
    path = Path(write("a.tif", ground, tiled=True, blockxsize=16, blockysize=16, compress="deflate", nodata=255))
    with rasterio.open(path) as file:
        offset, size = (int(file.get_tag_item(f"BLOCK_{name}_5_5", "TIFF", bidx=1)) for name in ("OFFSET", "SIZE"))
    content = path.read_bytes()
    path.write_bytes(content[:offset] + bytes(size) + content[offset + size :])
    limits = Settings(on_bad_tile="mask")
    with closing(RasterReader(limits)) as reader:
        pixels, valid = reader.read(scene_of(str(path), limits=limits), ALL, (60, 80))
    assert not valid[40:48, 40:48].any()
    assert pixels[valid].max() <= ground[:, :, 51:].max()


@pytest.mark.parametrize("turn", [0, 33])
@pytest.mark.parametrize("down", [-0.5, 0.5])
def test_M3_pixels_do_not_depend_on_where_the_scene_lies(write, picture, read, turn, down):
    place = Affine.translation(5e5, 4e6) * Affine.rotation(turn) * Affine.scale(0.5, down)
    assert (read(write("a.tif", picture, transform=place))[0] == np.moveaxis(picture, 0, -1)).all()


def test_O8_a_scene_with_control_points_is_read_warped(picture, scene_of, reader, tmp_path):
    path = tmp_path / "gcps.tif"
    corners = [(0, 0), (0, 160), (120, 0), (120, 160)]
    turned = Affine.translation(5e5, 4e6) * Affine.rotation(20) * Affine.scale(0.5, -0.5)
    gcps = [GroundControlPoint(row, col, *(turned * (col, row))) for row, col in corners]
    with rasterio.open(
        path, "w", driver="GTiff", width=160, height=120, count=3, dtype="uint8", gcps=gcps, crs="EPSG:32652"
    ) as file:
        file.write(picture)
    scene = scene_of(str(path))
    rows, cols = scene.grid.shape
    pixels, valid = reader.read(scene, Window(0, 0, cols, rows), (rows, cols))
    assert valid.sum() * scene.grid.gsd_m[0] * scene.grid.gsd_m[1] == pytest.approx(160 * 120 * 0.25, rel=0.03)
    middle = scene.grid.to_pixels(np.array([turned * (80, 60)]))[0].astype(int)
    assert np.abs(pixels[middle[1], middle[0]].astype(int) - picture[:, 60, 80]).max() < 40


@pytest.mark.parametrize("lat", [-35.0, 0.0, 60.0, 85.0])
def test_O8_control_points_in_degrees_cost_no_detail(picture, scene_of, reader, tmp_path, lat):
    # In degrees GDAL would lay pixels that are square there: at 60 degrees 0.86 m high for half a metre.
    path = tmp_path / "gcps.tif"
    corners = np.array([(0, 0), (0, 120), (160, 0), (160, 120)], float)
    ground = project((corners - [80, 60]) * [0.5, -0.5], source=flat_about(179.0, lat), target=WGS84)
    gcps = [GroundControlPoint(row, col, x, y) for (col, row), (x, y) in zip(corners, ground, strict=True)]
    with rasterio.open(
        path, "w", driver="GTiff", width=160, height=120, count=3, dtype="uint8", gcps=gcps, crs="EPSG:4326"
    ) as file:
        file.write(picture)
    scene = scene_of(str(path))
    assert scene.grid.gsd_m == pytest.approx((0.5, 0.5), rel=0.01)
    shape = scene.grid.shape
    pixels, _ = reader.read(scene, Window.of_shape(shape), shape)
    col, row = from_lonlat(ground.mean(axis=0), grid=scene.grid).astype(int)
    assert np.abs(pixels[row, col].astype(int) - picture[:, 60, 80]).max() < 40


@pytest.mark.parametrize("first", [(179.9999, 50.0), (float("nan"), 50.0), (5.0, 95.0)], ids=["antimeridian", "nan", "pole"])
def test_O8_control_points_that_span_no_ground_are_refused(picture, scene_of, tmp_path, first):
    path = tmp_path / "gcps.tif"
    corners = [(0, 0), (0, 160), (120, 0), (120, 160)]
    places = [((first[0] + 6e-6 * col + 180) % 360 - 180, first[1] - 4e-6 * row) for row, col in corners]
    gcps = [GroundControlPoint(*corner, *place) for corner, place in zip(corners, places, strict=True)]
    with rasterio.open(
        path, "w", driver="GTiff", width=160, height=120, count=3, dtype="uint8", gcps=gcps, crs="EPSG:4326"
    ) as file:
        file.write(picture)
    with pytest.raises(SceneError, match="control points"):
        scene_of(str(path))


def test_control_points_mix_no_numbers_of_a_palette(scene_of, reader, tmp_path):
    path = tmp_path / "gcps.tif"
    turned = Affine.translation(5e5, 4e6) * Affine.rotation(20) * Affine.scale(0.5, -0.5)
    gcps = [GroundControlPoint(row, col, *(turned * (col, row))) for row, col in [(0, 0), (0, 160), (120, 0), (120, 160)]]
    with rasterio.open(
        path, "w", driver="GTiff", width=160, height=120, count=1, dtype="uint8", gcps=gcps, crs="EPSG:32652",
        photometric="palette",
    ) as file:  # fmt: skip
        file.write(np.where(np.indices((120, 160)).sum(axis=0) % 2, 10, 200).astype(np.uint8), 1)
        file.write_colormap(1, dict.fromkeys(range(256), (255, 0, 255, 255)) | {10: (9, 9, 9), 200: (90, 90, 90)})
    scene = scene_of(str(path))
    pixels, valid = reader.read(scene, Window.of_shape(scene.grid.shape), scene.grid.shape)
    assert {tuple(colour) for colour in pixels[valid].tolist()} == {(9, 9, 9), (90, 90, 90)}


@pytest.mark.parametrize("wedge", [False, True])
@pytest.mark.parametrize("profile", [{}, {"compress": "deflate", "nodata": 77}, {"driver": "PNG", "crs": None}])
@pytest.mark.parametrize(
    ("window", "size"),
    [(ALL, SIZE), (Window(31, 17, 70, 50), (50, 70)), (Window(-20, 90, 200, 200), (200, 200)),
     (Window(5, 5, 64, 64), (100, 90)), (Window(200, 0, 50, 50), (50, 50)), (ALL, (40, 50))],
)  # fmt: skip
def test_a_small_scene_that_was_surveyed_is_read_from_memory_as_from_its_file(
    write, picture, scene_of, monkeypatch, window, size, profile, wedge
):
    shown = picture.copy()
    if wedge:
        shown[:, :40, :70] = 0
    scene = scene_of(write("scene.png" if profile.get("driver") else "scene.tif", shown, **profile), gsd_m=(0.5, 0.5))
    from_file, from_memory = RasterReader(), RasterReader()
    expected = from_file._held(scene).read(window, size)
    from_memory.sample(scene)
    if size != (40, 50):
        monkeypatch.setattr(from_memory, "_held", None)  # the file is not opened again
    pixels, valid = from_memory.read(scene, window, size)
    assert (valid == expected[1]).all()
    assert (pixels[valid] == expected[0][valid]).all()
    assert not pixels[~valid].any()
    from_file.close()
    from_memory.close()


@pytest.mark.parametrize("shape", [(1203, 1000), (1024, 2048), (999, 1511)])
@pytest.mark.parametrize("profile", [{"compress": "deflate", "tiled": True}, {"driver": "PNG", "crs": None}])
def test_a_scene_of_some_megapixels_is_decoded_once_and_surveyed_as_a_larger_one_is(
    write, scene_of, monkeypatch, shape, profile
):
    shown = np.random.default_rng(7).integers(0, 255, (3, *shape), np.uint8)
    scene = scene_of(write("scene.png" if profile.get("driver") else "scene.tif", shown, **profile), gsd_m=(0.5, 0.5))
    held, from_file = RasterReader(), RasterReader()
    monkeypatch.setattr(from_file, "_may_be_held", lambda *_: False)
    for one, other in zip(held.sample(scene), from_file.sample(scene), strict=True):
        assert (one == other).all()
    assert held.sample(scene)[1].size < shape[0] * shape[1]
    monkeypatch.setattr(held, "_held", None)  # the file is not opened again
    for window in (Window(900, 700, 640, 640), Window(-30, -30, 640, 640)):
        for one, other in zip(held.read(scene, window, (640, 640)), from_file.read(scene, window, (640, 640)), strict=True):
            assert (one == other).all()
    held.close()
    from_file.close()


@pytest.mark.parametrize(
    ("lines", "step", "block"), [(1000, 10.0, 512), (1000, 27.0, 1024), (10, 1.0, 64), (1000, 3.7, 1), (1, 5.0, 9)]
)
def test_the_survey_takes_every_line_once_and_rows_of_blocks_whole(lines, step, block):
    bands = list(_bands(lines, step=step, block=block))
    assert [first for first, _ in bands] == [0, *(last for _, last in bands[:-1])]
    assert bands[-1][1] == lines
    under = [{int((line + 0.5) * step) // block for line in range(*band)} for band in bands]
    assert all(one.isdisjoint(two) for one, two in itertools.pairwise(under))
    assert all((last - first) * step <= max(1024, block) + step for first, last in bands)
