import datetime as dt
import math
import re
from dataclasses import replace

import pytest

from sattrack.findings import Findings
from sattrack.reports.news import news
from sattrack.reports.telling import places_of
from sattrack.results import CLOUDS_JUDGED
from sattrack.timeline import Site
from tests.reports.invented_findings import BEGIN, SURGE, surge, surge_findings
from tests.reports.invented_run import boxes, grid_of, outline, part_of, run_of


def told(run, findings, *, own=False):
    return {line.about: line for line in news(run, findings, places_of(run), own=own)}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    run, _ = surge(tmp_path_factory.mktemp("run"))
    return run, surge_findings(run)


def test_there_are_five_lines_and_each_answers_one_question(made):
    assert list(told(*made)) == [
        "Which sites alarmed", "When first", "What must have moved", "What was not seen", "What was quiet",
    ]  # fmt: skip


def test_the_first_alarm_is_the_earliest_with_its_own_numbers(made):
    run, findings = made
    first = min((a for a in findings.alerts if a.level == "alert" and a.kind == "scene"), key=lambda a: a.datetime)
    assert first.datetime == BEGIN + dt.timedelta(days=7 * SURGE)
    said = told(run, findings)["When first"].text
    assert said.startswith(f"North Quay, 13 May 2025 02:11 UTC: {first.observed:.0f} containers seen, more than")
    between = f"[{math.floor(first.expected_low)}, {math.ceil(first.expected_high)}]"
    assert f"the {round(first.expected)} {between} expected (p < 0.0001)." in said
    half = tuple(replace(one, observed_fraction=0.5) for one in findings.alerts)
    assert "50 % of the site was visible" in told(run, replace(findings, alerts=half))["When first"].text


def test_alarmed_sites_are_named_with_what_they_did(made):
    run, findings = made
    line = told(run, findings)["Which sites alarmed"]
    assert line.grave
    rises = {a.scene_id for a in findings.alerts if (a.site_id, a.level, a.direction) == ("quay", "alert", "rise")}
    assert f"Rises: North Quay in {len(rises)} scene" in line.text
    assert line.text.endswith("Falls: none.")


def test_rises_and_falls_are_told_apart_and_a_zone_in_the_same_scene_adds_none(made):
    run, findings = made
    first = next(a for a in findings.alerts if (a.site_id, a.level, a.kind) == ("quay", "alert", "scene"))
    fall = replace(first, direction="fall", site_id="depot", zone="gate")
    line = told(run, replace(findings, alerts=(first, replace(first, zone="west"), fall, replace(fall, zone=""))))
    assert line["Which sites alarmed"].text == ("2 of 2 sites. Rises: North Quay in 1 scene. Falls: Rail depot in 1 scene.")


def test_a_bracket_that_ends_every_name_is_said_once(tmp_path):
    run, parts = surge(tmp_path, name="North Quay (made up)")
    alike = run_of(
        parts, folder=tmp_path, sites=tuple(replace(s, name=s.name.split(" (")[0] + " (made up)") for s in run.sites)
    )
    said = told(alike, surge_findings(alike))
    assert "of 2 sites (made up). Rises: North Quay in" in said["Which sites alarmed"].text
    assert " ".join(line.text for line in said.values()).count("(made up)") == 1
    # A bracket that only one has tells it from the other.
    assert "North Quay (made up) in" in told(run, surge_findings(run))["Which sites alarmed"].text


def test_what_moved_is_the_flow_s_own_bound_and_interval(made):
    run, findings = made
    flow = next(one for one in findings.flows if one.site_id == "quay")
    numbers = re.search(
        r"North Quay: at least ([\d,]+) \[([\d,]+), ([\d,]+)\] boxes out", told(run, findings)["What must have moved"].text
    )
    value, low, high = (int(n.replace(",", "")) for n in numbers.groups())
    assert value == round(flow.departed.value)
    assert low <= flow.departed.low
    assert high >= flow.departed.high


def test_cloud_that_nobody_looked_for_is_said(made):
    assert "18 looks at a site" not in told(*made)["What was not seen"].text  # two sites in eighteen scenes
    assert "36 looks at a site: all gave a number. Cloud was not looked for in 36:" in told(*made)["What was not seen"].text


def test_cloud_that_was_judged_from_the_picture_is_not_called_unlooked_for(made):
    run, findings = made
    note = f"{CLOUDS_JUDGED}: none was found"
    counts = tuple(replace(c, notes=(*c.notes, note)) if i < 30 else c for i, c in enumerate(run.counts))
    said = told(replace(run, counts=counts), findings)["What was not seen"].text
    assert "Thick cloud was judged from the picture, for want of a mask, in 30. Cloud was not looked for in 6:" in said


