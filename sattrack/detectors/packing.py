"""Packing: an export of two parts in one file, with the digest of each, which must hold before anything of it is used."""

import hashlib
import io
import zipfile
import zlib
from pathlib import Path

from sattrack.errors import WeightsError
from sattrack.writing import write_whole

_GRAPH, _CONSTANTS, _SUMS = "model.xml", "model.bin", "SHA256SUMS"
# Far above what a network of this kind weighs; a file that claims more is not unpacked.
MOST_BYTES = 256 << 20
# The earliest that the format knows: the same parts make the same bytes.
_ALWAYS = (1980, 1, 1, 0, 0, 0)


def pack(graph: bytes, constants: bytes) -> bytes:
    """A deflated zip of both and of their digests, as `sha256sum -c` reads them; the same bytes every time."""
    parts = {_GRAPH: graph, _CONSTANTS: constants}
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in parts.items())
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        for name, content in {_SUMS: sums.encode(), **parts}.items():
            entry = zipfile.ZipInfo(name, date_time=_ALWAYS)
            entry.external_attr = 0o644 << 16
            file.writestr(entry, content, compress_type=zipfile.ZIP_DEFLATED, compresslevel=9)
    return held.getvalue()


def write_packed(graph: bytes, constants: bytes, to: Path) -> None:
    """The file, whole or not at all."""
    write_whole(to, pack(graph, constants))


def read_packed(path: Path) -> tuple[bytes, bytes]:
    """Graph and constants, read into memory: no name in the file is ever a path here.

    WeightsError where the file cannot be read, holds anything else, claims too much, or a digest does not hold (P5, P6, H12).
    """
    try:
        with path.open("rb") as stream, zipfile.ZipFile(stream) as file:
            sizes = {entry.filename: entry.file_size for entry in file.infolist()}
            if sorted(entry.filename for entry in file.infolist()) != sorted((_GRAPH, _CONSTANTS, _SUMS)):
                raise WeightsError(f"holds {_listed(sizes)}, not an export", where=str(path), way_out=_WAY_OUT)
            if sum(sizes.values()) > MOST_BYTES:
                raise WeightsError(f"claims {sum(sizes.values()):,} bytes unpacked", where=str(path), way_out=_WAY_OUT)
            parts = {name: _read(file, name) for name in (_GRAPH, _CONSTANTS, _SUMS)}
    except WeightsError:
        raise
    except OSError as error:
        raise WeightsError(f"cannot be read: {error.strerror or error}", where=str(path)) from error
    except _DAMAGED as error:
        raise WeightsError(f"is damaged: {error}", where=str(path), way_out=_WAY_OUT) from error
    stated = parts[_SUMS].decode("ascii", "replace").splitlines()
    for name in (_GRAPH, _CONSTANTS):
        if f"{hashlib.sha256(parts[name]).hexdigest()}  {name}" not in stated:
            raise WeightsError(f"is damaged: {name} is not what its sha256 says", where=str(path), way_out=_WAY_OUT)
    return parts[_GRAPH], parts[_CONSTANTS]


_WAY_OUT = "install sattrack again, or make the export again: sattrack model export"
# What zipfile raises of files that are cut, changed, encrypted or packed in a way of their own.
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


def _read(file: zipfile.ZipFile, name: str) -> bytes:
    """An entry, and no more of it than may be, whatever its header says."""
    with file.open(name) as stream:
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise zipfile.BadZipFile(f"{name} is larger than it says")
    return content


def _listed(names: dict[str, int]) -> str:
    return ", ".join(sorted(names)[:5]) or "nothing"
