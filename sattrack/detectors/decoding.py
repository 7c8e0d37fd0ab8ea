"""Decoding: what every backend shares. Tiles become what a network sees, its raw head becomes boxes."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sattrack.detections import Detections
from sattrack.detectors import heap
from sattrack.detectors.calling import answers
from sattrack.errors import DetectorError
from sattrack.geometry import quads_from_xywhr
from sattrack.imagery import Batch, Tile
from sattrack.results import ModelCard
from sattrack.steps.merging import merge

# What the network saw around pictures while it was trained.
PADDING = 114

# (rows, cols, 3) uint8 RGB each: a list of tiles' own arrays, or one array of four dimensions.
Pixels = Sequence[NDArray[np.uint8]] | NDArray[np.uint8]
# (4 + classes [+ 1], k) float32: of a raw head the anchors that are candidates.
Columns = NDArray[np.float32]


class Forward(Protocol):
    """A network where it runs. `device` says where, and by what; oriented: whether its last row holds an angle, radians.

    workers: calls that may be under way at once, each from a thread of its own. size: tiles a call; none: a batch as it comes.
    """

    device: str
    oriented: bool
    workers: int
    size: int | None

    def __call__(self, pixels: Pixels) -> NDArray[np.float32]:
        """n tiles -> their raw heads (n, 4 + classes [+ 1], anchors). Raises DetectorError."""
        ...

    def columns(self, pixels: Pixels, *, classes: int, floor: float) -> list[Columns]:
        """n tiles -> of each the anchors whose best score reaches the floor, in the anchors' order. Raises DetectorError, also
        where any number of a head is not finite.
        """
        heads = demand_heads(self(pixels), tiles=len(pixels), rows=4 + classes + self.oriented)
        return [chosen(head, classes=classes, floor=floor) for head in heads]


class NetworkDetector:
    """A YOLO network, called directly: pixels in, raw head out, decoding and suppression by us, the same for every backend.

    The head's one-to-many branch is used, with no limit of 300 boxes and no time limit. While the network is at work in its
    threads, the caller's decodes and merges what came before. `device` has a word where a batch had to be halved for memory.
    """

    def __init__(self, forward: Forward, *, card: ModelCard, score_floor: float, merge_overlap: float, tile_cap: int) -> None:
        self.classes = card.classes
        self.gsd_m = card.gsd_m
        self.tile_px = card.tile_px
        self.oriented = forward.oriented
        self.device = forward.device
        self._forward = forward
        self._floor = score_floor
        self._overlap = merge_overlap
        self._cap = tile_cap

    def detect(self, batches: Iterable[Batch]) -> Iterator[list[Detections]]:
        """A Detections per tile of each batch, in order. DetectorError where the network returns what is not finite."""
        ask = partial(self._forward.columns, classes=len(self.classes), floor=self._floor)
        found = answers(lambda tiles: ask([painted(tile) for tile in tiles]), batches, lanes=self._forward)
        for number, columns in enumerate(found, start=1):
            self.device = self._forward.device
            yield [self._decode(of_tile) for of_tile in columns]
            if number % heap.EVERY == 0:
                heap.give_back()
        # What is made of the boxes now needs memory of its own.
        heap.give_back()

    def _decode(self, columns: Columns) -> Detections:
        """Candidates -> suppressed boxes, in tile pixels."""
        found = merge(boxes_of(columns, classes=len(self.classes), oriented=self.oriented), overlap=self._overlap)
        if len(found) > self._cap:
            found = found.where(np.arange(len(found)) < self._cap)
            return Detections(found.quads, found.scores, found.labels, cap_hit=True)
        return found


def demand_heads(heads: NDArray[np.float32], *, tiles: int, rows: int | None = None) -> NDArray[np.float32]:
    """The heads themselves; DetectorError where they are not (tiles, rows, anchors): rows that lie elsewhere would be read as
    scores.
    """
    if heads.ndim != 3 or len(heads) != tiles or rows not in (None, heads.shape[1]):
        expected = f"({tiles}, {'rows' if rows is None else rows}, anchors)"
        raise DetectorError(
            f"the network answers in the shape {heads.shape}, not {expected}", way_out="check the weights: sattrack doctor"
        )
    return heads


def painted(tile: Tile) -> NDArray[np.uint8]:
    """(rows, cols, 3) uint8 RGB, what was not seen painted as in training; the tile's own array where all was seen."""
    if tile.valid.all():
        return tile.pixels
    # By place, in half the time that a mask takes.
    pixels = tile.pixels.reshape(-1, 3).copy()
    pixels[np.flatnonzero(~tile.valid)] = PADDING
    return pixels.reshape(tile.pixels.shape)


def chosen(head: NDArray[np.float32], *, classes: int, floor: float) -> Columns:
    """(4 + classes [+ 1], anchors) -> the columns whose best score reaches the floor. DetectorError where a number is not
    finite, be it of a column or not: a comparison with NaN would choose nothing, and the tile count 0.
    """
    if not np.isfinite(head).all():
        raise not_finite()
    return np.asarray(head[:, np.flatnonzero(head[4 : 4 + classes].max(axis=0) >= floor)], np.float32)


def not_finite() -> DetectorError:
    return DetectorError("the network returned numbers that are not finite", way_out="check the weights: sattrack doctor")


def boxes_of(columns: Columns, *, classes: int, oriented: bool) -> Detections:
    """A box a column, in tile pixels, not yet merged."""
    scores = columns[4 : 4 + classes]
    boxes = np.zeros((columns.shape[1], 5))
    boxes[:, :4] = columns[:4].T
    if oriented:
        boxes[:, 4] = columns[4 + classes]
    return Detections(quads_from_xywhr(boxes), scores.max(axis=0), scores.argmax(axis=0).astype(np.int32))
