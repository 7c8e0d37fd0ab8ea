"""What was blurred, or enlarged from pixels too coarse for boxes, is told by its pixels; what is sharp or only bare is not."""

import re

import cv2
import numpy as np
import pytest

from sattrack.imagery import Tile, Window
from sattrack.steps.resolving import Detail, detail_notes, detail_of, told_of_detail

GSD = 0.2


def ground(*, pixel_m: float, seed: int = 1) -> np.ndarray:
    """Roofs and boxes of many sizes with sharp edges over grain, 128 m across, as a camera of such pixels has them."""
    random = np.random.default_rng(seed)
    picture = np.full((1280, 1280), 90.0)
    for _ in range(600):
        (x, y), (w, h) = random.integers(0, 1280, 2).tolist(), random.integers(20, 130, 2).tolist()
        picture[y : y + h, x : x + w] = random.integers(20, 230)
    size = round(128 / pixel_m)
    return cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA) + random.normal(0, 2, (size, size))


def tile(picture: np.ndarray, *, how: int = cv2.INTER_CUBIC, valid: np.ndarray | None = None) -> Tile:
    """As it is read for the detector: 640 pixels of 0.2 m. how: it was enlarged to pixels of 0.5 m before."""
    fine = cv2.resize(picture, (256, 256), interpolation=how)
    pixels = cv2.resize(np.clip(np.rint(fine), 0, 255).astype(np.uint8), (640, 640), interpolation=cv2.INTER_CUBIC)
    seen = np.ones((640, 640), bool) if valid is None else valid
    return Tile(Window(0, 0, 256, 256), np.repeat((pixels * seen)[..., None], 3, axis=2), seen)


def notes(*tiles: Tile, gsd_m: float = 0.5) -> tuple[str, ...]:
    parts = (detail_of(one, gsd_m=(gsd_m, gsd_m), tile_gsd_m=GSD) for one in tiles)
    return detail_notes(sum(parts, Detail()), gsd_m=(gsd_m, gsd_m))


@pytest.mark.parametrize("how", [cv2.INTER_CUBIC, cv2.INTER_LINEAR])
@pytest.mark.parametrize("pixel_m", [3.0, 5.0])
def test_M12_a_picture_that_was_enlarged_smoothly_is_told(pixel_m: float, how: int) -> None:
    (note,) = notes(tile(ground(pixel_m=pixel_m), how=how))
    assert note.startswith(
        "hardly any detail of the picture is finer than 2.4 m: it is blurred, or was enlarged to pixels of 0.5 m"
    )
    assert told_of_detail(["other", note]) == (note,)


@pytest.mark.parametrize("pixel_m", [2.0, 3.0, 10.0])
def test_M12_a_picture_whose_pixels_were_repeated_is_told_with_their_own_size(pixel_m: float) -> None:
    (note,) = notes(tile(ground(pixel_m=pixel_m), how=cv2.INTER_NEAREST))
    said = re.match(r"the picture's own pixels are of about ([0-9.]+) m, and were enlarged to 0\.5 m; ", note)
    assert said
    assert float(said[1]) == pytest.approx(pixel_m, rel=0.05)


def test_M12_pixels_that_were_repeated_but_are_fine_enough_are_left_alone() -> None:
    assert notes(tile(ground(pixel_m=1.0), how=cv2.INTER_NEAREST)) == ()


@pytest.mark.parametrize("pixel_m", [0.25, 0.5, 0.8])
def test_M12_a_picture_that_is_as_sharp_as_its_pixels_is_left_alone(pixel_m: float) -> None:
    assert notes(*(tile(ground(pixel_m=pixel_m, seed=seed)) for seed in (1, 2))) == ()


def test_M12_coarse_pixels_are_asked_for_no_more_than_they_can_show() -> None:
    assert notes(tile(ground(pixel_m=1.2)), gsd_m=1.2) == ()


def test_M12_bare_flat_ground_and_what_was_not_seen_say_nothing() -> None:
    flat = np.full((256, 256), 100.0)
    flat[40:60, 40:80] = flat[120:140, 30:50] = 200
    assert notes(tile(flat)) == ()
    little = np.zeros((640, 640), bool)
    little[:100, :100] = True
    assert notes(tile(ground(pixel_m=3.0), valid=little)) == ()


def test_M12_what_was_not_seen_has_no_edge() -> None:
    half = np.ones((640, 640), bool)
    half[:, 300:] = False
    assert notes(tile(ground(pixel_m=3.0), valid=half)) == notes(tile(ground(pixel_m=3.0)))
