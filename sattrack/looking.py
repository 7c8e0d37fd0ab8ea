"""Looking: one scene on its way through the detector, with what was seen of it so far and its boxes."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import PurePath

import numpy as np

from sattrack.detections import Detections
from sattrack.imagery import Scene, Stretch, Tile
from sattrack.ports import Reader
from sattrack.results import ModelCard, Part, Seen
from sattrack.settings import Settings
from sattrack.steps.clouding import cloud_notes, judge_clouds, without_clouds
from sattrack.steps.glancing import Glance, LooksMap
from sattrack.steps.merging import merge
from sattrack.steps.observing import SeenMap, nodata_notes
from sattrack.steps.placing import checked, place, sound
from sattrack.steps.resolving import Detail, detail_notes, detail_of
from sattrack.steps.sizing import metric_quads
from sattrack.steps.stretching import apply_stretch, measure_stretch
from sattrack.steps.tiling import Cell, Plan

# The first four are done in the threads that read ahead, beside the others.
AHEAD = ("survey", "read", "stretch", "look")
STAGES = (*AHEAD, "observe", "model", "place", "merge", "judge")
# A box of this score stood in sight, and not under a cloud. No threshold: that of a run, and of a bare card, only counts again,
# and must find the same part.
_IN_SIGHT = 0.4


@dataclass(slots=True)
class Timings:
    """Seconds of one scene: wall, in the model, and waiting for pixels. Kept apart from results.

    Where scenes follow one another, a scene's time begins when the one before it has ended. stages: of each of STAGES; of those
    of AHEAD the reading threads' own time of the processor, without what GDAL decodes in threads of its own. travelled: bytes
    that a worker read of each remote file, by its place.
    """

    wall: float = 0.0
    model: float = 0.0
    waiting: float = 0.0
    tiles: int = 0
    stages: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    travelled: dict[str, int] = field(default_factory=dict)
    _adding: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """What is done inside counts as this stage. For any thread."""
        clock = time.thread_time if name in AHEAD else time.monotonic
        began = clock()
        try:
            yield
        finally:
            with self._adding:
                self.stages[name] += clock() - began

    def __reduce__(self) -> tuple[object, ...]:
        # Workers send them home, and a lock stays where it is.
        return Timings, (self.wall, self.model, self.waiting, self.tiles, self.stages, self.travelled)

    def end(self, wall: float) -> None:
        """Tells what the whole took; the model had what is left when nothing else was waited for or done."""
        self.wall = wall
        done = sum(seconds for name, seconds in self.stages.items() if name not in (*AHEAD, "model"))
        self.model = self.stages["model"] = max(0.0, wall - self.waiting - done)


@dataclass(frozen=True, slots=True)
class Work:
    """A scene with the windows to be looked at, and the key under which its part is stored."""

    scene: Scene
    sha256: str
    plan: Plan
    cells: Sequence[Cell]
    key: str


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A tile, the detail that it shows, and what was glanced of it where clouds are to be judged."""

    tile: Tile
    detail: Detail = field(default_factory=Detail)
    glance: Glance | None = None


