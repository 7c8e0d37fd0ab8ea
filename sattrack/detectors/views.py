"""Views: each tile also turned and mirrored before the detector; what its views found together is what the tile holds."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sattrack.detections import Detections
from sattrack.errors import DetectorError
from sattrack.geometry import Points
from sattrack.imagery import Batch, Tile
from sattrack.ports import Detector
from sattrack.steps.fusing import fuse
from sattrack.steps.placing import checked

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class View:
    """A way to look at a tile. pixels: (rows, cols, ...) -> the same turned. back: points (..., 2) of the turned tile, and the
    (rows, cols) of the upright one -> where they lie in the upright one.
    """

    name: str
    pixels: Callable[[Array], Array]
    back: Callable[[Points, tuple[int, int]], Points]

    def of(self, batch: Batch) -> Batch:
        """The batch's tiles as this view shows them, each whole in memory as the network reads it."""
        tiles = tuple(Tile(tile.window, self._turned(tile.pixels), self._turned(tile.valid)) for tile in batch.tiles)
        return Batch(tiles, begins=batch.begins and self is VIEWS[0])

    def upright(self, found: Detections, *, shape: tuple[int, int]) -> Detections:
        """What was found in the view, in the pixels of the upright tile of (rows, cols)."""
        return Detections(self.back(found.quads, shape), found.scores, found.labels, found.cap_hit)

    def _turned(self, pixels: Array) -> Array:
        return np.ascontiguousarray(self.pixels(pixels))


def _mirrored(points: Points, shape: tuple[int, int]) -> Points:
    return np.stack([shape[1] - points[..., 0], points[..., 1]], axis=-1)


def _half_turned(points: Points, shape: tuple[int, int]) -> Points:
    return np.stack([shape[1] - points[..., 0], shape[0] - points[..., 1]], axis=-1)


# Points are continuous from the outer corner of the first pixel, so that a mirror takes x to cols - x: no half pixel anywhere.
PLAIN = View("plain", lambda a: a, lambda points, _shape: points)
MIRROR = View("mirror", lambda a: a[:, ::-1], _mirrored)
HALF_TURN = View("half turn", lambda a: a[::-1, ::-1], _half_turned)
VIEWS = (PLAIN, MIRROR, HALF_TURN)


class Careful:
    """A detector that looks at each tile in several views, one after another, and fuses what they found.

    A batch is as large as without, so that memory is too; the time is that of the inner detector times the views.
    """

    def __init__(self, inner: Detector, *, score_floor: float, tile_cap: int) -> None:
        self._inner = inner
        self._floor = score_floor
        self._cap = tile_cap
        self.classes = inner.classes
        self.gsd_m = inner.gsd_m
        self.tile_px = inner.tile_px
        self.device = inner.device

    def detect(self, batches: Iterable[Batch]) -> Iterator[list[Detections]]:
        """A Detections a tile of each batch, in order. DetectorError where the inner detector breaks its contract."""
        waiting: deque[list[tuple[int, int]]] = deque()

        def views() -> Iterator[Batch]:
            for batch in batches:
                waiting.append([(tile.valid.shape[0], tile.valid.shape[1]) for tile in batch.tiles])
                yield from (view.of(batch) for view in VIEWS)

        answers = self._inner.detect(views())
        while looks := list(islice(answers, len(VIEWS))):
            shapes = waiting.popleft() if waiting else []
            if [len(found) for found in looks] != [len(shapes)] * len(VIEWS):
                raise DetectorError("the detector returned other numbers of results than it was given tiles")
            self.device = self._inner.device
            yield [self._fused(of_tile, shape) for of_tile, shape in zip(zip(*looks, strict=True), shapes, strict=True)]

    def _fused(self, looks: Sequence[Detections], shape: tuple[int, int]) -> Detections:
        sound = (checked(found, classes=len(self.classes), floor=self._floor, cap=self._cap) for found in looks)
        upright = [view.upright(found, shape=shape) for view, found in zip(VIEWS, sound, strict=True)]
        return fuse(upright, floor=self._floor)
