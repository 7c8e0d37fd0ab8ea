"""Paving: whole-pixel windows over a polygon of a scene, for readers that answer pixel by pixel instead of box by box."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import shapely

from sattrack.imagery import Window

# A tile's core in the reader's pixels, the margin round it, whose answers are thrown away, and the whole.
CORE_PX, MARGIN_PX = 240, 48
TILE_PX = CORE_PX + 2 * MARGIN_PX
_PART = CORE_PX // MARGIN_PX


@dataclass(frozen=True, slots=True)
class Slab:
    """One tile: the window to be read, with its margin; its core, in source pixels; and its place among the slabs."""

    window: Window
    core: Window
    row: int
    col: int


@dataclass(frozen=True, slots=True)
class Pavement:
    """Slabs over the bounds of a polygon, row by row. core: size of a core (x, y) in source pixels; origin: its first pixel."""

    core: tuple[int, int]
    origin: tuple[int, int]
    shape: tuple[int, int]

    @property
    def px(self) -> tuple[float, float]:
        """Source pixels to a pixel of the reader (x, y)."""
        return self.core[0] / CORE_PX, self.core[1] / CORE_PX

    def slabs(self) -> Iterator[Slab]:
        """Those of every place, also where the polygon has none of it."""
        width, height = self.core
        for row in range(self.shape[0]):
            for col in range(self.shape[1]):
                left, top = self.origin[0] + col * width, self.origin[1] + row * height
                x, y = width // _PART, height // _PART
                window = Window(left - x, top - y, width + 2 * x, height + 2 * y)
                yield Slab(window, Window(left, top, width, height), row, col)


def pave(polygon: shapely.Geometry, *, gsd_m: tuple[float, float], reader_gsd_m: float) -> Pavement:
    """Slabs that cover a polygon in source pixels, each of CORE_PX pixels of the reader, as near to its size as can be.

    Windows and their margins are whole source pixels, so that no answer is shifted by part of one.
    """
    left, top, right, bottom = polygon.bounds
    width, height = (max(_PART, _PART * round(CORE_PX * reader_gsd_m / gsd / _PART)) for gsd in gsd_m)
    first = math.floor(left), math.floor(top)
    down, across = math.ceil((bottom - first[1]) / height), math.ceil((right - first[0]) / width)
    return Pavement((width, height), first, (max(1, down), max(1, across)))
