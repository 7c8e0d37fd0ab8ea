"""Parity: how far two backends' answers to the same pixels are from each other."""

from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sattrack.detectors.decoding import Forward
from sattrack.errors import DetectorError
from sattrack.geometry import quads_from_xywhr
from sattrack.results import ModelCard

# Most that a score (0..1) and a box's corner (pixels) may differ, by the precision of the weights.
TOLERANCES = {"fp32": (0.01, 0.1), "fp16 weights": (0.03, 1.0)}
# Boxes below are never stored, so that their corners say nothing.
_LEAST_SCORE = 0.05
_TILES = 2
# Of larger tiles a part says as much, and takes no minute; a multiple of every stride.
_MOST_PX = 640


@dataclass(frozen=True, slots=True)
class Parity:
    """Of all anchors of some tiles: the largest difference of a score; of those that are boxes, of a corner, pixels."""

    tiles: int
    anchors: int
    boxes: int
    score: float
    corner_px: float
    precision: str

    @property
    def holds(self) -> bool:
        score, corner = TOLERANCES[self.precision]
        return self.score <= score and self.corner_px <= corner

    def values(self) -> dict[str, object]:
        return {**asdict(self), "holds": self.holds, "said": str(self)}

    def __str__(self) -> str:
        score, corner = TOLERANCES[self.precision]
        return (
            f"on {self.tiles} drawn tiles, {self.anchors} anchors, {self.boxes} of them boxes before merging: scores differ by "
            f"{self.score:.1g} at most ({score:g} allowed), corners by {self.corner_px:.1g} px ({corner:g} allowed)"
        )


def compare(reference: Forward, other: Forward, *, card: ModelCard, half: bool = False) -> Parity:
    """Both on the same drawn tiles, before merging: so one anchor's answer stands beside the same anchor's."""
    pixels, n = drawn_pixels(_TILES, tile_px=card.tile_px), len(card.classes)
    # Alone and together, since an export may have taken the number of tiles for a constant.
    one = reference(pixels)
    two = np.concatenate([other(pixels[:1]), other(pixels)[1:]])
    scores = np.abs(one[:, 4 : 4 + n] - two[:, 4 : 4 + n])
    boxes = one[:, 4 : 4 + n].max(axis=1) >= _LEAST_SCORE
    corners = [_quads(raw, boxes, classes=n, oriented=reference.oriented) for raw in (one, two)]
    apart = np.linalg.norm(corners[0] - corners[1], axis=-1)
    return Parity(
        tiles=_TILES, anchors=int(boxes.size), boxes=int(boxes.sum()), score=_largest(scores), corner_px=_largest(apart),
        precision="fp16 weights" if half else "fp32",
    )  # fmt: skip


def demand_parity(reference: Forward, other: Forward, *, card: ModelCard) -> None:
    """DetectorError where a device answers otherwise than the reference by more than half precision explains."""
    found = compare(reference, other, card=replace(card, tile_px=min(card.tile_px, _MOST_PX)), half=True)
    if not found.holds:
        raise DetectorError(f"{other.device} does not answer as {reference.device} does: {found}", way_out="use --device cpu")


def drawn_pixels(tiles: int, *, tile_px: int) -> NDArray[np.uint8]:
    """(tiles, tile_px, tile_px, 3) uint8: rows of bright oblongs with a shadow beside them on rough ground, always the same."""
    rng = np.random.default_rng(20)
    pixels = np.empty((tiles, tile_px, tile_px, 3), np.uint8)
    for number, tile in enumerate(pixels):
        tile[:] = rng.integers(95, 125, (tile_px, tile_px, 1))
        long, wide = ((61, 12), (30, 12))[number % 2]
        for top in range(20, tile_px - wide - 8, 3 * wide if number % 2 else wide + 1):
            for left in range(20, tile_px - long - 8, long + 4):
                if rng.random() < 0.7:
                    tile[top + 3 : top + wide + 3, left + 3 : left + long + 3] //= 2
                    tile[top : top + wide - 1, left : left + long] = rng.integers(40, 240, 3)
    return pixels


def _quads(raw: NDArray[np.float32], boxes: NDArray[np.bool_], *, classes: int, oriented: bool) -> NDArray[np.float64]:
    """(tiles, 4 + classes [+ 1], anchors), and which are boxes -> their corners (n, 4, 2)."""
    rows = np.moveaxis(raw, 1, -1)[boxes].astype(float)
    angles = rows[:, 4 + classes] if oriented else np.zeros(len(rows))
    return quads_from_xywhr(np.column_stack([rows[:, :4], angles]))


def _largest(numbers: NDArray[np.floating]) -> float:
    """Numbers that are not finite are as far apart as can be."""
    worst = float(numbers.max(initial=0.0))
    return worst if np.isfinite(worst) else float("inf")
