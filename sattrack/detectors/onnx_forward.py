"""The ONNX Runtime backend, on the CPU."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sattrack.detectors.backends import asked_threads, silent_imports
from sattrack.detectors.exports import Export
from sattrack.errors import DetectorError, WeightsError

# Of a session's messages: only what is fatal. What goes wrong otherwise is raised as well.
_FATAL = 4


class OnnxForward:
    """An export as ONNX Runtime runs it."""

    def __init__(self, export: Export) -> None:
        self.oriented = export.stated.oriented
        self.device = f"cpu ({export.runtime})"
        self._session = _session(export.graph, where="the ONNX export")
        self._input = self._session.get_inputs()[0].name

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        try:
            return np.asarray(self._session.run(None, {self._input: pixels})[0], np.float32)
        except _errors() as error:
            raise DetectorError(f"the network failed on {self.device}: {str(error).splitlines()[0][:200]}") from error


def metadata(graph: bytes, *, where: str) -> dict[str, str]:
    """What an ONNX file says of itself. WeightsError where it is none."""
    return dict(_session(graph, where=where).get_modelmeta().custom_metadata_map)


def _session(graph: bytes, *, where: str) -> Any:
    runtime = _runtime()
    options = runtime.SessionOptions()
    options.log_severity_level = _FATAL
    options.intra_op_num_threads = asked_threads()
    # Threads that spin while they wait take the cores from those that read.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return runtime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except _errors() as error:
        raise WeightsError(f"ONNX Runtime cannot load it: {str(error).splitlines()[0][:200]}", where=where) from error


def _runtime() -> Any:
    with silent_imports():
        import onnxruntime

        return onnxruntime


def _errors() -> tuple[type[Exception], ...]:
    """Its errors share no parent of their own."""
    states = _runtime().capi.onnxruntime_pybind11_state
    named = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented", "RuntimeException")
    return (*(getattr(states, name) for name in named), RuntimeError, ValueError)
