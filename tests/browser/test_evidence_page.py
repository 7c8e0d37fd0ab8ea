"""The page of an evidence pack in a real browser, with the network shut."""

from pathlib import Path

import pytest

from sattrack.reports.evidence_page import page
from sattrack.reports.evidence_pictures import draw
from tests.browser.contrast import CONTRAST
from tests.reports.invented_case import case_of


@pytest.fixture(scope="module")
def page_file(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pack")
    case = case_of(folder, name="Quay <b>of</b> a-very-long-name-without-any-place-to-break-it-in-the-middle")
    to = folder / "page.html"
    to.write_bytes(page(case, {one.role: draw(one, case) for one in case.sights}))
    return to


@pytest.fixture
def opened(browser, page_file):
    """Opens the page; nothing but the file itself may be asked for, and the console stays silent."""
    contexts, asked, said = [], [], []

    def open_page(*, width: int = 1200, scheme: str = "light", scripts: bool = True):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True, java_script_enabled=scripts
        )
        contexts.append(context)
        tab = context.new_page()
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.goto(page_file.as_uri())
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert [url for url in asked if not url.startswith(("data:", page_file.as_uri()))] == []
    assert said == []


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_it_opens_offline_with_both_pictures_and_never_scrolls_sideways(opened, width):
    tab = opened(width=width)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate("[...document.images].map(i => i.complete && i.naturalWidth > 100)") == [True, True]


def test_the_two_pictures_lie_on_each_other_and_the_slider_moves_the_edge(opened):
    tab = opened()
    side = [tab.locator(f".{role} img").bounding_box() for role in ("before", "after")]
    assert side[0]["x"] + side[0]["width"] <= side[1]["x"]
    tab.locator("label[for=look-edge]").click()
    before, after = (tab.locator(f".{role} img").bounding_box() for role in ("before", "after"))
    assert before == after
    assert before["width"] > 1.5 * side[0]["width"]
    edge = tab.locator("#edge")
    edge.focus()
    for _ in range(20):
        tab.keyboard.press("ArrowRight")
    assert "70%" in tab.evaluate("getComputedStyle(document.querySelector('.after .stage')).clipPath")


def test_one_picture_can_be_looked_at_alone_also_without_scripts(opened):
    tab = opened(scripts=False)
    tab.locator("label[for=look-after]").click()
    assert tab.locator(".after img").is_visible()
    assert not tab.locator(".before img").is_visible()
    assert not tab.locator("label[for=look-edge]").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_by_day_and_by_night(opened, scheme):
    poor = [one for one in opened(scheme=scheme).evaluate(CONTRAST) if one[1] not in ("tag", "missing")]
    assert poor == []
