import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sattrack.errors import DetectorError, UsageError
from sattrack.executors import processes
from sattrack.executors.processes import Bounds, Lost, Place, ProcessExecutor, Retired, answers_of

BOUNDS = Bounds(seconds=60, bytes=4 << 30, items=100)


def workers(start: object, *, workers: int = 2, bounds: Bounds = BOUNDS) -> ProcessExecutor:
    return ProcessExecutor(
        "deadly_work:begin", str(start), workers=workers, bounds=bounds,
        environment=lambda _n: {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


def gone(pid: int, *, within_s: float = 5.0) -> bool:
    """Whether a process has ended, also one that nobody has waited for."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_answers_come_in_order_and_items_are_drawn_as_they_are_wanted(tmp_path: Path) -> None:
    drawn = []

    def items() -> Iterator[str]:
        for n in range(30):
            drawn.append(n)
            yield f"say {n}"

    answers = workers(tmp_path).map(items())
    assert next(answers) == "say 0"
    assert len(drawn) <= 9
    assert list(answers) == [f"say {n}" for n in range(1, 30)]


def test_a_worker_that_is_not_ready_in_time_is_no_scene_that_took_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No Python starts in that time.
    monkeypatch.setattr(processes, "READY_S", 0.001)
    monkeypatch.setattr(processes, "_LOOK_S", 0.001)
    with pytest.raises(DetectorError, match=r"no worker could be started: it was not ready after 0.001 s"):
        list(workers(tmp_path, workers=1).map(["say a"]))


def test_what_libraries_print_does_not_reach_the_answers(tmp_path: Path) -> None:
    assert list(workers(tmp_path, workers=1).map(["print a", "say b"])) == ["print a", "say b"]


def test_c2_c3_c4_c5_workers_are_started_afresh_and_inherit_nothing_that_is_open(tmp_path: Path) -> None:
    with (tmp_path / "held").open("w") as held:
        os.set_inheritable(held.fileno(), False)
        (pid,) = workers(tmp_path, workers=1).map(["pid"])
        assert int(pid) != os.getpid()
    import cv2  # noqa: F401 (loaded here, and so in a forked child too)

    assert list(workers(tmp_path, workers=1).map(["modules"])) == [""]


@pytest.mark.parametrize(
    ("item", "said"),
    [("segfault x", "SIGSEGV"), ("kill x", "SIGKILL"), ("leave x", "ended with 7"), ("raise x", "what nobody thought of")],
)
def test_c6_c7_an_item_that_always_kills_its_worker_is_lost_after_three_attempts_and_alone(
    tmp_path: Path, item: str, said: str
) -> None:
    first, lost, last = workers(tmp_path).map(["say a", item, "say b"])
    assert (first, last) == ("say a", "say b")
    assert isinstance(lost, Lost)
    assert said in lost.reason
    assert "3 times" in lost.reason
    assert len(list(tmp_path.glob("x.*"))) == 3


def test_c6_an_item_whose_worker_was_killed_once_is_done_again(tmp_path: Path) -> None:
    assert list(workers(tmp_path).map(["say a", "once x", "say b"])) == ["say a", "once x", "say b"]


@pytest.mark.parametrize("module", ["queue", "pydantic", "sattrack"])
def test_i5_nothing_that_lies_in_the_folder_of_now_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    (tmp_path / f"{module}.py").write_text("import pathlib; pathlib.Path(__file__).with_suffix('.ran').touch()\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "caf\N{LATIN SMALL LETTER E WITH ACUTE} 'x'")
    monkeypatch.setattr(sys, "path", [*sys.path, tmp_path])  # a Path says nothing to Python
    assert list(workers(tmp_path, workers=1).map(["say a"])) == ["say a"]
    assert not list(tmp_path.glob("*.ran"))


def test_c6_a_worker_that_dies_before_a_child_that_it_forked_is_lost_at_once(tmp_path: Path) -> None:
    began = time.monotonic()
    lost, last = workers(tmp_path).map(["part x", "say b"])
    assert isinstance(lost, Lost)
    assert "its worker was killed (SIGKILL), 3 times" in lost.reason
    assert last == "say b"
    assert time.monotonic() - began < 30
    assert gone(int((tmp_path / "child of x").read_text()))  # and what it had started goes with it


def test_d15_what_a_worker_that_takes_too_long_has_started_is_ended_with_it(tmp_path: Path) -> None:
    answers = workers(tmp_path, bounds=Bounds(1.0, 4 << 30, 100)).map(["stuck x", "say b"])
    lost, last = within(30, lambda: list(answers))
    assert isinstance(lost, Lost)
    assert "longer than scene_seconds = 1" in lost.reason
    assert last == "say b"
    assert gone(int((tmp_path / "child of x").read_text()))


def test_c8_a_worker_is_made_anew_after_so_many_items(tmp_path: Path) -> None:
    executor = workers(tmp_path, workers=1, bounds=Bounds(60, 4 << 30, items=2))
    pids = list(executor.map(["pid"] * 5))
    assert [pids[i] == pids[i + 1] for i in range(4)] == [True, False, True, False]


def test_c10_a_worker_gets_its_share_of_the_cores(tmp_path: Path) -> None:
    assert list(workers(tmp_path).map(["threads"])) == ["1"]


def test_d15_an_item_that_takes_too_long_is_ended_once_and_alone(tmp_path: Path) -> None:
    lost, last = workers(tmp_path, bounds=Bounds(1.0, 4 << 30, 100)).map(["hang x", "say b"])
    assert isinstance(lost, Lost)
    assert "longer than scene_seconds = 1" in lost.reason
    assert "--scene-seconds" in lost.way_out
    assert len(list(tmp_path.glob("x.*"))) == 1
    assert last == "say b"


@pytest.mark.skipif(not Path("/proc/self/statm").is_file(), reason="this system does not tell what a process holds")
def test_d11_an_item_that_takes_too_much_memory_is_ended_alone(tmp_path: Path) -> None:
    lost, last = workers(tmp_path, bounds=Bounds(60, 300 << 20, 100)).map(["swell x", "say b"])
    assert isinstance(lost, Lost)
    assert "more than worker_bytes = 300 MiB" in lost.reason
    assert last == "say b"


def test_what_keeps_a_worker_from_starting_is_raised() -> None:
    with pytest.raises(UsageError, match="no such weights"):
        list(workers("refuse").map(["say a"]))
    with pytest.raises(DetectorError, match="no worker could be started: its worker was killed"):
        list(workers("die").map(["say a"]))


def test_s10_leaving_early_ends_all_workers_at_once(tmp_path: Path) -> None:
    answers = workers(tmp_path).map(["pid", "hang x", "hang y", "hang z"])
    first = int(next(answers))
    while not (held := [int(path.read_text()) for path in tmp_path.glob("[xy].*")]):
        time.sleep(0.05)
    began = time.monotonic()
    answers.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 2
    assert all(gone(pid) for pid in [first, *held])
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("sattrack-worker")]


def test_o12_a_worker_whose_parent_was_killed_ends_itself_and_what_it_started(tmp_path: Path) -> None:
    code = (
        "import sys; from sattrack.executors.processes import *\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        f"executor = ProcessExecutor('deadly_work:begin', {str(tmp_path)!r}, workers=1, bounds=Bounds(600, 4 << 30, 9))\n"
        "list(executor.map(['stuck x']))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    until = time.monotonic() + 60
    while not (held := list(tmp_path.glob("x.*"))) or not list(tmp_path.glob("child of x")):
        assert time.monotonic() < until
        time.sleep(0.05)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert gone(int(held[0].read_text()))
    assert gone(int((tmp_path / "child of x").read_text()))


def test_an_answer_may_be_larger_than_a_pipe_holds(tmp_path: Path) -> None:
    assert [len(answer) for answer in workers(tmp_path, workers=1).map(["large 3000000"])] == [3_000_000]


def within(seconds: float, ask: Callable[[], Any]) -> Any:
    """What is answered, by a thread that may be left behind."""
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=lambda: answers.put(ask()), daemon=True).start()
    return answers.get(timeout=seconds)


def test_d15_a_worker_that_does_not_read_what_it_is_told_is_given_up_in_time(tmp_path: Path) -> None:
    place = Place(("deadly_work:begin", str(tmp_path)), bounds=BOUNDS, environment={})
    worker = place.ready()
    os.kill(worker._process.pid, signal.SIGSTOP)
    item = f"say {'x' * 3_000_000}"
    lost = within(20, lambda: worker.ask(item, seconds=1.0, most=4 << 30))
    assert isinstance(lost, Lost)
    assert "longer than scene_seconds = 1" in lost.reason
    place.close()
    assert gone(worker._process.pid)


def test_s10_a_worker_that_never_reads_its_first_words_can_be_ended(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)\n")
    first = ("deadly_work:begin", "x" * 3_000_000)
    place = Place(first, bounds=BOUNDS, environment={"PYTHONPATH": str(tmp_path)})
    refused: queue.SimpleQueue[object] = queue.SimpleQueue()

    def begin() -> None:
        try:
            place.ready()
        except DetectorError as error:
            refused.put(error)

    threading.Thread(target=begin, daemon=True).start()
    until = time.monotonic() + 20
    while place._worker is None:
        assert time.monotonic() < until
        time.sleep(0.05)
    pid = place._worker._process.pid
    place.close()
    assert gone(pid)
    assert "no worker could be started" in str(refused.get(timeout=20))


def test_c6_an_answer_that_cannot_be_read_is_lost_at_once_and_alone(tmp_path: Path) -> None:
    began = time.monotonic()
    lost, last = workers(tmp_path).map(["riddle x", "say b"])
    assert isinstance(lost, Lost)
    assert "what its worker said could not be read, 3 times" in lost.reason
    assert last == "say b"
    assert time.monotonic() - began < BOUNDS.seconds


class Fading:
    """A place that answers so often, and then cannot be made to work again."""

    def __init__(self, answers: int) -> None:
        self.left, self.closed = answers, False

    def once(self, item: str) -> str:
        if not self.left:
            raise Retired(DetectorError("no worker could be started"))
        self.left -= 1
        return item

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("left", [0, 1, 4])
def test_i6_a_place_that_retires_costs_no_item_while_there_is_another(left: int) -> None:
    places = [Fading(left), Fading(100)]
    items = [f"say {n}" for n in range(20)]
    assert list(answers_of(places, items, attempts=3)) == items
    assert all(place.closed for place in places)


def test_with_the_last_place_all_ends_and_why_is_raised() -> None:
    answers = answers_of([Fading(2), Fading(1), Fading(0)], [f"say {n}" for n in range(20)], attempts=3)

    def all_of_them() -> object:
        try:
            return list(answers)
        except DetectorError as error:
            return error

    assert str(within(20, all_of_them)) == "no worker could be started"
