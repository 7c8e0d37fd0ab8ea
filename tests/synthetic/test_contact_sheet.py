import numpy as np

from sattrack.synthetic.contact_sheet import contact_sheet


def test_a_sheet_holds_every_tile_in_its_place_and_white_between():
    sheet = contact_sheet([1, 2, 3], gsd_m=0.6, shape=(50, 60), columns=2)
    assert sheet.shape == (2 * 54, 2 * 64, 3)
    assert (sheet[50:54] == 255).all()
    assert (sheet[54:104, 64:124] == 255).all()
    assert not (sheet[:50, :60] == 255).all()


def test_truth_is_drawn_only_when_asked():
    plain = contact_sheet([100], gsd_m=0.5, shape=(80, 80), columns=1)
    outlined = contact_sheet([100], gsd_m=0.5, shape=(80, 80), columns=1, truth=True)
    assert not np.array_equal(plain, outlined)
