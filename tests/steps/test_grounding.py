import numpy as np
import pyproj
import pytest
import shapely

from sattrack.imagery import Grid, Window
from sattrack.steps.grounding import Frame, far_apart, finds_back, footprint, sample_points

UTM52 = Grid((2000, 3000), (0.5, 0.5), "EPSG:32652", (0.5, 0.0, 500000.0, 0.0, -0.5, 4700000.0))
# Pixels of about a metre across the antimeridian at the equator, in longitudes beyond 180.
ACROSS = Grid((1000, 2000), (1.11, 1.11), "EPSG:4326", (1e-5, 0.0, 179.99, 0.0, -1e-5, 0.005))
POLAR = Grid((2000, 2000), (1.0, 1.0), "EPSG:3413", (1.0, 0.0, -1000.0, 0.0, -1.0, 1000.0))


def ring(lon: float, lat: float, *, metres: float) -> list[list[float]]:
    """A square of so many metres about a place, closed; with points on its sides, which are straight on the ground."""
    geod = pyproj.Geod(ellps="WGS84")
    corners = [geod.fwd(lon, lat, azimuth, metres / np.sqrt(2))[:2] for azimuth in (45, 135, 225, 315)]
    points = [p for a, b in zip(corners, corners[1:] + corners[:1], strict=True) for p in (a, *geod.npts(*a, *b, 100))]
    return [list(point) for point in (*points, points[0])]


@pytest.mark.parametrize("grid", [UTM52, ACROSS, POLAR], ids=["utm", "antimeridian", "pole"])
def test_o7_pixels_come_back_from_the_metres_of_a_frame(grid: Grid) -> None:
    points = np.random.default_rng(1).uniform([0, 0], grid.shape[::-1], (50, 2))
    frame = Frame.of_grid(grid)
    assert frame.to_pixels(frame.from_pixels(points, grid=grid), grid=grid) == pytest.approx(points, abs=1e-3)
    assert finds_back(grid)


def test_o7_a_mercator_scene_across_the_antimeridian_does_not_find_back() -> None:
    torn = Grid((100, 100), (1.0, 1.0), "EPSG:3857", (1.0, 0.0, 20037508.34 - 50, 0.0, -1.0, 50.0))
    assert not finds_back(torn)


@pytest.mark.parametrize(("lon", "lat"), [(130.4, 42.3), (-179.9999, -17.0), (20.0, 89.99)])
def test_o7_areas_in_a_frame_are_true_anywhere(lon: float, lat: float) -> None:
    outline = {"type": "Polygon", "coordinates": [ring(lon, lat, metres=2000)]}
    assert Frame.over(outline).polygon(outline).area == pytest.approx(4e6, rel=1e-4)


def test_o7_an_outline_cut_at_the_antimeridian_is_one_place() -> None:
    halves = [
        [[[179.99, 0.0], [180.0, 0.0], [180.0, 0.01], [179.99, 0.01], [179.99, 0.0]]],
        [[[-180.0, 0.0], [-179.99, 0.0], [-179.99, 0.01], [-180.0, 0.01], [-180.0, 0.0]]],
    ]
    outline = {"type": "MultiPolygon", "coordinates": halves}
    polygon = Frame.over(outline).polygon(outline)
    assert polygon.area == pytest.approx(2226.4 * 1105.7, rel=1e-3)
    assert polygon.bounds[2] - polygon.bounds[0] < 2300


@pytest.mark.parametrize("lat", [-52.0, 0.0, 60.0, 84.0])
def test_o2_zones_with_a_long_side_in_common_share_no_ground_and_leave_none_out(lat: float) -> None:
    # One has a corner more on it: between its corners a side follows its parallel, and does not cut it short.
    north = [[4.0, lat], [4.2, lat], [4.4, lat], [4.4, lat + 0.1], [4.0, lat + 0.1], [4.0, lat]]
    south = [[4.0, lat], [4.0, lat - 0.1], [4.4, lat - 0.1], [4.4, lat], [4.0, lat]]
    both = [[4.0, lat - 0.1], [4.4, lat - 0.1], [4.4, lat + 0.1], [4.0, lat + 0.1], [4.0, lat - 0.1]]
    frame = Frame.about(4.2, lat)
    one, other, whole = (frame.polygon({"type": "Polygon", "coordinates": [corners]}) for corners in (north, south, both))
    assert one.intersection(other).area < 500  # a centimetre along the side
    assert one.union(other).symmetric_difference(whole).area < 500


