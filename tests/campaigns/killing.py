"""Killing: a run in a child of its own that is ended at any moment, and what must hold of its folder afterwards."""

import hashlib
import importlib
import json
import os
import pickle
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sattrack import face, running
from sattrack.cli.app import main
from sattrack.errors import StoreError
from sattrack.stores.folder import RunFolder

KILLED = 99
# What the command line imports only when it is needed: here once, and not in each child.
_NEEDED = (
    "sattrack.cli.detect", "sattrack.cli.summary", "sattrack.cli.progress", "sattrack.detectors.custom",
    "sattrack.executors.threads", "sattrack.readers.rasters", "sattrack.reports.listings", "sattrack.reports.geojson",
    "sattrack.reports.tables", "scipy.ndimage",
)  # fmt: skip
for name in _NEEDED:
    importlib.import_module(name)


@dataclass(frozen=True, slots=True)
class Job:
    """The one command that is killed and called again: scenes and sites in `folder`, the run wherever it is asked for."""

    folder: Path

    def words(self, out: Path) -> list[str]:
        own = ["--detector", "tests.campaigns.quick:Bright", "--no-report", "-q"]
        return ["detect", str(self.folder / "in"), "--sites", str(self.folder / "sites.geojson"), "-o", str(out), *own]


def in_child(work: Callable[[], Any]) -> int:
    """The pid of a fork that does the work and ends. The caller must have used no threads, for a fork has only its own."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            found = work()
            code = found if isinstance(found, int) else 0
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return pid


def ended(pid: int) -> int:
    """The exit code of a child; negative where a signal ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def asked_of_child(work: Callable[[], Any], at: Path) -> Any:
    """What a child's work returns, by way of a file."""
    code = ended(in_child(lambda: at.write_bytes(pickle.dumps(work())) and 0))
    if code:
        raise RuntimeError(f"a child ended with {code}")
    return pickle.loads(at.read_bytes())  # our own child's


def detected(job: Job, out: Path) -> int:
    """The exit code of the call, undisturbed."""
    return ended(in_child(lambda: main(job.words(out))))


def killed_after(job: Job, out: Path, seconds: float) -> int:
    """The call, ended by SIGKILL after so long; its exit code."""
    pid = in_child(lambda: main(job.words(out)))
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    return ended(pid)


def contents(out: Path, *, exports: bool = True) -> dict[str, str]:
    """What must be the same bytes in every run: parts, tables, outlines, exports, and the head without its clock."""
    files = {str(path.relative_to(out)): path.read_bytes() for path in sorted((out / "parts").glob("*.parquet"))}
    files |= {name: (out / name).read_bytes() for name in ("counts.csv", "scenes.csv", "sites.json")}
    head = json.loads((out / "run.json").read_bytes())
    files["run.json"] = json.dumps({key: value for key, value in head.items() if key not in ("created", "command")}).encode()
    for form, name in (("csv", "boxes.csv"), ("geojson", "boxes.geojson")) if exports else ():
        to = face.export(out, format=form, to=out / name)
        files[name] = Path(to).read_bytes()
        Path(to).unlink()
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def wrong_now(out: Path, whole: dict[str, str]) -> list[str]:
    """What is wrong with a folder right after its run was ended: half parts, a head that does not open or lies."""
    wrong = []
    for path in sorted((out / "parts").glob("*.parquet")):
        if whole.get(f"parts/{path.name}") != hashlib.sha256(path.read_bytes()).hexdigest():
            wrong.append(f"{path.name} is half a part, or another")
    if not (out / "run.json").exists():
        return wrong
    try:
        index = RunFolder(out, create=False).read_index()
        counted = running.recount(out)
        if {outcome.status for outcome in index.outcomes} - {"done"}:
            wrong.append("a scene is not done, and is listed")
        if len({count.scene_id for count in counted.counts}) != len(index.outcomes):
            wrong.append("a scene is listed, and was not counted")
    except StoreError as error:
        wrong.append(f"the store does not open: {error}")
    return wrong


def wrong_in_the_end(job: Job, out: Path, whole: dict[str, str], *, exports: bool = True) -> list[str]:
    """What is wrong once the same call was made again: its exit code, what was done twice, other bytes.

    exports: compared too; else only what they are made of.
    """
    kept = {path: path.stat().st_mtime_ns for path in (out / "parts").glob("*.parquet")}
    code = main(job.words(out))
    wrong = [f"the same call ended with {code}"] if code else []
    wrong += [f"{path.name} was done again" for path, time_ns in kept.items() if path.stat().st_mtime_ns != time_ns]
    found = contents(out, exports=exports)
    meant = {name for name in whole if exports or not name.startswith("boxes.")}
    return wrong + [f"{name} has other bytes" for name in meant | found.keys() if whole.get(name) != found.get(name)]
