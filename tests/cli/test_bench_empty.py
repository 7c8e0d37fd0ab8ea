"""`sattrack bench empty` looks at the pictures asked for, and not at those that hold containers after all."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np

FAST = Path(__file__).parents[2] / "weights" / "fast.pt"


def test_pictures_to_skip_are_not_looked_at_and_must_be_there(sattrack, tmp_path: Path) -> None:
    folder = tmp_path / "sea"
    folder.mkdir()
    for i, name in enumerate(("calm", "rough")):
        cv2.imwrite(str(folder / f"{name}.png"), np.random.default_rng(i).integers(40, 60, (120, 160, 3)).astype(np.uint8))
    said = sattrack("bench", "empty", folder, "--gsd-m", 0.4, "--skip", "rough", "--names", "--markdown")
    assert said.code == 0, said.err
    assert "calm" in said.out
    assert "rough" not in said.out
    said = sattrack("bench", "empty", folder, "--gsd-m", 0.4, "--skip", "ruogh")
    assert said.code == 2
    assert "no pictures ruogh to skip" in said.err


def test_pictures_of_their_own_pixel_size_are_told(sattrack, scenes) -> None:
    said = sattrack("bench", "empty", scenes, "--gsd-m", 0.4, "--names", "--markdown")
    assert said.code == 0, said.err
    assert "note: read at their own pixel size, 0.5 m, not at 0.4 m: 2 of 2 pictures" in said.err
    assert "| scenes | may | 0.015 |" in said.out


def test_pictures_of_which_a_count_says_that_no_box_is_sure_are_told(sattrack, scenes, tmp_path: Path) -> None:
    card = json.loads(FAST.with_suffix(".json").read_text())
    for row in card["measured"]:
        row["sure"] = 1.0
    doubting = tmp_path / "fast.pt"
    shutil.copy(FAST, doubting)
    doubting.with_suffix(".json").write_text(json.dumps(card))
    for weights, told in ((FAST, "0 (0 boxes)"), (doubting, "2 (28 boxes)")):
        said = sattrack("bench", "empty", scenes, "--gsd-m", 0.5, "--weights", weights, "--markdown")
        assert said.code == 0, said.err
        head, _, *rows = (line.split(" | ") for line in said.out.splitlines() if line.startswith("|"))
        assert rows[-1][head.index("no sure box")] == told
