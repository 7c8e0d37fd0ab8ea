"""Rows: what is said of each box, and which boxes are called counted."""

import logging
from dataclasses import replace

import numpy as np
import pytest

from sattrack.errors import UsageError
from sattrack.imagery import Grid
from sattrack.reports.globe import outline, polygons
from sattrack.reports.rows import COLUMNS, box_rows, placed_rows
from sattrack.timeline import Site


def _all(run_and_parts, **asked):  # type: ignore[no-untyped-def]
    return {rows.part.scene.part: rows for rows in box_rows(*run_and_parts, everything=True, **asked)}


def test_each_box_has_every_column_in_the_documented_order(port_run) -> None:
    rows = _all(port_run)["day-1"]
    assert tuple(rows.columns) == COLUMNS
    assert len(rows) == 6
    assert all(len(values) == 6 for values in rows.columns.values())


def test_counted_means_sure_enough_of_a_countable_class_and_not_masked(port_run) -> None:
    columns = _all(port_run)["day-1"].columns
    assert columns["counted"] == [True, True, False, False, False, True]
    assert columns["class_name"] == ["container", "container", "container", "truck", "container", "container"]


def test_counted_boxes_of_a_site_and_zone_add_up_to_the_count(port_run) -> None:
    run, parts = port_run
    columns = next(box_rows(run, parts, everything=False)).columns
    counts = {(c.zone, c.scene_id): c.count for c in run.counts}
    assert columns["site_id"].count("port") == counts["", "day-1"] == 2
    assert columns["zone"].count("yard") == counts["yard", "day-1"] == 1
    assert columns["site_id"] == ["port", "port", ""]


def test_sizes_are_metres_and_headings_degrees_from_north(port_run) -> None:
    columns = _all(port_run)["day-1"].columns
    assert columns["length_m"][:2] == [12.2, 6.1]
    assert columns["width_m"][0] == 2.45
    assert columns["area_m2"][0] == 29.89
    assert columns["teu_class"] == ["40ft", "20ft", "40ft", "", "40ft", "40ft"]
    # Grid north is 2.6 degrees off true north here, at the edge of the UTM zone.
    assert columns["heading_deg"][:3] == [92.6, 47.6, 2.6]


def test_boxes_of_plain_pictures_have_pixels_and_metres_but_no_place(plain_run) -> None:
    rows = _all(plain_run)["pic"]
    assert rows.rings is None
    assert [rows.columns[n][0] for n in ("lon", "lat", "length_m", "width_m", "site_id")] == [None, None, 12.0, 3.6, "pic"]
    assert [rows.columns[f"px_{a}1"][0] for a in "xy"] == [90.0, 96.0]


def test_edge_says_that_a_box_may_be_cut(port_run) -> None:
    assert _all(port_run)["day-1"].columns["edge"] == [False] * 5 + [True]


def test_the_same_box_has_the_same_name_and_another_part_another(part_of, run_of) -> None:
    boxes = [(100, 100, 24, 5, 0, 0.9, 0), (140, 100, 24, 5, 0, 0.9, 0)]
    first, again, other = (_all(run_of({n: part_of(n, boxes=boxes)}))[n].columns["det_id"] for n in ("a", "a", "b"))
    assert first == again
    assert len({*first, *other}) == 4
    assert all(len(name) == 16 and int(name, 16) >= 0 for name in first)


def test_a_score_just_below_the_threshold_is_not_written_as_the_threshold(part_of, run_of) -> None:
    below = float(np.nextafter(np.float32(0.4), np.float32(0)))
    columns = _all(run_of({"a": part_of("a", boxes=[(100, 100, 24, 5, 0, below, 0), (200, 100, 24, 5, 0, 0.4, 0)])}))[
        "a"
    ].columns
    assert columns["counted"] == [False, True]
    assert columns["confidence"][0] < 0.4 == columns["confidence"][1]


def test_a_box_seen_in_two_files_of_one_acquisition_is_counted_once(part_of, run_of) -> None:
    shifted = Grid((400, 600), (0.5, 0.5), crs="EPSG:32635", transform=(0.5, 0.0, 774050.0, 0.0, -0.5, 5152000.0))
    parts = {
        "left": part_of("left", scene_id="both", boxes=[(150, 100, 24, 5, 0, 0.8, 0), (20, 100, 24, 5, 0, 0.8, 0)]),
        "right": part_of("right", scene_id="both", grid=shifted, boxes=[(50, 100, 24, 5, 0, 0.9, 0)]),
    }
    run, _ = run_of(parts)
    rows = _all((run, parts))
    assert rows["left"].columns["counted"] == [False, True]
    assert rows["right"].columns["counted"] == [True]
    assert run.counts[0].count == 2
    assert rows["left"].columns["scene_id"] == ["both", "both"]
    assert rows["left"].columns["part"] == ["left", "left"]


