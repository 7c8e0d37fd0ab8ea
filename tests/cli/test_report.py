"""report through the real entry point, of a run with a past: ten quiet scenes and a surge."""

import pytest

from tests.cli.conftest import write_scene, write_site

_CHAIN = """\
name: Left to right
places:
  - {site_id: left, role: origin}
  - {site_id: right, role: destination}
links:
  - {from: left, to: right, days: [0, 3]}
"""


@pytest.fixture
def watched(sattrack, site, detectors, tmp_path):
    folder = tmp_path / "watched"
    folder.mkdir()
    for day in range(11):
        write_scene(folder / f"day_{day}.tif", boxes=8 if day < 10 else 36, seed=day)
    to = tmp_path / "run"
    words = ("--detector", "bright_boxes:Bright", "--no-report", "-q")
    assert sattrack("detect", folder, "--sites", site, "-o", to, *words).code == 0
    return to


def test_a_surge_is_in_the_five_lines_with_a_slider(sattrack, watched):
    said = sattrack("report", watched)
    assert (said.code, said.err) == (0, "")
    page = (watched / "report.html").read_text(encoding="utf-8")
    assert "1 of 1 site. Rises: Left half in 1 scene. Falls: none." in page
    assert page.count('type="range"') == 1
    assert page.count('alt="After: Left half, 11 May 2024 10:00 UTC: 18 counted"') == 1


def test_cumulative_amounts_are_said_to_have_come(sattrack, watched):
    assert sattrack("report", watched, "--cumulative", "10", "--cumulative", "5000", "--no-imagery").code == 0
    page = (watched / "report.html").read_text(encoding="utf-8")
    assert "10 boxes came to Left half" in page
    assert "no series shows that 5,000 boxes left or came" in page
    assert "that 10 boxes left or came" not in page
    assert "data:image" not in page


def test_a_chain_is_drawn_and_what_of_it_is_not_there_is_said(sattrack, watched, tmp_path):
    (tmp_path / "chain.yaml").write_text(_CHAIN)
    assert sattrack("report", watched, "--chain", tmp_path / "chain.yaml", "--no-imagery").code == 0
    page = (watched / "report.html").read_text(encoding="utf-8")
    assert 'aria-label="Map of the chain Left to right"' in page
    assert "the chain&#39;s destination right has no series" in page
    assert "left to right: cannot be told" in page


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (_CHAIN.replace("left", "west").replace("right", "east"), "no place of the chain"),
        ("name: x\nplace: []\n", "chain.yaml"),
    ],
)
def test_a_chain_that_does_not_fit_is_an_error_with_a_way_out(sattrack, watched, tmp_path, text, said):
    (tmp_path / "chain.yaml").write_text(text)
    answer = sattrack("report", watched, "--chain", tmp_path / "chain.yaml")
    assert answer.code in (1, 2)
    assert said in answer.err
    assert "Traceback" not in answer.err


def test_a_chain_file_that_is_not_there_is_an_error(sattrack, watched, tmp_path):
    answer = sattrack("report", watched, "--chain", tmp_path / "none.yaml")
    assert answer.code != 0
    assert "none.yaml" in answer.err


def test_U4_two_scenes_are_no_past_and_the_page_says_so(sattrack, run):
    assert sattrack("report", run, "--no-imagery").code == 0
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "None could: an alarm takes 5 assessable past scenes" in page
    assert 'type="range"' not in page


def test_no_page_of_other_counts_stays_in_a_run(sattrack, run, scenes, site):
    page = run / "report.html"
    assert sattrack("count", run).code == 0
    again = ("detect", scenes, "--sites", site, "-o", run, "--detector", "bright_boxes:Bright", "-q")
    for words, kept in (
        (("count", run, "--no-report"), True),  # it is of the same counts
        (("count", run, "--threshold", "0.95", "--no-report"), False),
        (again, True),
        ((*again, "--no-report", "--no-imagery"), False),  # it shows pixels
    ):
        assert sattrack(*words).code == 0
        assert page.exists() is kept, words


def test_the_tables_beside_a_page_hold_its_numbers_also_where_they_were_of_other_counts(sattrack, watched, caplog):
    tables = [watched / name for name in ("counts.csv", "scenes.csv")]
    own = [table.read_bytes() for table in tables]
    sattrack("report", watched, "--no-imagery")
    assert caplog.text == ""
    assert [table.read_bytes() for table in tables] == own
    tables[0].write_bytes(own[0].replace(b",done,", b",failed,"))  # as another version may have counted
    tables[1].unlink()
    sattrack("report", watched, "--no-imagery")
    assert "counts.csv and scenes.csv were of other counts than this page, and are written again" in caplog.text
    assert [table.read_bytes() for table in tables] == own


def test_another_outline_is_another_place(sattrack, watched, tmp_path):
    far = write_site(tmp_path / "far.geojson", site_id="far", name="Far", east=5000)
    assert sattrack("count", watched, "--sites", far, "--no-report", "-q").code == 0
    assert sattrack("report", watched, "--no-imagery").code == 0
    assert "no scene" in (watched / "report.html").read_text(encoding="utf-8")
