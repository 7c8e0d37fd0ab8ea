"""Rows P: weights, exports, cards and settings that come from strangers."""

import ast
import hashlib
import json
import os
import socket
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

import sattrack
from sattrack.detectors.backends import missing_for
from sattrack.detectors.cards import write_card
from sattrack.detectors.exports import KEY, Export, as_text, read_export, statement, write_export
from sattrack.errors import WeightsError
from sattrack.results import ModelCard
from tests.faults.conftest import Here, strange

HOUSE = Path(sattrack.__file__).parent
STATED = ("--model-gsd-m", "0.2", "--classes", "container", "--threshold", "0.3", "--backend", "torch", "--no-report")
needs_onnx = pytest.mark.skipif(bool(missing_for("onnx", making=True)), reason="the extra onnx")


class Calling:
    """What a pickle would call as it is read."""

    def __init__(self, called: Any, *words: Any) -> None:
        self.call = called, words

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


def program(path: Path, mark: Path) -> None:
    torch.save({"model": Calling(os.mkdir, str(mark))}, path)


def layer_that_fetches(path: Path, _mark: Path) -> None:
    from ultralytics.nn.modules.block import TorchVision

    torch.save({"model": Calling(TorchVision, "resnet18", "DEFAULT")}, path)


def missing_module(path: Path, _mark: Path) -> None:
    stored = b"\x80\x02}q\x00X\x05\x00\x00\x00modelq\x01cno_such_module_here\nThing\nq\x02)\x81q\x03s."
    torch.save({}, path)
    with zipfile.ZipFile(path) as there:
        entries = {name: there.read(name) for name in there.namelist()}
    with zipfile.ZipFile(path, "w") as to:
        for name, content in entries.items():
            to.writestr(name, stored if name.endswith("data.pkl") else content)


def torchscript(path: Path, _mark: Path) -> None:
    torch.jit.save(torch.jit.trace(torch.nn.Linear(2, 2), torch.zeros(1, 2)), str(path))


def other_task(path: Path, _mark: Path) -> None:
    torch.save({"model": torch.nn.Linear(2, 2)}, path)


@pytest.mark.filterwarnings("ignore:.*torch.jit")
@pytest.mark.parametrize(
    "made", [program, layer_that_fetches, missing_module, torchscript, other_task, lambda path, _mark: path.write_bytes(b"")]
)
def test_p1_p2_p5_p9_p10_weights_that_are_no_network_are_refused_and_run_fetch_and_install_nothing(
    here: Here, scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: Any
) -> None:
    def never(*_: object, **__: object) -> None:
        pytest.fail("it called out")

    path, mark = tmp_path / "from_a_forum.pt", tmp_path / "mark"
    made(path, mark)
    for name in ("getaddrinfo", "create_connection"):
        monkeypatch.setattr(socket, name, never)
    monkeypatch.setattr("subprocess.Popen", never)
    said = here("detect", scenes, "-o", tmp_path / "run", "--weights", path, *STATED)
    assert said.code == 1
    assert said.err.startswith(f"error: {path}: ")
    assert said.err.endswith(")\n") or "the network's head is" in said.err
    assert not mark.exists()
    assert path.exists()


@pytest.mark.parametrize("suffix", [".yaml", ".engine", ".pt2", ".torchscript", ".npy", ".pkl"])
def test_p3_p9_kinds_of_files_that_run_code_are_refused_before_they_are_opened(
    here: Here, scenes: Path, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"model{suffix}"
    path.write_text("activation: __import__('os').mkdir('mark')\n")
    said = here("detect", scenes, "-o", tmp_path / "run", "--weights", path, *STATED)
    assert (said.code, said.out) == (1, "")
    assert f"error: {path}: {suffix} files can run code when they are loaded and are not accepted (give a .pt file)" in said.err


def test_p6_weights_that_are_not_those_of_their_card_are_refused(here: Here, scenes: Path, tmp_path: Path) -> None:
    (tmp_path / "w.pt").write_bytes(b"changed")
    card = {"id": "x", "sha256": "00" * 32, "classes": ["container"], "gsd_m": 0.2, "tile_px": 640, "threshold": 0.3}
    (tmp_path / "w.json").write_text(json.dumps(card))
    said = here("detect", scenes, "-o", tmp_path / "run", "--weights", tmp_path / "w.pt")
    assert said.code == 1
    assert "w.pt: the file's sha256 is" in said.err
    assert "fetch the weights again" in said.err


@needs_onnx
def test_p7_a_graph_that_keeps_its_numbers_in_another_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_bytes(bytes(64))
    inside = tmp_path / "models"
    inside.mkdir()
    monkeypatch.chdir(inside)
    for where in ("../secret", str(tmp_path / "secret"), "beside"):
        (inside / "x.onnx").write_bytes(_graph(external=where))
        (inside / "beside").write_bytes(bytes(64))
        with pytest.raises(WeightsError, match=r"ONNX Runtime cannot load it|no export of sattrack's") as caught:
            read_export(inside / "x.onnx", backend="onnx")
        assert "no export" not in str(caught.value) or where == "beside"


@needs_onnx
def test_p8_operations_of_libraries_beside_a_model_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(_graph(domain="com.evil"))
    (tmp_path / "libevil.so").write_bytes(b"\x7fELF")
    with pytest.raises(WeightsError, match="ONNX Runtime cannot load it"):
        read_export(tmp_path / "x.onnx", backend="onnx")


def test_p8_no_library_of_operations_is_ever_loaded() -> None:
    loads = ("register_custom_ops", "add_extension", "load_library", "CDLL", "LoadLibrary", "dlopen")
    said = [
        (path.name, name)
        for path in HOUSE.rglob("*.py")
        for name in loads
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute | ast.Name) and name in ast.unparse(node).rpartition(".")[2]
    ]
    assert said == [("heap.py", "CDLL")]  # the C library itself, for its allocator


