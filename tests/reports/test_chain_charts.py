import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sattrack.flows import Agreement, Chain, Link, Place
from sattrack.reports.canvas import Area, Dot, Stroke, Words
from sattrack.reports.chain_charts import lane_chart, map_chart
from sattrack.reports.chain_telling import chain_told
from sattrack.reports.telling import places_of
from tests.reports.invented_findings import CHAIN, surge, surge_findings

CHAIN_OF_THREE = Chain(
    "c", (Place("a", "origin"), Place("b", "transit"), Place("c", "destination")), (Link("a", "b", 0, 5), Link("b", "c", 7, 25))
)
NAMES = {"a": "Alpha", "b": "Beta", "c": "Gamma"}


def said(link, verdict="consistent", lag=3.0):
    return Agreement(link, verdict, "", None, None, lag, 0.9, 0.01, 3, 3, "A sentence.")


def dots(drawing):
    return {mark.tip: (mark.x, mark.y) for mark in drawing.marks if isinstance(mark, Dot)}


def test_the_map_is_to_scale_with_north_up():
    # One degree east at 60 north is half as long as one degree north.
    places = {"a": (10.0, 60.0), "b": (11.0, 60.0), "c": (10.0, 61.0)}
    at = dots(map_chart(CHAIN_OF_THREE, [], places, NAMES, width=820, most_height=420))
    east, north = at["transit"][0] - at["origin"][0], at["origin"][1] - at["destination"][1]
    assert at["transit"][1] == pytest.approx(at["origin"][1])
    assert north / east == pytest.approx(1 / math.cos(math.radians(60.5)), rel=1e-6)


def test_the_scale_bar_is_as_long_as_it_says():
    places = {"a": (0.0, 0.0), "b": (1.0, 0.0)}
    drawn = map_chart(CHAIN_OF_THREE, [], places, NAMES, width=820, most_height=420)
    bar = next(mark for mark in drawn.marks if isinstance(mark, Stroke) and mark.ink == "ink" and len(mark.points) == 4)
    words = next(mark.text for mark in drawn.marks if isinstance(mark, Words) and "middle of the map" in mark.text)
    km = float(words.split(" km")[0])
    at = dots(drawn)
    assert km / (bar.points[2][0] - bar.points[1][0]) == pytest.approx(111.195 / (at["transit"][0] - at["origin"][0]), rel=1e-3)


def test_places_either_side_of_the_date_line_lie_side_by_side():
    at = dots(map_chart(CHAIN_OF_THREE, [], {"a": (179.0, 10.0), "b": (-179.0, 10.0)}, NAMES, width=820, most_height=420))
    assert 0 < at["transit"][0] - at["origin"][0] < 820
    assert all(0 < x < 820 for x, _ in at.values())


@given(
    st.lists(st.tuples(st.floats(-179, 179), st.floats(-75, 75)), min_size=1, max_size=3),
    st.sampled_from([350, 820]),
)
@settings(max_examples=60, deadline=None)
def test_marks_and_names_stay_on_the_sheet(found, width):
    places = dict(zip("abc", found, strict=False))
    links = [said(link) for link in CHAIN_OF_THREE.links if {link.source, link.target} <= places.keys()]
    drawn = map_chart(CHAIN_OF_THREE, links, places, NAMES, width=width, most_height=420)
    assert drawn.height <= 420
    assert all(0 <= x <= width and 0 <= y <= drawn.height for x, y in dots(drawn).values())
    names = [mark for mark in drawn.marks if isinstance(mark, Words) and mark.text in NAMES.values()]
    assert len(names) == len(places)
    assert all(mark.anchor == "middle" and mark.x - 20 >= 0 and mark.x + 20 <= width for mark in names)
    for one, other in itertools.combinations(names, 2):
        assert abs(one.y - other.y) >= 13 or abs(one.x - other.x) >= 30


def test_links_are_told_apart_by_dash_and_carry_verdict_and_lag():
    places = {"a": (0.0, 0.0), "b": (5.0, 0.0), "c": (5.0, 5.0)}
    links = [said(CHAIN_OF_THREE.links[0]), said(CHAIN_OF_THREE.links[1], "not consistent", None)]
    marks = map_chart(CHAIN_OF_THREE, links, places, NAMES, width=820, most_height=420).marks
    dashes = [mark.dash for mark in marks if isinstance(mark, Stroke) and len(mark.points) == 2]
    assert dashes == [None, (7.0, 4.0)]
    words = [mark.text for mark in marks if isinstance(mark, Words)]
    assert "consistent, 3 days" in words
    assert "not consistent" in words


def test_without_any_place_there_is_no_map():
    assert map_chart(CHAIN_OF_THREE, [], {}, NAMES, width=820, most_height=420) is None


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    run, _ = surge(tmp_path_factory.mktemp("run"))
    return run, surge_findings(run)


def test_each_place_has_a_lane_with_its_name_role_and_looks(made):
    _, findings = made
    flows = {flow.site_id: flow for flow in findings.flows}
    drawn = lane_chart(CHAIN, flows, {"quay": "North Quay"}, width=820)
    words = [mark.text for mark in drawn.marks if isinstance(mark, Words) and mark.bold]
    assert words == ["North Quay, origin", "depot, destination", "Nowhere, transit: not two assessable scenes"]
    ticks = [mark for mark in drawn.marks if isinstance(mark, Stroke) and mark.ink == "ink"]
    assert len(ticks) == sum(len(flow.movements) + 1 for flow in flows.values())


def test_all_lanes_are_to_one_scale(made):
    _, findings = made
    flows = {flow.site_id: flow for flow in findings.flows}
    drawn = lane_chart(CHAIN, flows, {}, width=820)
    moved = [
        part.value for flow in flows.values() for one in flow.movements for part in (one.arrived, one.left) if part.value > 0
    ]
    high = [abs(mark.points[2][1] - mark.points[0][1]) for mark in drawn.marks if isinstance(mark, Area)]
    assert {round(h / n, 6) for h, n in zip(high, moved, strict=True)} == {round(high[0] / moved[0], 6)}


def test_the_chain_is_told_with_its_sentences_and_what_is_not_on_the_map(made):
    run, findings = made
    told = chain_told(findings, places_of(run))
    assert told.links == tuple(one.sentence for one in findings.agreements)
    assert told.unplaced == ("Nowhere",)
    assert 'aria-label="Map of the chain Quay to depot"' in told.map.wide
