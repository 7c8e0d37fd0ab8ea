"""The gate: what 8 bits may cost, by whom it is measured, and what the card then says."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sattrack import wiring
from sattrack.bench import gating
from sattrack.bench.accuracy import Accuracy, Measured
from sattrack.bench.carding import card_page
from sattrack.bench.gate_tables import gate_table, verdict
from sattrack.bench.gating import Gate, bench_gate, gate_row, with_row
from sattrack.bench.scoring import score
from sattrack.detections import Detections
from sattrack.detectors.backends import EIGHT_BIT
from sattrack.detectors.cards import passed, read_card, write_card
from sattrack.errors import UsageError
from sattrack.results import ModelCard
from sattrack.settings import Settings

CARD = ModelCard("x", "ab" * 32, ("container",), 0.2, 640, 0.4, name="x")


@pytest.fixture
def judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A gate over one fold and one drawn set of two pictures, whose 8-bit export leaves out `missed` boxes a picture."""
    from sattrack.bench.datasets import read_datasets
    from sattrack.synthetic.labelled_set import orders_by_seed, write_set

    data = tmp_path / "data"
    list(write_set(data / "quay", orders_by_seed(count=2, first_seed=9_100_000, gsd_m=(0.5, 0.5), pixels=160, kind="rtg")))
    monkeypatch.setattr(gating, "_drawn", lambda weights, **kw: gating._both(weights, read_datasets([data]), **_known(kw)))
    card = replace(CARD, trained_on=({"left_out": "quay"},))
    monkeypatch.setattr(wiring, "card_of", lambda _model: card)

    def judge(missed: int) -> Gate:
        def measure(images, *, model, threshold, settings):
            left = missed if model.backend == EIGHT_BIT else 0
            return Accuracy(tuple(_seen(image, left) for image in images), 0.4, "x", 0.0)

        monkeypatch.setattr(gating, "measure", measure)
        return bench_gate(tmp_path / "x.pt", [tmp_path / "fold.pt"], data=data, settings=Settings(), yards=2)

    return judge


def _known(options):
    return {key: options[key] for key in ("settings", "told")}


def _seen(image, left: int) -> Measured:
    quads = image.truth[left:]
    found = Detections(quads, np.full(len(quads), 0.9, np.float32), np.zeros(len(quads), np.int32))
    return Measured(image, found, score(found, truth=image.truth))


def test_an_export_that_finds_the_same_passes(judged):
    gate = judged(0)
    assert gate.passed
    assert (gate.real.count_pct, gate.real.ap50_cost, gate.rendered[-1].count_pct) == (0.0, 0.0, 0.0)
    assert verdict(gate).startswith("The gate is passed: 8 bits change the count by +0.00 %")


def test_one_that_loses_a_fiftieth_of_the_boxes_does_not(judged):
    gate = judged(3)
    assert gate.real.count_pct < -1
    assert not gate.passed
    assert "NOT passed" in verdict(gate)
    assert gate.worst.name == "quay"


def test_a_row_for_each_set_and_for_all_of_them(judged):
    head, rows = gate_table(judged(0))
    assert [row[0] for row in rows] == ["quay", "all", "quay", "all rendered"]
    assert {len(row) for row in rows} == {len(head)}


def test_the_card_then_says_of_which_file_and_a_later_row_takes_its_place(judged, tmp_path):
    bad, good = (
        gate_row(judged(n), sha256=sha, calibration="tiles", instructions="vnni") for n, sha in ((9, "11" * 32), (0, "22" * 32))
    )
    card = with_row(with_row(CARD, bad), good)
    assert card.exports == (good,)
    write_card(card, tmp_path / "card.json")
    again = read_card(tmp_path / "card.json")
    assert passed(again, sha256="22" * 32, instructions="vnni")
    assert not passed(again, sha256="22" * 32, instructions="avx2")
    assert not passed(again, sha256="11" * 32, instructions="vnni")
    assert not passed(with_row(CARD, bad), sha256="11" * 32, instructions="vnni")
    assert "## Exports, held against the weights" in card_page(again)


def test_each_kind_of_processor_has_its_own_row_of_the_same_file(judged):
    here, there = (
        gate_row(judged(n), sha256="22" * 32, calibration="tiles", instructions=kind) for n, kind in ((9, "avx2"), (0, "vnni"))
    )
    card = with_row(with_row(CARD, here), there)
    assert [(row["instructions"], row["passed"]) for row in card.exports] == [("avx2", False), ("vnni", True)]
    assert not passed(card, sha256="22" * 32, instructions="avx2")
    assert passed(card, sha256="22" * 32, instructions="vnni")
    assert not passed(card, sha256="22" * 32, instructions="")


def test_weights_that_left_no_set_out_judge_nothing(judged, monkeypatch):
    monkeypatch.setattr(wiring, "card_of", lambda _model: CARD)
    with pytest.raises(UsageError, match="names no set that was left out"):
        judged(0)
