"""Calibration: drawn tiles as a network meets them at use, by which its 8-bit export learns how large its numbers grow."""

import multiprocessing
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sattrack.readers.resampling import resampled
from sattrack.results import ModelCard
from sattrack.steps.stretching import apply_stretch, measure_stretch
from sattrack.synthetic.rendering import render_tile
from sattrack.synthetic.seeds import CALIBRATION_SEED

if TYPE_CHECKING:
    from sattrack.detectors.quantising import Calibration

# Pixel sizes of the scenes that weights are made for, metres.
GSDS_M = (0.28, 0.82)
TILES = 64
# Beside those: on which the export's count is held against that of its weights.
HELD = 16


def calibration_tiles(*, tile_px: int, gsd_m: float, processes: int = 1) -> list[NDArray[np.uint8]]:
    """TILES + HELD tiles (tile_px, tile_px, 3) uint8 RGB of gsd_m metres a pixel, always the same."""
    seeds: Sequence[int] = range(CALIBRATION_SEED, CALIBRATION_SEED + TILES + HELD)
    draw = partial(calibration_tile, tile_px=tile_px, gsd_m=gsd_m)
    if processes <= 1:
        return [draw(seed) for seed in seeds]
    # Spawned: a forked child would inherit the locks of libraries.
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        return pool.map(draw, seeds)


def calibration_tile(seed: int, *, tile_px: int, gsd_m: float) -> NDArray[np.uint8]:
    """A yard at a pixel size that scenes have, stretched and brought to the network's own, as a scene's tile is."""
    own = float(np.random.default_rng(seed + 5).uniform(*GSDS_M))
    side = int(np.ceil(tile_px * gsd_m / own)) + 2
    picture = render_tile(seed, gsd_m=own, shape=(side, side)).picture
    seen = np.ones(picture.shape[:2], bool)
    stretched = apply_stretch(picture, measure_stretch(picture, seen, size_m=(side * own, side * own)))
    wanted = round(side * own / gsd_m)
    tile, _ = resampled(stretched, seen, (wanted, wanted))
    return np.asarray(tile[:tile_px, :tile_px], np.uint8)


def drawn_calibration(
    card: ModelCard, *, processes: int = 1, told: Callable[[str], None] = lambda _said: None
) -> "Calibration":
    """The tiles by which the card's weights are brought to 8 bits, and those on which they are counted then."""
    from sattrack.detectors.quantising import Calibration

    told(f"drawing {TILES + HELD} tiles and calibrating on them: some minutes")
    tiles = calibration_tiles(tile_px=card.tile_px, gsd_m=card.gsd_m, processes=processes)
    return Calibration(tiles[:TILES], tiles[TILES:], said(card))


def said(card: ModelCard) -> str:
    """What the tiles are, as an export states it."""
    return (
        f"{TILES} rendered tiles of {card.tile_px} px at {card.gsd_m:g} m, drawn at {GSDS_M[0]:g} to {GSDS_M[1]:g} m, seeds "
        f"{CALIBRATION_SEED} to {CALIBRATION_SEED + TILES - 1}"
    )
