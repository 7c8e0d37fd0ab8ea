"""The few lines of Python do the same as the commands."""

import subprocess
import sys

import pytest

import sattrack as st
from sattrack.settings import Settings


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
