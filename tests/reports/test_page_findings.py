import re
from dataclasses import replace
from html import escape

import pytest

from sattrack.findings import Findings
from sattrack.reporting import pairs_of
from sattrack.reports.page import write_report
from tests.reports.invented_findings import surge, surge_findings
from tests.reports.invented_run import HOSTILE, PaintedReader
from tests.reports.test_page import Page


def page_of(run, parts, folder, *, findings=None, imagery=True, **options):
    reader = PaintedReader(parts)
    found = surge_findings(run) if findings is None else findings
    pairs = pairs_of(run, parts, found, reader=reader if imagery else None)
    path = write_report(run, parts, folder, findings=found, pairs=pairs, imagery=imagery, reader=reader, **options)
    return path, Page(path.read_text(encoding="utf-8")), reader


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    run, parts = surge(folder)
    path, page, _ = page_of(run, parts, folder)
    return run, surge_findings(run), path, page


def sliders(page):
    return [a for a in page.all("input") if a.get("type") == "range"]


def test_the_five_lines_stand_before_all_places(made):
    html = made[-1].html
    assert html.index('id="news"') < html.index('id="chain"') < html.index('id="place-1"')
    assert (
        len(
            re.findall(r"<dt>(Which sites alarmed|When first|What must have moved|What was not seen|What was quiet)</dt>", html)
        )
        == 5
    )


def test_a_map_says_that_links_of_neighbouring_sites_are_not_on_it(made):
    assert "a link between two that lie too near each other for it is not drawn" in made[-1].text


def test_every_alert_is_a_triangle_with_its_sentence_a_line_and_a_slider(made):
    _, findings, _, page = made
    alerts = [one for one in findings.alerts if one.level == "alert" and one.kind == "scene"]
    assert alerts
    for one in alerts:
        assert page.html.count(f"<title>{escape(one.sentence)}</title>") == 2  # wide and narrow
        assert f'href="#pair-{one.id}"' in page.html
        assert f'id="pair-{one.id}"' in page.html
    assert len(sliders(page)) == len(alerts)


def test_a_slider_has_a_name_and_both_pictures_say_what_they_show(made):
    *_, page = made
    for slider in sliders(page):
        assert slider["aria-label"].endswith("how much of the earlier picture is shown")
    alts = [a["alt"] for a in page.all("img") if a["alt"].startswith(("Before: ", "After: "))]
    assert len(alts) == 2 * len(sliders(page))
    assert all(re.search(r"\d+ \w+ 2025 \d\d:\d\d UTC: \d+ counted", alt) for alt in alts)


def test_under_each_pair_stand_time_sensor_source_and_licence(made):
    assert "Invented-2 · Invented Imaging · CC BY 4.0" in made[-1].text


def test_X1_one_small_script_is_allowed_by_its_hash_and_none_where_there_is_no_slider(made, tmp_path):
    *_, page = made
    policy = next(a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert re.search(r"default-src 'none'; .*script-src 'sha256-[A-Za-z0-9+/]{43}='", policy)
    assert len(page.all("script")) == 1
    run, parts = surge(tmp_path, scenes=4)
    _, quiet, _ = page_of(run, parts, tmp_path, imagery=False)
    assert not quiet.all("script")
    assert "script-src" not in quiet.html
    assert "holds no script" in quiet.text


def test_without_imagery_sliders_show_the_boxes_alone(tmp_path):
    run, parts = surge(tmp_path, scenes=12)
    _, page, reader = page_of(run, parts, tmp_path, imagery=False)
    assert reader.reads == []
    assert "data:image" not in page.html
    assert sliders(page)
    assert "boxes only" in page.html


def test_the_page_keeps_to_its_limit_and_says_which_pairs_have_no_pictures(tmp_path):
    run, parts = surge(tmp_path, scenes=12)
    limit = 500_000
    path, page, _ = page_of(run, parts, tmp_path, most_bytes=limit)
    assert path.stat().st_size <= limit
    assert "left out, as the page would grow beyond its limit" in page.text
    assert sliders(page)


def test_X1_hostile_names_and_sentences_are_text(tmp_path):
    run, parts = surge(tmp_path, name=HOSTILE)
    found = surge_findings(run)
    found = replace(
        found,
        alerts=tuple(replace(one, sentence=HOSTILE, notes=(HOSTILE,), site_name=HOSTILE) for one in found.alerts),
        chain=replace(found.chain, name=HOSTILE, sources=HOSTILE),
        agreements=tuple(replace(one, sentence=HOSTILE) for one in found.agreements),
        notes=(HOSTILE,),
    )
    _, page, _ = page_of(run, parts, tmp_path, findings=found, imagery=False)
    assert len(page.all("script")) == 1
    assert all("onerror" not in attrs for _, attrs in page.tags)
    assert all(attrs.get("src", "data:").startswith("data:") for attrs in page.all("img"))


def test_the_page_is_the_same_bytes_each_time(tmp_path):
    run, parts = surge(tmp_path, scenes=11)
    assert page_of(run, parts, tmp_path)[0].read_bytes() == page_of(run, parts, tmp_path)[0].read_bytes()


def test_an_evidence_pack_is_linked_where_it_lies_beside_the_page(tmp_path):
    run, parts = surge(tmp_path, scenes=12)
    found = surge_findings(run)
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs" / "a b.zip").write_bytes(b"PK")
    found = replace(found, alerts=tuple(replace(one, evidence_path="packs/a b.zip") for one in found.alerts))
    links = [a["href"] for a in page_of(run, parts, tmp_path, findings=found, imagery=False)[1].all("a")]
    assert "packs/a%20b.zip" in links
    gone = replace(found, alerts=tuple(replace(one, evidence_path="packs/gone.zip") for one in found.alerts))
    assert "gone.zip" not in page_of(run, parts, tmp_path, findings=gone, imagery=False)[1].html


def test_without_findings_the_page_tells_of_counts_and_claims_nothing_of_alarms(tmp_path):
    run, parts = surge(tmp_path, scenes=3)
    page = Page(write_report(run, parts, tmp_path, imagery=False).read_text())
    assert "What happened" not in page.text
    assert "held against the past" not in page.text


def test_with_empty_findings_of_a_run_without_a_past_it_says_so(tmp_path):
    run, parts = surge(tmp_path, scenes=2)
    page = Page(write_report(run, parts, tmp_path, imagery=False, findings=Findings()).read_text())
    assert "None could: an alarm takes 5 assessable past scenes" in page.text
