"""Evidence packs as somebody hands them over: read in memory, never unpacked, and no larger than a pack can be."""

import zipfile
import zlib
from pathlib import Path

from sattrack.errors import StoreError

_MOST_FILES, _MOST_BYTES = 64, 256 << 20
_WAY_OUT = "give a zip that `sattrack evidence RUN ALERT_ID` wrote"
_NEEDED = ("SHA256SUMS", "alert.json", "provenance.json")


def read_pack(path: Path) -> dict[str, bytes]:
    """The files of a pack by name. StoreError where it cannot be read, is no evidence pack, or is damaged."""
    try:
        with zipfile.ZipFile(path) as pack:
            entries = pack.infolist()
            names = [entry.filename for entry in entries]
            if missing := [name for name in _NEEDED if name not in names]:
                raise _refused(path, f"it holds no {missing[0]}")
            if len(names) > _MOST_FILES or len(set(names)) < len(names):
                raise _refused(path, f"it holds {len(names)} files, or one twice")
            if sum(entry.file_size for entry in entries) > _MOST_BYTES:
                raise _refused(path, f"it unpacks to more than {_MOST_BYTES >> 20} MiB")
            return {entry.filename: _read(pack, entry) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise StoreError(f"the pack is damaged: {error}", where=str(path), way_out="fetch it again") from error
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"cannot be read: {error.strerror or error}", where=str(path), way_out=_WAY_OUT) from error


def _read(pack: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """An entry up to the size that it states, so that one that lies about it fills no memory."""
    with pack.open(entry) as file:
        return file.read(entry.file_size + 1)


def _refused(path: Path, why: str) -> StoreError:
    return StoreError(f"is no evidence pack: {why}", where=str(path), way_out=_WAY_OUT)
