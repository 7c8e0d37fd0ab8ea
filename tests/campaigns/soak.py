"""Soak: many scenes in one process; memory, files and threads must not grow. `python -m tests.campaigns.soak --scenes 2000`."""

import argparse
import ctypes
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sattrack import running
from sattrack.detectors import heap
from sattrack.results import SceneOutcome
from sattrack.running import Listener, Request
from sattrack.wiring import Model
from tests.campaigns.quick import write_scenes, write_sites

# The first scenes fill caches that are bounded: GDAL's blocks, PROJ's operations, the allocator's own.
_WARM = 0.3
# Growth that is told from none: this many standard errors, and more than this a scene.
_SURE, _LEAST_KB, _FILES = 3.0, 1.0, 2
# A thread that was joined may stand in /proc for a moment more.
_SETTLES_S = 5.0


class _Mallinfo(ctypes.Structure):
    """What glibc says of all its arenas: mallinfo(3)."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")
    ]  # fmt: skip


def in_use_mb() -> float:
    """Megabytes that somebody asked for and did not give back. Pages in memory hold also the holes that threads leave in the
    allocator's arenas, which are no leak: they are told, and not judged. Python asks here too, since PYTHONMALLOC=malloc.
    """
    asked = ctypes.CDLL(None).mallinfo2
    asked.restype = _Mallinfo
    info = asked()
    return float(info.uordblks + info.hblkhd) / 1e6


@dataclass(slots=True)
class Gauge:
    """Megabytes in use, megabytes in memory and open files after each scene; files and threads after each run.

    Which threads are at work when a scene ends is chance: only what stands after the run that began it was left behind.
    """

    rows: list[tuple[float, float, int]] = field(default_factory=list)
    ends: list[tuple[int, int]] = field(default_factory=list)
    # Of each run its first scenes' and its last scenes' most open files.
    within: list[tuple[int, int]] = field(default_factory=list)

    def read(self, _: SceneOutcome) -> None:
        # What was freed and lies in holes of the heap is no leak: without this, memory went up by 10 kB a scene for hundreds of
        # scenes, while what was in use grew by 0.1 kB.
        heap.give_back()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        self.rows.append((in_use_mb(), pages * resource.getpagesize() / 1e6, _open("fd")))

    def run_ends(self, scenes: int) -> None:
        files = [row[2] for row in self.rows[-scenes:]]
        self.within.append((max(files[: max(3, scenes // 10)]), max(files[-max(3, scenes // 10) :])))
        until = time.monotonic() + _SETTLES_S
        while self.ends and (_open("fd"), _open("task")) > min(self.ends) and time.monotonic() < until:
            time.sleep(0.01)
        self.ends.append((_open("fd"), _open("task")))

    def growth(self) -> dict[str, float | int]:
        """Kilobytes a scene with their standard error, from means of twenty stretches; files and threads at both ends."""
        kept = np.array(self.rows[int(len(self.rows) * _WARM) :], float)
        means = np.array([stretch.mean(axis=0) for stretch in np.array_split(kept, min(20, len(kept)))])
        at = np.arange(len(means)) * len(kept) / len(means)
        slope, error = _line(at, means[:, 0] * 1000)
        pages, pages_error = _line(at, means[:, 1] * 1000)
        # The first run opens what stays: pools, PROJ's database.
        first, last = self.ends[1 if len(self.ends) > 2 else 0], self.ends[-1]
        return {
            "kb_a_scene": round(slope, 3), "standard_error": round(error, 3), "megabytes": round(float(kept[-1, 0])),
            "pages_kb_a_scene": round(pages, 3), "pages_standard_error": round(pages_error, 3),
            "pages_megabytes": round(float(kept[-1, 1])),
            "files_first": first[0], "files_last": last[0],
            "threads_first": first[1], "threads_last": last[1],
        }  # fmt: skip


def _open(kind: str) -> int:
    """How many of this process's files (`fd`) or threads (`task`) stand."""
    return sum(1 for _ in Path("/proc/self", kind).iterdir())


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Least squares: slope and its standard error."""
    centred = x - x.mean()
    spread = float((centred**2).sum()) or 1.0
    slope = float((centred * y).sum()) / spread
    left = y - y.mean() - slope * centred
    return slope, float(np.sqrt((left**2).sum() / max(len(x) - 2, 1) / spread))


def soak(*, scenes: int, a_run: int, minutes: float | None = None) -> dict[str, object]:
    """Runs of `a_run` scenes one after the other, each into a folder of its own, until there were so many or the time is up."""
    gauge, runs, began = Gauge(), 0, time.monotonic()
    with tempfile.TemporaryDirectory(prefix="campaign-soak-") as folder:
        pictures, sites = write_scenes(Path(folder) / "in", a_run), write_sites(Path(folder) / "sites.geojson")
        while len(gauge.rows) < scenes and (minutes is None or not runs or time.monotonic() - began < 60 * minutes):
            out, runs = Path(folder) / f"run{runs}", runs + 1
            made = Request((str(pictures),), out, sites=sites, model=Model(detector="tests.campaigns.quick:Bright"))
            run = running.detect(made, listener=Listener(scene_ends=gauge.read))
            assert {outcome.status for outcome in run.index.outcomes} == {"done"}
            shutil.rmtree(out)
            gauge.run_ends(a_run)
            print(f"{len(gauge.rows)} scenes, {gauge.rows[-1]}", file=sys.stderr, flush=True)
    found = gauge.growth() | {"files_more_in_a_run": max(last - first for first, last in gauge.within)}
    grown = [name for name in ("files", "threads") if found[f"{name}_last"] > found[f"{name}_first"]]
    # Readers of two scenes may be open at once.
    if found["files_more_in_a_run"] > _FILES:
        grown.append("files")
    if found["kb_a_scene"] > max(_SURE * found["standard_error"], _LEAST_KB):
        grown.append("memory")
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    return {"campaign": "soak", "scenes": len(gauge.rows), "runs": runs, **found, "grown": grown,
            "wall_s": round(time.monotonic() - began), "cpu_s": round(used)}  # fmt: skip


def run() -> int:
    words = argparse.ArgumentParser(prog="python -m tests.campaigns.soak")
    words.add_argument("--scenes", type=int, default=2000)
    words.add_argument("--a-run", type=int, default=100, help="scenes of one run")
    words.add_argument("--minutes", type=float, default=None, help="begin no run after so many minutes of wall time")
    said = words.parse_args()
    if os.environ.get("PYTHONMALLOC") != "malloc":
        # Python's own arenas are not the allocator's: this asks it for every object.
        again = [sys.executable, "-m", "tests.campaigns.soak", *sys.argv[1:]]
        os.execve(sys.executable, again, {**os.environ, "PYTHONMALLOC": "malloc"})
    found = soak(scenes=said.scenes, a_run=said.a_run, minutes=said.minutes)
    print(
        f"soak: {found['scenes']} scenes in {found['runs']} runs of one process: memory in use grows by "
        f"{found['kb_a_scene']} kB a scene (standard error {found['standard_error']}), pages by {found['pages_kb_a_scene']} "
        f"({found['pages_standard_error']}), open files {found['files_first']} -> {found['files_last']}, "
        f"threads {found['threads_first']} -> {found['threads_last']}; grown: {', '.join(found['grown']) or 'nothing'}"
    )
    print(json.dumps(found))
    return 1 if found["grown"] else 0


if __name__ == "__main__":
    sys.exit(run())
