"""Covering: one site in one scene too coarse for boxes, read as covered area or as brightness and texture."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from sattrack.covers import CoverPicture
from sattrack.imagery import Grid, Scene, Stretch, Window
from sattrack.ports import AreaReader, Reader
from sattrack.steps.covering import UNSEEN, polygon_raster
from sattrack.steps.grounding import Frame, far_apart, footprint
from sattrack.steps.noticing import Sums, look, places_round
from sattrack.steps.paving import MARGIN_PX, Pavement, Slab, pave
from sattrack.steps.stretching import apply_stretch
from sattrack.timeline import Site

_MOST_SHOWN_PX = 1000
_MOST_ENLARGED = 6.0
_ROUND_IT = 0.06
_PIECES = 256
_BLOCK_PX = 1024
# Cells across a site, and down it, by which is told where nothing was seen.
_MOST_CELLS = 400

Shares = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Where a site lies in a file. metres: what of it is looked at, in the frame's metres; pixels: the same in its pixels."""

    frame: Frame
    metres: shapely.Geometry
    pixels: shapely.Geometry


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """What was read of a site in a file: square metres seen, and of these covered; and a map of covered shares, 0 to 255.

    step: source pixels to a pixel of the map (x, y); origin: its first pixel in the scene. seen: where ground was seen, in the
    frame's metres.
    """

    seen_m2: float
    covered_m2: float
    shares: Shares
    step: tuple[float, float]
    origin: tuple[int, int]
    seen: shapely.Geometry


@dataclass(frozen=True, slots=True, eq=False)
class Glimpse:
    """What was noticed of a site in a file. share: of it that was seen, 0 to 1; seen: where, in the frame's metres."""

    share: float
    sums: Sums
    seen: shapely.Geometry


