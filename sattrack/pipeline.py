"""The sentence: a scene's windows become tiles, batches, detections, placed and merged, and what was seen."""

import hashlib
import json
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePath

import numpy as np

from sattrack.detections import Detections
from sattrack.errors import DetectorError
from sattrack.imagery import Batch, Scene, Stretch, Tile
from sattrack.ports import Detector, Executor, Reader
from sattrack.results import ModelCard, Part, Seen
from sattrack.settings import Settings
from sattrack.steps.clouding import cloud_notes, judge_clouds, without_clouds
from sattrack.steps.glancing import LooksMap
from sattrack.steps.grounding import pixel_rings
from sattrack.steps.merging import merge
from sattrack.steps.observing import SeenMap
from sattrack.steps.picking import touches
from sattrack.steps.placing import checked, place, sound
from sattrack.steps.stretching import apply_stretch, measure_stretch
from sattrack.steps.tiling import Cell, Plan, cells_touching, plan_windows
from sattrack.timeline import Site

# Of what a part means: raised where the same work would come to other boxes.
SCHEMA = "2"


@dataclass(slots=True)
class Timings:
    """Seconds of one scene: wall, in the model, and waiting for pixels. Kept apart from results."""

    wall: float = 0.0
    model: float = 0.0
    waiting: float = 0.0
    tiles: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """A scene with the windows to be looked at, and the key under which its part is stored."""

    scene: Scene
    sha256: str
    plan: Plan
    cells: tuple[Cell, ...]
    key: str


def plan_work(scene: Scene, *, sha256: str, card: ModelCard, settings: Settings, sites: Sequence[Site] = ()) -> Work:
    """Windows over the scene, only those near a site where outlines are given, and the part's key.

    sha256: of the content of the file, and of its mask where it has one.
    """
    plan = plan_windows(
        scene.grid.shape,
        gsd_m=scene.grid.gsd_m,
        model_gsd_m=card.gsd_m,
        tile_px=card.tile_px,
        overlap_m=settings.overlap_m,
        longest_object_m=settings.longest_object_m,
        shift_m=settings.tile_shift_m,
    )
    places = [site for site in sites if not site.excludes]
    cells = _near(plan, scene, places) if places else plan.cells
    key = part_key(scene, sha256=sha256, card=card, settings=settings, cells=cells)
    return Work(scene, sha256, plan, cells, key)


def part_key(scene: Scene, *, sha256: str, card: ModelCard, settings: Settings, cells: Sequence[Cell]) -> str:
    """sha256 over all that changes a part: the content of file and mask, the weights, the settings that matter, the windows,
    how the scene is read and named. Time of change and folder never enter.
    """
    said = {
        "schema": SCHEMA,
        "content": sha256,
        "weights": [
            card.id, card.sha256, card.gsd_m, card.tile_px, list(card.classes), *([card.runtime] if card.runtime else []),
        ],
        "settings": settings.digest_fields(settings.percentiles(card.percentiles)),
        "windows": [(c.window.col, c.window.row, c.window.width, c.window.height) for c in cells],
        "read": [
            scene.part, scene.id, scene.bands, scene.grid.gsd_m, scene.grid.crs, scene.grid.transform, scene.nodata,
            scene.sensor, scene.acquired.isoformat() if scene.acquired else None, scene.source, scene.licence,
            # How a mask is understood hangs on its name.
            scene.mask and PurePath(scene.mask).name,
        ],
    }  # fmt: skip
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:40]


def detect_scene(
    work: Work,
    *,
    reader: Reader,
    detector: Detector,
    card: ModelCard,
    settings: Settings,
    executor: Executor,
    tiles_done: Callable[[int], None] = lambda _n: None,
) -> tuple[Part, Timings]:
    """All boxes of one scene, in its pixels, and what was seen. Raises SceneError, DetectorError: never a partial result.

    tiles_done: told after each batch how many tiles it held.
    """
    timings, began = Timings(), time.monotonic()
    scene = work.scene
    seen = SeenMap(scene.grid.shape, gsd_m=scene.grid.gsd_m, overlap_m=settings.overlap_m)
    stretch = measure_stretch(
        *reader.sample(scene), size_m=scene.grid.size_m, percentiles=settings.percentiles(card.percentiles)
    )
    tiles = executor.map(lambda cell: _tile(cell, scene, reader=reader, stretch=stretch, tile_px=work.plan.tile_px), work.cells)
    looks = _looks(scene, settings=settings, stretch=stretch)
    feed = _Feed(tiles, work.cells, seen=seen, looks=looks, size=settings.batch, timings=timings)
    placed: list[Detections] = []
    check = partial(checked, classes=len(card.classes), floor=settings.score_floor, cap=settings.tile_cap)
    for cells, found in feed.through(detector):
        placed += [place(check(d), cell=cell, plan=work.plan) for cell, d in zip(cells, found, strict=True)]
        tiles_done(len(cells))
    kept, dropped = sound(Detections.joined(placed), shape=scene.grid.shape)
    merged = merge(kept, overlap=settings.merge_overlap)
    observed, notes = _under_clouds(seen.result(), looks, found=merged, card=card, stretch=stretch)
    timings.wall = time.monotonic() - began
    timings.tiles = feed.fed
    # Where the file lay is the run's to say: the same content in another folder is the same part, byte for byte.
    named = replace(
        scene, location=PurePath(scene.location.partition("?")[0]).name, mask=scene.mask and PurePath(scene.mask).name
    )
    part = Part(
        key=work.key, scene=named, sha256=work.sha256, detections=merged, seen=observed, stretch=stretch, card=card,
        device=detector.device, tiles=feed.fed, tiles_skipped=feed.skipped, dropped=dropped, notes=notes,
    )  # fmt: skip
    return part, timings


