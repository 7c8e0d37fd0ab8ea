"""Dusty boxes: toned like the ground round them, where they are and nowhere else."""

import cv2
import numpy as np

from sattrack.training.dust import dusted
from sattrack.training.pictures import Picture

GROUND, BOX = (150, 130, 100), (30, 60, 200)


def box(x: float, y: float, *, length: float = 24.0, width: float = 10.0) -> np.ndarray:
    return np.array([[x, y], [x + length, y], [x + length, y + width], [x, y + width]])


def yard(quads: list[np.ndarray], name: str = "yard") -> Picture:
    """160 px at 0.5 m: ground of one tone, between white and black, and boxes of another."""
    pixels = np.full((160, 160, 3), GROUND, np.uint8)
    pixels[:8], pixels[-8:] = 255, 0  # what sets the stretch, so that it stays as it is
    for quad in quads:
        cv2.fillConvexPoly(pixels, np.round(quad).astype(np.int32), BOX)
    return Picture(name, "set", pixels, np.array(quads).reshape(-1, 4, 2), (0.5, 0.5))


def contrast(picture: Picture, quad: np.ndarray) -> float:
    x, y = quad.mean(axis=0).astype(int)
    return float(np.abs(picture.pixels[y, x].astype(float) - GROUND).sum())


def test_boxes_come_nearer_to_the_ground_and_the_ground_stays() -> None:
    quads = [box(x, y) for x in (20, 70, 120) for y in (30, 70, 110)]
    clean = yard(quads)
    dusty = dusted(clean)
    thinned = [contrast(dusty, quad) / contrast(clean, quad) for quad in quads]
    assert min(thinned) < 0.75
    assert max(thinned) <= 1.02
    far = np.ones((160, 160), np.uint8)
    for quad in quads:
        cv2.fillConvexPoly(far, np.round(quad).astype(np.int32), 0)
    far = cv2.erode(far, np.ones((9, 9), np.uint8)).astype(bool)
    assert np.abs(dusty.pixels[far].astype(int) - clean.pixels[far]).max() <= 2


def test_boxes_of_one_picture_differ_and_those_of_two_names_too() -> None:
    quads = [box(x, y) for x in (20, 70, 120) for y in (30, 70, 110)]
    one, other = dusted(yard(quads)), dusted(yard(quads, "another"))
    assert len({round(contrast(one, quad)) for quad in quads}) > 3
    assert not np.array_equal(one.pixels, other.pixels)


def test_the_same_picture_gets_the_same_dust_and_keeps_its_boxes() -> None:
    clean = yard([box(20, 30), box(70, 70)])
    once, again = dusted(clean), dusted(clean)
    assert np.array_equal(once.pixels, again.pixels)
    assert once.quads is clean.quads
    assert once.pixels.dtype == np.uint8
    assert once.name != clean.name


def test_a_block_without_ground_near_takes_the_tone_of_the_pictures_ground() -> None:
    quads = [box(x, y, length=30, width=10) for x in (2, 32, 62, 92) for y in range(10, 140, 10)]
    clean = yard(quads)
    dusty = dusted(clean)
    thinned = [contrast(dusty, quad) / contrast(clean, quad) for quad in quads]
    assert np.median(thinned) < 0.9
    assert np.isfinite(thinned).all()


def test_a_picture_without_boxes_comes_back_as_it_is() -> None:
    empty = yard([])
    assert dusted(empty) is empty