class _Gaps:
    """Where, of what is looked at, nothing was seen: by cells of so many pixels, of which most was not."""

    def __init__(self, shape: tuple[int, int], *, cell: int) -> None:
        """shape: (rows, cols) of all pixels."""
        self._cell = cell
        self._wanted = np.zeros([-(-n // cell) for n in shape], np.int64)
        self._missed = self._wanted.copy()

    def add(self, wanted: NDArray[np.bool_], valid: NDArray[np.bool_], *, row: int, col: int) -> None:
        """A block of pixels, of which row and col of the first are whole cells."""
        at = row // self._cell, col // self._cell
        for all_of_them, some in ((self._wanted, wanted), (self._missed, wanted & ~valid)):
            lines = np.add.reduceat(some, np.arange(0, some.shape[0], self._cell), axis=0, dtype=np.int64)
            sums = np.add.reduceat(lines, np.arange(0, some.shape[1], self._cell), axis=1)
            all_of_them[at[0] : at[0] + sums.shape[0], at[1] : at[1] + sums.shape[1]] += sums

    def seen_of(
        self, ground: Ground, *, grid: Grid, origin: tuple[int, int], step: tuple[float, float]
    ) -> shapely.Geometry:  # fmt: skip
        """The ground without the gaps, in the frame's metres. step: source pixels to a pixel (x, y); origin: of the first."""
        gaps = (2 * self._missed > self._wanted).astype(np.int8)
        if not gaps.any():
            return ground.metres
        # Cells beside each other in a row are one box.
        edges = np.diff(np.pad(gaps, ((0, 0), (1, 1))), axis=1)
        (rows, starts), (_, ends) = np.nonzero(edges == 1), np.nonzero(edges == -1)
        width, height = step[0] * self._cell, step[1] * self._cell
        boxes = shapely.box(
            origin[0] + starts * width, origin[1] + rows * height, origin[0] + ends * width, origin[1] + (rows + 1) * height
        )
        pixels = shapely.segmentize(shapely.union_all(boxes), max(grid.shape) / 16)
        return ground.metres.difference(
            shapely.make_valid(shapely.transform(pixels, lambda xy: ground.frame.from_pixels(xy, grid=grid)))
        )


def place(site: Site, *, grids: Sequence[Grid]) -> tuple[Frame, shapely.Geometry]:
    """The frame of a site, and its outline in it; empty where none can be laid on the scene. grids: of the scene's files."""
    if site.outline is None:
        frame = Frame.of_grid(grids[0])
        return frame, shapely.union_all([footprint(grid, frame=frame) for grid in grids])
    if not grids[0].georeferenced:
        return Frame.of_pixels(), shapely.Polygon()
    frame = Frame.over(site.outline)
    return frame, frame.polygon(site.outline)


def ground_in(outline: shapely.Geometry, *, grid: Grid, frame: Frame) -> Ground | None:
    """The part of an outline that a file covers; none where it does not reach it."""
    if outline.is_empty or far_apart(grid, outline, frame=frame):
        return None
    there = outline.intersection(footprint(grid, frame=frame))
    if there.is_empty or there.area <= 0:
        return None
    dense = shapely.segmentize(there, max(there.length / _PIECES, 1.0))
    pixels = shapely.transform(dense, lambda xy: frame.to_pixels(xy, grid=grid))
    if not np.isfinite(shapely.get_coordinates(pixels)).all() or pixels.area <= 0:
        return None
    return Ground(frame, there, pixels if pixels.is_valid else shapely.make_valid(pixels))


def read_area(ground: Ground, *, scene: Scene, stretch: Stretch, reader: Reader, network: AreaReader) -> Read:
    """The covered area of a site in a file, tile by tile. Raises SceneError."""
    pavement = pave(ground.pixels, gsd_m=scene.grid.gsd_m, reader_gsd_m=network.gsd_m)
    # A core's pixels shrink by a whole number for the map.
    whole, most = pavement.core_px, 2 * _MOST_SHOWN_PX / max(pavement.shape)
    shrink = next(n for n in range(1, whole + 1) if whole % n == 0 and (whole / n <= most or n == whole))
    side = whole // shrink
    shown = np.zeros((pavement.shape[0] * side, pavement.shape[1] * side), np.uint8)
    all_px = pavement.shape[0] * whole, pavement.shape[1] * whole
    divisors = [n for n in range(1, whole + 1) if whole % n == 0]
    gaps = _Gaps(all_px, cell=next((n for n in divisors if max(all_px) <= n * _MOST_CELLS), whole))
    wanted = seen = covered = 0
    for slab in pavement.slabs():
        mask = _mask(ground.pixels, slab, core_px=whole)
        if not mask.any():
            continue
        cover, valid = _covered(slab, pavement, scene=scene, stretch=stretch, reader=reader, network=network)
        gaps.add(mask > 0, valid > 0, row=slab.row * whole, col=slab.col * whole)
        inside = mask.astype(np.int64) * valid
        wanted += int(mask.sum(dtype=np.int64))
        seen += int(inside.sum())
        covered += int((inside * cover).sum())
        small = cv2.resize(np.minimum(cover, (inside > 127) * np.uint8(255)), (side, side), interpolation=cv2.INTER_AREA)
        shown[slab.row * side : (slab.row + 1) * side, slab.col * side : (slab.col + 1) * side] = small
    # By the outline's own raster, whose slanted edges may hold a little less or more than it: what is all seen is seen whole.
    whole_m2, of = ground.metres.area, max(1, wanted)
    step = pavement.px[0] * shrink, pavement.px[1] * shrink
    there = gaps.seen_of(ground, grid=scene.grid, origin=pavement.origin, step=pavement.px)
    return Read(seen / of * whole_m2, covered / (255 * of) * whole_m2, shown, step, pavement.origin, there)


def show(
    site: Site, ground: Ground, read: Read | None = None, *, scene: Scene, stretch: Stretch, reader: Reader
) -> CoverPicture:  # fmt: skip
    """The site with a little round it, enlarged where it is small. read: what was read of it; none claims no cover.

    Raises SceneError.
    """
    left, top, right, bottom = ground.pixels.bounds
    window = _window(ground.pixels, grid=scene.grid, round_it=round(_ROUND_IT * max(right - left, bottom - top)) + 2)
    gsd = scene.grid.gsd_m
    m_px = max(max(window.width * gsd[0], window.height * gsd[1]) / _MOST_SHOWN_PX, max(gsd) / _MOST_ENLARGED)
    per_px = np.array([m_px / gsd[0], m_px / gsd[1]])
    shape = max(1, round(window.height / per_px[1])), max(1, round(window.width / per_px[0]))
    raw, valid = reader.read(scene, window, shape)
    laid = None
    if read is not None:
        # Picture pixels -> source pixels -> pixels of the map; centres of pixels lie at whole numbers in OpenCV.
        to_map = per_px / read.step
        shift = (np.array([window.col, window.row]) - read.origin) / read.step
        matrix = np.column_stack([np.diag(to_map), 0.5 * to_map + shift - 0.5])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        warped = cv2.warpAffine(read.shares, matrix, shape[::-1], flags=flags, borderMode=cv2.BORDER_CONSTANT)
        laid = np.asarray(warped, np.uint8)
    rings = tuple(
        (np.asarray(ring.coords) - (window.col, window.row)) / per_px
        for part in shapely.get_parts(ground.pixels)
        if part.geom_type == "Polygon"
        for ring in (part.exterior, *part.interiors)
    )
    return CoverPicture(site.id, site.zone, scene, apply_stretch(raw, stretch, valid=valid), laid, rings, m_px)


def notice(ground: Ground, *, scene: Scene, reader: Reader) -> Glimpse:
    """The share of a site that was seen, and its brightness and texture in the file's own units. Raises SceneError.

    Block by block, since a site may be a whole scene.
    """
    whole = _window(ground.pixels, grid=scene.grid)
    sums, inside, seen = Sums(), 0, 0
    powers = [1 << i for i in range(_BLOCK_PX.bit_length())]
    cell = next((n for n in powers if max(whole.width, whole.height) <= n * _MOST_CELLS), _BLOCK_PX)
    gaps = _Gaps((whole.height, whole.width), cell=cell)
    for row in range(whole.row, whole.row + whole.height, _BLOCK_PX):
        for col in range(whole.col, whole.col + whole.width, _BLOCK_PX):
            height, width = min(_BLOCK_PX, whole.row + whole.height - row), min(_BLOCK_PX, whole.col + whole.width - col)
            moved = shapely.transform(ground.pixels, lambda xy: xy - (col, row))  # noqa: B023 (used at once)
            mask = polygon_raster(moved, shape=(height, width))
            if mask.any():
                raw, valid = reader.read(scene, Window(col, row, width, height), (height, width))
                inside, seen = inside + int(mask.sum(dtype=np.int64)), seen + int((mask.astype(np.int64) * valid).sum())
                sums += look(raw, (mask > 127) & valid)
                gaps.add(mask > 0, valid, row=row - whole.row, col=col - whole.col)
    there = gaps.seen_of(ground, grid=scene.grid, origin=(whole.col, whole.row), step=(1.0, 1.0))
    return Glimpse(seen / max(1, inside), sums, there)


def notice_round(
    outline: shapely.Geometry, *, frame: Frame, scenes: Sequence[Scene], reader: Reader
) -> dict[int, tuple[float, float]]:
    """Brightness and texture of places round a site, by their number; those that are not wholly seen are left out."""
    side, middles = places_round(outline)
    found: dict[int, tuple[float, float]] = {}
    for number, (x, y) in enumerate(middles):
        square = shapely.box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)
        for scene in scenes:
            pixels = shapely.transform(square, lambda xy: frame.to_pixels(xy, grid=scene.grid))  # noqa: B023 (used at once)
            if not np.isfinite(shapely.get_coordinates(pixels)).all():
                continue
            left, top, right, bottom = (round(v) for v in pixels.bounds)
            if left < 0 or top < 0 or right > scene.grid.shape[1] or bottom > scene.grid.shape[0]:
                continue
            window = Window(left, top, max(1, right - left), max(1, bottom - top))
            raw, valid = reader.read(scene, window, (window.height, window.width))
            if valid.all() and (at := look(raw, valid).means):
                found[number] = at
                break
    return found


def _covered(
    slab: Slab, pavement: Pavement, *, scene: Scene, stretch: Stretch, reader: Reader, network: AreaReader
) -> tuple[Shares, Shares]:
    """Of a slab's core the covered shares, and which pixels were seen."""
    raw, valid = reader.read(scene, slab.window, (pavement.tile_px, pavement.tile_px))
    core = slice(MARGIN_PX, MARGIN_PX + pavement.core_px)
    if not valid[core, core].any():
        none = np.zeros((pavement.core_px, pavement.core_px), np.uint8)
        return none, none
    pixels = apply_stretch(raw, stretch, valid=valid)
    pixels[~valid] = UNSEEN
    return network.read(pixels, gsd_m=max(scene.grid.gsd_m))[core, core], valid[core, core].astype(np.uint8)


def _mask(polygon: shapely.Geometry, slab: Slab, *, core_px: int) -> Shares:
    size = np.array([slab.core.width, slab.core.height]) / core_px
    moved = shapely.transform(polygon, lambda xy: (xy - (slab.core.col, slab.core.row)) / size)
    return polygon_raster(moved, shape=(core_px, core_px))


def _window(polygon: shapely.Geometry, *, grid: Grid, round_it: int = 0) -> Window:
    """Whole pixels of the scene that hold a polygon."""
    left, top, right, bottom = polygon.bounds
    first = max(0, int(np.floor(left)) - round_it), max(0, int(np.floor(top)) - round_it)
    last = min(grid.shape[1], int(np.ceil(right)) + round_it), min(grid.shape[0], int(np.ceil(bottom)) + round_it)
    return Window(*first, max(1, last[0] - first[0]), max(1, last[1] - first[1]))
