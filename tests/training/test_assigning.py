from pathlib import Path

import numpy as np
import pytest
import torch
from ultralytics.utils.loss import v8OBBLoss

from sattrack.training.assigning import SparseAssigner
from sattrack.training.fitting import make_network
from sattrack.training.pictures import render_pictures
from sattrack.training.sampling import TileSampler

SHIPPED = Path(__file__).parents[2] / "weights/fast.pt"


def assert_alike(
    loss_of: v8OBBLoss, *, scores: torch.Tensor, found: torch.Tensor, boxes: list[torch.Tensor], tile_px: int
) -> None:
    """Asks both assigners, whose answers must be the same wherever something is taught."""
    sides = [(int(stride), tile_px // int(stride)) for stride in loss_of.stride]
    middles = [((torch.arange(side) + 0.5) * stride).tolist() for stride, side in sides]
    cells = torch.tensor([(x, y) for row in middles for y in row for x in row])
    most = max(map(len, boxes))
    padded = torch.stack([torch.cat([b, torch.zeros(most - len(b), 5)]) for b in boxes])
    there = torch.stack([(torch.arange(most) < len(b)).float()[:, None] for b in boxes])
    asked = (scores, found, cells, torch.zeros(len(boxes), most, 1), padded, there)
    dense = loss_of.assigner(*asked)
    sparse = SparseAssigner(strides=[stride for stride, _ in sides], tile_px=tile_px)(*asked)
    # A cell may be given a box with a score of nought, which weighs nothing in any loss.
    taught = dense[2][..., 0] > 0
    assert taught.sum() > 100
    assert torch.equal(sparse[2][..., 0] > 0, taught)
    assert (sparse[3] | ~taught).all()
    torch.testing.assert_close(sparse[2], dense[2])
    assert torch.equal(sparse[1][taught], dense[1][taught])
    assert torch.equal(sparse[4][taught], dense[4][taught].long())


@pytest.mark.parametrize("architecture", ["yolo11n-obb.yaml", "configs/networks/yolo11n-p2-obb.yaml"])
def test_cells_and_scores_are_those_of_ultralytics(architecture: str) -> None:
    loss_of = v8OBBLoss(make_network(architecture, start=None))
    draw = torch.Generator().manual_seed(3)
    cells = sum((320 // int(stride)) ** 2 for stride in loss_of.stride)

    def drawn(count: int) -> torch.Tensor:
        """Boxes anywhere, crowded, some beyond the edge, some thinner than a cell."""
        low, high = torch.tensor([-10.0, -10.0, 4.0, 2.0, 0.0]), torch.tensor([330.0, 330.0, 70.0, 20.0, torch.pi])
        return low + torch.rand(count, 5, generator=draw) * (high - low)

    boxes = [drawn(60), drawn(0), drawn(1), drawn(200)]
    # Near the truth, so that overlaps and ranks differ, and many cells are claimed by several boxes.
    found = torch.stack([drawn(cells) for _ in boxes])
    for i, b in enumerate(boxes):
        if len(b):
            chosen = torch.randint(0, len(b), (cells,), generator=draw)
            found[i] = b[chosen] + torch.randn(cells, 5, generator=draw) * torch.tensor([4.0, 4.0, 2.0, 1.0, 0.1])
            found[i, :, 2:4].clamp_(min=1)
    scores = torch.rand(len(boxes), cells, 1, generator=draw)
    assert_alike(loss_of, scores=scores, found=found, boxes=boxes, tile_px=320)


def test_tiles_without_a_box_are_taught_nothing() -> None:
    sparse = SparseAssigner(strides=(8, 16, 32), tile_px=320)
    cells = 40 * 40 + 20 * 20 + 10 * 10
    none, scores, found = torch.zeros(2, 0, 5), torch.rand(2, cells, 1), torch.rand(2, cells, 5)
    answer = sparse(scores, found, torch.zeros(cells, 2), None, none, none[..., :1])
    assert not answer[3].any()
    assert not answer[2].any()


def test_the_loss_on_drawn_yards_is_the_same() -> None:
    network = make_network("yolo11n-obb.yaml", start=SHIPPED).train()
    sampler = TileSampler(render_pictures(range(7, 9)), np.ones(2), gsd_m=0.2, tile_px=320, device=torch.device("cpu"))
    tiles = sampler.paint(sampler.plan(np.random.default_rng(5), count=3))
    assert len(tiles.boxes) > 30
    with torch.no_grad():
        heads = network(tiles.pixels)
    loss_of = v8OBBLoss(network)
    batch = {"batch_idx": tiles.owner.float(), "cls": torch.zeros(len(tiles.owner)), "bboxes": tiles.boxes}
    dense = loss_of(heads, batch)[0]
    loss_of.assigner = SparseAssigner(strides=(8, 16, 32), tile_px=320)
    assert torch.equal(loss_of(heads, batch)[0], dense)
