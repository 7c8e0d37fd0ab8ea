"""series, alert and backtest through the real entry point."""

import csv
import datetime as dt
import json
import math

import cv2
import numpy as np
import pytest

from tests.cli.conftest import write_site

QUIET = [60, 48, 75, 66, 52, 58, 81, 44, 63, 70, 55, 49, 67, 61]


@pytest.fixture
def counts(tmp_path):
    rows = [
        ("port", dt.date(2023, 5, 1) + dt.timedelta(days=7 * i), c, 130.3, 42.2) for i, c in enumerate([*QUIET, 310, 58, 0])
    ] + [("depot", dt.date(2023, 5, 2) + dt.timedelta(days=7 * i), c, "", "") for i, c in enumerate(QUIET[:3])]
    path = tmp_path / "counts.csv"
    path.write_text("site_id,datetime,count,lon,lat\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    return path


def test_alerts_as_a_table_and_the_exit_code_for_cron(sattrack, counts):
    said = sattrack("alert", counts)
    assert said.code == 0
    assert "port, 2023-08-07: 310 containers seen" in said.out
    assert "12 of 20 counts of a site or zone could be judged; shown: 2 alerts" in said.out
    expected = sattrack("alert", counts, "--json").json[0]  # the table and the sentence round outward, to the same numbers
    low, high = math.floor(expected["expected_low"]), math.ceil(expected["expected_high"])
    assert f"{low} to {high}" in said.out
    assert f"[{low}, {high}] expected" in said.out
    assert sattrack("alert", counts, "--exit-code").code == 4
    assert sattrack("alert", counts, "--exit-code", "--since", "2023-08-22").code == 0
    assert sattrack("alert", counts, "--exit-code", "--direction", "fall", "--newest").code == 4


def test_a_site_that_was_nearly_all_seen_is_never_said_to_be_wholly_visible(sattrack, counts):
    rows = counts.read_text().splitlines()
    shares = ["observed_fraction", *("0.997" if ",310," in row else "0.0041" if ",58," in row else "1" for row in rows[1:])]
    counts.write_text("\n".join(f"{row},{share}" for row, share in zip(rows, shares, strict=True)) + "\n")
    said = sattrack("alert", counts, "--level", "normal", "--min-observed", "0.001")
    assert "over 99 % of the site visible" in said.out
    shown = [line for line in said.out.splitlines() if line.lstrip().startswith(("alert ", "normal ", "warning "))]
    assert ["over 99%" in line for line in shown if " 310 " in line] == [True]
    assert ["under 1%" in line for line in shown if " 58 " in line and "2023-08-14" in line] == [True]
    assert "the least shows under 1 % of the site" in sattrack("flow", counts, "--config", _least(counts)).out


def _least(beside):
    path = beside.with_name("least.yaml")
    path.write_text("min_observed: 0.001\n")
    return path


def test_json_is_a_list_of_alerts(sattrack, counts):
    said = sattrack("alert", counts, "--json", "--level", "alert")
    assert [(a["site_id"], a["datetime"], a["level"], a["direction"]) for a in said.json] == [
        ("port", "2023-08-07T00:00:00Z", "alert", "rise"),
        ("port", "2023-08-21T00:00:00Z", "alert", "fall"),
    ]
    first = said.json[0]
    assert first["observed"] == 310
    assert first["expected_low"] < first["expected"] < first["expected_high"] < first["alarm_above"]
    assert first["history_n"] == 14
    everything = sattrack("alert", counts, "--json", "--level", "normal").json
    assert len(everything) == 20
    newest = {a["site_id"]: a["level"] for a in sattrack("alert", counts, "--json", "--newest").json}
    assert newest == {"port": "alert", "depot": "not_assessable"}


def test_the_newest_scene_of_each_series_is_shown_where_a_site_has_several(sattrack, tmp_path):
    days = {"WorldView-3": dt.date(2024, 6, 3), "SkySat": dt.date(2024, 3, 31)}
    path = tmp_path / "two.csv"
    rows = [f"port,{day - dt.timedelta(days=7 * i)},{QUIET[i]},{name}\n" for name, day in days.items() for i in range(12)]
    path.write_text("site_id,datetime,count,sensor\n" + "".join(rows))
    for more in ((), ("--newest",)):
        said = sattrack("alert", path, "--json", *more).json
        assert [one["datetime"][:10] for one in said] == ["2024-03-31", "2024-06-03"]


def test_large_numbers_are_shown_whole(sattrack, tmp_path):
    path = tmp_path / "large.csv"
    path.write_text("site_id,datetime,count\n" + "".join(f"port,2024-01-{day:02},{1_234_567 + day}\n" for day in range(1, 9)))
    for command in (("alert", path, "--level", "normal"), ("series", path)):
        said = sattrack(*command)
        assert (said.code, "1234575" in said.out, "e+06" in said.out) == (0, True, False)


def test_files_for_tables_programs_and_maps(sattrack, counts, tmp_path):
    said = sattrack("alert", counts, "-o", tmp_path / "out", "--level", "alert")
    assert said.code == 0
    rows = list(csv.DictReader((tmp_path / "out" / "alerts.csv").read_text().splitlines()))
    values = json.loads((tmp_path / "out" / "alerts.json").read_text())
    points = json.loads((tmp_path / "out" / "alerts.geojson").read_text())["features"]
    assert [r["alert_id"] for r in rows] == [v["alert_id"] for v in values] == [p["id"] for p in points]
    assert points[0]["geometry"] == {"type": "Point", "coordinates": [130.3, 42.2]}
    assert points[0]["properties"]["explanation"] == rows[0]["explanation"]
    again = (tmp_path / "out" / "alerts.csv").read_bytes()
    sattrack("alert", counts, "-o", tmp_path / "out", "--level", "alert")
    assert (tmp_path / "out" / "alerts.csv").read_bytes() == again


def test_a_series_written_is_read_again_to_the_same_alerts(sattrack, counts, tmp_path):
    assert sattrack("series", counts, "-o", tmp_path / "series.csv").code == 0
    one, two = (sattrack("alert", path, "--json", "--level", "normal").json for path in (counts, tmp_path / "series.csv"))
    drop = ("scene_id", "alert_id")
    assert [{k: v for k, v in a.items() if k not in drop} for a in one] == [
        {k: v for k, v in a.items() if k not in drop} for a in two
    ]
    said = sattrack("series", counts, "--json").json
    assert [(s["site_id"], len(s["observations"])) for s in said] == [("port", 17), ("depot", 3)]


@pytest.mark.parametrize("words", [("series", "counts.csv", "-o", "counts.csv"), ("alert", "alerts.csv"), ("flow", "flow.csv")])
def test_counts_that_are_read_are_never_written_over(sattrack, counts, tmp_path, words):
    command, name, *more = words
    source = counts.rename(tmp_path / name)
    before = source.read_bytes()
    said = sattrack(command, source, "-o", tmp_path / more[1] if more else tmp_path)
    assert (said.code, said.err) == (
        2, f"error: {source}: would be written over by what is made of it (give another name with -o)\n",
    )  # fmt: skip
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {name: before}


@pytest.mark.parametrize("name", ["run.json", "counts.csv", "report.html"])
def test_series_and_packs_are_never_written_over_a_file_of_the_run(sattrack, run, name):
    old = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    (any_alert, *_) = sattrack("alert", run, "--json", "--level", "normal", "-o", run.parent / "lists").json
    for words in (("series", run), ("evidence", run, any_alert["alert_id"])):
        said = sattrack(*words, "-o", run / name)
        assert (said.code, said.err) == (2, f"error: {run / name}: is a file of the run itself (give another name with -o)\n")
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == old


def test_a_series_of_odd_names_and_numbers_is_read_again_to_the_same_ids(sattrack, tmp_path):
    days = [dt.date(2024, 1, 1) + dt.timedelta(days=7 * i) for i in range(10)]
    rows = [
        f'=port,@{i},-A,-s{i},{day}T10:00:00.25Z,{QUIET[i]}.115,{QUIET[i]}.115,{QUIET[i]}.119,0.99996,0.5,"+,m",-wet\n'
        for i, day in enumerate(days)
    ]
    head = "site_id,site_name,zone,scene_id,datetime,count,count_low,count_high,observed_fraction,gsd_m,model_id,notes\n"
    (tmp_path / "counts.csv").write_text(head + "".join(rows))
    assert sattrack("series", tmp_path / "counts.csv", "-o", tmp_path / "series.csv").code == 0
    one, two = (sattrack("alert", tmp_path / name, "--json", "--level", "normal").json for name in ("counts.csv", "series.csv"))
    assert len(one) == 10
    assert one == two
    assert {(each["zone"], each["sensor"]) for each in two} == {("-A", "unnamed, 0.38 to 0.75 m")}
    assert sattrack("series", tmp_path / "series.csv", "-o", tmp_path / "again.csv").code == 0
    assert (tmp_path / "series.csv").read_bytes() == (tmp_path / "again.csv").read_bytes()


def test_the_median_of_two_counts_lies_between_them(sattrack, tmp_path):
    (tmp_path / "two.csv").write_text("site_id,datetime,count\nport,2024-01-01,10\nport,2024-01-08,100\n")
    (row,) = (line for line in sattrack("series", tmp_path / "two.csv").out.splitlines() if " port " in line)
    assert row.split()[-2:] == ["55", "100"]


def test_backtest_counts_past_alerts_by_level(sattrack, counts):
    said = sattrack("backtest", counts, "--json", "--levels", "0.01,0.001,0.00001").json
    assert [t["alarm_level"] for t in said["trials"]] == [0.01, 0.001, 0.00001]
    raised = [len(t["alerts"]) for t in said["trials"]]
    assert raised == sorted(raised, reverse=True)
    assert raised[1] == 2
    assert said["trials"][0]["scenes_judged"] == 12
    assert said["trials"][0]["false_alarms_a_year_expected"] > said["trials"][1]["false_alarms_a_year_expected"] > 0
    assert "down to level" in sattrack("backtest", counts).out
    assert sattrack("backtest", counts, "--levels", "often").code == 2


def test_three_monthly_scenes_judged_are_twelve_a_year(sattrack, tmp_path):
    months = [f"2024-{month:02}-01" for month in range(1, 9)]
    rows = [f"{site},{day},{n}\n" for site in ("port", "depot") for day, n in zip(months, QUIET, strict=False)]
    (tmp_path / "monthly.csv").write_text("site_id,datetime,count\n" + "".join(rows))
    (trial,) = sattrack("backtest", tmp_path / "monthly.csv", "--json", "--levels", "0.001").json["trials"]
    assert trial["scenes_judged"] == 6
    assert trial["scenes_judged_a_year"] == pytest.approx(24, rel=0.02)


def test_errors_are_one_line(sattrack, counts, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("site_id,datetime,count\nport,2023-05-01,many\n")
    for words in (("alert", bad), ("series", bad), ("backtest", bad)):
        said = sattrack(*words)
        assert said.code == 1
        assert "line 2: count is 'many'" in said.err
    assert sattrack("alert", tmp_path / "none.csv").code == 1
    assert sattrack("alert", counts, "--threshold", "0.4").code == 2
    assert sattrack("alert", counts, "--since", "soon").code == 2
    assert sattrack("alert", counts, "--alarm-level", "2").code == 2


def test_a_run_has_series_and_alerts_too(sattrack, run):
    said = sattrack("series", run, "--json")
    assert [o["count"] for s in said.json for o in s["observations"]] == [6, 8]
    low = sattrack("series", run, "--json", "--threshold", "0.5")
    assert [o["count"] for s in low.json for o in s["observations"]] == [3, 4]
    said = sattrack("alert", run, "--json")
    assert {a["level"] for a in said.json} == {"not_assessable"}
    assert (run / "alerts.csv").is_file()
    assert sattrack("series", run, "--threshold", "0.01").code == 2


def test_U4_where_no_site_has_a_series_that_is_said_instead_of_an_empty_table(sattrack, detectors, tmp_path):
    picture, undated = tmp_path / "plain.png", tmp_path / "undated"
    cv2.imwrite(str(picture), np.tile(np.arange(200, dtype=np.uint8), (160, 1)))
    said = sattrack(
        "detect", picture, "--gsd-m", "0.5", "-o", undated, "--detector", "bright_boxes:Bright", "--no-report", "-q"
    )
    assert said.code == 0
    for command in ("series", "flow"):
        said = sattrack(command, undated)
        assert said.code == 0
        assert "No site has a series" in said.out
        assert "sensor" not in said.out
        assert "no known time" in said.err


def test_another_threshold_leaves_the_runs_own_alerts_as_they_are(sattrack, run, tmp_path):
    names = ("alerts.csv", "alerts.json", "alerts.geojson")
    sattrack("alert", run, "--level", "normal", "-q")
    own = [(run / name).read_bytes() for name in names]
    said = sattrack("alert", run, "--level", "normal", "--threshold", "0.5")
    assert (said.code, "nothing is written" in said.err, "alerts.csv" in said.out) == (0, True, False)
    assert [(run / name).read_bytes() for name in names] == own
    assert sattrack("alert", run, "--level", "normal", "--threshold", "0.5", "-o", tmp_path / "other").err.count("note") == 0
    assert (tmp_path / "other" / "alerts.csv").read_bytes() != own[0]


def test_a_run_is_judged_by_its_own_settings_unless_others_are_given(sattrack, scenes, detectors, tmp_path):
    site, run = write_site(tmp_path / "cut.geojson", east=-40.0), tmp_path / "cut"
    sattrack("detect", scenes, "--sites", site, "-o", run, "--detector", "bright_boxes:Bright", "--no-report", "-q")
    assert sattrack("count", run, "--min-observed", "0.3", "-q").code == 0
    others = tmp_path / "settings.yaml"
    others.write_text("min_observed: 0.6\n")

    def assessable(*words):
        return [o["status"] for s in sattrack("series", run, "--json", *words).json for o in s["observations"]].count("done")

    assert (assessable(), assessable("--config", others)) == (2, 0)
    methods = [one["method"] for one in sattrack("alert", run, "--json", "--level", "normal").json]
    assert methods.count("two scenes") == 1
    methods = [one["method"] for one in sattrack("alert", run, "--json", "--level", "normal", "--min-observed", "0.6").json]
    assert methods.count("two scenes") == 0
    assert len(sattrack("flow", run, "--json").json["flows"][0]["movements"]) == 1


def test_settings_by_which_a_run_is_counted_are_not_passed_over_in_silence(sattrack, run, tmp_path):
    lower = sattrack("alert", run, "--min-observed", "0.2", "--level", "normal")
    assert lower.code == 0
    assert "counted with at least 50% of a site seen" in lower.err
    assert "sattrack count RUN --min-observed 0.2 counts them" in lower.err
    others = tmp_path / "others.yaml"
    others.write_text("threshold: 0.5\n")
    for command in ("alert", "series", "flow"):
        said = sattrack(command, run, "--config", others)
        assert said.code == 0
        assert "the run was counted from 0.3, and is judged so: sattrack count RUN --threshold 0.5" in said.err
    assert "and is judged so" not in sattrack("alert", run, "--config", others, "--threshold", "0.5").err
    assert sattrack("count", run, "--threshold", "0.5", "--min-observed", "0.2", "--no-report", "-q").code == 0
    assert "counted" not in sattrack("alert", run, "--config", others, "--min-observed", "0.2").err
