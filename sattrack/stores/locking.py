"""Locking: one process at a time writes a run folder; a lock is the system's, and goes when its process does."""

import contextlib
import errno
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sattrack.errors import StoreError

_NAME = ".lock"
_HELD = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
# Windows keeps others from reading what is locked: a byte far behind the words.
_FAR = 1 << 30
_log = logging.getLogger(__name__)


@contextmanager
def alone_in(folder: Path, *, called: str = "run folder", option: str = "-o") -> Iterator[None]:
    """Keeps other processes that lock the folder out. StoreError where one is in it, by its number and machine. called, option:
    what the folder is to people, and how they name it.

    Where the file system knows no locks that is said, and nobody is kept out: parts are whole files all the same.
    """
    number = _locked(folder / _NAME, called=called, option=option)
    try:
        yield
    finally:
        if number is not None:
            # While it is locked, or it might be another's by now.
            with contextlib.suppress(OSError):
                (folder / _NAME).unlink()
            os.close(number)


def _locked(path: Path, *, called: str, option: str) -> int | None:
    """The open file under the name, locked and with our words in it; none where there are no locks."""
    while True:
        with contextlib.ExitStack() as opened:
            try:
                number = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            except OSError as error:
                raise _unwritable(path, error, option=option) from error
            opened.callback(os.close, number)
            try:
                _take(number)
            except OSError as error:
                if error.errno not in _HELD:
                    _log.warning("%s: the file system has no locks: let no second sattrack write into this folder", path.parent)
                    return None
                held = os.pread(number, 200, 0).decode(errors="replace").strip()
                raise StoreError(
                    f"another sattrack writes into this {called}: {held or 'which one is not said'}", where=str(path.parent),
                    way_out=f"wait until it has ended and give the same command again, or choose another {option}",
                ) from error  # fmt: skip
            if not _still_there(number, path):
                continue  # whoever held it has ended meanwhile, and taken the name away
            try:
                os.ftruncate(number, 0)
                os.pwrite(number, f"process {os.getpid()} on {_machine()}\n".encode(), 0)
            except OSError as error:  # a full disk
                path.unlink(missing_ok=True)
                raise _unwritable(path, error, option=option) from error
            opened.pop_all()
            return number


def _unwritable(path: Path, error: OSError, *, option: str) -> StoreError:
    return StoreError(
        f"cannot be written: {error.strerror}", where=str(path), way_out=f"free some room, or choose another {option}"
    )


def _still_there(number: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(number), path.stat())
    except FileNotFoundError:
        return False


def _machine() -> str:
    import platform

    return platform.node() or "this machine"


if sys.platform == "win32":
    import msvcrt

    def _take(number: int) -> None:
        os.lseek(number, _FAR, os.SEEK_SET)
        msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(number: int) -> None:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
