"""The ONNX Runtime backend, on the CPU."""

import numpy as np
from numpy.typing import NDArray

from sattrack.detectors.exports import Export
from sattrack.detectors.onnx_sessions import open_session, runtime_errors
from sattrack.errors import DetectorError


class OnnxForward:
    """An export as ONNX Runtime runs it."""

    def __init__(self, export: Export) -> None:
        self.oriented = export.stated.oriented
        self.device = f"cpu ({export.runtime})"
        self._session = open_session(export.graph, where="the ONNX export")
        self._input = self._session.get_inputs()[0].name

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        try:
            return np.asarray(self._session.run(None, {self._input: pixels})[0], np.float32)
        except runtime_errors() as error:
            raise DetectorError(f"the network failed on {self.device}: {str(error).splitlines()[0][:200]}") from error
