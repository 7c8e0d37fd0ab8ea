"""flow through the real entry point: a CSV of two sites of a chain, and a run whose boxes are matched."""

import csv
import datetime as dt
import json
from dataclasses import replace

import pytest

from sattrack.cli.flow import _tell
from sattrack.cli.voice import Voice
from sattrack.flows import Moved
from sattrack.following import Followed, follow
from sattrack.reports.flows import flow_rows
from sattrack.settings import Settings

PIER = [12, 180, 305, 8, 290, 15, 250, 20, 281, 5]
YARD = [5, 10, 12, 220, 20, 240, 12, 210, 9, 230]


@pytest.fixture
def counts(tmp_path):
    rows = [
        (site, dt.date(2023, 8, 26) + dt.timedelta(days=5 * i + late), c, max(c - 20, 0), c + 20)
        for site, series, late in (("pier", PIER, 0), ("yard", YARD, 2))
        for i, c in enumerate(series)
    ]
    path = tmp_path / "counts.csv"
    head = "site_id,datetime,count,count_low,count_high\n"
    path.write_text(head + "".join(",".join(map(str, row)) + "\n" for row in rows))
    return path


@pytest.fixture
def chain(tmp_path):
    path = tmp_path / "chain.yaml"
    path.write_text(
        "name: by ship\nplaces:\n- {site_id: pier, role: origin}\n- {site_id: yard, role: transit}\n"
        "- {site_id: depot, role: destination}\nlinks:\n- {from: pier, to: yard, days: [0, 6]}\n"
        "- {from: yard, to: depot, days: [7, 20]}\n"
    )
    return path


def test_a_thousand_boxes_that_never_stood_there_at_once(sattrack, counts):
    said = sattrack("flow", counts, "--site", "pier", "--cumulative", 1000)
    assert said.code == 0
    assert "At least 1,078 [" in said.out
    assert "boxes left pier between 26 Aug and 10 Oct 2023" in said.out
    assert "1,000 boxes left pier since 26 Aug 2023: passed between 5 Oct and 10 Oct 2023" in said.out
    assert "yard" not in said.out


def test_json_and_files_hold_the_same(sattrack, counts, tmp_path):
    said = sattrack("flow", counts, "--json", "-o", tmp_path / "out", "--cumulative", 500, "--cumulative", 1000).json
    assert json.loads((tmp_path / "out" / "flow.json").read_text()) == said
    pier = said["flows"][0]
    assert (pier["site_id"], pier["left"], pier["scenes"]) == ("pier", 1078, 10)
    assert pier["left_low"] < 1078 < pier["left_high"]
    assert pier["arrived"] - pier["left"] == PIER[-1] - PIER[0]
    assert len(pier["movements"]) == 9
    assert [one["peak_boxes"] for one in pier["cycles"]] == [305, 290, 250, 281]
    rows = list(csv.DictReader((tmp_path / "out" / "flow.csv").read_text().splitlines()))
    own = [row for row in rows if row["site_id"] == "pier"]
    kinds = [row["kind"] for row in own]
    assert [kinds.count(kind) for kind in ("movement", "total", "cycle", "threshold")] == [9, 1, 4, 4]
    (total,) = (row for row in own if row["kind"] == "total")
    assert float(total["left"]) == pier["left"]
    assert total["explanation"] == " ".join(pier["explanation"])


def test_a_period_ends_with_its_last_day(sattrack, counts):
    said = sattrack("flow", counts, "--json", "--since", "2023-09-05", "--until", "2023-09-10").json
    assert [(one["site_id"], one["left"], one["scenes"]) for one in said["flows"]] == [("pier", 297, 2), ("yard", None, None)]
    assert said["flows"][0]["since"] == "2023-09-05T00:00:00Z"


def test_a_chain_is_held_against_the_counts_and_missing_sites_are_told(sattrack, counts, chain):
    said = sattrack("flow", counts, "--chain", chain)
    assert "the chain's destination depot has no series" in said.err
    assert "pier to yard: " in said.out
    assert "yard to depot: cannot be told, since there is no series of depot." in said.out
    links = sattrack("flow", counts, "--chain", chain, "--json").json["chain"]
    assert [(one["source"], one["target"], one["departures"]) for one in links] == [("pier", "yard", 3), ("yard", "depot", 0)]
    assert links[0]["matched"] == 3


def test_a_threshold_that_nothing_passed_is_told(sattrack, counts):
    said = sattrack("flow", counts, "--cumulative", 500, "--cumulative", 90_000).err
    assert "no series shows that 90,000 boxes left or came" in said
    assert "500 boxes left" not in said


def test_alert_shows_cumulative_thresholds_too(sattrack, counts, tmp_path):
    said = sattrack("alert", counts, "--json", "--cumulative", 500, "--level", "warning", "-o", tmp_path).json
    own = [one for one in said if one["kind"] == "cumulative" and one["site_id"] == "pier"]
    assert [(one["direction"], one["level"], one["alarm_above"]) for one in own] == [
        ("fall", "alert", 500),
        ("rise", "alert", 500),
    ]
    assert all("boxes" in one["explanation"] for one in own)
    rows = list(csv.DictReader((tmp_path / "alerts.csv").read_text().splitlines()))
    assert [row["alert_id"] for row in rows] == [one["alert_id"] for one in said]
    assert not any(one["kind"] == "cumulative" for one in sattrack("alert", counts, "--json").json)


