"""ONNX Runtime's sessions: opened without telling anybody, and what a graph says of itself."""

from typing import Any

from sattrack.detectors.backends import asked_threads, silent_imports
from sattrack.errors import WeightsError

# Of a session's messages: only what is fatal. What goes wrong otherwise is raised as well.
_FATAL = 4


def metadata(graph: bytes, *, where: str) -> dict[str, str]:
    """What an ONNX file says of itself. WeightsError where it is none."""
    return dict(open_session(graph, where=where).get_modelmeta().custom_metadata_map)


def open_session(graph: bytes, *, where: str) -> Any:
    """A session of the graph on the CPU. WeightsError where it cannot be loaded."""
    runtime = _runtime()
    options = runtime.SessionOptions()
    options.log_severity_level = _FATAL
    options.intra_op_num_threads = asked_threads()
    # Threads that spin while they wait take the cores from those that read.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return runtime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except runtime_errors() as error:
        raise WeightsError(f"ONNX Runtime cannot load it: {str(error).splitlines()[0][:200]}", where=where) from error


def _runtime() -> Any:
    with silent_imports():
        import onnxruntime

        return onnxruntime


def runtime_errors() -> tuple[type[Exception], ...]:
    """Its errors share no parent of their own."""
    states = _runtime().capi.onnxruntime_pybind11_state
    named = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented", "RuntimeException")
    return (*(getattr(states, name) for name in named), RuntimeError, ValueError)
