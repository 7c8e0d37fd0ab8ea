"""Pieces of a picture, decoded once and kept while they are needed."""

import numpy as np
import pytest

from sattrack.readers.pieces import Pieces, piece_shape

SHAPE = (700, 900)


class Picture:
    """Decodes areas of one picture, and remembers how many pixels it was asked for."""

    def __init__(self):
        rng = np.random.default_rng(4)
        self.pixels = rng.integers(0, 256, (*SHAPE, 3)).astype(np.uint8)
        self.valid = np.ones(SHAPE, bool)
        self.valid[300:420, 500:] = False
        self.decoded = 0

    def __call__(self, area):
        col, row, width, height = area
        self.decoded += width * height
        return self.pixels[row : row + height, col : col + width], self.valid[row : row + height, col : col + width]


def row_by_row(size=160, stride=120):
    for row in range(0, SHAPE[0] - 1, stride):
        for col in range(0, SHAPE[1] - 1, stride):
            yield col, row, min(size, SHAPE[1] - col), min(size, SHAPE[0] - row)


@pytest.mark.parametrize("piece", [(64, 64), (100, 900), (7, 900), (700, 900), (33, 51)])
@pytest.mark.parametrize("most", [0, 300_000, 10_000_000])
def test_windows_are_what_they_are_in_the_picture_however_it_is_cut_and_however_little_is_kept(piece, most):
    picture = Picture()
    pieces = Pieces(picture, shape=SHAPE, piece=piece, most=most)
    windows = [*row_by_row(), (10, 20, 30, 40), (899, 699, 1, 1), (0, 0, 900, 700)]
    for col, row, width, height in windows:
        pixels, valid = pieces.read((col, row, width, height))
        assert np.array_equal(pixels, picture.pixels[row : row + height, col : col + width])
        assert np.array_equal(valid, picture.valid[row : row + height, col : col + width])


def test_windows_in_rows_decode_each_pixel_once_and_leave_nothing_above_them():
    picture = Picture()
    pieces = Pieces(picture, shape=SHAPE, piece=(64, 64), most=10_000_000)
    for window in row_by_row():
        pieces.read(window)
        assert sum(piece.bytes for piece in pieces._kept.values()) <= 900 * (160 + 2 * 64) * 4
    assert picture.decoded == SHAPE[0] * SHAPE[1]


def test_where_not_all_can_be_kept_what_is_kept_is_what_comes_first_in_the_next_row():
    picture = Picture()
    pieces = Pieces(picture, shape=SHAPE, piece=(64, 64), most=400_000)
    for window in row_by_row():
        pieces.read(window)
    assert picture.decoded < 1.6 * SHAPE[0] * SHAPE[1]
    picture.decoded = 0
    forgetful = Pieces(picture, shape=SHAPE, piece=(64, 64), most=0)
    for window in row_by_row():
        forgetful.read(window)
    assert picture.decoded > 2.5 * SHAPE[0] * SHAPE[1]


@pytest.mark.parametrize(
    ("shape", "block", "expected"),
    [
        ((4000, 5000), (512, 512), (512, 512)), ((4000, 5000), (128, 128), (256, 256)), ((4000, 5000), (1, 5000), (64, 5000)),
        ((4000, 5000), (100, 5000), (100, 5000)), ((40, 50), (256, 256), (40, 50)), ((4000, 5000), (4000, 5000), (4000, 5000)),
    ],
)  # fmt: skip
def test_pieces_are_whole_blocks_of_a_useful_size(shape, block, expected):
    assert piece_shape(shape, block) == expected
