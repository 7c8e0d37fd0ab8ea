import hashlib
import json
from pathlib import Path

import pytest

from sattrack.detectors.cards import card_for, careful_card, find_weights, read_card
from sattrack.errors import WeightsError
from sattrack.steps.estimating import NOT_MEASURED, interval_for


def card(content: bytes = b"weights", **changes: object) -> str:
    said: dict[str, object] = {
        "id": "fast-1", "sha256": hashlib.sha256(content).hexdigest(), "classes": ["container"], "gsd_m": 0.2, "tile_px": 640,
        "threshold": 0.25,
    }  # fmt: skip
    return json.dumps(said | changes)


def weights(folder: Path, **changes: object) -> Path:
    path = folder / "fast.pt"
    path.write_bytes(b"weights")
    path.with_suffix(".json").write_text(card(**changes))
    return path


def test_the_card_beside_the_weights_is_theirs(tmp_path: Path) -> None:
    found = card_for(weights(tmp_path))
    assert (found.id, found.classes, found.threshold) == ("fast-1", ("container",), 0.25)


def test_p6_changed_weights_do_not_match_their_card(tmp_path: Path) -> None:
    path = weights(tmp_path)
    path.write_bytes(b"weightz")
    with pytest.raises(WeightsError, match="its card says"):
        card_for(path)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"gsd_m": "fine"}, "gsd_m"), ({"gsd_m": 0}, "gsd_m"), ({"threshold": 1.2}, "threshold"), ({"classes": []}, "classes"),
        ({"tile_px": 0}, "tile_px"), ({"measured": [{"precision": 0.9}]}, "measured"), ({"id": None}, "id"),
        ({"percentiles": [99, 1]}, "percentiles"), ({"threshold_careful": 0}, "threshold_careful"),
        ({"measured_careful": [{"precision": 0.9}]}, "measured_careful"),
    ],
)  # fmt: skip
def test_p13_a_card_with_an_impossible_value_is_refused_by_its_name(
    tmp_path: Path, changes: dict[str, object], named: str
) -> None:
    with pytest.raises(WeightsError, match=named):
        card_for(weights(tmp_path, **changes))


def test_a_card_that_is_no_card_is_refused(tmp_path: Path) -> None:
    for text in ("", "[]", "{", "{}"):
        (tmp_path / "x.json").write_text(text)
        with pytest.raises(WeightsError, match="model card is not valid"):
            read_card(tmp_path / "x.json")
    with pytest.raises(WeightsError, match="cannot be read"):
        read_card(tmp_path / "none.json")


def test_weights_without_a_card_must_be_stated(tmp_path: Path) -> None:
    path = tmp_path / "mine.pt"
    path.write_bytes(b"weights")
    with pytest.raises(WeightsError, match="--model-gsd-m"):
        card_for(path, gsd_m=0.3)
    stated = card_for(path, gsd_m=0.3, classes=("box",), threshold=0.4)
    assert (stated.gsd_m, stated.classes, stated.threshold, stated.measured) == (0.3, ("box",), 0.4, ())
    assert stated.id.startswith("mine-")
    with pytest.raises(WeightsError, match="threshold"):
        card_for(path, gsd_m=0.3, classes=("box",), threshold=4)


def test_what_is_stated_must_not_contradict_the_card(tmp_path: Path) -> None:
    path = weights(tmp_path)
    assert card_for(path, gsd_m=0.2, classes=("container",), threshold=0.5).threshold == 0.25
    with pytest.raises(WeightsError, match="contradict"):
        card_for(path, gsd_m=0.5)
    with pytest.raises(WeightsError, match="contradict"):
        card_for(path, classes=("ship",))


def test_weights_are_found_by_name_and_by_path(tmp_path: Path) -> None:
    path = weights(tmp_path)
    assert find_weights("fast", folder=tmp_path) == path
    assert find_weights(str(path), folder=tmp_path / "nowhere") == path
    with pytest.raises(WeightsError, match="a name: fast"):
        find_weights("slow", folder=tmp_path)


@pytest.mark.parametrize("suffix", ["engine", "pt2", "torchscript", "npy", "pkl", "yaml"])
def test_p3_p9_files_that_can_run_code_are_not_accepted(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"model.{suffix}").write_bytes(b"x")
    with pytest.raises(WeightsError, match="can run code"):
        find_weights(str(tmp_path / f"model.{suffix}"), folder=tmp_path)


BAND = dict.fromkeys(("gsd_low", "gsd_high", "density_low", "density_high", "precision", "recall", "n", "spread"), 0.5)


def test_u6_a_careful_card_is_another_model_with_what_was_measured_of_it(tmp_path: Path) -> None:
    plain = card_for(weights(tmp_path, measured=[BAND | {"n": 1.0}], measured_careful=[BAND], threshold_careful=0.4))
    careful = careful_card(plain)
    assert careful.id == "fast-1+careful"
    assert (careful.threshold, careful.measured) == (0.4, (BAND,))
    assert (plain.threshold, plain.measured) == (0.25, (BAND | {"n": 1.0},))
    assert (careful.sha256, careful.classes) == (plain.sha256, plain.classes)


def test_bands_that_were_measured_plainly_say_nothing_of_several_views(tmp_path: Path) -> None:
    careful = careful_card(card_for(weights(tmp_path, measured=[BAND])))
    assert (careful.threshold, careful.measured, careful.figures) == (0.25, (), ())
    interval = interval_for(100, card=careful, gsd_m=0.5, density=100.0)
    assert (interval.low, interval.high, interval.method) == (None, None, NOT_MEASURED)
