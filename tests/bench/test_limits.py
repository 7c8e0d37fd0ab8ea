import threading
import time

import numpy as np
import pytest

from sattrack.bench.clocks import Clock, peak_bytes
from sattrack.bench.limits import Stopwatch, forward_of
from sattrack.detections import Detections
from sattrack.imagery import Batch, Tile, Window


class Plain:
    classes, gsd_m, tile_px, device = ("container",), 0.2, 64, "tests"

    def detect(self, batches):
        for batch in batches:
            time.sleep(0.001)
            yield [Detections.none() for _ in batch.tiles]


class Forward:
    """A network that remembers what it was given."""

    workers, size = 2, 1

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []
        self.threads: set[int] = set()

    def __call__(self, pixels):
        self.seen.append(np.shape(pixels))
        self.threads.add(threading.get_ident())
        time.sleep(0.002)


def batch(tiles: int) -> Batch:
    window = Window(0, 0, 8, 8)
    return Batch(tuple(Tile(window, np.zeros((8, 8, 3), np.uint8), np.ones((8, 8), bool)) for _ in range(tiles)))


def test_the_stopwatch_times_only_the_detector_and_passes_everything_on() -> None:
    watch = Stopwatch(Plain())
    found = list(watch.detect(batch(2) for _ in range(40)))
    assert [len(one) for one in found] == [2] * 40
    assert 0.04 <= watch.spent.wall_s < 5
    assert watch.network == Clock()
    assert (watch.classes, watch.tile_px, watch.device) == (("container",), 64, "tests")


def test_the_network_is_timed_alone_as_the_detector_would_call_it() -> None:
    plain = Plain()
    plain._forward = forward = Forward()  # type: ignore[attr-defined]
    watch = Stopwatch(plain)
    assert len(list(watch.detect(batch(4) for _ in range(3)))) == 3
    # A tile a call, two calls at once.
    assert forward.seen == [(1, 8, 8, 3)] * 12
    assert len(forward.threads) == 2
    assert 0.012 <= watch.network.wall_s < 5


def test_a_network_that_takes_a_batch_as_it_comes_is_given_it_whole_in_one_thread() -> None:
    plain, forward = Plain(), Forward()
    plain._forward = forward  # type: ignore[attr-defined]
    forward.size, forward.workers = None, 1  # type: ignore[assignment]
    through = forward_of(plain)
    assert through is not None
    through([np.zeros((4, 8, 8, 3), np.uint8), np.zeros((1, 8, 8, 3), np.uint8)])
    assert [shape[0] for shape in forward.seen] == [4, 1]


def test_a_network_that_takes_more_than_a_batch_is_given_as_much_at_once_as_in_a_run() -> None:
    plain, forward = Plain(), Forward()
    plain._forward = forward  # type: ignore[attr-defined]
    forward.size = 8
    assert len(list(Stopwatch(plain).detect(batch(4) for _ in range(5)))) == 5
    assert sorted(shape[0] for shape in forward.seen) == [4, 8, 8]


def test_what_a_network_raises_is_raised_here() -> None:
    plain = Plain()

    def broken(_pixels):
        raise ValueError("no")

    plain._forward = broken  # type: ignore[attr-defined]
    through = forward_of(plain)
    assert through is not None
    with pytest.raises(ValueError, match="no"):
        through([np.zeros((1, 8, 8, 3), np.uint8)])


def test_a_clock_counts_the_processor_of_this_process() -> None:
    began = Clock.now()
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass
    spent = Clock.now() - began
    assert spent.cpu_s >= 0.05
    assert (spent + spent).wall_s == pytest.approx(2 * spent.wall_s)


def test_peak_memory_counts_what_was_once_held() -> None:
    before = peak_bytes()
    held = np.ones(60_000_000, np.uint8)
    held[::4096] = 2
    del held
    assert peak_bytes() >= before
    assert peak_bytes() > 60e6
