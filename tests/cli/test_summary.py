"""The table at the end of a run: numbers as the page shows them."""

import datetime as dt
from types import SimpleNamespace

from sattrack.cli.summary import _remarks, _when, interval, seen
from sattrack.reports import wording
from sattrack.steps.doubting import LIKE_CARS
from sattrack.steps.estimating import NO_SURE_BOX


def test_an_interval_is_the_same_in_the_table_and_on_the_page():
    count = SimpleNamespace(count=86, count_low=74.4, count_high=90.3)
    assert interval(count) == "74 to 91"
    assert wording.interval(count) == "74\N{EN DASH}91"
    count = SimpleNamespace(count=133, count_low=0.91, count_high=263.07)
    assert interval(count) == "1 to 264"  # more than none: from none on begins only what may all be look-alikes
    assert wording.interval(count) == "1\N{EN DASH}264"


def test_a_share_is_the_same_in_the_table_and_on_the_page_and_never_all_where_it_is_nearly_so():
    for observed, told in ((1.0, "100%"), (0.997, "over 99%"), (0.73, "73%"), (0.004, "under 1%"), (0.0, "0%")):
        assert seen(SimpleNamespace(observed_fraction=observed)) == told
        assert wording.share(observed).replace(" %", "%") == told


def test_a_bare_date_shows_no_clock():
    assert _when(dt.datetime(2009, 12, 8, tzinfo=dt.UTC)) == "2009-12-08"
    assert _when(dt.datetime(2009, 12, 8, 1, 55, tzinfo=dt.UTC)) == "2009-12-08 01:55"
    assert _when(None) == "unknown"


def test_scenes_without_a_sure_box_are_named_below_the_table_once_each():
    def count(scene, *notes, site="", zone=""):
        return SimpleNamespace(
            site_id=site or scene, site_name="", zone=zone, scene_id=scene, notes=notes, count=3, count_low=0.0, cap_hit=False,
            datetime=dt.datetime.now(),
        )  # fmt: skip

    def said(*counts):
        return _remarks(SimpleNamespace(counts=counts), outside=0)

    assert said(count("a"), count("b", "something else")) == []
    assert said(count("a", NO_SURE_BOX), count("a", NO_SURE_BOX), count("b")) == [f"a: {NO_SURE_BOX}."]
    assert said(*(count(name, NO_SURE_BOX) for name in "abcde")) == [f"a, b, c and 2 more: {NO_SURE_BOX}."]
    assert said(count("a", f"12 of the boxes {LIKE_CARS}"), count("b")) == [f"a: boxes {LIKE_CARS}."]
    one_of_two = said(count("may", site="quay"), count("may", NO_SURE_BOX, site="lot", zone="west"))
    assert one_of_two == [f"lot / west in may: {NO_SURE_BOX}."]
