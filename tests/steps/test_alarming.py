"""The alarm as a whole: which rule for which history, one alert a scene and direction, and sentences."""

import datetime as dt
import math
from dataclasses import replace

import numpy as np
import pytest

from sattrack.settings import Settings
from sattrack.steps.alarming import Rules, assess, rules_of
from sattrack.steps.series import Reading, readings_of, series_of
from sattrack.timeline import Alert, Count, Observation, Series

START = dt.datetime(2023, 5, 1, 2, tzinfo=dt.UTC)
QUIET = [60, 48, 75, 66, 52, 58, 81, 44, 63, 70, 55, 49, 67, 61]


def series(counts: list[float | None], *, seen: list[float] | None = None, site: str = "port", **said: object) -> Series:
    seen = seen or [1.0] * len(counts)
    readings = [
        Reading(
            site, site.title(), "", str(said.get("sensor", "WV-2")), str(said.get("model", "m")), 0.35,
            Observation(f"s{i}", START + dt.timedelta(days=7 * i), c, observed_fraction=f),
        )
        for i, (c, f) in enumerate(zip(counts, seen, strict=True))
    ]  # fmt: skip
    (found,) = series_of(readings, min_observed=0.5)
    return found


def last(counts: list[float | None], **said: object) -> Alert:
    return assess([series(counts, **said)], rules=Rules())[-1]


def test_a_surge_is_an_alert_with_a_sentence_of_what_was_seen_and_expected():
    alert = last([*QUIET, 310])
    assert (alert.level, alert.direction, alert.method, alert.history) == ("alert", "rise", "farrington", 14)
    assert alert.expected == pytest.approx(61, abs=3)
    assert alert.expected_low < 48 < 75 < alert.expected_high < alert.alarm_above < 310
    assert alert.p_value < 1e-5
    assert alert.sentence.startswith("Port, 2023-08-07 02:00 UTC: 310 containers seen, more than the ")
    for words in ("p < 0.0001", "100 % of the site visible", "14 past scenes", "false alarms in 1,000 quiet scenes"):
        assert words in alert.sentence
    assert alert.sentence.count(". ") == 0


def test_an_emptied_yard_is_a_fall_and_an_ordinary_day_is_nothing():
    assert (last([*QUIET, 0]).level, last([*QUIET, 0]).direction) == ("alert", "fall")
    usual = last([*QUIET, 66])
    assert (usual.level, usual.direction) == ("normal", "none")
    assert "nothing out of the ordinary" in usual.sentence


def test_how_large_a_rise_would_be_noticed_is_said_of_the_whole_site_and_only_where_one_would_be():
    assert "boxes more than expected would have been noticed four times in five." in last([*QUIET, 66]).sentence
    half = last([*QUIET, 33], seen=[*[1.0] * 14, 0.5])
    assert f"{math.ceil(half.minimum_detectable)} boxes more than expected in the whole site would have" in half.sentence
    told = series([*QUIET, 66])
    vague = replace(told.observations[-1], low=10.0, high=140.0)
    alert = assess([replace(told, observations=(*told.observations[:-1], vague))], rules=Rules())[-1]
    assert alert.minimum_detectable is None
    assert alert.sentence.endswith("the count's own interval is too wide for any rise to be noticed.")


@pytest.mark.parametrize(
    ("past", "method"), [(0, "none"), (1, "two scenes"), (4, "two scenes"), (5, "ears-t"), (8, "ears-t"), (9, "farrington")]
)
def test_U4_the_rule_follows_from_the_history(past: int, method: str):
    alert = last([*QUIET[:past], 300])
    assert alert.method == method
    assert alert.level == ("not_assessable" if past < 5 else "alert")
    assert alert.history == past


def test_a_short_history_still_tells_of_a_change():
    alert = last([60, 62, 300])
    assert alert.level == "not_assessable"
    assert alert.direction == "rise"
    assert "too few past scenes" in alert.sentence


