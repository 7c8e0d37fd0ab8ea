"""Tiles through a network's threads, with a network that only says which tile it saw."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from sattrack.detectors.calling import answers, short_of_memory
from sattrack.errors import DetectorError
from sattrack.imagery import Batch, Tile, Window

PIXELS, SEEN = np.zeros((1, 1, 3), np.uint8), np.ones((1, 1), bool)


@dataclass
class Lanes:
    workers: int = 2
    size: int | None = 1


def batches_of(*lengths: int) -> list[Batch]:
    numbers = iter(range(sum(lengths)))
    return [Batch(tuple(Tile(Window(next(numbers), 0, 1, 1), PIXELS, SEEN) for _ in range(n))) for n in lengths]


def number(tiles: list[Tile]) -> list[int]:
    return [tile.window.col for tile in tiles]


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("sattrack-network")]


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("size", [None, 1, 3, 32])
def test_answers_come_batch_by_batch_in_order_whatever_the_calls_are(workers: int, size: int | None) -> None:
    lengths = (4, 4, 0, 1, 4, 7, 0, 0, 2)
    calls: list[int] = []

    def ask(tiles: list[Tile]) -> list[int]:
        calls.append(len(tiles))
        return number(tiles)

    found = list(answers(ask, batches_of(*lengths), lanes=Lanes(workers, size)))
    assert [len(of_batch) for of_batch in found] == list(lengths)
    assert [one for of_batch in found for one in of_batch] == list(range(sum(lengths)))
    assert max(calls) <= (size or 7)
    assert 0 not in calls
    assert threads() == []


@pytest.mark.parametrize("size", [None, 1, 3, 4, 32])
def test_no_call_holds_tiles_of_two_scenes_so_that_a_part_does_not_know_what_went_before_it(size: int | None) -> None:
    calls: list[list[int]] = []

    def ask(tiles: list[Tile]) -> list[int]:
        calls.append(number(tiles))
        return number(tiles)

    of_lengths = batches_of(4, 1, 4, 4, 2, 1)
    first = (True, False, True, False, False, True)
    batches = [replace(batch, begins=begins) for batch, begins in zip(of_lengths, first, strict=True)]
    assert [len(found) for found in answers(ask, batches, lanes=Lanes(1, size))] == [4, 1, 4, 4, 2, 1]
    scenes = [range(5), range(5, 15), range(15, 16)]
    assert all(any(set(call) <= set(scene) for scene in scenes) for call in calls)


def test_an_error_is_of_the_scene_whose_tile_it_is() -> None:
    def ask(tiles: list[Tile]) -> list[int]:
        if 2 in number(tiles):
            raise DetectorError("not finite")
        return number(tiles)

    stream = answers(ask, [replace(batch, begins=True) for batch in batches_of(1, 1, 1)], lanes=Lanes(1, 32))
    assert [next(stream), next(stream)] == [[0], [1]]
    with pytest.raises(DetectorError, match="not finite"):
        next(stream)


def test_nothing_in_is_nothing_out() -> None:
    assert list(answers(number, [], lanes=Lanes())) == []
    assert list(answers(number, batches_of(0, 0), lanes=Lanes())) == [[], []]


@pytest.mark.parametrize(("workers", "size", "most"), [(1, None, 2), (2, 1, 2), (4, 1, 2), (2, 8, 6)])
def test_no_more_is_drawn_ahead_than_fills_the_lanes(workers: int, size: int | None, most: int) -> None:
    drawn: list[int] = []

    def source() -> Iterator[Batch]:
        for n, batch in enumerate(batches_of(*(4,) * 40)):
            drawn.append(n)
            yield batch

    for handed, _ in enumerate(answers(number, source(), lanes=Lanes(workers, size))):
        assert len(drawn) <= handed + most


def test_the_next_batch_is_at_work_while_the_caller_has_the_last() -> None:
    second = threading.Event()

    def ask(tiles: list[Tile]) -> list[int]:
        if tiles[0].window.col == 1:
            second.set()
        return number(tiles)

    stream = answers(ask, batches_of(1, 1, 1), lanes=Lanes(1, None))
    assert next(stream) == [0]
    assert second.wait(10)
    stream.close()


def test_calls_run_at_once_in_as_many_threads_as_there_are_lanes() -> None:
    together = threading.Barrier(3, timeout=10)

    def ask(tiles: list[Tile]) -> list[int]:
        together.wait()
        return number(tiles)

    assert list(answers(ask, batches_of(3, 3), lanes=Lanes(3, 1))) == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("size", [None, 1, 3])
def test_an_error_in_the_middle_comes_after_what_was_before_it_and_leaves_no_thread(size: int | None) -> None:
    def ask(tiles: list[Tile]) -> list[int]:
        if 9 in number(tiles):
            raise DetectorError("the card fell out")
        return number(tiles)

    stream = answers(ask, batches_of(3, 3, 3, 3, 3, 3), lanes=Lanes(2, size))
    assert [next(stream) for _ in range(3)] == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    with pytest.raises(DetectorError, match="fell out"):
        next(stream)
    assert threads() == []


def test_an_error_of_those_who_give_the_batches_is_raised_and_leaves_no_thread() -> None:
    def source() -> Iterator[Batch]:
        yield from batches_of(2, 2)
        raise OSError("the file ends here")

    with pytest.raises(OSError, match="ends here"):
        list(answers(number, source(), lanes=Lanes()))
    assert threads() == []


def test_closed_early_it_drops_what_has_not_begun_and_leaves_no_thread() -> None:
    asked: list[int] = []

    def ask(tiles: list[Tile]) -> list[int]:
        asked.extend(number(tiles))
        return number(tiles)

    stream = answers(ask, batches_of(*(1,) * 50), lanes=Lanes(2, 1))
    next(stream)
    stream.close()
    assert len(asked) < 5
    assert threads() == []


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("size", [None, 1, 3])
def test_d11_where_memory_ends_tiles_are_asked_one_by_one_and_no_two_at_once(workers: int, size: int | None) -> None:
    at_once, most, seen = 0, 0, set[int]()
    counting = threading.Lock()

    def ask(tiles: list[Tile]) -> list[int]:
        nonlocal at_once, most
        first = not seen.issuperset(number(tiles))
        seen.update(number(tiles))
        if first:
            raise MemoryError
        with counting:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.002)
        with counting:
            at_once -= 1
        return number(tiles)

    found = list(answers(ask, batches_of(4, 4, 1), lanes=Lanes(workers, size)))
    assert [one for of_batch in found for one in of_batch] == list(range(9))
    assert most == 1


def test_d11_a_tile_that_is_too_much_by_itself_is_an_error() -> None:
    calls: list[int] = []

    def ask(tiles: list[Tile]) -> list[int]:
        calls.append(len(tiles))
        raise MemoryError

    with pytest.raises(MemoryError):
        list(answers(ask, batches_of(3), lanes=Lanes(1, None)))
    assert calls == [3, 1]


@pytest.mark.parametrize(
    ("said", "short"),
    [
        ("Exception from src/inference/src/cpp/infer_request.cpp:223:\nstd::bad_alloc", True),
        ("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Failed to allocate memory for requested buffer of size 1", True),
        ("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes. Error code 12", True),
        ("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes.", True),
        ("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", True),
        ("cuDNN error: CUDNN_STATUS_ALLOC_FAILED", True),
        ("MPS backend out of memory (MPS allocated: 9.05 GB, other allocations: 1 MB, max allowed: 9.07 GB).", True),
        ("Shape mismatch", False),
    ],
)
def test_d11_runtimes_say_in_their_own_words_that_memory_ended(said: str, short: bool) -> None:
    assert short_of_memory(RuntimeError(said)) is short
