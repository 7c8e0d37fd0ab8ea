import cv2
import numpy as np
import pytest

from sattrack.imagery import Tile, Window
from sattrack.steps.glancing import LooksMap, _shrunk, _summed
from sattrack.steps.tiling import plan_windows
from tests.steps.clouded_ground import GSD, STRETCH, ground, looks_of


def test_a_sharp_border_is_a_peak_in_its_cells_and_nowhere_else() -> None:
    picture = np.full((160, 160, 3), 63, np.uint8)
    picture[:, 84:] = 192  # in the middle of the cells that begin at 80, of 8 pixels each
    looks = looks_of(picture)
    assert looks.known.shape == (20, 20)
    assert looks.known.all()
    step = (192 - 63) / 215
    assert looks.peak[:, 10] == pytest.approx(step, abs=0.005)
    assert looks.peak[:, [*range(10), *range(11, 20)]].max() < 0.001
    assert looks.edge[:, 10] == pytest.approx(step * 2 / 8, abs=0.002)  # one column in full, one on either side by half
    assert looks.tone[3, 3] == pytest.approx((63 - 20) / 215, abs=0.003)


def test_gray_has_no_spread_and_colour_has_the_lesser_one_of_before_and_after_the_stretch() -> None:
    looks = looks_of(np.full((80, 80, 3), (150, 150, 150), np.uint8))
    assert looks.spread.max() < 0.001
    looks = looks_of(np.full((80, 80, 3), (170, 150, 127), np.uint8))
    assert looks.spread == pytest.approx((170 - 127) / 235, abs=0.003)  # of the raw: the stretch makes it a 215th


def test_what_was_not_seen_is_not_known_and_makes_no_edge() -> None:
    picture, valid = np.full((160, 160, 3), 200, np.uint8), np.ones((160, 160), bool)
    picture[:, :80], valid[:, :80] = 0, False
    looks = looks_of(picture, valid=valid)
    assert not looks.known[:, :10].any()
    assert looks.known[:, 10:].all()
    assert looks.peak.max() == 0
    assert looks.tone[:, 10:] == pytest.approx((200 - 20) / 215, abs=0.003)


def test_a_scene_looks_the_same_in_one_tile_and_in_many() -> None:
    picture = ground(700, 800)
    shown = np.clip((picture.astype(float) - 20) / 215 * 255, 0, 255).astype(np.uint8)
    plan = plan_windows((700, 800), gsd_m=(GSD, GSD), model_gsd_m=0.25, tile_px=512, overlap_m=24.0, longest_object_m=16.0)
    looks = LooksMap((700, 800), gsd_m=(GSD, GSD), overlap_m=24.0, stretch=STRETCH)
    for cell in plan.cells:
        w = cell.window
        near = np.zeros((w.height, w.width, 3), np.uint8), np.zeros((w.height, w.width), np.uint8)
        top, left = max(w.row, 0), max(w.col, 0)
        cut = slice(top, min(w.row + w.height, 700)), slice(left, min(w.col + w.width, 800))
        rows, cols = cut[0].stop - top, cut[1].stop - left
        for into, of in zip(near, (shown[cut], 1), strict=True):
            into[top - w.row : top - w.row + rows, left - w.col : left - w.col + cols] = of
        pixels = cv2.resize(near[0], (512, 512), interpolation=cv2.INTER_CUBIC)
        looks.add(Tile(w, pixels, cv2.resize(near[1], (512, 512), interpolation=cv2.INTER_NEAREST) > 0))
    whole, tiled = looks_of(picture), looks.result()
    assert len(plan.cells) > 12
    assert tiled.known.all()
    assert np.abs(tiled.tone - whole.tone).mean() < 0.01
    assert np.abs(tiled.edge - whole.edge).mean() < 0.1 * whole.edge.mean()


def test_a_scene_smaller_than_a_cell_has_one() -> None:
    looks = LooksMap((3, 2), gsd_m=(0.3, 0.3), overlap_m=24.0, stretch=STRETCH)
    looks.add(Tile(Window(-20, -20, 100, 100), np.full((64, 64, 3), 90, np.uint8), np.ones((64, 64), bool)))
    assert looks.result().known.shape == (1, 1)


def test_shrinking_in_whole_numbers_is_what_opencv_makes_of_it() -> None:
    rng = np.random.default_rng(3)
    for pixels in (rng.integers(0, 256, (640, 640, 3)), rng.integers(0, 2, (320, 640, 3)) * 255, np.full((5, 10, 3), 77)):
        tile = pixels.astype(np.uint8)
        rows, cols = (n * 2 // 5 for n in tile.shape[:2])
        assert np.array_equal(_shrunk(tile, (rows, cols)), cv2.resize(tile, (cols, rows), interpolation=cv2.INTER_AREA))


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9, 10, 17, 33])
def test_cells_are_summed_to_the_bit_as_numpy_sums_them_one_by_one(size: int) -> None:
    rng = np.random.default_rng(size)
    borders = np.cumsum([3, *rng.choice([size, size, size, size + 1], 12)])
    values = rng.random((borders[-1] + 2, borders[-1] + 5, 3), np.float32)
    inner = values[borders[0] : borders[-1], borders[0] : borders[-1]]
    starts = borders[:-1] - borders[0]
    assert np.array_equal(_summed(values, borders, borders), np.add.reduceat(np.add.reduceat(inner, starts), starts, axis=1))
