from pathlib import Path

import cv2
import numpy as np
import pytest

from sattrack.bench.clouds import THICK, bench_clouds
from sattrack.bench.clouds_laid import lay_clouds
from sattrack.bench.clouds_tables import cloud_table, cloud_values
from sattrack.errors import UsageError
from sattrack.settings import Settings
from tests.steps.clouded_ground import GSD, cloud_at, ground


def write(folder: Path, **pictures: np.ndarray) -> Path:
    folder.mkdir()
    for name, picture in pictures.items():
        cv2.imwrite(str(folder / f"{name}.png"), picture[..., ::-1])
    return folder


def test_clouds_are_the_same_for_a_seed_and_leave_clear_ground_as_it_was() -> None:
    picture = ground()
    one, again, other = (lay_clouds(picture, gsd_m=GSD, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.picture, again.picture)
    assert not np.array_equal(one.picture, other.picture)
    clear = one.opacity == 0
    assert 0.05 < clear.mean() < 0.9
    assert np.array_equal(one.picture[clear], picture[clear])


def test_ground_fades_by_the_opacity_of_what_lies_over_it() -> None:
    dark, light = np.full((300, 300, 3), 20, np.uint8), np.full((300, 300, 3), 140, np.uint8)
    under_dark, under_light = lay_clouds(dark, gsd_m=GSD, seed=3), lay_clouds(light, gsd_m=GSD, seed=3)
    left = (under_light.picture.astype(float) - under_dark.picture)[..., 0] / 120
    assert np.abs(left - (1 - under_dark.opacity)).max() < 0.02


def test_cloud_in_a_picture_said_to_be_clear_is_an_error_of_the_trial(tmp_path: Path) -> None:
    clouded = cloud_at(ground(), centre=(180, 130), radius_m=70)
    folder = write(tmp_path / "roads", a=ground(seed=1), b=ground(seed=2), c=clouded)
    found = bench_clouds([folder], settings=Settings(), gsd_m=GSD)
    assert [(one.ground, one.name, one.called > 0) for one in found] == [
        ("roads", "a", False), ("roads", "b", False), ("roads", "c", True),
    ]  # fmt: skip
    assert found[2].called / found[2].clear == pytest.approx(np.pi * 70**2 / (250 * 300), rel=0.3)
    assert [one.name for one in bench_clouds([folder], settings=Settings(), gsd_m=GSD, skip=["c"])] == ["a", "b"]
    with pytest.raises(UsageError, match="no pictures d to skip"):
        bench_clouds([folder], settings=Settings(), gsd_m=GSD, skip=["c", "d"])
    (row, whole) = cloud_values(found)
    assert (row["ground"], whole["ground"], whole["worst"], whole["pictures"]) == ("roads", "all", "c", 3)
    assert whole["called"] == sum(one.called for one in found) / sum(one.clear for one in found)
    head, rows = cloud_table(found)
    assert {len(line) for line in rows} == {len(head)}


def test_a_gray_picture_counts_as_unjudged_and_in_no_share(tmp_path: Path) -> None:
    gray = np.repeat(ground()[..., :1], 3, axis=2)
    (value, _) = cloud_values(bench_clouds([write(tmp_path / "pan", a=gray)], settings=Settings(), gsd_m=GSD))
    assert (value["pictures"], value["unjudged"], value["called"], value["thick_found"]) == (1, 1, None, None)


def test_thick_cloud_over_drawn_ground_is_mostly_found(tmp_path: Path) -> None:
    folder = write(tmp_path / "roads", **{f"p{i}": ground(700, 700, seed=i) for i in range(2)})
    found = bench_clouds([folder], settings=Settings(), gsd_m=GSD, first_seed=10)
    assert THICK == 0.7
    assert sum(one.thick for one in found) > 1000
    assert sum(one.found for one in found) > 0.8 * sum(one.thick for one in found)
    assert sum(one.thin_called for one in found) < 0.03 * sum(one.thin for one in found)


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "roads", a=ground())
    with pytest.raises(UsageError, match="no pictures"):
        bench_clouds([folder], settings=Settings(), gsd_m=GSD, skip=["a"])
