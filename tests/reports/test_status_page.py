"""The status page: the gravest first, names escaped, nothing asked for from elsewhere."""

import datetime as dt
import json
import re
from dataclasses import replace

from sattrack.reports.status_page import SiteRow, Trouble, WatchStatus, status_page, status_value, write_status
from sattrack.reports.status_rows import rows_of

_NOON = dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC)
_QUIET = SiteRow("quiet", "Quiet depot", "", "normal", "s1", _NOON, 40, 35.6, 44.2, 1.0, "Nothing out of the ordinary.")
_LOUD = SiteRow("loud", "<script>alert(1)</script>", "quay", "alert", "s2", _NOON, 1200, None, None, 0.7, "More.", _NOON)
_PIER = WatchStatus(
    "pier", _NOON, (_QUIET, _LOUD), (Trouble("bad", "failed", "/home/me/in/bad.tif: torn"),), 2, 1, (), "pier/report.html"
)
_GONE = WatchStatus("gone", None, error="/mnt/away: no such file or folder")


def text(*watches):
    return status_page(watches, version="1").decode()


def test_the_gravest_site_stands_first_with_its_interval_rounded_outward():
    page = text(_PIER)
    assert page.index("· quay") < page.index("Quiet depot")
    assert "<h1>Alert at 1 site</h1>" in page
    assert "35–45" in page
    assert "1,200" in page
    assert "1 file still arriving, left for the next pass" in page


def test_a_number_that_does_not_stand_is_in_brackets_and_has_no_interval(port_run):
    run, _ = port_run
    of_day_1 = [replace(one, count_low=1.2, count_high=3.6) for one in run.counts if one.scene_id == "day-1"]
    for stands in (True, False):
        counts = [replace(one, status="done" if stands else "not_assessable") for one in of_day_1]
        told = rows_of(replace(run, counts=counts), [])
        page = text(WatchStatus("pier", _NOON, told))
        whole = next(row for row in told if not row.zone)
        assert (whole.count, whole.stands) == (2, stands)
        assert ("(2)" in page, "1–4" in page) == (not stands, stands)
        (site, *_) = status_value([WatchStatus("pier", _NOON, told)])["watches"][0]["sites"]
        assert (site["count"], site["count_stands"]) == (2, stands)


def test_names_are_escaped_and_the_page_asks_for_nothing():
    page = text(_PIER, _GONE)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "default-src 'none'" in page
    assert re.findall(r'(?:src|href)="([^"]*)"', page) == ["data:,", "pier/report.html", "pier/report.html", "pier/report.html"]


def test_no_path_is_told():
    for told in (text(_PIER, _GONE), json.dumps(status_value([_PIER, _GONE]))):
        assert "/home/me" not in told
        assert "/mnt" not in told
        assert "bad.tif: torn" in told


def test_a_watch_that_was_never_looked_at_says_so():
    page = text(_GONE)
    assert "never" in page
    assert "1 watch could not be looked at." in page
    assert "No site has been looked at yet." in page


def test_both_files_are_written(tmp_path):
    write_status([_PIER], tmp_path, version="1")
    said = json.loads((tmp_path / "status.json").read_text())
    assert [row["state"] for row in said["watches"][0]["sites"]] == ["normal", "alert"]
    assert (tmp_path / "status.html").read_bytes().startswith(b"<!DOCTYPE html>")
