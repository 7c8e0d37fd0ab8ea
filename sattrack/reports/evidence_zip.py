"""The zip of an evidence pack: the same files give the same bytes, and one of them holds the digests of all others."""

import hashlib
import io
import zipfile
from collections.abc import Mapping

SUMS = "SHA256SUMS"
# The earliest time that a zip can hold: a pack bears no time of writing.
_TIME = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o100644 << 16
_UNIX = 3


def sums(files: Mapping[str, bytes]) -> bytes:
    """The digests of files as `sha256sum -c` reads them, in order of name."""
    return "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files) if name != SUMS).encode()


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The files and their digests as one zip."""
    every = {**files, SUMS: sums(files)}
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as pack:
        for name in sorted(every):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system, entry.external_attr = _UNIX, _PLAIN_FILE
            # Pictures are packed already, and other versions of zlib would pack them to other bytes.
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
            pack.writestr(entry, every[name], compresslevel=6)
    return sink.getvalue()