def test_a_change_between_two_scenes_of_one_day_names_the_time_and_ends_outward_at_whole_boxes():
    day = dt.datetime(2023, 10, 20, tzinfo=dt.UTC)
    morning = Observation("a", day.replace(hour=11, minute=1), 100, 98.4, 101.7, level=0.95)
    for count, told in (
        (100, "no sure change since 2023-10-20 11:01 UTC (-3 to +3 boxes)"),
        (0, "boxes fewer than on 2023-10-20 11:01"),
    ):
        later = Observation("b", day.replace(hour=15, minute=43), count, max(count - 1.6, 0), count + 1.7, level=0.95)
        alert = assess([replace(series([1]), observations=(morning, later))], rules=Rules())[-1]
        assert told in alert.sentence


def test_a_sure_fall_is_of_at_least_one_box():
    noon = dt.datetime(2023, 10, 20, 12, tzinfo=dt.UTC)
    few = Observation("a", noon, 5, 2.3, 8.68)
    one = Observation("b", noon + dt.timedelta(days=1), 1, 0.0, 2.24)
    alert = assess([replace(series([1]), observations=(few, one))], rules=Rules())[-1]
    assert alert.direction == "fall"
    assert "1 to 9 boxes fewer" in alert.sentence


def test_a_change_between_scenes_of_which_one_shows_a_part_is_said_to_be_of_the_whole_site():
    assert "boxes more in the whole site than on 2023-05-01" in last([50, 200], seen=[1.0, 0.5]).sentence
    assert "no sure change in the whole site since 2023-05-01" in last([50, 52], seen=[0.6, 1.0]).sentence
    assert "whole site" not in last([50, 200]).sentence


def test_a_scene_before_which_none_could_be_assessed_is_not_called_the_first_of_its_series():
    assert "the first scene of its series that could be assessed" in last([5, 60], seen=[0.2, 1.0]).sentence


def test_U2_a_clouded_scene_is_not_assessable_never_a_fall_and_no_baseline():
    clouded = last([*QUIET, 5], seen=[1.0] * 14 + [0.2])
    assert (clouded.level, clouded.direction) == ("not_assessable", "none")
    assert "20%" in clouded.sentence
    after = assess([series([*QUIET, 5, 62], seen=[1.0] * 14 + [0.2, 1.0])], rules=Rules())[-1]
    assert (after.level, after.history) == ("normal", 14)


def test_U3_what_a_partly_seen_scene_shows_is_held_against_as_much_of_the_site():
    assert last([*QUIET, 31], seen=[1.0] * 14 + [0.5]).expected == pytest.approx(last([*QUIET, 62]).expected / 2)
    assert last([*QUIET, 31], seen=[1.0] * 14 + [0.5]).level == "normal"


def test_U6_no_baseline_crosses_sensors_or_models_and_the_break_is_said():
    old, new = series(list(QUIET)), series([300, 305], sensor="PlanetScope")
    readings = [Reading("port", "Port", "", s.sensor, s.model_id, 0.35, o) for s in (old, new) for o in s.observations]
    found = series_of(readings)
    assert [(s.sensor, len(s.observations)) for s in found] == [("worldview-2", 14), ("planetscope", 2)]
    assert "14 scenes by another sensor (worldview-2)" in found[1].breaks[0]
    planet = [a for a in assess(found, rules=Rules()) if a.sensor == "planetscope"]
    assert {a.level for a in planet} == {"not_assessable"}
    assert all(any("another sensor" in note for note in a.notes) for a in planet)


def test_a_scene_of_which_nothing_is_known_is_not_said_to_be_of_another_sensor():
    fine, coarse = series([60, 61]), series([None], sensor="Sentinel-2")
    torn = replace(fine.observations[1], scene_id="torn", count=None, low=None, high=None, status="failed")
    readings = [Reading("port", "Port", "", s.sensor, s.model_id, 0.35, o) for s in (fine, coarse) for o in s.observations]
    found = series_of([*readings, Reading("port", "Port", "", "", fine.model_id, 0.35, torn)])
    assert [len(one.observations) for one in found] == [3, 2]  # it may have been of either
    assert found[0].breaks[0].startswith("1 scene by another sensor (sentinel-2)")
    assert found[1].breaks[0].startswith("2 scenes by another sensor (worldview-2)")


