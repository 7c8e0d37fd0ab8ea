"""Drawn sheets and sets through the command line."""

import json

import cv2
import pytest


def test_a_sheet_is_drawn_and_named(sattrack, tmp_path):
    out = tmp_path / "sheet.png"
    said = sattrack("render", "sheet", "-o", out, "--tiles", 3, "--columns", 2, "--pixels", 40, "--kind", "rail", "--truth")
    assert said.code == 0
    assert "sheet.png" in said.out
    assert cv2.imread(str(out)).shape == (2 * 44, 2 * 44, 3)


def test_a_sheet_goes_into_a_new_folder_or_is_refused_before_it_is_drawn(sattrack, tmp_path, monkeypatch):
    out = tmp_path / "new" / "sheet.png"
    assert sattrack("render", "sheet", "-o", out, "--tiles", 1, "--pixels", 40).code == 0
    assert out.is_file()
    monkeypatch.setattr("sattrack.synthetic.contact_sheet.render_tile", None)
    said = sattrack("render", "sheet", "-o", out / "more.png", "--tiles", 1, "--pixels", 40)
    assert said.code == 1
    assert "cannot be a folder" in said.err


def test_a_sheet_beside_real_pictures_shows_as_many_of_them(sattrack, tmp_path):
    real = tmp_path / "real"
    assert sattrack("render", "set", "-o", real, "--count", 1, "--gsd-m", "0.5", "--pixels", 60).code == 0
    out = tmp_path / "sheet.png"
    said = sattrack("render", "sheet", "-o", out, "--tiles", 2, "--columns", 4, "--pixels", 40, "--beside", real)
    assert said.code == 0
    assert cv2.imread(str(out)).shape == (44, 4 * 44, 3)


def test_a_drawn_set_is_read_by_the_benchmark(sattrack, tmp_path, detectors):
    folder = tmp_path / "set"
    said = sattrack(
        "render", "set", "-o", folder, "--count", 2, "--first-seed", 9_200_000, "--gsd-m", "0.45..0.5", "--pixels", 64
    )
    assert said.code == 0
    assert "2 pictures" in said.out
    meta = json.loads((folder / "meta.json").read_text())
    assert [one["seed"] for one in meta.values()] == [9_200_000, 9_200_001]
    assert all(0.45 <= one["gsd_m"] <= 0.5 for one in meta.values())
    scored = sattrack("bench", "accuracy", folder, "--detector", "bright_boxes:Bright", "--json")
    assert scored.code == 0


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("render", "set", "-o", "{}/new", "--count", 1, "--gsd-m", "0.8..0.3"), "0.3..0.8"),
        (("render", "set", "-o", "{}/new", "--count", 1, "--gsd-m", "fine"), "0.3..0.8"),
        (("render", "set", "-o", "{}/new", "--count", 1, "--kind", "ship"), "lookalikes"),
        (("render", "set", "-o", "{}", "--count", 1), "name another folder"),
        (("render", "set", "-o", "{}/new", "--count", 1, "--pixels", 32, "--gsd-m", "0.3"), "32 pixels of 0.3 m are 9.6 m"),
        (("render", "sheet", "-o", "{}/sheet.jpg"), "PNG"),
        (("render", "sheet", "-o", "{}/sheet.png", "--beside", "{}"), "meta.json"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_the_way_out(sattrack, tmp_path, given, told):
    (tmp_path / "mine.txt").touch()
    said = sattrack(*(str(one).format(tmp_path) for one in given))
    assert said.code == 2
    assert told in said.err
    assert "Traceback" not in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
