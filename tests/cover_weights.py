"""A reader of cover that takes what is bright for covered, so that every area is known beforehand."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from sattrack.covers import CoverCard
from sattrack.detectors.cover import DILATIONS, write_cover_card, write_cover_weights

BANDS = tuple(
    {
        "gsd_low": low, "gsd_high": high, "gray": gray, "ratio": 1.0, "low": 0.8, "high": 1.25, "false_m2_ha": 50.0,
        "records": 9, "places": 9,
    }
    for low, high in ((1.2, 2.0), (2.0, 3.2), (3.2, 5.0)) for gray in (0.0, 1.0)
)  # fmt: skip


def bright_layers() -> list[tuple[np.ndarray, np.ndarray]]:
    """Covered is what is brighter than the middle of the stretch."""
    first = np.zeros((2, 4, 3, 3))
    first[0, :3, 1, 1] = 1 / 3
    layers = [(first, np.zeros(2))]
    layers += [(np.zeros((2, 2, 3, 3)), np.zeros(2)) for _ in DILATIONS]
    last = np.zeros((1, 2, 1, 1))
    last[0, 0] = 80
    return [*layers, (last, np.array([-10.0]))]


def random_layers(seed: int, *, channels: int = 6) -> list[tuple[np.ndarray, np.ndarray]]:
    """A network of any numbers."""
    rng = np.random.default_rng(seed)
    shapes = [(channels, 4, 3, 3), *((channels, channels, 3, 3) for _ in DILATIONS), (1, channels, 1, 1)]
    return [(rng.normal(0, 0.15, shape), rng.normal(0, 0.1, shape[0])) for shape in shapes]


def write_reader(folder: Path, layers: list[tuple[np.ndarray, np.ndarray]] | None = None, **card: Any) -> Path:
    """bright.npz with its card; returns the weights' path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "bright.npz"
    write_cover_weights(path, bright_layers() if layers is None else layers)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    said = {"id": "bright-1", "sha256": sha256, "gsd_m": 1.5, "name": "bright", "bands": BANDS, "footprint_m2": (15.0, 30.0)}
    write_cover_card(CoverCard(**(said | card)), path.with_suffix(".json"))
    return path
