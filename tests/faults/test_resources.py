"""Rows D: files and detectors that ask for more memory, time or disk than there is."""

import ast
import json
import os
import resource
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

import sattrack
from tests.faults.conftest import UTM, Detect, Ran, write, write_good, yard

MB = 1 << 20


def sparse(path: Path, *, bands: int = 1, **profile: Any) -> None:
    """A few MB that claim 300,000 x 300,000 pixels."""
    with rasterio.open(
        path, "w", driver="GTiff", width=300_000, height=300_000, count=bands, dtype="uint8", tiled=True, blockxsize=1024,
        blockysize=1024, SPARSE_OK=True, BIGTIFF="YES", **UTM, **profile,
    ):  # fmt: skip
        pass


def tiff_of(tags: list[tuple[int, int, int]], *, data: bytes) -> bytes:
    """A little-endian TIFF of one strip or tile at byte 300."""
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in sorted(tags))
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 0)
    return head.ljust(300, b"\0") + data


def one_block(path: Path) -> None:
    side, data = 60_000, zlib.compress(b"")
    tags = [(256, 4, side), (257, 4, side), (258, 3, 8), (259, 3, 8), (262, 3, 1), (277, 3, 1), (322, 4, side), (323, 4, side),
            (324, 4, 300), (325, 4, len(data))]  # fmt: skip
    path.write_bytes(tiff_of(tags, data=data))


