"""ONNX Runtime's sessions: opened without telling anybody, and what a graph says of itself."""

import logging
import os
from collections.abc import Sequence
from typing import Any

from sattrack.detectors.backends import silent_imports
from sattrack.detectors.onnx_providers import CPU, Provider, demand_provider, providers_for
from sattrack.errors import WeightsError

_log = logging.getLogger(__name__)
# Of a session's messages: only what is fatal. What goes wrong otherwise is raised as well.
_FATAL = 4


def metadata(graph: bytes, *, where: str) -> dict[str, str]:
    """What an ONNX file says of itself. WeightsError where it is none."""
    return dict(open_session(graph, where=where).get_modelmeta().custom_metadata_map)


def open_session(graph: bytes, *, where: str, device: str = "cpu", tile_px: int = 0, threads: int = 1) -> Any:
    """A session of the graph, in which a call may run on so many threads of the CPU, its own among them.

    WeightsError where it cannot be loaded, UsageError where the device is not there.
    """
    runtime = _runtime()
    options = runtime.SessionOptions()
    options.log_severity_level = _FATAL
    options.intra_op_num_threads = threads
    # Threads that spin while they wait take the cores from those that read.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    chosen = providers_for(device, offered=runtime.get_available_providers(), tile_px=tile_px)
    if chosen[0][0] != CPU:
        # Cards shorten single precision of themselves. TensorRT has no option against it and reads this once, as it starts.
        os.environ["NVIDIA_TF32_OVERRIDE"] = "0"
    try:
        session = _opened(graph, options, chosen)
    except runtime_errors() as error:
        raise WeightsError(f"ONNX Runtime cannot load it: {first_line(error)}", where=where) from error
    demand_provider(device, chosen=chosen, running=session.get_providers())
    return session


def _opened(graph: bytes, options: Any, chosen: Sequence[Provider]) -> Any:
    """The session by the first provider that can take the graph. Left to itself the runtime would print so, and go on with
    options of its own: on another card than the one asked for, and in other arithmetic.
    """
    try:
        return _runtime().InferenceSession(graph, options, providers=chosen, enable_fallback=0)
    except runtime_errors() as error:
        if len(chosen) == 1:
            raise
        _log.info("%s cannot run the export", chosen[0][0], exc_info=error)
    return _opened(graph, options, chosen[1:])


def on_cpu(session: Any) -> bool:
    """Whether a session runs on the CPU alone."""
    return list(session.get_providers()) == [CPU]


def _runtime() -> Any:
    with silent_imports():
        import onnxruntime

        return onnxruntime


def runtime_errors() -> tuple[type[Exception], ...]:
    """Its errors share no parent of their own."""
    states = _runtime().capi.onnxruntime_pybind11_state
    named = ("EPFail", "Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented", "RuntimeException")
    return (*(getattr(states, name) for name in named), RuntimeError, ValueError)


def first_line(error: BaseException) -> str:
    """What the runtime says, in a line."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
