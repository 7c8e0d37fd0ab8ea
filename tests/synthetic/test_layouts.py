from dataclasses import replace

import cv2
import numpy as np
import pytest

from sattrack.geometry import sides
from sattrack.synthetic.buildings import narrow_houses
from sattrack.synthetic.ground import Ground
from sattrack.synthetic.layouts import SHARES, Layout, draw_layout
from sattrack.synthetic.railways import FLOOR_M, flat_train
from sattrack.synthetic.rendering import View, render_scene, render_tile
from sattrack.synthetic.sensor import Sensor
from sattrack.synthetic.solids import BOX, BOX_LENGTHS_M, BOX_WIDTH_M, ROOF
from sattrack.synthetic.yards import Habit, block_slots, ragged_tiers, stacked

PLAIN = Sensor(blur_px=0.4, haze=0.0, noise=0.0, jpeg=0)


def test_a_seed_always_draws_the_same_tile():
    first, again = (render_tile(41, gsd_m=0.4, shape=(160, 200)) for _ in range(2))
    assert np.array_equal(first.picture, again.picture)
    assert np.array_equal(first.quads, again.quads)
    other = render_tile(42, gsd_m=0.4, shape=(160, 200))
    assert not np.array_equal(first.picture, other.picture)


def test_a_tile_is_rgb_of_the_asked_shape():
    tile = render_tile(7, gsd_m=0.5, shape=(96, 130))
    assert tile.picture.shape == (96, 130, 3)
    assert tile.picture.dtype == np.uint8
    assert tile.gsd_m == 0.5
    assert len(tile.quads) == len(tile.zones) == len(tile.solids)


def test_boxes_keep_their_true_size_in_metres_at_every_pixel_size():
    for gsd_m in (0.2, 0.45, 0.7):
        quads = np.concatenate([render_tile(seed, gsd_m=gsd_m, shape=(120, 120)).quads for seed in range(20)])
        long, short, _ = sides(quads * gsd_m)
        assert len(quads) > 40
        assert short == pytest.approx(BOX_WIDTH_M, abs=1e-6)
        assert set(np.round(long, 3)) <= {round(length, 3) for length in BOX_LENGTHS_M.values()}


@pytest.mark.parametrize("kind", list(SHARES))
def test_every_kind_of_place_can_be_drawn(kind):
    counts = []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        layout = draw_layout(rng, extent_m=(60, 60), kind=kind)
        drawn = render_scene(layout, gsd_m=0.5, shape=(120, 120), view=View(), sensor=PLAIN, rng=rng)
        counts.append(len(drawn.quads))
    if kind == "lookalikes":
        assert counts == [0, 0]
    else:
        assert max(counts) > 0


def test_a_place_of_look_alikes_is_full_of_things_but_holds_no_box():
    for seed in range(10):
        layout = draw_layout(np.random.default_rng(seed), extent_m=(100, 100), kind="lookalikes")
        assert len(layout.solids) > 10
        assert not (layout.solids.kind == BOX).any()


def test_about_a_sixth_of_all_tiles_hold_no_box():
    empty = sum(
        not (draw_layout(np.random.default_rng(seed), extent_m=(90, 90)).solids.kind == BOX).any() for seed in range(80)
    )
    assert 0.08 < empty / 80 < 0.3


def test_headings_cover_the_half_turn():
    headings = []
    for seed in range(60):
        things = draw_layout(np.random.default_rng(seed), extent_m=(60, 60)).solids
        boxes = things.heading[things.kind == BOX]
        headings += [float(np.median(boxes) % np.pi)] if len(boxes) else []
    assert (np.histogram(headings, bins=6, range=(0, np.pi))[0] > 0).all()


def test_no_box_with_another_right_on_top_of_it_is_truth():
    for seed in range(9):
        rng = np.random.default_rng(seed)
        layout = draw_layout(rng, extent_m=(90, 90), kind=("rtg", "tight", "depot")[seed % 3])
        drawn = render_scene(
            layout, gsd_m=0.3, shape=(300, 300), supersample=1, view=View(lean=(0.3, -0.2)), sensor=PLAIN, rng=rng
        )
        things = layout.solids
        boxes = things.where(things.kind == BOX)
        for row in drawn.solids:
            apart = np.hypot(*(boxes.centre - things.centre[row]).T)
            assert not ((apart < 1.0) & (np.abs(boxes.base - things.top[row]) < 0.01)).any()


def test_lean_moves_tops_by_their_height_and_leaves_footprints():
    layout = draw_layout(np.random.default_rng(3), extent_m=(80, 80), kind="depot")

    def drawn(lean):
        rng = np.random.default_rng(0)
        return render_scene(layout, gsd_m=0.25, shape=(320, 320), view=View(lean=lean), sensor=PLAIN, rng=rng)

    above, aside = drawn((0.0, 0.0)), drawn((0.4, 0.1))
    both, i, j = np.intersect1d(above.solids, aside.solids, return_indices=True)
    assert len(both) > 5
    moved = (aside.quads[j] - above.quads[i]).mean(axis=1) * 0.25
    assert moved == pytest.approx(layout.solids.top[both][:, None] * (0.4, 0.1), abs=1e-9)


