"""Roofs of which nothing was looked at."""

import cv2
import numpy as np
import pytest

from sattrack.geometry import Quads, quads_from_xywhr
from sattrack.steps.registering import Look
from sattrack.steps.roofs import likeness

SHAPE = (120, 160)


def slots(n: int, *, left: float) -> Quads:
    """Boxes of 20 x 6 pixels in rows of five."""
    x, y = left + 30.0 * (np.arange(n) % 5), 12.0 + 20 * (np.arange(n) // 5)
    return quads_from_xywhr(np.stack([x, y, np.full(n, 20.0), np.full(n, 6.0), np.zeros(n)], axis=1))


def painted(quads: Quads, *, seed: int) -> Look:
    """A look on which each box that lies there has a colour of its own."""
    pixels = np.full((*SHAPE, 3), 100, np.uint8)
    for quad, paint in zip(quads, np.random.default_rng(seed).integers(30, 220, (len(quads), 3)), strict=True):
        cv2.fillConvexPoly(pixels, np.rint(quad).astype(np.int32), paint.tolist())
    return Look(pixels, np.ones(SHAPE, bool), quads, np.ones(len(quads), np.float32))


@pytest.mark.parametrize("away", [(400.0, 0.0), (-400.0, 0.0), (0.0, 300.0), (0.0, -300.0)])
def test_of_a_roof_beside_the_look_nothing_is_told_and_the_others_are_told_as_without_it(away: tuple[float, float]) -> None:
    """Of a large site only the middle is looked at. The pixel at its edge is the same at both dates: every box would stay."""
    inside = slots(20, left=18)
    quads = np.concatenate([inside, inside + away])
    pairs = np.stack([np.arange(40)] * 2, axis=1)
    told = likeness(painted(quads, seed=1), painted(quads, seed=2), pairs=pairs)
    assert told[20:].tolist() == [1.0] * 20
    assert told[:20] == pytest.approx(likeness(painted(inside, seed=1), painted(inside, seed=2), pairs=pairs[:20]))


def test_with_few_roofs_on_the_look_none_is_told() -> None:
    quads = np.concatenate([slots(5, left=18), slots(10, left=900)])
    look = painted(quads, seed=1)
    assert likeness(look, look, pairs=np.stack([np.arange(15)] * 2, axis=1)).tolist() == [1.0] * 15
