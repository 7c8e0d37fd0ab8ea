"""Measured pictures made up for tests: so many labelled, found, hit and nearly counted."""

from pathlib import Path

import numpy as np

from sattrack.bench.accuracy import Measured
from sattrack.bench.datasets import LabelledImage
from sattrack.bench.scoring import Scored
from sattrack.detections import Detections


def lattice(count: int, *, apart_m: float, gsd_m: float) -> Detections:
    """Boxes of a pixel's size on a square lattice."""
    side = int(np.ceil(np.sqrt(max(count, 1))))
    middles = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2)[:count] * (apart_m / gsd_m) + 5
    corners = middles[:, None] + np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    return Detections(corners, np.full(count, 0.9, np.float32), np.zeros(count, np.int32))


def picture(
    dataset: str, *, true: int, found: int, hits: int, gsd_m: float = 0.5, apart_m: float = 10.0, faint: int = 0
) -> Measured:
    image = LabelledImage(dataset, f"{dataset}_x", Path("x.png"), (gsd_m, gsd_m), (400, 400), np.zeros((true, 4, 2)), ())
    claims = np.arange(found + faint) < hits
    scores = np.array([0.9] * found + [0.2] * faint, np.float32)
    scored = Scored(true, scores, np.stack([claims, claims]))
    return Measured(image, lattice(found, apart_m=apart_m, gsd_m=gsd_m), scored)


def place(
    name: str, *, ratio: float = 1.0, gsd_m: float = 0.5, true: int = 50, apart_m: float = 10.0, pictures: int = 3
) -> list[Measured]:
    found = round(true * ratio)
    return [picture(name, true=true, found=found, hits=min(found, true), gsd_m=gsd_m, apart_m=apart_m) for _ in range(pictures)]
