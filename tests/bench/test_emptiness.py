from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from sattrack.bench.emptiness import bench_empty
from sattrack.bench.tables import empty_table
from sattrack.errors import UsageError
from sattrack.settings import Settings
from sattrack.training.gathering import gather
from sattrack.training.recipes import EmptySource, Recipe, spared
from sattrack.wiring import Model

Draw = Callable[..., Path]


def test_every_box_on_a_picture_without_containers_is_false(draw_set: Draw, tmp_path: Path, bright: str) -> None:
    pictures = draw_set(tmp_path / "sea", pictures=3, per_picture=6) / "images"
    found = bench_empty(
        [pictures], model=Model(detector=bright), gsd_m=0.5, settings=Settings(), chosen=lambda names: names[:2]
    )
    assert [(one.folder, one.name, one.false_boxes) for one in found] == [("images", "sea_0", 7), ("images", "sea_1", 7)]
    # What was seen is kept in 255 steps a cell.
    assert found[0].km2 == pytest.approx(300 * 340 * 0.25 / 1e6, rel=1e-4)
    head, rows = empty_table(found)
    assert [row[0] for row in rows] == ["images", "all"]
    assert rows[1][1:] == ("2", "0.05", "14", f"{14 / (2 * found[0].km2):.1f}", "0", "0 (0 boxes)", "sea_1 (7)")
    assert len(head) == len(rows[0])


def test_boxes_under_the_threshold_are_not_false(draw_set: Draw, tmp_path: Path, bright: str) -> None:
    pictures = draw_set(tmp_path / "sea", pictures=1) / "images"
    found = bench_empty([pictures], model=Model(detector=bright), gsd_m=0.5, settings=Settings(threshold=0.9))
    assert [one.false_boxes for one in found] == [0]


def test_folders_of_one_name_or_called_all_keep_their_own_rows(
    draw_set: Draw, tmp_path: Path, bright: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, boxes in (("a/sea", 6), ("b/sea", 7), ("all", 8)):
        draw_set(tmp_path / place, pictures=1, per_picture=boxes)
    folders = [tmp_path / place / "images" for place in ("a/sea", "b/sea")]
    whole = (tmp_path / "all" / "images").rename(tmp_path / "set")
    whole = whole.rename(tmp_path / "all" / "all")
    look = partial(bench_empty, model=Model(detector=bright), gsd_m=0.5, settings=Settings())
    rows = empty_table(look([*folders, whole]))[1]
    assert [(row[0], row[3]) for row in rows] == [(str(folders[0]), "7"), (str(folders[1]), "8"), ("all", "9"), ("all", "24")]
    monkeypatch.chdir(folders[0])
    assert look([Path()])[0].folder == "images"
    with pytest.raises(UsageError, match="is in two of the folders"):
        look([Path(), tmp_path / "a"])


def test_only_ground_that_was_seen_counts_and_a_picture_that_tells_its_pixels_is_read_at_them(
    tmp_path: Path, bright: str
) -> None:
    ground = np.random.default_rng(0).integers(20, 60, (3, 300, 400)).astype(np.uint8)
    ground[:, :, :100] = 0
    place = {"crs": "EPSG:32652", "transform": from_origin(500_000, 3_900_000, 0.4, 0.4), "nodata": 0}
    (tmp_path / "sea").mkdir()
    with rasterio.open(
        tmp_path / "sea" / "a.tif",
        "w",
        driver="GTiff",
        width=400,
        height=300,
        count=3,
        dtype="uint8",
        photometric="rgb",
        **place,
    ) as to:
        to.write(ground)
    (one,) = bench_empty([tmp_path / "sea"], model=Model(detector=bright), gsd_m=0.6, settings=Settings())
    assert one.gsd_m == pytest.approx(0.4, rel=1e-3)
    assert one.km2 == pytest.approx(300 * 300 * 0.16 / 1e6, rel=5e-3)


def test_a_folder_of_which_nothing_is_chosen_is_refused(draw_set: Draw, tmp_path: Path, bright: str) -> None:
    pictures = draw_set(tmp_path / "sea", pictures=1) / "images"
    with pytest.raises(UsageError, match="no pictures"):
        bench_empty([pictures], model=Model(detector=bright), gsd_m=0.5, settings=Settings(), chosen=lambda _names: ())


def test_every_third_is_that_which_training_spared_in_folders_below_and_of_any_suffix(tmp_path: Path, bright: str) -> None:
    files = ("a.png", "b.tiff", "coast/c.jpg", "coast/d.TIF", "e.jp2", "coast/far/f.png", "g.jpeg", ".hidden.png", "g_mask.png")
    for file in files:
        path = tmp_path / "sea" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), np.random.default_rng(0).integers(20, 90, (64, 64, 3)).astype(np.uint8))
    source = EmptySource(folder="sea", weight=1, gsd_m=0.5, spare=True)
    trained = {picture.name for picture in gather(Recipe(name="x", empty=(source,)), data=tmp_path).pictures}
    found = bench_empty([tmp_path / "sea"], model=Model(detector=bright), gsd_m=0.5, settings=Settings(), chosen=spared)
    assert [one.name for one in found] == ["b", "e"]
    assert trained == {"a", "c", "d", "f", "g"}
