"""Whole runs: all that `sattrack detect` does, timed stage by stage in this process."""

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sattrack import running, wiring
from sattrack.bench.clocks import Clock, peak_bytes
from sattrack.errors import DetectorError
from sattrack.readers.rasters import RasterReader
from sattrack.settings import Settings
from sattrack.stores.folder import RunFolder


def measure_run(inputs: list[str], *, model: wiring.Model, settings: Settings, gsd_m: float) -> dict[str, Any]:
    """A whole run on pictures. wall_s, cpu_s: all that `detect` does but for loading the network, which is load_s.

    stages: seconds of each, those of reading of the processor, in
    threads beside the others; cpu_s: of all threads. gsd_m: of
    pictures that do not say it.
    """
    stamps: dict[str, Clock] = {}
    stages: dict[str, float] = {}

    def planned(_said: object) -> None:
        stamps["planned"] = Clock.now()
        stages["plan"] = stamps["planned"].wall_s - stamps["began"].wall_s - stages.get("digest", 0.0)

    def begins(_said: object) -> None:
        # Only the first scene waits for the network.
        stamps.setdefault("begins", Clock.now())

    listener = running.Listener(planned=planned, scene_begins=begins)
    with tempfile.TemporaryDirectory(prefix="sattrack-speed-") as folder, ExitStack() as watched:
        watched.enter_context(_clocked(RasterReader, "digest", stages))
        watched.enter_context(_clocked(RunFolder, "put", stages, stage="store"))
        watched.enter_context(_clocked(running, "recount_held", stages, stage="count"))
        request = running.Request(
            inputs=tuple(inputs), out=Path(folder) / "run", model=model, settings=settings, gsd_m=(gsd_m, gsd_m)
        )
        stamps["began"] = Clock.now()
        run = running.detect(request, listener=listener)
        stamps["ended"] = Clock.now()
        for outcome in run.index.outcomes:
            if outcome.status != "done":
                raise DetectorError(f"the picture was {outcome.status}: {outcome.reason}", where=outcome.location)
        timed = list(json.loads((run.folder / "timings.json").read_text()).values())
        found = sum(count.count or 0 for count in run.counts)
    load = stamps["begins"] - stamps["planned"]
    spent = stamps["ended"] - stamps["began"] - load
    stages["waiting"] = sum(t["waiting_s"] for t in timed)
    for one in timed:
        for name, seconds in one.get("stages", {"model": one["model_s"]}).items():
            stages[name] = stages.get(name, 0.0) + seconds
    return {
        "wall_s": spent.wall_s, "cpu_s": spent.cpu_s, "load_s": load.wall_s, "waiting_s": stages["waiting"],
        "tiles": sum(t["tiles"] for t in timed), "boxes": sum(o.boxes for o in run.index.outcomes), "found": found,
        "cap_hit": any(o.cap_hit for o in run.index.outcomes), "stages": stages, "peak_bytes": peak_bytes(),
        "runtime": run.index.card.runtime,
    }  # fmt: skip


@contextmanager
def _clocked(owner: Any, name: str, seconds: dict[str, float], *, stage: str = "") -> Iterator[None]:
    """Within it, calls of that function of a class or module are timed."""
    inner = getattr(owner, name)

    def timed(*given: Any, **named: Any) -> Any:
        began = time.monotonic()
        try:
            return inner(*given, **named)
        finally:
            seconds[stage or name] = seconds.get(stage or name, 0.0) + time.monotonic() - began

    setattr(owner, name, timed)
    try:
        yield
    finally:
        setattr(owner, name, inner)
