"""Block cache: the parts of remote files that were used last, in bounded memory."""

import threading
from collections import OrderedDict

from sattrack.readers.remote.answers import Version


class BlockCache:
    """Blocks of remote files, the last used ones, in bounded memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, Version, int], bytes] = OrderedDict()
        self._bytes = 0

    def get(self, place: str, version: Version, number: int) -> bytes | None:
        with self._lock:
            found = self._kept.get((place, version, number))
            if found is not None:
                self._kept.move_to_end((place, version, number))
            return found

    def put(self, place: str, version: Version, number: int, block: bytes, *, most: int) -> None:
        with self._lock:
            before = self._kept.pop((place, version, number), b"")
            self._kept[place, version, number] = block
            self._bytes += len(block) - len(before)
            while self._bytes > most and len(self._kept) > 1:
                self._bytes -= len(self._kept.popitem(last=False)[1])

    def drop(self, place: str) -> None:
        """Forgets what is kept of a file."""
        with self._lock:
            for key in [key for key in self._kept if key[0] == place]:
                self._bytes -= len(self._kept.pop(key))
