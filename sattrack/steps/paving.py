"""Paving: whole-pixel windows over a polygon of a scene, for readers that answer pixel by pixel instead of box by box."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import shapely

from sattrack.imagery import Window

# The margin round a tile's core in the reader's pixels, whose answers are thrown away; a core is so many of it wide.
MARGIN_PX = 48
_CORES = (1, 2, 3, 5)


@dataclass(frozen=True, slots=True)
class Slab:
    """One tile: the window to be read, with its margin; its core, in source pixels; and its place among the slabs."""

    window: Window
    core: Window
    row: int
    col: int


@dataclass(frozen=True, slots=True)
class Pavement:
    """Slabs over the bounds of a polygon, row by row.

    core: size of a core (x, y) in source pixels, core_px in the reader's; origin: its first source pixel; shape: slabs (down,
    across).
    """

    core: tuple[int, int]
    core_px: int
    origin: tuple[int, int]
    shape: tuple[int, int]

    @property
    def tile_px(self) -> int:
        """A tile with its margin, in the reader's pixels."""
        return self.core_px + 2 * MARGIN_PX

    @property
    def px(self) -> tuple[float, float]:
        """Source pixels to a pixel of the reader (x, y)."""
        return self.core[0] / self.core_px, self.core[1] / self.core_px

    def slabs(self) -> Iterator[Slab]:
        """Those of every place, also where the polygon has none of it."""
        width, height = self.core
        x, y = width * MARGIN_PX // self.core_px, height * MARGIN_PX // self.core_px
        for row in range(self.shape[0]):
            for col in range(self.shape[1]):
                left, top = self.origin[0] + col * width, self.origin[1] + row * height
                window = Window(left - x, top - y, width + 2 * x, height + 2 * y)
                yield Slab(window, Window(left, top, width, height), row, col)


def pave(polygon: shapely.Geometry, *, gsd_m: tuple[float, float], reader_gsd_m: float) -> Pavement:
    """Slabs that cover a polygon in source pixels, their pixels as near to the reader's size as can be.

    Windows and their margins are whole source pixels, so that no answer is shifted by part of one. A small polygon gets one
    small slab.
    """
    left, top, right, bottom = polygon.bounds
    first = math.floor(left), math.floor(top)
    span = right - first[0], bottom - first[1]
    for parts in _CORES:
        width, height = (max(parts, parts * round(MARGIN_PX * reader_gsd_m / gsd)) for gsd in gsd_m)
        if span[0] <= width and span[1] <= height:
            break
    down, across = math.ceil(span[1] / height), math.ceil(span[0] / width)
    return Pavement((width, height), parts * MARGIN_PX, first, (max(1, down), max(1, across)))
