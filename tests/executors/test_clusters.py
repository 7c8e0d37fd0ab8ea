"""What the process executor promises, held by the Ray executor on a cluster of this machine's own."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from sattrack.errors import DetectorError, UsageError
from sattrack.executors import clusters
from sattrack.executors.clusters import RayExecutor
from sattrack.executors.joining import joined
from sattrack.executors.processes import Bounds, Lost
from tests.campaigns.actors import keepers
from tests.executors.test_processes import gone

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")

BOUNDS = Bounds(seconds=60, bytes=4 << 30, items=100)


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    with joined(workers=2, gpus=False) as found:
        yield found


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


def workers(start: object, *, workers: int = 2, bounds: Bounds = BOUNDS, **more: Any) -> RayExecutor:
    return RayExecutor(
        "deadly_work:begin", str(start), workers=workers, bounds=bounds,
        environment=lambda _n: {"OMP_NUM_THREADS": "1"}, **more,
    )  # fmt: skip


def test_answers_come_in_order_and_items_are_drawn_as_they_are_wanted(ray: Any, tmp_path: Path) -> None:
    drawn = []

    def items() -> Iterator[str]:
        for n in range(30):
            drawn.append(n)
            yield f"say {n}"

    answers = workers(tmp_path).map(items())
    assert next(answers) == "say 0"
    assert len(drawn) <= 9
    assert list(answers) == [f"say {n}" for n in range(1, 30)]


def test_c6_c7_c10_d11_d15_what_costs_an_item_in_a_process_costs_it_on_a_cluster(ray: Any, tmp_path: Path) -> None:
    bounds = Bounds(seconds=2.0, bytes=300 << 20, items=100)
    items = ["say a", "segfault x", "once y", "hang z", "raise u", "swell v", "threads", "say b"]
    a, segfault, once, hang, raised, swell, threads, b = workers(tmp_path, bounds=bounds).map(items)
    assert (a, once, threads, b) == ("say a", "once y", "1", "say b")
    assert "SIGSEGV" in segfault.reason
    assert "3 times" in segfault.reason
    assert len(list(tmp_path.glob("x.*"))) == 3
    assert "longer than scene_seconds = 2" in hang.reason
    assert len(list(tmp_path.glob("z.*"))) == 1
    assert "what nobody thought of" in raised.reason
    assert "more than worker_bytes = 300 MiB" in swell.reason


def test_c6_an_item_whose_actor_was_killed_is_done_again(ray: Any, tmp_path: Path) -> None:
    answers = workers(tmp_path, workers=1).map(["say a", "sleep b", "say c"])
    assert next(answers) == "say a"
    while not list(tmp_path.glob("b.*")):
        time.sleep(0.05)
    (first,) = [int(path.read_text()) for path in tmp_path.glob("b.*")]
    (keeper,) = keepers()
    os.kill(keeper, signal.SIGKILL)
    assert list(answers) == ["sleep b", "say c"]
    assert len(list(tmp_path.glob("b.*"))) == 2
    assert gone(first)


def test_c6_an_item_whose_actor_was_frozen_is_done_again_elsewhere(
    ray: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "_ASK_S", 2.0)
    monkeypatch.setattr(clusters, "_THERE_S", 3.0)
    answers = workers(tmp_path, workers=1, bounds=BOUNDS).map(["say a", "sleep b", "say c"])
    assert next(answers) == "say a"
    while not list(tmp_path.glob("b.*")):
        time.sleep(0.05)
    (keeper,) = keepers()
    os.kill(keeper, signal.SIGSTOP)
    assert list(answers) == ["sleep b", "say c"]
    assert gone(keeper, within_s=15)


def test_an_item_whose_actor_always_dies_is_lost_after_three_attempts(
    ray: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lost,) = workers(tmp_path, workers=1).map(["kill parent"])
    assert isinstance(lost, Lost)
    assert re.fullmatch(r"its Ray actor was lost \(\w+\), 3 times", lost.reason)
    assert len(list(tmp_path.glob("parent.*"))) == 3


def test_what_keeps_a_worker_from_starting_is_raised(ray: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="no such weights"):
        list(workers("refuse").map(["say a"]))
    with pytest.raises(DetectorError, match="no worker could be started: its worker was killed"):
        list(workers("die").map(["say a"]))


def test_more_workers_than_the_cluster_has_room_for_are_told_with_what_it_has(
    ray: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "READY_S", 3.0)
    with pytest.raises(DetectorError, match=r"the cluster has 2 CPUs and 0 GPUs.*fewer --workers"):
        list(workers(tmp_path, workers=3).map(["sleep a", "sleep b", "sleep c"]))


def test_i6_a_place_that_cannot_start_again_is_done_without_while_another_works(
    ray: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where its machine is gone for good: here another program takes its room in the cluster."""

    class Taker:
        def there(self) -> bool:
            return True

    items = [f"sleep {n}" for n in range(8)]
    answers = workers(tmp_path, workers=2).map(items)
    found = [next(answers)]
    until = time.monotonic() + 60
    while len({path.read_text() for path in tmp_path.glob("*.*")}) < 2:
        assert time.monotonic() < until
        time.sleep(0.05)
    monkeypatch.setattr(clusters, "READY_S", 3.0)
    taker = ray.remote(num_cpus=1)(Taker).remote()
    os.kill(keepers()[0], signal.SIGKILL)
    try:
        assert ray.get(taker.there.remote(), timeout=30)
        assert [*found, *answers] == items
    finally:
        ray.kill(taker)


