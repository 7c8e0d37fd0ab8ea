import numpy as np
import pytest
import torch

from sattrack.training.looks import Looks, vary


@pytest.mark.parametrize("gsd_m", [0.2, 0.4, 0.5, 1.5])
def test_a_network_of_any_pixel_size_has_its_tiles_varied(gsd_m: float) -> None:
    tiles = torch.rand(3, 3, 96, 96, generator=torch.Generator().manual_seed(1))
    looks = Looks(coarse=1.0)
    one, again = (vary(tiles, rng=np.random.default_rng(5), gsd_m=gsd_m, looks=looks) for _ in range(2))
    assert one.shape == tiles.shape
    assert torch.equal(one, again)
    assert not torch.equal(one, tiles)
    assert 0 <= float(one.min()) <= float(one.max()) <= 1
