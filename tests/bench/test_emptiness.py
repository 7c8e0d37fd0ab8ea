from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

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
    assert found[0].km2 == pytest.approx(300 * 340 * 0.25 / 1e6)
    head, rows = empty_table(found)
    assert [row[0] for row in rows] == ["images", "all"]
    assert rows[1][1:] == ("2", "0.05", "14", f"{14 / (2 * found[0].km2):.1f}", "0", "sea_1 (7)")
    assert len(head) == len(rows[0])


def test_boxes_under_the_threshold_are_not_false(draw_set: Draw, tmp_path: Path, bright: str) -> None:
    pictures = draw_set(tmp_path / "sea", pictures=1) / "images"
    found = bench_empty([pictures], model=Model(detector=bright), gsd_m=0.5, settings=Settings(threshold=0.9))
    assert [one.false_boxes for one in found] == [0]


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