def test_a_footprint_has_the_scenes_area() -> None:
    assert footprint(UTM52, frame=Frame.of_grid(UTM52)).area == pytest.approx(1000 * 1500, rel=2e-3)
    plain = Grid((100, 200), (0.5, 0.25))
    assert footprint(plain, frame=Frame.of_pixels()).area == pytest.approx(100 * 200 * 0.125)


@pytest.mark.parametrize("grid", [UTM52, ACROSS, POLAR], ids=["utm", "antimeridian", "pole"])
@pytest.mark.parametrize("away_m", [0, 900, 2_000, 6_000, 60_000, 9_000_000, 19_990_000])
def test_a_scene_is_far_from_an_outline_only_where_none_of_it_lies_in_the_scene(grid: Grid, away_m: float) -> None:
    """The middle of a scene, and places away from it in four directions: far ones are told, near ones never missed."""
    geod = pyproj.Geod(ellps="WGS84")
    own = Frame.of_grid(grid)
    lon, lat = pyproj.Transformer.from_crs(str(own.crs), "EPSG:4326", always_xy=True).transform(0, 0)
    for azimuth in (0, 77, 180, 260):
        x, y, _ = geod.fwd(lon, lat, azimuth, away_m)
        outline = {"type": "Polygon", "coordinates": [ring(x, y, metres=400)]}
        frame = Frame.over(outline)
        polygon = frame.polygon(outline)
        held = Window.of_shape(grid.shape).holds(frame.to_pixels(sample_points(polygon), grid=grid))
        far = far_apart(grid, polygon, frame=frame)
        assert not (far and held.any())
        assert far or away_m < 6_000 or away_m > 10_000_000, "what is this far is told so"
        assert not far or away_m > 1_000


def test_m5_what_the_projection_does_not_reach_has_no_footprint_rather_than_an_error() -> None:
    lost = Grid((10, 10), (1.0, 1.0), "EPSG:32652", (1e9, 0.0, 1e12, 0.0, -1e9, 1e12))
    assert footprint(lost, frame=Frame.about(129, 42)).is_empty
    assert not far_apart(lost, shapely.box(-100, -100, 100, 100), frame=Frame.about(129, 42)), "nothing is sure of it"
    assert not finds_back(lost)


@pytest.mark.parametrize(
    "polygon",
    [
        shapely.box(0, 0, 1000, 400),
        shapely.box(0, 0, 0.5, 0.5),
        shapely.Polygon([(0, 0), (50_000, 50_000), (50_000, 50_010), (0, 10)]),
        shapely.MultiPolygon([shapely.box(0, 0, 100, 100), shapely.box(900_000, 900_000, 900_100, 900_100)]),
        # A corner that slipped to another continent: as wide as the port, as long as the way there and back.
        shapely.Polygon([(0, 0), (-4_000_000, 3_000_000), (0, 20), (20, 20)]),
    ],
    ids=["box", "tiny", "thin and slanted", "scattered", "a slip of the hand"],
)
def test_sample_points_lie_inside_and_are_about_as_many_as_asked(polygon: shapely.Geometry) -> None:
    points = sample_points(polygon, about=5000)
    assert shapely.contains_xy(polygon, *points.T).all()
    assert len(points) == pytest.approx(5000, rel=0.15)
    assert len(np.unique(points, axis=0)) == len(points)


def test_a_sliver_still_has_one_point() -> None:
    assert sample_points(shapely.Polygon([(0, 0), (1e-7, 0), (0, 1e-7)])).shape[1] == 2
    assert len(sample_points(shapely.box(0, 0, 1, 1), about=1)) >= 1
