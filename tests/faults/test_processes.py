"""Rows C and what ends a process: two on one run folder, a crash, a kill; and the same call again."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.conftest import Here, contents, strange


@contextmanager
def beginning(scenes: Path, to: Path, kind: str) -> Iterator["subprocess.Popen[str]"]:
    """`sattrack detect` in a process of its own, in trouble."""
    command = [sys.executable, "-m", "sattrack", "detect", str(scenes), *map(str, strange(kind, to))]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "TROUBLE": kind, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def undisturbed(here: Here, scenes: Path, kind: str, to: Path) -> dict[str, bytes]:
    assert here("detect", scenes, *strange(kind, to)).code == 0
    return contents(to)


def test_c9_i3_a_second_process_on_a_run_folder_says_whose_it_is_and_a_killed_one_leaves_it_free(
    here: Here, scenes: Path, tmp_path: Path
) -> None:
    to = tmp_path / "run"
    with beginning(scenes, to, "Hanging") as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "looking\n"
        before = contents(to)
        second = here("detect", scenes, *strange("Hanging", to))
        assert second.code == 1
        assert f"error: {to}: another sattrack writes into this run folder: process {first.pid} on " in second.err
        assert "give the same command again, or choose another -o)" in second.err
        assert contents(to) == before
        counted = here("count", to, "--no-report")  # it would write what it has read over what the first writes meanwhile
        assert counted.code == 1
        assert f"error: {to}: another sattrack writes into this run folder: process {first.pid} on " in counted.err
        assert contents(to) == before
        assert here("export", to, "-f", "csv", "-o", tmp_path / "boxes.csv").code == 0  # to read what is there needs no lock
        first.send_signal(signal.SIGKILL)
        first.wait()
        assert (to / ".lock").exists()
        assert here("detect", scenes, *strange("Hanging", to)).code == 0
    assert contents(to) == undisturbed(here, scenes, "Hanging", tmp_path / "other")


def test_i3_i7_a_detector_that_takes_its_process_with_it_leaves_a_run_that_goes_on_to_the_same_bytes(
    here: Here, scenes: Path, tmp_path: Path
) -> None:
    to = tmp_path / "run"
    with beginning(scenes, to, "Killed") as child:
        assert child.wait(timeout=120) == -signal.SIGKILL
    assert here("detect", scenes, *strange("Killed", to)).code == 0
    assert contents(to) == undisturbed(here, scenes, "Killed", tmp_path / "other")


def test_i6_i7_a_detector_that_raises_fails_its_scenes_in_one_line_and_the_same_call_goes_on_to_the_same_bytes(
    here: Here, scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "run"
    monkeypatch.setenv("TROUBLE", "Crashing")
    said = here("detect", scenes, *strange("Crashing", to))
    assert said.code == 3
    assert (
        "failed: may: the detector failed: ZeroDivisionError: a fault in the detector's own code (-v shows where)" in said.err
    )
    monkeypatch.delenv("TROUBLE")
    assert here("detect", scenes, *strange("Crashing", to)).code == 0
    assert contents(to) == undisturbed(here, scenes, "Crashing", tmp_path / "other")


def test_o12_a_reader_of_what_is_printed_that_goes_away_costs_nothing(scenes: Path, tmp_path: Path) -> None:
    to = tmp_path / "run"
    words = " ".join(f"'{word}'" for word in ("detect", scenes, *strange("Bright", to)))
    done = subprocess.run(
        f"'{sys.executable}' -m sattrack {words} | true; echo ${{PIPESTATUS[0]}}", shell=True, executable="/bin/bash",
        capture_output=True, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert (done.stderr, done.stdout) == ("", "0\n")
    assert len(list((to / "parts").iterdir())) == 2