def test_a_threshold_is_new_to_cron_when_it_is_surely_passed_and_only_then(sattrack, tmp_path):
    days = ((1, 300), (4, 100), (8, 310), (12, 280), (20, 20), (27, 25), (30, 22))
    path = tmp_path / "counts.csv"

    def cron(last: int, *words: object) -> int:
        rows = [f"pier,2024-10-{day:02},{n},{max(n - 25, 0)},{n + 25}\n" for day, n in days if day <= last]
        path.write_text("site_id,datetime,count,count_low,count_high\n" + "".join(rows))
        return sattrack("alert", path, "--cumulative", 200, "--exit-code", *words).code

    assert [cron(last, "--since", "2024-10-13") for last in (12, 20, 27)] == [0, 4, 4]
    assert cron(30, "--since", "2024-10-21") == 0
    assert [cron(last, "--newest") for last in (12, 20, 27, 30)] == [0, 4, 0, 0]


def test_errors_are_one_line(sattrack, counts, chain, tmp_path):
    assert sattrack("flow", counts, "--site", "port").code == 2
    assert "one of pier, yard" in sattrack("flow", counts, "--site", "port").err
    assert sattrack("flow", counts, "--boxes").code == 2
    assert sattrack("flow", counts, "--until", "soon").code == 2
    said = sattrack("flow", counts, "--since", "2023-10-01", "--until", "2023-09-01")
    assert (said.code, "--since 2023-10-01 lies after --until 2023-09-01" in said.err) == (2, True)
    for amount in ("-5", "nan", "inf"):
        assert sattrack("flow", counts, "--cumulative", amount).code == 2
    assert sattrack("flow", tmp_path / "none.csv").code == 1
    assert sattrack("flow", counts, "--chain", tmp_path / "none.yaml").code == 2
    other = tmp_path / "other.csv"
    other.write_text("site_id,datetime,count\nport,2023-05-01,7\n")
    said = sattrack("flow", other, "--chain", chain)
    assert said.code == 2
    assert "no place of the chain 'by ship' has a series" in said.err
    assert said.err.count("\n") == 1


def test_U4_one_scene_is_no_flow_of_nought(sattrack, tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("site_id,datetime,count\nport,2023-05-01,7\n")
    assert "fewer than two scenes could be assessed" in sattrack("flow", path).err
    (one,) = sattrack("flow", path, "--json").json["flows"]
    assert (one["left"], one["arrived"], one["movements"]) == (None, None, [])
    assert one["explanation"][0].startswith("What left port cannot be told")


def test_the_boxes_of_a_run_are_matched_where_they_can_be(sattrack, run):
    said = sattrack("flow", run, "--json")
    assert said.code == 0
    assert (run / "flow.csv").is_file()
    plain = said.json["flows"][0]
    assert (plain["arrived"], plain["by_boxes"]) == (2, None)
    assert [one["by"] for one in plain["movements"]] == ["counts"]
    told = sattrack("flow", run, "--boxes", "--json").json["flows"][0]
    (move,) = told["movements"]
    # Small dark scenes show no ground to lay them on each other: the counts speak, and why is said.
    assert move["by"] == "boxes" or move["why"]
    assert sattrack("flow", run, "--boxes", "--threshold", "0.5").code == 2


def test_a_total_by_boxes_stands_below_that_by_counts(sattrack, run, capsys):
    (one,) = follow(run, settings=Settings()).flows
    _tell(Followed((replace(one, by_boxes=(Moved(470.0, 224.6, 682.0), Moved(481.0, 232.0, 697.0))),)), voice=Voice())
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if " counts " in line or " boxes   " in line][:2]
    assert "counts" in rows[0]
    assert rows[1][-7:] == ["boxes", "470", "[224,", "682]", "481", "[232,", "697]"]


def test_where_boxes_cannot_be_matched_that_is_said_with_the_reason_and_stands_in_the_table(sattrack, run):
    said = sattrack("flow", run, "--boxes")
    (move,) = json.loads((run / "flow.json").read_text())["flows"][0]["movements"]
    assert move["why"]
    assert f"boxes were not matched between 1 of 1 pair of scenes: {move['why']}." in said.err
    with (run / "flow.csv").open(newline="") as file:
        (row,) = [one for one in csv.DictReader(file) if one["kind"] == "movement"]
    assert row["notes"] == move["why"]


def test_the_row_of_a_total_by_boxes_bears_its_sentence(run):
    (one,) = follow(run, settings=Settings()).flows
    rows = [
        row for row in flow_rows(replace(one, by_boxes=(Moved(4.0, 1.0, 9.0), Moved(2.0, 0.0, 3.0)))) if row["kind"] == "total"
    ]
    assert [row["by"] for row in rows] == ["counts", "boxes"]
    assert rows[1]["explanation"].startswith("By boxes matched one to one")


def test_a_period_without_a_pair_of_scenes_has_no_boxes_to_match_and_is_no_error(sattrack, run):
    said = sattrack("flow", run, "--boxes", "--since", "2024-05-05", "--json")
    assert said.code == 0
    (one,) = said.json["flows"]
    assert (one["scenes"], one["by_boxes"]) == (None, None)


def test_another_threshold_leaves_the_runs_own_files_as_they_are(sattrack, run, tmp_path):
    sattrack("flow", run, "-q")
    own = (run / "flow.csv").read_bytes(), (run / "flow.json").read_bytes()
    said = sattrack("flow", run, "--threshold", "0.5")
    assert (said.code, "nothing is written" in said.err, "flow.csv" in said.out) == (0, True, False)
    assert ((run / "flow.csv").read_bytes(), (run / "flow.json").read_bytes()) == own
    assert sattrack("flow", run, "--threshold", "0.5", "-o", tmp_path / "other").err.count("note") == 0
    assert (tmp_path / "other" / "flow.csv").read_bytes() != own[0]
