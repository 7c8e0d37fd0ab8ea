from collections.abc import Callable
from pathlib import Path

import pytest

from sattrack.bench.emptiness import bench_empty
from sattrack.bench.tables import empty_table
from sattrack.errors import UsageError
from sattrack.settings import Settings
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
