"""P11, G10: an 8-bit export that counts otherwise than it should is no default, and the reason is said."""

from dataclasses import replace
from pathlib import Path

import pytest

from sattrack.detectors import golden
from sattrack.detectors.exports import Export, statement
from sattrack.detectors.golden import drift_pct, refusal
from sattrack.errors import WeightsError
from sattrack.results import ModelCard

CARD = ModelCard("x", "ab" * 32, ("container",), 0.2, 640, 0.4)
STATED = replace(
    statement(CARD, backend="openvino", precision="fp32", oriented=True), precision="int8", golden=700, drift_pct=-0.4
)  # fmt: skip
EXPORT = Export(b"<net/>", b"01", STATED)


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What is counted on the golden tiles, one after the other; popped."""
    left: list[int] = []
    monkeypatch.setattr(golden, "golden_count", lambda _export, card: left.pop(0))
    return left


def test_P11_an_export_that_counts_as_when_it_was_made_may_be_the_default_and_is_looked_at_once(
    counts: list[int], tmp_path: Path
) -> None:
    counts += [707]
    assert refusal(EXPORT, card=CARD, folder=tmp_path / "cache") == ""
    assert refusal(EXPORT, card=CARD, folder=tmp_path / "cache") == ""
    assert counts == []


def test_G10_one_that_counts_otherwise_on_this_processor_is_refused_each_time(counts: list[int], tmp_path: Path) -> None:
    counts += [708, 692]
    for found in (708, 692):
        assert f"counts {found} on the golden tiles, not 700" in refusal(EXPORT, card=CARD, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_G10_another_processor_or_version_is_looked_at_again(
    counts: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts += [700, 0]
    assert refusal(EXPORT, card=CARD, folder=tmp_path) == ""
    monkeypatch.setattr(golden, "version_of", lambda _package: "another")
    assert "counts 0" in refusal(EXPORT, card=CARD, folder=tmp_path)


@pytest.mark.parametrize(
    ("drift", "told"), [(1.2, r"drifts by \+1.2 %"), (-3.0, r"drifts by -3.0 %"), (None, "does not state")]
)
def test_P11_one_that_drifted_as_it_was_made_is_refused(drift: float | None, told: str, tmp_path: Path) -> None:
    drifting = replace(EXPORT, stated=replace(STATED, drift_pct=drift))
    with pytest.raises(AssertionError, match=told):
        assert refusal(drifting, card=CARD, folder=tmp_path) == ""


def test_where_nothing_can_be_remembered_it_is_looked_at_each_time(counts: list[int], tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    counts += [700, 700]
    assert refusal(EXPORT, card=CARD, folder=tmp_path / "cache") == ""
    assert refusal(EXPORT, card=CARD, folder=tmp_path / "cache") == ""


def test_one_that_cannot_be_loaded_is_refused_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_a: object, **_k: object) -> int:
        raise WeightsError("OpenVINO cannot load it")

    monkeypatch.setattr(golden, "golden_count", broken)
    assert refusal(EXPORT, card=CARD, folder=tmp_path) == "OpenVINO cannot load it"


def test_a_drift_of_nothing_is_whole_or_none() -> None:
    assert (drift_pct(101, 100), drift_pct(0, 0), drift_pct(3, 0)) == (1.0, 0.0, 100.0)
