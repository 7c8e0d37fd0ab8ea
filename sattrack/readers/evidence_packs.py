"""Evidence packs as somebody hands them over: read in memory, never unpacked, and no larger than a pack can be."""

import re
import stat
import zipfile
import zlib
from pathlib import Path

from sattrack.errors import StoreError

_MOST_FILES, _MOST_BYTES = 64, 256 << 20
_WAY_OUT = "give a zip that `sattrack evidence RUN ALERT_ID` wrote"
_NEEDED = ("SHA256SUMS", "alert.json", "provenance.json")
# Whoever unpacks it may have a program that writes outside its folder, or over a file of another case.
_NAME = re.compile(r"(?:\w[\w.-]*/)*\w[\w.-]*", re.ASCII)
_PACKED_BY = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def read_pack(path: Path) -> dict[str, bytes]:
    """The files of a pack by name. StoreError where it cannot be read, is no evidence pack, or is damaged."""
    try:
        with zipfile.ZipFile(path) as pack:
            entries = [entry for entry in pack.infolist() if not entry.filename.endswith("/")]
            names = [entry.filename for entry in entries]
            if missing := [name for name in _NEEDED if name not in names]:
                raise _refused(path, f"it holds no {missing[0]}")
            if len(names) > _MOST_FILES or len({name.casefold() for name in names}) < len(names):
                raise _refused(path, f"it holds {len(names)} files, or one twice")
            if strange := [entry.filename for entry in entries if not _plain(entry)]:
                raise _refused(path, f"{strange[0]!r} in it is no file as packs hold them")
            if sum(entry.file_size for entry in entries) > _MOST_BYTES:
                raise _refused(path, f"it unpacks to more than {_MOST_BYTES >> 20} MiB")
            return {entry.filename: _read(pack, entry) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, UnicodeDecodeError) as error:
        why = str(error) or "it ends too early"
        raise StoreError(f"the pack is damaged: {why}", where=str(path), way_out="fetch it again") from error
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"cannot be read: {error.strerror or error}", where=str(path), way_out=_WAY_OUT) from error


def _plain(entry: zipfile.ZipInfo) -> bool:
    """Whether an entry is a file, by a name that stays where it is unpacked, and packed as packs are."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    return bool(_NAME.fullmatch(entry.filename)) and kind in (0, stat.S_IFREG) and entry.compress_type in _PACKED_BY


def _read(pack: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """An entry up to the size that it states, so that one that lies about it fills no memory."""
    with pack.open(entry) as file:
        return file.read(entry.file_size + 1)


def _refused(path: Path, why: str) -> StoreError:
    return StoreError(f"is no evidence pack: {why}", where=str(path), way_out=_WAY_OUT)
