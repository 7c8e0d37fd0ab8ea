"""Rows G: what a detector may answer, and what becomes of it."""

import ast
from pathlib import Path

import numpy as np
import pytest

import sattrack
from sattrack.stores.folder import RunFolder
from tests.faults.conftest import Here, strange, write, yard

HOUSE = Path(sattrack.__file__).parent


def test_g1_more_than_300_boxes_of_one_tile_are_all_counted(here: Here, tmp_path: Path) -> None:
    ground = np.random.default_rng(1).integers(30, 60, (3, 252, 252)).astype(np.uint8)
    for y in range(1, 250, 6):
        for x in range(2, 250, 14):
            ground[:, y : y + 3, x : x + 10] = 250
    said = here("detect", write(tmp_path / "full.tif", ground), *strange("Bright", tmp_path / "run"))
    assert said.code == 0
    assert said.json["scenes"][0]["boxes"] == said.json["counts"][0]["count"] == 42 * 18
    assert not said.json["scenes"][0]["cap_hit"]


@pytest.mark.parametrize(
    "name", ["steps/merging.py", "steps/overlapping.py", "steps/placing.py", "steps/picking.py", "detectors/decoding.py"]
)
def test_g2_nothing_between_network_and_count_looks_at_a_clock(name: str) -> None:
    """A limit on the time of merging would leave boxes out on a busy machine."""
    tree = ast.parse((HOUSE / name).read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert not imported & {"time", "datetime", "timeit", "signal", "threading"}


def test_g6_batches_of_one_three_or_all_tiles_have_the_same_counts(here: Here, scenes: Path, tmp_path: Path) -> None:
    counted = []
    for batch in (1, 3, 64):
        (tmp_path / "s.yaml").write_text(f"batch: {batch}\n")
        said = here("detect", scenes, "--config", tmp_path / "s.yaml", *strange("Bright", tmp_path / f"run{batch}"))
        counted.append([(one["part"], one["boxes"]) for one in said.json["scenes"]])
    assert counted == [[("june", 16), ("may", 12)]] * 3


def test_g7_bare_ground_has_no_boxes_and_one_colour_shows_no_ground_and_neither_is_loud(here: Here, tmp_path: Path) -> None:
    folder = tmp_path / "bare"
    folder.mkdir()
    write(folder / "bare.tif", yard(0))
    write(folder / "one_colour.tif", np.full((3, 200, 300), 90, np.uint8))
    said = here("detect", folder, *strange("Blind", tmp_path / "run"))
    assert said.code == 0
    (line,) = said.err.splitlines()
    assert line.startswith("note: 1 scene: no nodata is declared: areas of one value joined to the border count as not seen")
    assert {one["scene_id"]: one["count"] for one in said.json["counts"]} == {"bare": 0, "one_colour": None}


def test_g8_a_corner_that_is_no_number_fails_the_scene_and_is_no_zero(here: Here, scenes: Path, tmp_path: Path) -> None:
    said = here("detect", scenes, *strange("NotFinite", tmp_path / "run"))
    assert said.code == 3
    assert {one["part"]: one["status"] for one in said.json["scenes"]} == {"june": "failed", "may": "done"}
    assert {one["scene_id"]: one["count"] for one in said.json["counts"]} == {"june": None, "may": 12}
    assert "failed: june: the detector returned numbers that are not finite (" in said.err


def test_g9_boxes_of_no_width_and_far_outside_are_not_counted_and_their_number_is_kept(
    here: Here, scenes: Path, tmp_path: Path
) -> None:
    said = here("detect", scenes, *strange("Flat", tmp_path / "run"))
    assert {one["part"]: one["boxes"] for one in said.json["scenes"]} == {"june": 16, "may": 12}
    store = RunFolder(tmp_path / "run", create=False)
    assert min(store.get(outcome.key).dropped for outcome in store.read_index().outcomes) >= 12
