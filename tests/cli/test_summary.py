"""The table at the end of a run: numbers as the page shows them."""

import datetime as dt
from types import SimpleNamespace

from sattrack.cli.summary import _when, interval
from sattrack.reports import wording


def test_an_interval_is_the_same_in_the_table_and_on_the_page():
    count = SimpleNamespace(count=86, count_low=74.4, count_high=90.3)
    assert interval(count) == "74 to 91"
    assert wording.interval(count) == "74\N{EN DASH}91"


def test_a_bare_date_shows_no_clock():
    assert _when(dt.datetime(2009, 12, 8, tzinfo=dt.UTC)) == "2009-12-08"
    assert _when(dt.datetime(2009, 12, 8, 1, 55, tzinfo=dt.UTC)) == "2009-12-08 01:55"
    assert _when(None) == "unknown"
