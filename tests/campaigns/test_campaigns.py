"""The campaigns' short form: a few mutants, kills and scenes each, through the same commands as the long form."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.campaigns.many import Cost, grown

_HOME = Path(__file__).parents[2]


def campaign(name: str, *words: object) -> dict[str, Any]:
    """The figures of a campaign, which is a process of its own since it forks or bounds itself."""
    command = [sys.executable, "-m", f"tests.campaigns.{name}", *map(str, words)]
    done = subprocess.run(command, cwd=_HOME, capture_output=True, text=True, timeout=600, check=False)
    assert done.stdout, done.stderr
    assert done.returncode in (0, 1), done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("name", "count"), [("rasters", 66), ("texts", 64)])
def test_mutants_are_read_or_refused_by_name(name: str, count: int, tmp_path: Path) -> None:
    found = campaign(name, "--count", count, "--seed", 5, "--keep", tmp_path)
    assert found["faults"] == []
    assert found["mutants"] == count
    assert set(found["kinds"]) == {"read", "refused"}


@pytest.mark.slow
def test_s2_s3_i3_a_run_that_is_killed_ends_in_the_same_bytes() -> None:
    found = campaign("kills", "--kills", 2, "--scenes", 2, "--every", 20)
    assert found["faults"] == []
    assert found["kills"] == 2
    assert min(found["ended_at_write_calls"], found["power_losses"]) >= 2


@pytest.mark.slow
def test_c8_i4_many_scenes_in_one_process_leave_no_files_or_threads_behind() -> None:
    found = campaign("soak", "--scenes", 30, "--a-run", 10)
    assert found["scenes"] == 30
    assert not {"files", "threads"} & set(found["grown"])


@pytest.mark.slow
def test_s14_many_scenes_are_counted_and_exported() -> None:
    found = campaign("many", "--scenes", 30, 60, "--boxes", 5, "--commands", "count", "csv", "parquet")
    assert [(row["command"], row["boxes"]) for row in found["rows"]] == [
        (command, boxes) for boxes in (150, 300) for command in ("count", "csv", "parquet")
    ]
    assert {row["megabytes"] < 600 for row in found["rows"]} == {True}


def test_s14_memory_that_grows_with_scenes_is_told() -> None:
    def of(scenes: int, megabytes: float) -> Cost:
        return Cost("count", scenes, scenes, 9.0, 9.0 * scenes / 10_000, megabytes)

    assert grown([of(10_000, 200), of(100_000, 280)]) == []
    assert grown([of(10_000, 200), of(100_000, 300)]) == ["count: 419 bytes a scene from 10000 to 100000"]
