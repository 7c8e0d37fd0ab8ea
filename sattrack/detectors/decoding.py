"""Decoding: what every backend shares. A batch becomes pixels, the raw head of a network becomes boxes."""

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sattrack.detections import Detections
from sattrack.detectors import heap
from sattrack.errors import DetectorError
from sattrack.geometry import quads_from_xywhr
from sattrack.imagery import Batch
from sattrack.results import ModelCard
from sattrack.steps.merging import merge

# What the network saw around pictures while it was trained.
PADDING = 114


class Forward(Protocol):
    """A network where it runs. `device` says where, and by what; oriented: whether its last row holds an angle, radians."""

    device: str
    oriented: bool

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, rows, cols, 3) uint8 RGB -> raw head (n, 4 + classes [+ 1], anchors). Raises DetectorError."""
        ...


class NetworkDetector:
    """A YOLO network, called directly: pixels in, raw head out, decoding and suppression by us, the same for every backend.

    The head's one-to-many branch is used, with no limit of 300 boxes and no time limit. `device` has a word where a batch had
    to be halved for memory.
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
        for number, batch in enumerate(batches, start=1):
            if not batch.tiles:
                yield []
                continue
            raw = self._forward(prepared(batch))
            self.device = self._forward.device
            yield [self._decode(rows) for rows in raw]
            if number % heap.EVERY == 0:
                heap.give_back()

    def _decode(self, rows: NDArray[np.float32]) -> Detections:
        """(4 + classes [+ 1], anchors) -> suppressed boxes above the floor, in tile pixels."""
        found = merge(
            candidates(rows, classes=len(self.classes), oriented=self.oriented, floor=self._floor), overlap=self._overlap
        )
        if len(found) > self._cap:
            found = found.where(np.arange(len(found)) < self._cap)
            return Detections(found.quads, found.scores, found.labels, cap_hit=True)
        return found


def prepared(batch: Batch) -> NDArray[np.uint8]:
    """(n, rows, cols, 3) uint8 RGB, what was not seen painted as in training."""
    pixels = batch.pixels()
    for row, tile in zip(pixels, batch.tiles, strict=True):
        row[~tile.valid] = PADDING
    return pixels


def candidates(rows: NDArray[np.float32], *, classes: int, oriented: bool, floor: float) -> Detections:
    """(4 + classes [+ 1], anchors) -> a box an anchor whose best score reaches the floor, in tile pixels, not yet merged.

    DetectorError where a number is not finite.
    """
    scores = rows[4 : 4 + classes]
    if not np.isfinite(rows).all():
        raise DetectorError("the network returned numbers that are not finite", way_out="check the weights: sattrack doctor")
    best = scores.max(axis=0)
    chosen = np.flatnonzero(best >= floor)
    boxes = np.zeros((len(chosen), 5))
    boxes[:, :4] = rows[:4, chosen].T
    if oriented:
        boxes[:, 4] = rows[4 + classes, chosen]
    return Detections(
        quads_from_xywhr(boxes), best[chosen].astype(np.float32), scores[:, chosen].argmax(axis=0).astype(np.int32)
    )
