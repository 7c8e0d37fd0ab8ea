import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sattrack.imagery import Stretch, Tile, Window
from sattrack.results import CLOUDS_JUDGED, Seen
from sattrack.steps import glancing
from sattrack.steps.clouding import CLEAR, CLOUD, DOUBTFUL, Clouds, cloud_notes, judge_clouds, without_clouds
from tests.steps.clouded_ground import GSD, cloud_at, ground, looks_of, roof_at

NOTHING = np.zeros((0, 2))
RAW = Stretch((20.0, 20.0, 20.0), (235.0, 235.0, 235.0))
CENTRE, RADIUS_M = (180.0, 130.0), 70.0


def clouds_of(kind: np.ndarray, cell: tuple[float, float]) -> Clouds:
    return Clouds(kind, np.ones(kind.shape, bool), cell, np.arange(len(kind)), np.arange(kind.shape[1]))


def away_from_centre(clouds: Clouds) -> np.ndarray:
    rows, cols = clouds.kind.shape
    y, x = np.mgrid[:rows, :cols] + 0.5
    return np.hypot(x * clouds.cell[0] * GSD - CENTRE[0], y * clouds.cell[1] * GSD - CENTRE[1])


def test_a_soft_bright_bank_is_cloud_and_the_ground_beside_it_is_not() -> None:
    clouds = judge_clouds(looks_of(cloud_at(ground(), centre=CENTRE, radius_m=RADIUS_M)), boxes=NOTHING)
    away = away_from_centre(clouds)
    assert (clouds.kind[away < 0.9 * RADIUS_M] == CLOUD).mean() > 0.95
    assert not (clouds.kind[away > 1.2 * RADIUS_M] == CLOUD).any()


def test_clear_ground_is_clear() -> None:
    clouds = judge_clouds(looks_of(ground()), boxes=NOTHING)
    assert (clouds.kind == CLEAR).all()
    assert clouds.known.all()


def test_a_white_roof_with_sharp_edges_is_no_cloud_but_doubtful() -> None:
    clouds = judge_clouds(looks_of(roof_at(ground(), left_m=100, top_m=70, size_m=90)), boxes=NOTHING)
    assert not (clouds.kind == CLOUD).any()
    inside = clouds.kind[25:33, 32:40]
    assert (inside == DOUBTFUL).all()


def test_boxes_found_all_over_smooth_ground_say_that_it_is_in_sight() -> None:
    looks = looks_of(cloud_at(ground(), centre=CENTRE, radius_m=RADIUS_M))
    x, y = np.meshgrid(np.arange(240, 480, 30), np.arange(140, 380, 30))
    boxes = np.column_stack([x.ravel(), y.ravel()]).astype(float)
    assert (judge_clouds(looks, boxes=boxes).kind == CLEAR).all()


def test_a_lone_box_at_the_rim_clears_only_the_ground_around_it() -> None:
    looks = looks_of(cloud_at(ground(), centre=CENTRE, radius_m=RADIUS_M))
    box = np.array([[(CENTRE[0] - 60) / GSD, CENTRE[1] / GSD]])
    without, given_box = judge_clouds(looks, boxes=NOTHING), judge_clouds(looks, boxes=box)
    row, col = int(CENTRE[1] / 4), int((CENTRE[0] - 60) / 4)
    assert without.kind[row, col] == CLOUD
    assert given_box.kind[row, col] == CLEAR
    assert (given_box.kind == CLOUD).sum() > 0.8 * (without.kind == CLOUD).sum()


def test_a_gray_picture_and_a_small_one_are_not_judged_and_say_so() -> None:
    gray = np.repeat(cloud_at(ground(), centre=CENTRE, radius_m=RADIUS_M)[..., :1], 3, axis=2)
    for picture, words in ((gray, "gray"), (ground(90, 90), "too little ground")):
        clouds = judge_clouds(looks_of(picture), boxes=NOTHING)
        assert (clouds.kind == CLEAR).all()
        (note,) = cloud_notes(clouds, stretch=RAW)
        assert words in note
        assert "cannot be judged" in note
        assert not note.startswith(CLOUDS_JUDGED)


