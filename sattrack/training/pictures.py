"""Pictures with their truth, stretched as at use; rendered yards."""

import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sattrack.geometry import Quads
from sattrack.steps.stretching import apply_stretch, measure_stretch
from sattrack.writing import whole_file

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture to cut training tiles from.

    pixels: (rows, cols, 3) uint8 RGB, already stretched. quads: (n, 4, 2) boxes in its pixels. gsd_m: size of a pixel (x, y).
    ignore: polygons (k, 2) in pixels where nothing is taught. source: the set or folder that it comes from.
    hard: (k, 2) places in pixels that a network took for boxes, of a picture without any. off_nadir_deg: how far from straight
    down a rendered yard is seen; none: not known.
    """

    name: str
    source: str
    pixels: Pixels
    quads: Quads
    gsd_m: tuple[float, float]
    ignore: tuple[NDArray[np.float64], ...] = ()
    hard: NDArray[np.float64] | None = None
    off_nadir_deg: float | None = None


def render_pictures(seeds: range, *, processes: int = 1, cache: Path | None = None) -> tuple[Picture, ...]:
    """A rendered yard for each seed, 144 m wide, at a pixel size that the seed draws; the same from any number of processes.

    cache: a folder where they are kept, so that a training that goes on need not draw them again.
    """
    kept = cache / f"yards-{seeds.start}-{seeds.stop}.npz" if cache else None
    if kept is not None and kept.is_file():
        return _unpacked(kept, seeds)
    if processes <= 1:
        drawn = tuple(_rendered(seed) for seed in seeds)
    else:
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            drawn = tuple(pool.imap(_rendered, seeds, chunksize=4))
    if kept is not None:
        with whole_file(kept) as draft, draft.open("wb") as file:
            np.savez(file, **_packed(drawn))
    return drawn


def _packed(drawn: Sequence[Picture]) -> dict[str, Any]:
    """Pixels, boxes, what cannot be told from them, pixel size and view of each picture under p0, q0, u0, g0, v0, p1, ..."""
    parts: dict[str, Any] = {}
    for i, picture in enumerate(drawn):
        unsure = np.array(picture.ignore).reshape(-1, 4, 2)
        parts |= {f"p{i}": picture.pixels, f"q{i}": picture.quads, f"u{i}": unsure, f"g{i}": np.asarray(picture.gsd_m)}
        parts |= {f"v{i}": np.asarray(picture.off_nadir_deg)}
    return parts


def _unpacked(kept: Path, seeds: range) -> tuple[Picture, ...]:
    with np.load(kept) as found:
        return tuple(
            Picture(
                f"rendered-{seed}",
                "rendered",
                found[f"p{i}"],
                found[f"q{i}"],
                (float(found[f"g{i}"][0]), float(found[f"g{i}"][1])),
                # One that an older sattrack kept knows of no trailers.
                tuple(found[f"u{i}"]) if f"u{i}" in found else (),
                off_nadir_deg=float(found[f"v{i}"]) if f"v{i}" in found else None,
            )
            for i, seed in enumerate(seeds)
        )


def _rendered(seed: int) -> Picture:
    from sattrack.synthetic.rendering import render_tile

    gsd = float(np.exp(np.random.default_rng([seed, 1]).uniform(np.log(0.25), np.log(0.82))))
    side = round(144 / gsd)
    drawn = render_tile(seed, gsd_m=gsd, shape=(side, side))
    stretch = measure_stretch(drawn.picture, np.ones(drawn.picture.shape[:2], bool))
    pixels = apply_stretch(drawn.picture, stretch)
    return Picture(
        f"rendered-{seed}", "rendered", pixels, drawn.quads, (gsd, gsd), tuple(drawn.unsure),
        off_nadir_deg=drawn.view.off_nadir_deg,
    )  # fmt: skip
