"""A mosaic against rasterio.merge, against the file that it was cut from, and against what a machine can hold open."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.merge import merge

from sattrack.errors import SceneError
from sattrack.imagery import Scene, Window
from sattrack.readers.deliveries.joining import joined_scene, unlike
from sattrack.readers.describing import describe
from sattrack.readers.finding import Source
from sattrack.readers.mosaics import MOST_OPEN, Mosaic
from sattrack.readers.opening import gdal_options
from sattrack.readers.rasters import RasterReader
from sattrack.settings import Settings
from tests.readers.delivered import cut, write_tile

ROWS, COLS = (37, 78), (29, 81, 133)
LAYOUTS: dict[str, dict[str, Any]] = {
    "strips": {},
    "tiles": {"tiled": True, "blockxsize": 16, "blockysize": 16},
    "planes": {"interleave": "band"},
    "deflate": {"compress": "deflate", "predictor": 2},
    "one_row_strips": {"blockysize": 1},
}


def described(paths: list[Path]) -> list[Scene]:
    return [describe(Source(str(path), path.stem, path.stem)) for path in paths]


@pytest.fixture
def reader() -> Iterator[RasterReader]:
    with closing(RasterReader()) as made:
        yield made


def windows(seed: int, shape: tuple[int, int]) -> Iterator[tuple[Window, tuple[int, int]]]:
    """Windows anywhere, over edges too, at their own size, grown and shrunk."""
    random = np.random.default_rng(seed)
    for _ in range(60):
        height, width = random.integers(1, 90, 2).tolist()
        row, col = (int(random.integers(-20, n + 10)) for n in shape)
        scale = random.choice([1.0, 1.0, 2.5, 0.71])
        yield Window(col, row, width, height), (max(1, round(height * scale)), max(1, round(width * scale)))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_mosaic_reads_as_the_file_that_it_was_cut_from(
    tmp_path: Path, picture: np.ndarray, reader: RasterReader, layout: str
) -> None:
    (whole,) = described([write_tile(tmp_path / "whole.tif", picture)])
    mosaic = joined_scene(described(cut(picture, tmp_path / "cut", rows=ROWS, cols=COLS, **LAYOUTS[layout])))
    assert mosaic.grid == whole.grid
    assert len(mosaic.pieces) == 12
    expected = [reader.read(whole, *asked) for asked in windows(1, whole.grid.shape)]
    sample = reader.sample(whole)
    for (pixels, valid), asked in zip(expected, windows(1, whole.grid.shape), strict=True):
        found, seen = reader.read(mosaic, *asked)
        assert (found == pixels).all()
        assert (seen == valid).all()
    assert all((one == two).all() for one, two in zip(reader.sample(mosaic), sample, strict=True))


def test_the_small_picture_of_a_large_mosaic_is_that_of_the_file(tmp_path: Path, reader: RasterReader) -> None:
    """Large enough that not every pixel is in it."""
    random = np.random.default_rng(3)
    picture = random.integers(0, 256, (1, 1400, 1700)).astype(np.uint8)
    (whole,) = described([write_tile(tmp_path / "whole.tif", picture)])
    mosaic = joined_scene(described(cut(picture, tmp_path / "cut", rows=(411, 1003), cols=(333, 1111))))
    (first, seen), (second, there) = reader.sample(whole), reader.sample(mosaic)
    assert first.shape[0] < 1400
    assert (first == second).all()
    assert seen.all()
    assert there.all()


def test_means_of_many_pixels_show_no_seam(tmp_path: Path, picture: np.ndarray, reader: RasterReader) -> None:
    """GDAL rounds its means otherwise: by one at most."""
    (whole,) = described([write_tile(tmp_path / "whole.tif", picture)])
    mosaic = joined_scene(described(cut(picture, tmp_path / "cut", rows=ROWS, cols=COLS)))
    for window, shape in (
        (Window(0, 0, 160, 120), (30, 40)),
        (Window(7, 3, 100, 80), (20, 25)),
        (Window(-8, -8, 96, 96), (24, 24)),
    ):
        (one, seen), (two, there) = reader.read(whole, window, shape), reader.read(mosaic, window, shape)
        assert np.abs(one.astype(int) - two.astype(int)).max() <= 1
        assert (seen == there).all()


def test_overlapping_files_with_nodata_and_a_gap_are_merged_as_rasterio_merges_them(
    tmp_path: Path, picture: np.ndarray, reader: RasterReader
) -> None:
    random = np.random.default_rng(5)
    paths = []
    for i, (row, col, high, wide) in enumerate([(0, 0, 70, 90), (10, 70, 80, 90), (60, 5, 60, 60), (90, 100, 30, 50)]):
        part = picture[:, row : row + high, col : col + wide].copy()
        part[:] = np.roll(part, i, axis=0)  # where two overlap they differ
        part[:, random.random((high, wide)) < 0.2] = 0
        paths.append(write_tile(tmp_path / f"p{i}.tif", part, row=row, col=col, nodata=0))
    scenes = described(paths)
    mosaic = joined_scene(scenes)
    expected, transform = merge(paths, method="first", nodata=0)
    assert mosaic.grid.transform == tuple(transform)[:6]
    assert mosaic.grid.shape == expected.shape[1:]
    pixels, valid = reader.read(mosaic, Window.of_shape(mosaic.grid.shape), mosaic.grid.shape)
    # A pixel is none where all its bands are; rasterio looks at each band alone.
    same = (picture[:, : valid.shape[0], : valid.shape[1]] > 0).all(axis=0)
    assert (valid == (expected > 0).any(axis=0))[same].all()
    assert (pixels == np.moveaxis(expected, 0, -1))[valid & (expected > 0).all(axis=0)].all()
    assert not valid[95:, 60:].all()


def test_what_no_file_covers_is_not_seen(tmp_path: Path, picture: np.ndarray, reader: RasterReader) -> None:
    mosaic = joined_scene(described(cut(picture, tmp_path, rows=ROWS, cols=COLS, without=["R2C3"])))
    _, valid = reader.read(mosaic, Window.of_shape(mosaic.grid.shape), mosaic.grid.shape)
    hole = np.zeros(valid.shape, bool)
    hole[37:78, 81:133] = True
    assert (valid == ~hole).all()
    _, sampled = reader.sample(mosaic)
    assert (sampled == ~hole).all()


def test_a_hundred_files_are_read_with_a_few_open_in_each_of_many_threads(tmp_path: Path, picture: np.ndarray) -> None:
    cuts = {"rows": tuple(range(12, 120, 12)), "cols": tuple(range(16, 160, 16))}
    mosaic = joined_scene(described(cut(picture, tmp_path, **cuts)))
    assert len(mosaic.pieces) == 100
    with closing(RasterReader(limits=Settings(edge_nodata=False, on_bad_tile="mask"))) as reader:
        asked = list(windows(9, mosaic.grid.shape))
        once = [reader.read(mosaic, *one) for one in asked]
        before = len(list(Path("/proc/self/fd").iterdir()))
        with ThreadPoolExecutor(4) as pool:
            again = list(pool.map(lambda one: reader.read(mosaic, *one), asked * 3))
        for (one, seen), (two, there) in zip(once * 3, again, strict=True):
            assert (one == two).all()
            assert (seen == there).all()
        assert len(list(Path("/proc/self/fd").iterdir())) - before <= 4 * 3 * MOST_OPEN
    with gdal_options(Settings()), closing(Mosaic(mosaic, limits=Settings(), known={})) as held:
        held.read(mosaic.bands, (0, 0, 160, 120), (120, 160))
        assert len(held._open) == MOST_OPEN


def test_the_digest_is_of_every_file_in_its_order(tmp_path: Path, picture: np.ndarray) -> None:
    paths = cut(picture, tmp_path, rows=(60,), cols=(80,))
    scenes = described(paths)
    with closing(RasterReader()) as reader:
        digests = {reader.digest(joined_scene(scenes)), reader.digest(joined_scene(scenes[::-1])), reader.digest(scenes[0])}
        assert len(digests) == 3
        write_tile(paths[3], picture[:, 60:, 80:] // 2, row=60, col=80)
        assert reader.digest(joined_scene(scenes)) not in digests


def test_a_file_that_is_another_by_now_is_an_error_that_names_it(
    tmp_path: Path, picture: np.ndarray, reader: RasterReader
) -> None:
    paths = cut(picture, tmp_path, rows=(60,), cols=(80,))
    mosaic = joined_scene(described(paths))
    write_tile(paths[2], picture[:, :7, :80], row=60)
    with pytest.raises(SceneError, match=r"changed since it was looked at.*run again") as caught:
        reader.read(mosaic, Window.of_shape(mosaic.grid.shape), mosaic.grid.shape)
    assert caught.value.where == str(paths[2])


def test_a_palette_among_gray_files_is_an_error_that_names_it(
    tmp_path: Path, picture: np.ndarray, reader: RasterReader
) -> None:
    paths = cut(picture[:1], tmp_path, rows=(), cols=(80,))
    mosaic = joined_scene(described(paths))
    with rasterio.open(paths[1], "r+") as to:
        to.write_colormap(1, {i: (i, i // 2, 255 - i, 255) for i in range(256)})
    with pytest.raises(SceneError, match="palette of colours") as caught:
        reader.read(mosaic, Window.of_shape(mosaic.grid.shape), mosaic.grid.shape)
    assert caught.value.where == str(paths[1])


def test_a_tile_cut_short_fails_the_scene_or_is_not_seen_as_is_asked(tmp_path: Path, picture: np.ndarray) -> None:
    paths = cut(picture, tmp_path, rows=(60,), cols=(80,), compress="deflate", blockysize=8)
    mosaic = joined_scene(described(paths))
    raw = paths[1].read_bytes()
    spoilt = bytearray(raw)
    spoilt[len(raw) // 2 : len(raw) // 2 + 400] = b"\xff" * 400
    paths[1].write_bytes(spoilt)
    everything = Window.of_shape(mosaic.grid.shape), mosaic.grid.shape
    with closing(RasterReader()) as reader, pytest.raises(SceneError) as caught:
        reader.read(mosaic, *everything)
    assert caught.value.where == str(paths[1])
    with closing(RasterReader(limits=Settings(on_bad_tile="mask"))) as reader:
        pixels, valid = reader.read(mosaic, *everything)
    assert not valid[:60, 80:].all()
    assert valid[60:].all()
    assert valid[:, :80].all()
    assert (pixels == np.moveaxis(picture, 0, -1))[valid].all()


def test_files_are_alike_only_where_all_that_is_read_of_them_is(tmp_path: Path, picture: np.ndarray) -> None:
    part = picture[:, :40, :40]
    (first,) = described([write_tile(tmp_path / "first.tif", part)])

    def why(name: str, pixels: np.ndarray = part, **profile: Any) -> str:
        return unlike(first, described([write_tile(tmp_path / name, pixels, **{"col": 40, **profile})])[0])

    assert why("same.tif") == ""
    assert "dtype" not in why("wider.tif", part[:, :, :7])
    assert why("wider.tif", part[:, :, :7]) == ""
    assert "CRS" in why("crs.tif", crs="EPSG:32653")
    assert "lattice" in why("half.tif", col=40.5)
    assert why("rounded.tif", col=40.01) == ""
    assert "lattice" in why("coarser.tif", transform=(0.6, 0, 500_020, 0, -0.6, 3_900_000))
    assert "uint16" in why("deep.tif", part.astype(np.uint16))
    assert "bands 1" in why("gray.tif", part[:1])
    assert "nodata" in why("nodata.tif", nodata=0)
