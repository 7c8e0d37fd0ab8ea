"""The doctor: what it says of installations that are broken in known ways."""

import pytest

from sattrack.cli import checks
from sattrack.cli.licences import licence_of, licences


def test_L1_a_torchvision_for_another_torch_is_explained(monkeypatch):
    versions = {"torch": "2.9.0+cpu", "torchvision": "0.29.0"}
    monkeypatch.setattr(checks, "version_of", versions.get)
    monkeypatch.setattr(checks.importlib.metadata, "requires", lambda _name: ["numpy", "torch==2.14.0", "pillow"])
    finding = checks.torch_pair()
    assert not finding.fine
    assert "built for torch 2.14.0, here is torch 2.9.0+cpu" in finding.said
    assert "pip install" in finding.way_out


def test_L1_an_operator_that_does_not_exist_is_explained(monkeypatch):
    versions = {"torch": "2.14.0", "torchvision": "0.29.0+cpu"}
    monkeypatch.setattr(checks, "version_of", versions.get)
    monkeypatch.setattr(checks.importlib.metadata, "requires", lambda _name: ["torch (==2.14.0)"])

    def broken(_name):
        raise RuntimeError("operator torchvision::nms does not exist\nmore")

    monkeypatch.setattr(checks.importlib, "import_module", broken)
    finding = checks.torch_pair()
    assert (finding.fine, finding.said.endswith("operator torchvision::nms does not exist")) == (False, True)


def test_L2_a_missing_torchvision_is_named(monkeypatch):
    monkeypatch.setattr(checks, "version_of", lambda name: None if name == "torchvision" else "1")
    assert checks.torch_pair() == checks.Finding(False, "torchvision is not installed", "python -m pip install torchvision")
    assert checks.packages().said.startswith("missing: torchvision; ")


@pytest.mark.parametrize("version", ["8.3.41", "8.3.46"])
def test_L3_a_compromised_release_is_named(monkeypatch, version):
    monkeypatch.setattr(checks, "version_of", lambda _name: version)
    assert not checks.ultralytics_release().fine


def test_L4_two_builds_of_opencv_are_named(monkeypatch):
    monkeypatch.setattr(checks, "version_of", lambda name: "5.0" if name in checks._OPENCV[:2] else None)
    finding = checks.opencv()
    assert finding.said.startswith("opencv-python and opencv-python-headless are both installed")
    assert "pip uninstall" in finding.way_out


def test_L4_a_missing_libGL_names_the_package(monkeypatch):
    def broken(_name):
        raise ImportError("libGL.so.1: cannot open shared object file")

    monkeypatch.setattr(checks.importlib, "import_module", broken)
    finding = checks.opencv()
    assert "apt-get install libgl1" in finding.way_out


def test_P6_weights_that_differ_from_their_card_are_found(monkeypatch, tmp_path):
    (tmp_path / "fast.pt").write_bytes(b"not the weights")
    (tmp_path / "fast.json").write_text(
        '{"id": "x", "sha256": "00", "classes": ["container"], "gsd_m": 0.2, "tile_px": 640, "threshold": 0.3}'
    )
    monkeypatch.setattr("sattrack.assets.asset_folder", lambda _name: tmp_path)
    (finding,) = checks.weights()
    assert not finding.fine
    assert "sha256" in finding.said


def test_L6_the_licence_of_every_dependency_is_listed(sattrack):
    listed = {row["package"]: row["licence"] for row in sattrack("doctor", "--licences", "--json").json}
    assert listed["sattrack"] == "AGPL-3.0-or-later"
    assert "Affero" in listed["ultralytics"]
    assert {"torch", "rasterio", "numpy", "typer", "MarkupSafe"} <= set(listed)
    unstated = [name for name, text in listed.items() if text == "not stated"]
    assert [name for name in unstated if not name.startswith(("cuda", "nvidia"))] == []


def test_L6_licences_are_of_what_runs_not_of_what_tests():
    assert {name.lower() for name, _, _ in licences()}.isdisjoint({"ruff", "mypy", "playwright"})


def test_a_licence_is_its_expression_before_its_free_text():
    class Metadata:
        def get_all(self, name):
            return {"License-Expression": ["MIT"], "License": ["Apache 2.0"]}.get(name)

    assert licence_of(Metadata()) == "MIT"


def test_a_broken_installation_ends_with_1_and_says_the_way_out(sattrack, monkeypatch):
    found = [checks.Finding(True, "fine"), checks.Finding(False, "broken", "mend it")]
    monkeypatch.setattr(checks, "all_checks", lambda self_test: iter(found))
    said = sattrack("doctor")
    assert (said.code, said.out) == (1, "ok   fine\nBAD  broken\n     -> mend it\n")
    assert sattrack("doctor", "--json").json[0] == {"fine": True, "said": "fine", "way_out": ""}


def test_other_backends_are_listed_and_openvino_is_needed(monkeypatch):
    from sattrack.detectors import backends

    installed = {"openvino": "2026.4.1", "onnxruntime": "1.32.0"}
    monkeypatch.setattr(backends, "version_of", installed.get)
    monkeypatch.setattr(checks, "version_of", installed.get)
    monkeypatch.setattr(checks.importlib, "import_module", lambda _name: None)
    openvino, onnx = checks.other_backends()
    assert (openvino.fine, openvino.said) == (True, "backend openvino: openvino 2026.4.1")
    assert onnx.fine
    assert onnx.said.endswith("onnx is needed to make an export and is not installed")
    installed.clear()
    openvino, onnx = checks.other_backends()
    assert (onnx.fine, "is not installed, which only --backend onnx needs" in onnx.said) == (True, True)
    # It comes with sattrack, and reading cover takes it.
    assert (openvino.fine, openvino.way_out) == (False, "python -m pip install openvino")
    assert "which the default on a CPU and `sattrack cover` need" in openvino.said


def test_a_backend_that_is_installed_and_does_not_import_is_told(monkeypatch):
    from sattrack.detectors import backends

    def broken(_name):
        raise ImportError("libtbb.so.12: cannot open shared object file")

    monkeypatch.setattr(backends, "version_of", lambda _name: "1")
    monkeypatch.setattr(checks.importlib, "import_module", broken)
    finding = next(checks.other_backends())
    assert (finding.fine, "libtbb" in finding.said) == (False, True)
    assert "pip install" in finding.way_out


def test_a_card_that_torch_finds_and_cannot_use_is_told(monkeypatch):
    import torch

    from sattrack.detectors import devices

    def broken(_device):
        raise RuntimeError("CUDA unknown error - this may be due to an incorrectly set up environment\nmore")

    monkeypatch.setattr(devices, "choose_device", lambda _asked: torch.device("cuda:0"))
    monkeypatch.setattr(torch.cuda, "get_device_name", broken)
    finding = checks.device()
    assert (finding.fine, finding.said.startswith("device auto is cuda:0, which cannot be used: CUDA unknown error")) == (
        False,
        True,
    )
    assert "--device cpu" in finding.way_out