def _near(plan: Plan, scene: Scene, sites: Sequence[Site]) -> tuple[Cell, ...]:
    outlines = []
    for site in sites:
        if site.outline is None or not touches(site, scene=scene):
            continue
        pixels = np.concatenate([polygon[0] for polygon in pixel_rings(site.outline, grid=scene.grid)])
        outlines.append(pixels[np.isfinite(pixels).all(axis=1)])
    return cells_touching(plan, [o for o in outlines if len(o)])


def _looks(scene: Scene, *, settings: Settings, stretch: Stretch) -> LooksMap | None:
    """Where clouds are to be judged from the picture: without a mask, which would know better."""
    if scene.mask is not None or not settings.cloud_test:
        return None
    return LooksMap(scene.grid.shape, gsd_m=scene.grid.gsd_m, overlap_m=settings.overlap_m, stretch=stretch)


def _under_clouds(
    seen: Seen, looks: LooksMap | None, *, found: Detections, card: ModelCard, stretch: Stretch
) -> tuple[Seen, tuple[str, ...]]:
    """What was seen, less what clouds hide, and what must be said of them."""
    if looks is None:
        return seen, ()
    # By the card's threshold, not the run's: another threshold only counts again, and must find the same part.
    clouds = judge_clouds(looks.result(), boxes=found.where(found.scores >= card.threshold).centres())
    return without_clouds(seen, clouds), cloud_notes(clouds, stretch=stretch)


def _tile(cell: Cell, scene: Scene, *, reader: Reader, stretch: Stretch, tile_px: int) -> Tile:
    raw, valid = reader.read(scene, cell.window, (tile_px, tile_px))
    pixels = apply_stretch(raw, stretch)
    pixels[~valid] = 0
    return Tile(cell.window, pixels, valid)


class _Feed:
    """Batches for the detector out of tiles in order; tiles without a seen pixel never reach it."""

    def __init__(
        self,
        tiles: Iterator[Tile],
        cells: Sequence[Cell],
        *,
        seen: SeenMap,
        looks: LooksMap | None,
        size: int,
        timings: Timings,
    ) -> None:
        self._tiles, self._cells, self._seen, self._looks, self._size, self._timings = tiles, cells, seen, looks, size, timings
        self._waiting: deque[tuple[Cell, ...]] = deque()
        self.fed = 0
        self.skipped = 0

    def batches(self) -> Iterator[Batch]:
        chosen: list[tuple[Cell, Tile]] = []
        began = time.monotonic()
        for cell, tile in zip(self._cells, self._tiles, strict=True):
            self._seen.add(cell, tile.valid)
            if tile.valid.any():
                if self._looks:
                    self._looks.add(tile)
                chosen.append((cell, tile))
            else:
                self.skipped += 1
            if len(chosen) == self._size:
                self._timings.waiting += time.monotonic() - began
                yield self._batch(chosen)
                chosen, began = [], time.monotonic()
        self._timings.waiting += time.monotonic() - began
        if chosen:
            yield self._batch(chosen)

    def through(self, detector: Detector) -> Iterator[tuple[tuple[Cell, ...], list[Detections]]]:
        """The detector's answers, each with the cells that they belong to. DetectorError where it returns too few or many."""
        began = time.monotonic()
        for found in detector.detect(self.batches()):
            if not self._waiting or len(self._waiting[0]) != len(found):
                raise DetectorError("the detector returned other numbers of results than it was given tiles")
            yield self._waiting.popleft(), found
        if self._waiting:
            raise DetectorError("the detector returned fewer batches than it was given")
        self._timings.model += time.monotonic() - began - self._timings.waiting

    def _batch(self, chosen: list[tuple[Cell, Tile]]) -> Batch:
        self._waiting.append(tuple(cell for cell, _ in chosen))
        self.fed += len(chosen)
        return Batch(tuple(tile for _, tile in chosen))