def test_the_top_of_every_truth_box_wears_its_own_paint():
    layout = draw_layout(np.random.default_rng(4), extent_m=(80, 80), kind="tight")
    rng = np.random.default_rng(0)
    drawn = render_scene(layout, gsd_m=0.2, shape=(400, 400), view=View(shadow=(0.01, 0.01)), sensor=PLAIN, rng=rng)
    inside = ((drawn.quads > 4) & (drawn.quads < 396)).all((1, 2))
    assert inside.sum() > 10
    at = drawn.quads[inside].mean(axis=1).astype(int)
    seen = drawn.picture[at[:, 1], at[:, 0]].astype(float)
    off = np.abs(seen - layout.solids.colour[drawn.solids[inside]]).max(axis=1)
    assert np.median(off) < 25
    # Some are rusty, patched or open.
    assert (off < 60).mean() > 0.8


@pytest.mark.parametrize("seed", range(6))
def test_boxes_on_wagons_stand_alone_along_the_track_with_gaps_between(seed):
    rng = np.random.default_rng(seed)
    train = flat_train(rng, start=(0.0, 0.0), heading=0.3, frame=0.3, count=20, loaded=0.8)
    boxes, wagons = train.where(train.kind == BOX), train.where(train.kind != BOX)
    bottom = boxes.where(boxes.base == FLOOR_M)
    assert len(bottom) >= 10
    assert set(np.round(boxes.base, 3)) <= {FLOOR_M, *np.round(bottom.top, 3)}
    along = np.sort(bottom.centre @ (np.cos(0.3), np.sin(0.3)))
    across = bottom.centre @ (-np.sin(0.3), np.cos(0.3))
    assert np.abs(across).max() < 1e-6
    assert np.diff(along).min() > 6.0
    # A wagon shows beyond its load at both ends.
    assert wagons.footprints().reshape(-1, 2).max() > boxes.footprints().reshape(-1, 2).max()


def test_low_tops_that_tall_neighbours_hide_by_more_than_half_are_not_truth():
    slots = block_slots((20.0, 20.0), heading=0.0, rows=2, bays=1, gap_m=(0.5, 0.1))
    things = stacked(np.random.default_rng(0), slots=slots, tiers=np.array([4, 1]), habit=Habit(share20=0, spread_m=0, tilt=0))
    layout = Layout((40.0, 40.0), Ground("concrete", 1), things)

    def low_tops(lean):
        drawn = render_scene(
            layout, gsd_m=0.25, shape=(160, 160), view=View(lean=(0.0, lean)), sensor=PLAIN, rng=np.random.default_rng(0)
        )
        return int((things.base[drawn.solids] == 0).sum()), len(drawn.quads)

    # The tall stack stands above the low one in the picture, and leans over it; 7.8 m x 0.1 hide a third of its top.
    assert low_tops(0.0) == (1, 2)
    assert low_tops(0.1) == (1, 2)
    assert low_tops(0.3) == (0, 1)


def test_some_yards_have_low_stacks_right_beside_tall_ones():
    slots = block_slots((0.0, 0.0), heading=0.0, rows=6, bays=40)

    def cliffs(share):
        tiers = ragged_tiers(np.random.default_rng(2), slots=slots, highest=5, fill=0.98, cliffs=share).reshape(6, 40)
        return (np.abs(np.diff(tiers, axis=0))[(tiers[1:] > 0) & (tiers[:-1] > 0)] >= 3).mean()

    assert cliffs(0.9) > 0.15 > 2 * cliffs(0.0)


def test_a_yard_of_one_paint_wears_hardly_any_other():
    slots = block_slots((0.0, 0.0), heading=0.0, rows=10, bays=12)
    tiers = np.ones(len(slots), np.intp)

    def spread(**habit):
        boxes = stacked(np.random.default_rng(3), slots=slots, tiers=tiers, habit=Habit(share20=0, **habit))
        return boxes.colour.std(axis=0).max()

    assert spread(one_paint=0.98, whole_bays=1.0, even=1.0) < 0.5 * spread()


def test_old_roofs_rust_and_new_ones_do_not():
    layout = draw_layout(np.random.default_rng(4), extent_m=(80, 80), kind="depot")

    def redness(wear):
        rng = np.random.default_rng(0)
        aged = replace(layout, wear=wear)
        view = View(shadow=(0.01, 0.01))
        drawn = render_scene(aged, gsd_m=0.25, shape=(320, 320), view=view, sensor=PLAIN, rng=rng)
        inside = ((drawn.quads > 4) & (drawn.quads < 316)).all((1, 2))
        masks = np.zeros((320, 320), np.uint8)
        cv2.fillPoly(masks, list(drawn.quads[inside].round().astype(np.int32)), 1)
        seen = drawn.picture[masks == 1].astype(float)
        return float(np.mean((seen[:, 0] > seen[:, 2] + 25) & (seen.mean(axis=1) < 110)))

    assert redness(1.0) > redness(0.0) + 0.01


def test_narrow_houses_are_as_wide_as_boxes_and_never_truth():
    rng = np.random.default_rng(8)
    houses = narrow_houses(rng, centre=(0.0, 0.0), heading=0.0, frame=0.0, count=60, depth_m=13.0)
    assert not (houses.kind == BOX).any()
    roofs = houses.where(houses.kind == ROOF)
    assert ((roofs.length > 2.2) & (roofs.length < 3.6)).mean() > 0.3
    assert roofs.colour.std(axis=0).min() > 20
