"""Covering: outlines as shares of pixels, what the reader of cover is fed, and its answers as areas with their intervals."""

import math

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from sattrack.covers import Area, CoverCard
from sattrack.geometry import Points
from sattrack.steps.judging import WIDTH_M

LEVEL = 0.9
# Ground with less true cover than this says nothing of a ratio: as much may be there wherever less was read, square metres.
LEAST_RATIO_M2 = 300.0
# Boxes stand up to so many high, and nobody sees from above how many: DOMAIN of container yards with gantry cranes.
TIERS = (1, 6)
# What outside the scene, or not seen, is fed as; so it was in training.
UNSEEN = 114
# Cells across a pixel, each way, by which an outline's share of it is told.
_FINER = 4
# fillPoly takes whole numbers with so many binary digits behind the point.
_SHIFT = 4

Shares = NDArray[np.uint8]


def polygon_raster(polygon: shapely.Geometry, *, shape: tuple[int, int]) -> Shares:
    """The share of each pixel of (rows, cols) that lies in a polygon, or polygons that do not overlap, 0 to 255."""
    rows, cols = shape
    near = shapely.clip_by_rect(polygon, -2, -2, cols + 2, rows + 2)
    # OpenCV paints every cell that an edge touches: half a cell too much all round.
    inner = shapely.buffer(near, -0.5 / _FINER, join_style="mitre")
    fine = np.zeros((rows * _FINER, cols * _FINER), np.uint8)
    for part in shapely.get_parts(inner):
        if part.geom_type == "Polygon" and not part.is_empty:
            _fill(fine, np.asarray(part.exterior.coords), 255)
            holes = shapely.buffer([shapely.Polygon(hole) for hole in part.interiors], -1.0 / _FINER, join_style="mitre")
            for hole in shapely.get_parts(holes):
                _fill(fine, np.asarray(hole.exterior.coords), 0)
    return np.asarray(cv2.resize(fine, (cols, rows), interpolation=cv2.INTER_AREA), np.uint8)


def as_fed(pixels: NDArray[np.uint8], *, gsd_m: float) -> NDArray[np.float32]:
    """(rows, cols, 3) uint8 RGB -> (4, rows, cols): colours round 0, and a plane that tells the pixels' size, metres."""
    planes = np.empty((4, *pixels.shape[:2]), np.float32)
    np.divide(pixels.transpose(2, 0, 1), np.float32(255), out=planes[:3])
    planes[:3] -= np.float32(0.5)
    planes[3] = np.float32(math.log2(gsd_m / WIDTH_M))
    return planes


def area_of(read_m2: float, *, seen_m2: float, gsd_m: float, gray: bool, card: CoverCard) -> Area:
    """What covered area is behind a read one, by what the card says of pixels this size. seen_m2: ground that was seen.

    True by read area differs from place to place: low and high are the bounds for nine of ten places not seen before. Nor is
    the area surely more than what is left when as much was read for nothing as 19 of 20 bare places stay under.
    """
    band = next((b for b in card.bands if b["gsd_low"] <= gsd_m < b["gsd_high"] and b["gray"] == gray), None)
    if band is None:
        return Area(read_m2, read_m2, None, None, None, "none: nothing was measured at this pixel size")
    false = band["false_m2_ha"] / 1e4
    least = false * seen_m2
    area = read_m2 * band["ratio"]
    left = max(0.0, read_m2 - false * max(0.0, seen_m2 - read_m2)) * band["ratio"]
    low = min(read_m2 * band["low"], left)
    # Where less was read than on bare ground, nothing is told apart from bare ground, up to that much.
    high = min(seen_m2, max(read_m2 * band["high"], LEAST_RATIO_M2 * band["high"], least))
    told = (
        f"{round(band['places'])} sets not seen, {'gray' if gray else 'colour'}, {band['gsd_low']:g} to {band['gsd_high']:g} m"
    )
    return Area(read_m2, min(area, seen_m2), min(low, area), max(high, area), least, f"measured on {told}")


def boxes_of(area: Area, *, footprint_m2: tuple[float, float]) -> tuple[int, int] | None:
    """How many containers' tops the area may be, least and most: from few large ones on little to many small ones on much."""
    if area.low is None or area.high is None:
        return None
    small, large = footprint_m2
    return math.floor(area.low / large), math.ceil(area.high / small)


def said_of_area(area: Area, *, boxes: tuple[int, int] | None) -> str:
    """The area in a sentence."""
    if area.low is None or area.high is None or area.least is None:
        return f"Containers cover about {area.area:,.0f} m2, as read; how sure that is was not measured at this pixel size."
    if area.read < area.least:
        return (
            f"Nothing can be said below {area.least:,.0f} m2 of cover here, and less was read ({area.read:,.0f} m2); there may "
            f"be up to {area.high:,.0f} m2."
        )
    tops = f", {boxes[0]:,} to {boxes[1]:,} boxes on top of stacks of {TIERS[0]} to {TIERS[1]} tiers" if boxes else ""
    return f"Stacks cover {area.area:,.0f} m2 [{area.low:,.0f}, {area.high:,.0f}]{tops}; boxes were not counted."


def _fill(fine: Shares, ring: Points, value: int) -> None:
    if not len(ring):
        return
    at = np.asarray(ring, float) * _FINER - 0.5
    cv2.fillPoly(fine, [np.rint(at * (1 << _SHIFT)).astype(np.int32)], value, shift=_SHIFT)
