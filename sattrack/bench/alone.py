"""One measurement in a process of its own, so that its memory is nobody else's: `python -m sattrack.bench.alone JSON`."""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from sattrack import running, wiring
from sattrack.detections import Detections
from sattrack.errors import DetectorError, SattrackError
from sattrack.executors.threads import SerialExecutor
from sattrack.imagery import Batch
from sattrack.pipeline import detect_scene, plan_work
from sattrack.ports import Detector
from sattrack.readers.describing import describe
from sattrack.readers.finding import find_sources
from sattrack.settings import Settings

# Batches held in memory while the detector alone is timed: enough that starting and ending do not matter.
_BATCHES_AT_ONCE = 16


def measure_run(picture: Path, *, model: wiring.Model, settings: Settings) -> dict[str, Any]:
    """A whole run on one picture. wall_s: all that `detect` does but for loading the network, which is load_s."""
    stamps: dict[str, float] = {}

    def stamp(name: str) -> Callable[[object], None]:
        return lambda _said: stamps.__setitem__(name, time.monotonic())

    listener = running.Listener(planned=stamp("planned"), scene_begins=stamp("begins"))
    with tempfile.TemporaryDirectory(prefix="sattrack-speed-") as folder:
        request = running.Request(inputs=(str(picture),), out=Path(folder) / "run", model=model, settings=settings)
        began = time.monotonic()
        run = running.detect(request, listener=listener)
        ended = time.monotonic()
        outcome = run.index.outcomes[0]
        if outcome.status != "done":
            raise DetectorError(f"the picture was {outcome.status}: {outcome.reason}", where=str(picture))
        timed = json.loads((run.folder / "timings.json").read_text())[outcome.part]
    load = stamps["begins"] - stamps["planned"]
    return {
        "wall_s": ended - began - load, "load_s": load, "waiting_s": timed["waiting_s"], "tiles": timed["tiles"],
        "boxes": outcome.boxes, "cap_hit": outcome.cap_hit, "peak_bytes": peak_bytes(),
    }  # fmt: skip


def measure_detector(picture: Path, *, model: wiring.Model, settings: Settings, most_tiles: int) -> dict[str, Any]:
    """The detector alone on the same tiles, already in memory: on all of them, or on every k-th of a large picture."""
    detector, card = wiring.load_model(model, settings=settings)
    watch = Stopwatch(detector)
    reader = wiring.make_reader(settings)
    try:
        scene = describe(find_sources([str(picture)])[0], limits=settings)
        work = plan_work(scene, sha256=reader.digest(scene), card=card, settings=settings)
        every = max(1, -(-len(work.cells) // most_tiles))
        part, _ = detect_scene(
            replace(work, cells=work.cells[::every]), reader=reader, detector=watch, card=card,
            settings=settings, executor=SerialExecutor(),
        )  # fmt: skip
    finally:
        reader.close()
    return {"detector_s": watch.seconds, "tiles": part.tiles, "device": part.device}


class Stopwatch:
    """A detector that gathers batches first, and times the inner one on them while nothing else goes on."""

    def __init__(self, inner: Detector) -> None:
        self._inner = inner
        self.classes = inner.classes
        self.gsd_m = inner.gsd_m
        self.tile_px = inner.tile_px
        self.device = inner.device
        self.seconds = 0.0

    def detect(self, batches: Iterable[Batch]) -> Iterator[list[Detections]]:
        batches = iter(batches)
        while held := list(islice(batches, _BATCHES_AT_ONCE)):
            began = time.monotonic()
            found = list(self._inner.detect(held))
            self.seconds += time.monotonic() - began
            yield from found


def peak_bytes() -> int:
    """The greatest resident memory of this process since its program was loaded."""
    status = Path("/proc/self/status")
    if status.is_file():
        # getrusage would also tell the memory of the parent from before this program took the process over.
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main(text: str) -> int:
    """Prints the measurement as one line of JSON; an error that a user can mend as {"error": ...}."""
    asked = json.loads(text)
    picture, model = Path(asked["picture"]), wiring.Model(**asked["model"])
    settings = Settings.model_validate(asked["settings"])
    try:
        if asked["what"] == "run":
            told = measure_run(picture, model=model, settings=settings)
        else:
            told = measure_detector(picture, model=model, settings=settings, most_tiles=asked["most_tiles"])
    except SattrackError as error:
        told = {"error": str(error)}
    print(json.dumps(told))
    return 1 if "error" in told else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
