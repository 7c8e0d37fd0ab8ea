"""Forwarding: an export made ready to run, by the backend that it is of."""

from sattrack.detectors.decoding import Forward
from sattrack.detectors.exports import Export


def run_export(export: Export) -> Forward:
    """The export, ready to run. WeightsError where its backend cannot load it."""
    if export.stated.backend == "onnx":
        from sattrack.detectors.onnx_forward import OnnxForward

        return OnnxForward(export)
    from sattrack.detectors.openvino_forward import OpenvinoForward

    return OpenvinoForward(export)
