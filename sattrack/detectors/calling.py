"""Calling: tiles pass through a network's threads in calls of its size; answers come batch by batch, in order."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Generic, Protocol, TypeVar

from sattrack.imagery import Batch, Tile

A = TypeVar("A")
_log = logging.getLogger(__name__)


class Lanes(Protocol):
    """How a network wants to be called: so many calls at once, of so many tiles each (none: a batch as it comes)."""

    workers: int
    size: int | None


def answers(ask: Callable[[list[Tile]], Sequence[A]], batches: Iterable[Batch], *, lanes: Lanes) -> Iterator[list[A]]:
    """An answer a tile of each batch, in order, as a pool of threads gives them; the first error is raised where it belongs.

    No call holds tiles of two scenes: what a tile is called with moves the last digits of its answer, and an error of one scene
    must not be another's. Beyond the batch that is waited for, no more are drawn than fill every lane once. When the iterator
    is closed early, or ends by an error, calls that have not begun are dropped and no thread is left.
    """
    pool = ThreadPoolExecutor(lanes.workers, thread_name_prefix="sattrack-network")
    alone = threading.Lock()
    line: _Line[A] = _Line(lambda tiles: pool.submit(asked, ask, tiles, alone=alone))
    try:
        for batch in batches:
            size = lanes.size or max(1, len(batch.tiles))
            if batch.begins:
                line.ask_for_rest()
            line.add(batch.tiles, size=size)
            while line.asked_beyond_next() >= lanes.workers * size:
                yield line.next()
        line.ask_for_rest()
        while line.lengths:
            yield line.next()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def asked(ask: Callable[[list[Tile]], Sequence[A]], tiles: list[Tile], *, alone: AbstractContextManager[object]) -> list[A]:
    """The answers to some tiles. Where memory ends they are asked once more, each by itself.

    alone: what no other call holds during its second attempt. Raises MemoryError where that one is too much, too.
    """
    try:
        return list(ask(tiles))
    except MemoryError:
        _log.info("memory ended with %d tiles at once: they are asked one by one", len(tiles))
    # Out here, since an error holds on to what the call had filled.
    with alone:
        return [answer for tile in tiles for answer in ask([tile])]


def short_of_memory(error: Exception) -> bool:
    """Whether what a network's runtime raised says that memory ended, each in its own words."""
    said = str(error).lower()
    words = ("bad_alloc", "bad allocation", "allocate memory", "out of memory", "not enough memory", "alloc_failed")
    return any(one in said for one in words)


class _Line(Generic[A]):
    """Batches on their way: `lengths` of those not answered yet, tiles of no call yet, calls under way, answers to hand out."""

    def __init__(self, submit: Callable[[list[Tile]], Future[Sequence[A]]]) -> None:
        self.lengths: deque[int] = deque()
        self._submit = submit
        self._unasked: list[Tile] = []
        self._calls: deque[Future[Sequence[A]]] = deque()
        self._answers: deque[A] = deque()
        self._asked = 0

    def add(self, tiles: Sequence[Tile], *, size: int) -> None:
        self.lengths.append(len(tiles))
        self._unasked += tiles
        while len(self._unasked) >= size:
            self._ask(size)

    def ask_for_rest(self) -> None:
        if self._unasked:
            self._ask(len(self._unasked))

    def asked_beyond_next(self) -> int:
        """Tiles asked for and not handed out, less those of the next batch; negative where there is none or it is not whole."""
        return self._asked - self.lengths[0] if self.lengths else -1

    def next(self) -> list[A]:
        """The answers to the oldest batch, waited for."""
        while len(self._answers) < self.lengths[0]:
            self._answers.extend(self._calls.popleft().result())
        self._asked -= self.lengths[0]
        return [self._answers.popleft() for _ in range(self.lengths.popleft())]

    def _ask(self, count: int) -> None:
        self._calls.append(self._submit(self._unasked[:count]))
        del self._unasked[:count]
        self._asked += count
