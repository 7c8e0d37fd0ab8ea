"""Handing over: the same network in the forms that other tools take."""

import json
import warnings
from pathlib import Path
from typing import Any

import torch
import yaml

from sattrack.detectors.backends import silent_imports
from sattrack.detectors.exports import Export
from sattrack.detectors.openvino_forward import openvino
from sattrack.detectors.yolo import load_network
from sattrack.errors import DetectorError
from sattrack.results import ModelCard

# What stands between the pixels and the network in our exports; other tools do this themselves.
_BEFORE = ("Convert", "Multiply", "Divide", "Transpose")
_OPSET = 17


def openvino_folder(export: Export, folder: Path) -> Path:
    """Our OpenVINO export, whatever its precision, as ultralytics and what stands on it load it: a folder with metadata.yaml.

    It then takes (1, 3, tile, tile) float32 from 0 to 1 and answers with the same raw head. DetectorError where our graph is
    not as expected.
    """
    package = openvino()
    model = package.Core().read_model(model=export.graph, weights=export.constants)
    side = export.stated.tile_px
    source = model.get_parameters()[0].output(0)
    while len(targets := source.get_target_inputs()) == 1:
        node = next(iter(targets)).get_node()
        # In 8 bits the pixels as read, 0 to 255, are held to 256 levels, which they have.
        on_pixels = node.get_type_name() == "FakeQuantize" and source.get_partial_shape()[3] == package.Dimension(3)
        if node.get_type_name() not in _BEFORE and not on_pixels:
            break
        source = node.output(0)
    shape = source.get_partial_shape()
    if shape.rank.get_length() != 4 or shape[1] != package.Dimension(3) or source.get_element_type() != package.Type.f32:
        raise DetectorError(f"the export's graph is not as expected: {shape} after its preparation")
    images = package.opset13.parameter([1, 3, side, side], package.Type.f32, name="images")
    images.output(0).set_names({"images"})
    for target in source.get_target_inputs():
        target.replace_source_output(images.output(0))
    made = package.Model(model.get_results()[:1], [images], "peers")
    at = folder / "same_openvino_model"
    at.mkdir(parents=True, exist_ok=True)
    with silent_imports():
        package.save_model(made, str(at / "same.xml"), compress_to_fp16=False)
    about: dict[str, Any] = {
        "description": "the same network", "task": "obb" if export.stated.oriented else "detect", "batch": 1, "stride": 32,
        "imgsz": [side, side], "names": dict(enumerate(export.stated.classes)), "channels": 3, "args": {"dynamic": False},
    }  # fmt: skip
    (at / "metadata.yaml").write_text(yaml.safe_dump(about))
    return at


class _Upright(torch.nn.Module):
    """The network with each oriented box as the upright one around it: centre, size, scores."""

    def __init__(self, network: torch.nn.Module, *, oriented: bool) -> None:
        super().__init__()
        self.network, self.oriented = network, oriented

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        out = self.network(images)
        head: torch.Tensor = out[0] if isinstance(out, tuple | list) else out
        if not self.oriented:
            return head
        cos, sin = head[:, -1:].cos().abs(), head[:, -1:].sin().abs()
        width, height = head[:, 2:3], head[:, 3:4]
        size = [width * cos + height * sin, width * sin + height * cos]
        return torch.cat([head[:, :2], *size, head[:, 4:-1]], dim=1)


def geodeep_file(weights: Path, *, card: ModelCard, overlap: float, merge_iou: float, to: Path) -> Path:
    """The network as ONNX with upright boxes and the metadata that GeoDeep reads. overlap: of tiles, a share of their side."""
    import onnx

    network, oriented = load_network(weights, card=card)
    example = torch.zeros(1, 3, card.tile_px, card.tile_px)
    graph = _Upright(network, oriented=oriented).eval()
    with torch.no_grad(), warnings.catch_warnings():
        # The tracer warns of shapes that it takes for constants, which they are here.
        warnings.simplefilter("ignore")
        graph(example)
        torch.onnx.export(
            graph, (example,), str(to), dynamo=False, input_names=["images"], output_names=["boxes"], opset_version=_OPSET
        )
    model = onnx.load(str(to))
    said = {
        "model_type": json.dumps("Detector"), "det_type": json.dumps("YOLO_v8"), "det_conf": str(card.threshold),
        "det_iou_thresh": str(merge_iou), "resolution": str(round(card.gsd_m * 100, 2)), "tiles_overlap": str(100 * overlap),
        "class_names": json.dumps({str(i): name for i, name in enumerate(card.classes)}),
    }  # fmt: skip
    onnx.helper.set_model_props(model, said)
    onnx.save(model, str(to))
    return to
