import numpy as np

from sattrack.synthetic.contact_sheet import contact_sheet, drawn_tiles, in_turn


def plain(value):
    return np.full((50, 60, 3), value, np.uint8)


def test_a_sheet_holds_every_tile_in_its_place_and_white_between():
    sheet = contact_sheet([plain(1), plain(2), plain(3)], columns=2)
    assert sheet.shape == (2 * 54, 2 * 64, 3)
    assert (sheet[50:54] == 255).all()
    assert (sheet[54:104, 64:124] == 255).all()
    assert (sheet[:50, :60] == 1).all()
    assert (sheet[:50, 64:124] == 2).all()
    assert (sheet[54:104, :60] == 3).all()


def test_real_crops_stand_in_every_second_place():
    sheet = contact_sheet(in_turn([plain(1), plain(2)], (plain(value) for value in (101, 102, 103))), columns=4)
    assert [int(sheet[0, 64 * place, 0]) for place in range(4)] == [1, 101, 2, 102]


def test_truth_is_drawn_only_when_asked():
    without, outlined = (
        next(drawn_tiles([3], gsd_m=0.5, shape=(80, 80), kind="tight", truth=truth)) for truth in (False, True)
    )
    assert not np.array_equal(without, outlined)
    yellow = [picture[..., :2].min(axis=2).astype(int) - picture[..., 2] for picture in (without, outlined)]
    assert (yellow[1] - yellow[0]).max() > 100
