"""Offsets on rendered yards whose boxes are exchanged, seen under another sun by another sensor."""

from dataclasses import replace

import numpy as np
import pytest

from sattrack.steps.registering import Look, offset_between
from sattrack.synthetic.layouts import Layout, draw_layout
from sattrack.synthetic.rendering import Rendered, View, render_scene
from sattrack.synthetic.sensor import Sensor
from sattrack.synthetic.solids import BOX

GSD, SIDE = 0.6, 300
EARLIER = View(lean=(0.02, 0.03), shadow=(0.7, 0.3))
LATER = View(lean=(0.03, 0.02), shadow=(-0.2, 0.8))


def of_share(layout: Layout, rng: np.random.Generator, *, kept: float) -> tuple[Layout, Layout]:
    """A yard at two dates: `kept` of each date's stacks stand at both, the others at one only; all else stands still."""
    stacks, number = np.unique(np.round(layout.solids.centre / 2), axis=0, return_inverse=True)
    draw = rng.random(len(stacks))[number.ravel()]
    other = layout.solids.kind != BOX
    each = (1 - kept) / (2 - kept)
    return (
        replace(layout, solids=layout.solids.where(other | (draw > each))),
        replace(layout, solids=layout.solids.where(other | (draw < 1 - each))),
    )


def pair(seed: int, *, kept: float, later: View = LATER) -> tuple[Rendered, Rendered]:
    rng = np.random.default_rng(seed)
    layout = draw_layout(rng, extent_m=(SIDE * GSD, SIDE * GSD), kind="rtg")
    first, second = of_share(layout, rng, kept=kept)
    shape = (SIDE, SIDE)
    return (
        render_scene(first, gsd_m=GSD, shape=shape, view=EARLIER, sensor=Sensor(), rng=np.random.default_rng(seed)),
        render_scene(
            second, gsd_m=GSD, shape=shape, view=later, sensor=Sensor(haze=0.25, gain=0.8, blur_px=0.8, noise=3.0),
            rng=np.random.default_rng(seed + 1),
        ),
    )  # fmt: skip


def look(seen: Rendered, *, cut: int = 12, shift: tuple[int, int] = (0, 0)) -> Look:
    """The picture less `cut` pixels a side, so cut that its content moves by shift (x, y)."""
    x, y = cut - shift[0], cut - shift[1]
    at = slice(y, SIDE - 2 * cut + y), slice(x, SIDE - 2 * cut + x)
    pixels = seen.picture[at]
    return Look(pixels, np.ones(pixels.shape[:2], bool), seen.quads - np.array([x, y]), np.ones(len(seen.quads), np.float32))


@pytest.mark.parametrize(("seed", "shift"), [(1, (0, 0)), (2, (5, -7)), (3, (-9, 4)), (4, (3, 10))])
def test_the_offset_is_found_to_a_pixel_when_four_fifths_of_the_boxes_changed(seed: int, shift: tuple[int, int]) -> None:
    first, second = pair(seed, kept=0.2)
    found = offset_between([(look(first), look(second, shift=shift))], pixel_m=GSD)
    assert found.known, found
    assert np.hypot(found.x_m / GSD - shift[0], found.y_m / GSD - shift[1]) <= 1.0


def test_two_places_that_have_nothing_in_common_have_no_offset() -> None:
    first, second = pair(5, kept=0.2)[0], pair(6, kept=0.2)[1]
    found = offset_between([(look(first), look(second))], pixel_m=GSD)
    assert not found.known
    assert (found.x_m, found.y_m) == (0.0, 0.0)
    assert "cannot be told" in found.why


def test_an_offset_beyond_the_search_is_not_made_up() -> None:
    first, second = pair(2, kept=0.2)
    found = offset_between([(look(first), look(second, shift=(11, 11)))], pixel_m=GSD, search_m=3.0)
    assert not found.known


def test_without_ground_or_on_flat_ground_nothing_is_told() -> None:
    flat = Look(np.full((200, 200, 3), 90, np.uint8), np.ones((200, 200), bool), np.zeros((0, 4, 2)), np.zeros(0, np.float32))
    assert not offset_between([(flat, flat)], pixel_m=GSD).known
    unseen = replace(flat, valid=np.zeros((200, 200), bool))
    assert "too little ground" in offset_between([(unseen, flat)], pixel_m=GSD).why


def test_turning_the_order_of_scenes_turns_the_offset() -> None:
    first, second = look(pair(2, kept=0.2)[0]), look(pair(2, kept=0.2)[1], shift=(5, -7))
    there, back = (offset_between([one], pixel_m=GSD) for one in ((first, second), (second, first)))
    assert there.x_m == pytest.approx(-back.x_m, abs=0.2)
    assert there.y_m == pytest.approx(-back.y_m, abs=0.2)
