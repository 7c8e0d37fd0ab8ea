"""Pieces: what of a picture was decoded, kept while tiles of the same row and of the next one need it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sattrack.readers.resampling import Pixels, Valid
from sattrack.readers.upright import Area

# Pieces of tiled files are at least this high and wide, strips as wide as the file at least so high, in pixels.
_LEAST_TILE, _LEAST_STRIP = 256, 64

Box = tuple[int, int, int, int]  # column, row, width, height


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """valid: none where every pixel is."""

    pixels: Pixels
    valid: Valid | None

    @property
    def bytes(self) -> int:
        return self.pixels.nbytes + (0 if self.valid is None else self.valid.nbytes)


def piece_shape(shape: tuple[int, int], block: tuple[int, int]) -> tuple[int, int]:
    """(rows, cols) of the pieces of a picture of a shape that is stored in blocks of (rows, cols): whole blocks."""
    strips = block[1] >= shape[1]
    rows = block[0] * math.ceil((_LEAST_STRIP if strips else _LEAST_TILE) / block[0])
    cols = shape[1] if strips else block[1] * math.ceil(_LEAST_TILE / block[1])
    return min(rows, shape[0]), min(cols, shape[1])


class Pieces:
    """Windows of one picture at full size, for one thread. decode: pixels (rows, cols, channels) and validity of an area."""

    def __init__(
        self, decode: Callable[[Area], tuple[Pixels, Valid]], *, shape: tuple[int, int], piece: tuple[int, int], most: int
    ) -> None:
        """shape: (rows, cols) of the picture. piece: (rows, cols). most: bytes that may be kept."""
        self._decode, self._shape, self._piece, self._most = decode, shape, piece, most
        self._kept: dict[tuple[int, int], _Piece] = {}

    def read(self, box: Box) -> tuple[Pixels, Valid]:
        """A window that lies inside the picture."""
        col, row, width, height = box
        high, wide = self._piece
        for past in [key for key in self._kept if (key[0] + 1) * high <= row]:
            # Tiles come row by row: nobody looks up again.
            del self._kept[past]
        pixels, valid = None, np.ones((height, width), bool)
        columns = range(col // wide, (col + width - 1) // wide + 1)
        for line in range(row // high, (row + height - 1) // high + 1):
            self._complete(line, columns)
            for column in columns:
                piece = self._kept[line, column]
                if pixels is None:
                    pixels = np.empty((height, width, piece.pixels.shape[-1]), piece.pixels.dtype)
                into, of = _shared(box, (column * wide, line * high, *piece.pixels.shape[1::-1]))
                pixels[into] = piece.pixels[of]
                if piece.valid is not None:
                    valid[into] = piece.valid[of]
        self._forget(col)
        assert pixels is not None
        return pixels, valid

    def _complete(self, line: int, columns: range) -> None:
        """Decodes what is missing of some pieces beside each other, at once."""
        missing = [column for column in columns if (line, column) not in self._kept]
        if not missing:
            return
        high, wide = self._piece
        first, top = missing[0] * wide, line * high
        width, height = min((missing[-1] + 1) * wide, self._shape[1]) - first, min(high, self._shape[0] - top)
        pixels, valid = self._decode((first, top, width, height))
        whole = bool(valid.all())
        for column in missing:
            at = slice(None), slice(column * wide - first, (column + 1) * wide - first)
            # Copied, so that no piece keeps its neighbours in memory.
            seen = None if whole or valid[at].all() else valid[at].copy()
            self._kept[line, column] = _Piece(pixels if len(missing) == 1 else pixels[at].copy(), seen)

    def _forget(self, col: int) -> None:
        """Drops what is needed last where too much is kept: tiles go on to the right, and begin again at the left."""
        total = sum(piece.bytes for piece in self._kept.values())
        if total <= self._most:
            return
        wide = self._piece[1]
        for key in sorted(self._kept, key=lambda key: (key[1] * wide - col) % self._shape[1], reverse=True):
            total -= self._kept.pop(key).bytes
            if total <= self._most:
                return


def _shared(box: Box, other: Box) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """What two boxes share, as rows and columns of the one and of the other."""
    left, top = max(box[0], other[0]), max(box[1], other[1])
    right, bottom = min(box[0] + box[2], other[0] + other[2]), min(box[1] + box[3], other[1] + other[3])
    return (
        (slice(top - box[1], bottom - box[1]), slice(left - box[0], right - box[0])),
        (slice(top - other[1], bottom - other[1]), slice(left - other[0], right - other[0])),
    )
