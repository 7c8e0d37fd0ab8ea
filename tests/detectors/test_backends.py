"""One contract for all backends, on the shipped weights and rendered tiles; and what a machine without one is told."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from sattrack import wiring
from sattrack.detections import Detections
from sattrack.detectors import backends, devices, forwarding
from sattrack.detectors.decoding import Pixels
from sattrack.detectors.exports import Export
from sattrack.detectors.onnx_forward import OnnxForward
from sattrack.detectors.views import Careful
from sattrack.errors import DetectorError, UsageError
from sattrack.imagery import Batch, Tile, Window
from sattrack.ports import Detector
from sattrack.settings import Settings
from sattrack.steps.overlapping import ious
from sattrack.synthetic.rendering import render_tile

OTHERS = ("onnx", "openvino")
# Boxes as near as this to the floor may be on either side of it.
NEAR = 0.01


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of its own, in which exports are made once for all tests here."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="module")
def loaded(cache: Path) -> Callable[[str], Detector]:
    made: dict[str, Detector] = {}

    def load(backend: str) -> Detector:
        if missing := backends.missing_for(backend, making=True):
            pytest.skip(f"{missing} not installed")
        if backend not in made:
            made[backend], _ = wiring.load_model(wiring.Model(backend=backend), settings=Settings(device="cpu"))
        return made[backend]

    return load


@pytest.fixture(scope="module")
def tiles() -> tuple[Tile, ...]:
    """Two rendered yards, a part of the second unseen."""
    drawn = [render_tile(seed, gsd_m=0.2, shape=(640, 640), kind="rtg").picture for seed in (9_100_001, 9_100_002)]
    seen = np.ones((640, 640), bool)
    hidden = seen.copy()
    hidden[:, 500:] = False
    return tuple(Tile(Window(0, 0, 640, 640), pixels, valid) for pixels, valid in zip(drawn, (seen, hidden), strict=True))


def look(detector: Detector, *batches: tuple[Tile, ...]) -> list[list[Detections]]:
    return list(detector.detect([Batch(batch) for batch in batches]))


def same(a: Detections, b: Detections) -> bool:
    return np.array_equal(a.quads, b.quads) and np.array_equal(a.scores, b.scores) and np.array_equal(a.labels, b.labels)


@pytest.mark.parametrize("backend", OTHERS)
def test_n_in_are_n_out_alone_is_as_in_a_batch_and_the_order_is_kept(
    backend: str, loaded: Callable[[str], Detector], tiles: tuple[Tile, ...]
) -> None:
    detector = loaded(backend)
    together, none, turned, (first,), (second,) = look(detector, tiles, (), tiles[::-1], tiles[:1], tiles[1:])
    assert [len(together), len(none), len(turned)] == [2, 0, 2]
    assert len(together[0])
    assert len(together[1])
    assert same(together[0], first)
    assert same(together[1], second)
    assert same(together[0], turned[1])
    assert same(together[1], turned[0])


@pytest.mark.parametrize("backend", OTHERS)
def test_G10_every_box_has_its_counterpart_in_torch(
    backend: str, loaded: Callable[[str], Detector], tiles: tuple[Tile, ...]
) -> None:
    for mine, torchs in zip(look(loaded(backend), tiles)[0], look(loaded("torch"), tiles)[0], strict=True):
        for one, other in ((mine, torchs), (torchs, mine)):
            sure = one.where(one.scores >= 0.05 + NEAR)
            assert len(sure) > 20
            nearest = cKDTree(other.centres()).query(sure.centres())[1]
            assert len(set(nearest)) == len(sure)
            quads, n = np.concatenate([sure.quads, other.quads]), len(sure)
            assert ious(quads, np.arange(n), n + nearest, least=0.5).min() > 0.95
            assert np.abs(sure.scores - other.scores[nearest]).max() < 0.01


@pytest.mark.parametrize("backend", OTHERS)
def test_i7_threads_change_no_bit(
    backend: str, loaded: Callable[[str], Detector], tiles: tuple[Tile, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = look(loaded(backend), tiles)[0]
    for threads in ("1", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        again, _ = wiring.load_model(wiring.Model(backend=backend), settings=Settings())
        assert all(same(a, b) for a, b in zip(before, look(again, tiles)[0], strict=True))


@pytest.mark.parametrize("backend", OTHERS)
def test_results_say_by_what_they_were_made(backend: str, loaded: Callable[[str], Detector]) -> None:
    detector, card = loaded(backend), wiring.card_of(wiring.Model(backend=backend))
    plain = wiring.card_of(wiring.Model())
    assert detector.device == f"cpu ({card.runtime})"
    assert card.runtime == f"{backend} {backends.version_of(backends.BACKENDS[backend])} fp32"
    assert card.id == f"{plain.id}+{backend}-fp32"
    assert replace(card, id=plain.id, runtime="") == plain
    assert plain.runtime == ""


def test_a_backend_looks_carefully_too(loaded: Callable[[str], Detector], tiles: tuple[Tile, ...]) -> None:
    loaded("openvino")
    model = wiring.Model(backend="openvino", careful=True)
    detector, card = wiring.load_model(model, settings=Settings(careful=True))
    assert isinstance(detector, Careful)
    assert card.id.endswith("+openvino-fp32+careful")
    assert wiring.card_of(model).id == card.id
    assert len(look(detector, tiles[:1])[0][0])


def test_auto_takes_the_quickest_that_is_there_and_says_why(
    loaded: Callable[[str], Detector], monkeypatch: pytest.MonkeyPatch
) -> None:
    for backend in OTHERS:
        loaded(backend)
    monkeypatch.setattr(backends, "accelerated", lambda: False)
    said: list[str] = []

    def chosen(*absent: str) -> str:
        real = backends.missing_for
        said.clear()
        with monkeypatch.context() as patch:
            patch.setattr(backends, "missing_for", lambda name, **k: (name,) if name in absent else real(name, **k))
            return wiring.on_backend(wiring.Model(), "auto", device="auto", told=said.append).backend

    small = "openvino-int8"
    assert chosen(small) == "openvino"
    assert said == [f"backend openvino {backends.version_of('openvino')} fp32: the quickest on a CPU that is installed and "
                    "answers as torch does; openvino-int8: openvino-int8 is not installed"]  # fmt: skip
    assert chosen(small, "openvino") == "onnx"
    assert said[0].endswith("; openvino: openvino is not installed")
    assert chosen(small, "openvino", "onnx") == "torch"
    assert said[0].startswith("backend torch: ")


def test_auto_leaves_accelerators_to_torch_and_a_detector_of_ones_own_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(devices, "choose_device", lambda _asked: torch.device("mps"))
    assert wiring.on_backend(wiring.Model(), "auto", device="mps", told=said.append) == wiring.Model()
    monkeypatch.setattr(backends, "accelerated", lambda: True)
    assert wiring.on_backend(wiring.Model(), "auto", device="auto", told=said.append) == wiring.Model()
    assert said == ["backend torch: a graphics card may be used, and only torch uses one"] * 2
    own = wiring.Model(detector="a:B")
    assert wiring.on_backend(own, "auto", device="auto") == own
    # A driver is here, or Windows is below, but torch was not built for the card: the CPU's order holds.
    monkeypatch.setattr(devices, "choose_device", lambda _asked: torch.device("cpu"))
    assert wiring.on_backend(wiring.Model(), None, device="auto") == wiring.on_backend(wiring.Model(), None, device="cpu")
    assert wiring.on_backend(wiring.Model(), None, device="auto").backend.startswith("openvino")
    with pytest.raises(UsageError, match="runs itself"):
        wiring.load_model(replace(own, backend="onnx"), settings=Settings())


def test_half_precision_on_a_card_is_another_model_in_name_and_in_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "accelerated", lambda: True)
    monkeypatch.setattr(devices, "choose_device", lambda asked: torch.device("cpu" if asked == "cpu" else "cuda:0"))
    plain = wiring.card_of(wiring.Model())
    for backend, device in (("auto", "auto"), ("torch", "auto"), ("torch", "cuda:0"), (None, "cuda")):
        card = wiring.card_of(wiring.on_backend(wiring.Model(), backend, device=device))
        assert (card.id, card.runtime) == (f"{plain.id}+torch-fp16", f"torch {backends.version_of('torch')} fp16")
        assert replace(card, id=plain.id, runtime="") == plain
    assert wiring.on_backend(wiring.Model(), "torch", device="cpu") == wiring.Model()
    own = wiring.Model(detector="a:B")
    assert wiring.on_backend(own, None, device="cuda") == own
    with pytest.raises(UsageError, match="'torch-fp16' is not known"):
        wiring.on_backend(wiring.Model(), "torch-fp16", device="cuda")


def test_a_machine_without_a_card_does_not_go_on_in_single_precision_for_one_with() -> None:
    with pytest.raises(UsageError, match=r"half precision was chosen where the run began, and this machine .* cpu"):
        wiring.load_model(wiring.Model(backend=backends.HALF), settings=Settings())


def test_auto_passes_over_what_cannot_be_exported_and_not_over_what_torch_says_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "accelerated", lambda: False)
    said: list[str] = []

    def refuse(model: wiring.Model) -> None:
        raise UsageError("no onnx") if model.backend == "onnx" else DetectorError("does not answer")

    real = wiring.card_of
    with monkeypatch.context() as patch:
        patch.setattr(wiring, "card_of", lambda model: refuse(model) if model.backend != "torch" else real(model))
        assert wiring.on_backend(wiring.Model(), "auto", device="cpu", told=said.append).backend == "torch"
    assert said[-1].endswith("; openvino: does not answer; onnx: no onnx")

    def without(_model: wiring.Model) -> None:
        raise UsageError("must have a card")

    monkeypatch.setattr(wiring, "card_of", without)
    with pytest.raises(UsageError, match="must have a card"):
        wiring.on_backend(wiring.Model(), "auto", device="cpu")


def test_a_backend_that_is_not_installed_or_not_known_is_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "version_of", lambda _package: None)
    with pytest.raises(UsageError, match=r"onnxruntime and onnx is not installed .*pip install 'sattrack\[onnx\]'"):
        backends.demand("onnx", making=True)
    with pytest.raises(UsageError, match="use one of auto, onnx, openvino, openvino-int8, torch"):
        backends.demand("tensorrt")


def test_another_device_than_the_cpu_is_refused() -> None:
    with pytest.raises(UsageError, match="device 'cuda' was asked for"):
        wiring.load_model(wiring.Model(backend="openvino"), settings=Settings(device="cuda"))
    with pytest.raises(UsageError, match="device 'mps' was asked for"):
        wiring.on_backend(wiring.Model(), "onnx", device="mps")


@pytest.mark.parametrize("off", [0.0, 1.2])
def test_an_export_on_a_card_is_held_against_the_cpu(
    loaded: Callable[[str], Detector], monkeypatch: pytest.MonkeyPatch, off: float
) -> None:
    loaded("onnx")

    class Card(OnnxForward):
        """A card, played by the CPU, whose boxes lie so many pixels off."""

        def __call__(self, pixels: Pixels) -> np.ndarray:
            self.device = "cuda (played)"
            return super().__call__(pixels) + np.array([off, 0, 0, 0, 0, 0], np.float32)[:, None]

    def run(export: Export, *, device: str = "cpu") -> OnnxForward:
        made = Card(export) if device == "cuda" else OnnxForward(export)
        made.device = device
        return made

    monkeypatch.setattr(forwarding, "run_export", run)
    if not off:
        assert wiring.load_model(wiring.Model(backend="onnx"), settings=Settings(device="cuda"))[0].device == "cuda (played)"
        return
    with pytest.raises(DetectorError, match="does not answer as cpu does"):
        wiring.load_model(wiring.Model(backend="onnx"), settings=Settings(device="cuda"))


_ALONE = """
import socket, sys
def refuse(*a, **k):
    raise SystemExit("a socket was opened")
