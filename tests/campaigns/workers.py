"""Workers: a spawned process that looks at one mutant after another under bounds, and is replaced when it dies or hangs."""

import ctypes
import logging
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

Look = Callable[[Any, int, Path], "Verdict"]
# Kinds of verdict that are no faults.
SOUND = ("read", "refused")
_MB = 1 << 20
_M_PERTURB = -6


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one mutant may take: wall seconds, and megabytes of memory beyond those of the idle worker."""

    seconds: float = 5.0
    megabytes: int = 1024


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a mutant. kind: one of SOUND, or a fault; said: the error or what was wrong; family: of its seed."""

    kind: str
    said: str = ""
    family: str = ""
    seconds: float = 0.0
    megabytes: float = 0.0
    trace: str = ""


@dataclass(slots=True)
class Worker:
    """One process that answers `look(about, number, folder)` for numbers; `about` is sent once, and must be picklable."""

    look: Look
    about: Any
    folder: Path
    bounds: Bounds = field(default_factory=Bounds)
    deaths: int = 0
    _process: Any = None
    _line: Connection | None = None

    def ask(self, number: int) -> Verdict:
        """The verdict on a mutant. A worker that dies or does not answer in time is replaced at the next call."""
        if self._process is None:
            self._start()
        assert self._line is not None
        began, spent = time.monotonic(), _used_by(self._process.pid)
        self._line.send(number)
        try:
            while not self._line.poll(1.0):
                # A machine that is busy elsewhere is no fault of the reader: on the wall there is room.
                used, waited = _used_by(self._process.pid) - spent, time.monotonic() - began
                if used > 2 * self.bounds.seconds or waited > 60 * self.bounds.seconds:
                    return self._lost(Verdict("hang", f"no answer after {used:.0f} s of processor, {waited:.0f} s in all"))
            found: Verdict = self._line.recv()
        except (EOFError, ConnectionError):
            self._process.join(10)
            return self._lost(Verdict("death", f"the worker ended with {self._process.exitcode}"))
        if found.kind in SOUND and found.seconds > self.bounds.seconds:
            return replace(found, kind="slow", said=f"{found.seconds:.1f} s of processor time; {found.said}")
        if found.kind in SOUND and found.megabytes > self.bounds.megabytes:
            return replace(found, kind="memory", said=f"{found.megabytes:.0f} MB; {found.said}")
        return found

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None

    def _lost(self, verdict: Verdict) -> Verdict:
        self.deaths += 1
        self.close()
        return verdict

    def _start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        spawn = multiprocessing.get_context("spawn")
        self._line, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_work, args=(theirs, self.look, self.about, self.folder, self.bounds), daemon=True)
        self._process.start()
        theirs.close()
        self._line.recv()


def _work(line: Connection, look: Look, about: Any, folder: Path, bounds: Bounds) -> None:
    """The worker's life: warm up on number -1 (the seed as it is), then bound the memory, then answer."""
    logging.disable(logging.CRITICAL)
    look(about, -1, folder)
    base = _memory("VmRSS")
    # Threads reserve far more addresses than they use, so that the bound on addresses is wider than that on memory.
    most = int((_memory("VmSize") + 4 * bounds.megabytes) * _MB)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What Python prints of errors that no one could catch is a traceback on the user's screen; one kind is silent there
    # (see test_found.py: a message of GDAL's that quotes odd bytes).
    loose: list[str] = []
    sys.unraisablehook = lambda one: (
        None if isinstance(one.exc_value, UnicodeDecodeError) else loose.append(f"{one.exc_value!r} in {one.object!r}")
    )
    line.send("ready")
    while True:
        try:
            number = line.recv()
        except EOFError:
            return
        Path("/proc/self/clear_refs").write_text("5")
        began = time.process_time()
        found = look(about, number, folder)
        if loose and found.kind in SOUND:
            found = replace(found, kind="printed", said=f"{loose[0][:300]}; {found.said}")
        loose.clear()
        line.send(replace(found, seconds=time.process_time() - began, megabytes=_memory("VmHWM") - base))


def _used_by(pid: int) -> float:
    """Seconds of processor that a process has used."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _memory(name: str) -> float:
    """A line of /proc/self/status in megabytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name + ":"))


def perturb(value: int) -> None:
    """Fills memory that is allocated from now on, so that what was never written differs between two reads. Linux only."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_PERTURB, value)
