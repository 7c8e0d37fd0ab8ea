"""Saving: a file for people that is there wholly or not at all, written piece by piece."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sattrack.errors import StoreError


@contextmanager
def whole_file(to: Path) -> Iterator[Path]:
    """A temporary path beside `to`, which takes its place when the block ends well and is removed when it does not.

    The folder is made where it is missing. StoreError where the disk or its rights say no.
    """
    if to.is_dir():
        raise StoreError("is a folder", where=str(to), way_out="give the name of a file")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=to.parent, prefix=f".{to.name[:40]}.", suffix=".tmp")
        os.close(handle)
        draft = Path(name)
        try:
            yield draft
            with draft.open("rb+") as file:
                os.fsync(file.fileno())
            draft.chmod(0o644)
            draft.replace(to)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(
            f"cannot be written: {error.strerror or error}", where=str(to), way_out="free some room, or choose another -o"
        ) from error
