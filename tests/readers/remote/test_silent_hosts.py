"""Silent hosts: after some files without an answer the next fail at once; one probe after a pause decides for all."""

import pytest

from sattrack.errors import RemoteBusy
from sattrack.readers.remote import silent_hosts
from sattrack.readers.remote.silent_hosts import MOST_FILES, PAUSE_S, answered, forget, tries_at, was_silent


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(silent_hosts.time, "monotonic", lambda: now[0])
    forget()
    yield now
    forget()


def asked(host: str = "h") -> int:
    return tries_at(host, usual=8, where="https://h/a.tif")


def test_n1_after_some_files_in_a_row_nothing_is_asked_until_a_pause_is_over(clock: list[float]) -> None:
    for _ in range(MOST_FILES):
        assert asked() == 8
        was_silent("h")
    with pytest.raises(RemoteBusy, match="not asked: h gave no answer for 5 files before, and is tried again in 60 s"):
        asked()
    assert asked("other") == 8
    clock[0] += PAUSE_S + 1
    assert asked() == 1
    with pytest.raises(RemoteBusy):
        asked()  # another thread, while the one probe is under way


def test_n1_an_answer_lets_all_be_asked_as_usual(clock: list[float]) -> None:
    for _ in range(MOST_FILES):
        was_silent("h")
    clock[0] += PAUSE_S + 1
    assert asked() == 1
    answered("h")
    assert asked() == 8


def test_n1_only_files_in_a_row_count(clock: list[float]) -> None:
    for _ in range(3 * MOST_FILES):
        was_silent("h")
        answered("h")
    assert asked() == 8
