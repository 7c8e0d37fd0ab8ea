"""The page of a benchmark in a real browser, with the network shut."""

import pytest

from sattrack.bench.accuracy_page import write_accuracy_page
from sattrack.bench.accuracy_wording import BAR_PCT, signed
from sattrack.bench.scoring import tally
from sattrack.bench.summaries import summed
from tests.bench.drawn_accuracy import two_results
from tests.browser.contrast import CONTRAST


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return two_results(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def page_files(results, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    summaries = [summed(result) for result in results]
    return {n: write_accuracy_page(summaries[:n], folder / f"{n}.html") for n in (1, 2)}


@pytest.fixture
def opened(browser, page_files):
    """Opens the page of so many detectors; nothing but the file itself may be asked for, and the console stays silent."""
    contexts, asked, said = [], [], []

    def open_page(*, width: int, detectors: int = 2, scheme: str = "light", anchor: str = "", scripts: bool = True):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True, java_script_enabled=scripts
        )
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.goto(page_files[detectors].as_uri() + anchor)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [url for url in asked if not url.startswith(("data:", *(path.as_uri() for path in page_files.values())))] == []
    assert said == []


def turn(page, detector: int, threshold: str) -> None:
    """Moves a slider until it says the threshold."""
    slider, said = page.locator(f"#slider-{detector}"), page.locator(f"#said-{detector} .s-t")
    slider.focus()
    key = "ArrowRight" if float(said.inner_text()) < float(threshold) else "ArrowLeft"
    for _ in range(100):
        if said.inner_text() == threshold:
            return
        page.keyboard.press(key)
    raise AssertionError(f"the slider never said {threshold}")


@pytest.mark.parametrize(("width", "detectors"), [(320, 2), (400, 1), (768, 2), (1200, 1)])
def test_it_opens_offline_and_never_scrolls_sideways(opened, width, detectors):
    page = opened(width=width, detectors=detectors)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#c1 .pane svg use").count() == detectors
    assert page.locator("#c1 .pane svg").first.bounding_box()["width"] > 100


def test_before_a_slider_moves_the_script_says_what_the_page_said_without_it(opened):
    assert (
        opened(width=1200).locator("#sets tbody").all_inner_texts()
        == opened(width=1200, scripts=False).locator("#sets tbody").all_inner_texts()
    )


def test_a_slider_counts_again_what_scoring_counts(opened, results):
    page = opened(width=1200)
    others = page.locator('#sets tr[data-d="0"]').all_inner_texts()
    lines = page.locator('.panel[data-d="1"] .cursor')
    before = lines.first.get_attribute("transform")
    turn(page, 1, "0.82")
    assert page.locator('#sets tr[data-d="0"]').all_inner_texts() == others
    assert lines.first.get_attribute("transform") != before
    groups = [*results[1].by_set().values(), results[1].images]
    for s, group in enumerate(groups):
        at = tally([m.scored for m in group], threshold=0.82)
        row = page.locator(f'#sets tbody[data-s="{s}"] tr[data-d="1"]')
        assert row.locator(".c-found").inner_text() == str(at.found)
        assert row.locator(".c-error").inner_text() == signed(at.error_pct)
        assert row.locator(".c-f1").inner_text() == f"{at.f1:.3f}"
        bar = row.locator(".c-bar rect")
        long = max(-100, min(100, 100 * at.error_pct / BAR_PCT))
        assert float(bar.get_attribute("width")) == pytest.approx(abs(long))
        assert float(bar.get_attribute("x")) == pytest.approx(min(0, long))
    assert page.locator("#said-1 .s-found").inner_text() == str(at.found)
    page.locator("#back").click()
    assert page.locator("#said-1 .s-t").inner_text() == "0.45"
    assert lines.first.get_attribute("transform") == before


def test_sets_are_sorted_and_all_of_them_stay_last(opened):
    page = opened(width=1200)

    def names():
        return [text.split("\n")[0][:4] for text in page.locator("#sets tbody").all_inner_texts()]

    def worst_errors():
        bodies = page.locator("#sets tbody:not(.all)").all()
        texts = [body.locator(".c-error").all_inner_texts() for body in bodies]
        return [max(abs(float(t.replace("−", "-"))) for t in own) for own in texts]

    page.locator("#worst").click()
    assert worst_errors() == sorted(worst_errors(), reverse=True)
    assert page.locator('th[data-key="error"]').get_attribute("aria-sort") == "descending"
    page.locator('th[data-key="error"] button').click()
    assert worst_errors() == sorted(worst_errors())
    page.locator('th[data-key="name"] button').click()
    assert names()[:2] == ["quay", "yard"]
    assert names()[-1].startswith("all")


def test_without_scripts_there_is_no_slider_and_all_else_stands(opened):
    page = opened(width=1200, scripts=False)
    assert not page.locator("#slider-0").is_visible()
    assert page.locator("noscript").inner_text()
    assert page.locator("#sets tbody").count() == 3
    page.locator("#c1 .pane").first.click()
    assert page.locator("#c1").bounding_box()["height"] == 900


def test_a_click_enlarges_a_crop_and_close_brings_the_reader_back(opened):
    page = opened(width=1200)
    before = page.locator("#c1 .pane svg").first.bounding_box()["width"]
    page.locator("#c1 .pane").first.click()
    for large in (page.locator("#c1 .pane svg").nth(i).bounding_box() for i in (0, 1)):
        assert large["width"] > 1.5 * before
        assert large["x"] >= 0
        assert large["x"] + large["width"] <= 1200
        assert large["y"] + large["height"] <= 900
    page.locator("#c1 .stage-only a", has_text="Better").click()
    assert page.url.endswith("#c2")
    page.locator("#c2 .stage-only a", has_text="Close").click()
    assert page.locator("figure.crop:target").count() == 0
    assert page.locator("#c2-card").bounding_box()["y"] < 900


def test_each_kind_of_box_can_be_hidden(opened):
    page = opened(width=1200)
    for kind in ("right", "false", "missed", "ignored"):
        seen = f"[...document.querySelectorAll('#crops .panes .{kind}')].filter(e => e.checkVisibility()).length"
        before = page.evaluate(seen)
        assert before > 0
        page.locator(f"#show-{kind}").click()
        assert page.evaluate(seen) == 0
        page.locator(f"#show-{kind}").click()
        assert page.evaluate(seen) == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_by_day_and_by_night(opened, scheme):
    page = opened(width=1200, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate(CONTRAST) == []


def test_printed_it_keeps_to_the_sheet_and_shows_no_controls(opened):
    page = opened(width=720)
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 720
    assert not page.locator("#slider-0").is_visible()
    assert not page.locator("#worst").is_visible()