def test_a_break_by_a_threshold_that_nobody_named_and_a_scene_without_a_count_are_told_in_words():
    (named,) = series_of([Reading("port", "Port", "", "WV-2", "m", 0.35, o) for o in series([60]).observations])
    both = [Reading("port", "Port", "", "WV-2", "m", at, o) for at in (0.35, None) for o in named.observations]
    assert "at another threshold (not named)" in series_of(both)[0].breaks[0]
    assert "at another threshold (0.35)" in series_of(both)[1].breaks[0]
    empty = replace(named.observations[0], count=None, status="not_assessable", notes=())
    scenes = (empty, replace(empty, count=60), replace(empty, status="failed"))
    told = [assess([replace(named, observations=(one,))], rules=Rules())[0].sentence for one in scenes]
    for sentence, why in zip(told, ("nothing was counted", "marked as not assessable", "marked as failed"), strict=True):
        assert f"cannot be assessed ({why})" in sentence


def test_U5_U6_a_scene_counted_by_two_models_is_one_alert_a_direction():
    one, two = series([*QUIET, 310], model="a"), series([*QUIET[3:], 310], model="b")
    two = replace(
        two,
        observations=tuple(
            replace(o, scene_id=f"s{i + 3}", datetime=one.observations[i + 3].datetime) for i, o in enumerate(two.observations)
        ),
    )
    alerts = [a for a in assess([one, two], rules=Rules()) if a.level == "alert"]
    assert [(a.model_id, a.scene_id, a.history) for a in alerts] == [("a", "s14", 14)]


def test_U5_the_newest_alone_is_judged_as_among_all():
    found = [series([*QUIET, 310]), series([*QUIET, 5], seen=[1.0] * 14 + [0.1], site="other")]
    whole = [a for a in assess(found, rules=Rules()) if a.scene_id == "s14"]
    newest = assess(found, rules=Rules(), newest=True)
    assert [(a.id, a.level, a.p_value, a.history) for a in newest] == [(a.id, a.level, a.p_value, a.history) for a in whole]


def test_scaling_and_order_inside_the_baseline():
    base = last([*QUIET, 310])
    shuffled = last([*[QUIET[i] for i in np.random.default_rng(2).permutation(14)], 310])
    # Without dates mattering (no trend in either), the order does not either, but for the slope that it makes.
    assert shuffled.expected == pytest.approx(base.expected, rel=0.25)
    tenfold = last([10 * c for c in [*QUIET, 310]])
    assert tenfold.expected == pytest.approx(10 * base.expected, rel=0.02)
    assert tenfold.level == base.level


def test_p_falls_as_the_observation_rises_and_every_count_beyond_the_limit_alarms():
    counts = range(0, 400, 4)
    alerts = [last([*QUIET, c]) for c in counts]
    rises = [a.p_value for a, c in zip(alerts, counts, strict=True) if c > alerts[0].expected + 10]
    assert rises == sorted(rises, reverse=True)
    assert all((a.level == "alert" and a.direction == "rise") == (a.observed > a.alarm_above) for a in alerts)


def test_ids_are_stable_and_differ():
    first, again = assess([series([*QUIET, 310])], rules=Rules()), assess([series([*QUIET, 310])], rules=Rules())
    assert [a.id for a in first] == [a.id for a in again]
    assert len({a.id for a in first}) == len(first)


def test_many_sites_are_held_to_the_rate_of_false_discovery():
    rng = np.random.default_rng(5)
    quiet = [series([int(c) for c in rng.poisson(60, 15)], site=f"q{i}") for i in range(40)]
    alone = last([*QUIET, 170])
    assert alone.level == "alert"
    among = assess([*quiet, series([*QUIET, 170])], rules=replace(Rules(), false_discovery=1e-4), newest=True)
    told = next(a for a in among if a.site_id == "port")
    assert told.level == "warning"
    assert told.q_value > alone.q_value


