"""Rows U: series with gaps, clouds, other footprints and models, and odd order, through `sattrack alert`."""

import datetime as dt
import random
from pathlib import Path
from typing import Any

from tests.faults.conftest import Here

QUIET = [60, 48, 75, 66, 52, 58, 81, 44, 63, 70, 55, 49, 67, 61]
HEAD = "site_id,datetime,count,observed_fraction,status,model_id"


def day(number: int) -> str:
    return (dt.date(2023, 5, 1) + dt.timedelta(days=7 * number)).isoformat()


def rows(counts: list[Any], *, model: str = "m", first: int = 0) -> list[str]:
    return [f"port,{day(first + i)},{count},1,done,{model}" for i, count in enumerate(counts)]


def alerts(here: Here, tmp_path: Path, lines: list[str], *words: str) -> list[dict[str, Any]]:
    path = tmp_path / "counts.csv"
    path.write_text("\n".join([HEAD, *lines]) + "\n")
    said = here("alert", path, "--json", "--level", "normal", *words)
    assert said.code == 0, said.err
    found: list[dict[str, Any]] = said.json
    return found


def newest(here: Here, tmp_path: Path, lines: list[str]) -> dict[str, Any]:
    return max(alerts(here, tmp_path, lines), key=lambda one: str(one["datetime"]))


def test_u1_a_failed_scene_flags_nothing_clears_nothing_and_is_no_past(here: Here, tmp_path: Path) -> None:
    failed = f"port,{day(14)},,,failed,m"
    assert newest(here, tmp_path, [*rows(QUIET), failed])["level"] == "not_assessable"
    surge = newest(here, tmp_path, [*rows(QUIET), failed, *rows([310], first=15)])
    assert (surge["level"], surge["history_n"]) == ("alert", 14)


def test_u2_a_site_under_cloud_is_no_fall_and_no_baseline(here: Here, tmp_path: Path) -> None:
    clouded = f"port,{day(14)},3,0.05,done,m"
    assert newest(here, tmp_path, [*rows(QUIET), clouded])["level"] == "not_assessable"
    assert newest(here, tmp_path, [*rows(QUIET), clouded, *rows([61], first=15)])["history_n"] == 14


def test_u3_half_a_site_with_half_its_boxes_is_nothing_out_of_the_ordinary(here: Here, tmp_path: Path) -> None:
    assert newest(here, tmp_path, [*rows(QUIET), f"port,{day(14)},30,0.55,done,m"])["level"] == "normal"


def test_u4_one_scene_a_constant_series_and_zeros_are_no_alert_and_no_error(here: Here, tmp_path: Path) -> None:
    (alone,) = alerts(here, tmp_path, rows([5]))
    assert (alone["level"], alone["history_n"]) == ("not_assessable", 0)
    for value in (0, 40):
        levels = {one["level"] for one in alerts(here, tmp_path, rows([value] * 20))}
        assert levels == {"not_assessable", "normal"}


def test_u5_order_of_arrival_changes_nothing_and_the_same_scene_twice_is_refused(here: Here, tmp_path: Path) -> None:
    lines = rows([*QUIET, 310, 58])
    as_taken = alerts(here, tmp_path, lines)
    mixed = lines.copy()
    random.Random(3).shuffle(mixed)
    assert alerts(here, tmp_path, mixed) == as_taken
    late = alerts(here, tmp_path, [*lines[:3], *lines[4:], lines[3]])
    assert late == as_taken
    (tmp_path / "twice.csv").write_text("\n".join([HEAD, *lines, lines[2]]) + "\n")
    said = here("alert", tmp_path / "twice.csv")
    assert (said.code, "twice.csv, line 18: an earlier line has the same site" in said.err) == (1, True)


def test_u6_p12_another_model_begins_a_series_of_its_own(here: Here, tmp_path: Path) -> None:
    after = newest(here, tmp_path, [*rows(QUIET), *rows([310], model="new", first=14)])
    assert (after["level"], after["history_n"]) == ("not_assessable", 0)


def test_u7_one_count_ten_times_as_high_is_flagged_once_and_hides_no_later_one(here: Here, tmp_path: Path) -> None:
    found = alerts(here, tmp_path, rows([*QUIET, 600, *QUIET[:6], 310]))
    assert [(one["datetime"][:10], one["direction"]) for one in found if one["level"] == "alert"] == [
        (day(14), "rise"),
        (day(21), "rise"),
    ]


def test_u8_times_of_any_zone_are_one_series_in_utc(here: Here, tmp_path: Path) -> None:
    plain = rows([*QUIET, 310])
    in_utc = [line.replace(day(i), f"{day(i)}T02:00:00Z") for i, line in enumerate(plain)]
    in_seoul = [line.replace(day(i), f"{day(i)}T11:00:00+09:00") for i, line in enumerate(plain)]
    words = ("datetime", "level", "expected", "p_value", "explanation")
    told = [[[one[word] for word in words] for one in alerts(here, tmp_path, lines)] for lines in (in_utc, in_seoul)]
    assert told[0] == told[1]
    assert told[0][-1][:2] == [f"{day(14)}T02:00:00Z", "alert"]
