"""Exporting: a .pt file's network for another backend, and the proof that it answers as torch does."""

import io
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sattrack.detectors.backends import demand, silent_imports
from sattrack.detectors.exports import KEY, Export, as_text, demand_file, statement, stored
from sattrack.detectors.forwarding import run_export
from sattrack.detectors.openvino_forward import openvino
from sattrack.detectors.parity import Parity, compare, drawn_pixels
from sattrack.detectors.torch_forward import TorchForward
from sattrack.detectors.yolo import load_network
from sattrack.errors import DetectorError
from sattrack.results import ModelCard

_OPSET = 17
# Constants of fewer numbers stay as they are when weights are halved: shapes, strides and biases weigh nothing.
_FEW = 256
_INSTEAD = "use --backend torch"


class _Graph(torch.nn.Module):
    """Pixels as they are read, (n, rows, cols, 3) uint8, to the raw head: the scaling to 0..1 travels inside the graph."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        out = self.network(pixels.permute(0, 3, 1, 2).float().div(255))
        found: torch.Tensor = out[0] if isinstance(out, tuple | list) else out
        return found


def export_network(weights: Path, *, card: ModelCard, backend: str, half: bool = False) -> tuple[Export, Parity]:
    """The export and how far it is from torch. half: weights stored in half precision, a file half as large.

    The numbers are worked out in single precision either way. UsageError where the backend is not installed, DetectorError
    where the export does not answer as torch does within the tolerance.
    """
    demand(backend, making=True)
    network, oriented = load_network(weights, card=card)
    stated = statement(card, backend=backend, precision="fp16 weights" if half else "fp32", oriented=oriented)
    example = torch.from_numpy(drawn_pixels(1, tile_px=card.tile_px))
    graph = _Graph(network).eval()
    with warnings.catch_warnings(), torch.no_grad():
        # The tracer warns of shapes that it takes for constants, which they are here.
        warnings.simplefilter("ignore")
        graph(example)
        make = _onnx if backend == "onnx" else _openvino
        try:
            made = Export(*make(graph, example, text=as_text(stated), half=half), stated)
        except RuntimeError as error:
            first = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            raise DetectorError(f"cannot be exported for {backend}: {first}", where=str(weights), way_out=_INSTEAD) from error
    parity = compare(TorchForward(network, oriented=oriented, device="cpu"), run_export(made), card=card, half=half)
    if not parity.holds:
        raise DetectorError(
            f"the export for {backend} does not answer as torch does: {parity}",
            where=str(weights),
            way_out=_INSTEAD,
        )
    return made, parity


def export_to(to: Path | None, *, weights: Path, card: ModelCard, backend: str, half: bool) -> tuple[Path, dict[str, object]]:
    """Exports into a file: the file, and by what it runs, the sha256 of the weights, and its parity with torch.

    to: none: where a run looks for it. UsageError where its suffix is another's, StoreError where it cannot be written.
    """
    demand_file(to, backend=backend, half=half)
    made, parity = export_network(weights, card=card, backend=backend, half=half)
    return stored(made, to, card=card, backend=backend), {"runtime": made.runtime, "sha256": card.sha256, **parity.values()}


def _openvino(graph: torch.nn.Module, example: torch.Tensor, *, text: str, half: bool) -> tuple[bytes, bytes]:
    package = openvino()
    traced = torch.jit.trace(graph, (example,), check_trace=False)
    failures = package.frontend.GeneralFailure, package.frontend.OpConversionFailure, package.frontend.NotImplementedFailure
    try:
        with silent_imports():
            model = package.convert_model(traced, input=[([-1, *example.shape[1:]], package.Type.u8)])
    except failures as error:
        raise RuntimeError(str(error)) from error
    model.set_rt_info(text, [KEY])
    with tempfile.TemporaryDirectory(prefix="sattrack-export-") as folder:
        path = Path(folder) / "model.xml"
        package.save_model(model, str(path), compress_to_fp16=half)
        return path.read_bytes(), path.with_suffix(".bin").read_bytes()


def _onnx(graph: torch.nn.Module, example: torch.Tensor, *, text: str, half: bool) -> tuple[bytes, bytes]:
    import onnx

    # A file in memory, which the exporter takes and its annotation does not.
    written: Any = io.BytesIO()
    batch = {"pixels": {0: "tiles"}, "head": {0: "tiles"}}
    torch.onnx.export(
        graph, (example,), written, dynamo=False, input_names=["pixels"], output_names=["head"], dynamic_axes=batch,
        opset_version=_OPSET,
    )  # fmt: skip
    model = onnx.load_from_string(written.getvalue())
    if half:
        _halve(model)
    onnx.helper.set_model_props(model, {KEY: text})
    return model.SerializeToString(deterministic=True), b""


def _halve(model: Any) -> None:
    """Weights in half precision, each cast back where it is used; the runtime does so once, as it loads."""
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < _FEW:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
