"""The few lines of Python do the same as the commands."""

import datetime as dt
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import sattrack as st
from sattrack.face import chosen_settings
from sattrack.settings import Settings
from tests.cli.conftest import write_scene


def test_a_few_lines_of_python_do_the_same_as_the_commands(scenes, site, detectors, tmp_path):
    run = st.detect(scenes, sites=site, out=tmp_path / "run", detector="bright_boxes:Bright")
    assert [(c.site_id, c.scene_id, c.count) for c in run.counts] == [("left", "may", 6), ("left", "june", 8)]
    assert (run.folder / "report.html").is_file()
    assert [c.count for c in st.count(tmp_path / "run", threshold=0.5).counts] == [3, 4]
    assert st.report(run.folder, imagery=False) == run.folder / "report.html"
    assert st.export(run.folder, format="csv", to=tmp_path / "b.csv") == tmp_path / "b.csv"
    (facts,) = st.info(scenes / "may.tif")
    assert (facts.capability, facts.scene.grid.shape) == ("count", (200, 300))


@pytest.mark.parametrize("settings", [{"threshold": 0.5}, Settings(threshold=0.5), "file"])
def test_settings_come_as_mapping_value_or_file(scenes, detectors, tmp_path, settings):
    if settings == "file":
        settings = tmp_path / "s.yaml"
        settings.write_text("threshold: 0.5\n")
    run = st.detect([scenes / "may.tif"], out=tmp_path / "run", detector="bright_boxes:Bright", settings=settings, report=False)
    assert run.index.threshold == 0.5
    assert [c.count for c in run.counts] == [6]


def test_only_what_was_said_counts_as_said():
    chosen = chosen_settings(Settings(overlap_m=30.0), threshold=0.5, device=None)
    assert chosen.model_fields_set == {"overlap_m", "threshold"}


@pytest.fixture
def plain(detectors, tmp_path, monkeypatch):
    """A call of detect on a picture that says neither its pixel size nor its time, and on others."""
    monkeypatch.chdir(tmp_path)
    write_scene(tmp_path / "plain.tif", boxes=4, crs=None)
    undated = (tmp_path / "plain.tif").read_bytes().replace(b"2024:05:01", b"unknown   ")
    (tmp_path / "plain.tif").write_bytes(undated)

    def detect(*others, **said):
        options = {"out": tmp_path / "run", "detector": "bright_boxes:Bright", "report": False, "gsd_m": 0.5} | said
        return st.detect([tmp_path / "plain.tif", *others], **options)

    return detect


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (dt.datetime(2024, 5, 3, 4, 30), "2024-05-03T04:30:00Z"),
        (dt.datetime(2024, 5, 3, 4, 30, tzinfo=dt.timezone(dt.timedelta(hours=9))), "2024-05-02T19:30:00Z"),
    ],
)
def test_m15_a_time_that_is_given_is_utc_or_becomes_it(plain, scenes, said, meant):
    run = plain(scenes / "may.tif", acquired=said)
    assert [count.datetime for count in run.counts if count.scene_id == "plain"] == [dt.datetime.fromisoformat(meant)]
    assert all(count.datetime.tzinfo is dt.UTC or count.datetime.utcoffset() == dt.timedelta() for count in run.counts)


@pytest.mark.parametrize("size", [np.float32(0.5), (0.5, 0.5), [0.5, 0.5], "0.5"])
def test_a_pixel_size_may_be_any_number_or_two(plain, size):
    assert [count.gsd_m for count in plain(gsd_m=size).counts] == [0.5]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"gsd_m": (0.5,)}, "gsd_m is (0.5,)"),
        ({"gsd_m": (0.5, 0.5, 0.5)}, "gsd_m is (0.5, 0.5, 0.5)"),
        ({"gsd_m": "half"}, "gsd_m is 'half'"),
        ({"acquired": "2024-05-03"}, "acquired is '2024-05-03'"),
        ({"acquired": dt.date(2024, 5, 3)}, "acquired is datetime.date(2024, 5, 3)"),
        ({"on_error": "stop"}, "on_error is 'stop'"),
        ({"out": Path("s3://bucket/run")}, "has one slash, and would be a folder here"),
        ({"settings": {1: 2}}, "1 is not a setting"),
        ({"allow_hosts": "a b"}, "--allow-host is 'a b'"),
    ],
)
def test_p13_what_cannot_be_meant_is_refused_before_any_work(plain, tmp_path, said, told):
    with pytest.raises(st.UsageError) as caught:
        plain(**said)
    assert caught.value.message == told
    assert caught.value.way_out
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("amounts", [1000, (0,), (-5,), (float("nan"),), (float("inf"),), "10", ("10",)])
def test_p13_amounts_that_are_none_are_refused(run, amounts):
    with pytest.raises(st.UsageError, match="cumulative is "):
        st.report(run, cumulative=amounts)


def test_outlines_and_none_of_them_at_once_cannot_be_meant(run, site):
    with pytest.raises(st.UsageError, match="sites and no_sites are both given"):
        st.count(run, sites=site, no_sites=True)


def test_errors_are_at_hand_and_say_the_way_out(tmp_path):
    with pytest.raises(st.SattrackError) as caught:
        st.count(tmp_path)
    assert isinstance(caught.value, st.StoreError)
    assert caught.value.way_out
    with pytest.raises(st.UsageError):
        st.export(tmp_path, format="shp", to=tmp_path / "x")
    with pytest.raises(AttributeError):
        st.nothing  # noqa: B018 (asking is the test)


def test_every_public_name_is_there():
    assert all(getattr(st, name) is not None for name in st.__all__)
    assert set(st.__all__) <= set(dir(st))


def test_N10_the_network_library_neither_calls_out_nor_writes_into_the_users_folders(tmp_path):
    script = (
        "import socket\n"
        "def refuse(*_a, **_k): raise SystemExit('called out')\n"
        "socket.socket.connect = refuse\n"
        "socket.getaddrinfo = refuse\n"
        "from sattrack.detectors.offline import keep_at_home\n"
        "keep_at_home()\n"
        "import ultralytics.nn.tasks\n"
    )
    home = {"HOME": str(tmp_path / "home"), "XDG_CONFIG_HOME": str(tmp_path / "config"), "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], env=home, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []
