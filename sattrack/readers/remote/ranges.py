"""Ranges: remote files by parts, each part fetched once, of one version, with a count of what travelled."""

import hashlib
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO

from sattrack.errors import RemoteBusy, RemoteError
from sattrack.readers.remote.answers import CHANGED, Unranged, Version, changed, too_large
from sattrack.readers.remote.block_cache import BlockCache
from sattrack.readers.remote.fetching import Fetcher
from sattrack.readers.remote.silent_hosts import forget
from sattrack.readers.remote.travels import TRAVELS
from sattrack.settings import Settings

# What is kept, and asked for at least where it is no window's: a header is read in a thousand small steps.
BLOCK, LEAST = 1 << 14, 1 << 16
_HEAD = 1 << 16
_MOST_AT_ONCE = 8 << 20
# After so long a file is asked again whether it is what it was, s.
_FRESH_S = 60.0
_MOST_FILES, _MOST_WHOLE = 64, 4


_BLOCKS = BlockCache()


class RemoteFile:
    """A remote file; safe from threads, one of which asks at a time."""

    def __init__(self, place: str, *, limits: Settings) -> None:
        self.place, self._limits = place, limits
        self._lock = threading.RLock()
        self._fetcher = Fetcher(place, limits=limits, told=lambda n: TRAVELS.add(place, n))
        self._version: Version | None = None
        self._whole: IO[bytes] | None = None
        self._seen = 0.0
        self._lost: RemoteError | None = None
        # By how many it is open; see _Files.
        self.held = 0

    def version(self) -> Version:
        """What the file is now: asked for at first contact, and again when that is some time ago."""
        with self._lock, self._giving_up():
            if self._version is None or time.monotonic() - self._seen > _FRESH_S:
                self._contact()
            assert self._version is not None
            return self._version

    @property
    def is_whole(self) -> bool:
        """Whether it was fetched whole, and so takes room on the disk."""
        return self._whole is not None

    def doubt(self) -> None:
        """Has the file asked again before it is next opened."""
        self._seen, self._lost = float("-inf"), None

    def content(self, version: Version) -> str:
        """sha256 that stands for the content: of all of it where it came whole, else of its first part and what is said of it.

        Another file may only be taken for this one where place, size, tag or time of change, and that part are the same.
        """
        with self._lock:
            if self._whole is not None:
                return version.etag
            said = repr((self.place.partition("?")[0], version.size, version.etag, version.modified))
            return hashlib.sha256(said.encode() + self.read(0, _HEAD, version)).hexdigest()

    def read(self, first: int, length: int, version: Version) -> bytes:
        """Bytes of the file as it was at that version; fewer at its end. RemoteBusy where it changed."""
        length = max(0, min(length, version.size - first))
        return self.ranges([(first, length)], version, least=LEAST)[0]

    def ranges(self, asked: Sequence[tuple[int, int]], version: Version, *, least: int = BLOCK) -> list[bytes]:
        """The bytes of each (first, length) inside the file; what lies side by side is fetched together."""
        with self._lock, self._giving_up():
            if version != self._version:
                raise changed(self.place)
            if self._whole is not None:
                return [self._of_whole(first, length) for first, length in asked]
            wanted = {n for first, length in asked if length for n in range(first // BLOCK, (first + length - 1) // BLOCK + 1)}
            held = {n: block for n in wanted if (block := _BLOCKS.get(self.place, version, n)) is not None}
            for first, last in _runs(wanted - held.keys(), step=least // BLOCK, end=-(-version.size // BLOCK)):
                held.update(self._fetched(first, last, version))
        return [_joined(held, first, length) for first, length in asked]

    @contextmanager
    def _giving_up(self) -> Iterator[None]:
        """What was given up once is not tried again in the same run: each of a scene's windows would wait as long."""
        if self._lost is not None:
            raise type(self._lost)(self._lost.message, where=self._lost.where, way_out=self._lost.way_out)
        try:
            yield
        except RemoteError as error:
            self._lost = error
            raise

    def close(self) -> None:
        with self._lock:
            self._fetcher.close()
            if self._whole is not None:
                self._whole.close()
            self._version, self._whole = None, None

    def hang_up(self) -> None:
        """Ends the connection; what is known of the file stays."""
        with self._lock:
            self._fetcher.close()

    def _contact(self) -> None:
        pinned = self._version
        if pinned is not None and not (pinned.etag or pinned.modified):
            # It cannot be told from others of its size: what was kept of it may be of another by now.
            pinned = None
            _BLOCKS.drop(self.place)
        length = _HEAD if pinned is None else 1
        try:
            if self._whole is not None:
                raise Unranged(None, "", "")
            head, version = self._fetcher.part(0, length, pinned=None)
        except Unranged as told:
            self._fetch_whole(told)
            return
        if version != pinned and length < _HEAD:
            head, version = self._fetcher.part(0, _HEAD, pinned=version)
        if version != pinned:
            for number in range(-(-len(head) // BLOCK)):
                self._keep(version, number, head[number * BLOCK : (number + 1) * BLOCK])
        self._version, self._seen = version, time.monotonic()
        TRAVELS.add(self.place, 0, size=version.size)

    def _fetch_whole(self, told: Unranged) -> None:
        """The whole file into a temporary one, which goes with this process."""
        most = self._limits.remote_whole_bytes
        if told.size is not None and told.size > most:
            raise too_large(self.place, most)
        try:
            self._keep_whole(most)
        except RemoteError:
            raise
        except OSError as error:
            raise RemoteBusy(
                f"what comes cannot be kept in {tempfile.gettempdir()}: {error.strerror or error}", where=self.place,
                way_out="free some room there, or name another folder for temporary files in TMPDIR, and run again",
            ) from error  # fmt: skip

    def _keep_whole(self, most: int) -> None:
        file = tempfile.TemporaryFile(prefix="sattrack-")  # noqa: SIM115 (it stays open as long as this)
        digest = hashlib.sha256()

        def begin() -> None:
            nonlocal digest
            file.seek(0)
            file.truncate()
            digest = hashlib.sha256()

        def write(piece: bytes) -> None:
            file.write(piece)
            digest.update(piece)

        try:
            self._fetcher.whole(write, begin, most=most)
            size = file.seek(0, 2)
        except BaseException:
            with suppress(OSError):  # what is not written yet is nobody's
                file.close()
            raise
        if self._whole is not None:
            self._whole.close()
        self._whole, self._version, self._seen = file, Version(size, digest.hexdigest(), ""), time.monotonic()
        TRAVELS.add(self.place, 0, size=size)

    def _of_whole(self, first: int, length: int) -> bytes:
        assert self._whole is not None
        self._whole.seek(first)
        return self._whole.read(length)

    def _fetched(self, first: int, last: int, version: Version) -> Iterator[tuple[int, bytes]]:
        """Blocks first to last, which are not there yet."""
        try:
            raw, _ = self._fetcher.part(first * BLOCK, (last + 1 - first) * BLOCK, pinned=version)
        except RemoteBusy as error:
            if error.message == CHANGED:
                self._version = None
            raise
        for number in range(first, last + 1):
            block = raw[(number - first) * BLOCK : (number + 1 - first) * BLOCK]
            self._keep(version, number, block)
            yield number, block

    def _keep(self, version: Version, number: int, block: bytes) -> None:
        _BLOCKS.put(self.place, version, number, block, most=self._limits.remote_cache_bytes)


class _Files:
    """The remote files of this process: each is asked once what it is, whoever reads it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: OrderedDict[tuple[str, tuple[str, ...], Settings], RemoteFile] = OrderedDict()

    def of(self, place: str, *, limits: Settings, hold: bool = False) -> RemoteFile:
        """hold: it is not closed before it is let go as often, however many others are asked for: a mosaic has many open."""
        with self._lock:
            key = (place, limits.allow_hosts, _told(limits))
            if key not in self._open:
                self._open[key] = RemoteFile(place, limits=key[2])
            self._open.move_to_end(key)
            found = self._open[key]
            found.held += hold
            free = [key for key, one in self._open.items() if not one.held and one is not found]
            whole = [key for key in free if self._open[key].is_whole]
            more, more_whole = len(self._open) - _MOST_FILES, sum(one.is_whole for one in self._open.values()) - _MOST_WHOLE
            gone = [self._open.pop(key) for key in {*free[: max(0, more)], *whole[: max(0, more_whole)]}]
        for one in gone:
            one.close()
        return found

    def let_go(self, file: RemoteFile) -> None:
        with self._lock:
            file.held -= 1

    def all(self) -> list[RemoteFile]:
        with self._lock:
            return [*self._open.values()]


def _told(limits: Settings) -> Settings:
    """Of the settings only those that matter to what is asked for, and how."""
    names = [name for name in Settings.model_fields if name.startswith("remote_")]
    return Settings.model_validate({name: getattr(limits, name) for name in names}).allowing(limits.allow_hosts)


_FILES = _Files()
remote_file: Callable[..., RemoteFile] = _FILES.of
let_go = _FILES.let_go


def look_again() -> None:
    """A new run begins: every file is asked again what it is, and what travels is counted from nothing."""
    ask_again()
    TRAVELS.clear()
    forget()


def ask_again() -> None:
    """Every file is asked again what it is, also one that was given up."""
    for one in _FILES.all():
        one.doubt()


def hang_up() -> None:
    """Ends every connection of this process; who reads on connects again."""
    for one in _FILES.all():
        one.hang_up()


def _runs(missing: Iterable[int], *, step: int, end: int) -> Iterator[tuple[int, int]]:
    """First and last of each run of missing blocks, widened to whole steps; runs a block apart are one."""
    numbers = sorted({n for one in missing for n in range(one // step * step, min((one // step + 1) * step, end))})
    first = last = -1
    for number in numbers:
        if first >= 0 and number <= last + 2 and (number + 1 - first) * BLOCK <= _MOST_AT_ONCE:
            last = number
            continue
        if first >= 0:
            yield first, last
        first = last = number
    if first >= 0:
        yield first, last


def _joined(held: dict[int, bytes], first: int, length: int) -> bytes:
    if not length:
        return b""
    start, stop = first // BLOCK, (first + length - 1) // BLOCK
    raw = held[start] if start == stop else b"".join(held[n] for n in range(start, stop + 1))
    return raw[first - start * BLOCK : first - start * BLOCK + length]
