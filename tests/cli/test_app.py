"""The entry point: quick help, one-line errors, exit codes, signals and closed pipes."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sattrack.cli import app as entry
from sattrack.errors import SceneError, UsageError
from tests.cli.conftest import write_scene

HEAVY = ("torch", "rasterio", "numpy", "pydantic", "pyarrow", "matplotlib", "cv2", "ultralytics")


def loaded_after(code: str) -> set[str]:
    """Which of the heavy modules a fresh Python has loaded after some code."""
    script = f"import sys, json\n{code}\nprint('LOADED' + json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    return set(json.loads(done.stdout.rpartition("LOADED")[2]))


INTERRUPTED = "error: interrupted; what is stored is kept, and a run goes on from there by the same command\n"


@contextlib.contextmanager
def program(command: list[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A program that is gone at the end, whatever the test found."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options) as started:
        try:
            yield started
        finally:
            started.kill()


def test_help_loads_nothing_heavy():
    assert loaded_after("from sattrack.cli.app import main\nmain(['--help'])") == set()


def test_importing_sattrack_loads_nothing_heavy():
    assert loaded_after("import sattrack, sattrack.errors\nsattrack.__version__\ndir(sattrack)") == set()


def test_the_help_of_any_command_loads_neither_torch_nor_gdal():
    calls = "\n".join(f"assert main(['{name}', '--help']) == 0" for name in entry.COMMANDS)
    assert loaded_after(f"from sattrack.cli.app import main\n{calls}") <= {"pydantic", "numpy"}


def test_help_names_every_command_and_the_exit_codes(sattrack):
    said = sattrack("--help")
    assert said.code == 0
    assert all(name in said.out for name in entry.COMMANDS)
    assert "130 interrupted" in said.out


def test_defaults_in_help_come_from_the_settings(sattrack):
    from sattrack.cli.options import meaning
    from sattrack.settings import Settings

    assert meaning("min_observed").endswith(f"Default: {Settings().min_observed}.")
    assert "Default: auto." in " ".join(sattrack("detect", "--help").out.replace("│", " ").split())


def test_help_of_fetch_speaks_of_its_own_search(sattrack):
    said = " ".join(sattrack("fetch", "--help").out.replace("│", " ").split())
    assert "Site outlines, of which a picture must touch one: GeoJSON, GeoPackage or KML." in said
    # It has no --allow-remote, and makes no sites of scenes.
    assert "A server that may be asked though it is in a private network, or by plain http." in said
    assert "its own site" not in said


@pytest.mark.parametrize("over", ["items.json", "site.geojson"])
def test_a_list_of_fetch_is_not_written_over_what_it_is_made_of(sattrack, tmp_path, over):
    square = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}
    item = {"type": "Feature", "stac_version": "1.0.0", "id": "a", "geometry": square, "bbox": [0, 0, 1, 1], "links": [],
            "properties": {"datetime": "2024-05-01T00:00:00Z"}, "assets": {"visual": {"href": "a.tif"}}}  # fmt: skip
    (tmp_path / "items.json").write_text(json.dumps(item))
    (tmp_path / "site.geojson").write_text(json.dumps(square))
    before = (tmp_path / over).read_bytes()
    words = ("fetch", tmp_path / "items.json", "--sites", tmp_path / "site.geojson")
    for more in (("-o", tmp_path / over), *([("--download", tmp_path)] if over == "items.json" else [])):
        said = sattrack(*words, *more)
        assert said.code == 2
        assert "would be written over" in said.err
        assert (tmp_path / over).read_bytes() == before
    assert sattrack(*words, "-o", tmp_path / "found.json").code == 0


def test_version_is_the_packages(sattrack):
    from sattrack import __version__

    assert sattrack("--version").out == f"sattrack {__version__}\n"


def test_the_package_is_a_command_too():
    done = subprocess.run([sys.executable, "-m", "sattrack", "detcet"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Did you mean 'detect'" in done.stderr


def test_an_unknown_command_is_a_usage_error_that_names_the_nearest(sattrack):
    said = sattrack("detcet")
    assert (said.code, said.out) == (2, "")
    assert said.err == "error: No such command 'detcet'. Did you mean 'detect'? (see: sattrack --help)\n"


def test_nothing_asked_prints_help_and_is_a_usage_error(sattrack):
    said = sattrack()
    assert said.code == 2
    assert "Commands" in said.out + said.err


@pytest.mark.parametrize(("error", "code"), [(SceneError, 1), (UsageError, 2)])
def test_an_error_is_one_line_with_the_way_out(sattrack, monkeypatch, tmp_path, error, code):
    def fail(*_args, **_options):
        raise error("is\nbroken", where="a.tif", way_out="mend it")

    monkeypatch.setattr("sattrack.face.write_report", fail)
    said = sattrack("report", tmp_path)
    assert (said.code, said.out, said.err) == (code, "", "error: a.tif: is broken (mend it)\n")


def test_SATTRACK_DEBUG_shows_the_traceback(sattrack, monkeypatch, tmp_path):
    monkeypatch.setenv("SATTRACK_DEBUG", "1")
    with pytest.raises(OSError, match="not a run folder"):
        sattrack("report", tmp_path)


def test_an_error_of_the_system_is_one_line(sattrack, monkeypatch, tmp_path):
    def full(*_args, **_options):
        raise OSError(28, "No space left on device", "/somewhere/report.html")

    monkeypatch.setattr("sattrack.face.write_report", full)
    said = sattrack("report", tmp_path)
    assert (said.code, said.err) == (1, "error: /somewhere/report.html: No space left on device\n")


def test_O12_a_closed_pipe_is_silent(tmp_path):
    done = subprocess.run(
        f'"{sys.executable}" -m sattrack.cli.app config --template | head -n 1; echo "${{PIPESTATUS[0]}}"',
        shell=True, executable="/bin/bash", cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "0"


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-", "2>&-"])
def test_o12_streams_that_were_closed_cost_nothing_and_no_file_takes_their_place(tmp_path, closed):
    scene = write_scene(tmp_path / "a.tif", boxes=12)
    done = subprocess.run(
        f'"{sys.executable}" -m sattrack detect {scene} --detector tests.campaigns.quick:Bright --no-report -o run {closed}',
        shell=True, executable="/bin/bash", cwd=tmp_path, capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert [one["status"] for one in json.loads((tmp_path / "run" / "run.json").read_text())["outcomes"]] == ["done"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name)
def test_S10_O12_a_signal_ends_a_program_that_is_deep_in_a_call(number):
    """The first exception is swallowed, as a library may, and a reading thread never ends."""
    script = (
        "import signal, threading\n"
        # Tests begun in the background of a shell inherit that Ctrl-C is ignored, and what is ignored stays so.
        "for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):\n"
        "    signal.signal(number, signal.SIG_DFL)\n"
        "from sattrack.cli.stopping import stop_cleanly\n"
        "with stop_cleanly():\n"
        "    threading.Thread(target=threading.Event().wait).start()\n"
        "    try:\n"
        "        print('deep', flush=True)\n"
        "        threading.Event().wait()\n"
        "    except KeyboardInterrupt:\n"
        "        threading.Event().wait()\n"
    )
    with program([sys.executable, "-c", script]) as deep:
        assert deep.stdout.readline() == "deep\n"
        began = time.monotonic()
        deep.send_signal(number)
        assert deep.wait(timeout=60) == 130
        assert time.monotonic() - began < 2
        assert deep.stderr.read() == INTERRUPTED


def test_o12_a_second_signal_ends_a_program_that_is_winding_up_and_the_interruption_is_told_once():
    script = (
        "import time, signal\n"
        "signal.signal(signal.SIGINT, signal.SIG_DFL)\n"
        "from sattrack.cli import app\n"
        "def busy(**words):\n"
        "    try:\n"
        "        print('deep', flush=True)\n"
        "        time.sleep(60)\n"
        "    except KeyboardInterrupt:\n"
        "        print('winding up', flush=True)\n"
        "        time.sleep(60)\n"
        "app.typer.main.get_command = lambda _: type('Busy', (), {'main': staticmethod(busy)})\n"
        "app.main()\n"
    )
    with program([sys.executable, "-c", script]) as deep:
        assert deep.stdout.readline() == "deep\n"
        deep.send_signal(signal.SIGINT)
        assert deep.stdout.readline() == "winding up\n"
        began = time.monotonic()
        deep.send_signal(signal.SIGINT)
        assert deep.wait(timeout=60) == 130
        assert time.monotonic() - began < 1.4
        assert deep.stderr.read() == INTERRUPTED


def test_S10_an_interrupted_run_keeps_what_is_done_and_goes_on(sattrack, detectors, tmp_path):
    folder = tmp_path / "scenes"
    folder.mkdir()
    write_scene(folder / "a.tif", boxes=12)
    to = tmp_path / "run"
    assert sattrack("detect", folder, "-o", to, "--detector", "bright_boxes:Bright", "--no-report").code == 0
    stored = sorted(path.name for path in (to / "parts").iterdir())
    write_scene(folder / "b.tif", boxes=8, seed=1)
    words = ("detect", folder, "-o", to, "--detector", "bright_boxes:Slow", "--no-report")
    command = [sys.executable, "-m", "sattrack.cli.app", *map(str, words)]
    with program(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(detectors)}) as slow:
        assert slow.stdout.readline() == "looking\n"
        began = time.monotonic()
        slow.send_signal(signal.SIGTERM)
        assert slow.wait(timeout=60) == 130
        assert time.monotonic() - began < 2
        assert slow.stderr.read() == INTERRUPTED
    assert {path.name for path in (to / "parts").iterdir()} >= set(stored)
    said = sattrack("detect", folder, "-o", to, "--detector", "bright_boxes:Bright", "--no-report", "--json")
    assert {c["scene_id"]: c["count"] for c in said.json["counts"]} == {"a": 12, "b": 8}


@pytest.mark.parametrize(
    "words",
    [
        ("report", "s3://bucket/run"), ("count", "s3://bucket/run"), ("export", "s3://bucket/run", "-f", "csv"),
        ("series", "s3://bucket/run"), ("evidence", "s3://bucket/run", "x"), ("pull", "s3://bucket/other", "s3://bucket/run"),
        ("watch", "ports.yaml", "-o", "s3://bucket/run"), ("cover", "a.tif", "-o", "s3://bucket/run"),
        ("fetch", "items.json", "-o", "s3://bucket/run"), ("demo", "-o", "s3://bucket/run"),
        ("export", "run", "-f", "csv", "-o", "s3://bucket/run"), ("series", "run", "-o", "s3://bucket/run"),
        ("alert", "run", "-o", "s3://bucket/run"), ("flow", "run", "-o", "s3://bucket/run"),
        ("changes", "run", "-o", "s3://bucket/run"), ("evidence", "run", "x", "-o", "s3://bucket/run"),
    ],
)  # fmt: skip
def test_an_address_where_a_path_is_taken_is_named_as_it_was_typed_and_nothing_is_made(words, sattrack, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = sattrack(*words)
    assert said.code == 2
    assert "s3://bucket/run: is no folder or file of this machine" in said.err
    assert "sattrack pull" in said.err
    assert not [*tmp_path.iterdir()]