SIDE = 128


@needs_onnx
@pytest.mark.parametrize("shape", [[], [4], [2, 6, 84], [1, 9, 84], [1, 6, 10**13]])
def test_p10_an_export_that_answers_in_another_shape_fails_the_scene_and_counts_nothing(
    here: Here, scenes: Path, tmp_path: Path, shape: list[int]
) -> None:
    from onnx import TensorProto, helper

    weights = tmp_path / "w.pt"
    weights.write_bytes(b"of these an export was made")
    card = ModelCard(
        "x", hashlib.sha256(weights.read_bytes()).hexdigest(), ("container",), gsd_m=0.5, tile_px=SIDE, threshold=0.3
    )
    write_card(card, weights.with_suffix(".json"))
    ones = helper.make_tensor("v", TensorProto.FLOAT, [1], [1.0])
    node = helper.make_node("ConstantOfShape", ["s"], ["head"], value=ones)
    taken = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", SIDE, SIDE, 3])
    given = helper.make_tensor_value_info("head", TensorProto.FLOAT, None)
    sizes = helper.make_tensor("s", TensorProto.INT64, [len(shape)], shape)
    graph = helper.make_graph([node], "g", [taken], [given], [sizes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    stated = statement(card, backend="onnx", precision="fp32", oriented=True)
    helper.set_model_props(model, {KEY: as_text(stated)})
    write_export(Export(model.SerializeToString(), b"", stated), weights.with_suffix(".onnx"))
    words = ("--weights", weights, "--backend", "onnx", "--no-report", "--json")
    said = here("detect", scenes, "-o", tmp_path / "run", *words)
    assert said.code == 3, said.err
    assert {one["count"] for one in said.json["counts"]} == {None}
    refused = ("the network answers in the shape", "the network failed on cpu", "memory ended")
    assert any(words in said.err for words in refused), said.err


def _graph(*, external: str = "", domain: str = "") -> bytes:
    """x + w, with w in another file; or an operation of a domain that is nobody's."""
    from onnx import TensorProto, helper

    weights = helper.make_tensor("w", TensorProto.FLOAT, [4], [1.0] * 4)
    if external:
        weights.ClearField("float_data")
        weights.data_location = TensorProto.EXTERNAL
        weights.external_data.add(key="location", value=external)
    node = helper.make_node("Evil" if domain else "Add", ["x", "w"], ["y"], domain=domain)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in ("x", "y")]
    graph = helper.make_graph([node], "g", ends[:1], ends[1:], [weights])
    sets = [helper.make_opsetid("", 17), *([helper.make_opsetid(domain, 1)] if domain else [])]
    made: bytes = helper.make_model(graph, opset_imports=sets, ir_version=8).SerializeToString()
    return made


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--threshold", "2"), "threshold"), (("--threshold", "-0.1"), "threshold"), (("--workers", "-1"), "workers"),
        (("--workers", "1025"), "workers"), (("--max-pixels", "0"), "max_pixels"), (("--scene-seconds", "0"), "scene_seconds"),
    ],
)  # fmt: skip
def test_p13_o5_a_value_out_of_bounds_is_refused_by_its_name(
    here: Here, scenes: Path, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    said = here("detect", scenes, *strange("Bright", tmp_path / "run"), *words)
    assert (said.code, said.out) == (2, "")
    assert told in said.err
    assert not (tmp_path / "run").exists()


def test_o5_more_workers_than_the_cores_can_bear_are_refused_before_any_work(
    here: Here, scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sattrack.isolating.own_cores", lambda: 2)
    for more in ((), ("--executor", "process")):
        said = here("detect", scenes, *strange("Bright", tmp_path / "run"), "--workers", "1000", *more)
        assert (said.code, said.out) == (2, "")
        assert said.err.startswith("error: --workers: workers is 1000, but this machine lends 2 cores")
        assert not (tmp_path / "run").exists()
