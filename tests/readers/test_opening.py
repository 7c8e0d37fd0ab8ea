"""What may be opened, and what is said of the rest."""

import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.env import get_gdal_config

from sattrack.errors import SceneError, SceneRefused
from sattrack.imagery import Window
from sattrack.readers.opening import driver_of, gdal_options, open_raster
from sattrack.readers.rasters import RasterReader
from sattrack.settings import Settings

LIMITS = Settings()


def opened(path, limits=LIMITS):
    with gdal_options(limits), open_raster(str(path), limits=limits) as raster:
        return raster.driver, raster.count, raster.shape


@pytest.mark.parametrize("driver", ["GTiff", "COG", "PNG", "JPEG", "JP2OpenJPEG"])
def test_each_listed_kind_is_opened_whatever_its_suffix(write, picture, driver):
    path = write("scene.dat", picture, driver=driver, crs=None)
    assert opened(path) == ({"COG": "GTiff"}.get(driver, driver), 3, (120, 160))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "an empty file"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "an HTML page"),
        (b"PK\x03\x04" + b"x" * 300, "a zip archive"),
        (b"hello, I am text", "the file begins with"),
    ],
)
def test_R3_what_is_no_raster_is_named(tmp_path, content, said):
    path = tmp_path / "scene.tif"
    path.write_bytes(content)
    with pytest.raises(SceneError, match=f"not a raster: {said}"):
        driver_of(str(path))


def test_R3_a_folder_a_missing_file_and_a_bare_header_are_refused(tmp_path, write, picture):
    (tmp_path / "folder.tif").mkdir()
    with pytest.raises(SceneError, match="a folder"):
        driver_of(str(tmp_path / "folder.tif"))
    with pytest.raises(SceneError, match="no such file"):
        driver_of(str(tmp_path / "none.tif"))
    whole = Path(write("whole.tif", picture)).read_bytes()
    (tmp_path / "head.tif").write_bytes(whole[:6])
    with pytest.raises(SceneError, match="cannot be opened as GTiff"):
        opened(tmp_path / "head.tif")


def test_H1_a_virtual_raster_under_another_suffix_is_refused(tmp_path):
    path = tmp_path / "scene.tif"
    path.write_text('<VRTDataset rasterXSize="1" rasterYSize="1"></VRTDataset>')
    with pytest.raises(SceneError, match=r"under another suffix than \.vrt"):
        driver_of(str(path))


@pytest.mark.parametrize(
    "location",
    ["<VRTDataset rasterXSize='1' rasterYSize='1'/>", "MEM:::DATAPOINTER=1", "GTIFF_DIR:1:a.tif", "vrt://a.tif", "zip://a.zip"],
)
def test_H5_H6_texts_and_prefixes_are_only_ever_names_of_files(location):
    with pytest.raises(SceneError):
        driver_of(location)


def test_H9_addresses_of_this_machine_are_never_asked():
    for host in ("127.0.0.1:9", "[::1]", "169.254.169.254", "10.0.0.1", "[::ffff:10.0.0.1]", "[64:ff9b::7f00:1]", "2130706433"):
        with gdal_options(LIMITS), pytest.raises(SceneError, match="private network"):
            open_raster(f"https://{host}/a.tif", limits=LIMITS)
        with gdal_options(LIMITS), pytest.raises(SceneError, match="plain http://"):
            open_raster(f"http://{host}/a.tif", limits=LIMITS)
    for location in (
        "/vsicurl/http://127.0.0.1/a.tif",
        "/vsizip//vsicurl/http://127.0.0.1/a.zip/a.tif",
        "/vsicurl?url=http%3A%2F%2Fx",
    ):
        with gdal_options(LIMITS), pytest.raises(SceneError, match="is not read"):
            open_raster(location, limits=LIMITS)


def test_H13_names_of_every_kind_are_opened(write, picture):
    for name in ("-a.tif", "a b#?%20!.tif", "港 ü.tif", "busan_00:00_(Raw).tif", "a" * 200 + ".tif"):
        assert opened(write(name, picture))[0] == "GTiff"


def test_D7_more_bands_than_the_limit_are_refused(write):
    many = np.zeros((33, 8, 8), np.uint8)
    with pytest.raises(SceneError):
        opened(write("many.tif", many))
    with pytest.raises(SceneError, match="3 bands"):
        opened(write("three.tif", many[:3]), Settings(max_bands=2))


