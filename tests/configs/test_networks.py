from pathlib import Path

import numpy as np
import torch

from sattrack.training.fitting import Schedule, fit, make_network
from sattrack.training.looks import Looks
from sattrack.training.pictures import Picture
from sattrack.training.sampling import TileSampler

FINER = Path(__file__).parents[2] / "configs" / "networks" / "yolo11n-p2-obb.yaml"


def test_the_network_with_a_finer_level_is_built_and_learns(tmp_path: Path) -> None:
    network = make_network(str(FINER), start=None)
    assert [int(stride) for stride in network.stride] == [4, 8, 16]
    ground = Picture("ground", "ground", np.full((320, 320, 3), 90, np.uint8), np.zeros((0, 4, 2)), (0.3, 0.3))
    sampler = TileSampler((ground,), np.ones(1), gsd_m=0.3, tile_px=320, device=torch.device("cpu"))
    _, state = fit(
        network, sampler=sampler, schedule=Schedule(1, batch=1), looks=Looks(), gsd_m=0.3, device=torch.device("cpu"),
        folder=tmp_path,
    )  # fmt: skip
    assert state.step == 1
    assert np.isfinite(state.losses[0])
