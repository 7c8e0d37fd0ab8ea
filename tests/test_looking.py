"""One scene on its way: what of its time goes where."""

import time

import pytest

from sattrack.looking import AHEAD, STAGES, Timings


def test_what_neither_waits_nor_is_told_otherwise_is_the_models() -> None:
    timings = Timings(waiting=1.0)
    timings.stages.update(read=7.0, look=3.0, place=0.5, merge=0.25)
    timings.end(10.0)
    assert timings.model == timings.stages["model"] == pytest.approx(10 - 1 - 0.75)
    timings.end(0.1)
    assert timings.model == 0


def test_stages_of_reading_count_the_threads_own_work_and_the_others_the_clock() -> None:
    timings = Timings()
    for name in STAGES:
        with timings.stage(name):
            time.sleep(0.02)
    assert all(timings.stages[name] < 0.015 for name in AHEAD)
    assert all(timings.stages[name] >= 0.015 for name in STAGES if name not in AHEAD)