def test_M6_complex_pixels_are_refused_as_radar(write):
    with pytest.raises(SceneRefused, match="complex"):
        opened(write("sar.tif", np.zeros((1, 8, 8), np.complex64)))


def test_D1_a_scene_larger_than_the_limit_is_refused_at_once(tmp_path):
    path = tmp_path / "huge.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=300_000, height=300_000, count=1, dtype="uint8", tiled=True, blockxsize=4096,
        blockysize=4096, SPARSE_OK=True, BIGTIFF="YES",
    ):  # fmt: skip
        pass
    began = time.monotonic()
    with pytest.raises(SceneError, match="300000 x 300000 pixels"):
        opened(path)
    assert time.monotonic() - began < 2


def test_D3_one_giant_block_is_refused_before_it_is_decoded(tmp_path):
    path = tmp_path / "block.tif"
    path.write_bytes(_tiff_of_one_tile(60_000))
    with pytest.raises(SceneError, match="one block of the file takes"):
        opened(path)


def _tiff_of_one_tile(side: int) -> bytes:
    side = side // 16 * 16
    tile = zlib.compress(b"")
    tags = [(256, 4, side), (257, 4, side), (258, 3, 8), (259, 3, 8), (262, 3, 1), (277, 3, 1), (322, 4, side), (323, 4, side),
            (324, 4, 200), (325, 4, len(tile))]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 0)
    return head.ljust(200, b"\0") + tile


@pytest.mark.parametrize("bad", [(1, 2, 0, 2, 4, 0), (float("nan"), 0, 0, 0, -1, 0), (1e-310, 0, 0, 0, -1e-310, 0)])
def test_M4_transforms_that_cannot_be_inverted_are_refused(write, picture, bad):
    path = write("bad.tif", picture, transform=Affine(*bad))
    with pytest.raises(SceneError, match="singular or not finite"):
        opened(path)


def test_R5_the_users_settings_for_reading_neither_reach_us_nor_are_changed():
    with rasterio.Env(GTIFF_IGNORE_READ_ERRORS=True, GDAL_PAM_ENABLED=True):
        before = get_gdal_config("GDAL_CACHEMAX")
        with gdal_options(LIMITS):
            assert get_gdal_config("GTIFF_IGNORE_READ_ERRORS") in (False, "NO")
            assert get_gdal_config("GDAL_CACHEMAX") == LIMITS.gdal_cache_bytes
        assert get_gdal_config("GTIFF_IGNORE_READ_ERRORS") in (True, "ON", "YES")
        assert get_gdal_config("GDAL_CACHEMAX") == before


def test_R14_a_sidecar_of_gdals_does_not_move_the_scene(write, picture):
    path = write("scene.tif", picture)
    Path(path + ".aux.xml").write_text("<PAMDataset><GeoTransform>9, 1, 0, 9, 0, -1</GeoTransform></PAMDataset>")
    with gdal_options(LIMITS), open_raster(path, limits=LIMITS) as raster:
        assert raster.transform.c == 500_000


# rasterio logs GDAL's words as UTF-8, which a damaged file's need not be.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("driver", ["GTiff", "COG", "PNG", "JPEG", "JP2OpenJPEG"])
def test_R_a_file_with_flipped_bytes_is_read_or_is_a_plain_error(write, picture, scene_of, driver):
    path = Path(
        write("scene.dat", picture[:, :64, :64], driver=driver, **({} if driver in ("GTiff", "COG") else {"crs": None}))
    )
    whole, random = path.read_bytes(), np.random.default_rng(11)
    outcomes = set()
    for _ in range(40):
        raw = bytearray(whole)
        for place in random.integers(0, min(len(raw), 600), 4):
            raw[place] = random.integers(0, 256)
        path.write_bytes(bytes(raw))
        reader = RasterReader()
        try:
            scene = scene_of(str(path), gsd_m=(0.5, 0.5))
            pixels, valid = reader.read(scene, Window(-5, -5, 100, 90), (128, 128))
            assert pixels.shape == (128, 128, 3)
            assert valid.shape == (128, 128)
            outcomes.add("read")
        except (SceneError, SceneRefused) as error:
            outcomes.add("named error" if str(path) in str(error) else str(error))
        finally:
            reader.close()
    assert "named error" in outcomes
    assert outcomes <= {"read", "named error"}
