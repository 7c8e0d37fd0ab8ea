"""The limit: how long the network alone, and the detector alone, take for the same tiles, already in memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sattrack import wiring
from sattrack.bench.clocks import Clock
from sattrack.detections import Detections
from sattrack.executors.threads import SerialExecutor
from sattrack.imagery import Batch
from sattrack.pipeline import detect_scene, plan_work
from sattrack.ports import Detector
from sattrack.readers.describing import describe
from sattrack.readers.finding import find_sources
from sattrack.settings import Settings

# Batches held in memory while they are timed: enough that starting and ending do not matter.
_BATCHES_AT_ONCE = 16


def measure_limit(
    picture: Path, *, model: wiring.Model, settings: Settings, every: int, first: int, gsd_m: float
) -> dict[str, Any]:
    """The network and the detector in turn on every so manieth tile of a picture, from the first-th on, in batches as in a run.

    network: forward passes alone, on pixels that are ready, heads thrown away; none where the detector shows no network.
    detector: with decoding and suppression. Both as [wall s, processor s].
    """
    detector, card = wiring.load_model(model, settings=settings)
    watch = Stopwatch(detector)
    reader = wiring.make_reader(settings)
    try:
        scene = describe(find_sources([str(picture)])[0], gsd_m=(gsd_m, gsd_m), limits=settings)
        work = plan_work(scene, sha256="", card=card, settings=settings)
        part, _ = detect_scene(
            replace(work, cells=work.cells[first::every]), reader=reader, detector=watch, card=card,
            settings=settings, executor=SerialExecutor(),
        )  # fmt: skip
    finally:
        reader.close()
    network = [watch.network.wall_s, watch.network.cpu_s] if watch.forward else None
    return {
        "tiles": part.tiles, "network": network, "detector": [watch.spent.wall_s, watch.spent.cpu_s], "device": part.device,
        "runtime": card.runtime,
    }  # fmt: skip


class Stopwatch:
    """A detector that gathers batches first, and times the inner one, and its network, on them while nothing else goes on."""

    def __init__(self, inner: Detector) -> None:
        self._inner = inner
        self.classes = inner.classes
        self.gsd_m = inner.gsd_m
        self.tile_px = inner.tile_px
        self.device = inner.device
        self.forward = forward_of(inner)
        self.spent, self.network = Clock(), Clock()

    def detect(self, batches: Iterable[Batch]) -> Iterator[list[Detections]]:
        batches = iter(batches)
        warm = False
        while held := list(islice(batches, _BATCHES_AT_ONCE)):
            if not warm:
                # The first pass of a network makes its memory and its plans ready.
                list(self._inner.detect(held[:1]))
                warm = True
            if self.forward:
                ready = [batch.pixels() for batch in held if batch.tiles]
                began = Clock.now()
                self.forward(ready)
                self.network += Clock.now() - began
                del ready
            began = Clock.now()
            found = list(self._inner.detect(held))
            self.spent += Clock.now() - began
            self.device = self._inner.device
            yield from found


def forward_of(detector: Detector) -> Callable[[Sequence[NDArray[np.uint8]]], None] | None:
    """The detector's network as it runs it: so many calls at once, of so many tiles; none where it shows none."""
    forward = getattr(detector, "_forward", None)
    if forward is None:
        return None
    workers, size = getattr(forward, "workers", 1), getattr(forward, "size", None)

    def through(batches: Sequence[NDArray[np.uint8]]) -> None:
        # A call may be larger than a batch, and is given tiles as they are.
        rows = [[tile for batch in batches for tile in batch]] if size else [list(batch) for batch in batches]
        calls = [row[i : i + (size or len(row))] for row in rows for i in range(0, len(row), size or len(row))]
        with ThreadPoolExecutor(workers, thread_name_prefix="sattrack-limit") as pool:
            # Heads are thrown away as they come.
            deque(pool.map(forward, calls), maxlen=0)

    return through
