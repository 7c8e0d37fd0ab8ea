"""EXIF: which way up a JPEG or PNG is meant to be seen."""

import struct
from pathlib import Path
from typing import Any

# EXIF orientation -> the raw picture's rows reversed, columns reversed, then rows and columns exchanged.
TURNS = {
    1: (False, False, False), 2: (False, True, False), 3: (True, True, False), 4: (True, False, False),
    5: (False, False, True), 6: (True, False, True), 7: (True, True, True), 8: (False, True, True),
}  # fmt: skip
_ORIENTATION = 0x0112


def orientation(raster: Any, location: str) -> int:
    """EXIF orientation, 1 to 8; 1 where none is said."""
    if raster.driver == "JPEG":
        said = raster.tags().get("EXIF_Orientation", "1")
        return int(said) if said in "12345678" and len(said) == 1 else 1
    if raster.driver != "PNG":
        return 1
    try:
        value = _orientation_in(_png_exif(Path(location)))
    except struct.error:
        return 1
    return value if value in TURNS else 1


def _orientation_in(exif: bytes) -> int:
    """The orientation in the first directory of an EXIF block (a TIFF header); 1 where there is none."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2], "")
    if not order:
        return 1
    start = struct.unpack_from(order + "I", exif, 4)[0]
    for entry in range(struct.unpack_from(order + "H", exif, start)[0]):
        tag, kind = struct.unpack_from(order + "HH", exif, start + 2 + 12 * entry)
        if (tag, kind) == (_ORIENTATION, 3):
            return int(struct.unpack_from(order + "H", exif, start + 10 + 12 * entry)[0])
    return 1


def _png_exif(path: Path) -> bytes:
    """The eXIf chunk of a PNG where it stands before the pixels; empty where there is none."""
    with path.open("rb") as file:
        file.seek(8)
        while len(head := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            if kind == b"eXIf" and length <= 1 << 16:
                return file.read(length)
            if kind == b"IDAT":
                break
            file.seek(length + 4, 1)
    return b""