socket.socket.connect = refuse
socket.create_connection = refuse
socket.getaddrinfo = refuse
from sattrack import wiring
from sattrack.settings import Settings
wiring.load_model(wiring.Model(backend=sys.argv[1]), settings=Settings())
print(*sorted({"torch", "ultralytics", "openvino_telemetry", "onnx"} & set(sys.modules)))
"""


_SPINS = """
import os, sys
class Finder:
    def find_spec(self, name, *_where):
        if name == "torch":
            print(os.environ.get("GOMP_SPINCOUNT"))
sys.meta_path.insert(0, Finder())
from sattrack import wiring
from sattrack.detectors import backends
backends.accelerated = lambda: True
wiring.on_backend(wiring.Model(), "torch", device="auto")
"""


def test_torch_is_told_not_to_spin_before_it_is_asked_for_a_card() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
    done = subprocess.run([sys.executable, "-c", _SPINS], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "10000\n"), done.stderr


@pytest.mark.parametrize("backend", OTHERS)
def test_where_the_export_is_there_torch_is_not_imported_and_nobody_is_told(
    backend: str, loaded: Callable[[str], Detector], cache: Path, tmp_path: Path
) -> None:
    loaded(backend)
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(cache)}
    before = sorted(cache.rglob("*"))
    done = subprocess.run([sys.executable, "-c", _ALONE, backend], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
    assert list(tmp_path.rglob("*")) == []
    assert sorted(cache.rglob("*")) == before
