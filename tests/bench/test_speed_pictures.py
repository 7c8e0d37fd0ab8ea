from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio

from sattrack.bench.speed_pictures import LAYOUTS, Picture, make_picture, true_boxes
from sattrack.errors import UsageError


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as raster:
        return np.moveaxis(raster.read(), 0, -1)


def test_a_picture_is_a_cog_of_the_asked_size_and_pixel_made_once(tmp_path: Path) -> None:
    path = make_picture(tmp_path, Picture(1100, 0.4))
    with rasterio.open(path) as raster:
        assert (raster.width, raster.height, raster.count, raster.dtypes[0]) == (1100, 1100, 3, "uint8")
        assert raster.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert raster.overviews(1)
        assert raster.transform.a == 0.4
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    made = path.stat().st_mtime_ns
    assert make_picture(tmp_path, Picture(1100, 0.4)).stat().st_mtime_ns == made


def test_the_same_place_looks_the_same_in_a_larger_picture_and_another_number_is_another_place(tmp_path: Path) -> None:
    small, large = (read(make_picture(tmp_path, Picture(size, 0.6))) for size in (300, 500))
    assert np.array_equal(small, large[:300, :300])
    assert not np.array_equal(small, read(make_picture(tmp_path, Picture(300, 0.6, number=1))))


def test_the_truth_stands_where_boxes_are_drawn_however_a_block_is_turned(tmp_path: Path) -> None:
    # Edges of boxes are where a picture changes most: more on the outlines of the truth than on outlines shifted by a metre.
    picture = Picture(1500, 0.4)
    gray = cv2.cvtColor(read(make_picture(tmp_path, picture)), cv2.COLOR_RGB2GRAY).astype(np.float32)
    edges = np.hypot(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1))
    quads = true_boxes(picture)
    side = 480
    for row in range(3):
        for col in range(3):
            mine = quads[(quads.mean(axis=1) // side == (col, row)).all(axis=1)]
            assert len(mine) > 300
            assert _on_outlines(edges, mine) > 1.1 * _on_outlines(edges, mine + 2.5)


def _on_outlines(edges: np.ndarray, quads: np.ndarray) -> float:
    lines = np.zeros(edges.shape, np.uint8)
    cv2.polylines(lines, list(np.round(quads - 0.5).astype(np.int32)), True, 255, 1)
    return float(edges[lines > 0].mean())


def test_a_full_yard_is_full_a_sparse_one_is_not_and_an_empty_one_holds_nothing() -> None:
    hectares = (2000 * 0.4) ** 2 / 1e4
    full, sparse, empty = (len(true_boxes(Picture(2000, 0.4, density))) / hectares for density in ("full", "sparse", "empty"))
    assert full > 110
    assert 0 < sparse < full / 3
    assert empty == 0


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_every_layout_is_written_and_holds_the_same_picture(tmp_path: Path, layout: str) -> None:
    plain = read(make_picture(tmp_path, Picture(300, 0.6))).astype(int)
    found = read(make_picture(tmp_path, Picture(300, 0.6, layout=layout))).astype(int)
    assert np.abs(found - plain).mean() < (6 if "jpeg" in layout else 1e-9)


def test_sixteen_bits_hold_eleven_and_strips_are_strips(tmp_path: Path) -> None:
    path = make_picture(tmp_path, Picture(300, 0.6, layout="strips-16", dtype="uint16"))
    with rasterio.open(path) as raster:
        assert raster.dtypes[0] == "uint16"
        assert raster.block_shapes[0] == (16, 300)
        assert 256 < raster.read().max() < 2048


def test_a_picture_that_cannot_be_is_refused(tmp_path: Path) -> None:
    for wrong in (Picture(64, 0.6, "crowded"), Picture(64, 0.6, layout="jpg"), Picture(64, 0.6, "full", "cog-jpeg", "uint16")):
        with pytest.raises(UsageError):
            make_picture(tmp_path, wrong)


def test_small_pictures_of_one_block_are_files_of_their_own(tmp_path: Path) -> None:
    contents = [make_picture(tmp_path, Picture(64, 0.6, number=number)).read_bytes() for number in range(30)]
    assert len(set(contents)) == 30
