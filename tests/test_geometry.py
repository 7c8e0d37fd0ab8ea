import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from sattrack.detections import Detections
from sattrack.geometry import apply_affine, areas, centres, invert_affine, quads_from_xywhr, sides
from sattrack.imagery import Batch, Grid, Tile, Window

numbers = st.floats(-1e3, 1e3)
turns = st.floats(0, 2 * np.pi)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(numbers, numbers, st.floats(0.1, 100), st.floats(0.1, 100), turns)
def test_a_turned_box_keeps_its_centre_sides_and_area(x: float, y: float, w: float, h: float, turn: float) -> None:
    quads = quads_from_xywhr(np.array([[x, y, w, h, turn]]))
    assert centres(quads)[0] == pytest.approx([x, y], abs=1e-6)
    assert areas(quads)[0] == pytest.approx(w * h, rel=1e-6)
    assert areas(quads[:, ::-1])[0] == pytest.approx(shapely.Polygon(quads[0]).area, rel=1e-6)
    long, short, axis = sides(quads)
    assert (long[0], short[0]) == pytest.approx((max(w, h), min(w, h)), rel=1e-6)
    assert np.hypot(*axis[0]) == pytest.approx(1)
    assert axis[0, 0] >= 0


@settings(max_examples=50, deadline=None, derandomize=True)
@given(turns, st.floats(0.01, 100), st.floats(0.01, 100), numbers, numbers)
def test_m3_an_inverse_transform_leads_back(turn: float, along: float, down: float, east: float, north: float) -> None:
    cos, sin = np.cos(turn), np.sin(turn)
    transform = (along * cos, -down * sin, east, along * sin, down * cos, north)
    points = np.array([[0.0, 0.0], [3, 5], [-20, 7.5]])
    assert apply_affine(invert_affine(transform), apply_affine(transform, points)) == pytest.approx(points, abs=1e-6)


@pytest.mark.parametrize(
    "transform", [(0, 0, 0, 0, 0, 0), (1, 1, 0, 1, 1, 0), (float("nan"), 0, 0, 0, 1, 0), (1e308, 0, 0, 0, 1e308, 0)]
)
def test_m4_a_transform_that_cannot_be_inverted_is_an_error(transform: tuple[float, ...]) -> None:
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="singular or not finite"):
        invert_affine(transform)  # type: ignore[arg-type]


def test_the_first_pixels_outer_corner_is_the_origin() -> None:
    grid = Grid((10, 20), (0.5, 0.5), "EPSG:32652", (0.5, 0.0, 1000.0, 0.0, -0.5, 2000.0))
    assert grid.to_ground(np.array([0.0, 0.0])) == pytest.approx([1000, 2000])
    assert grid.to_ground(np.array([20.0, 10.0])) == pytest.approx([1010, 1995])
    assert grid.to_pixels(np.array([1000.25, 1999.75])) == pytest.approx([0.5, 0.5])
    with pytest.raises(ValueError, match="plain picture"):
        Grid((1, 1), (1.0, 1.0)).to_ground(np.zeros(2))


def test_windows_are_half_open() -> None:
    points = np.array([[2.0, 3.0], [4.999, 7.999], [5, 5], [3, 8], [1.999, 5]])
    assert Window(2, 3, 3, 5).holds(points).tolist() == [True, True, False, False, False]


def test_detections_are_joined_picked_and_moved_as_one() -> None:
    one = Detections(
        quads_from_xywhr(np.array([[5, 5, 4, 2, 0.0]])), np.array([0.5], np.float32), np.array([1], np.int32), True
    )
    both = Detections.joined([one, Detections.none(), one.moved(scale=(2, 3), offset=(10, 0))])
    assert len(both) == 2
    assert both.cap_hit
    assert both.centres() == pytest.approx(np.array([[5, 5], [20, 15]]))
    assert both.where(np.array([False, True])).labels.tolist() == [1]
    assert len(Detections.joined([])) == len(Detections.none()) == 0
    assert Detections.none().centres().shape == (0, 2)


def test_a_batch_stacks_its_tiles() -> None:
    tile = Tile(Window(0, 0, 4, 4), np.zeros((4, 4, 3), np.uint8), np.ones((4, 4), bool))
    assert Batch((tile, tile)).pixels().shape == (2, 4, 4, 3)
