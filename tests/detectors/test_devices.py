import pytest
import torch

from sattrack.detectors.devices import choose_device
from sattrack.errors import UsageError


def test_auto_takes_the_best_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto") == torch.device("cuda:0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto") == torch.device("mps")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto") == torch.device("cpu")


@pytest.mark.parametrize("asked", ["cuda", "cuda:3", "mps"])
def test_o9_a_device_asked_for_by_name_and_absent_is_refused(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(UsageError, match=asked):
        choose_device(asked)


def test_o9_a_number_beyond_the_devices_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(UsageError, match="finds 2 CUDA devices"):
        choose_device("cuda:2")


@pytest.mark.parametrize("asked", ["gpu", "", "cuda:x", "meta", "xpu"])
def test_a_device_that_is_not_known_is_refused(asked: str) -> None:
    with pytest.raises(UsageError, match="use auto, cpu, mps, cuda or cuda:N"):
        choose_device(asked)
