"""Soundness: whether a part is what was written, and whether what is kept of a run and its scenes can be true."""

import datetime as dt
import hashlib
import math
from functools import lru_cache

import numpy as np
import pyproj

from sattrack.detections import Detections
from sattrack.geometry import invert_affine
from sattrack.imagery import Grid, Scene
from sattrack.projections import WGS84
from sattrack.results import RunIndex

_YEARS = range(1900, 3000)


def content_digest(head: bytes, detections: Detections) -> bytes:
    """sha256, hexadecimal, of a part's head and boxes: pages have checksums in Parquet, what is said about them has none."""
    total = hashlib.sha256(head)
    for column, kind in ((detections.quads, "<f8"), (detections.scores, "<f4"), (detections.labels, "<i4")):
        total.update(np.ascontiguousarray(column, kind).tobytes())
    return total.hexdigest().encode()


def check_index(index: RunIndex) -> None:
    """ValueError where no run of ours could have this head; of its scenes too."""
    for name, threshold in (("threshold", index.threshold), ("card's threshold", index.card.threshold)):
        if not 0 <= threshold <= 1:
            raise ValueError(f"a {name} of {threshold:g}, which is from 0 to 1")
    check_time(index.created)
    for outcome in index.outcomes:
        check_time(outcome.acquired)
        if outcome.scene is not None:
            check_scene(outcome.scene)


def check_scene(scene: Scene) -> None:
    """ValueError where no reader of ours could have said this of a scene."""
    check_grid(scene.grid)
    check_time(scene.acquired)


def check_time(moment: dt.datetime | None) -> None:
    """ValueError where no picture was taken then: a chart of all that time would reach beyond what a calendar holds."""
    if moment is not None and moment.year not in _YEARS:
        raise ValueError(f"a time in the year {moment.year}, which is from {_YEARS.start} to {_YEARS.stop - 1}")


def check_grid(grid: Grid) -> None:
    """ValueError where no reader of ours could have said this of a scene."""
    if min(grid.shape) < 1 or not all(math.isfinite(size) and size > 0 for size in grid.gsd_m):
        raise ValueError(f"a scene of {grid.shape[1]} x {grid.shape[0]} pixels of {grid.gsd_m} m")
    if grid.transform is not None:
        invert_affine(grid.transform)
    if grid.crs is not None and not _leads_home(grid.crs):
        raise ValueError(f"the CRS {grid.crs[:60]!r} is none")


@lru_cache(maxsize=256)
def _leads_home(crs: str) -> bool:
    """Whether there is a way from a CRS to longitude and latitude."""
    try:
        pyproj.Transformer.from_crs(crs, WGS84, always_xy=True)
    except pyproj.exceptions.ProjError:  # CRSError is one of these
        return False
    return True
