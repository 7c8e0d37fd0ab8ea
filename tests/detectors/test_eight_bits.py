"""Which export is the default: the one in 8 bits where the card says that it passed, and never without a word otherwise."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sattrack import wiring
from sattrack.detectors import backends, golden, ready_exports
from sattrack.detectors.backends import EIGHT_BIT
from sattrack.detectors.cards import write_card
from sattrack.detectors.exporting import export_network
from sattrack.detectors.exports import SUFFIXES, Export, check_export, read_export, write_export
from sattrack.errors import UsageError, WeightsError
from tests.detectors.test_yolo import card_of, network


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """Of tiny weights, in single precision, but said to be in 8 bits: what it costs to choose does not hang on its numbers."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.pt"
    torch.save({"model": network("yolo11n-obb.yaml").half()}, path)
    made, _ = export_network(path, card=card_of(path), backend="openvino")
    stated = replace(made.stated, precision="int8", golden=0, drift_pct=0.0, calibration="none")
    graph = made.graph.replace(b"&quot;fp32&quot;", b"&quot;int8&quot;")
    assert graph != made.graph
    return Export(graph, made.constants, replace(stated, golden=None, drift_pct=None, calibration=""))


@pytest.fixture
def weights(export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Weights with their export in 8 bits beside them, and a card that says that it passed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(backends, "accelerated", lambda: False)
    monkeypatch.setattr(golden, "refusal", lambda _export, card, folder: "")
    path = tmp_path / "tiny.pt"
    torch.save({"model": network("yolo11n-obb.yaml").half()}, path)
    card = card_of(path)
    assert card.sha256 == export.stated.sha256
    write_export(export, path.with_suffix(SUFFIXES[EIGHT_BIT]))
    monkeypatch.setattr(ready_exports, "eight_bit_instructions", lambda: "vnni")
    row = {"backend": "openvino", "precision": "int8", "sha256": export.sha256, "passed": True, "instructions": "vnni"}
    write_card(replace(card, exports=(row,)), path.with_suffix(".json"))
    return path


def chosen(weights: Path, backend: str | None = None, *, careful: bool = False) -> tuple[str, list[str]]:
    said: list[str] = []
    model = wiring.on_backend(wiring.Model(str(weights), careful=careful), backend, device="cpu", told=said.append)
    return model.backend, said


def test_it_is_the_default_without_a_word_and_says_why_where_auto_is_asked_for(weights: Path) -> None:
    assert chosen(weights) == (EIGHT_BIT, [])
    name, (said,) = chosen(weights, "auto")
    assert name == EIGHT_BIT
    assert said.startswith("backend openvino ")
    assert said.endswith("int8: the quickest on a CPU, and the weights' card says that it passed the gate on such processors")


def test_it_is_a_model_of_its_own_with_the_intervals_of_its_weights(weights: Path) -> None:
    plain, small = (wiring.card_of(wiring.Model(str(weights), backend=name)) for name in ("torch", EIGHT_BIT))
    assert small.id == f"{plain.id}+openvino-int8"
    assert small.measured == plain.measured
    assert small.runtime.endswith(" int8")


@pytest.mark.parametrize("row", [{"passed": False}, {"sha256": "cd" * 32}, {"instructions": "avx2"}, None])
def test_an_export_of_which_the_card_says_nothing_is_no_default(weights: Path, row: dict[str, object] | None) -> None:
    card = wiring.card_of(wiring.Model(str(weights)))
    write_card(
        replace(card, exports=() if row is None else (card.exports[0] | row,)), weights.with_suffix(".json")
    )  # fmt: skip
    name, said = chosen(weights)
    assert name == "openvino"
    assert all("8 bits" not in line and "int8" not in line for line in said)
    assert "does not say that this export passed the gate" in chosen(weights, "auto")[1][-1]


def test_it_was_not_measured_in_several_views(weights: Path) -> None:
    assert chosen(weights, careful=True)[0] == "openvino"


def test_P11_a_drifting_one_is_passed_over_and_that_is_said(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden, "refusal", lambda _export, card, folder: "it counts 5")
    name, said = chosen(weights)
    assert name == "openvino"
    assert said[-1].endswith("openvino-int8: it counts 5")


def test_P6_a_damaged_one_is_passed_over_and_that_is_said(weights: Path) -> None:
    beside = weights.with_suffix(SUFFIXES[EIGHT_BIT])
    content = bytearray(beside.read_bytes())
    content[len(content) // 2] ^= 1
    beside.write_bytes(content)
    name, said = chosen(weights)
    assert name == "openvino"
    assert "tiny.int8.zip: is damaged" in said[-1]
    with pytest.raises(WeightsError, match="is damaged"):
        chosen(weights, EIGHT_BIT)


def test_where_there_is_none_it_is_not_made_by_itself(weights: Path) -> None:
    weights.with_suffix(SUFFIXES[EIGHT_BIT]).unlink()
    assert chosen(weights)[0] == "openvino"
    with pytest.raises(UsageError, match=r"no export in 8 bits .*sattrack model export WEIGHTS --backend openvino --int8"):
        chosen(weights, EIGHT_BIT)


def test_one_in_single_precision_under_its_name_is_refused(weights: Path, export: Export, tmp_path: Path) -> None:
    whole = replace(export, stated=replace(export.stated, precision="fp32"))
    with pytest.raises(WeightsError, match="for openvino, not 1 for openvino-int8"):
        check_export(whole, card=card_of(weights), backend=EIGHT_BIT, where="x")
    again = read_export(weights.with_suffix(SUFFIXES[EIGHT_BIT]), backend=EIGHT_BIT)
    assert again == export
