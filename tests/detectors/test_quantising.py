"""Exports in 8 bits: what they state, how far they are from the weights, and what is refused. A tiny network for all."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sattrack.detectors.backends import EIGHT_BIT, missing_for
from sattrack.detectors.cards import write_card
from sattrack.detectors.exports import read_export
from sattrack.detectors.forwarding import run_export
from sattrack.detectors.parity import drawn_pixels
from sattrack.errors import DetectorError, UsageError
from tests.detectors.test_yolo import SIDE, card_of, network

pytestmark = pytest.mark.skipif(bool(missing_for(EIGHT_BIT, making=True)), reason="the extra int8")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "tiny.pt"
    torch.save({"model": network("yolo11n-obb.yaml").half()}, path)
    write_card(replace(card_of(path), threshold=0.12), path.with_suffix(".json"))
    return path


@pytest.fixture(scope="module")
def made(tiny: Path) -> tuple[Path, dict[str, object]]:
    from sattrack.detectors.quantising import Calibration, export_8_bit_to

    tiles = list(drawn_pixels(4, tile_px=SIDE))
    card = replace(card_of(tiny), threshold=0.12)
    to = tiny.with_suffix(".int8.zip")
    return export_8_bit_to(to, weights=tiny, card=card, calibrate=lambda _card: Calibration(tiles[:3], tiles[3:], "four tiles"))


def test_it_is_one_file_that_states_by_what_it_was_made(tiny: Path, made: tuple[Path, dict[str, object]]) -> None:
    export = read_export(made[0], backend=EIGHT_BIT)
    stated = export.stated
    assert (stated.runs_as, stated.precision, stated.sha256) == (EIGHT_BIT, "int8", card_of(tiny).sha256)
    assert stated.calibration.endswith("; four tiles")
    assert stated.golden is not None
    assert stated.drift_pct is not None
    assert "nncf" in stated.made_with
    assert b"/tmp/" not in export.graph
    assert export.runtime.endswith(" int8")


def test_it_answers_nearly_as_the_weights_do_and_is_a_quarter_of_their_size(
    tiny: Path, made: tuple[Path, dict[str, object]]
) -> None:
    from sattrack.detectors.exporting import export_network

    export = read_export(made[0], backend=EIGHT_BIT)
    whole, _ = export_network(tiny, card=card_of(tiny), backend="openvino")
    pixels = drawn_pixels(2, tile_px=SIDE)
    one, two = run_export(whole)(pixels), run_export(export)(pixels)
    assert one.shape == two.shape
    assert 0 < np.abs(one[:, 4] - two[:, 4]).max() < 0.2
    assert len(export.constants) < 0.35 * len(whole.constants)


def test_every_weight_whose_products_are_summed_in_pairs_takes_seven_bits_so_that_no_processor_clips_a_sum(
    made: tuple[Path, dict[str, object]],
) -> None:
    from sattrack.detectors.openvino_forward import openvino

    export = read_export(made[0], backend=EIGHT_BIT)
    model = openvino().Core().read_model(model=export.graph, weights=export.constants)
    held = [op for op in model.get_ops() if op.get_type_name() == "Constant" and op.get_element_type().get_type_name() == "i8"]
    assert len(held) > 50
    # (groups, out, in, rows, cols) of a depthwise convolution: one channel each, so that nothing is summed over channels.
    summed = [op.get_data().astype(int) for op in held if len(op.shape) != 5 or op.shape[2] > 1]
    assert len(summed) > 40
    assert max(int(np.abs(weights).max()) for weights in summed) <= 64


def test_what_the_finest_level_alone_sees_stays_in_single_precision(made: tuple[Path, dict[str, object]]) -> None:
    from sattrack.detectors.openvino_forward import openvino

    export = read_export(made[0], backend=EIGHT_BIT)
    model = openvino().Core().read_model(model=export.graph, weights=export.constants)
    stages: dict[str, str] = {}
    for op in model.get_ops():
        if op.get_type_name() in ("Convolution", "GroupConvolution"):
            weights = op.input_value(1).get_node()
            while weights.get_input_size():
                weights = weights.input_value(0).get_node()
            name = op.get_friendly_name().partition(".model.")[2].partition(".conv/")[0]
            stages[name] = weights.get_element_type().get_type_name()
    # The stage that feeds the head's first level is the 16th, the head the 23rd.
    kept = {name for name, kind in stages.items() if kind == "f32"}
    assert {"0", "1", "2.cv1", "16.cv2", "16.m.0.cv1", "23.cv2.0.0", "23.cv3.0.0.0", "23.cv4.0.1"} <= kept
    assert not kept & {"3", "4.cv1", "16.cv1", "19.cv2", "22.cv2", "23.cv2.1.0", "23.cv3.1.0.0", "23.cv4.2.1"}


def test_the_report_tells_both_counts_and_whether_it_may_be_a_default(made: tuple[Path, dict[str, object]]) -> None:
    said = made[1]
    assert said["tiles"] == 1
    assert str(said["said"]).startswith("on 1 rendered tiles that calibrated nothing it counts ")
    assert said["holds"] is (abs(float(str(said["drift_pct"]))) <= 1)


def test_without_nncf_the_way_out_is_told(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sattrack.detectors import backends, quantising

    monkeypatch.setattr(backends, "version_of", lambda package: None if package == "nncf" else "1")
    with pytest.raises(UsageError, match=r"nncf is not installed .*pip install 'sattrack\[int8\]'"):
        quantising.export_8_bit_to(None, weights=tiny, card=card_of(tiny), calibrate=lambda _card: pytest.fail("drawn"))


def test_a_head_of_another_kind_is_refused(tiny: Path) -> None:
    from sattrack.detectors import quantising

    class Model:
        def get_ops(self) -> list[object]:
            return []

    with pytest.raises(DetectorError, match="its head is of another kind"):
        quantising._kept_whole(Model())
