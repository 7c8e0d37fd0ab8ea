import base64
import hashlib
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from sattrack.bench import accuracy_page
from sattrack.bench.accuracy import all_figures
from sattrack.bench.accuracy_telling import names_of
from sattrack.bench.accuracy_wording import signed
from sattrack.bench.crops import MOST_PX, worst_crops
from sattrack.bench.faults import judged
from sattrack.bench.summaries import summed
from sattrack.errors import UsageError
from sattrack.results import ModelCard
from tests.bench.drawn_accuracy import drawn_image, found_in, result_of, two_results


def write_accuracy_page(results, to, **options):
    return accuracy_page.write_accuracy_page([summed(result) for result in results], to, **options)


class Page(HTMLParser):
    """What of a page a test asks for: tags with their attributes, and text by the tag that holds it."""

    def __init__(self, path):
        super().__init__()
        self.html, self.tags, self.words, self.scripts = path.read_text(encoding="utf-8"), [], [], []
        self._open = ""
        self.feed(self.html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._open = tag

    def handle_data(self, data):
        if self._open == "script":
            self.scripts.append((self.tags[-1][1], data))
        elif self._open != "style":
            self.words.append(data)

    def handle_endtag(self, tag):
        self._open = ""

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def values(self):
        return json.loads(next(data for attrs, data in self.scripts if attrs.get("id") == "values"))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return two_results(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def page(results, tmp_path_factory):
    card = ModelCard("first", "ab" * 32, ("container",), 0.2, 640, 0.3, trained_on=({"name": "real", "left_out": "quay"},))
    path = tmp_path_factory.mktemp("page") / "acc.html"
    assert write_accuracy_page(results, path, cards=[card, None]) == path
    assert [p.name for p in path.parent.iterdir()] == ["acc.html"]
    return Page(path)


def test_the_page_is_one_file_that_asks_for_nothing(page):
    for _, attrs in page.tags:
        for name in ("src", "href", "xlink:href", "srcset", "action", "data", "poster"):
            assert re.match(r"(#|data:|$)", attrs.get(name) or "")
    assert not re.search(r"url\((?!#hatch)|@import", page.html)


def test_the_policy_names_its_one_script_by_hash_and_forbids_all_else(page):
    policy = next(a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    script = [data for attrs, data in page.scripts if "type" not in attrs]
    assert len(script) == 1
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert len(page.scripts) == 2


def test_names_from_files_are_text_and_nothing_else(page):
    assert "yard </script><script>alert(1)</script>" in page.text
    assert "first<b>" in page.text
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert not page.all("i")


def test_the_top_says_weights_threshold_and_the_main_figures(page, results):
    for result in results:
        row = all_figures(result)[-1]
        assert f"{signed(row.at.error_pct)} % count error" in page.text
        assert f"precision {row.at.precision:.3f}, recall {row.at.recall:.3f}, F1 {row.at.f1:.3f}" in page.text
        assert f"AP30 {row.ap30:.3f}, AP50 {row.ap50:.3f}, AP50:95 {row.ap50_95:.3f}" in page.text
        assert f"Threshold {result.threshold:g}" in page.text
    assert "sha256 abababababab" in page.text
    assert "trained on real without quay" in page.text


def test_the_table_has_a_line_for_each_set_and_detector(page, results):
    bodies = [a for a in page.all("tbody") if "data-s" in a]
    assert [a["data-s"] for a in bodies] == ["0", "1", "2"]
    assert bodies[-1]["class"] == "all"
    assert [a["data-d"] for a in page.all("tr") if "data-d" in a] == ["0", "1"] * 3


def test_the_slider_counts_with_what_the_figures_count_with(page, results):
    values = page.values
    for d, result in enumerate(results):
        k = values["at"][d]
        assert values["steps"][k] == result.threshold
        for s, row in enumerate(all_figures(result)):
            assert values["true"][s] == row.at.true
            assert values["found"][d][s][k] == row.at.found
            assert values["hits"][d][s][k] == row.at.hits
            assert values["apart"][d][s][k] == pytest.approx(row.mae * row.pictures)


def test_a_threshold_between_the_steps_is_a_step_of_its_own(results, tmp_path):
    page = Page(write_accuracy_page([replace(results[0], threshold=0.333)], tmp_path / "a.html"))
    assert page.values["steps"][page.values["at"][0]] == 0.333


def test_every_picture_with_a_wrong_box_is_a_crop_the_worst_first(page, results):
    wrong = [max(judged(r.images[i], threshold=r.threshold).wrong for r in results) for i in range(6)]
    crops = worst_crops(results, imagery=False, room=10**6)
    assert [max(p.false + p.missed for p in crop.panes) for crop in crops] == sorted(filter(None, wrong), reverse=True)
    assert len([a for a in page.all("figure") if a.get("class") == "crop"]) == len(crops)
    first = crops[0].panes[0]
    assert f"{first.found} found, {first.false} false, {first.missed} missed" in page.text


def test_detectors_share_the_pixels_of_a_crop(page):
    pictures = page.all("image")
    assert len(pictures) == 6
    uses = [a["href"] for a in page.all("use")]
    assert sorted(uses) == sorted(2 * [f"#{a['id']}" for a in pictures])
    for attrs in pictures:
        picture = Image.open(io.BytesIO(base64.b64decode(attrs["href"].partition(",")[2])))
        assert picture.size == (int(attrs["width"]), int(attrs["height"]))
        assert max(picture.size) <= MOST_PX
        assert not picture.getexif()
        assert np.asarray(picture).std() > 10


def test_lines_lie_where_the_boxes_do(tmp_path):
    image = drawn_image(tmp_path, boxes=1)
    crop = worst_crops([result_of([image], [found_in(image, missed=1)], threshold=0.05)], imagery=False, room=10**6)[0]
    assert crop.whole
    path = re.search(r'class="missed"[^>]* d="M([\d.]+) ([\d.]+)l', crop.panes[0].lines)
    assert [float(v) for v in path.groups()] == pytest.approx(
        image.truth[0, 0] * [crop.width / 340, crop.height / 300], abs=0.06
    )


def test_a_large_picture_is_cut_to_where_most_is_wrong(tmp_path):
    image = drawn_image(tmp_path, boxes=12, gsd_m=2.0)
    found = found_in(image, false=7)
    crop = worst_crops([result_of([image], [found], threshold=0.05)], imagery=True, room=10**6)[0]
    assert not crop.whole
    assert 0 < crop.shown < crop.wrong == 7
    assert (crop.width, crop.height) == (90, 90)
    text = Page(write_accuracy_page([result_of([image], [found], threshold=0.05)], tmp_path / "a.html")).text
    assert f"This part of the picture holds {crop.shown} of its 7 wrong boxes." in text


def test_without_imagery_no_pixel_is_written(results, tmp_path):
    page = Page(write_accuracy_page(results, tmp_path / "a.html", imagery=False))
    assert "data:image" not in page.html
    assert not page.all("image")
    assert not page.all("use")
    assert "made without imagery" in page.text
    assert len([a for a in page.all("path") if a.get("class") == "false"]) > 5


def test_a_picture_that_is_gone_costs_its_pixels_only(tmp_path):
    images = [drawn_image(tmp_path, name=name) for name in ("stays", "goes")]
    result = result_of(images, [found_in(image, missed=2) for image in images])
    images[1].path.unlink()
    page = Page(write_accuracy_page([result], tmp_path / "a.html"))
    assert len(page.all("image")) == 1
    assert re.search(r"Without its pixels: [^.]*no such", page.text)
    assert str(tmp_path) not in page.html


def test_the_page_keeps_to_its_limit(results, tmp_path):
    whole = write_accuracy_page(results, tmp_path / "whole.html").stat().st_size
    bare = write_accuracy_page(results, tmp_path / "bare.html", imagery=False).stat().st_size
    limit = (whole + bare) // 2
    page = Page(write_accuracy_page(results, tmp_path / "tight.html", most_bytes=limit))
    assert len(page.html.encode()) <= limit
    assert 0 < len(page.all("image")) < 6
    assert "Without its pixels: the page is full" in page.text


def test_at_most_24_crops_are_shown(tmp_path):
    image = drawn_image(tmp_path)
    images = [replace(image, name=f"{i}") for i in range(30)]
    result = result_of(images, [found_in(image, missed=1 + i % 5) for i, image in enumerate(images)])
    crops = worst_crops([result], imagery=False, room=10**7)
    assert len(crops) == 24
    assert crops[0].panes[0].missed == 5 + (crops[0].true - 5 - (crops[0].panes[0].found - crops[0].panes[0].false))


def test_where_all_is_right_no_crop_is_shown(tmp_path):
    image = drawn_image(tmp_path)
    page = Page(write_accuracy_page([result_of([image], [found_in(image)], threshold=0.05)], tmp_path / "a.html"))
    assert "No box is false or missed" in page.text


def test_pictures_without_labels_give_dashes_and_no_broken_numbers(tmp_path):
    image = drawn_image(tmp_path, boxes=0)
    page = Page(write_accuracy_page([result_of([image], [found_in(image, false=2)])], tmp_path / "a.html"))
    assert "– % count error" in page.text
    assert not re.search(r"\b(nan|inf)\b", page.html.partition("<script>")[0], re.IGNORECASE)


def test_parts_of_the_pictures_are_drawn_where_there_are_several(page, tmp_path):
    assert "By kind of picture" in page.text
    assert "0.3-0.4 m" in page.text
    assert "sun" not in page.text.partition("By kind of picture")[2].partition("The fine lines")[0]
    image = drawn_image(tmp_path, boxes=3)
    sunny = [replace(image, name=str(i), about={"sun_elevation_deg": 20.0 + 30 * i}) for i in range(2)]
    path = write_accuracy_page([result_of(sunny, [found_in(one, missed=1) for one in sunny])], tmp_path / "a.html")
    assert "sun elevation" in Page(path).text


def test_detectors_of_one_name_are_told_apart(results):
    twice = [replace(results[0], model_id="fast"), replace(results[0], model_id="fast", threshold=0.5)]
    assert names_of(twice) == ["fast from 0.3", "fast from 0.5"]
    assert len(set(names_of([*twice, twice[0]]))) == 3


def test_detectors_over_different_pictures_cannot_be_compared(results, tmp_path):
    fewer = replace(results[1], images=results[1].images[1:])
    with pytest.raises(UsageError, match="different pictures"):
        write_accuracy_page([results[0], fewer], tmp_path / "a.html")
    with pytest.raises(UsageError, match="nothing to show"):
        write_accuracy_page([], tmp_path / "a.html")


def test_signs_are_told_and_nought_has_none():
    assert [signed(v) for v in (7.46, -12.0, 0.04, -0.04, float("nan"))] == ["+7.5", "−12.0", "0.0", "0.0", "–"]
