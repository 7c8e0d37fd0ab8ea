import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS
from rasterio.transform import Affine

from sattrack.errors import SceneError, UsageError
from sattrack.labels.sets import read_sets
from sattrack.readers.rasters import RasterReader
from sattrack.training.empty_pictures import read_empty
from sattrack.training.gathering import gather
from sattrack.training.labelled_pictures import read_labelled
from sattrack.training.recipes import EmptySource, Recipe


def colours(rows: int = 60, cols: int = 80) -> np.ndarray:
    """(rows, cols, 3) RGB that the stretch leaves alone: each channel reaches 0 and 255, on many pixels inside."""
    pixels = np.random.default_rng(3).integers(0, 256, (rows, cols, 3)).astype(np.uint8)
    pixels[20:30, 5:-5], pixels[30:40, 5:-5] = 0, 255
    return pixels


def labelled(folder: Path, pixels: np.ndarray) -> Path:
    for name in ("images", "labels_obb"):
        (folder / name).mkdir(parents=True)
    cv2.imwrite(str(folder / "images" / "a.png"), pixels[..., ::-1])
    (folder / "labels_obb" / "a.txt").write_text("0 0.25 0.5 0.5 0.5 0.5 0.75 0.25 0.75\n")
    (folder / "meta.json").write_text(json.dumps({"a": {"gsd_m": [0.4, 0.5]}}))
    return folder


def test_a_labelled_picture_is_as_the_detector_would_be_fed_it(tmp_path: Path) -> None:
    pixels = colours()
    (found,) = read_labelled(read_sets([labelled(tmp_path / "port", pixels)])[0].images)
    assert (found.pixels == pixels).all()
    assert (found.source, found.gsd_m) == ("port", (0.4, 0.5))
    assert found.quads.tolist() == [[[20, 30], [40, 30], [40, 45], [20, 45]]]


def test_pictures_of_more_than_8_bits_are_stretched_not_cut(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "sea.tif"), (colours().astype(np.uint16) * 8 + 300)[..., ::-1])
    ((found,),) = read_empty(tmp_path, gsd_m=0.5)
    assert (found.pixels == colours()).all()
    assert len(found.quads) == 0


def test_some_of_many_empty_pictures_are_taken_evenly_and_spared_ones_never(tmp_path: Path) -> None:
    for name in "abcdefg":
        cv2.imwrite(str(tmp_path / f"{name}.png"), colours())
    assert [p.name for (p,) in read_empty(tmp_path, gsd_m=0.5, limit=3, skip=("b", "d"))] == ["a", "e", "g"]


def test_an_empty_scene_is_taken_as_its_file_tells_and_what_was_not_seen_is_black(tmp_path: Path) -> None:
    values = colours().astype(np.int16) * 2 - 1000
    values[:, :20] = -9999
    with rasterio.open(
        tmp_path / "sea.tif", "w", driver="GTiff", width=80, height=60, count=3, dtype="int16", nodata=-9999,
        crs=CRS.from_epsg(32652), transform=Affine(2, 0, 500_000, 0, -2, 4_600_000), photometric="RGB",
    ) as file:  # fmt: skip
        file.write(np.moveaxis(values, -1, 0))
    ((found,),) = read_empty(tmp_path, gsd_m=0.5)
    assert found.gsd_m == pytest.approx((2.0, 2.0), rel=1e-3)
    assert (found.pixels[:, :20] == 0).all()


def test_a_very_large_empty_scene_comes_in_pieces_that_are_drawn_like_one_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, most in (("WHOLE_PX", 80), ("MOST_PX", 40), ("MOST_PIECES", 7)):
        monkeypatch.setattr(f"sattrack.training.empty_pictures.{name}", most)
    for name, pixels in (("small", colours()), ("large", colours(100, 130))):
        (tmp_path / "sea").mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / "sea" / f"{name}.png"), pixels[..., ::-1])
    told: list[str] = []
    recipe = Recipe(name="x", empty=(EmptySource(folder="sea", weight=0.4, gsd_m=2.0),))
    found = gather(recipe, data=tmp_path, told=told.append)
    *pieces, small = found.pictures
    assert (small.name, small.pixels.shape, found.weights[-1]) == ("small", (60, 80, 3), pytest.approx(0.2))
    assert len(pieces) == 7
    assert found.weights[:-1].sum() == pytest.approx(0.2)
    places = [tuple(int(v) for v in p.name.removeprefix("large@").split(",")) for p in pieces]
    assert all((p.pixels == colours(100, 130)[y : y + 40, x : x + 40]).all() for p, (x, y) in zip(pieces, places, strict=True))
    assert (places[0], places[-1]) == ((0, 0), (90, 60)), "all over it"
    assert told == ["sea: 2 pictures without containers, in 8 pieces"]


def test_a_source_of_which_nothing_remains_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "sea").mkdir()
    cv2.imwrite(str(tmp_path / "sea" / "a.png"), colours())
    recipe = Recipe(name="x", empty=(EmptySource(folder="sea", weight=0.4, gsd_m=2.0, skip=("a",)),))
    with pytest.raises(UsageError, match=r"sea: no pictures remain \(check `skip`"):
        gather(recipe, data=tmp_path)


def test_hidden_folders_hold_no_pictures(tmp_path: Path) -> None:
    for name in ("a.png", "deep/b.png", ".thumbs/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / name), colours())
    assert [p.name for (p,) in read_empty(tmp_path, gsd_m=0.5)] == ["a", "b"]


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    with pytest.raises(SceneError, match=r"torn\.png"):
        read_empty(tmp_path, gsd_m=0.5)


def test_every_file_that_was_opened_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []
    monkeypatch.setattr(RasterReader, "close", lambda reader: closed.append(reader))
    read_labelled(read_sets([labelled(tmp_path / "port", colours())])[0].images)
    assert len(closed) == 1
