"""`sattrack model export`, and --backend where a command takes it."""

import os
from dataclasses import replace

import numpy as np
import pytest
import torch

from sattrack.detectors.backends import missing_for
from sattrack.detectors.cards import write_card
from sattrack.errors import UsageError
from tests.cli.conftest import GSD
from tests.detectors.test_yolo import card_of, network

pytestmark = pytest.mark.skipif(bool(missing_for("openvino", making=True)), reason="the extra openvino")


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "tiny.pt"
    torch.save({"model": network("yolo11n-obb.yaml").half()}, path)
    # At the scenes' own pixel size, a few tiles hold one.
    write_card(replace(card_of(path), gsd_m=GSD), path.with_suffix(".json"))
    return path


def test_an_export_is_written_with_its_parity_and_used_by_detect(sattrack, tiny, scenes, tmp_path):
    to = tmp_path / "copy.xml"
    said = sattrack("model", "export", tiny, "--backend", "openvino", "-o", to)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"{to}: for openvino ")
    assert "on 2 drawn tiles, 1050 anchors" in said.out
    assert to.with_suffix(".bin").is_file()
    words = ("detect", scenes / "may.tif", "--weights", tiny, "-o", tmp_path / "run", "--no-report", "--json")
    said = sattrack(*words, "--backend", "openvino")
    assert said.code == 0, said.err
    assert "exporting tiny for openvino, once" in said.err
    assert {count["model_id"] for count in said.json["counts"]} == {"tiny+openvino-fp32"}


def test_P12_parts_of_two_backends_never_meet_in_one_count(sattrack, tiny, scenes, tmp_path):
    words = ("detect", scenes, "--weights", tiny, "-o", tmp_path / "run", "--no-report", "--json")
    for backend, id_ in (("openvino", "tiny+openvino-fp32"), ("torch", "tiny")):
        said = sattrack(*words, "--backend", backend, "--device", "cpu")
        assert said.code == 0, said.err
        assert [count["model_id"] for count in said.json["counts"]] == [id_, id_]
    assert len(list((tmp_path / "run" / "parts").glob("*.parquet"))) == 4


def test_json_holds_the_parity(sattrack, tiny):
    said = sattrack("model", "export", tiny, "--backend", "openvino", "--json")
    assert said.code == 0, said.err
    assert said.json["holds"]
    assert said.json["score"] < 0.01
    assert np.isfinite(said.json["corner_px"])
    assert said.json["sha256"] == card_of(tiny).sha256
    assert said.json["file"].startswith(str(tiny.parent / "cache" / "sattrack"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--backend", "torch"], "torch"),
        (["--backend", "openvino", "-o", "x.onnx"], "ends in .xml"),
        (["--backend", "openvino", "--half"], "name a file"),
    ],
)
def test_what_cannot_be_exported_is_one_line(sattrack, tiny, words, told):
    said = sattrack("model", "export", tiny, *words)
    assert said.code == 2
    assert told in said.err
    assert "Traceback" not in said.err


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system lends no single cores")
def test_calibration_draws_in_as_many_processes_as_there_are_cores_for_this_one(sattrack, tiny, monkeypatch):
    asked = []

    def drawn(_card, *, processes, told):
        asked.append(processes)
        raise UsageError("enough")

    monkeypatch.setattr("sattrack.synthetic.calibration.drawn_calibration", drawn)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1, 5})
    monkeypatch.setattr(os, "cpu_count", lambda: 128)
    assert "enough" in sattrack("model", "export", tiny, "--backend", "openvino", "--int8").err
    assert asked == [3]
