"""Processes: work in spawned processes that may die, hang or swell: the item that they were at costs itself alone."""

import logging
import os
import pickle
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from sattrack.errors import DetectorError
from sattrack.executors.serving import afresh, framed, receive

_log = logging.getLogger(__name__)

_LOOK_S = 0.1
# What a worker may take to be ready: a network is loaded from a disk that others use too.
READY_S = 300.0
# What a process that says nothing any more may take to end.
_DYING_S = 5.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one item may take before its worker is ended: seconds, bytes of memory; and after how many items a worker is made
    anew, lest what libraries leak adds up. attempts: how often an item is given to a worker that dies of it.
    """

    seconds: float
    bytes: int
    items: int
    attempts: int = 3


@dataclass(frozen=True, slots=True)
class Lost:
    """In place of an item's answer: why there is none."""

    reason: str
    way_out: str = ""
    final: bool = True


class Retired(Exception):
    """Where a place that worked before cannot be made to work again; why: what is raised where there is no other place."""

    def __init__(self, why: DetectorError) -> None:
        super().__init__(str(why))
        self.why = why


class ProcessExecutor:
    """`workers` processes, each started afresh (never forked), in which `serves` ("module:function") makes the work of `start`.

    environment: of each worker, by its number. In a terminal's Ctrl-C, and when the parent dies, all workers end at once; one
    that is ended, with the processes that its work has started.
    """

    def __init__(
        self, serves: str, start: object, *, workers: int, bounds: Bounds,
        environment: Callable[[int], Mapping[str, str]] = lambda _number: {},
    ) -> None:  # fmt: skip
        self._places = [Place((serves, start), bounds=bounds, environment=environment(n)) for n in range(workers)]
        self._attempts = bounds.attempts

    def map(self, items: Iterable[Any]) -> Iterator[Any]:
        """An answer, or Lost, for each item, in order; a bounded number in flight. Raises what kept a worker from starting."""
        return answers_of(self._places, items, attempts=self._attempts)


class Trying(Protocol):
    """Where items are tried one by one, each in a worker that may be lost with it."""

    @property
    def closed(self) -> bool: ...

    def once(self, item: Any) -> Any:
        """The item's answer, or Lost. Raises what keeps a worker from starting, Retired."""
        ...

    def close(self) -> None: ...


def answers_of(places: Sequence[Trying], items: Iterable[Any], *, attempts: int) -> Iterator[Any]:
    """An answer, or Lost, for each item, in order; an item at a place at a time, four a place in flight. Closes the places.

    A place that retires is done without, and its item is given to another; with the last one all ends.
    """
    idle: queue.SimpleQueue[Trying] = queue.SimpleQueue()
    for place in places:
        idle.put(place)
    others = threading.Semaphore(len(places) - 1)

    def done(item: Any) -> Any:
        while True:
            place, kept = idle.get(), True
            try:
                return _answer(place, item, attempts=attempts)
            except Retired as error:
                kept = not others.acquire(blocking=False)
                if kept:
                    raise error.why from error
            finally:
                if kept:  # the last one also after it failed: others may wait for it, and see that it is closed
                    idle.put(place)

    ahead = 4 * len(places)
    pool = ThreadPoolExecutor(len(places), thread_name_prefix="sattrack-worker")
    waiting: deque[Future[Any]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(done, item))
            while waiting and (waiting[0].done() or len(waiting) >= ahead):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for place in places:
            place.close()
        pool.shutdown(wait=True, cancel_futures=True)


def _answer(place: Trying, item: Any, *, attempts: int) -> Any:
    """The item's answer; Lost where its worker died of it as often as it may, or had to be ended."""
    lost = Lost("no worker was started")
    for _ in range(attempts):
        if place.closed:
            break
        answer = place.once(item)
        if not isinstance(answer, Lost):
            return answer
        lost = answer
        if lost.final:
            return lost
    return Lost(f"{lost.reason}, {attempts} times", lost.way_out)