def test_notes_say_how_much_is_hidden_how_much_cannot_be_told_and_that_a_picture_is_pale() -> None:
    kind = np.zeros((10, 10), np.uint8)
    assert cloud_notes(clouds_of(kind, (8.0, 8.0)), stretch=RAW) == (f"{CLOUDS_JUDGED}: none was found",)
    kind[:2], kind[5, :5] = CLOUD, DOUBTFUL
    said, pale = cloud_notes(clouds_of(kind, (8.0, 8.0)), stretch=Stretch((140.0,) * 3, (220.0,) * 3))
    assert said.startswith(f"{CLOUDS_JUDGED}: hiding 20% of what was looked at; whether bright smooth ground, 5% of it, is ")
    assert "haze" in pale


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**31))
def test_clouds_only_ever_take_from_what_was_seen(rows: int, cols: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    seen = Seen(rng.integers(0, 256, (rows, cols)).astype(np.uint8), (4.0, 3.0))
    kind = rng.integers(0, 3, (max(1, rows // 2), max(1, cols // 2))).astype(np.uint8)
    clouds = clouds_of(kind, (4.0 * cols / kind.shape[1], 3.0 * rows / kind.shape[0]))
    less = without_clouds(seen, clouds)
    assert less.cell == seen.cell
    assert ((less.share == seen.share) | (less.share == 0)).all()
    if (kind == CLOUD).all():
        assert not less.share.any()
    if not (kind == CLOUD).any():
        assert np.array_equal(less.share, seen.share)


def test_what_a_cloud_hides_is_the_ground_under_it() -> None:
    kind = np.zeros((2, 2), np.uint8)
    kind[0, 1] = CLOUD
    clouds = clouds_of(kind, (8.0, 8.0))
    seen = without_clouds(Seen(np.full((4, 4), 255, np.uint8), (4.0, 4.0)), clouds)
    assert seen.share.tolist() == [[255, 255, 0, 0], [255, 255, 0, 0], [255] * 4, [255] * 4]
    assert seen.share.mean() / 255 == pytest.approx(0.75)


@pytest.mark.parametrize("size", [4, 8])
@pytest.mark.parametrize("places", [[(0, 0)], [(5, 3)], [(0, 0), (6, 7)], [(2, 7), (6, 0), (6, 1)]])
def test_I4_what_is_judged_near_two_yards_is_what_is_judged_on_the_map_of_the_whole_scene(
    monkeypatch: pytest.MonkeyPatch, places: list[tuple[int, int]], size: int
) -> None:
    high, wide = 700, 800
    shape, more = (size * 2 * high, size * 2 * wide), size // 4
    places = [(more * y, more * x) for y, x in places]
    # As in a huge scene.
    monkeypatch.setattr(glancing, "_MOST_CELLS", shape[0] * shape[1] * (GSD / size) ** 2)
    clouds, masks = [], []
    picture = cloud_at(ground(high, wide), centre=(190.0, 170.0), radius_m=110.0)
    boxes = np.array([(x * wide + 700.0, y * high + 600.0) for y, x in places])
    shown = np.clip(np.rint((picture.astype(float) - 20) / 215 * 255), 0, 255).astype(np.uint8)
    seen = Seen(np.full((shape[0] // 10, shape[1] // 10), 255, np.uint8), (10.0, 10.0))
    for whole in (False, True):
        if whole:
            monkeypatch.setattr(glancing, "_near", lambda held, _reach: np.arange(len(held)))
        looks = glancing.LooksMap(shape, gsd_m=(GSD, GSD), overlap_m=24.0, stretch=RAW)
        for y, x in places:
            looks.add(Tile(Window(x * wide, y * high, wide, high), shown, np.ones((high, wide), bool)))
        result = looks.result()
        assert result.size_m == size
        clouds.append(judge_clouds(result, boxes=boxes))
        masks.append(without_clouds(seen, clouds[-1]))
    near, all_of_it = clouds
    assert near.kind.size < 0.7 * all_of_it.kind.size
    assert np.array_equal(near.kind, all_of_it.kind[np.ix_(near.rows, near.cols)])
    assert (all_of_it.kind == CLOUD).sum() == (near.kind == CLOUD).sum() > 0
    assert (all_of_it.kind == DOUBTFUL).sum() == (near.kind == DOUBTFUL).sum()
    assert cloud_notes(near, stretch=RAW) == cloud_notes(all_of_it, stretch=RAW)
    assert np.array_equal(masks[0].share, masks[1].share)
    assert not masks[0].share.all()


def test_r16_a_strip_too_thin_to_tell_a_slope_is_not_judged() -> None:
    """As the sliver that is left over of a delivery: one row of cells, bright and smooth for a kilometre."""
    strip = ground(16, 3000)[:8]
    strip[:, 500:2500] = (215 + 10 * np.sin(np.arange(2000) / 60)).astype(np.uint8)[:, None]
    clouds = judge_clouds(looks_of(strip), boxes=NOTHING)
    assert (clouds.kind == CLEAR).all()
    assert "too little ground was looked at" in cloud_notes(clouds, stretch=RAW)[0]
