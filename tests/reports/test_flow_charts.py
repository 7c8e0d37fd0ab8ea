from dataclasses import replace

import pytest

from sattrack.flows import Moved
from sattrack.reports.canvas import Area, Dot, Stroke, Words
from sattrack.reports.flow_charts import flow_chart
from sattrack.reports.flow_telling import flows_told
from sattrack.steps.flowing import flow_of
from sattrack.steps.running_totals import running_totals
from tests.reports.invented_findings import surge, surge_findings
from tests.reports.test_charts import cut


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    run, _ = surge(tmp_path_factory.mktemp("run"))
    return surge_findings(run, amounts=(300,))


@pytest.fixture(scope="module")
def quay(made):
    flow = next(one for one in made.flows if one.site_id == "quay")
    series = next(one for one in made.series if one.site_id == "quay")
    return flow, series, running_totals(series, since=flow.since, until=flow.until)


def bars(drawing):
    return [mark for mark in drawing.marks if isinstance(mark, Area) and mark.tip]


def test_running_totals_are_those_of_the_scenes_up_to_then(quay):
    flow, series, totals = quay
    assert totals[0].departed.value == totals[0].arrived.value == 0
    for one in totals[1::4]:
        alone = flow_of(series, until=one.time)
        assert (one.departed, one.arrived) == (alone.departed, alone.arrived)
    assert (totals[-1].departed, totals[-1].arrived) == (flow.departed, flow.arrived)


def test_of_very_many_scenes_some_are_shown_and_the_last_always(quay):
    flow, series, totals = quay
    few = running_totals(series, since=flow.since, until=flow.until, most=5)
    assert len(few) <= 6
    assert few[-1] == totals[-1]


def test_each_bar_is_as_wide_as_the_time_between_its_scenes_and_as_high_as_its_boxes(quay):
    flow, _, totals = quay
    drawn = {
        mark.tip.split(": ")[0]: mark for mark in bars(flow_chart(flow, totals, width=820, height=380)) if mark.ink == "warn"
    }
    falls = [one for one in flow.movements if one.direction == "fall"]
    assert len(falls) >= 3
    marks = list(drawn.values())
    widths = [mark.points[1][0] - mark.points[0][0] for mark in marks]
    assert max(widths) - min(widths) < 0.01  # a scene a week
    per_box = {
        round((mark.points[2][1] - mark.points[0][1]) / move.left.value, 6)
        for mark, move in zip([m for m in marks if m.faint > 0.5], falls, strict=True)
    }
    assert len(per_box) == 1
    assert per_box.pop() > 0  # down the sheet


def test_what_is_not_sure_is_faint(quay):
    flow, _, totals = quay
    drawn = bars(flow_chart(flow, totals, width=820, height=380))
    assert {mark.faint for mark in drawn if "not sure" in mark.tip} == {0.22}
    assert {mark.faint for mark in drawn if "not sure" not in mark.tip} == {0.75}


def test_a_sum_that_may_all_be_error_is_gray(quay):
    flow, _, totals = quay
    last = replace(totals[-1], departed=Moved(180.0, 0.0, 409.0), arrived=Moved(260.0, 230.0, 283.0))
    drawn = flow_chart(flow, [*totals[:-1], last], width=820, height=380)
    words = {mark.text: (mark.ink, mark.bold) for mark in drawn.marks if isinstance(mark, Words)}
    assert words["180 left"] == ("quiet", False)
    assert words["260 came"] == ("accent", True)


def test_the_amount_asked_for_is_a_line_with_a_mark_where_it_was_passed(quay):
    flow, _, totals = quay
    drawn = flow_chart(flow, totals, width=820, height=380)
    marks = [mark for mark in drawn.marks if isinstance(mark, Dot)]
    assert len(marks) == len(flow.crossings) > 0
    assert all("300 passed between" in mark.tip for mark in marks)
    levels = {mark.points[0][1] for mark in drawn.marks if isinstance(mark, Stroke) and mark.dash == (2.0, 3.0)}
    assert levels == {mark.y for mark in marks}


def test_everything_stays_on_the_sheet(quay):
    flow, _, totals = quay
    for width in (350, 820):
        drawn = flow_chart(flow, totals, width=width, height=380)
        for mark in drawn.marks:
            if isinstance(mark, Area | Stroke):
                assert all(0 <= x <= width and 0 <= y <= 380 for x, y in mark.points)
        ends = [mark for mark in drawn.marks if isinstance(mark, Words) and mark.bold]
        assert len(ends) == 2
        assert abs(ends[0].y - ends[1].y) >= 13.9
        assert all(mark.x + 7 * len(mark.text) <= width for mark in ends)


@pytest.mark.parametrize("width", [350, 820])
def test_no_digit_of_a_large_sum_is_cut_by_the_edge_of_the_sheet(quay, width):
    def many(one):
        return Moved(one.value * 900, None if one.low is None else one.low * 900, None if one.high is None else one.high * 900)

    flow, _, totals = quay
    moves = tuple(replace(one, left=many(one.left), arrived=many(one.arrived)) for one in flow.movements)
    sums = [replace(one, departed=many(one.departed), arrived=many(one.arrived)) for one in totals]
    assert sums[-1].arrived.value > 300_000
    assert cut(flow_chart(replace(flow, movements=moves, crossings=()), sums, width=width, height=380)) == []


def test_a_flow_is_told_with_its_sentences_cycles_and_level(made, quay):
    flow = quay[0]
    (told,) = flows_told(made, site_id="quay", zone="", name="North Quay")
    assert told.totals[0].startswith("At least ")
    assert told.level == f"{100 * flow.level:.0f}"
    assert len(told.cycles) == len(flow.cycles) >= 3
    assert told.by == ""
    assert flows_told(made, site_id="quay", zone="west", name="North Quay") == ()


def test_a_flow_of_one_scene_is_left_out(tmp_path):
    run, _ = surge(tmp_path, scenes=1)
    assert flows_told(surge_findings(run), site_id="quay", zone="", name="North Quay") == ()
