"""The page of a run in a real browser, with the network shut."""

from pathlib import Path

import pytest

from sattrack.reports.page import write_report
from tests.browser.contrast import CONTRAST
from tests.reports.invented_run import PaintedReader, port


@pytest.fixture(scope="module")
def page_file(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    run, parts = port(folder, scenes=15, name="Quay <b>of</b> a-very-long-name-without-any-place-to-break-it-in-the-middle")
    return write_report(run, parts, folder, reader=PaintedReader(parts, gone=frozenset({"scene_02"})))


@pytest.fixture
def opened(browser, page_file):
    """Opens the page; nothing but the file itself may be asked for, and the console stays silent."""
    contexts, asked, said = [], [], []

    def open_page(*, width: int, height: int = 900, scheme: str = "light", anchor: str = ""):
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, offline=True)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(page_file.as_uri() + anchor)
        return page

    yield open_page
    for context in contexts:
        context.close()
    outside = [url for url in asked if not url.startswith(("data:", page_file.as_uri()))]
    assert outside == []
    assert said == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_X6_the_page_opens_offline_and_never_scrolls_sideways(opened, width):
    page = opened(width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")


def test_a_click_enlarges_a_picture_and_close_brings_the_reader_back(opened):
    page = opened(width=1280)
    before = page.locator("#p1 .inner").bounding_box()["width"]
    page.locator("#p1 .frame").click()
    assert page.evaluate("location.hash") == "#p1"
    large = page.locator("#p1 .inner").bounding_box()
    assert large["width"] > 2 * before
    assert large["x"] >= 0
    assert large["y"] >= 0
    assert large["x"] + large["width"] <= 1280
    assert large["y"] + large["height"] <= 900
    page.locator("#p1 .stage-only a", has_text="Older").click()
    hash_now = page.evaluate("location.hash")
    assert hash_now.startswith("#p")
    assert hash_now != "#p1"
    page.locator(f"{hash_now} .stage-only a", has_text="Close").click()
    assert page.locator("figure.shot:target").count() == 0
    assert page.locator(f"{hash_now}-card").bounding_box()["y"] < 900


def test_the_boxes_can_be_hidden_and_shown(opened):
    page = opened(width=1280, anchor="#p1")
    marks = page.locator("#p1 .marks")
    assert marks.is_visible()
    page.locator("#p1 label").click()
    assert not marks.is_visible()
    page.locator("#p1 label").click()
    assert marks.is_visible()


def test_on_a_phone_an_enlarged_picture_is_larger_than_the_screen_and_can_be_scrolled(opened):
    page = opened(width=390, height=844, anchor="#p1")
    assert page.locator("#p1 .inner").bounding_box()["width"] > 800
    assert page.evaluate("document.querySelector('#p1').scrollWidth > 390")
    assert page.locator("#p1 .stage-only a", has_text="Close").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_by_day_and_by_night(opened, scheme):
    page = opened(width=1280, scheme=scheme)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(253, 253, 251)") == (scheme == "light")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate(CONTRAST) == []


def test_the_scale_bar_is_as_long_as_it_says(opened):
    page = opened(width=1280)
    frame, bar = page.locator("#p1 .inner").bounding_box(), page.locator("#p1 .bar").bounding_box()
    metres = float(page.locator("#p1 .bar span").inner_text().removesuffix(" m"))
    across = page.evaluate("document.querySelector('#p1 .marks').viewBox.baseVal.width") * 0.5
    assert bar["width"] / frame["width"] * across == pytest.approx(metres, rel=0.02)


def test_the_chart_that_fits_the_screen_is_shown(opened):
    for width, name, other in ((1280, "wide", "narrow"), (390, "narrow", "wide")):
        page = opened(width=width)
        assert page.locator(f"svg.{name}").first.is_visible()
        assert not page.locator(f"svg.{other}").first.is_visible()
