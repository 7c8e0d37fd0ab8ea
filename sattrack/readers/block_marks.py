"""Block marks: what a compressed block of a TIFF says of its own content, held against what was decoded or expected."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sattrack.readers.resampling import interleaved

_CHECKSUM = 4
_MOST_MARKERS = 64
# Start of frame, in all its kinds (ITU-T T.81, table B.1), without the tables and the arithmetic conditioning among them.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class Deflated:
    """The checksum that each block of zlib ends with (RFC 1950).

    GDAL's decoder takes a block that yields more bytes than fit as if it were whole: its checksum is not looked at, and its end
    may be memory that was never written. Here the bytes that were compressed are made again of the decoded pixels, which takes
    a fifth of the time of inflating them; that is done where their checksum does not meet.
    """

    def __init__(
        self, path: Path, *, block: tuple[int, int], tiled: bool, bands: int, dtype: np.dtype[Any], said: dict[str, str]
    ) -> None:
        """block: (rows, cols). bands: in one block. said: GDAL's words of how the file is stored."""
        self._tiled = tiled
        self._file = path.open("rb", buffering=0)
        self._block, bits = block, int(said.get("NBITS", 8 * dtype.itemsize))
        self._full = block[0] * -(-block[1] * bands * bits // 8)
        self._stored = dtype.newbyteorder(">" if self._file.read(2) == b"MM" else "<")
        self._predictor = said.get("PREDICTOR", "1")
        self._whole, self._steps = np.empty((0, 0, 0), dtype), np.empty((0, 0), dtype)
        self.needs_pixels = bits == 8 * dtype.itemsize and self._predictor in ("1", "2") and dtype.kind in "iu"

    def close(self) -> None:
        self._file.close()

    def is_sound(self, offset: int, size: int, *, shape: tuple[int, int], pixels: NDArray[Any] | None) -> bool:
        """shape: (rows, cols) of a block as far as it lies in the picture. pixels: (bands, rows, cols) of it."""
        rows = self._block[0] if self._tiled else shape[0]
        if pixels is not None and size > _CHECKSUM:
            end = int.from_bytes(self._bytes(offset + size - _CHECKSUM, _CHECKSUM), "big")
            if zlib.adler32(self._as_stored(pixels, rows).data) == end:
                return True
        return self._inflates(offset, size)

    def _as_stored(self, pixels: NDArray[Any], rows: int) -> NDArray[Any]:
        """The bytes that were compressed: (rows, cols * bands). What lies over the picture's edge is taken to be 0."""
        bands, high, wide = pixels.shape
        shape = (rows, self._block[1], bands)
        if self._whole.shape != shape:
            # Kept for the next blocks: fresh memory costs more than all that is done in it.
            self._whole, self._steps = np.empty(shape, pixels.dtype), np.empty((rows, shape[1] * bands), pixels.dtype)
        whole = self._whole
        if (high, wide) == shape[:2]:
            whole = interleaved(pixels, into=whole)
        else:
            whole[:] = 0
            whole[:high, :wide] = interleaved(pixels)
        lines = np.ascontiguousarray(whole).reshape(rows, -1)
        if self._predictor == "2":
            self._steps[:, :bands] = lines[:, :bands]
            np.subtract(lines[:, bands:], lines[:, :-bands], out=self._steps[:, bands:])
            lines = self._steps
        return lines.astype(self._stored, copy=False)

    def _inflates(self, offset: int, size: int) -> bool:
        """Whether a block inflates to no more than it should, and meets its checksum."""
        if size > 2 * self._full + (1 << 16):
            return False
        stream = zlib.decompressobj()
        try:
            # The last strip of a file may be shorter, or hold lines that nobody reads. What is too short GDAL itself tells.
            return 0 < len(stream.decompress(self._bytes(offset, size), self._full + 1)) <= self._full and stream.eof
        except zlib.error:
            return False

    def _bytes(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(size)


class Jpegs:
    """The size that each block's own frame header says. Of a smaller one the rest would be memory that was never written."""

    needs_pixels = False

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)

    def close(self) -> None:
        self._file.close()

    def is_sound(self, offset: int, size: int, *, shape: tuple[int, int], pixels: NDArray[Any] | None) -> bool:
        """shape: (rows, cols) of a block as far as it lies in the picture: of more than that nothing is shown."""
        del pixels
        at = offset + 2
        for _ in range(_MOST_MARKERS):
            self._file.seek(at)
            head = self._file.read(9)
            if len(head) < 9 or head[0] != 0xFF or at + 9 > offset + size:
                return False
            marker, length, _, high, wide = struct.unpack(">xBHBHH", head)
            if marker in _FRAMES:
                return bool(high >= shape[0] and wide >= shape[1])
            at += 1 if marker == 0xFF else 2 + length
        return False
