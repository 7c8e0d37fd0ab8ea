"""Cells: safe for spreadsheets, and telling no folder, user or signature."""

import datetime as dt

import pytest

from sattrack.reports.cells import KnownPlaces, csv_bytes, csv_cell, discreet, moment, number, shown


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "=cmd|' /C calc'!A0"])
def test_X2_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    cell = csv_cell(text)
    assert cell.startswith("'")
    assert not set(cell) & set("\t\r\n")


def test_X2_numbers_keep_their_minus() -> None:
    assert csv_bytes(["a", "b"], rows=[(-5, -70.25)]) == b"a,b\n-5,-70.25\n"


def test_X3_what_is_not_finite_is_an_empty_cell() -> None:
    assert [csv_cell(v) for v in (float("nan"), float("inf"), None)] == ["", "", ""]
    assert number(float("nan"), digits=2) is None


def test_a_table_has_lf_line_ends_whatever_the_text_holds() -> None:
    assert csv_bytes(["a"], rows=[("x\r\ny",), ('say "no", then',)]) == b'a\nx  y\n"say ""no"", then"\n'


def test_halves_of_broken_characters_become_question_marks() -> None:
    assert csv_bytes(["a"], rows=[("a\udc80b",)]) == b"a\na?b\n"


def test_times_are_told_in_utc() -> None:
    local = dt.datetime(2024, 5, 1, 1, 30, 5, 999, tzinfo=dt.timezone(dt.timedelta(hours=3)))
    assert moment(local) == "2024-04-30T22:30:05Z"
    assert moment(None) is None


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("/home/alice/my scenes/S2: (a).tif", "S2: (a).tif"),
        (r"C:\Users\bob\x.tif", "x.tif"),
        ("file:///home/alice/x.tif", "x.tif"),
        ("https://bob:secret@h.org/a/b.tif?X-Amz-Signature=12#f", "https://h.org/a/b.tif"),
        ("/vsicurl/https://h.org/b.tif?sig=12", "/vsicurl/https://h.org/b.tif"),
        ("s3://bucket/key.tif", "s3://bucket/key.tif"),
    ],
)
def test_X5_a_location_is_told_without_folder_user_and_signature(location: str, told: str) -> None:
    assert shown(location) == told
    assert discreet(f"{location}: torn", locations=[location]) == f"{told}: torn"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mask /home/alice/m.json is not there", "mask m.json is not there"),
        ("see /home/alice, or ~/data/x.tif", "see ~, or x.tif"),
        (r"(C:\Users\bob\x.tif)", "(x.tif)"),
        ("got https://h.org/b.tif?sig=12 and file:///home/al/x.tif", "got https://h.org/b.tif and x.tif"),
        ("and/or 1/2 km/h; 20 / 40 ft", "and/or 1/2 km/h; 20 / 40 ft"),
        ("CC BY 4.0, https://creativecommons.org/licenses/by/4.0/", "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/"),
    ],
)
def test_X5_sentences_lose_paths_and_signatures_and_nothing_else(text: str, told: str) -> None:
    assert discreet(text) == told


@pytest.mark.parametrize(
    "text",
    [
        "the file /in/a b/one.tif is torn", "/in/a b/one.tif.bak and /in/a b/one.tif", "nothing of it", "/", "x:/y", "a/b",
        "https://h.example/one.tif?sig=1: gone", "/in/a b/one",
    ],
)  # fmt: skip
def test_S14_known_places_are_found_as_if_each_had_been_looked_for(text: str) -> None:
    places = ["/in/a b/one.tif", "/in/a b/one", "/in/a b/two.tif", "https://h.example/one.tif", "a/b", "/"]
    known = KnownPlaces([*places, ""])
    assert set(known.within(text)) == {one for one in places if one in text}
    assert discreet(text, locations=known) == discreet(text, locations=places)
