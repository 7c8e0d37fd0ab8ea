import json
from itertools import islice

import cv2
import numpy as np
import pytest

from sattrack.errors import UsageError
from sattrack.synthetic.crops import real_crops, stretched


@pytest.fixture
def labelled(tmp_path):
    """A set of a picture of 0.5 m pixels, as wide as high and brighter to the right, and one of 2 m pixels."""
    (tmp_path / "images").mkdir()
    (tmp_path / "labels_obb").mkdir()
    for name, level in (("fine", 40), ("coarse", 200)):
        picture = np.clip(np.arange(80)[None, :, None] + np.full((80, 80, 3), level), 0, 255).astype(np.uint8)
        cv2.imwrite(str(tmp_path / "images" / f"{name}.png"), picture)
        (tmp_path / "labels_obb" / f"{name}.txt").touch()
    (tmp_path / "meta.json").write_text(json.dumps({"fine": {"gsd_m": 0.5}, "coarse": {"gsd_m": 2.0}}))
    return tmp_path


def test_crops_come_from_pictures_of_like_pixels_at_the_asked_size_and_stretched(labelled):
    for crop in islice(real_crops(labelled, gsd_m=0.4, shape=(60, 70)), 3):
        assert crop.shape == (60, 70, 3)
        # 80 px of 0.5 m are 100 px of 0.4 m; the stretch spreads 80 levels over 256.
        assert np.diff(crop[30, :, 0].astype(int)).mean() == pytest.approx(256 / 100, rel=0.15)


def test_a_small_yard_in_much_dark_water_keeps_its_shades_as_detection_leaves_them(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "labels_obb").mkdir()
    picture = np.random.default_rng(0).integers(27, 34, (1024, 1024, 1)).astype(np.uint8).repeat(3, axis=2)
    picture[90:150, 100:160] = np.linspace(80, 140, 60).astype(np.uint8)[None, :, None]
    cv2.imwrite(str(tmp_path / "images" / "port.png"), picture)
    (tmp_path / "labels_obb" / "port.txt").touch()
    (tmp_path / "meta.json").write_text(json.dumps({"port": {"gsd_m": 0.5}}))
    crop = next(real_crops(tmp_path, gsd_m=0.5, shape=(1024, 1024)))
    assert len(np.unique(crop[120, 100:160, 0])) > 30
    tile = stretched(picture, gsd_m=0.5)
    assert len(np.unique(tile[120, 100:160, 0])) > 30


def test_what_a_picture_cannot_fill_is_white(labelled):
    crop = next(real_crops(labelled, gsd_m=0.5, shape=(100, 120)))
    assert (crop[80:] == 255).all()
    assert (crop[:, 80:] == 255).all()
    assert crop[:80, :40].mean() < 128


def test_a_seed_always_picks_the_same_crops(labelled):
    first, again, other = (list(islice(real_crops(labelled, gsd_m=0.5, shape=(30, 30), seed=s), 4)) for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_folder_without_alike_pictures_is_refused(labelled):
    with pytest.raises(UsageError, match=r"pixels near 0\.1 m"):
        real_crops(labelled, gsd_m=0.1, shape=(30, 30))


def test_a_drawn_tile_is_stretched_to_the_whole_range():
    flat = np.linspace(90, 110, 40 * 40 * 3).reshape(40, 40, 3).astype(np.uint8)
    assert np.ptp(stretched(flat, gsd_m=0.5)) == 255
