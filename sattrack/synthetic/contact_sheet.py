"""Many random tiles side by side, to be looked at before anything is trained on them."""

from collections.abc import Iterable, Iterator
from itertools import chain

import cv2
import numpy as np
from numpy.typing import NDArray

from sattrack.synthetic.rendering import Rendered, render_tile

_GAP_PX = 4
_OUTLINE, _UNSURE = (255, 255, 0), (0, 160, 255)

Pixels = NDArray[np.uint8]


def drawn_tiles(
    seeds: Iterable[int], *, gsd_m: float, shape: tuple[int, int], truth: bool = False, kind: str | None = None
) -> Iterator[Pixels]:
    """The tile (rows, cols, 3) of each seed; truth: with its boxes outlined; kind: of place, none for any."""
    for seed in seeds:
        tile = render_tile(seed, gsd_m=gsd_m, shape=shape, kind=kind)
        yield outlined(tile) if truth else tile.picture


def outlined(tile: Rendered) -> Pixels:
    """The picture with its boxes outlined in yellow, and what nobody could tell from one in blue."""
    picture = tile.picture.copy()
    for quads, tone in ((tile.unsure, _UNSURE), (tile.quads, _OUTLINE)):
        corners = list(np.round((quads - 0.5) * 16).astype(np.int32))
        cv2.polylines(picture, corners, True, tone, 1, lineType=cv2.LINE_AA, shift=4)
    return picture


def in_turn(tiles: Iterable[Pixels], others: Iterable[Pixels]) -> Iterator[Pixels]:
    """One of these, one of those, until the first run out."""
    return chain.from_iterable(zip(tiles, others, strict=False))


def contact_sheet(tiles: Iterable[Pixels], *, columns: int = 4) -> Pixels:
    """(rows, cols, 3) RGB: tiles of one shape, row by row, with white between."""
    given = list(tiles)
    rows, cols = given[0].shape[:2]
    high, wide = rows + _GAP_PX, cols + _GAP_PX
    sheet = np.full((-(-len(given) // columns) * high, columns * wide, 3), 255, np.uint8)
    for place, tile in enumerate(given):
        top, left = place // columns * high, place % columns * wide
        sheet[top : top + rows, left : left + cols] = tile
    return sheet
