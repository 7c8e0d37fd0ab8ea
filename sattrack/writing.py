"""Writing: a file whole or not at all."""

import os
import tempfile
from pathlib import Path

from sattrack.errors import StoreError


def write_whole(path: Path, content: bytes) -> None:
    """The old file or the new one, never half of it, even through a crash: temporary name, sync, rename, sync of the folder."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise StoreError(
            f"cannot be written: {error.strerror}", where=str(path), way_out="free some room, or choose another -o"
        ) from error
