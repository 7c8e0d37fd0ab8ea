from collections.abc import Sequence

import numpy as np
import pytest
import torch

from sattrack.training.gathering import Gathered
from sattrack.training.mining import mine
from sattrack.training.pictures import Picture


class _Glitter(torch.nn.Module):
    """Takes every place brighter than half for a box, surest where it is brightest."""

    stride = torch.tensor([8.0])

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        cells = torch.nn.functional.avg_pool2d(pixels.float().mean(dim=1, keepdim=True), 8)
        n, _, rows, cols = cells.shape
        y, x = torch.meshgrid(torch.arange(rows) * 8.0 + 4, torch.arange(cols) * 8.0 + 4, indexing="ij")
        grid = torch.stack([x, y]).expand(n, 2, rows, cols).flatten(2)
        sure = torch.where(cells > 0.5, cells, torch.zeros(())).flatten(2)
        return torch.cat([grid, torch.full_like(grid, 12.0), sure, torch.zeros_like(sure)], dim=1)


def picture(
    name: str, *, lights: Sequence[tuple[int, int]] = (), boxes: int = 0, ignore: tuple[np.ndarray, ...] = ()
) -> Picture:  # fmt: skip
    pixels = np.full((500, 700, 3), 40, np.uint8)
    for x, y in lights:
        pixels[y - 6 : y + 6, x - 6 : x + 6] = 250
    return Picture(name, "sea", pixels, np.full((boxes, 4, 2), 50.0), (0.4, 0.4), ignore)


def test_places_taken_for_boxes_are_found_in_empty_pictures_only_and_draw_their_pictures() -> None:
    pictures = (picture("calm"), picture("lit", lights=[(100, 80), (600, 430)]), picture("yard", lights=[(300, 300)], boxes=3))
    before = Gathered(pictures, np.array([0.2, 0.2, 0.6]), ())

    found = mine(before, network=_Glitter(), gsd_m=0.2, tile_px=640, device=torch.device("cpu"))

    calm, lit, yard = found.pictures
    assert calm.hard is None
    assert yard.hard is None
    assert lit.hard is not None
    near = np.linalg.norm(lit.hard[:, None] - [[100, 80], [600, 430]], axis=2)
    assert (near.min(axis=0) < 6).all(), "each light is found, in the picture's own pixels"
    assert (near.min(axis=1) < 12).all(), "and nothing else"
    assert found.weights.sum() == before.weights.sum()
    assert found.weights[1] > 3 * found.weights[0]
    assert found.weights[2] == 0.6


def test_two_sources_of_one_name_keep_their_weights() -> None:
    pictures = (picture("calm"), picture("lit", lights=[(100, 80)]))
    before = Gathered((*pictures, *pictures), np.array([0.4, 0.4, 0.1, 0.1]), (), (0, 0, 1, 1))
    found = mine(before, network=_Glitter(), gsd_m=0.2, tile_px=640, device=torch.device("cpu"))
    assert found.weights.reshape(2, 2).sum(axis=1).tolist() == pytest.approx([0.8, 0.2])


def test_places_that_are_to_be_ignored_are_not_drawn() -> None:
    deck = np.array([[0, 0], [300, 0], [300, 200], [0, 200]], float)
    ship = picture("ship", lights=[(100, 80)], ignore=(deck,))
    both = picture("both", lights=[(100, 80), (600, 430)], ignore=(deck,))
    before = Gathered((ship, both), np.array([0.5, 0.5]), ())

    found = mine(before, network=_Glitter(), gsd_m=0.2, tile_px=640, device=torch.device("cpu"))

    assert found.pictures[0].hard is None, "containers may stand on the deck"
    assert found.pictures[1].hard is not None
    assert (np.linalg.norm(found.pictures[1].hard - [600, 430], axis=1) < 12).all()
    assert found.weights[1] > 3 * found.weights[0]
