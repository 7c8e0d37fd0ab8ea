"""Rows R: damaged rasters cost themselves and nothing else."""

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import rasterio
from rasterio.windows import Window

from sattrack.detections import CORNERS
from tests.faults.conftest import UTM, Detect, Ran, write, write_good, yard
from tests.readers.test_blocks import yields_too_much

_TILED = {"tiled": True, "blockxsize": 64, "blockysize": 64}


def cut(path: Path, share: float = 0.5) -> Path:
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * share)])
    return path


def noise(shape: tuple[int, int] = (600, 600)) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 255, (3, *shape)).astype(np.uint8)


def corrupt(path: Path, *, block: str = "1_1", size: int = 300) -> Path:
    """The first bytes of one tile, column_row, become zeros."""
    with rasterio.open(path) as raster:
        start = int(raster.get_tag_item(f"BLOCK_OFFSET_{block}", "TIFF", bidx=1))
    raw = bytearray(path.read_bytes())
    raw[start : start + size] = b"\0" * size
    path.write_bytes(bytes(raw))
    return path


def packed(compress: str) -> Any:
    return lambda path: corrupt(write(path, yard(12, seed=21), compress=compress, **_TILED))


def one_ifd_again(path: Path) -> None:
    """The directory names itself as the next one."""
    write(path, yard(11, seed=31))
    raw = bytearray(path.read_bytes())
    (first,) = struct.unpack_from("<I", raw, 4)
    (entries,) = struct.unpack_from("<H", raw, first)
    struct.pack_into("<I", raw, first + 2 + 12 * entries, first)
    path.write_bytes(bytes(raw))


def many_ifds(path: Path) -> None:
    """10,000 directories behind the first, each of one pixel."""
    write(path, yard(10, seed=32))
    raw = bytearray(path.read_bytes())
    raw += b"\0" * (len(raw) % 2)
    (first,) = struct.unpack_from("<I", raw, 4)
    (entries,) = struct.unpack_from("<H", raw, first)
    tags = [(256, 1), (257, 1), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, 1), (279, 1)]
    one = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", tag, 3, 1, value) for tag, value in tags)
    start = len(raw)
    for i in range(10_000):
        raw += one + struct.pack("<I", 0 if i == 9_999 else start + (i + 1) * (len(one) + 4))
    struct.pack_into("<I", raw, first + 2 + 12 * entries, start)
    path.write_bytes(bytes(raw))


def with_overviews_of_another(path: Path) -> None:
    """A scene at a quarter of the model's pixel, so that overviews would be used, with a white .ovr beside it."""
    fine = np.repeat(np.repeat(yard(9, seed=33), 4, axis=1), 4, axis=2)
    write(path, fine, transform=UTM["transform"] @ UTM["transform"].scale(0.25))
    write(path.with_name(path.name + ".ovr"), np.full((3, 400, 600), 250, np.uint8), crs=None)


def with_another_place(path: Path) -> None:
    write(path, yard(8, seed=34))
    path.with_name(path.name + ".aux.xml").write_text(
        "<PAMDataset><SRS>EPSG:32633</SRS><GeoTransform>9, 30, 0, 9, 0, -30</GeoTransform></PAMDataset>"
    )


def sparse(path: Path) -> None:
    """Only the left 192 of 300 columns were ever written."""
    with rasterio.open(
        path, "w", driver="GTiff", width=300, height=200, count=3, dtype="uint8", photometric="rgb",
        SPARSE_OK=True, **_TILED, **UTM,
    ) as to:  # fmt: skip
        to.write(yard(12, seed=35)[:, :, :192], window=Window(0, 0, 192, 200))


def taken_for_whole(path: Path) -> None:
    yields_too_much(write(path, yard(12, seed=20), compress="deflate", predictor=2, **_TILED))


BAD = {
    "cut.tif": lambda p: cut(write(p, yard(12, seed=20))),
    "cut_cog.tif": lambda p: cut(write(p, noise(), driver="COG", blocksize=128)),
    "header.tif": lambda p: cut(write(p, yard(12, seed=20)), 200 / 180_000),
    "empty.tif": lambda p: p.write_bytes(b""),
    "page.tif": lambda p: p.write_text("<!DOCTYPE html><html><body>404 Not Found</body></html>"),
    "folder.tif": lambda p: p.mkdir(),
    "deflate.tif": packed("deflate"),
    "too_much.tif": taken_for_whole,
    "lzw.tif": packed("lzw"),
    "zstd.tif": packed("zstd"),
    "half.png": lambda p: cut(write(p, noise(), driver="PNG", crs=None)),
    "half.jpg": lambda p: cut(write(p, noise(), driver="JPEG", crs=None)),
    "half_small.png": lambda p: cut(write(p, yard(4, seed=22), driver="PNG", crs=None), 0.7),
    "half.jp2": lambda p: cut(write(p, noise(), driver="JP2OpenJPEG")),
    "ring.tif": one_ifd_again,
    "pages.tif": many_ifds,
    "overviews.tif": with_overviews_of_another,
    "elsewhere.tif": with_another_place,
    "sparse.tif": sparse,
    "pixel.tif": lambda p: write(p, yard(0, seed=36, shape=(1, 1))),
    "small.tif": lambda p: write(p, yard(8, seed=36, shape=(50, 260))),
}
# What a user may have set for other work, and what would make damage silent or let sidecars speak.
HOSTILE_ENV = {
    "GTIFF_IGNORE_READ_ERRORS": "YES", "GDAL_DISABLE_READDIR_ON_OPEN": "NO", "GDAL_PAM_ENABLED": "YES", "GDAL_SKIP": "VRT",
    "GDAL_CACHEMAX": "1",
}  # fmt: skip