class Look:
    """A scene on its way. Tiles are made in any thread; all else is for one thread. error: why it will have no part."""

    def __init__(self, work: Work, *, card: ModelCard, settings: Settings) -> None:
        self.work, self.timings = work, Timings()
        self.error: Exception | None = None
        self.unread, self.unanswered, self.fed = len(work.cells), 0, 0
        self._card, self._settings = card, settings
        grid = work.scene.grid
        self._seen = SeenMap(grid.shape, gsd_m=grid.gsd_m, overlap_m=settings.overlap_m)
        self._stretch: Stretch | None = None
        self._notes: tuple[str, ...] = ()
        self._looks: LooksMap | None = None
        self._detail = Detail()
        self._surveying = threading.Lock()
        self._placed: list[Detections] = []

    @property
    def complete(self) -> bool:
        """Whether every window was read, and the detector has answered for each that it was given."""
        return self.unread == 0 and self.unanswered == 0

    @property
    def over(self) -> bool:
        return self.complete or self.error is not None

    def tile(self, cell: Cell, *, reader: Reader) -> Shown:
        """A window's pixels as the detector takes them. Raises SceneError."""
        stage, tile_px = self.timings.stage, self.work.plan.tile_px
        stretch = self._surveyed(reader)
        with stage("read"):
            raw, valid = reader.read(self.work.scene, cell.window, (tile_px, tile_px))
        if not valid.any():
            return Shown(Tile(cell.window, np.zeros((tile_px, tile_px, 3), np.uint8), valid))
        with stage("stretch"):
            tile = Tile(cell.window, apply_stretch(raw, stretch, valid=valid), valid)
        with stage("look"):
            detail = detail_of(tile, gsd_m=self.work.scene.grid.gsd_m, tile_gsd_m=self._card.gsd_m)
            return Shown(tile, detail, self._looks.look(tile) if self._looks else None)

    def add(self, cell: Cell, shown: Shown) -> bool:
        """Keeps what a tile shows, in the order of the windows; whether the detector is to see it: not without a seen pixel."""
        self.unread -= 1
        with self.timings.stage("observe"):
            self._seen.add(cell, shown.tile.valid)
            self._detail += shown.detail
            if self._looks and shown.glance:
                self._looks.keep(shown.glance)
            if not shown.tile.valid.any():
                return False
        self.fed += 1
        self.unanswered += 1
        return True

    def place(self, cells: Sequence[Cell], found: Sequence[Detections]) -> None:
        """Takes the detector's answers for some windows. DetectorError where they cannot be."""
        self.unanswered -= len(cells)
        classes, settings = len(self._card.classes), self._settings
        with self.timings.stage("place"):
            for cell, one in zip(cells, found, strict=True):
                sure = checked(one, classes=classes, floor=settings.score_floor, cap=settings.tile_cap)
                self._placed.append(place(sure, cell=cell, plan=self.work.plan))

    def part(self, *, device: str) -> Part:
        """What is stored of a scene that is complete. device: where the detector ran."""
        scene, work = self.work.scene, self.work
        with self.timings.stage("merge"):
            kept, dropped = sound(Detections.joined(self._placed), shape=scene.grid.shape)
            ground = metric_quads(kept.quads, grid=scene.grid)
            merged = merge(kept, overlap=self._settings.merge_overlap, ground=ground)
        assert self._stretch is not None
        with self.timings.stage("judge"):
            observed, notes = self._under_clouds(self._stretch, merged)
            notes = (*detail_notes(self._detail, gsd_m=scene.grid.gsd_m), *notes)
        self.timings.tiles = self.fed
        # Where the file lay is the run's to say: the same content in another folder is the same part, byte for byte.
        named = replace(
            scene, location=_name(scene.location), mask=scene.mask and PurePath(scene.mask).name,
            pieces=tuple(replace(piece, location=_name(piece.location)) for piece in scene.pieces),
        )  # fmt: skip
        return Part(
            key=work.key, scene=named, sha256=work.sha256, detections=merged, seen=observed, stretch=self._stretch,
            card=self._card, device=device, tiles=self.fed, tiles_skipped=len(work.cells) - self.fed, dropped=dropped,
            notes=(*self._notes, *notes),
        )  # fmt: skip

    def _surveyed(self, reader: Reader) -> Stretch:
        """The scene's stretch, measured by the first thread that asks."""
        with self._surveying:
            if self._stretch is None:
                scene, settings = self.work.scene, self._settings
                percentiles = settings.percentiles(self._card.percentiles)
                with self.timings.stage("survey"):
                    stretch = measure_stretch(*reader.sample(scene), size_m=scene.grid.size_m, percentiles=percentiles)
                self._notes = nodata_notes(reader.undeclared_nodata(scene))
                # Clouds are judged from the picture without a mask, which would know better.
                if scene.mask is None and settings.cloud_test:
                    self._looks = LooksMap(
                        scene.grid.shape, gsd_m=scene.grid.gsd_m, overlap_m=settings.overlap_m, stretch=stretch
                    )
                self._stretch = stretch
            return self._stretch

    def _under_clouds(self, stretch: Stretch, found: Detections) -> tuple[Seen, tuple[str, ...]]:
        """What was seen, less what clouds hide, and what must be said of them."""
        seen = self._seen.result()
        if self._looks is None:
            return seen, ()
        clouds = judge_clouds(self._looks.result(), boxes=found.where(found.scores >= _IN_SIGHT).centres())
        return without_clouds(seen, clouds), cloud_notes(clouds, stretch=stretch)


def _name(location: str) -> str:
    return PurePath(location.partition("?")[0]).name
