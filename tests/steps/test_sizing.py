import numpy as np
import pyproj
import pytest

from sattrack.geometry import quads_from_xywhr
from sattrack.imagery import Grid
from sattrack.readers.describing import measure_gsd
from sattrack.steps.sizing import heading_deg, length_classes, length_m, metric_quads, north_angle, teu, width_m

UTM = "EPSG:32652"


def box(angle_deg: float, *, length: float = 12.192, width: float = 2.438, gsd: tuple[float, float] = (1.0, 1.0)) -> np.ndarray:
    """One box drawn in metres, then expressed in pixels of the given size."""
    return quads_from_xywhr(np.array([[50.0, 50.0, length, width, np.radians(angle_deg)]])) / np.asarray(gsd)


@pytest.mark.parametrize("angle", [0, 17, 45, 90, 133])
def test_pixels_longer_one_way_do_not_stretch_a_box(angle: float) -> None:
    gsd = (0.3, 0.4)
    quads = box(angle, gsd=gsd)
    grid = Grid((300, 300), gsd)
    assert length_m(quads, grid=grid) == pytest.approx([12.192])
    assert width_m(quads, grid=grid) == pytest.approx([2.438])
    assert metric_quads(quads, grid=grid) == pytest.approx(box(angle) * [1, -1])


@pytest.mark.parametrize("heading", [0, 20, 55, 90, 140])
def test_M2_M3_degrees_turned_are_no_right_angles_and_lengths_hold_all_the_same(heading: float) -> None:
    step, cos, sin = 0.5 / 111_000, np.cos(np.radians(30)), np.sin(np.radians(30))
    lon, lat = 129.0, 50.0
    transform = (step * cos, step * sin, lon, step * sin, -step * cos, lat)
    shape = (400, 400)
    grid = Grid(shape, measure_gsd(shape, transform=transform, crs="EPSG:4326", where="here"), "EPSG:4326", transform)
    geod = pyproj.Geod(ellps="WGS84")
    middle = grid.to_ground(np.array([200.0, 200.0]))
    ground = []
    for along, across in ((-6.096, -1.219), (6.096, -1.219), (6.096, 1.219), (-6.096, 1.219)):
        turned = heading + np.degrees(np.arctan2(across, along))
        ground.append(geod.fwd(*middle, turned, np.hypot(along, across))[:2])
    quads = grid.to_pixels(np.array([ground]))
    assert length_m(quads, grid=grid) == pytest.approx([12.192], rel=0.003)
    assert width_m(quads, grid=grid) == pytest.approx([2.438], rel=0.003)
    assert abs((heading_deg(quads, grid=grid)[0] - heading + 90) % 180 - 90) < 0.2


def test_no_boxes_have_no_lengths() -> None:
    assert length_m(np.zeros((0, 4, 2)), grid=Grid((10, 10), (0.5, 0.5))).shape == (0,)
    assert heading_deg(np.zeros((0, 4, 2)), grid=Grid((10, 10), (1.0, 1.0))).shape == (0,)


@pytest.mark.parametrize(("angle", "heading"), [(0, 90), (90, 0), (45, 135), (-45, 45), (80, 170)])
def test_without_a_crs_up_is_north(angle: float, heading: float) -> None:
    grid = Grid((100, 100), (0.5, 0.5))
    assert heading_deg(box(angle), grid=grid) == pytest.approx([heading], abs=1e-6)
    assert north_angle(grid) == 0


def test_a_south_up_grid_mirrors_the_heading() -> None:
    # 129 E is the central meridian of zone 52, so grid north is true north.
    north_up = Grid((100, 100), (1.0, 1.0), UTM, (1.0, 0.0, 499950.0, 0.0, -1.0, 4700000.0))
    south_up = Grid((100, 100), (1.0, 1.0), UTM, (1.0, 0.0, 499950.0, 0.0, 1.0, 4700000.0))
    assert heading_deg(box(-30), grid=north_up) == pytest.approx([60], abs=0.01)
    assert heading_deg(box(-30), grid=south_up) == pytest.approx([120], abs=0.01)
    assert north_angle(north_up) == pytest.approx(0, abs=0.01) or north_angle(north_up) == pytest.approx(360, abs=0.01)
    assert north_angle(south_up) == pytest.approx(180, abs=0.01)


def test_a_grid_turned_by_30_degrees_says_where_north_is() -> None:
    cos, sin = np.cos(np.radians(30)), np.sin(np.radians(30))
    # Columns run 30 degrees north of east, so north lies 30 degrees clockwise of up.
    grid = Grid((100, 100), (1.0, 1.0), UTM, (cos, sin, 500000.0, sin, -cos, 4700000.0))
    assert north_angle(grid) == pytest.approx(30, abs=0.05)
    assert heading_deg(box(0), grid=grid) == pytest.approx([60], abs=0.05)


@pytest.mark.parametrize(
    ("length", "name"),
    [
        (0.0, "20ft"),
        (6.058, "20ft"),
        (9.09, "20ft"),
        (9.1, "40ft"),
        (12.192, "40ft"),
        (12.94, "40ft"),
        (12.95, "45ft"),
        (30.0, "45ft"),
    ],
)
def test_a_length_is_the_nearest_iso_length(length: float, name: str) -> None:
    assert length_classes(np.array([length])) == (name,)


def test_teu_of_one_of_each() -> None:
    assert teu(["20ft", "40ft", "45ft"]) == 5.25
    assert teu([]) == 0.0
