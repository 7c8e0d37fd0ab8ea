import numpy as np
import pytest
import torch

from sattrack.geometry import quads_from_xywhr
from sattrack.training.pictures import Picture
from sattrack.training.sampling import PlannedBatches, TileSampler, Turns, as_xywhr, finer_than

CPU = torch.device("cpu")


def yard(*, gsd: float = 0.5, size: int = 300, ignore: tuple[np.ndarray, ...] = ()) -> Picture:
    """Twelve white 40-ft boxes on black, true to size."""
    import cv2

    pixels = np.zeros((size, size, 3), np.uint8)
    centres = np.array([[60 + 50 * i, 90 + 60 * j] for i in range(4) for j in range(3)], float)
    boxes = np.column_stack([centres, np.full(12, 12.192 / gsd), np.full(12, 2.438 / gsd), np.full(12, 0.3)])
    quads = quads_from_xywhr(boxes)
    for quad in quads:
        cv2.fillPoly(pixels, [np.round((quad - 0.5) * 16).astype(np.int32)], (255, 255, 255), shift=4)
    return Picture("yard", "drawn", pixels, quads, (gsd, gsd), ignore)


def empty() -> Picture:
    return Picture("empty", "drawn", np.full((400, 400, 3), 90, np.uint8), np.zeros((0, 4, 2)), (0.4, 0.4))


def sampler(*pictures: Picture, **turns: float) -> TileSampler:
    return TileSampler(pictures, np.ones(len(pictures)), gsd_m=0.2, tile_px=640, device=CPU, turns=Turns(**turns))


def corners(boxes: torch.Tensor) -> np.ndarray:
    b = boxes.numpy().astype(float)
    return quads_from_xywhr(np.column_stack([b[:, :4] * 640, b[:, 4]]))


def test_a_taught_box_lies_on_the_box_that_is_painted() -> None:
    tiles = sampler(yard(), empty())
    seen = 0
    for seed in range(6):
        painted = tiles.paint(tiles.plan(np.random.default_rng(seed), count=1))
        grey = painted.pixels[0].mean(dim=0).numpy()
        for quad in corners(painted.boxes):
            x, y = quad.mean(axis=0)
            if 3 <= x < 637 and 3 <= y < 637:
                assert grey[int(y), int(x)] > 0.8, "the middle of a box is white"
                seen += 1
    assert seen > 20


def test_boxes_keep_their_size_in_metres() -> None:
    tiles = sampler(yard(), patchwork=0, scale=0, stretch=0)
    boxes = tiles.plan(np.random.default_rng(1), count=4).boxes
    assert boxes[:, 2] * 640 * 0.2 == pytest.approx(np.full(len(boxes), 12.192), abs=1e-6)
    assert boxes[:, 3] * 640 * 0.2 == pytest.approx(np.full(len(boxes), 2.438), abs=1e-6)


def test_what_must_not_be_judged_is_marked_and_only_there() -> None:
    everywhere = (np.array([[0.0, 0.0], [300.0, 0.0], [300.0, 300.0], [0.0, 300.0]]),)
    tiles = sampler(yard(ignore=everywhere), patchwork=0, bed=0)
    planned = tiles.plan(np.random.default_rng(2), count=2)
    assert planned.ignore.any()
    free = sampler(empty(), patchwork=0.5).plan(np.random.default_rng(2), count=2)
    assert not free.ignore.any()


def test_a_box_cut_by_a_patch_is_neither_taught_nor_taken_for_ground() -> None:
    tiles = sampler(yard(), patchwork=1)
    planned = tiles.plan(np.random.default_rng(5), count=8)
    assert planned.ignore.any(), "some boxes are cut, and their remains are marked"
    middles = planned.boxes[:, :2] * 640
    assert ((middles > -20) & (middles < 660)).all()


def test_batches_are_the_same_whoever_plans_them() -> None:
    first = PlannedBatches(sampler(yard(), empty()), seed=3, batch=2)[7]
    second = PlannedBatches(sampler(yard(), empty()), seed=3, batch=2)[7]
    other = PlannedBatches(sampler(yard(), empty()), seed=3, batch=2)[8]
    assert np.array_equal(first.boxes, second.boxes)
    assert np.array_equal(first.ignore, second.ignore)
    assert first.boxes.shape != other.boxes.shape or not np.array_equal(first.boxes, other.boxes)


def test_angles_run_from_nought_to_pi_along_the_long_side() -> None:
    quads = quads_from_xywhr(np.array([[100.0, 100.0, 60.0, 12.0, 2.5], [300.0, 200.0, 12.0, 60.0, 0.0]]))
    boxes = as_xywhr(quads, size=640)
    assert boxes[:, 4] == pytest.approx([2.5, np.pi / 2])
    assert boxes[:, 2] * 640 == pytest.approx([60, 60])
    assert corners(torch.from_numpy(boxes)).mean(axis=1) == pytest.approx(quads.mean(axis=1))


def test_pictures_much_finer_than_the_model_are_averaged_first() -> None:
    fine = yard(gsd=0.1, size=1500)
    shrunk = finer_than(fine, gsd_m=0.2)
    assert shrunk.gsd_m == (0.2, 0.2)
    assert shrunk.pixels.shape == (750, 750, 3)
    assert shrunk.quads == pytest.approx(fine.quads / 2)
    coarse = yard()
    assert finer_than(coarse, gsd_m=0.2) is coarse
