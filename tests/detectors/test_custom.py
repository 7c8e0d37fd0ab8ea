from pathlib import Path

import numpy as np
import pytest

from sattrack.detections import Detections
from sattrack.detectors.custom import card_of_custom, load_custom
from sattrack.errors import DetectorError, UsageError, WeightsError
from sattrack.imagery import Batch, Tile, Window

_CODE = """
from sattrack.detections import Detections

class Plain:
    classes = ["container"]
    gsd_m = 0.5
    tile_px = 64
    threshold = 0.3
    def detect(self, batch):
        return [Detections.none() for _ in batch.tiles]

class Streaming(Plain):
    device = "here"
    def detect(self, batches):
        for batch in batches:
            yield [Detections.none() for _ in batch.tiles]

class Short(Plain):
    def detect(self, batch):
        return []

class Nowhere(Streaming):
    def __getattribute__(self, name):
        if name == "device":
            raise AttributeError(name)
        return super().__getattribute__(name)

class Failing(Plain):
    def detect(self, batch):
        return [1 // 0]

class FailingStream(Streaming):
    def detect(self, batches):
        for batch in batches:
            yield [1 // 0]

class Leaving(Plain):
    def detect(self, batch):
        raise SystemExit(0)

class LeavingStream(Streaming):
    def detect(self, batches):
        for batch in batches:
            yield exit(0)

class LeftUnmade(Plain):
    def __init__(self):
        raise SystemExit(0)

class Unmade(Plain):
    def __init__(self, weights):
        pass

class Bare:
    pass

class OneText(Plain):
    classes = ("container")

class Numbers(Plain):
    classes = (1, 2)

class NoTuple(Plain):
    classes = 5

class Unsized(Plain):
    gsd_m = None

class Uneven(Plain):
    tile_px = 64.5

class Wordy(Plain):
    threshold = "high"

class Nameless(Plain):
    @property
    def classes(self):
        raise RuntimeError("no names")

class Lost(Streaming):
    asked = 0
    @property
    def device(self):
        self.asked += 1
        return ["here"][self.asked - 1]

class Coarse(Plain):
    gsd_m = -1.0
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "own_detectors_of_the_test.py"
    path.write_text(_CODE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, path.stem, raising=False)
    return path


def named(kind: str) -> str:
    return f"own_detectors_of_the_test:{kind}"


def batch(n: int) -> Batch:
    tile = Tile(Window(0, 0, 64, 64), np.zeros((64, 64, 3), np.uint8), np.ones((64, 64), bool))
    return Batch((tile,) * n)


@pytest.mark.parametrize("kind", ["Plain", "Streaming"])
def test_a_detector_may_answer_batch_by_batch_or_as_a_stream(kind: str) -> None:
    found = list(load_custom(named(kind)).detect([batch(3), batch(0), batch(1)]))
    assert [len(each) for each in found] == [3, 0, 1]
    assert all(isinstance(one, Detections) for each in found for one in each)


def test_g8_a_detector_that_returns_too_few_results_breaks_its_contract() -> None:
    with pytest.raises(DetectorError, match="0 results for 2 tiles"):
        list(load_custom(named("Short")).detect([batch(2)]))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no_colon", "module:Class"), (":X", "module:Class"), ("no_such_module_here:X", "cannot be imported"),
        ("own_detectors_of_the_test:Missing", "has no 'Missing'"), ("own_detectors_of_the_test:Bare", "lacks classes"),
        ("own_detectors_of_the_test:Nowhere", "lacks device"),
        ("own_detectors_of_the_test:OneText", r"classes is 'container', expected texts, such as \(\"container\",\)"),
        ("own_detectors_of_the_test:Numbers", r"classes is \(1, 2\), expected texts"),
        ("own_detectors_of_the_test:NoTuple", "classes is 5, expected texts"),
        ("own_detectors_of_the_test:Unsized", "gsd_m is None, expected a number"),
        ("own_detectors_of_the_test:Uneven", "tile_px is 64.5, expected a whole number"),
        ("own_detectors_of_the_test:Wordy", "threshold is 'high', expected a number"),
        ("own_detectors_of_the_test:Nameless", "cannot be made: RuntimeError: no names"),
        ("own_detectors_of_the_test:Unmade", "cannot be made: TypeError"),
        ("own_detectors_of_the_test:LeftUnmade", "cannot be made: SystemExit: 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_detector_is_an_error_of_use(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        load_custom(name)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("Failing", "ZeroDivisionError"), ("FailingStream", "ZeroDivisionError"), ("Leaving", "SystemExit: 0"),
        ("LeavingStream", "SystemExit: 0"),
    ],
)  # fmt: skip
def test_i6_what_its_own_code_raises_is_an_error_of_the_detector(kind: str, said: str) -> None:
    with pytest.raises(DetectorError, match=f"the detector failed: {said}"):
        list(load_custom(named(kind)).detect([batch(1)]))


def test_i6_a_device_that_it_cannot_name_any_more_is_an_error_of_the_detector() -> None:
    detector = load_custom(named("Lost"))
    with pytest.raises(DetectorError, match="the detector failed: IndexError"):
        _ = detector.device


@pytest.mark.parametrize("error", ["RuntimeError: no weights", "SystemExit: 0", "AttributeError: numpy has no float"])
def test_a_module_that_fails_as_it_is_imported_is_an_error_of_use(
    module: Path, error: str, caplog: pytest.LogCaptureFixture
) -> None:
    kind, _, words = error.partition(": ")
    module.write_text(f"raise {kind}({words!r})")
    with caplog.at_level("INFO"), pytest.raises(UsageError, match=rf"fails as it is imported: {error} \(-v shows where\)"):
        load_custom(named("Plain"))
    assert f'{module.name}", line 1' in caplog.text


def test_its_card_says_that_nothing_was_measured() -> None:
    detector = load_custom(named("Plain"))
    card = card_of_custom(named("Plain"), detector=detector, threshold=None)
    assert (card.classes, card.threshold, card.measured) == (("container",), 0.3, ())
    assert card_of_custom(named("Plain"), detector=detector, threshold=0.7).threshold == 0.7
    coarse = load_custom(named("Coarse"))
    with pytest.raises(WeightsError, match="gsd_m"):
        card_of_custom(named("Coarse"), detector=coarse, threshold=None)


def test_p12_changed_code_is_another_model(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = card_of_custom("x", detector=load_custom(named("Streaming")), threshold=None).sha256
    module.write_text(_CODE + "# changed\n")
    after = card_of_custom("x", detector=load_custom(named("Streaming")), threshold=None).sha256
    assert len(before) == 64
    assert before != after
