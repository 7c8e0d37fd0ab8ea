"""The forms in which other tools take the network, against the network itself."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from sattrack.bench.peers.handing import geodeep_file, openvino_folder
from sattrack.detectors.cards import card_for
from sattrack.detectors.ready_exports import ready_export
from sattrack.detectors.torch_forward import TorchForward
from sattrack.detectors.yolo import load_network

WEIGHTS = Path(__file__).parents[2] / "weights" / "fast.pt"


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    """(1, 640, 640, 3) uint8: coloured boxes on gray."""
    rng = np.random.default_rng(5)
    made = np.full((1, 640, 640, 3), 110, np.uint8)
    for _ in range(60):
        x, y = rng.integers(20, 560, 2)
        made[0, y : y + 12, x : x + 60] = rng.integers(30, 220, 3)
    return made


@pytest.fixture(scope="module")
def head(pixels: np.ndarray) -> np.ndarray:
    """(6, anchors): what torch answers."""
    network, oriented = load_network(WEIGHTS, card=card_for(WEIGHTS))
    return np.asarray(TorchForward(network, oriented=oriented, device="cpu")(pixels))[0]


@pytest.mark.slow
def test_ultralytics_gets_the_same_openvino_network(tmp_path: Path, pixels: np.ndarray, head: np.ndarray) -> None:
    openvino = pytest.importorskip("openvino")
    card = card_for(WEIGHTS)
    folder = openvino_folder(ready_export(WEIGHTS, card=card, backend="openvino"), tmp_path)
    assert folder.name.endswith("_openvino_model")
    about = yaml.safe_load((folder / "metadata.yaml").read_text())
    assert (about["task"], about["names"], about["imgsz"]) == ("obb", {0: "container"}, [640, 640])
    compiled = openvino.Core().compile_model(str(folder / "same.xml"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    answer = compiled([np.ascontiguousarray(np.moveaxis(pixels, -1, 1)).astype(np.float32) / 255])[0][0]
    assert answer.shape == head.shape
    np.testing.assert_allclose(answer[4], head[4], atol=0.01)
    sure = head[4] > 0.4
    assert sure.sum() > 5
    np.testing.assert_allclose(answer[:4, sure], head[:4, sure], atol=0.5)


@pytest.mark.slow
def test_geodeep_gets_upright_boxes_round_the_oriented_ones(tmp_path: Path, pixels: np.ndarray, head: np.ndarray) -> None:
    onnx, onnxruntime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    made = geodeep_file(WEIGHTS, card=card_for(WEIGHTS), overlap=0.1875, merge_iou=0.5, to=tmp_path / "upright.onnx")
    said = {one.key: one.value for one in onnx.load(str(made)).metadata_props}
    assert json.loads(said["det_type"]) == "YOLO_v8"
    assert (float(said["resolution"]), float(said["tiles_overlap"])) == (20.0, 18.75)
    session = onnxruntime.InferenceSession(str(made), providers=["CPUExecutionProvider"])
    answer = session.run(None, {"images": np.moveaxis(pixels, -1, 1).astype(np.float32) / 255})[0][0]
    assert answer.shape == (5, head.shape[1])
    cos, sin = np.abs(np.cos(head[5])), np.abs(np.sin(head[5]))
    np.testing.assert_allclose(answer[2], head[2] * cos + head[3] * sin, atol=0.1)
    np.testing.assert_allclose(answer[3], head[2] * sin + head[3] * cos, atol=0.1)
    np.testing.assert_allclose(answer[[0, 1, 4]], head[[0, 1, 4]], atol=0.1)
