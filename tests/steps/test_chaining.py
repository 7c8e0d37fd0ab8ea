"""Chains: arrivals that follow departures by a lag are told from those that do not, and from what nobody watched."""

import datetime as dt

import numpy as np

from sattrack.flows import Agreement, Flow, Link
from sattrack.steps.chaining import agreement, flow_at
from sattrack.steps.flowing import flow_of
from sattrack.timeline import Observation, Series

LINK = Link("rajin", "dunai", 1, 5)
# When boxes leave the origin, days.
LEAVES = (10, 17, 33, 38, 61, 80)


def site(name: str, times: list[float], counts: list[float], zone: str = "") -> Flow:
    start = dt.datetime(2023, 8, 1, tzinfo=dt.UTC)
    seen = tuple(
        Observation(f"{name}-{i}", start + dt.timedelta(days=day), count, max(count - 15, 0), count + 15, level=0.95)
        for i, (day, count) in enumerate(zip(times, counts, strict=True))
    )
    return flow_of(Series(name, name.title(), zone, "", "", None, seen))


def origin(days: int = 100) -> Flow:
    """A scene a day; the pier fills the day before it is emptied."""
    return site("rajin", list(range(days)), [200.0 if day + 1 in LEAVES else 0.0 for day in range(days)])


def target(arrivals: list[float], days: int = 100, first: int = 0) -> Flow:
    """A scene a day; what arrives is gone two days later."""
    return site(
        "dunai", list(range(first, days)),
        [200.0 if any(0 <= day - when < 2 for when in arrivals) else 0.0 for day in range(first, days)],
    )  # fmt: skip


def told(source: Flow | None, other: Flow | None) -> Agreement:
    return agreement(LINK, source, other)


def test_arrivals_three_days_after_each_departure_are_consistent():
    found = told(origin(), target([day + 3 for day in LEAVES]))
    assert found.verdict == "consistent"
    assert (found.matched, found.departures) == (6, 6)
    assert 2 < found.lag_days < 4
    assert found.p_value < 0.1
    assert found.alike == 1
    assert "no proof" in found.sentence


def test_no_arrivals_after_departures_that_were_watched_are_not_consistent():
    found = told(origin(), target([25.0, 50, 72]))
    assert found.verdict == "not consistent"
    assert found.departures == 6
    assert found.alike < 0.5
    assert "would not have been seen" in found.sentence


def test_arrivals_every_other_day_fit_anything():
    found = told(origin(), target([float(day) for day in range(0, 100, 4)]))
    assert found.verdict == "cannot be told"
    assert found.why == "arrivals at other times would have fitted as well"
    assert found.p_value > 0.5


def test_what_nobody_watched_cannot_be_told():
    found = told(origin(), target([], days=90, first=84))
    assert (found.verdict, found.departures) == ("cannot be told", 0)
    assert "was not watched" in found.why
    # Seen before and after, but never while boxes could have arrived.
    assert told(origin(20), site("dunai", [0.0, 40.0], [0.0, 200.0])).departures == 0
    assert told(origin(20), site("dunai", [0.0, 14.0, 40.0], [0.0, 200.0, 0.0])).departures == 1


def test_two_departures_are_too_few():
    found = told(origin(20), target([13.0, 20.0], days=40))
    assert (found.verdict, found.departures) == ("cannot be told", 2)
    assert "only 2 departures" in found.why


def test_sites_without_a_series_or_without_departures_are_named():
    assert told(None, target([])).why == "there is no series of rajin"
    assert told(origin(), None).sentence == "rajin to dunai: cannot be told, since there is no series of dunai."
    still = site("rajin", [0.0, 1, 2], [50.0, 50, 50])
    assert told(still, target([1.0])).why == "no sure departure was seen at rajin"


def test_what_only_errors_of_the_counts_moved_among_many_scenes_is_no_departure():
    rng, days = np.random.default_rng(8), list(map(float, range(100)))
    # Limits at 95 % that hold: one change in twenty lies outside its own interval.
    still = [site("rajin", days, np.round(200 + rng.normal(0, 15 / 1.96, 100)).tolist()) for _ in range(20)]
    assert sum(one.direction == "fall" for flow in still for one in flow.movements) > 20
    assert [told(one, target(list(LEAVES))).departures for one in still].count(0) >= 18


def test_arrivals_by_chance_are_seldom_consistent():
    rng = np.random.default_rng(5)
    source = origin()
    verdicts = [told(source, target(sorted(rng.uniform(0, 100, 6)))).verdict for _ in range(20)]
    # At the most one in five where arrivals have nothing to do with departures.
    assert verdicts.count("consistent") <= 4


def test_of_several_series_of_a_site_that_with_most_movements_speaks():
    few, many = site("dunai", [0.0, 1], [0.0, 90]), site("dunai", [0.0, 1, 2], [0.0, 90, 0])
    zone = site("dunai", [0.0, 1, 2, 3], [0.0, 90, 0, 90], zone="quay")
    assert flow_at([few, many, zone], site_id="dunai") is many
    assert flow_at([few, many, zone], site_id="dunai", zone="quay") is zone
    assert flow_at([few], site_id="rajin") is None