def one_strip(path: Path) -> None:
    """20,000 rows of 20,000 pixels in a single strip of some 400 KB."""
    side = 20_000
    packer = zlib.compressobj(6)
    line = bytes([90, 60]) * (side // 2)
    data = b"".join(packer.compress(line * 100) for _ in range(side // 100)) + packer.flush()
    tags = [(256, 4, side), (257, 4, side), (258, 3, 8), (259, 3, 8), (262, 3, 1), (277, 3, 1), (278, 4, side), (273, 4, 300),
            (279, 4, len(data))]  # fmt: skip
    path.write_bytes(tiff_of(tags, data=data))


def thousands_of_bands(path: Path) -> None:
    tags = [(256, 4, 1), (257, 4, 1), (258, 3, 8), (259, 3, 1), (262, 3, 1), (277, 3, 65_535), (278, 4, 1), (273, 4, 300),
            (279, 4, 65_535), (284, 3, 1)]  # fmt: skip
    path.write_bytes(tiff_of(tags, data=b"\0" * 65_535))


def endless_vrt(path: Path) -> None:
    path.write_text(
        '<VRTDataset rasterXSize="2147483647" rasterYSize="2147483647"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
        '<SourceFilename relativeToVRT="1">may.tif</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand>'
        "</VRTDataset>"
    )


CLAIMS = {
    "sparse.tif": sparse,
    "endless.vrt": endless_vrt,
    "one_block.tif": one_block,
    "bands.tif": thousands_of_bands,
}


@pytest.fixture(scope="module")
def ran(run_beside: Any) -> Ran:
    return run_beside(CLAIMS, "--gsd-m", "0.5")


def test_d0_files_that_claim_too_much_cost_nothing_but_themselves(ran: Ran, good: Ran) -> None:
    ran.assert_nothing_lost(good)
    assert ran.peak < good.peak + 100 * MB


def test_d1_a_small_file_of_90_gigapixels_is_refused_with_the_option(ran: Ran) -> None:
    ran.assert_told("sparse", "300000 x 300000 pixels, more than 4000000000", "--max-pixels")


@pytest.mark.parametrize("compress", [None, "deflate"])
def test_i4_d1_with_leave_90_gigapixels_with_an_outline_take_the_memory_of_what_lies_there(
    detect: Detect, tmp_path: Path, good: Ran, compress: str | None
) -> None:
    """A yard in the middle of a sparse scene of 300,000 x 300,000 pixels."""
    from pyproj import Transformer

    packed = {"compress": compress} if compress else {}
    sparse(tmp_path / "sparse.tif", bands=3, interleave="pixel", photometric="rgb", **packed)
    first, ground = 150 * 1024, yard(12, shape=(1024, 1024))
    # Of so huge a scene only some ten pixels of this block are in the sample that its stretch is measured on.
    ground[:, 512:] = 250
    with rasterio.open(tmp_path / "sparse.tif", "r+") as file:
        file.write(ground, window=rasterio.windows.Window(first, first, 1024, 1024))
        corner = file.xy(first, first, offset="ul")
    to_lonlat = Transformer.from_crs(32652, 4326, always_xy=True)
    ring = [to_lonlat.transform(corner[0] + x, corner[1] - y) for x, y in ((0, 0), (0, 200), (200, 200), (200, 0), (0, 0))]
    site = {"type": "Feature", "properties": {"site_id": "middle"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    (tmp_path / "site.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [site]}))
    ran = detect(tmp_path / "sparse.tif", "--max-pixels", "100000000000", "--sites", tmp_path / "site.geojson", folder=tmp_path)
    (count,) = ran.json["counts"]
    assert count["count"] == 12
    assert count["observed_fraction"] == pytest.approx(1.0, abs=0.01)
    # A third of it are GDAL's blocks of this file, 3 MB each, and a map of what was seen in cells of 16 m.
    print(f"peak {(ran.peak - good.peak) / MB:.0f} MB more, {ran.seconds:.1f} s")
    assert ran.peak < good.peak + 350 * MB


def test_d2_a_virtual_raster_of_billions_of_pixels_is_refused(ran: Ran) -> None:
    ran.assert_told("endless", "2147483647 x 2147483647 pixels", "--max-pixels")


def test_d3_one_block_of_gigabytes_is_refused_before_it_is_decoded(ran: Ran) -> None:
    ran.assert_told("one_block", "one block of the file takes", "write it again in tiles")


def test_d7_thousands_of_bands_are_refused(ran: Ran) -> None:
    ran.assert_told("bands")


def unpacks(path: Path) -> None:
    """Some 800 KB of ZSTD that are 1.2 GB of pixels."""
    with rasterio.open(
        path, "w", driver="GTiff", width=20_000, height=20_000, count=3, dtype="uint8", photometric="rgb", compress="zstd",
        tiled=True, blockxsize=512, blockysize=512, interleave="pixel", nodata=0, **UTM,
    ) as to:  # fmt: skip
        block = np.full((3, 512, 20_000), 90, np.uint8)
        block[:, ::7] = 60
        for row in range(0, 20_000, 512):
            rows = min(512, 20_000 - row)
            to.write(block[:, :rows], window=rasterio.windows.Window(0, row, 20_000, rows))


def png_bomb(path: Path) -> None:
    """400 million pixels in some 400 KB."""
    side = 20_000
    packer = zlib.compressobj(9)
    line = b"\0" + bytes([90, 60]) * (side // 2)
    packed = b"".join(packer.compress(line * 100) for _ in range(side // 100)) + packer.flush()

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b""))
    assert path.stat().st_size < 2 * MB


def test_d4_d5_d6_small_files_of_many_pixels_are_streamed_until_their_time_is_up(run_beside: Any, good: Ran) -> None:
    files = {"one_strip.tif": one_strip, "unpacks.tif": unpacks, "bomb.png": png_bomb}
    ran = run_beside(files, "--gsd-m", "0.5", "--scene-seconds", "10")
    ran.assert_nothing_lost(good)
    # A strip that GDAL reads line by line may be done in that time.
    slow = [name for name in ("one_strip", "unpacks", "bomb") if name != "one_strip" or ran.scene(name)["status"] != "done"]
    for name in slow:
        ran.assert_told(name, "took longer than scene_seconds = 10", "--scene-seconds")
    assert ran.peak < good.peak + 600 * MB


def test_d8_a_detector_of_noise_is_cut_at_the_cap_and_that_is_said(detect: Detect, tmp_path: Path, good: Ran) -> None:
    ran = detect(write(tmp_path / "a.tif", yard(12)), folder=tmp_path, detector="Noisy")
    assert ran.code == 0, ran.err
    assert ran.scene("a")["cap_hit"] is True
    assert ran.count("a")["cap_hit"] is True
    assert ran.peak < good.peak + 400 * MB


def test_d9_nothing_that_people_get_is_written_by_gdal() -> None:
    """GDAL closes a file on a full disk without a word: what a run or an export writes, we write."""
    house = Path(sattrack.__file__).parent
    writing = []
    for path in house.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            opens = isinstance(node, ast.Call) and ast.unparse(node.func).endswith("rasterio.open")
            if opens and len(node.args) > 1:
                writing.append(path.relative_to(house).parts[0])
    # The wings draw pictures of their own, which they read again at once.
    assert set(writing) <= {"synthetic", "bench"}


def test_d10_a_full_disk_is_an_error_and_the_same_call_goes_on_when_there_is_room(
    detect: Detect, tmp_path: Path, good: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenes = tmp_path / "scenes"
    scenes.mkdir()
    write_good(scenes)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, hard))
    try:
        full = detect(scenes, folder=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert full.code == 1
    assert full.err.startswith("error: ")
    assert "Traceback" not in full.said
    assert not full.parts
    again = detect(scenes, folder=tmp_path)
    assert again.code == 0
    assert again.parts == good.parts
    assert not list(again.folder.rglob("*.tmp"))


def test_d11_where_memory_ends_tiles_are_given_one_by_one_and_if_that_is_too_much_the_scene_fails(
    detect: Detect, tmp_path: Path
) -> None:
    scene = write(tmp_path / "a.tif", yard(12, shape=(200, 900)))
    folders = {name: tmp_path / name for name in ("plain", "hungry", "starved")}
    for folder in folders.values():
        folder.mkdir()
    plain = detect(scene, folder=folders["plain"], detector="Hungry", env={"MOST_TILES": "99"})
    assert plain.scene("a")["boxes"] == 12
    hungry = detect(scene, folder=folders["hungry"], detector="Hungry", env={"MOST_TILES": "1"})
    assert hungry.code == 0
    assert hungry.parts == plain.parts
    starved = detect(scene, folder=folders["starved"], detector="Hungry", env={"MOST_TILES": "0"})
    assert starved.code == 3
    starved.assert_told("a", "memory", "batch")


def test_d12_a_settings_file_of_aliases_is_refused_before_it_is_built(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from sattrack.cli.app import main

    levels = ["a: &a [x, x, x, x, x, x, x, x, x]"] + [
        f"{new}: &{new} [*{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}]"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    (tmp_path / "bomb.yaml").write_text("\n".join(levels))
    scene = write(tmp_path / "a.tif", yard(12))
    assert main(["detect", str(scene), "-o", str(tmp_path / "run"), "--config", str(tmp_path / "bomb.yaml")]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "bomb.yaml" in told.err
    assert "alias" in told.err or "anchor" in told.err


def test_d13_a_folder_that_links_to_itself_is_walked_once(detect: Detect, tmp_path: Path, good: Ran) -> None:
    deep = tmp_path / "scenes" / "deep"
    deep.mkdir(parents=True)
    write_good(deep)
    (deep / "round").symlink_to(tmp_path / "scenes", target_is_directory=True)
    (deep / "self").symlink_to(deep / "self")
    ran = detect(tmp_path / "scenes", "-r", folder=tmp_path)
    assert [one["part"] for one in ran.json["scenes"]] == ["june", "may"]
    assert ran.parts == good.parts


def test_d14_a_folder_of_very_many_files_costs_little(detect: Detect, tmp_path: Path, good: Ran) -> None:
    scenes = tmp_path / "scenes"
    scenes.mkdir()
    write_good(scenes)
    (scenes / "0.txt").touch()
    for i in range(1, 30_000):
        os.link(scenes / "0.txt", scenes / f"{i}.txt")
    ran = detect(scenes, folder=tmp_path)
    assert ran.code == 0
    assert ran.parts == good.parts
    assert ran.peak < good.peak + 60 * MB


def test_d15_a_scene_that_takes_too_long_fails_and_the_others_go_on(detect: Detect, tmp_path: Path) -> None:
    scenes = tmp_path / "scenes"
    scenes.mkdir()
    write_good(scenes)
    write(scenes / "large.tif", yard(12, seed=90, shape=(1200, 1200)))
    ran = detect(scenes, "--scene-seconds", "9", folder=tmp_path, detector="Tardy")
    ran.assert_told("large", "took longer than scene_seconds = 9", "--scene-seconds")
    assert (ran.scene("may")["boxes"], ran.scene("june")["boxes"]) == (12, 16)
    assert ran.code == 3
