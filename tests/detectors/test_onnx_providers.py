import importlib.util
import os
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from sattrack.detectors import onnx_providers, onnx_sessions
from sattrack.detectors.onnx_providers import CPU, CUDA, TENSORRT, demand_provider, providers_for
from sattrack.detectors.onnx_sessions import open_session
from sattrack.errors import UsageError, WeightsError

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


def test_no_algorithm_is_chosen_by_the_clock() -> None:
    (_, options), _ = providers_for("cuda", offered=EVERY, tile_px=640)
    assert options["cudnn_conv_algo_search"] == "HEURISTIC"


Providers = Sequence[tuple[str, dict[str, Any]]]


class EPFail(Exception):
    """As the runtime's own is: no RuntimeError."""


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Providers]]:
    """An ONNX Runtime built for cards, of whose providers some cannot take the graph."""
    from sattrack.detectors.onnx_sessions import _runtime

    real = _runtime()
    monkeypatch.delenv("NVIDIA_TF32_OVERRIDE", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == "tensorrt" or None)

    def made(*broken: str) -> list[Providers]:
        tried: list[Providers] = []

        class Session:
            def __init__(self, _graph: bytes, _options: object, *, providers: Providers, enable_fallback: int = 1) -> None:
                assert not enable_fallback
                assert os.environ["NVIDIA_TF32_OVERRIDE"] == "0"
                tried.append(providers)
                self.names = [name for name, _ in providers]
                if self.names[0] in broken:
                    raise EPFail("[ONNXRuntimeError] : 11 : EP_FAIL : no associated shape profiles")

            def get_providers(self) -> list[str]:
                return self.names

        states = SimpleNamespace(**vars(real.capi.onnxruntime_pybind11_state) | {"EPFail": EPFail})
        fake = SimpleNamespace(
            SessionOptions=real.SessionOptions, InferenceSession=Session, get_available_providers=lambda: list(EVERY),
            capi=SimpleNamespace(onnxruntime_pybind11_state=states),
        )  # fmt: skip
        monkeypatch.setattr(onnx_sessions, "_runtime", lambda: fake)
        return tried

    return made


def test_a_card_that_tensorrt_cannot_serve_is_served_by_cuda_with_the_same_options(
    card: Callable[..., list[Providers]], capsys: pytest.CaptureFixture[str]
) -> None:
    tried = card(TENSORRT)
    session = open_session(b"", where="it", device="cuda:1", tile_px=640)
    assert session.get_providers() == [CUDA, CPU]
    assert tried[-1][0][1] == {"device_id": 1, "use_tf32": 0, "cudnn_conv_algo_search": "HEURISTIC"}
    assert capsys.readouterr().out == ""


def test_where_no_provider_of_the_card_starts_auto_takes_the_cpu_and_a_card_asked_for_is_refused(
    card: Callable[..., list[Providers]],
) -> None:
    card(TENSORRT, CUDA)
    assert open_session(b"", where="it", device="auto", tile_px=640).get_providers() == [CPU]
    with pytest.raises(UsageError, match="could not start here"):
        open_session(b"", where="it", device="cuda", tile_px=640)
    card(TENSORRT, CUDA, CPU)
    with pytest.raises(WeightsError, match="EP_FAIL"):
        open_session(b"", where="it", device="auto", tile_px=640)
