from types import SimpleNamespace

import pytest

from sattrack.detectors import heap


def test_memory_is_given_back_where_the_c_library_can_and_nothing_happens_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(heap.sys, "platform", "linux")
    monkeypatch.setattr(heap.ctypes, "CDLL", lambda _name: SimpleNamespace(malloc_trim=asked.append))
    heap.give_back()
    assert asked == [0]
    monkeypatch.setattr(heap.ctypes, "CDLL", lambda _name: SimpleNamespace())
    heap.give_back()
    monkeypatch.setattr(heap.sys, "platform", "darwin")
    heap.give_back()
    assert asked == [0]
