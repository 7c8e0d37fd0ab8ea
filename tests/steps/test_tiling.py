import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sattrack.errors import SettingsError
from sattrack.steps.tiling import Plan, cells_touching, plan_windows


def plan(shape: tuple[int, int], *, gsd: tuple[float, float] = (0.3, 0.3), **changes: object) -> Plan:
    said: dict[str, object] = {"model_gsd_m": 0.2, "tile_px": 640, "overlap_m": 24.0, "longest_object_m": 16.0} | changes
    return plan_windows(shape, gsd_m=gsd, **said)  # type: ignore[arg-type]


shapes = st.tuples(st.integers(1, 3000), st.integers(1, 3000))
gsds = st.tuples(st.floats(0.1, 1.2), st.floats(0.1, 1.2))
shifts = st.tuples(st.floats(-200, 200), st.floats(-200, 200))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(shapes, gsds, shifts)
def test_cores_partition_the_plane(shape: tuple[int, int], gsd: tuple[float, float], shift: tuple[float, float]) -> None:
    made = plan(shape, gsd=gsd, shift_m=shift)
    rng = np.random.default_rng(1)
    points = rng.uniform(-50, 50 + max(shape), (200, 2))
    borders = np.array([(x, y) for c in made.cells for x in c.core[::2] for y in c.core[1::2] if np.isfinite([x, y]).all()])
    points = np.concatenate([points, borders.reshape(-1, 2)])
    owners = sum(cell.owns(points).astype(int) for cell in made.cells)
    assert (owners == 1).all()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(shapes, gsds, shifts)
def test_every_pixel_lies_in_a_window(shape: tuple[int, int], gsd: tuple[float, float], shift: tuple[float, float]) -> None:
    made = plan(shape, gsd=gsd, shift_m=shift)
    corners = np.array([(x + 0.5, y + 0.5) for x in (0, shape[1] - 1) for y in (0, shape[0] - 1)])
    points = np.concatenate([corners, np.random.default_rng(2).uniform([0, 0], shape[::-1], (200, 2))])
    assert np.any([cell.window.holds(points) for cell in made.cells], axis=0).all()
    assert len({(c.window.width, c.window.height) for c in made.cells}) == 1


@settings(max_examples=40, deadline=None, derandomize=True)
@given(gsds, st.floats(0, np.pi), shifts)
def test_g4_an_object_lies_wholly_in_the_window_whose_core_owns_its_centre(
    gsd: tuple[float, float], turn: float, shift: tuple[float, float]
) -> None:
    made = plan((2000, 2000), gsd=gsd, shift_m=shift)
    half = np.array([np.cos(turn), np.sin(turn)]) * 8.0 / np.asarray(gsd)
    room = np.abs(half).max() + 1
    middle = np.random.default_rng(3).uniform(room, 2000 - room, (100, 2))
    for cell in made.cells:
        mine = middle[cell.owns(middle, jitter=made.jitter)]
        assert cell.window.holds(mine + half).all()
        assert cell.window.holds(mine - half).all()


def test_windows_have_the_models_pixel_size_whatever_the_scenes() -> None:
    made = plan((3000, 3000), gsd=(0.4, 0.25))
    window = made.cells[0].window
    assert window.width * 0.4 == pytest.approx(128, abs=0.4)
    assert window.height * 0.25 == pytest.approx(128, abs=0.25)
    assert made.scale == (window.width / 640, window.height / 640)


def test_r16_a_scene_smaller_than_a_tile_is_one_window() -> None:
    assert len(plan((1, 1)).cells) == 1
    assert len(plan((100, 120)).cells) == 1


def test_a_shift_moves_the_windows_by_metres() -> None:
    still, moved = plan((2000, 2000)), plan((2000, 2000), shift_m=(30.0, 0.0))
    assert {c.window.col for c in moved.cells} == {c.window.col - 100 for c in still.cells}
    assert {c.window.row for c in moved.cells} == {c.window.row for c in still.cells}


def test_g5_a_tile_that_its_overlap_fills_is_refused() -> None:
    with pytest.raises(SettingsError, match="not more than the overlap"):
        plan((2000, 2000), overlap_m=128.0)
    with pytest.raises(SettingsError, match="shorter than the longest object"):
        plan((2000, 2000), overlap_m=12.0)


def test_only_windows_near_an_outline_are_kept() -> None:
    made = plan((4000, 4000))
    outline = np.array([[1000.0, 1000], [1100, 1000], [1100, 1050]])
    kept = cells_touching(made, [outline])
    assert 0 < len(kept) < len(made.cells) / 4
    inside = np.array([[1000.0, 1000], [1050, 1025], [1099, 1049]])
    assert np.any([cell.owns(inside) for cell in kept], axis=0).all()
    assert cells_touching(made, []) == ()
