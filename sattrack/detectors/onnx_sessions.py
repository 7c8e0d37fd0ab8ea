"""ONNX Runtime's sessions: opened without telling anybody, and what a graph says of itself."""

from typing import Any

from sattrack.detectors.backends import silent_imports
from sattrack.detectors.onnx_providers import CPU, demand_provider, providers_for
from sattrack.errors import WeightsError

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
    try:
        session = runtime.InferenceSession(graph, options, providers=chosen)
    except runtime_errors() as error:
        raise WeightsError(f"ONNX Runtime cannot load it: {str(error).splitlines()[0][:200]}", where=where) from error
    demand_provider(device, chosen=chosen, running=session.get_providers())
    return session


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
    named = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented", "RuntimeException")
    return (*(getattr(states, name) for name in named), RuntimeError, ValueError)
