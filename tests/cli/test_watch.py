"""`sattrack watch` through the real entry point: ten quiet scenes, then a surge."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import rasterio

from sattrack.looking import Look
from sattrack.planning import Request, look_for
from sattrack.readers.finding import Source
from sattrack.stores.locking import alone_in
from tests.cli.conftest import write_scene
from tests.readers.delivered import cut

BRIGHT = ("--detector", "bright_boxes:Bright")
_TELLER = """\
import json, pathlib, sys
to = pathlib.Path(sys.argv[1])
to.write_text(json.dumps([*(json.loads(to.read_text()) if to.exists() else []), json.load(sys.stdin)]))
if len(sys.argv) > 2:
    sys.exit(sys.argv[2])
"""


@pytest.fixture
def arrivals(site, detectors, tmp_path):
    """Ten quiet scenes, and the file that watches them."""
    folder = tmp_path / "in"
    folder.mkdir()
    for day in range(10):
        write_scene(folder / f"day_{day}.tif", boxes=8, seed=day)
    (tmp_path / "watch.yaml").write_text("settle_seconds: 0\nwatches:\n  - {name: pier, inputs: [in], sites: site.geojson}\n")
    return folder


@pytest.fixture
def watch(sattrack, arrivals, tmp_path):
    return lambda *more: sattrack("watch", tmp_path / "watch.yaml", *BRIGHT, *more)


def surge(folder):
    return write_scene(folder / "day_10.tif", boxes=36, seed=10)


def status(tmp_path):
    return json.loads((tmp_path / "watched" / "status.json").read_text())


def test_a_surge_ends_with_4_once_and_the_same_call_again_says_nothing_new(watch, arrivals, tmp_path):
    quiet = watch()
    assert (quiet.code, quiet.err) == (0, "")
    (row,) = status(tmp_path)["watches"][0]["sites"]
    assert (row["site_id"], row["scene_id"], row["count"], row["state"]) == ("left", "day_9", 4, "normal")
    surge(arrivals)
    raised = watch()
    assert raised.code == 4
    assert "alert: pier: Left half, 2024-05-11 10:00 UTC: 18 containers seen" in raised.out
    again = watch()
    assert (again.code, again.err) == (0, "")
    assert "alert: " not in again.out
    (row,) = status(tmp_path)["watches"][0]["sites"]
    assert (row["scene_id"], row["count"], row["state"], row["last_alert"]) == ("day_10", 18, "alert", "2024-05-11T10:00:00Z")


def test_only_what_is_new_is_detected_and_an_idle_pass_writes_no_report(watch, arrivals, tmp_path):
    watch("-q")
    run = tmp_path / "watched" / "pier"
    parts = {path.name: path.stat().st_mtime_ns for path in (run / "parts").glob("*.parquet")}
    page = (run / "report.html").stat().st_mtime_ns
    watch("-q")
    assert (run / "report.html").stat().st_mtime_ns == page
    surge(arrivals)
    watch("-q")
    now = {path.name: path.stat().st_mtime_ns for path in (run / "parts").glob("*.parquet")}
    assert len(now) == 11
    assert {name: now[name] for name in parts} == parts
    assert (run / "report.html").stat().st_mtime_ns > page


def test_the_report_is_written_again_where_no_picture_may_be_in_it_any_more(watch, arrivals, tmp_path):
    page = tmp_path / "watched" / "pier" / "report.html"
    watch("-q")
    assert "data:image" in page.read_text()
    assert watch("-q", "--no-imagery").code == 0
    assert "data:image" not in page.read_text()
    watch("-q")
    assert "data:image" in page.read_text()


def test_the_report_is_written_again_where_alerts_are_judged_by_other_settings(watch, arrivals, tmp_path):
    run, config = tmp_path / "watched" / "pier", tmp_path / "watch.yaml"
    surge(arrivals)
    assert watch("-q").code == 4
    before = (run / "report.html").read_text()
    (tmp_path / "strict.yaml").write_text("least_change: 100\n")
    config.write_text(config.read_text().replace("site.geojson}", "site.geojson, settings: strict.yaml}"))
    assert watch("-q").code == 0
    assert json.loads((run / "alerts.json").read_text()) == []
    assert (run / "report.html").read_text() != before


def test_the_users_command_gets_each_new_alert_once_as_json(watch, arrivals, tmp_path):
    (tmp_path / "tell.py").write_text(_TELLER)
    heard = tmp_path / "heard.json"
    command = shlex.join([sys.executable, str(tmp_path / "tell.py"), str(heard)])
    surge(arrivals)
    assert watch("--on-alert", command).code == 4
    assert watch("--on-alert", command).code == 0
    (alert,) = json.loads(heard.read_text())
    assert (alert["watch"], alert["site_id"], alert["scene_id"], alert["direction"]) == ("pier", "left", "day_10", "rise")
    assert alert["report"] == str(tmp_path / "watched" / "pier" / "report.html")


def test_a_command_that_fails_is_said_and_called_again_in_the_next_pass(watch, arrivals, tmp_path):
    (tmp_path / "tell.py").write_text(_TELLER)
    heard = tmp_path / "heard.json"
    command = shlex.join([sys.executable, str(tmp_path / "tell.py"), str(heard)])
    surge(arrivals)
    failed = watch("--on-alert", f"{command} 'no mail today'")
    assert failed.code == 4
    assert "could not be told, the next pass tries again" in failed.err
    assert "no mail today" in failed.err
    assert watch("--on-alert", command).code == 0
    assert watch("--on-alert", command).code == 0
    assert len(json.loads(heard.read_text())) == 2


def test_a_command_that_leaves_something_in_the_background_has_told(watch, arrivals, tmp_path, monkeypatch):
    monkeypatch.setattr("sattrack.cli.watch._MOST_TELLING_S", 3.0)
    (tmp_path / "tell.sh").write_text("cat > /dev/null\nsleep 10 &\n")
    command = shlex.join(["sh", str(tmp_path / "tell.sh")])
    surge(arrivals)
    said = watch("--on-alert", command)
    assert (said.code, said.err) == (4, "")


@pytest.mark.parametrize("how", [(), ("--json",), ("-q",)])
def test_alerts_of_a_pass_that_was_stopped_are_told_by_the_next(watch, arrivals, tmp_path, monkeypatch, how):
    config = tmp_path / "watch.yaml"
    (tmp_path / "empty").mkdir()
    config.write_text(config.read_text() + "  - {name: other, inputs: [empty], sites: site.geojson}\n")
    surge(arrivals)

    def stopped(request: Request, **how: object) -> list[Source]:
        if request.out.name == "other":
            raise KeyboardInterrupt
        return look_for(request, **how)

    with monkeypatch.context() as patch:
        patch.setattr("sattrack.watching.look_for", stopped)
        assert watch(*how).code == 130
    said = watch(*how)
    assert said.code == 4
    if how == ("--json",):
        assert len(said.json["new_alerts"]) == 1
    assert watch(*how).code == 0


def test_a_bad_scene_ends_with_3_and_stands_on_the_page_with_its_reason(watch, arrivals, tmp_path):
    (arrivals / "<b>page.tif").write_text("<html>404</html>")
    said = watch()
    assert said.code == 3
    assert "pier: failed: <b>page: " in said.err
    (trouble,) = status(tmp_path)["watches"][0]["troubles"]
    assert (trouble["scene"], trouble["status"]) == ("<b>page", "failed")
    page = (tmp_path / "watched" / "status.html").read_text()
    assert "&lt;b&gt;page" in page
    assert "<b>page" not in page
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert str(tmp_path) not in page
    assert 'href="pier/report.html"' in page


def test_a_file_that_is_still_arriving_is_left_for_the_next_pass(watch, arrivals, tmp_path):
    config = tmp_path / "watch.yaml"
    config.write_text(config.read_text().replace("settle_seconds: 0", "settle_seconds: 3600"))
    old = time.time() - 7200
    for path in arrivals.iterdir():
        os.utime(path, (old, old))
    late = surge(arrivals)
    said = watch("--json")
    assert (said.code, said.json["new_alerts"]) == (0, [])
    (one,) = said.json["watches"]
    assert (one["scenes_counted"], one["scenes_left"]) == (10, 1)
    os.utime(late, (old, old))
    said = watch("--json")
    assert (said.code, len(said.json["new_alerts"])) == (4, 1)


def test_a_counted_file_that_changes_is_said_to_arrive_again_and_not_to_be_gone(watch, arrivals, tmp_path):
    assert watch().code == 0
    config = tmp_path / "watch.yaml"
    config.write_text(config.read_text().replace("settle_seconds: 0", "settle_seconds: 3600"))
    old = time.time() - 7200
    for path in arrivals.iterdir():
        os.utime(path, (old, old))
    os.utime(arrivals / "day_3.tif")
    (arrivals / "day_5.tif").unlink()
    (one,) = watch("--json").json["watches"]
    assert (one["scenes_counted"], one["scenes_left"]) == (8, 1)
    assert one["notes"] == [
        "1 of the scenes counted before are not there this time, and the history is the shorter",
        "1 of the scenes counted before have changed and are still arriving, and the history is the shorter",
    ]


def test_a_scene_that_is_gone_is_said_to_be_as_long_as_it_is_and_one_that_was_moved_is_not(watch, arrivals, tmp_path):
    config = tmp_path / "watch.yaml"
    config.write_text(config.read_text().replace("site.geojson}", "site.geojson, recursive: true}"))
    assert watch().code == 0
    (arrivals / "2024").mkdir()
    (arrivals / "day_2.tif").rename(arrivals / "2024" / "day_2.tif")
    (one,) = watch("--json").json["watches"]
    assert (one["scenes_counted"], one["notes"]) == (10, [])
    (arrivals / "day_5.tif").rename(tmp_path / "day_5.tif")
    for _ in range(2):
        (one,) = watch("--json").json["watches"]
        assert one["scenes_counted"] == 9
        assert one["notes"] == ["1 of the scenes counted before are not there this time, and the history is the shorter"]
    (tmp_path / "day_5.tif").rename(arrivals / "day_5.tif")
    (one,) = watch("--json").json["watches"]
    assert (one["scenes_counted"], one["notes"]) == (10, [])
    config.write_text(config.read_text().replace("inputs: [in]", "inputs: [in/2024]"))
    said = [watch("--json").json["watches"][0]["notes"] for _ in range(2)]
    assert said == [["9 of the scenes counted before are not there this time, and the history is the shorter"], []]


@pytest.mark.parametrize("way", ["renamed", "delivered again", "by another model"])
def test_of_a_scene_that_comes_again_under_another_name_or_is_counted_anew_nothing_is_told_twice(
    watch, arrivals, detectors, tmp_path, way
):
    other = 'from bright_boxes import Bright\n\n\nclass Other(Bright):\n    sha256 = "of another"\n'
    (detectors / "another_model.py").write_text(other)
    surge(arrivals)
    assert watch("-q").code == 4
    more = ()
    if way == "renamed":
        (arrivals / "day_10.tif").rename(arrivals / "a_new_name.tif")
    elif way == "delivered again":
        (arrivals / "a_new_name.tif").write_bytes((arrivals / "day_10.tif").read_bytes())
    else:
        more = ("--detector", "another_model:Other")
    said = watch("--json", *more)
    (one,) = said.json["watches"]
    assert (said.code, said.json["new_alerts"]) == (0, [])
    assert (one["scenes_counted"], one["notes"]) == (11, [])
    (row,) = one["sites"]
    assert (row["state"], row["scene_id"]) == ("alert", "day_10" if more else "a_new_name")


def test_an_alert_that_could_not_be_told_is_owed_also_once_its_scene_has_another_name(watch, arrivals, tmp_path):
    (tmp_path / "tell.py").write_text(_TELLER)
    heard = tmp_path / "heard.json"
    command = shlex.join([sys.executable, str(tmp_path / "tell.py"), str(heard)])
    surge(arrivals)
    assert watch("--on-alert", f"{command} 'no mail today'").code == 4
    (arrivals / "day_10.tif").rename(arrivals / "a_new_name.tif")
    for _ in range(2):
        assert watch("--on-alert", command).code == 0
    assert [one["scene_id"] for one in json.loads(heard.read_text())] == ["day_10", "a_new_name"]


def test_a_file_that_begins_to_arrive_while_a_pass_looks_is_left_for_the_next(watch, arrivals, tmp_path, monkeypatch):
    config = tmp_path / "watch.yaml"
    config.write_text(config.read_text().replace("settle_seconds: 0", "settle_seconds: 3600"))
    old = time.time() - 7200
    for path in arrivals.iterdir():
        os.utime(path, (old, old))

    def looked(request: Request, **how: object) -> list[Source]:
        found = look_for(request, **how)
        surge(arrivals)
        return found

    monkeypatch.setattr("sattrack.watching.look_for", looked)
    (one,) = watch("--json").json["watches"]
    assert (one["scenes_counted"], one["scenes_left"]) == (10, 0)


def test_the_tiles_of_a_delivery_wait_for_one_of_them_that_is_still_arriving(watch, arrivals, tmp_path):
    config = tmp_path / "watch.yaml"
    config.write_text(config.read_text().replace("settle_seconds: 0", "settle_seconds: 3600"))
    rows, cols = (100,), (150,)
    tiles = cut(np.full((3, 200, 300), 40, np.uint8), arrivals, rows=rows, cols=cols, name="port_late{tile}")
    old = time.time() - 7200
    for path in arrivals.iterdir():
        os.utime(path, (old, old))
    os.utime(tiles[-1])
    (one,) = watch("--json").json["watches"]
    assert (one["scenes_counted"], one["scenes_left"]) == (10, 4)
    os.utime(tiles[-1], (old, old))
    (one,) = watch("--json").json["watches"]
    assert (one["scenes_counted"], one["scenes_left"]) == (11, 0)


def test_one_watch_that_cannot_be_looked_at_costs_only_itself_and_keeps_what_was_seen(watch, arrivals, tmp_path):
    config = tmp_path / "watch.yaml"
    (tmp_path / "other").mkdir()
    config.write_text(config.read_text() + "  - {name: other, inputs: [other], sites: site.geojson}\n")
    said = watch()
    assert said.code == 0
    assert status(tmp_path)["watches"][1]["sites"][0]["state"] == "no_scene"
    arrivals.rename(tmp_path / "away")
    gone = watch()
    assert gone.code == 3
    assert "pier: could not be looked at: " in gone.err
    pier, other = status(tmp_path)["watches"]
    assert "no such file or folder" in pier["error"]
    assert pier["sites"][0]["count"] == 4
    assert other["error"] is None
    arrivals.mkdir()
    assert "where the last pass counted 10" in watch().err
    arrivals.rmdir()
    (tmp_path / "away").rename(arrivals)
    assert watch().code == 0
    assert status(tmp_path)["watches"][0]["error"] is None


def test_s8_a_run_whose_head_is_damaged_is_made_anew_by_the_next_pass(watch, tmp_path):
    assert watch().code == 0
    head, counts = (tmp_path / "watched" / "pier" / name for name in ("run.json", "counts.csv"))
    whole = counts.read_bytes()
    head.write_bytes(head.read_bytes()[:2000])
    said = watch()
    assert (said.code, said.err) == (0, "")
    assert counts.read_bytes() == whole
    assert json.loads(head.read_bytes())["outcomes"]
    head.write_text(head.read_text().replace('"schema_version": "1"', '"schema_version": "9"'))
    assert "pier: could not be looked at: " in watch().err


@pytest.mark.parametrize("broken", ['{"type":', None])
def test_outlines_that_broke_cost_only_their_own_watch_also_where_it_was_never_looked_at(watch, site, tmp_path, broken):
    config = tmp_path / "watch.yaml"
    config.write_text(config.read_text() + "  - {name: other, inputs: [in], sites: other.geojson}\n")
    outlines = tmp_path / "other.geojson"
    if broken:
        outlines.write_text(broken)
    said = watch()
    assert said.code == 3
    assert "other: could not be looked at: " in said.err
    assert "other.geojson" in said.err
    pier, other = status(tmp_path)["watches"]
    assert (pier["scenes_counted"], pier["error"]) == (10, None)
    assert (other["looked"], other["sites"]) == (None, [])
    assert other["error"]
    outlines.write_bytes(site.read_bytes())
    assert watch("-q").code == 0
    outlines.write_text("{")
    assert watch("-q").code == 3
    assert status(tmp_path)["watches"][1]["sites"][0]["count"] == 4


def test_a_pass_over_many_watches_does_not_write_all_of_them_after_each(watch, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    watches = "".join(f"  - {{name: port-{n}, inputs: [empty], sites: site.geojson}}\n" for n in range(20))
    (tmp_path / "watch.yaml").write_text(f"watches:\n{watches}")
    written = []
    monkeypatch.setattr("sattrack.watching._EVERY_S", float("inf"))
    monkeypatch.setattr("sattrack.watching.write_whole", lambda path, content: written.append((path.name, len(content))))
    assert watch("-q").code == 0
    assert [name for name, _ in written].count("watch.json") == 1
    assert len(status(tmp_path)["watches"]) == 20


def test_what_was_seen_of_one_watch_is_shown_while_the_scenes_of_the_next_are_detected(watch, tmp_path, monkeypatch):
    config = tmp_path / "watch.yaml"
    (tmp_path / "more").mkdir()
    write_scene(tmp_path / "more" / "a.tif", boxes=8)
    config.write_text(config.read_text() + "  - {name: other, inputs: [more], sites: site.geojson}\n")
    monkeypatch.setattr("sattrack.watching._EVERY_S", float("inf"))
    shown = []
    look = Look.tile
    monkeypatch.setattr(
        Look, "tile", lambda *words, **more: (shown.append(status(tmp_path)["watches"]), look(*words, **more))[1]
    )
    (tmp_path / "watched").mkdir()
    (tmp_path / "watched" / "status.json").write_text('{"watches": []}')
    assert watch("-q").code == 0
    assert [one["scenes_counted"] for one in shown[-1]] == [10]


def test_what_a_watch_passes_over_stands_on_its_page_and_is_said_where_nothing_is_counted(watch, arrivals, tmp_path):
    assert watch().code == 0
    arrivals.rename(tmp_path / "archive")
    (tmp_path / "watched").rename(tmp_path / "before")
    arrivals.mkdir()
    for number in range(9):
        (arrivals / f"day_{number}.tif").symlink_to(tmp_path / "archive" / f"day_{number}.tif")
    write_scene(arrivals / "day_0_browse.tif", boxes=8)
    said = watch()
    assert said.code == 0
    assert "day_1.tif: not followed: the link leads outside the folder" in said.err
    (one,) = status(tmp_path)["watches"]
    assert one["scenes_counted"] == 0
    assert "not looked at, since their names are those of previews: day_0_browse.tif" in one["notes"][0]
    assert one["notes"][1].startswith("day_0.tif: not followed")
    assert one["notes"][3] == "and 7 more like these"
    assert str(tmp_path) not in (tmp_path / "watched" / "status.html").read_text()
    write_scene(arrivals / "own.tif", boxes=8)
    said = watch()
    assert (said.code, said.err) == (0, "")
    (one,) = status(tmp_path)["watches"]
    assert one["scenes_counted"] == 1
    assert one["notes"][-1] == "and 7 more like these"


def test_scenes_of_which_no_time_is_known_are_said_to_be_in_no_series(watch, arrivals, tmp_path):
    with rasterio.open(write_scene(arrivals / "undated.tif", boxes=36, seed=10), "r+") as scene:
        scene.update_tags(TIFFTAG_DATETIME="")
    assert watch().code == 0
    (one,) = status(tmp_path)["watches"]
    assert one["scenes_counted"] == 11
    assert one["notes"] == ["1 count has no known time and stands in no series: say it with a sidecar or a manifest"]


def test_two_watchers_of_one_folder_are_one_too_many(watch, tmp_path):
    (tmp_path / "watched").mkdir()
    with alone_in(tmp_path / "watched"):
        said = watch()
    assert said.code == 1
    assert "another sattrack" in said.err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--every", "soon"), "such as 15m or 6h"),
        (("--every", "6h", "--once"), "both given"),
        (("--on-alert", "no-such-program-here x"), "no command 'no-such-program-here'"),
        (("--on-alert", "echo 'x"), "close the quotes"),
    ],
)
def test_a_call_that_cannot_be_is_refused_before_anything_is_done(watch, tmp_path, more, said):
    answer = watch(*more)
    assert answer.code == 2
    assert said in answer.err
    assert not (tmp_path / "watched").exists()


def test_o5_more_workers_than_the_machine_can_hold_are_refused_before_any_work(watch, tmp_path):
    (tmp_path / "many.yaml").write_text("workers: 1000\n")
    config = tmp_path / "watch.yaml"
    config.write_text(config.read_text().replace("site.geojson}", "site.geojson, settings: many.yaml}"))
    said = watch()
    assert said.code == 2
    assert "workers is 1000, but this machine lends" in said.err
    assert not (tmp_path / "watched").exists()


def test_a_damaged_memory_is_said_with_the_way_out(watch, tmp_path):
    watch("-q")
    (tmp_path / "watched" / "watch.json").write_text("{")
    said = watch()
    assert said.code == 1
    assert "alerts that stand are then told once more" in said.err


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_loop_sees_what_comes_and_is_ended_cleanly_by_sigterm(arrivals, detectors, tmp_path):
    command = [sys.executable, "-m", "sattrack", "watch", str(tmp_path / "watch.yaml"), *BRIGHT, "--every", "1s", "-q"]
    environment = {**os.environ, "PYTHONPATH": str(detectors)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as loop:
        try:
            until(lambda: (tmp_path / "watched" / "status.json").exists() and seen(tmp_path) == "day_9")
            surge(arrivals)
            until(lambda: seen(tmp_path) == "day_10")
            loop.send_signal(signal.SIGTERM)
            out, err = loop.communicate(timeout=10)
        finally:
            loop.kill()
    assert (loop.returncode in (0, 130), out) == (True, "")
    assert "Traceback" not in err
    assert json.loads((tmp_path / "watched" / "watch.json").read_text())["watches"]["pier"]["status"]["rows"]


def seen(tmp_path):
    return status(tmp_path)["watches"][0]["sites"][0]["scene_id"]


def until(true, *, most_s=60):
    end = time.monotonic() + most_s
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)
