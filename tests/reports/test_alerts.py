"""Alerts as tables: the name of a site is told as it is, and no folder with it."""

import datetime as dt
from dataclasses import replace

import pytest

from sattrack.reports.alerts import alert_row
from sattrack.reports.flows import flow_rows
from sattrack.steps.alarming import Rules, assess
from sattrack.steps.flowing import flow_of
from sattrack.timeline import Observation, Series

DAY = dt.datetime(2023, 10, 20, tzinfo=dt.UTC)
SEEN = tuple(Observation(f"s{i}", DAY + dt.timedelta(days=i), n, n - 2.0, n + 2.0) for i, n in enumerate((50, 200)))


@pytest.fixture
def series():
    return Series("dock", "Dock (north)/Dock (south)", "row \u00bb3\u00ab/4", "wv-2", "m", 0.4, SEEN)


def test_a_name_with_a_slash_is_the_same_in_the_sentence_as_in_its_own_cell(series):
    row = alert_row(assess([series], rules=Rules())[-1])
    assert row["explanation"].startswith(f"{row['site_name']}, {row['zone']}, 2023-10-21: 200 containers seen")
    for flow_row in flow_rows(flow_of(series, amounts=[100])):
        if flow_row.get("explanation"):
            assert f"{series.site_name}, {series.zone}," in flow_row["explanation"]


def test_a_reason_behind_the_name_tells_no_folder(series):
    gone = replace(SEEN[1], count=None, low=None, high=None, status="failed", notes=("/home/anna/port/b.tif: is damaged",))
    row = alert_row(assess([replace(series, observations=(SEEN[0], gone))], rules=Rules())[-1])
    assert row["explanation"].startswith(
        f"{series.site_name}, {series.zone}, 2023-10-21: cannot be assessed (b.tif: is damaged)"
    )