def test_the_site_of_a_box_without_outlines_is_that_of_its_count(part_of, run_of) -> None:
    boxes, plain = [(100, 100, 24, 5, 0, 0.9, 0)], Grid((400, 600), (0.5, 0.5))
    parts = {
        "east": part_of("east", scene_id="pier", boxes=boxes, grid=plain),
        "west": part_of("west", scene_id="pier", boxes=boxes * 2, grid=plain),
        "placed": part_of("placed", scene_id="pier", boxes=boxes * 3),
        "only": part_of("only", scene_id="quay", boxes=boxes * 4, grid=plain),
    }
    run, _ = run_of(parts)
    homes = {name: {*rows.columns["site_id"]} for name, rows in _all((run, parts)).items()}
    assert homes == {"east": {"east"}, "west": {"west"}, "placed": {"pier"}, "only": {"quay"}}
    assert {one.site_id for one in run.counts} == {site for each in homes.values() for site in each}


def test_masks_alone_leave_each_scene_its_own_site(part_of, run_of, port_run) -> None:
    roof = next(site for site in port_run[0].sites if site.excludes)
    run, parts = run_of({"a": part_of("a", boxes=[(100, 100, 24, 5, 0, 0.9, 0), (250, 150, 24, 5, 0, 0.9, 0)])}, sites=(roof,))
    columns = _all((run, parts))["a"].columns
    assert columns["site_id"] == ["a", "a"]
    assert columns["counted"] == [True, False]
    assert run.counts[0].count == 1


def test_rings_turn_counter_clockwise_on_south_up_and_mirrored_grids(part_of, run_of) -> None:
    boxes = [(100, 100, 24, 5, 20, 0.9, 0)]
    for a, e in ((0.5, -0.5), (0.5, 0.5), (-0.5, -0.5)):
        grid = Grid((400, 600), (0.5, 0.5), crs="EPSG:32635", transform=(a, 0.0, 774000.0, 0.0, e, 5152000.0))
        rows = _all(run_of({"a": part_of("a", boxes=boxes, grid=grid)}))["a"]
        assert polygons(rows.rings)[0].exterior.is_ccw


def test_O7_a_box_across_the_antimeridian_is_cut_in_two(part_of, run_of) -> None:
    step = 0.00001
    grid = Grid((200, 200), (1.1, 1.1), crs="EPSG:4326", transform=(step, 0.0, 180 - 100 * step, 0.0, -step, 0.001))
    rows = _all(run_of({"a": part_of("a", boxes=[(100, 100, 24, 5, 0, 0.9, 0)], grid=grid)}))["a"]
    [shape] = polygons(rows.rings)
    assert shape.geom_type == "MultiPolygon"
    assert [part.exterior.is_ccw for part in shape.geoms] == [True, True]
    assert shape.bounds[0] == -180
    assert shape.bounds[2] == 180
    assert shape.area == pytest.approx(24 * 5 * step**2, rel=1e-6)
    assert abs(rows.columns["lon"][0]) == pytest.approx(180)
    edge = outline(grid)
    assert edge is not None
    [footprint] = polygons(edge)
    assert footprint.geom_type == "MultiPolygon"
    assert footprint.area == pytest.approx(200 * 200 * step**2, rel=1e-6)


def test_M5_boxes_outside_the_projection_are_left_out_and_said(part_of, run_of, caplog) -> None:
    # A full disc seen from above: its corners see no ground.
    grid = Grid(
        (1000, 1000), (12000.0, 12000.0), crs="+proj=ortho +lat_0=0 +lon_0=0", transform=(12000.0, 0, -6e6, 0, -12000.0, 6e6)
    )
    part = part_of("disc", boxes=[(5, 5, 2, 1, 0, 0.9, 0), (500, 500, 2, 1, 0, 0.9, 0)], grid=grid)
    run, _ = run_of({})
    parts = {"disc": part}
    with caplog.at_level(logging.WARNING):
        [rows] = placed_rows(run, parts, everything=True, format_name="GeoJSON")
    assert len(rows) == 1
    assert "1 box has no longitude" in caplog.text
    assert _all((run, parts))["disc"].columns["lon"][0] is None


def test_M1_formats_with_places_are_refused_where_no_scene_has_any(plain_run) -> None:
    with pytest.raises(UsageError, match="no scene of this run has a coordinate system"):
        list(placed_rows(*plain_run, everything=False, format_name="KML"))


def test_M1_scenes_without_a_place_are_left_out_and_said(mixed_run, caplog) -> None:
    with caplog.at_level(logging.WARNING):
        found = list(placed_rows(*mixed_run, everything=False, format_name="KML"))
    assert [rows.part.scene.part for rows in found] == ["with"]
    assert "of 2 scenes 1 has no coordinate system" in caplog.text


def test_rows_come_in_the_order_of_names_whatever_the_order_of_parts(port_run) -> None:
    run, parts = port_run
    backwards = dict(reversed(parts.items()))
    assert [rows.part.scene.part for rows in box_rows(run, backwards, everything=True)] == ["day-1", "day-2"]


def test_sites_do_not_claim_boxes_of_plain_pictures(plain_run) -> None:
    run, parts = plain_run
    square = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}
    run = replace(run, sites=(Site("s", "s", square),))
    assert _all((run, parts))["pic"].columns["site_id"] == [""]
