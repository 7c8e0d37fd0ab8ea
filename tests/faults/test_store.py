"""Rows S: the run folder, what is derived of it, and clocks."""

import ast
import errno
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import pytest

import sattrack
from sattrack.errors import StoreError
from sattrack.stores import locking
from sattrack.stores.folder import RunFolder
from tests.cli.conftest import write_site
from tests.faults.conftest import Here, contents, strange

HOUSE = Path(sattrack.__file__).parent


@pytest.fixture
def run(here: Here, scenes: Path, tmp_path: Path) -> Path:
    said = here("detect", scenes, *strange("Bright", tmp_path / "run"))
    assert said.code == 0, said.err
    return tmp_path / "run"


def test_s6_where_a_file_system_has_no_locks_that_is_said_and_the_run_is_made(
    here: Here, scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def none(_number: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locking, "_take", none)
    assert here("detect", scenes, *strange("Bright", tmp_path / "run")).code == 0
    assert "the file system has no locks: let no second sattrack write into this folder" in caplog.text


_LOCKLESS = """
import errno, sys
from sattrack.cli.app import main
from sattrack.stores import locking, objects

def none(_number):
    raise OSError(errno.ENOLCK, "No locks available")

def over(self, name, content):
    self.put(name, content)
    return True

locking._take = none
objects.Objects.put_new = over
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("command", ["detect", "detect -q", "detect into a store", "watch"])
def test_s6_that_nobody_is_kept_out_is_told_on_the_command_line(scenes: Path, tmp_path: Path, command: str) -> None:
    """In a process of its own: logging is set up by the command, and pytest's own handlers would stand in for it."""
    words: list[object] = ["detect", scenes, *strange("Bright", tmp_path / "run")]
    told = f"{tmp_path / 'run'}: the file system has no locks: let no second sattrack write into this folder"
    if command.endswith("-q"):
        words.append("-q")
    if command.endswith("store"):
        pytest.importorskip("fsspec")
        words = ["detect", scenes, *strange("Bright", Path("unused"))]
        words[words.index(Path("unused"))] = "memory://run"
        told = "memory://run: the store knows no conditional put: let no second sattrack write into this run"
    if command == "watch":
        site = write_site(tmp_path / "site.geojson")
        (tmp_path / "watch.yaml").write_text(
            f"settle_seconds: 0\nwatches:\n  - {{name: pier, inputs: [{scenes}], sites: {site}}}\n"
        )
        words = ["watch", tmp_path / "watch.yaml", "--detector", "tests.faults.strange_boxes:Bright", "-o", tmp_path / "run"]
    done = subprocess.run(
        [sys.executable, "-c", _LOCKLESS, *map(str, words)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert told in done.stderr


def test_s7_o6_a_run_of_another_schema_is_refused_and_stays_as_it_is(here: Here, scenes: Path, run: Path) -> None:
    index = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(index | {"schema_version": "of another"}))
    before = contents(run)
    for words in (("detect", scenes, *strange("Bright", run)), ("count", run), ("report", run), ("export", "csv", run)):
        said = here(*words)
        assert said.code in (1, 2), words
        assert str(run) in said.err or words[0] == "export"
    assert "has schema version 'of another'" in here("count", run).err
    assert contents(run) == before


def test_s8_parts_that_are_empty_torn_or_of_another_scene_are_done_again(here: Here, scenes: Path, run: Path) -> None:
    whole = contents(run)
    one, other = sorted((run / "parts").iterdir())
    for bad in (b"", one.read_bytes()[:200], other.read_bytes(), b"PAR1 not a part"):
        one.write_bytes(bad)
        (run / "counts.csv").unlink()
        assert here("detect", scenes, *strange("Bright", run)).code == 0
        assert contents(run) == whole


@pytest.mark.parametrize(
    "head", ["", "[" * 100_000, '{"schema_version": "1"', "\0" * 100], ids=["empty", "deep", "half", "zeros"]
)
def test_s8_a_damaged_head_is_an_error_to_read_and_detect_makes_it_anew(
    here: Here, scenes: Path, run: Path, tmp_path: Path, head: str
) -> None:
    whole = contents(run)
    (run / "run.json").write_text(head)
    for words in (("count", run), ("series", run), ("report", run), ("export", run, "-f", "csv", "-o", tmp_path / "x.csv")):
        said = here(*words)
        assert (said.code, said.out, said.err.count("\n")) == (1, "", 1), words
        assert str(run / "run.json") in said.err
        assert "(run detect again: parts are kept)" in said.err
    assert here("detect", scenes, *strange("Bright", run)).code == 0
    assert contents(run) == whole


@pytest.mark.parametrize("name", ["~", "s3:", "hdfs:/x", "new\nline", "./-run"])
def test_h13_a_run_folder_of_any_name_is_only_a_folder(
    here: Here, scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """To Arrow a path that begins with ~ is the user's home, and one that begins with s3: a bucket."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    said = here("detect", scenes, *strange("Bright", Path(name)))
    assert (said.code, [one["boxes"] for one in said.json["scenes"]]) == (0, [16, 12])
    # What reads as an address is refused where a file is written (see test_app), so that such a folder is named from the root.
    inside = tmp_path / name if ":" in name else Path(name)
    for kind in ("csv", "parquet"):
        assert here("export", name, "-f", kind, "-o", inside / f"boxes.{kind}").code == 0
    assert (tmp_path / name / "boxes.parquet").is_file()
    assert not (tmp_path / "home").exists()


def test_s4_what_a_killed_process_left_half_goes_at_the_next_start_and_changes_nothing(
    here: Here, scenes: Path, run: Path
) -> None:
    whole = contents(run)
    (key,) = {path.stem for path in (run / "parts").iterdir()} - {max(path.stem for path in (run / "parts").iterdir())}
    left = [run / "parts" / f".{key}.a1b2c3d_.tmp", run / ".run.json.abcdefgh.tmp"]
    for path in left:
        path.write_bytes(b"half")
        os.utime(path, (time.time() - 7200,) * 2)
    assert here("detect", scenes, *strange("Bright", run)).code == 0
    assert contents(run) == whole
    assert not any(path.exists() for path in left)


def test_s13_other_settings_make_parts_beside_the_old_and_no_count_mixes_them(
    here: Here, scenes: Path, run: Path, tmp_path: Path
) -> None:
    old = {path.name: path.read_bytes() for path in (run / "parts").iterdir()}
    (tmp_path / "s.yaml").write_text("tile_cap: 300\n")
    said = here("detect", scenes, "--config", tmp_path / "s.yaml", *strange("Bright", run))
    assert (said.code, [one["boxes"] for one in said.json["scenes"]]) == (0, [16, 12])
    now = {path.name: path.read_bytes() for path in (run / "parts").iterdir()}
    assert old.items() < now.items()
    keys = {f"{one['key']}.parquet" for one in json.loads((run / "run.json").read_text())["outcomes"]}
    assert (len(keys), keys & set(old)) == (2, set())


def test_s8_o6_a_run_folder_that_is_a_file_is_refused_and_foreign_files_are_left_alone(
    here: Here, scenes: Path, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("mine")
    said = here("detect", scenes, *strange("Bright", tmp_path / "taken"))
    assert (said.code, (tmp_path / "taken").read_text()) == (1, "mine")
    assert f"error: {tmp_path / 'taken'}: the run folder cannot be made or written" in said.err
    (tmp_path / "used" / "parts").mkdir(parents=True)
    foreign = [tmp_path / "used" / "notes.txt", tmp_path / "used" / "parts" / "theirs.parquet"]
    for path in foreign:
        path.write_text("mine")
    said = here("detect", scenes, *strange("Bright", tmp_path / "used"))
    assert (said.code, [one["boxes"] for one in said.json["scenes"]]) == (0, [16, 12])
    assert [path.read_text() for path in foreign] == ["mine", "mine"]


def test_s9_tables_and_exports_that_are_gone_are_made_again_to_the_same_bytes(here: Here, run: Path, tmp_path: Path) -> None:
    whole = contents(run)
    for name in ("counts.csv", "scenes.csv"):
        (run / name).unlink()
    assert here("count", run, "--no-report").code == 0
    assert contents(run) == whole
    written = []
    for _ in range(2):
        assert here("export", run, "--format", "geojson", "-o", tmp_path / "x.geojson").code == 0
        written.append((tmp_path / "x.geojson").read_bytes())
        (tmp_path / "x.geojson").unlink()
    assert written[0] == written[1]


def test_s11_a_clock_that_runs_backwards_changes_no_byte_and_no_time_is_negative(
    here: Here, scenes: Path, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, true = count(), time.time()
    monkeypatch.setattr(time, "time", lambda: true - 3600.0 * next(steps))
    assert here("detect", scenes, *strange("Bright", tmp_path / "late")).code == 0
    assert contents(tmp_path / "late") == contents(run)
    told = json.loads((tmp_path / "late" / "timings.json").read_text())
    assert min(value for one in told.values() for value in (one["wall_s"], *one["stages"].values())) >= 0


def test_s11_no_duration_is_measured_by_the_clock_of_the_day() -> None:
    """It is only asked how old a file is, forgotten or just arrived, when a server wants to be asked again, and, beside a clock
    that stands still in sleep, whether a lease may have run out.
    """
    asking = set()
    for path in HOUSE.rglob("*.py"):
        calls = (ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
        asking |= {path.name for call in calls if call == "time.time"}
    assert asking <= {"folder.py", "writing.py", "answers.py", "watching.py", "leases.py"}


def test_s12_a_run_folder_that_goes_while_it_is_written_is_an_error_and_can_be_made_again(
    here: Here, scenes: Path, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "gone"
    monkeypatch.setenv("TROUBLE", "Removing")
    monkeypatch.setenv("RUN_FOLDER", str(to))
    said = here("detect", scenes, *strange("Removing", to))
    assert said.code == 1
    assert said.err.startswith(f"error: {to}")
    assert not to.exists()
    monkeypatch.delenv("TROUBLE")
    assert here("detect", scenes, *strange("Removing", to)).code == 0
    assert len(list((to / "parts").iterdir())) == 2


def test_d10_a_disk_too_full_for_the_words_of_a_lock_is_said_and_not_taken_for_one_that_has_no_locks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = RunFolder(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(StoreError) as refused, store.alone():
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert f"{tmp_path / '.lock'}: cannot be written" in str(refused.value)
    assert "no locks" not in caplog.text
    assert not (tmp_path / ".lock").exists()


def test_a_lock_is_taken_once_left_behind_by_the_dead_and_gone_at_the_end(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_text("process 1 on a machine that died\n")
    store = RunFolder(tmp_path)
    with store.alone():
        with pytest.raises(StoreError, match=r"another sattrack writes into this run folder: process \d+ on "), store.alone():
            pass
        assert "process" in (tmp_path / ".lock").read_text()
    assert not (tmp_path / ".lock").exists()
    with store.alone():
        shutil.rmtree(tmp_path)
