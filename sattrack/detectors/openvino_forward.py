"""The OpenVINO backend, on the CPU."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sattrack.detectors.backends import asked_threads, silent_imports
from sattrack.detectors.exports import Export
from sattrack.errors import DetectorError, WeightsError


class OpenvinoForward:
    """An export as OpenVINO runs it."""

    def __init__(self, export: Export) -> None:
        self.oriented = export.stated.oriented
        self.device = f"cpu ({export.runtime})"
        core = openvino().Core()
        # Left to itself it would take half precision on processors that have it, and another answer on each.
        hints: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32"}
        if threads := asked_threads():
            hints["INFERENCE_NUM_THREADS"] = threads
        try:
            model = core.read_model(model=export.graph, weights=export.constants)
            self._request = core.compile_model(model, "CPU", hints).create_infer_request()
        except RuntimeError as error:
            raise WeightsError(f"OpenVINO cannot load it: {_first_line(error)}", where="the OpenVINO export") from error

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        try:
            self._request.infer([pixels], share_inputs=True)
        except RuntimeError as error:
            raise DetectorError(f"the network failed on {self.device}: {_first_line(error)}") from error
        # Its memory is used again for the next batch.
        return np.array(self._request.get_output_tensor(0).data, np.float32)


def openvino() -> Any:
    """The package, imported so that it tells nobody."""
    with silent_imports():
        import openvino as package

        return package


def _first_line(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip()[:200] if lines else type(error).__name__
