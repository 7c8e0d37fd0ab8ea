"""Remote rasters: GDAL reads them through our own client, which it cannot lead anywhere else."""

import contextvars
import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import rasterio
from rasterio.abc import MultiByteRangeResourceContainer

from sattrack.readers.remote.ranges import BLOCK, LEAST, RemoteFile, let_go, remote_file
from sattrack.settings import Settings

_NAME = "/remote.tif"
_LITTLE = 4096
_PENDING = threading.local()


class _Handle(io.RawIOBase):
    """A remote file as GDAL wants it. It never raises, which GDAL could not pass on."""

    def __init__(self, remote: "Remote") -> None:
        super().__init__()
        self._remote, self._at = remote, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + (0, self._at, self._remote.size(_NAME))[whence])
        return self._at

    def read(self, size: int = -1) -> bytes:
        raw = self._remote.tried([(self._at, self._remote.size(_NAME) if size < 0 else size)])[0]
        self._at += len(raw)
        return raw

    def get_byte_ranges(self, offsets: Sequence[int], sizes: Sequence[int]) -> list[bytes]:
        """Always as many bytes as were asked for: GDAL copies them without a look."""
        pairs = list(zip(map(int, offsets), map(int, sizes), strict=True))
        return [raw.ljust(length, b"\0") for raw, (_, length) in zip(self._remote.tried(pairs), pairs, strict=True)]


@MultiByteRangeResourceContainer.register
class Remote:
    """A place that holds one remote file, of one version, and nothing beside it. It fails for good, and `failure` says why."""

    def __init__(self, file: RemoteFile) -> None:
        self._file, self._version = file, file.version()
        self.failure: BaseException | None = None

    def open(self, path: str, mode: str = "r", **_options: object) -> _Handle:
        if path != _NAME or set(mode) & set("wa+"):
            raise FileNotFoundError(path)
        return _Handle(self)

    def isfile(self, path: str) -> bool:
        return path == _NAME

    def isdir(self, _path: str) -> bool:
        return False

    def ls(self, _path: str) -> list[str]:
        return []

    def mtime(self, _path: str) -> int:
        return 0

    def rm(self, path: str) -> None:
        raise FileNotFoundError(path)

    def size(self, path: str) -> int:
        return self._version.size if path == _NAME else 0

    def tried(self, pairs: Sequence[tuple[int, int]]) -> list[bytes]:
        """The bytes of each (first, length), fewer at the file's end; none once it failed."""
        size = self._version.size
        inside = [(first, max(0, min(length, size - first))) for first, length in pairs]
        found: list[bytes] = [b""] * len(pairs)
        with self:
            if self.failure is None:
                # Only of headers is little asked for at a time, and more soon after.
                header = all(length <= _LITTLE for _, length in inside)
                found = self._file.ranges(inside, self._version, least=LEAST if header else BLOCK)
        if self.failure is not None:
            _PENDING.failure = self.failure
        return found

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        """Keeps whatever was raised, until `raise_failure`: GDAL's own code lies between here and who can handle it, even where
        the user wants to stop.
        """
        self.failure = self.failure or error
        return True


def head_of_remote(place: str, length: int, *, limits: Settings) -> bytes:
    """The first bytes of a remote file. RemoteBusy, RemoteError."""
    file = remote_file(place, limits=limits)
    return file.read(0, length, file.version())


def content_of_remote(place: str, *, limits: Settings) -> str:
    """See RemoteFile.content."""
    file = remote_file(place, limits=limits)
    return file.content(file.version())


def open_remote(place: str, *, driver: str, limits: Settings, **options: Any) -> Any:
    """An open rasterio dataset. What GDAL opens for it may be closed by any thread."""
    file = remote_file(place, limits=limits, hold=True)
    # rasterio knows its open files by context, and each thread has its own.
    context = contextvars.copy_context()
    with ExitStack() as stack:
        stack.callback(let_go, file)
        remote = Remote(file)
        raster = context.run(rasterio.open, _NAME, driver=driver, sharing=False, opener=remote, **options)
        stack.callback(context.run, type(raster).close, raster)
        # Once, however often it is closed.
        raster.close = stack.pop_all().close
    raster.remote = remote
    return raster


def failure_of(raster: Any) -> BaseException | None:
    """Why a remote raster can no longer be read, whatever GDAL made of it."""
    remote: Remote | None = getattr(raster, "remote", None)
    return remote.failure if remote is not None else None


@contextmanager
def watching_reads() -> Iterator[None]:
    """Within it, `raise_failure` tells of reads since the outermost one of these was entered."""
    depth: int = getattr(_PENDING, "depth", 0)
    if depth == 0:
        _PENDING.failure = None
    _PENDING.depth = depth + 1
    try:
        yield
    finally:
        _PENDING.depth = depth


def raise_failure() -> None:
    """Raises what this thread's reads of remote files came to, once."""
    failure: BaseException | None = getattr(_PENDING, "failure", None)
    _PENDING.failure = None
    if failure is not None:
        raise failure
