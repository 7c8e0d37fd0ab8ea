"""The sentence: scenes' windows become tiles, batches, detections, placed and merged, and what was seen."""

import hashlib
import json
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import PurePath

import numpy as np

from sattrack.detections import Detections
from sattrack.errors import DetectorError, SceneError, SceneRefused
from sattrack.imagery import Batch, Scene, Tile
from sattrack.looking import Look, Shown, Timings, Work
from sattrack.ports import Detector, Executor, Reader
from sattrack.results import ModelCard, Part
from sattrack.settings import Settings
from sattrack.steps.grounding import pixel_rings
from sattrack.steps.picking import touches
from sattrack.steps.tiling import Cell, Plan, cells_touching, plan_windows
from sattrack.timeline import Site

__all__ = ["Ended", "Timings", "Work", "detect_scene", "detect_scenes", "part_key", "plan_work"]

# What fails a scene, and not the run.
OF_ONE_SCENE = (SceneError, SceneRefused, DetectorError, MemoryError)
# Of what a part means: raised where the same work would come to other boxes.
SCHEMA = "3"


@dataclass(frozen=True, slots=True, eq=False)
class Ended:
    """What became of a scene: its part, or the error for which there is none."""

    work: Work
    timings: Timings
    part: Part | None = None
    error: Exception | None = None


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
            # Only where there is something to say, so that the parts of other scenes keep their keys.
            *([[(piece.col, piece.row, piece.shape) for piece in scene.pieces]] if scene.pieces else []),
            *([asdict(scene.viewing)] if scene.viewing else []),
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
) -> tuple[Part, Timings]:
    """All boxes of one scene, in its pixels, and what was seen. Raises SceneError, DetectorError: never a partial result."""
    (ended,) = detect_scenes([work], reader=reader, detector=detector, card=card, settings=settings, executor=executor)
    if ended.part is None:
        assert ended.error is not None
        raise ended.error
    return ended.part, ended.timings


def detect_scenes(
    works: Sequence[Work],
    *,
    reader: Reader,
    detector: Detector,
    card: ModelCard,
    settings: Settings,
    executor: Executor,
    begins: Callable[[Work], None] = lambda _work: None,
    tiles_done: Callable[[int], None] = lambda _n: None,
) -> Iterator[Ended]:
    """What became of each scene, in order. While the detector is at work on one, the next ones are read ahead.

    The detector meets the batches of all scenes in a row. No batch holds tiles of two, so that a part does not know what went
    before it. begins: told when a scene's first window is asked for. tiles_done: after each batch how many tiles it held.
    """
    queue = _Queue(works, look=partial(Look, card=card, settings=settings), begins=begins, most_s=settings.scene_seconds)
    while queue.more:
        try:
            with closing(_batches(queue, reader=reader, executor=executor, size=settings.batch)) as batches:
                for found in detector.detect(batches):
                    queue.answer(found)
                    tiles_done(len(found))
                    queue.watch()
                    # The last one waits for the detector to end, who may return more than it was given.
                    yield from queue.ended(detector, but=1)
                queue.all_answered()
        except OF_ONE_SCENE as error:
            queue.fail(error)
        yield from queue.ended(detector)


def _batches(queue: "_Queue", *, reader: Reader, executor: Executor, size: int) -> Generator[Batch, None, None]:
    """Batches out of the tiles of scene after scene; tiles without a seen pixel are left out."""

    def read(asked: tuple[Look, Cell]) -> tuple[Look, Cell, Shown | Exception]:
        look, cell = asked
        try:
            return look, cell, look.tile(cell, reader=reader)
        except OF_ONE_SCENE as error:
            return look, cell, error

    current: Look | None = None
    chosen: list[tuple[Cell, Tile]] = []
    began = time.monotonic()
    for look, cell, shown in executor.map(read, queue.windows()):
        look.timings.waiting += time.monotonic() - began
        if look is not current:
            current, chosen = look, []  # a scene that failed leaves some behind
        if isinstance(shown, Exception):
            look.error = look.error or shown
        elif not look.error:
            if look.add(cell, shown):
                chosen.append((cell, shown.tile))
            if chosen and (len(chosen) == size or look.unread == 0):
                queue.asked.append((look, tuple(cell for cell, _ in chosen)))
                yield Batch(tuple(tile for _, tile in chosen), begins=look.fed == len(chosen))
                chosen = []
        began = time.monotonic()


