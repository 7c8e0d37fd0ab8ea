"""Downloading: remote files into a folder, resumed, up to a limit, and checked before they get their names."""

import hashlib
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sattrack.errors import RemoteError, SceneError, StoreError
from sattrack.readers.opening import driver_of
from sattrack.readers.remote.answers import Unranged, Version
from sattrack.readers.remote.fetching import Fetcher
from sattrack.settings import Settings

_PART = 8 << 20
_COPY = 1 << 20


def download(
    place: str, to: Path, *, sha256: str, most: int, limits: Settings, told: Callable[[int], None] = lambda _n: None
) -> int:
    """Fetches a remote picture; its size, bytes. What came of it before is not fetched again, where it is of the same version.

    sha256: that it must have, where one is said. most: bytes it may take. told: hears of every byte that comes. RemoteError;
    SceneError where what came is no picture or another than was said; StoreError where it cannot be written.
    """
    fetcher = Fetcher(place, limits=limits, told=told)
    try:
        head, version = fetcher.part(0, 1, pinned=None)
    except Unranged as whole:
        return _whole(fetcher, to, whole.size, sha256=sha256, most=most, place=place)
    finally:
        fetcher.close()
    del head
    if to.is_file() and to.stat().st_size == version.size and (not sha256 or _digest(to) == sha256):
        return version.size
    if version.size > most:
        raise _too_large(place, version.size, most)
    draft = to.with_name(f".{to.name}.{_mark(version)}.part")
    for other in to.parent.glob(f".{to.name}.*.part"):
        if other != draft or not (version.etag or version.modified):
            other.unlink()  # of another version, or of one that cannot be told from others
    try:
        with draft.open("ab") as file:
            file.seek(0, 2)
            while (at := file.tell()) < version.size:
                file.write(fetcher.part(at, min(_PART, version.size - at), pinned=version)[0])
    except RemoteError:
        raise  # what came is kept for the next call
    except OSError as error:
        raise _written(error, to) from error
    finally:
        fetcher.close()
    return _checked(draft, to, sha256=sha256, place=place)


def _whole(fetcher: Fetcher, to: Path, size: int | None, *, sha256: str, most: int, place: str) -> int:
    """Of a server that sends no parts: from the beginning each time."""
    if size is not None and to.is_file() and to.stat().st_size == size and (not sha256 or _digest(to) == sha256):
        return size
    if size is not None and size > most:
        raise _too_large(place, size, most)
    draft = to.with_name(f".{to.name}.whole.part")
    try:
        with draft.open("wb") as file:

            def begin() -> None:
                file.seek(0)
                file.truncate()

            fetcher.whole(file.write, begin, most=most)
    except RemoteError:
        draft.unlink(missing_ok=True)
        raise
    except OSError as error:
        raise _written(error, to) from error
    finally:
        fetcher.close()
    return _checked(draft, to, sha256=sha256, place=place)


def _checked(draft: Path, to: Path, *, sha256: str, place: str) -> int:
    """Names a file that is what it should be; one that is not is removed."""
    try:
        driver_of(str(draft))
        if sha256 and _digest(draft) != sha256:
            raise SceneError("what came is not what the item says (file:checksum)", where=place, way_out="run again later")
    except SceneError as error:
        with suppress(OSError):
            draft.unlink()
        raise type(error)(error.message, where=place, way_out=error.way_out) from error
    try:
        size = draft.stat().st_size
        draft.chmod(0o644)
        draft.replace(to)
    except OSError as error:
        raise _written(error, to) from error
    return size


def free_bytes(folder: Path) -> int:
    """What the disk of a folder has left."""
    return shutil.disk_usage(folder).free


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _mark(version: Version) -> str:
    return hashlib.sha256(repr((version.size, version.etag, version.modified)).encode()).hexdigest()[:12]


def _too_large(place: str, size: int, most: int) -> RemoteError:
    return RemoteError(
        f"a file of {size / 1e6:,.0f} MB, and {most / 1e6:,.0f} MB are left of what may be fetched", where=place,
        way_out="raise download_bytes in a settings file, or fetch fewer: --max-items",
    )  # fmt: skip


def _written(error: OSError, to: Path) -> StoreError:
    return StoreError(f"cannot be written: {error.strerror or error}", where=str(to), way_out="free some room, and run again")