def test_a_quiet_site_is_named_with_what_could_have_gone_unnoticed(tmp_path):
    run, _ = surge(tmp_path, scenes=SURGE)
    lines = told(run, surge_findings(run))
    assert "None of 2 sites in 10 judged scenes" in lines["Which sites alarmed"].text
    assert re.search(
        r"North Quay in 5 judged scenes: a rise of fewer than \d+ boxes could have gone unnoticed\.",
        lines["What was quiet"].text,
    )
    assert "not that nothing moved" in lines["What was quiet"].text
    # Where the count's own interval lets no rise be noticed, that is said, and not left out.
    findings = surge_findings(run)
    blind = tuple(replace(one, minimum_detectable=None) for one in findings.alerts)
    assert (
        "North Quay in 5 judged scenes: a rise of any size could have gone unnoticed, so wide is the count's own interval."
        in told(run, replace(findings, alerts=blind))["What was quiet"].text
    )
    assert not any(line.grave for line in lines.values())


def test_without_a_past_nothing_is_claimed(tmp_path):
    run, _ = surge(tmp_path, scenes=3)
    lines = told(run, surge_findings(run))
    assert lines["Which sites alarmed"].text.startswith("None could: an alarm takes 5 assessable past scenes")
    assert lines["When first"].text == "Nothing was judged."
    assert lines["What was quiet"].text.startswith("Cannot be told")


def test_without_outlines_it_says_that_nothing_can_be_said_of_changes(tmp_path):
    part = part_of("a", quads=boxes(3, left=20, top=20), grid=grid_of(shape=(200, 300), crs=None))
    lines = told(run_of({"a": part}, folder=tmp_path), Findings(), own=True)
    assert "has no past: nothing is said of changes here" in lines["Alarms"].text
    # Outlines are no way out for pictures that lie in none.
    assert "--sites" not in lines["Alarms"].text
    assert "No picture has coordinates" in lines["Alarms"].text
    placed = part_of("b", quads=boxes(3, left=20, top=20))
    lines = told(run_of({"a": part, "b": placed}, folder=tmp_path), Findings(), own=True)
    assert "Count the run with --sites" in lines["Alarms"].text


def test_flows_without_an_interval_are_told_without_one_and_unsure_ones_not_at_all(made):
    run, findings = made
    flow = next(one for one in findings.flows if one.site_id == "quay")
    bare = replace(flow, departed=replace(flow.departed, low=None, high=None), arrived=replace(flow.arrived, low=0.0))
    text = told(run, replace(findings, flows=(bare,)))["What must have moved"].text
    assert f"at least {flow.departed.value:,.0f} boxes out, none in for sure, " in text
    none = replace(
        flow, departed=replace(flow.departed, low=0.0), arrived=replace(flow.arrived, value=31.0, low=12.0, high=55.2)
    )
    text = told(run, replace(findings, flows=(none,)))["What must have moved"].text
    assert "North Quay: none out for sure and at least 31 [12, 56] boxes in, 4 Mar 2025 to " in text


def test_a_zone_s_flow_is_told_only_where_the_site_has_none(made):
    run, findings = made
    flow = next(one for one in findings.flows if one.site_id == "quay")
    larger = replace(flow, zone="west", departed=replace(flow.departed, value=9999.0))
    assert "9,999" not in told(run, replace(findings, flows=(flow, larger)))["What must have moved"].text
    assert "North Quay (west): at least 9,999" in told(run, replace(findings, flows=(larger,)))["What must have moved"].text


def test_a_site_that_no_scene_shows_has_too_few_past_scenes(tmp_path):
    run, parts = surge(tmp_path, scenes=8)
    far = Site("far", "Far away", outline(9000, 9000, 9900, 9900))
    run = run_of(parts, folder=tmp_path, sites=(*run.sites, far))
    lines = told(run, surge_findings(run))
    assert "1 site had too few past scenes to be judged" in lines["Which sites alarmed"].text
    assert "Shown by no scene: Far away." in lines["What was not seen"].text
    # A place of which a scene shows any zone is shown.
    zones = [Site("far", "Far away", outline(*corners), zone=name) for name, corners in (
        ("a", (9000, 9000, 9900, 9900)), ("b", (200, 200, 900, 900)),
    )]  # fmt: skip
    run = run_of(parts, folder=tmp_path, sites=(*run.sites[:-1], *zones))
    assert "Shown by no scene" not in told(run, surge_findings(run))["What was not seen"].text
