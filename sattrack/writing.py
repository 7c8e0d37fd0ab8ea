"""Writing: a file whole or not at all; and folders that go with their process."""

import contextlib
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sattrack.errors import StoreError


def write_whole(path: Path, content: bytes) -> None:
    """The old file or the new one, never half of it, even through a crash. A folder that is gone is not made again."""
    with whole_file(path, make_folder=False) as draft:
        draft.write_bytes(content)


@contextmanager
def whole_file(to: Path, *, make_folder: bool = True) -> Iterator[Path]:
    """A temporary path beside `to`, which takes its place when the block ends well and is removed when it does not.

    Synced before it is renamed, and the folder after. StoreError where the disk or its rights say no. A link stays one: what it
    points to is replaced. A device or a pipe would be replaced by a file, and is refused.
    """
    if to.is_dir():
        raise StoreError("is a folder", where=str(to), way_out="give the name of a file")
    if to.exists() and not to.is_file():
        raise StoreError("is a device or a pipe, not a file", where=str(to), way_out="give the name of a file")
    try:
        to = to.resolve()
        if make_folder:
            to.parent.mkdir(parents=True, exist_ok=True)
        draft = to.with_name(f".{to.name[:40]}.{secrets.token_hex(4)}.tmp")
        # For whom a file of the user's own would be, by the umask: mkstemp makes one for nobody else.
        os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666))
        try:
            yield draft
            _sync(draft, os.O_RDWR)
            if to.is_file():
                shutil.copymode(to, draft)  # one that was closed to others stays so
            draft.replace(to)
        finally:
            draft.unlink(missing_ok=True)
        _sync(to.parent, os.O_RDONLY)
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(
            f"cannot be written: {error.strerror or error}", where=str(to), way_out="free some room, or choose another -o"
        ) from error


def made_folder(path: Path) -> Path:
    """The folder, made where it is not there yet. StoreError where it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot be a folder: {error.strerror or error}", where=str(path), way_out="choose another -o"
        ) from error
    return path


def _sync(path: Path, flags: int) -> None:
    number = os.open(path, flags)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def private_folder(kind: str, *, within: Path | None = None) -> Iterator[Path]:
    """A folder of this user's alone among temporary files, gone with the block; what killed processes left of its kind goes,
    too, once it is some minutes old.
    """
    place = within or Path(tempfile.gettempdir())
    for left in place.glob(f"sattrack-{kind}-*"):
        with contextlib.suppress(OSError):
            # Whoever makes one needs a moment until it is held.
            if time.time() - left.stat().st_mtime > _ABANDONED_S:
                _sweep(left)
    folder = Path(tempfile.mkdtemp(prefix=f"sattrack-{kind}-", dir=place))
    number = os.open(folder / _HELD, os.O_RDWR | os.O_CREAT, 0o600)
    _hold(number)
    try:
        yield folder
    finally:
        os.close(number)
        shutil.rmtree(folder, ignore_errors=True)


_HELD = ".held"
_ABANDONED_S = 300.0


def _sweep(left: Path) -> None:
    """Removes a folder that nobody holds; held meanwhile, lest another takes it for its own. OSError of one that is held."""
    number = _held(left)
    try:
        shutil.rmtree(left, ignore_errors=True)
    finally:
        os.close(number)
    shutil.rmtree(left, ignore_errors=True)  # Windows keeps the file that is open


def _held(folder: Path) -> int:
    """The open file of a folder that no living process holds. OSError of one that is held, another's, or not made yet."""
    number = os.open(folder / _HELD, os.O_RDWR)
    try:
        _hold(number)
    except OSError:
        os.close(number)
        raise
    return number


if sys.platform == "win32":
    import msvcrt

    def _hold(number: int) -> None:
        msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _hold(number: int) -> None:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
