"""Travels: how many bytes of each remote file came over the network."""

import threading
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class Travel:
    """What was read of a remote file, and its size, bytes. place: without its query."""

    place: str
    read: int
    size: int

    @property
    def name(self) -> str:
        return PurePosixPath(self.place.partition("?")[0]).name or self.place


class _Travels:
    """What travelled in this process, and what its workers say of theirs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read: dict[str, int] = {}
        self._size: dict[str, int] = {}

    def add(self, place: str, read: int, *, size: int = 0) -> None:
        with self._lock:
            self._read[place] = self._read.get(place, 0) + read
            self._size[place] = max(size, self._size.get(place, 0))

    def of(self, place: str) -> Travel | None:
        with self._lock:
            return Travel(place, self._read[place], self._size[place]) if place in self._read else None

    def all(self) -> list[Travel]:
        with self._lock:
            return [Travel(place, read, self._size[place]) for place, read in self._read.items() if read]

    def clear(self) -> None:
        with self._lock:
            self._read.clear()
            self._size.clear()


TRAVELS = _Travels()
