import importlib.util

import pytest

from sattrack.detectors import onnx_providers
from sattrack.detectors.onnx_providers import CPU, CUDA, TENSORRT, demand_provider, providers_for
from sattrack.errors import UsageError

EVERY = (TENSORRT, CUDA, CPU)


def names(device: str, *offered: str) -> list[str]:
    return [name for name, _ in providers_for(device, offered=offered, tile_px=640)]


@pytest.fixture(autouse=True)
def no_tensorrt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(onnx_providers, "accelerated", lambda: True)


def test_a_card_runs_it_where_it_is_asked_for_or_may_be_here(monkeypatch: pytest.MonkeyPatch) -> None:
    assert names("cuda", *EVERY) == names("auto", *EVERY) == [CUDA, CPU]
    assert names("cpu", *EVERY) == names("auto", CPU) == [CPU]
    monkeypatch.setattr(onnx_providers, "accelerated", lambda: False)
    assert names("auto", *EVERY) == [CPU]
    assert providers_for("cuda:2", offered=EVERY, tile_px=640)[0][1]["device_id"] == 2


def test_tensorrt_goes_first_where_its_package_is_installed_and_builds_one_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == "tensorrt" or None)
    (first, options), *rest = providers_for("cuda:1", offered=EVERY, tile_px=320)
    assert (first, [name for name, _ in rest]) == (TENSORRT, [CUDA, CPU])
    assert options["trt_profile_min_shapes"] == "pixels:1x320x320x3"
    assert options["trt_profile_max_shapes"] == "pixels:16x320x320x3"
    assert options["device_id"] == 1


@pytest.mark.parametrize("device", ["mps", "cuda:x", "cpu:0", "auto:1", ""])
def test_other_devices_are_refused(device: str) -> None:
    with pytest.raises(UsageError, match="cannot run on the device"):
        names(device, *EVERY)


def test_o9_a_card_asked_for_by_name_is_never_silently_the_cpu() -> None:
    with pytest.raises(UsageError, match=r"runs on the CPU only .*onnxruntime-gpu"):
        names("cuda", CPU)
    chosen = providers_for("cuda", offered=EVERY, tile_px=640)
    with pytest.raises(UsageError, match="CUDAExecutionProvider could not start"):
        demand_provider("cuda", chosen=chosen, running=[CPU])
    demand_provider("cuda", chosen=chosen, running=[CUDA, CPU])
    demand_provider("auto", chosen=chosen, running=[CPU])
