"""The page of a run with alarms, flows and a chain in a real browser, with the network shut."""

from pathlib import Path

import pytest

from sattrack.reporting import pairs_of
from sattrack.reports.page import write_report
from tests.browser.contrast import CONTRAST
from tests.reports.invented_findings import surge, surge_findings
from tests.reports.invented_run import PaintedReader


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    run, parts = surge(folder)
    findings = surge_findings(run)
    pairs = list(pairs_of(run, parts, findings, reader=PaintedReader(parts)))
    return write_report(run, parts, folder, reader=PaintedReader(parts), findings=findings, pairs=pairs), pairs


@pytest.fixture(scope="module")
def page_file(made) -> Path:
    return made[0]


@pytest.fixture
def opened(browser, page_file):
    """Opens the page; nothing but the file itself may be asked for, and the console stays silent."""
    contexts, asked, said = [], [], []

    def open_page(*, width: int, scheme: str = "light", scripts: bool = True):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True, java_script_enabled=scripts
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(120_000)  # of a busy machine
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(page_file.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [url for url in asked if not url.startswith(("data:", page_file.as_uri()))] == []
    assert said == []


def shown_until(page):
    """How far the earlier picture of the first pair reaches, in percent."""
    return page.evaluate("parseFloat(getComputedStyle(document.querySelector('.pair .sides')).getPropertyValue('--cut'))")


@pytest.mark.parametrize("width", [320, 400, 1280])
def test_it_opens_offline_never_scrolls_sideways_and_all_pictures_are_there(opened, width):
    page = opened(width=width)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0 && i.alt)")
    assert page.evaluate("[...document.querySelectorAll('svg[role=img]')].every(s => s.getAttribute('aria-label'))")


def test_a_slider_moves_by_keys_and_by_the_mouse(opened):
    page = opened(width=1280)
    slider = page.locator(".pair input").first
    assert shown_until(page) == 50
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert shown_until(page) == 55
    assert slider.get_attribute("aria-valuetext") == "55 % of the earlier picture"
    page.keyboard.press("Home")
    assert shown_until(page) == 0
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2)
    assert shown_until(page) == pytest.approx(80, abs=3)
    clip = page.evaluate("getComputedStyle(document.querySelector('.pair .before')).clipPath")
    assert clip.startswith("inset(0")


def test_both_pictures_of_a_pair_lie_on_each_other_and_the_scale_bar_is_as_long_as_it_says(opened, made):
    page = opened(width=1280)
    before, after = (page.locator(f".pair .{side} .inner").first.bounding_box() for side in ("before", "after"))
    assert before == after
    bar = page.locator(".pair .bar").first
    metres = float(bar.locator("span").inner_text().removesuffix(" m"))
    across = page.evaluate("document.querySelector('.pair .marks').viewBox.baseVal.width") * made[1][0].pixel_m
    assert bar.bounding_box()["width"] / before["width"] * across == pytest.approx(metres, rel=0.03)


def test_without_scripts_the_pictures_stand_side_by_side(opened):
    page = opened(width=1280, scripts=False)
    before, after = (page.locator(f".pair .{side} .inner").first.bounding_box() for side in ("before", "after"))
    assert before["x"] + before["width"] <= after["x"]
    assert before["y"] == after["y"]
    assert not page.locator(".pair input").first.is_visible()


def test_printed_pairs_stand_side_by_side_and_the_page_keeps_to_the_sheet(opened):
    page = opened(width=720)
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 720
    before, after = (page.locator(f".pair .{side} .inner").first.bounding_box() for side in ("before", "after"))
    assert before["x"] + before["width"] <= after["x"]
    assert not page.locator(".pair input").first.is_visible()


def test_triangles_stand_over_the_charts_and_the_band_is_shaded(opened):
    page = opened(width=1280)
    chart = page.locator("#place-1 svg.wide").first
    assert chart.locator("polygon.up").count() >= 1
    top = chart.bounding_box()
    for mark in chart.locator("polygon.up").all():
        box = mark.bounding_box()
        assert box["y"] >= top["y"]
        assert box["width"] > 6
    assert chart.locator("polygon:not([class])").count() >= 1


def test_a_line_of_an_alarm_leads_to_its_pictures(opened):
    page = opened(width=1280)
    link = page.locator(".alarms a", has_text="Before and after").first
    link.click()
    target = page.evaluate("location.hash")
    assert target.startswith("#pair-")
    assert -1 <= page.locator(target).bounding_box()["y"] < 900


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_by_day_and_by_night(opened, scheme):
    page = opened(width=1280, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    poor = [one for one in page.evaluate(CONTRAST) if "tag" not in one[1]]
    assert poor == []