class Place:
    """Where one worker process after another works."""

    def __init__(self, first: object, *, bounds: Bounds, environment: Mapping[str, str]) -> None:
        self._first, self._bounds, self._environment = first, bounds, environment
        self._worker: _Worker | None = None
        self._done = 0
        self.closed = False

    def once(self, item: Any) -> Any:
        answer = self.ready().ask(item, seconds=self._bounds.seconds, most=self._bounds.bytes)
        self._done += 1
        if isinstance(answer, Lost):
            self._end()
        return answer

    def close(self) -> None:
        self.closed = True
        self._end()

    def ready(self) -> "_Worker":
        """The worker of the next item, started where there is none, and again where it is killed meanwhile. DetectorError, or
        what the work itself refuses.
        """
        if self._done >= self._bounds.items:
            self._end()
        if self._worker is not None:
            return self._worker
        self._done, said = 0, Lost("it was ended")
        for _ in range(self._bounds.attempts):
            worker = self._worker = _Worker(environment=self._environment)
            if self.closed:  # meanwhile
                worker.end()
            worker.say(self._first)
            said = worker.told(until=time.monotonic() + READY_S, late=Lost(f"it was not ready after {READY_S:g} s"))
            if isinstance(said, Exception):
                raise said
            if not isinstance(said, Lost):
                return worker
            self._end()
            if said.final or self.closed:
                break
        raise DetectorError(f"no worker could be started: {said.reason}", way_out="--executor thread works without")

    def _end(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.end()


class _Worker:
    """One process, with a thread that hears what it says, and one that tells it: a pipe holds 64 KiB, and whoever does not read
    must not keep the one who asks from looking at the clock.
    """

    def __init__(self, *, environment: Mapping[str, str]) -> None:
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the worker)
        self._process = subprocess.Popen(
            afresh("from sattrack.executors.serving import serve; serve()"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self._complaints, env={**os.environ, **environment}, cwd=Path.cwd(), process_group=0,
        )  # fmt: skip
        self._heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._to_say: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        for work in (self._hear, self._tell):
            threading.Thread(target=work, name=f"sattrack-{work.__name__.strip('_')}", daemon=True).start()

    def ask(self, item: Any, *, seconds: float, most: int) -> Any:
        """The answer to an item; Lost where the process died (not final: it may have been chance), or took too much (final)."""
        self.say(item)
        late = Lost(f"it took longer than scene_seconds = {seconds:g}", "give --scene-seconds more")
        return self.told(until=time.monotonic() + seconds, late=late, most=most)

    def told(self, *, until: float, late: Lost, most: int | None = None) -> Any:
        while True:
            try:
                return self._heard.get(timeout=_LOOK_S)
            except queue.Empty:
                pass
            if time.monotonic() > until:
                return late
            if most is not None and (taken := _resident(self._process.pid)) > most:
                return Lost(
                    f"its worker took {taken >> 20} MiB, more than worker_bytes = {most >> 20} MiB", "raise worker_bytes"
                )

    def end(self) -> None:
        """Ends the process, whatever it is at, and those of its group."""
        if self._process.poll() is None:  # once it was waited for, its number may be another's
            self._kill()
        self._process.wait()
        self._to_say.put(None)
        _close(self._process.stdout)

    def say(self, message: Any) -> None:
        self._to_say.put(framed(message))

    def _tell(self) -> None:
        """Writes what is to be said, until the worker is ended; where it is gone the hearing thread says why."""
        assert self._process.stdin is not None
        try:
            while (said := self._to_say.get()) is not None:
                self._process.stdin.write(said)
                self._process.stdin.flush()
        except (OSError, ValueError):
            return
        finally:
            _close(self._process.stdin)

    def _hear(self) -> None:
        """Puts what the worker says where it is waited for; at last, whatever ended the hearing, that it is lost."""
        assert self._process.stdout is not None
        lost = Lost("what its worker said could not be read", final=False)
        try:
            while True:
                self._heard.put(receive(self._process.stdout))
        except (EOFError, OSError, ValueError):
            lost = Lost(self._why(self._ended()), final=False)
        except pickle.UnpicklingError as error:
            _log.debug("what a worker said could not be read", exc_info=error)
        finally:
            self._heard.put(lost)
            self._complaints.close()

    def _ended(self) -> int:
        """With what the process ends; one that only stopped to speak is ended, and what the process has started."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_DYING_S)
        self._kill()  # at once: numbers are given in turn, and its own is no other's yet
        return self._process.wait()

    def _kill(self) -> None:
        if sys.platform == "win32":
            self._process.kill()
        else:
            with suppress(ProcessLookupError, PermissionError):  # the latter is macOS' word for a group of the dead
                os.killpg(self._process.pid, signal.SIGKILL)

    def _why(self, code: int) -> str:
        """Of what a process died, in words."""
        if code < 0:
            try:
                name = signal.Signals(-code).name
            except ValueError:
                name = f"signal {-code}"
            return f"its worker was killed ({name})"
        self._complaints.seek(0)
        lines = self._complaints.read()[-4000:].decode(errors="replace").strip().splitlines()
        return f"its worker ended with {code}" + (f": {lines[-1].strip()[:200]}" if lines else "")


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        with suppress(OSError):  # what could not be flushed to the dead
            pipe.close()


def _resident(pid: int) -> int:
    """Bytes of memory that a process holds; 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
