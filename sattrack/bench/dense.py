"""Density: full blocks rendered up to the densest packing, to see whether a network's head runs out of places for boxes."""

import math
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sattrack import wiring
from sattrack.bench.datasets import LabelledImage, read_dataset, scene_of
from sattrack.bench.detecting import counted_from, detect_each
from sattrack.bench.scoring import IOUS, match
from sattrack.detections import Detections
from sattrack.imagery import Batch
from sattrack.phrases import some
from sattrack.ports import Detector
from sattrack.results import ModelCard
from sattrack.settings import Settings
from sattrack.steps.tiling import plan_windows
from sattrack.synthetic.full_blocks import FullBlock
from sattrack.synthetic.labelled_set import write_set
from sattrack.synthetic.seeds import SETS_SEED
from sattrack.synthetic.yards import FT20, FT40

FIRST_SEED = SETS_SEED + 200_000
GSDS_M = (0.3, 0.5, 0.65, 0.8)
GAPS_M = (0.05, 0.15)
# Of the blocks: a few boxes, half a tile, and more than a tile.
SIDES_M = (40.0, 90.0, math.inf)
# The same boxes stand here in blocks of any side.
CORE_M = 24.0
_EXTENT_M = 150.0
# Strides of the three levels of a YOLO head, pixels of the tile; each of their cells can claim one box.
STRIDES = (8, 16, 32)
_IOU = IOUS[0]


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """One block and how it was found.

    hectares: of the block. true, found, hits: boxes labelled, found at the threshold, and labelled boxes that were found. core,
    core_hits: of those in the middle CORE_M, which all blocks of the seed share. tile_true: boxes whose middle lies in a tile,
    of the fullest one; tile_stored: boxes that a tile returned, of the fullest one. tile_boxes: of all tiles; crowded: by
    stride, how many of these share their cell with another. cap_hit: a tile returned as many as it may.
    """

    block: FullBlock
    hectares: float
    true: int
    found: int
    hits: int
    core: int
    core_hits: int
    tile_true: int
    tile_stored: int
    tile_boxes: int
    crowded: dict[int, int]
    cap_hit: bool


@dataclass(frozen=True, slots=True, eq=False)
class Density:
    """All blocks, and the limit on boxes a tile."""

    blocks: tuple[Dense, ...]
    tile_cap: int
    card: ModelCard
    threshold: float


def full_blocks(headings: int, *, first_seed: int = FIRST_SEED, gsds_m: Sequence[float] = GSDS_M) -> tuple[FullBlock, ...]:
    """At each pixel size so many headings over half a turn, boxes of 20 and 40 ft, and each block at all of SIDES_M."""
    orders = []
    seed = first_seed
    for gsd in gsds_m:
        for i in range(headings):
            for length in (FT20, FT40):
                rng = np.random.default_rng([seed, 2])
                gap = (round(float(rng.uniform(*GAPS_M)), 3), round(float(rng.uniform(*GAPS_M)), 3))
                heading = math.pi * (i + float(rng.uniform(-0.3, 0.3))) / headings
                orders += [
                    FullBlock(
                        f"block_{seed}_{'full' if math.isinf(side) else round(side)}", seed, gsd, round(_EXTENT_M / gsd),
                        length_m=length, gap_m=gap, heading=heading, side_m=side,
                    )
                    for side in SIDES_M
                ]  # fmt: skip
                seed += 1
    return tuple(orders)


def bench_dense(
    blocks: Sequence[FullBlock], *, model: wiring.Model, settings: Settings, processes: int = 1,
    heard: Callable[[str], None] = lambda _line: None,
) -> Density:  # fmt: skip
    """Renders the blocks, counts them, and looks at what each tile holds and returns."""
    card = wiring.card_of(model)
    threshold = counted_from(card, asked=settings.threshold, settings=settings)
    watched: list[_Watched] = []

    def watch(detector: Detector) -> Detector:
        watched.append(_Watched(detector))
        return watched[0]

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "dense"
        for _ in write_set(folder, blocks, processes=processes):
            pass
        heard(f"{some(len(blocks), 'block')} rendered")
        by_name = {image.name: image for image in read_dataset(folder)}
        images = [by_name[block.name] for block in blocks]
        parts = detect_each((scene_of(i, limits=settings) for i in images), model=model, settings=settings, watch=watch)
        found = []
        for block, image, part in zip(blocks, images, parts, strict=True):
            returned = watched[0].taken()
            found.append(_dense(block, image, part.detections, returned, card=card, threshold=threshold, settings=settings))
            if len(found) % 25 == 0:
                heard(f"{len(found)} of {len(blocks)} counted")
    return Density(tuple(found), settings.tile_cap, card, threshold)


class _Watched:
    """A detector that passes everything on and remembers how many boxes each tile returned."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._returned: list[tuple[int, bool]] = []
        self.classes, self.gsd_m, self.tile_px = detector.classes, detector.gsd_m, detector.tile_px
        self.device = detector.device

    def detect(self, batches: Iterable[Batch]) -> Iterator[list[Detections]]:
        for found in self._detector.detect(batches):
            self._returned += [(len(one), one.cap_hit) for one in found]
            self.device = self._detector.device
            yield found

    def taken(self) -> list[tuple[int, bool]]:
        """Boxes returned by each tile since it was last asked, and whether that was as many as it may."""
        returned, self._returned = self._returned, []
        return returned


def _dense(
    block: FullBlock, image: LabelledImage, found: Detections, returned: list[tuple[int, bool]], *, card: ModelCard,
    threshold: float, settings: Settings,
) -> Dense:  # fmt: skip
    sure = found.where(found.scores >= threshold)
    claims = match(sure, truth=image.truth).claims[IOUS.index(_IOU)]
    hit = np.zeros(len(image.truth), bool)
    hit[claims[claims >= 0]] = True
    middles = image.truth.mean(axis=1)
    size = np.array([image.shape[1], image.shape[0]])
    core = (np.abs(middles - size / 2) * block.gsd_m <= CORE_M / 2).all(axis=1)
    side = min(block.side_m, block.pixels * block.gsd_m)
    plan = plan_windows(
        image.shape, gsd_m=image.gsd_m, model_gsd_m=card.gsd_m, tile_px=card.tile_px, overlap_m=settings.overlap_m,
        longest_object_m=settings.longest_object_m, shift_m=settings.tile_shift_m,
    )  # fmt: skip
    tiles = [(middles - (c.window.col, c.window.row)) / plan.scale for c in plan.cells]
    tiles = [t[((t >= 0) & (t < card.tile_px)).all(axis=1)] for t in tiles]
    return Dense(
        block=block, hectares=side**2 / 1e4, true=len(hit), found=len(sure), hits=int(hit.sum()), core=int(core.sum()),
        core_hits=int((hit & core).sum()), tile_true=max(map(len, tiles)), tile_stored=max((n for n, _ in returned), default=0),
        tile_boxes=sum(map(len, tiles)), crowded={s: sum(sharing_a_cell(t, stride=s) for t in tiles) for s in STRIDES},
        cap_hit=any(hit_cap for _, hit_cap in returned),
    )  # fmt: skip


def sharing_a_cell(middles: NDArray[np.float64], *, stride: int) -> int:
    """How many of the points (n, 2), in pixels of a tile, lie in a cell of a level in which another lies too."""
    if not len(middles):
        return 0
    _, counts = np.unique(np.floor(middles / stride).astype(int), axis=0, return_counts=True)
    return int(counts[counts > 1].sum())