def test_an_actor_that_dies_before_its_first_word_is_told_with_its_cause(
    ray: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        def __init__(self, *_: object) -> None:
            raise ModuleNotFoundError("No module named 'sattrack_of_another_machine'")

        def versions(self) -> dict[str, str]:
            return {}

    monkeypatch.setattr(clusters, "Keeper", Broken)
    with pytest.raises(DetectorError, match=r"no worker could be started: .*: .*No module named 'sattrack_of_another_machine'"):
        list(workers(tmp_path, workers=1).map(["say a"]))


def test_what_fails_in_the_cluster_itself_is_an_error_in_one_line(
    ray: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> dict[str, float]:
        raise ray.exceptions.RaySystemError("the head is gone")

    monkeypatch.setattr(clusters, "READY_S", 3.0)
    monkeypatch.setattr(ray, "cluster_resources", gone)
    with pytest.raises(DetectorError, match=r"the Ray cluster failed: .*the head is gone.*parts are kept"):
        list(workers(tmp_path, workers=3).map(["sleep a", "sleep b", "sleep c"]))


def test_a_machine_with_other_versions_is_refused(ray: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = clusters.versions()
    monkeypatch.setattr(clusters, "versions", lambda: {**here, "numpy": "1.0"})
    with pytest.raises(UsageError, match=r"other versions: numpy \S+ there, 1\.0 here"):
        list(workers(tmp_path).map(["say a"]))


def test_s10_leaving_early_ends_all_workers_at_once(ray: Any, tmp_path: Path) -> None:
    answers = workers(tmp_path).map(["pid", "hang x", "hang y", "hang z"])
    first = int(next(answers))
    while not (held := [int(path.read_text()) for path in tmp_path.glob("[xy].*")]):
        time.sleep(0.05)
    began = time.monotonic()
    answers.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 3
    assert all(gone(pid) for pid in [first, *held])
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("sattrack-worker")]


_ALONE = """
import os, signal, subprocess, sys, time
from pathlib import Path
from sattrack.executors.clusters import RayExecutor
from sattrack.executors.processes import Bounds
sys.path.insert(0, sys.argv[1])
if __name__ == "__main__":
    before = signal.getsignal(signal.SIGTERM)
    made = RayExecutor("deadly_work:begin", sys.argv[2], workers=2, bounds=Bounds(60, 4 << 30, 9), gpus=sys.argv[3] == "gpus")
    answers = made.map(sys.argv[4:])
    print(next(answers))
    import ray
    assert signal.getsignal(signal.SIGTERM) is before
    mine = ray._private.worker._global_node
    print("folder", Path(mine.get_session_dir_path()).parents[1])
    print("node", mine.node_ip_address)
    print("resources", ray.cluster_resources()["CPU"])
    for answer in answers:
        print(answer)
    print("left", [name for name in os.environ if name.startswith("RAY_AUTH_TOKEN")])
"""


def alone(tmp_path: Path, *items: str, gpus: bool = False, cwd: Path | None = None, **environment: str) -> list[str]:
    """The lines of a process that starts a cluster of its own."""
    program = tmp_path / "alone.py"
    program.write_text(_ALONE)
    code = "gpus" if gpus else "none"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    words = [sys.executable, str(program), str(Path(__file__).parent), str(tmp_path), code, *items]
    done = subprocess.run(words, capture_output=True, text=True, timeout=100, env={**clean, **environment}, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_i5_a_cluster_of_ones_own_has_a_token_listens_on_the_loopback_only_and_leaves_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    lines = alone(tmp_path, "say a", "ports", "token", HOME=str(home))
    said = dict(line.split(" ", 1) for line in lines)
    assert said["node"] == "127.0.0.1"
    assert said["resources"] == "2.0"
    assert said["token"].split() == ["token", "True", "usage", "0"]
    assert said["left"] == "[]"
    listening = said["ports"].split()
    assert listening
    assert [one for one in listening if not re.fullmatch(r"(::ffff:)?127\.0\.0\.1", one)] == []
    assert not Path(said["folder"]).exists()
    assert list(home.iterdir()) == []


def test_i5_nothing_that_lies_in_the_folder_of_now_is_run(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for module in ("queue", "pyarrow", "sattrack"):
        (folder / f"{module}.py").write_text("import pathlib; pathlib.Path(__file__).with_suffix('.ran').touch()\n")
    assert alone(tmp_path, "say a", cwd=folder)[0] == "say a"
    assert not list(folder.glob("*.ran"))


def test_o9_each_actor_has_a_card_of_its_own_where_there_are_some(tmp_path: Path) -> None:
    lines = alone(tmp_path, "card a", "card b", gpus=True, CUDA_VISIBLE_DEVICES="0,1", RAY_OVERRIDE_RESOURCES='{"GPU": 2}')
    assert {line for line in lines if line.startswith("card")} == {"card 0", "card 1"}
