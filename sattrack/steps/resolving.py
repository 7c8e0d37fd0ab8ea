"""Resolving: whether a picture shows detail as fine as boxes need, or was blurred, or enlarged from pixels too coarse."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sattrack.imagery import Tile
from sattrack.steps.judging import COUNT_PX, WIDTH_M

# Half the width of a container; and so many pixels where they are coarser, since nothing finer can be asked of them.
_LAG_M, _LAG_PX = 1.2, 1.5
# By what power of their distance changes grow: 1 along sharp edges, 2 where all is smooth. Measured: docs/reading.md.
_SMOOTH = 1.55
# So many bands that repeat, both ways, and so many of them as far apart as most are: things on flat ground lie anyhow.
_LEAST_BANDS, _EVEN = 8, 0.8
# Every so many lines are looked at: neighbours tell nearly the same.
_STEP = 8
_LEAST_PAIRS = 10_000
_BLURRED, _REPEATED = "hardly any detail of the picture is finer than", "the picture's own pixels are of about"


@dataclass(frozen=True, slots=True)
class Detail:
    """What tiles show: summed squared changes of light over a distance (near) and over twice as much (far), of so many pairs of
    pixels each. blocks: how many of so many tiles show pixels enlarged to blocks, and the sum of these blocks' sizes, metres.
    """

    near: float = 0.0
    far: float = 0.0
    pairs: int = 0
    tiles: int = 0
    blocks: tuple[int, float] = (0, 0.0)

    def __add__(self, other: "Detail") -> "Detail":
        return Detail(
            self.near + other.near, self.far + other.far, self.pairs + other.pairs, self.tiles + other.tiles,
            (self.blocks[0] + other.blocks[0], self.blocks[1] + other.blocks[1]),
        )  # fmt: skip


def lag_m(gsd_m: tuple[float, float]) -> float:
    """Over which distance detail is asked of a scene of such pixels, metres."""
    return max(_LAG_M, _LAG_PX * max(gsd_m))


def detail_of(tile: Tile, *, gsd_m: tuple[float, float], tile_gsd_m: float) -> Detail:
    """What one tile shows. gsd_m: of the scene's pixels; tile_gsd_m: of the tile's."""
    lag = max(1, round(lag_m(gsd_m) / tile_gsd_m))
    near, far, pairs = 0, 0, 0
    sizes = []
    for light, valid in ((tile.pixels[..., 1], tile.valid), (tile.pixels[..., 1].T, tile.valid.T)):
        lines, seen = light[::_STEP].astype(np.int32), valid[::_STEP]
        known = seen[:, 2 * lag :] & seen[:, lag:-lag] & seen[:, : -2 * lag]
        near += int((np.square(lines[:, 2 * lag :] - lines[:, lag:-lag]) * known).sum(dtype=np.int64))
        far += int((np.square(lines[:, 2 * lag :] - lines[:, : -2 * lag]) * known).sum(dtype=np.int64))
        pairs += int(known.sum())
        sizes.append(_block_px(lines, seen, play=max(1.0, max(gsd_m) / tile_gsd_m)) * tile_gsd_m)
    return Detail(near, far, pairs, 1, (1, max(sizes)) if min(sizes) > 0 else (0, 0.0))


def detail_notes(detail: Detail, *, gsd_m: tuple[float, float]) -> tuple[str, ...]:
    """What must be said of a scene that shows too little for boxes whatever its pixels are; nothing where little was seen."""
    if detail.pairs < _LEAST_PAIRS:
        return ()
    count, size = detail.blocks
    if 2 * count > detail.tiles:
        if COUNT_PX * size / count < WIDTH_M:
            return ()
        what = f"{_REPEATED} {size / count:.2g} m, and were enlarged to {max(gsd_m):.3g} m"
    elif detail.near > 0 and math.log2(max(detail.far, 1) / detail.near) >= _SMOOTH:
        what = f"{_BLURRED} {2 * lag_m(gsd_m):.2g} m: it is blurred, or was enlarged to pixels of {max(gsd_m):.3g} m"
    else:
        return ()
    return (f"{what}; of boxes 2.4 m wide most may be lost in it: a small count, or 0, does not mean that few stand there",)


def told_of_detail(notes: Iterable[str]) -> tuple[str, ...]:
    """Those of a part's notes that detail_notes made."""
    return tuple(note for note in notes if note.startswith((_BLURRED, _REPEATED)))


def _block_px(lines: NDArray[np.int32], seen: NDArray[np.bool_], *, play: float) -> float:
    """Across (k, n) lines: how far apart places are at which none of them changes, where such come again and again, evenly, as
    within pixels that were enlarged to blocks; else 0. play: by how much blocks may differ, since each is of whole pixels.
    """
    both = seen[:, 1:] & seen[:, :-1]
    still = ~((np.diff(lines, axis=1) != 0) & both).any(axis=0) & both.any(axis=0)
    begin, end = (np.flatnonzero(np.diff(still.astype(np.int8), prepend=0, append=0) == step) for step in (1, -1))
    long = end - begin
    # Where a block meets the next, the waves of a cubic mean may round to nothing here and there.
    gaps = np.diff(begin[long >= np.median(np.repeat(long, long)) / 2]) if len(long) else long
    if len(gaps) < _LEAST_BANDS:
        return 0.0
    even = np.abs(gaps - np.median(gaps)) <= play + 0.5
    return float(gaps[even].mean()) if even.mean() >= _EVEN else 0.0
