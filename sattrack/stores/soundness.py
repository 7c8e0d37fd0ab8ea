"""Soundness: whether a part is what was written, and whether what is kept of a scene's place can be true."""

import hashlib
import math
from functools import lru_cache

import numpy as np
import pyproj

from sattrack.detections import Detections
from sattrack.geometry import invert_affine
from sattrack.imagery import Grid
from sattrack.projections import WGS84


def content_digest(head: bytes, detections: Detections) -> bytes:
    """sha256, hexadecimal, of a part's head and boxes: pages have checksums in Parquet, what is said about them has none."""
    total = hashlib.sha256(head)
    for column, kind in ((detections.quads, "<f8"), (detections.scores, "<f4"), (detections.labels, "<i4")):
        total.update(np.ascontiguousarray(column, kind).tobytes())
    return total.hexdigest().encode()


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
