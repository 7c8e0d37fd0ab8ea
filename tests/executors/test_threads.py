import os
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from sattrack.executors.threads import SerialExecutor, ThreadExecutor
from sattrack.ports import Executor

EXECUTORS = [
    pytest.param(SerialExecutor(), id="serial"),
    pytest.param(ThreadExecutor(workers=1, ahead=1), id="one thread"),
    pytest.param(ThreadExecutor(workers=4, ahead=8), id="four threads"),
]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_results_come_in_the_order_of_the_items(executor: Executor) -> None:
    def slow_first(n: int) -> int:
        time.sleep(0.01 if n % 5 == 0 else 0)
        return n * n

    assert list(executor.map(slow_first, range(40))) == [n * n for n in range(40)]
    assert list(executor.map(slow_first, [])) == []


@pytest.mark.parametrize("executor", EXECUTORS)
def test_i6_the_first_error_in_order_is_raised(executor: Executor) -> None:
    def fails(n: int) -> int:
        if n == 3:
            time.sleep(0.02)
            raise ValueError("three")
        if n == 5:
            raise KeyError("five")
        return n

    results = executor.map(fails, range(10))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_error_of_the_items_themselves_is_raised(executor: Executor) -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        list(executor.map(lambda n: n, items()))


@pytest.mark.parametrize("executor", EXECUTORS)
def test_nothing_is_drawn_before_it_is_asked_for(executor: Executor) -> None:
    drawn: list[int] = []

    def items() -> Iterator[int]:
        for n in range(1000):
            drawn.append(n)
            yield n

    results = executor.map(lambda n: n, items())
    assert drawn == []
    next(results)
    assert len(drawn) <= 9


@pytest.mark.parametrize(("workers", "ahead"), [(1, 1), (2, 5), (4, 4)])
def test_no_more_than_the_bound_are_waiting_or_under_way(workers: int, ahead: int) -> None:
    begun: list[int] = []
    for done, _ in enumerate(ThreadExecutor(workers=workers, ahead=ahead).map(begun.append, range(60))):
        time.sleep(0.001)
        assert len(begun) <= done + ahead


def test_a_consumer_that_leaves_early_leaves_no_thread_behind() -> None:
    results = ThreadExecutor(workers=3, ahead=6).map(lambda n: time.sleep(0.01) or n, range(1000))
    assert next(results) == 0
    results.close()  # type: ignore[attr-defined]
    assert not [t for t in threading.enumerate() if t.name.startswith("sattrack-read")]


def test_work_runs_in_other_threads() -> None:
    names = set(ThreadExecutor(workers=2, ahead=4).map(lambda _: threading.current_thread().name, range(20)))
    assert all(name.startswith("sattrack-read") for name in names)


@pytest.mark.skipif(sys.platform != "linux", reason="only there a thread has a niceness of its own")
def test_reading_threads_give_way_and_the_callers_own_does_not() -> None:
    def niceness(_item: int) -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    before = niceness(0)
    assert list(ThreadExecutor(workers=2, ahead=2).map(niceness, range(4))) == [min(19, before + 1)] * 4
    assert niceness(0) == before