@pytest.fixture(scope="module")
def ran(run_beside: Any) -> Ran:
    """One run over every damaged raster, in an environment that asks GDAL to look away."""
    return run_beside(BAD, "--gsd-m", "0.5", env=HOSTILE_ENV)


def test_r0_damaged_rasters_cost_nothing_but_themselves(ran: Ran, good: Ran) -> None:
    ran.assert_nothing_lost(good)
    assert ran.err.splitlines()[-1].startswith(f"{ran.err.count('failed: ')} of ")


def test_r1_a_tiff_cut_in_half_fails_without_a_count(ran: Ran) -> None:
    ran.assert_told("cut", "fetch it again")


def test_r2_a_cog_cut_in_half_fails_though_its_first_tiles_can_be_read(ran: Ran) -> None:
    ran.assert_told("cut_cog", "fetch it again")


def test_r3_what_is_no_raster_is_named_for_what_it_is(ran: Ran) -> None:
    ran.assert_told("header", "fetch it again")
    ran.assert_told("empty", "an empty file", "give a GeoTIFF")
    ran.assert_told("page", "an HTML page", "give a GeoTIFF")
    assert "folder" not in {one["part"] for one in ran.json["scenes"]}


def test_r3_a_folder_named_like_a_picture_is_a_folder_without_pictures(detect: Detect, tmp_path: Path) -> None:
    (tmp_path / "folder.tif").mkdir()
    ran = detect(tmp_path / "folder.tif", folder=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: no pictures found in ")
    assert "folder.tif" in ran.err
    assert not ran.parts


@pytest.mark.parametrize("compress", ["deflate", "lzw", "zstd"])
def test_r4_a_corrupt_tile_fails_its_scene(ran: Ran, compress: str) -> None:
    ran.assert_told(compress, "fetch it again")


def test_r5_a_user_who_told_gdal_to_ignore_errors_still_hears_of_them(ran: Ran) -> None:
    assert HOSTILE_ENV["GTIFF_IGNORE_READ_ERRORS"] == "YES"
    for part in ("cut", "cut_cog", "deflate", "lzw", "zstd"):
        ran.assert_told(part)


def test_r8_a_png_cut_short_is_an_error_and_never_memory_that_was_not_written(ran: Ran) -> None:
    assert ran.scene("half-3")["location"].endswith("half.png")
    ran.assert_told("half-3", "fetch it again")
    ran.assert_told("half_small", "fetch it again")


def test_r9_a_jpeg_cut_short_is_an_error_and_never_half_gray(ran: Ran) -> None:
    assert ran.scene("half-2")["location"].endswith("half.jpg")
    ran.assert_told("half-2", "fetch it again")


def test_r10_blocks_that_were_never_written_are_not_seen(ran: Ran) -> None:
    count = ran.count("sparse")
    assert count["status"] == "done"
    assert 0.6 < count["observed_fraction"] < 0.7
    assert count["count"] == 9


def test_r11_directories_in_a_ring_or_by_thousands_are_passed_over(ran: Ran) -> None:
    assert ran.scene("ring")["boxes"] == 11
    assert ran.scene("pages")["boxes"] == 10
    assert "the file holds 10,001 pictures, of which the first is read: save each as a file of its own" in ran.err


def test_r13_overviews_in_another_file_are_not_used(ran: Ran) -> None:
    assert ran.scene("overviews")["boxes"] == 9


def test_r14_georeferencing_in_a_sidecar_of_gdals_is_not_used(ran: Ran) -> None:
    assert ran.scene("elsewhere")["boxes"] == 8
    index = (ran.folder / "run.json").read_text()
    assert "32633" not in index


def test_r16_a_scene_of_one_pixel_or_smaller_than_a_tile_is_wholly_seen(ran: Ran) -> None:
    assert (ran.count("pixel")["count"], ran.count("pixel")["observed_fraction"]) == (0, 1.0)
    assert (ran.count("small")["count"], ran.count("small")["observed_fraction"]) == (8, 1.0)


MASKED = {
    "deflate.tif": lambda p: corrupt(write(p, yard(12, seed=25), compress="deflate", **_TILED), block="1_0"),
    "cog.tif": lambda p: corrupt(write(p, yard(12, seed=23), driver="COG", blocksize=128, overviews="NONE", compress="lzw")),
    "cut.tif": lambda p: cut(write(p, yard(32, seed=24), blockysize=8, compress="deflate")),
    "half.png": BAD["half.png"],
}


def test_r4_a_block_that_gdal_takes_for_whole_fails_its_scene(ran: Ran) -> None:
    ran.assert_told("too_much", "is not what was written", "fetch it again")


def test_r4_a_bad_tile_may_be_masked_and_is_then_not_seen(run_beside: Any, good: Ran) -> None:
    ran = run_beside(MASKED, "--gsd-m", "0.5", "--on-bad-tile", "mask")
    ran.assert_told("half", "fetch it again")
    assert ran.code == 3
    boxes = {one["part"]: one["boxes"] for one in good.json["scenes"]}
    assert {part: ran.scene(part)["boxes"] for part in boxes} == boxes
    for part, tile in (("deflate", 64 * 64), ("cog", 128 * 72)):
        assert ran.count(part)["observed_fraction"] == pytest.approx(1 - tile / (200 * 300), abs=0.02)
    # Two boxes lie wholly in the tile, and a third one partly.
    assert ran.count("deflate")["count"] in (9, 10)
    assert ran.count("cog")["count"] == 12
    assert ran.count("cut")["observed_fraction"] == pytest.approx(0.5, abs=0.1)
    assert 14 <= ran.count("cut")["count"] <= 20


def test_r4_what_was_masked_once_never_stands_for_a_file_that_is_to_fail(detect: Detect, tmp_path: Path) -> None:
    scene = packed("deflate")(tmp_path / "a.tif")
    assert detect(scene, "--on-bad-tile", "mask", folder=tmp_path).count("a")["count"] is not None
    assert detect(scene, folder=tmp_path).count("a")["count"] is None


def jpeg_in_tiff(path: Path) -> Path:
    """A tile whose picture GDAL decodes without a word, though some of its bits are others."""
    write(path, yard(12, seed=61), compress="jpeg", interleave="pixel", **_TILED)
    with rasterio.open(path) as raster:
        start = int(raster.get_tag_item("BLOCK_OFFSET_1_1", "TIFF", bidx=1))
        size = int(raster.get_tag_item("BLOCK_SIZE_1_1", "TIFF", bidx=1))
    raw = bytearray(path.read_bytes())
    raw[start + size // 2] ^= 0x04
    path.write_bytes(bytes(raw))
    return path


def plain_flip(path: Path) -> Path:
    raw = bytearray(write(path, yard(12, seed=62)).read_bytes())
    raw[-5000] ^= 0x55
    path.write_bytes(bytes(raw))
    return path


def test_r6_r7_what_no_decoder_can_notice_is_found_by_a_list_of_checksums(detect: Detect, tmp_path: Path, good: Ran) -> None:
    scenes = tmp_path / "scenes"
    scenes.mkdir()
    write_good(scenes)
    sums = [(hashlib.sha256(path.read_bytes()).hexdigest(), path.name) for path in sorted(scenes.iterdir())]
    sums += [("0" * 64, "jpeg_in_tiff.tif"), ("f" * 64, "plain_flip.tif")]
    (scenes / "SHA256SUMS").write_text("".join(f"{digest}  {name}\n" for digest, name in sums))
    jpeg_in_tiff(scenes / "jpeg_in_tiff.tif")
    plain_flip(scenes / "plain_flip.tif")
    write(scenes / "unlisted.tif", yard(3, seed=63))
    ran = detect(scenes, "--verify", scenes / "SHA256SUMS", folder=tmp_path)
    ran.assert_nothing_lost(good)
    ran.assert_told("jpeg_in_tiff", "SHA256SUMS says 000000000000", "fetch it again")
    ran.assert_told("plain_flip", "SHA256SUMS says ffffffffffff", "fetch it again")
    ran.assert_told("unlisted", "is not listed in SHA256SUMS")


def test_r7_a_list_that_is_none_is_refused_with_its_line(detect: Detect, tmp_path: Path) -> None:
    scene = write(tmp_path / "a.tif", yard(3))
    (tmp_path / "sums.txt").write_text("\nhello\n")
    ran = detect(scene, "--verify", tmp_path / "sums.txt", folder=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert "sums.txt, line 2: is no sha256 and a name (sha256sum FILES" in ran.err


def test_r14_with_sidecars_gdals_own_may_place_a_picture_that_has_no_place(detect: Detect, tmp_path: Path) -> None:
    plain = write(tmp_path / "plain.png", yard(12, seed=64), driver="PNG", crs=None)
    plain.with_name("plain.png.aux.xml").write_text(
        "<PAMDataset><SRS>EPSG:32652</SRS><GeoTransform>500000, 0.5, 0, 3900000, 0, -0.5</GeoTransform></PAMDataset>"
    )
    silent, asked = detect(plain, folder=tmp_path), detect(plain, "--sidecars", folder=tmp_path)
    assert silent.scene("plain")["status"] == "refused"
    assert asked.scene("plain")["boxes"] == 12
    assert "the place comes from plain.png.aux.xml" in asked.err
    plain.with_name("plain.png.aux.xml").write_text('<!DOCTYPE a [<!ENTITY b "c">]><PAMDataset/>')
    bad = detect(plain, "--sidecars", folder=tmp_path)
    assert bad.code == 3
    bad.assert_told("plain", "plain.png.aux.xml: a document type or entity", "leave --sidecars out")


def meddled(detect: Detect, folder: Path, good: Ran, how: str) -> Ran:
    """A run in which the first scene's file is changed while the detector looks."""
    (folder / "scenes").mkdir()
    write_good(folder / "scenes")
    victim = write(folder / "scenes" / "a_victim.tif", yard(20, seed=40))
    env = {"MEDDLE_WITH": str(victim), "MEDDLE_HOW": how}
    ran = detect(folder / "scenes", folder=folder, detector="Meddling", env=env)
    assert ran.code == 3
    assert "Traceback" not in ran.said
    # Another class is another model, so that parts have other keys: the boxes are compared.
    boxes = {one["part"]: one["boxes"] for one in good.json["scenes"]}
    assert {part: ran.scene(part)["boxes"] for part in boxes} == boxes
    return ran


@pytest.mark.parametrize("how", ["cut", "replace"])
def test_r12_a_file_that_is_cut_or_replaced_while_it_is_read_fails(detect: Detect, tmp_path: Path, good: Ran, how: str) -> None:
    meddled(detect, tmp_path, good, how).assert_told("a_victim", "changed while it was read", "run again")


LAYOUTS: dict[str, dict[str, Any]] = {
    "strips": {"blockysize": 16},
    "one_row_strips": {"blockysize": 1},
    "one_strip": {"blockysize": 200},
    "tiles": _TILED,
    "planes": {"interleave": "band", **_TILED},
    "plane_strips": {"interleave": "band"},
    "big": {"BIGTIFF": "YES"},
    "big_endian": {"ENDIANNESS": "BIG"},
    "deflate": {"compress": "deflate", "predictor": 2, **_TILED},
    "lzw": {"compress": "lzw"},
    "zstd": {"compress": "zstd", "interleave": "band"},
    "cog": {"driver": "COG", "blocksize": 128},
    "jp2": {"driver": "JP2OpenJPEG", "QUALITY": "100", "REVERSIBLE": "YES"},
}


def test_r15_every_layout_of_the_same_pixels_has_the_same_boxes(detect: Detect, tmp_path: Path) -> None:
    scenes = tmp_path / "scenes"
    scenes.mkdir()
    for name, layout in LAYOUTS.items():
        write(scenes / f"{name}.{'jp2' if name == 'jp2' else 'tif'}", yard(14, seed=50), **layout)
    ran = detect(scenes, folder=tmp_path)
    assert ran.code == 0, ran.err
    boxes = {}
    for one in ran.json["scenes"]:
        assert one["status"] == "done", one
        boxes[one["part"]] = one["boxes"]
    assert boxes == dict.fromkeys(LAYOUTS, 14)
    columns = [pq.read_table(path).select([*CORNERS, "confidence"]) for path in ran.folder.glob("parts/*.parquet")]
    assert len(columns) == len(LAYOUTS)
    assert all(one.equals(columns[0]) for one in columns)


def test_r7_bytes_flipped_in_plain_pixels_are_in_the_record_of_what_was_read(detect: Detect, tmp_path: Path) -> None:
    scene = write(tmp_path / "plain.tif", yard(12, seed=60))
    digests = []
    for _ in range(2):
        assert detect(scene, folder=tmp_path).code == 0
        (outcome,) = json.loads((tmp_path / "run" / "run.json").read_text())["outcomes"]
        assert outcome["sha256"] == hashlib.sha256(scene.read_bytes()).hexdigest()
        digests.append(outcome["sha256"])
        raw = bytearray(scene.read_bytes())
        raw[-5000] ^= 0x55
        scene.write_bytes(bytes(raw))
    assert digests[0] != digests[1]
