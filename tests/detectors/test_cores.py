import os

import pytest

from sattrack.detectors.cores import granted_threads


def test_the_cores_of_this_process_are_granted_unless_the_environment_grants_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert granted_threads() == 3
    for nothing in ("", "0", "many"):
        monkeypatch.setenv("OMP_NUM_THREADS", nothing)
        monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 4, 5, 7}, raising=False)
        assert granted_threads() == 4
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert granted_threads() == 1
