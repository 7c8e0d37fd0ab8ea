"""Many random tiles side by side, to be looked at before anything is trained on them."""

import argparse

import cv2
import numpy as np
from numpy.typing import NDArray

from sattrack.synthetic.rendering import render_tile

_GAP_PX = 4


def contact_sheet(
    seeds: list[int], *, gsd_m: float, shape: tuple[int, int], columns: int = 4, truth: bool = False
) -> NDArray[np.uint8]:
    """(rows, cols, 3) RGB: the tiles of these seeds, row by row; truth: with their boxes outlined."""
    lines = -(-len(seeds) // columns)
    high, wide = shape[0] + _GAP_PX, shape[1] + _GAP_PX
    sheet = np.full((lines * high, columns * wide, 3), 255, np.uint8)
    for place, seed in enumerate(seeds):
        tile = render_tile(seed, gsd_m=gsd_m, shape=shape)
        picture = tile.picture.copy()
        if truth:
            corners = list(np.round((tile.quads - 0.5) * 16).astype(np.int32))
            cv2.polylines(picture, corners, True, (255, 255, 0), 1, lineType=cv2.LINE_AA, shift=4)
        top, left = place // columns * high, place % columns * wide
        sheet[top : top + shape[0], left : left + shape[1]] = picture
    return sheet


def main() -> None:
    """Writes a sheet: python -m sattrack.synthetic.contact_sheet OUT.png --gsd-m 0.3 --first-seed 0 --tiles 12 --truth."""
    wants = argparse.ArgumentParser(description=__doc__)
    wants.add_argument("out", help="PNG to write")
    wants.add_argument("--gsd-m", type=float, default=0.3)
    wants.add_argument("--pixels", type=int, default=400, help="side of a tile")
    wants.add_argument("--first-seed", type=int, default=0)
    wants.add_argument("--tiles", type=int, default=12)
    wants.add_argument("--columns", type=int, default=4)
    wants.add_argument("--truth", action="store_true", help="outline the boxes")
    given = wants.parse_args()
    seeds = list(range(given.first_seed, given.first_seed + given.tiles))
    shape = (given.pixels, given.pixels)
    sheet = contact_sheet(seeds, gsd_m=given.gsd_m, shape=shape, columns=given.columns, truth=given.truth)
    cv2.imwrite(given.out, sheet[..., ::-1])


if __name__ == "__main__":
    main()