def test_a_slow_build_up_is_heard_by_the_second_opinion():
    steady = [60, 57, 63, 61, 58, 64, 59, 62, 60, 61, 63, 58, 60, 62, 57, 61]
    alert = last([*steady, 80, 82, 85, 83, 86, 84])
    assert alert.cusum is not None
    assert alert.cusum.direction == "rise"
    assert alert.cusum.scenes == 6
    assert alert.cusum.factor == pytest.approx(1.38, abs=0.05)


def test_a_baseline_is_by_date():
    old = [Observation(f"o{i}", START - dt.timedelta(days=2000 - i), 600) for i in range(14)]
    new = series([*QUIET, 310])
    both = replace(new, observations=(*old, *new.observations))
    assert assess([both], rules=Rules())[-1].history == 14
    near = replace(new.observations[-1], datetime=new.observations[-2].datetime + dt.timedelta(days=2))
    guarded = assess([replace(new, observations=(*new.observations[:-1], near))], rules=Rules())[-1]
    assert guarded.history == 13


def test_a_scene_whose_past_is_too_old_has_no_history_and_displaces_none_that_could_be_judged():
    old = [Observation(f"o{i}", START - dt.timedelta(days=2000 - i), QUIET[6]) for i in range(12)]
    judged = series(QUIET[:7], model="b")
    scene = judged.observations[-1]
    aged = replace(judged, model_id="a", observations=(*old, scene))
    alone = assess([aged], rules=Rules())[-1]
    assert (alone.method, alone.level, alone.history) == ("two scenes", "not_assessable", 0)
    assert assess([replace(aged, observations=(*old, *judged.observations[-2:]))], rules=Rules())[-1].history == 1
    clouded = replace(aged, observations=(*old, replace(scene, status="not_assessable")))
    for other in (aged, clouded):
        for both in ([other, judged], [judged, other]):
            told = [one for one in assess(both, rules=Rules()) if one.scene_id == scene.scene_id]
            assert [(one.model_id, one.method, one.history) for one in told] == [("b", "ears-t", 6)]


def test_settings_reach_the_rules():
    rules = rules_of(Settings(alarm_level=0.02, warning_level=0.01, least_change=100, guard_days=0))
    assert (rules.sure.alarm, rules.sure.warning, rules.guard_days) == (0.02, 0.02, 0.0)
    assert assess([series([*QUIET, 150])], rules=rules)[-1].level == "normal"


def test_U1_a_scene_of_which_nothing_is_known_stands_in_the_series_of_its_site_and_makes_none_of_its_own():
    nan = float("nan")

    def counts_of(gsds: list[float], sensors: list[str]) -> list[Count]:
        return [
            Count(
                site_id="port", site_name="Port", zone="", scene_id=f"s{i}", datetime=START + dt.timedelta(days=7 * i),
                datetime_source="name", sensor=sensor, count=None if gsd != gsd else 60, count_low=None, count_high=None,
                interval_level=0.9, interval_method="", n_checked=0, observed_fraction=0.0 if gsd != gsd else 1.0,
                cloud_checked=False, status="failed" if gsd != gsd else "done", count_per_observed_area=None, n_20ft=None,
                n_40ft=None, n_45ft=None, teu=None, threshold=0.4, cap_hit=False, gsd_m=gsd, px_per_width=nan, capability="",
                model_id="m",
            )
            for i, (gsd, sensor) in enumerate(zip(gsds, sensors, strict=True))
        ]  # fmt: skip

    (one,) = series_of(readings_of(counts_of([0.5, nan, 0.5], ["", "", ""])))
    assert [seen.status for seen in one.observations] == ["done", "failed", "done"]
    assert one.sensor == "unnamed, 0.38 to 0.75 m"
    both = series_of(readings_of(counts_of([0.5, nan, 0.5], ["WV02", "", "SkySat"])))
    assert [[seen.scene_id for seen in found.observations] for found in both] == [["s0", "s1"], ["s1", "s2"]]
    (alone,) = series_of(readings_of(counts_of([nan, nan], ["", ""])))
    assert (alone.sensor, len(alone.observations)) == ("unnamed", 2)
