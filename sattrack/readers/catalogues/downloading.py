"""Downloading: remote files into a folder, resumed, up to a limit, and checked before they get their names."""

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sattrack.errors import RemoteError, SceneError, StoreError
from sattrack.readers.opening import driver_of
from sattrack.readers.remote.answers import Unranged, Version
from sattrack.readers.remote.fetching import Fetcher
from sattrack.settings import Settings
from sattrack.writing import write_whole

_PART, _FIRST = 8 << 20, 1 << 16


def download(
    place: str, to: Path, *, sha256: str, most: int, limits: Settings, told: Callable[[int], None] = lambda _n: None
) -> int:
    """Fetches a remote picture; its size, bytes. What came of it before is not fetched again, where it is of the same place and
    version, or has the SHA-256 that it must have.

    sha256: empty where none is said. most: bytes that may come. told: hears of every byte that comes. RemoteError;
    SceneError where what came is no picture or another than was said; StoreError where it cannot be written.
    """
    fetcher = Fetcher(place, limits=limits, told=told)
    try:
        _, version = fetcher.part(0, 1, pinned=None)
    except Unranged as whole:
        return _whole(fetcher, to, whole, sha256=sha256, most=most, place=place)
    finally:
        fetcher.close()
    if _is_there(to, place=place, version=version, sha256=sha256):
        return version.size
    draft = to.with_name(f".{to.name}.{_mark(place, version)}.part")
    for other in to.parent.glob(f".{to.name}.*.part"):
        if other != draft or not (version.etag or version.modified):
            other.unlink()  # of another version, or of one that cannot be told from others
    missing = version.size - (draft.stat().st_size if draft.is_file() else 0)
    if missing > most:
        raise _too_large(place, missing, most)
    try:
        with draft.open("ab") as file:
            file.seek(0, 2)
            while (at := file.tell()) < version.size:
                # The first part is small: what is no picture is not fetched to its end.
                file.write(fetcher.part(at, min(_PART if at else _FIRST, version.size - at), pinned=version)[0])
                if at == 0:
                    file.flush()
                    _check_picture(draft, place=place)
    except RemoteError:
        raise  # what came is kept for the next call
    except OSError as error:
        raise _written(error, to) from error
    finally:
        fetcher.close()
    return _checked(draft, to, sha256=sha256, place=place, version=version)


def _whole(fetcher: Fetcher, to: Path, told: Unranged, *, sha256: str, most: int, place: str) -> int:
    """Of a server that sends no parts: from the beginning each time."""
    version = Version(told.size or 0, told.etag, told.modified)
    if told.size is not None and _is_there(to, place=place, version=version, sha256=sha256):
        return told.size
    if told.size is not None and told.size > most:
        raise _too_large(place, told.size, most)
    draft = to.with_name(f".{to.name}.whole.part")
    try:
        with draft.open("wb") as file:

            def begin() -> None:
                file.seek(0)
                file.truncate()

            def write(piece: bytes) -> None:
                before = file.tell()
                file.write(piece)
                if before < _FIRST <= file.tell():
                    file.flush()
                    _check_picture(draft, place=place)

            fetcher.whole(write, begin, most=most, excess=_too_large(place, None, most))
    except OSError as error:  # also a RemoteError: it is begun anew each time
        with suppress(OSError):
            draft.unlink()
        if isinstance(error, RemoteError):
            raise
        raise _written(error, to) from error
    finally:
        fetcher.close()
    return _checked(draft, to, sha256=sha256, place=place, version=version)


class _NoPicture(RemoteError):
    """What comes is no picture, however often it is asked for."""


def _check_picture(draft: Path, *, place: str) -> None:
    """Removes what does not begin as a picture does."""
    try:
        driver_of(str(draft))
    except SceneError as error:
        with suppress(OSError):
            draft.unlink()
        raise _NoPicture(error.message, where=place, way_out=error.way_out) from error


def _checked(draft: Path, to: Path, *, sha256: str, place: str, version: Version) -> int:
    """Names a file that is what it should be, and notes what it is; one that is not is removed."""
    _check_picture(draft, place=place)
    if sha256 and _digest(draft) != sha256:
        with suppress(OSError):
            draft.unlink()
        raise SceneError("what came is not what the item says (file:checksum)", where=place, way_out="run again later")
    record = _record_of(to)
    try:
        size = draft.stat().st_size
        with draft.open("rb+") as file:
            os.fsync(file.fileno())  # or after a power cut the note might speak of bytes that never came to the disk
        # In this order, so that no note ever speaks of another file than the one beside it.
        record.unlink(missing_ok=True)
        draft.replace(to)
        write_whole(record, json.dumps(_said(place, version, size)).encode())
    except OSError as error:
        raise _written(error, to) from error
    return size


def _record_of(to: Path) -> Path:
    """The note beside a finished file of where it came from, and of which version it is."""
    return to.with_name(f".{to.name}.fetched")


def _said(place: str, version: Version, size: int) -> dict[str, str | int]:
    return {"place": place, "etag": version.etag, "last_modified": version.modified, "size": size}


def _is_there(to: Path, *, place: str, version: Version, sha256: str) -> bool:
    """Whether a file was fetched before: that of the digest that is said, else of the same place, tag, time of change and size.
    A server that says neither a tag nor a time may have changed it since.
    """
    try:
        if not to.is_file() or to.stat().st_size != version.size:
            return False
        if sha256:
            return _digest(to) == sha256
        if not (version.etag or version.modified):
            return False
        return bool(json.loads(_record_of(to).read_bytes()) == _said(place, version, version.size))
    except (OSError, ValueError, RecursionError):
        return False


def fetched_before(to: Path, *, place: str) -> int | None:
    """The size of a file that came from a place, of whatever version, bytes; none where it did not."""
    try:
        said, size = json.loads(_record_of(to).read_bytes()), to.stat().st_size
        return size if (said["place"], said["size"]) == (place, size) else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _mark(place: str, version: Version) -> str:
    return hashlib.sha256(repr((place, version.size, version.etag, version.modified)).encode()).hexdigest()[:12]


def _too_large(place: str, size: int | None, most: int) -> RemoteError:
    """size: none where the server does not say it."""
    large = "a file whose size is not said" if size is None else f"a file of {size / 1e6:,.0f} MB"
    return RemoteError(
        f"{large}, and {most / 1e6:,.0f} MB are left of what may be fetched", where=place,
        way_out="raise download_bytes in a settings file, or fetch fewer: --max-items",
    )  # fmt: skip


def _written(error: OSError, to: Path) -> StoreError:
    return StoreError(f"cannot be written: {error.strerror or error}", where=str(to), way_out="free some room, and run again")