class _Queue:
    """Scenes that have not begun, and those on their way, in order. asked: the windows of each batch that is to be answered."""

    def __init__(
        self, works: Sequence[Work], *, look: Callable[[Work], Look], begins: Callable[[Work], None], most_s: float
    ) -> None:  # fmt: skip
        self.asked: deque[tuple[Look, tuple[Cell, ...]]] = deque()
        self._works, self._begun, self._look, self._begins, self._most_s = works, 0, look, begins, most_s
        self._on_way: deque[Look] = deque()
        self._since = time.monotonic()

    @property
    def more(self) -> bool:
        return self._left > 0 or bool(self._on_way)

    @property
    def _left(self) -> int:
        return len(self._works) - self._begun

    def windows(self) -> Iterator[tuple[Look, Cell]]:
        """Every window of every scene that has not begun; no more of a scene once it has failed."""
        while self._left:
            look, since = self._next(), time.monotonic()
            self._begins(look.work)
            for cell in look.work.cells:
                # Also here, since of a scene in which nothing is seen no answer is waited for.
                self._limit(look, since=max(since, self._since))
                if look.error:
                    break
                yield look, cell

    def _next(self) -> Look:
        """The next scene, which is on its way now."""
        self._on_way.append(self._look(self._works[self._begun]))
        self._begun += 1
        return self._on_way[-1]

    def answer(self, found: list[Detections]) -> None:
        """Gives the oldest batch its answer. DetectorError where there is none that it fits."""
        if not self.asked or len(self.asked[0][1]) != len(found):
            raise DetectorError("the detector returned other numbers of results than it was given tiles")
        look, cells = self.asked.popleft()
        try:
            look.place(cells, found)
        except OF_ONE_SCENE as error:
            look.error = look.error or error

    def all_answered(self) -> None:
        """DetectorError where the detector ended before all that it was to be given was drawn and answered."""
        if self.asked or self._left or not all(look.over for look in self._on_way):
            raise DetectorError("the detector returned fewer batches than it was given")

    def watch(self) -> None:
        """Fails the scene that is to end next once it takes longer than it may: what hangs inside a batch is not seen."""
        if self._on_way and not self._on_way[0].complete:
            self._limit(self._on_way[0], since=self._since)

    def _limit(self, look: Look, *, since: float) -> None:
        if time.monotonic() - since > self._most_s:
            look.error = look.error or SceneError(
                f"it took longer than scene_seconds = {self._most_s:g}", where=look.work.scene.location,
                way_out="give --scene-seconds more, or outlines of what is wanted",
            )  # fmt: skip

    def fail(self, error: Exception) -> None:
        """Fails the scene whose answer was waited for. Those behind it begin again: what had been asked for them is lost."""
        if not self._on_way:
            self._next()
        culprit = self.asked[0][0] if self.asked else self._on_way[0]
        culprit.error = culprit.error or error
        self.asked.clear()
        # A scene that failed is gone while batches of it are still with the detector: then all that are left are behind it.
        while self._on_way and self._on_way[-1] is not culprit:
            self._on_way.pop()
            self._begun -= 1

    def ended(self, detector: Detector, *, but: int = 0) -> Iterator[Ended]:
        """Scenes that are done or failed, in order, up to the first that is still on its way, but for so many last of all."""
        while self._on_way and len(self._on_way) + self._left > but and self._on_way[0].over:
            look = self._on_way.popleft()
            part = None
            if not look.error:
                try:
                    part = look.part(device=detector.device)
                except OF_ONE_SCENE as error:
                    look.error = error
            look.timings.end(time.monotonic() - self._since)
            self._since = time.monotonic()
            yield Ended(look.work, look.timings, part, look.error)


def _near(plan: Plan, scene: Scene, sites: Sequence[Site]) -> tuple[Cell, ...]:
    outlines = []
    for site in sites:
        if site.outline is None or not touches(site, scene=scene):
            continue
        pixels = np.concatenate([polygon[0] for polygon in pixel_rings(site.outline, grid=scene.grid)])
        outlines.append(pixels[np.isfinite(pixels).all(axis=1)])
    return cells_touching(plan, [o for o in outlines if len(o)])
