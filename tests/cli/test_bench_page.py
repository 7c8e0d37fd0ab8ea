"""`sattrack bench accuracy --page` writes a page beside what it prints."""

import json

import pytest

from tests.bench.conftest import draw_set

DETECTOR = ("--detector", "bright_boxes:Bright")


@pytest.fixture
def dataset(tmp_path):
    return draw_set(tmp_path / "drawn", pictures=2, missed=2, extra=1)


def test_a_page_is_written_and_stdout_is_as_without(sattrack, dataset, detectors, tmp_path):
    page = tmp_path / "new folder" / "acc.html"
    said = sattrack("bench", "accuracy", dataset, *DETECTOR, "--json", "--page", page)
    assert said.code == 0, said.err
    assert json.loads(said.out)
    assert f"page: {page}" in said.err
    html = page.read_text()
    assert html.startswith("<!DOCTYPE html>")
    assert html.count('class="card"') == 2
    assert html.count("<image ") == 2


def test_several_detectors_stand_side_by_side_and_pixels_stay_out_where_asked(sattrack, dataset, detectors, tmp_path):
    page = tmp_path / "acc.html"
    said = sattrack("bench", "accuracy", dataset, *DETECTOR, *DETECTOR, "--page", page, "--no-imagery", "-q")
    assert (said.code, said.out, said.err) == (0, "", "")
    html = page.read_text()
    assert html.count('class="pane ') == 4
    assert "data:image" not in html


def test_figures_are_told_also_where_the_page_cannot_be_written(sattrack, dataset, detectors, tmp_path):
    (tmp_path / "file").touch()
    said = sattrack("bench", "accuracy", dataset, *DETECTOR, "--json", "--page", tmp_path / "file" / "acc.html")
    assert said.code == 1
    assert "cannot be written" in said.err
    assert json.loads(said.out)["totals"]["pictures"] == 2


def test_a_folder_is_refused_before_anything_is_detected(sattrack, dataset, detectors, tmp_path):
    said = sattrack("bench", "accuracy", dataset, *DETECTOR, "--page", tmp_path)
    assert said.code == 2
    assert said.err.startswith("error: ")
    assert "is a folder" in said.err
    assert "give --page the name of a file" in said.err
    assert said.err.count("\n") == 1
