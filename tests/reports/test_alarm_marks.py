import datetime as dt
from dataclasses import replace

import pytest

from sattrack.reports.alarm_marks import bands, drawn_of, triangles
from sattrack.reports.axes import Plot
from sattrack.reports.canvas import Area, Dot, Stroke, Words
from sattrack.reports.charts import chart, model_changes, shapes_of
from sattrack.timeline import Alert, Count

START = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)


def at(week):
    return START + dt.timedelta(days=7 * week)


def count(week, n, **changed):
    one = Count(
        site_id="s", site_name="S", zone="", scene_id=f"w{week}", datetime=at(week), datetime_source="tags", sensor="WV03",
        count=n, count_low=n - 5.0, count_high=n + 5.0, interval_level=0.9, interval_method="bands", n_checked=0,
        observed_fraction=1.0, cloud_checked=True, status="done", count_per_observed_area=None, n_20ft=0, n_40ft=n, n_45ft=0,
        teu=None, threshold=0.3, cap_hit=False, gsd_m=0.3, px_per_width=8.0, capability="count", model_id="m1",
    )  # fmt: skip
    return replace(one, **changed)


def alert(week, *, level="normal", direction="none", expected=50.0, **changed):
    known = expected is not None
    one = Alert(
        id=f"a{week}", site_id="s", site_name="S", zone="", scene_id=f"w{week}", datetime=at(week), level=level,
        direction=direction, observed=50.0, expected=expected, expected_low=20.0 if known else None,
        expected_high=80.0 if known else None, p_value=0.1, q_value=0.2, method="farrington", history=9, observed_fraction=1.0,
        sensor="worldview-3", model_id="m1", minimum_detectable=30.0, sentence=f"S, week {week}: seen.",
        alarm_below=5.0 if known else None, alarm_above=120.0 if known else None,
    )  # fmt: skip
    return replace(one, **changed)


@pytest.fixture
def plot():
    return Plot(0.0, 100.0, 0.0, 200.0, at(0).timestamp(), at(10).timestamp(), 200.0)


def test_the_band_runs_through_the_expected_limits_of_its_scenes(plot):
    area = next(mark for mark in bands(plot, [alert(0), alert(10)]) if isinstance(mark, Area))
    assert sorted(area.points) == [(0.0, 120.0), (0.0, 180.0), (100.0, 120.0), (100.0, 180.0)]


def test_the_band_breaks_where_nothing_could_be_expected_and_between_sensors(plot):
    alerts = [alert(0), alert(1), alert(2, expected=None), alert(3), alert(4, sensor="skysat")]
    assert sum(isinstance(mark, Area) for mark in bands(plot, alerts)) == 3


def test_alarm_limits_are_dashed_and_left_out_beyond_the_sheet(plot):
    inside = [mark for mark in bands(plot, [alert(0), alert(5)]) if isinstance(mark, Stroke)]
    assert [line.points[0][1] for line in inside] == [80.0, 195.0]
    assert all(line.dash for line in inside)
    above = [alert(week, alarm_above=500.0, alarm_below=None) for week in (0, 5)]
    assert not [mark for mark in bands(plot, above) if isinstance(mark, Stroke)]


def test_a_rise_points_up_above_its_whisker_and_a_fall_down_below_it(plot):
    alerts = [alert(1, level="alert", direction="rise"), alert(2, level="alert", direction="fall")]
    up, down = triangles(plot, alerts, whiskers={"w1": (150.0, 100.0), "w2": (150.0, 100.0)})
    assert (up.shape, down.shape) == ("up", "down")
    assert up.y < 100
    assert down.y > 150
    assert up.tip == "S, week 1: seen."


def test_a_fall_at_the_base_line_has_its_triangle_above(plot):
    (mark,) = triangles(plot, [alert(2, level="alert", direction="fall")], whiskers={"w2": (198.0, 190.0)})
    assert mark.shape == "down"
    assert mark.y < 190


def test_a_warning_is_smaller_and_hollow_and_an_ordinary_scene_has_none(plot):
    alerts = [alert(1, level="alert", direction="rise"), alert(2, level="warning", direction="rise"), alert(3)]
    grave, slight = triangles(plot, alerts, whiskers={f"w{i}": (150.0, 100.0) for i in range(4)})
    assert slight.hollow
    assert not grave.hollow
    assert slight.radius < grave.radius


def test_alerts_on_cumulative_amounts_are_of_no_chart_of_counts(plot):
    passed = alert(1, level="alert", direction="fall", kind="cumulative")
    assert triangles(plot, [passed], whiskers={"w1": (150.0, 100.0)}) == []
    assert not drawn_of([passed]).alerts


def test_only_what_is_drawn_is_explained():
    told = drawn_of([alert(1, expected=None), alert(2, level="warning", expected=None)])
    assert (told.band, told.limits, told.alerts, told.warnings) == (False, False, False, True)


def test_the_scale_reaches_up_to_the_band():
    counts = [count(week, 10) for week in range(3)]
    words = [mark.text for mark in chart(counts, width=760, height=300, alerts=[alert(2)]).marks if isinstance(mark, Words)]
    assert "80" in words


def test_sensors_have_shapes_in_order_of_time_and_no_line_joins_two():
    counts = [count(0, 10), count(1, 12, sensor="SkySat"), count(2, 11), count(3, 13, sensor="SkySat")]
    assert shapes_of(counts) == {"worldview-3": "disc", "skysat": "square"}
    marks = chart(counts, width=760, height=300).marks
    assert [mark.shape for mark in marks if isinstance(mark, Dot)] == ["disc", "square", "disc", "square"]
    lines = [mark for mark in marks if isinstance(mark, Stroke) and mark.faint == 0.35]
    assert [len(line.points) for line in lines] == [2, 2]
    assert not set(lines[0].points) & set(lines[1].points)


def test_a_change_of_model_is_an_upright_line_between_its_scenes():
    counts = [count(0, 10), count(2, 12), count(4, 11, model_id="m2")]
    assert [(a.scene_id, b.scene_id) for a, b in model_changes(counts)] == [("w2", "w4")]
    marks = chart(counts, width=760, height=300).marks
    dots = [mark.x for mark in marks if isinstance(mark, Dot)]
    (line,) = [mark for mark in marks if isinstance(mark, Stroke) and mark.dash == (2.0, 3.0)]
    assert line.points[0][0] == line.points[1][0] == pytest.approx((dots[1] + dots[2]) / 2)
    assert "another model" in [mark.text for mark in marks if isinstance(mark, Words)]
