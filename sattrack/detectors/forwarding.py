"""Forwarding: an export made ready to run, by the backend that it is of."""

from sattrack.detectors.decoding import Forward
from sattrack.detectors.exports import Export


def run_export(export: Export, *, device: str = "cpu") -> Forward:
    """The export, ready to run. WeightsError where its backend cannot load it, UsageError where it cannot run on the device."""
    if export.stated.backend == "onnx":
        from sattrack.detectors.onnx_forward import OnnxForward

        return OnnxForward(export, device=device)
    from sattrack.detectors.openvino_forward import OpenvinoForward

    return OpenvinoForward(export)
