"""Exports: what they state, where they are kept, and which are refused. A tiny network with random weights stands for all."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sattrack import wiring
from sattrack.detectors import exporting, exports, parity
from sattrack.detectors.backends import missing_for
from sattrack.detectors.cards import write_card
from sattrack.detectors.exporting import export_network
from sattrack.detectors.exports import (
    Export,
    check_export,
    demand_file,
    keep,
    kept,
    kept_at,
    read_export,
    statement,
    write_export,
)
from sattrack.detectors.forwarding import run_export
from sattrack.detectors.ready_exports import ready_export
from sattrack.errors import DetectorError, UsageError, WeightsError
from sattrack.results import ModelCard
from tests.detectors.test_yolo import SIDE, card_of, network

pytestmark = pytest.mark.skipif(
    bool(missing_for("onnx", making=True) or missing_for("openvino", making=True)), reason="the extras onnx and openvino"
)
BOTH = ("onnx", "openvino")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "tiny.pt"
    torch.save({"model": network("yolo11n-obb.yaml").half()}, path)
    write_card(card_of(path), path.with_suffix(".json"))
    return path


@pytest.fixture(scope="module")
def made(tiny: Path) -> dict[str, Export]:
    return {backend: export_network(tiny, card=card_of(tiny), backend=backend)[0] for backend in BOTH}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def forged(card: ModelCard, *, backend: str = "openvino", **changes: Any) -> Export:
    """An export in name only."""
    stated = replace(statement(card, backend=backend, precision="fp32", oriented=True), **changes)
    return Export(b"<net/>", b"01", stated)


@pytest.mark.parametrize("backend", BOTH)
def test_what_must_be_known_travels_inside_the_file(tiny: Path, made: dict[str, Export], backend: str, tmp_path: Path) -> None:
    path = tmp_path / f"copy{exports.SUFFIXES[backend]}"
    write_export(made[backend], path)
    again = read_export(path, backend=backend)
    card = card_of(tiny)
    assert again == made[backend]
    assert (again.stated.sha256, again.stated.classes, again.stated.gsd_m) == (card.sha256, ("container",), 0.2)
    assert (again.stated.tile_px, again.stated.threshold, again.stated.percentiles) == (SIDE, 0.25, (1.0, 99.0))
    assert again.stated.oriented
    assert again.stated.made_with["torch"] == torch.__version__.partition("+")[0] or "+" in torch.__version__


@pytest.mark.parametrize(("backend", "config"), [("onnx", "yolo11n.yaml"), ("openvino", "yolo26n-obb.yaml")])
def test_upright_and_end_to_end_heads_are_exported_too(tmp_path: Path, backend: str, config: str) -> None:
    path, upright = tmp_path / "x.pt", "obb" not in config
    torch.save({"model": network(config, classes=2)}, path)
    export, found = export_network(path, card=card_of(path, classes=("a", "b")), backend=backend)
    raw = run_export(export)(np.zeros((3, SIDE, SIDE, 3), np.uint8))
    assert found.holds
    assert export.stated.oriented != upright
    assert raw.shape == (3, 6 if upright else 7, sum((SIDE // s) ** 2 for s in (8, 16, 32)))


@pytest.mark.parametrize("backend", BOTH)
def test_half_precision_halves_the_file_and_says_so(tiny: Path, made: dict[str, Export], backend: str) -> None:
    export, found = export_network(tiny, card=card_of(tiny), backend=backend, half=True)
    size, whole = (len(one.graph) + len(one.constants) for one in (export, made[backend]))
    assert size < 0.6 * whole
    assert export.stated.precision == "fp16 weights"
    assert 0 < found.score <= 0.03


def test_G10_an_export_that_answers_otherwise_is_refused_and_not_kept(
    tiny: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = exporting.run_export
    monkeypatch.setattr(exporting, "run_export", lambda export: lambda pixels: 1.02 * real(export)(pixels))
    with pytest.raises(DetectorError, match="does not answer as torch does: on 2 drawn tiles"):
        ready_export(tiny, card=card_of(tiny), backend="openvino")
    assert not cache.exists()


def test_a_network_that_cannot_be_exported_is_told_with_the_way_out(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise RuntimeError("no conversion rule for aten::strange\nmore")

    monkeypatch.setattr(exporting, "_onnx", never)
    with pytest.raises(
        DetectorError, match=r"cannot be exported for onnx: no conversion rule for aten::strange \(use --backend"
    ):
        export_network(tiny, card=card_of(tiny), backend="onnx")


def test_P6_an_export_of_other_weights_beside_them_is_refused(tiny: Path, made: dict[str, Export], tmp_path: Path) -> None:
    weights = tmp_path / "mine.pt"
    weights.write_bytes(b"other weights")
    write_export(made["openvino"], tmp_path / "mine.xml")
    with pytest.raises(WeightsError, match=r"mine.xml: was made of other weights: .*sattrack model export"):
        ready_export(weights, card=replace(card_of(tiny), sha256="ab" * 32), backend="openvino")


@pytest.mark.parametrize("changes", [{"classes": ("crane",)}, {"gsd_m": 0.3}, {"tile_px": 320}, {"layout": 0}])
def test_P10_an_export_that_contradicts_the_card_is_refused(tiny: Path, changes: dict[str, Any]) -> None:
    card = card_of(tiny)
    assert check_export(forged(card), card=card, backend="openvino", where="x")
    with pytest.raises(
        WeightsError, match=f"not {getattr(card, next(iter(changes)), 1)}".replace("(", r"\(").replace(")", r"\)")
    ):
        check_export(forged(card, **changes), card=card, backend="openvino", where="x")


@pytest.mark.parametrize("backend", BOTH)
@pytest.mark.parametrize("content", [b"", b"<net/>", b"\x08\x07garbage" * 50])
def test_P5_files_that_are_no_exports_are_refused(tmp_path: Path, backend: str, content: bytes) -> None:
    path = tmp_path / f"x{exports.SUFFIXES[backend]}"
    path.write_bytes(content)
    path.with_suffix(".bin").write_bytes(b"")
    with pytest.raises(WeightsError):
        read_export(path, backend=backend)


def test_P5_an_export_without_its_constants_says_which_file_is_missing(made: dict[str, Export], tmp_path: Path) -> None:
    write_export(made["openvino"], tmp_path / "x.xml")
    (tmp_path / "x.bin").unlink()
    with pytest.raises(WeightsError, match=r"x\.bin: cannot be read"):
        read_export(tmp_path / "x.xml", backend="openvino")


def test_the_first_use_makes_it_and_the_second_takes_it(tiny: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ready_export(tiny, card=card_of(tiny), backend="onnx")
    monkeypatch.setattr(exporting, "export_network", lambda *_a, **_k: pytest.fail("made again"))
    assert ready_export(tiny, card=card_of(tiny), backend="onnx") == first
    assert [path.suffix for path in sorted((cache / "sattrack").iterdir())] == [".onnx", ".sha256"]


def test_P6_a_kept_export_that_was_damaged_is_not_trusted(made: dict[str, Export], tiny: Path) -> None:
    at = kept_at(card_of(tiny), backend="openvino")
    assert keep(made["openvino"], at)
    assert kept(at, backend="openvino") == made["openvino"]
    constants = bytearray(at.with_suffix(".bin").read_bytes())
    constants[len(constants) // 2] ^= 1
    at.with_suffix(".bin").write_bytes(constants)
    assert kept(at, backend="openvino") is None


@pytest.mark.parametrize("backend", BOTH)
def test_P6_one_flipped_bit_or_a_lost_digest_of_an_export_beside_its_weights_is_told(
    made: dict[str, Export], tiny: Path, tmp_path: Path, backend: str
) -> None:
    weights = tmp_path / "mine.pt"
    weights.write_bytes(tiny.read_bytes())
    at = weights.with_suffix(exports.SUFFIXES[backend])
    write_export(made[backend], at)
    assert ready_export(weights, card=card_of(weights), backend=backend) == made[backend]
    heavy = at if backend == "onnx" else at.with_suffix(".bin")
    content = bytearray(heavy.read_bytes())
    content[len(content) // 2] ^= 1
    heavy.write_bytes(content)
    os.utime(at, ns=(1, 1))
    with pytest.raises(WeightsError, match="is not what was written"):
        ready_export(weights, card=card_of(weights), backend=backend)
    exports.digest_beside(at).unlink()
    with pytest.raises(WeightsError, match=r"there is no mine\.\w+\.sha256 .*make it again"):
        ready_export(weights, card=card_of(weights), backend=backend)


def test_where_nothing_can_be_kept_it_lives_in_memory(
    tiny: Path, made: dict[str, Export], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.write_text("a file where a folder should be")
    asked = []
    monkeypatch.setattr(exporting, "export_network", lambda *_a, **_k: (asked.append(1) or made["openvino"], None))
    for _ in range(2):
        assert ready_export(tiny, card=card_of(tiny), backend="openvino") == made["openvino"]
    assert asked == [1]


def test_a_user_without_a_home_keeps_nothing(made: dict[str, Export], tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", homeless)
    assert not keep(made["onnx"], kept_at(card_of(tiny), backend="onnx"))


def test_other_weights_backends_and_cards_are_kept_under_other_names(tiny: Path) -> None:
    card = card_of(tiny)
    others = [replace(card, sha256="ab" * 32), replace(card, tile_px=320), replace(card, gsd_m=0.3)]
    names = {kept_at(one, backend="onnx") for one in (card, *others)} | {kept_at(card, backend="openvino")}
    assert len(names) == 5


def test_files_of_another_suffix_and_halves_without_a_name_are_refused() -> None:
    demand_file(Path("x.onnx"), backend="onnx", half=True)
    with pytest.raises(UsageError, match=r"x\.pt: an export for onnx ends in \.onnx, not \.pt"):
        demand_file(Path("x.pt"), backend="onnx", half=False)
    with pytest.raises(UsageError, match="nowhere: the folder is not there"):
        demand_file(Path("nowhere/x.onnx"), backend="onnx", half=False)
    with pytest.raises(UsageError, match="name a file"):
        demand_file(None, backend="onnx", half=True)


def test_a_half_export_beside_its_weights_is_used_and_is_another_model(tiny: Path, tmp_path: Path) -> None:
    weights = tmp_path / "mine.pt"
    weights.write_bytes(tiny.read_bytes())
    write_card(card_of(weights), tmp_path / "mine.json")
    at, said = wiring.export_model(wiring.Model(str(weights)), backend="onnx", to=tmp_path / "mine.onnx", half=True)
    assert (at.name, said["holds"]) == ("mine.onnx", True)
    assert wiring.card_of(wiring.Model(str(weights), backend="onnx")).id == "tiny+onnx-fp16"


def test_parity_tells_the_largest_difference_and_never_overlooks_what_is_not_finite(tiny: Path) -> None:
    class Fixed:
        device, oriented = "cpu", True

        def __init__(self, raw: np.ndarray) -> None:
            self._raw = raw

        def __call__(self, pixels: np.ndarray) -> np.ndarray:
            return self._raw[: len(pixels)]

    raw = np.zeros((2, 6, 4), np.float32)
    raw[:, :4], raw[:, 4, :2] = 10, 0.9
    moved = raw.copy()
    moved[1, 0, 0] += 3  # a box, 3 px to the right
    moved[1, 4, 3] = 0.02  # no box in either
    moved[1, 0, 3] += 50  # so that its place says nothing
    card = card_of(tiny)
    told = parity.compare(Fixed(raw), Fixed(moved), card=card)
    assert (told.anchors, told.boxes, round(told.score, 6), round(told.corner_px, 6)) == (8, 4, 0.02, 3.0)
    assert not told.holds
    assert parity.compare(Fixed(raw), Fixed(raw), card=card).holds
    moved[0, 4, 2] = np.nan
    assert parity.compare(Fixed(raw), Fixed(moved), card=card).score == np.inf
