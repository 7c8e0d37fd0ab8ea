"""A tiny network with random weights, made here: what it finds means nothing, how it is asked and answered does."""

import hashlib
import os
import pickle
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sattrack.detections import Detections
from sattrack.detectors import yolo
from sattrack.detectors.offline import keep_at_home
from sattrack.detectors.torch_forward import TorchForward
from sattrack.detectors.yolo import YoloDetector
from sattrack.errors import DetectorError, WeightsError
from sattrack.geometry import sides
from sattrack.imagery import Batch, Tile, Window
from sattrack.results import ModelCard

SIDE = 160


def network(config: str, *, classes: int = 1) -> Any:
    keep_at_home()
    from ultralytics.nn.tasks import DetectionModel, OBBModel

    torch.manual_seed(3)
    made = (OBBModel if "obb" in config else DetectionModel)(config, nc=classes, verbose=False)
    made.names = {i: f"class {i}" for i in range(classes)}
    # Random networks are sure of nothing: a bias on the class scores makes some anchors pass the floor.
    for branch in (made.model[-1].cv3, getattr(made.model[-1], "one2one_cv3", None) or ()):
        for layer in branch:
            layer[-1].bias.data.fill_(-2.0)
            layer[-1].weight.data.mul_(3.0)
    return made


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "tiny.pt"
    torch.save({"model": network("yolo11n-obb.yaml").half()}, path)
    return path


def card_of(path: Path, *, classes: tuple[str, ...] = ("container",)) -> ModelCard:
    return ModelCard("tiny", hashlib.sha256(path.read_bytes()).hexdigest(), classes, 0.2, SIDE, 0.25)


def detector(path: Path, **changes: object) -> YoloDetector:
    said: dict[str, Any] = {
        "card": card_of(path), "device": "cpu", "score_floor": 0.05, "merge_overlap": 0.3, "tile_cap": 3000,
    } | changes  # fmt: skip
    return YoloDetector(path, **said)


@pytest.fixture(scope="module")
def tiny(saved: Path) -> YoloDetector:
    return detector(saved)


def tiles(n: int, *, seed: int = 0) -> tuple[Tile, ...]:
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(n):
        pixels = np.kron(rng.integers(0, 256, (20, 20, 3)), np.ones((8, 8, 1))).astype(np.uint8)
        made.append(Tile(Window(0, 0, SIDE, SIDE), pixels, np.ones((SIDE, SIDE), bool)))
    return tuple(made)


@pytest.mark.parametrize(("off", "refused"), [(0.0, False), (0.9, False), (1.1, True), (np.nan, True)])
def test_a_card_that_answers_otherwise_than_the_cpu_is_refused(
    saved: Path, monkeypatch: pytest.MonkeyPatch, off: float, refused: bool
) -> None:
    class Card(TorchForward):
        """A card whose boxes lie so many pixels off; both are played by the CPU."""

        def __init__(self, made: torch.nn.Module, *, device: str, **options: Any) -> None:
            super().__init__(made, device="cpu", **options)
            self.off = off if device == "cuda" else 0.0
            self.device = device

        def __call__(self, pixels: Any) -> Any:
            heads = super().__call__(pixels)
            heads[:, 0] += self.off
            return heads

    monkeypatch.setattr(yolo, "choose_device", torch.device)
    monkeypatch.setattr(yolo, "TorchForward", Card)
    if refused:
        with pytest.raises(DetectorError, match="cuda does not answer as cpu does: on 2 drawn tiles"):
            detector(saved, device="cuda")
    else:
        assert detector(saved, device="cuda").device == "cuda"


def look(with_: YoloDetector, *batches: tuple[Tile, ...]) -> list[list[Detections]]:
    return list(with_.detect([Batch(batch) for batch in batches]))


def alike(a: Detections, b: Detections) -> bool:
    return len(a) == len(b) and np.allclose(a.quads, b.quads, atol=1e-3) and np.allclose(a.scores, b.scores, atol=1e-4)


def test_n_tiles_in_are_n_results_out_and_an_empty_batch_is_none(tiny: YoloDetector) -> None:
    assert [len(found) for found in look(tiny, tiles(3), (), tiles(1))] == [3, 0, 1]


def test_boxes_have_size_scores_and_labels_in_range(tiny: YoloDetector) -> None:
    found = look(tiny, tiles(2))[0][0]
    assert len(found) > 3
    assert found.scores.min() >= 0.05
    assert found.scores.max() <= 1
    assert set(found.labels) == {0}
    assert sides(found.quads)[1].min() > 0


def test_g6_a_tile_alone_is_as_in_a_batch_and_the_order_is_kept(tiny: YoloDetector) -> None:
    many = tiles(4)
    together = look(tiny, many)[0]
    alone = [found[0] for found in look(tiny, *((tile,) for tile in many))]
    assert all(alike(a, b) for a, b in zip(together, alone, strict=True))
    assert not alike(together[0], together[1])
    turned = look(tiny, many[::-1])[0]
    assert all(alike(a, b) for a, b in zip(together, turned[::-1], strict=True))


def test_batches_are_drawn_one_at_a_time(tiny: YoloDetector) -> None:
    drawn = []

    def batches() -> Any:
        for n in range(5):
            drawn.append(n)
            yield Batch(tiles(1))

    answers = tiny.detect(batches())
    next(answers)
    assert len(drawn) <= 2


def test_i7_the_same_tiles_twice_give_the_same_arrays(tiny: YoloDetector) -> None:
    one, other = (look(tiny, tiles(2))[0][1] for _ in range(2))
    assert np.array_equal(one.quads, other.quads)
    assert np.array_equal(one.scores, other.scores)


def test_what_is_not_valid_is_painted_as_in_training(tiny: YoloDetector) -> None:
    (tile,) = tiles(1)
    half = np.ones((SIDE, SIDE), bool)
    half[:, 80:] = False
    black, white = tile.pixels.copy(), tile.pixels.copy()
    black[~half], white[~half] = 0, 255
    one, other = (look(tiny, (Tile(tile.window, pixels, half),))[0][0] for pixels in (black, white))
    assert np.array_equal(one.quads, other.quads)
    assert black[0, 100].tolist() == [0, 0, 0]


def test_g1_a_tile_that_returns_as_many_as_it_may_says_so(saved: Path) -> None:
    found = look(detector(saved, tile_cap=2), tiles(1))[0][0]
    assert len(found) == 2
    assert found.cap_hit


def test_g8_numbers_that_are_not_finite_are_an_error_never_no_boxes(tmp_path: Path) -> None:
    broken = network("yolo11n-obb.yaml")
    next(broken.parameters()).data[0] = float("nan")
    torch.save({"model": broken}, tmp_path / "nan.pt")
    with pytest.raises(DetectorError, match="not finite"):
        look(detector(tmp_path / "nan.pt"), tiles(1))


def test_g11_when_memory_runs_out_the_batch_is_halved_and_that_is_said(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = detector(saved)
    whole = look(small, tiles(4))[0]
    real = small._forward.network.forward

    def forward(x: torch.Tensor) -> Any:
        if len(x) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(x)

    monkeypatch.setattr(small._forward.network, "forward", forward)
    assert all(alike(a, b) for a, b in zip(look(small, tiles(4))[0], whole, strict=True))
    assert "batch halved for memory" in small.device

    def never(x: torch.Tensor) -> Any:
        torch.empty(1 << 60, dtype=torch.uint8)  # more than any machine gives: what the allocator itself says
        return real(x)

    monkeypatch.setattr(small._forward.network, "forward", never)
    with pytest.raises(DetectorError, match="does not fit"):
        look(small, tiles(2))


def test_a_device_that_fails_is_an_error_with_its_name(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = detector(saved)

    def gone(x: torch.Tensor) -> Any:
        raise RuntimeError("CUDA error: device-side assert triggered\nmore")

    monkeypatch.setattr(lost._forward.network, "forward", gone)
    with pytest.raises(DetectorError, match="failed on cpu: CUDA error"):
        look(lost, tiles(1))


def test_upright_networks_give_upright_quads(tmp_path: Path) -> None:
    torch.save({"model": network("yolo11n.yaml", classes=2)}, tmp_path / "up.pt")
    made = detector(tmp_path / "up.pt", card=card_of(tmp_path / "up.pt", classes=("a", "b")))
    found = look(made, tiles(1))[0][0]
    assert not made.oriented
    assert len(found)
    assert np.allclose(found.quads[:, 0, 1], found.quads[:, 1, 1])


def test_a_head_made_to_need_no_suppression_is_asked_for_all_its_boxes(tmp_path: Path) -> None:
    torch.save({"model": network("yolo26n-obb.yaml")}, tmp_path / "e2e.pt")
    made = detector(tmp_path / "e2e.pt", score_floor=0.001)
    raw = made._forward(np.stack([tile.pixels for tile in tiles(1)]))
    assert raw.shape == (1, 6, sum((SIDE // s) ** 2 for s in (8, 16, 32)))


def test_an_upright_end_to_end_head_gives_centres_and_sizes_too(tmp_path: Path) -> None:
    torch.save({"model": network("yolo26n.yaml")}, tmp_path / "e2e.pt")
    made = detector(tmp_path / "e2e.pt", score_floor=0.001)
    raw = made._forward(np.stack([tile.pixels for tile in tiles(1)]))[0]
    assert raw.shape == (5, sum((SIDE // s) ** 2 for s in (8, 16, 32)))
    # The end-to-end branch answers in corners: there the first two rows would be left and top, the next two right and bottom.
    cells = [((np.arange((SIDE // s) ** 2) % (SIDE // s)) + 0.5) * s for s in (8, 16, 32)]
    assert np.abs(raw[0] - np.concatenate(cells)).max() < 2 * 32


@pytest.mark.parametrize("config", ["yolo26n.yaml", "yolo26n-obb.yaml"])
def test_weights_with_nothing_but_an_end_to_end_head_are_refused(tmp_path: Path, config: str) -> None:
    made = network(config)
    made.model[-1].end2end = True
    torch.save({"model": made.eval().fuse(verbose=False)}, tmp_path / "fused.pt")
    with pytest.raises(WeightsError, match="end-to-end"):
        detector(tmp_path / "fused.pt")


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (os.environ["EVIL_MARK"],))


@pytest.mark.parametrize("plain", [True, False])
def test_p1_weights_that_want_to_run_code_are_refused_and_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plain: bool
) -> None:
    monkeypatch.setenv("EVIL_MARK", str(tmp_path / "mark"))
    path = tmp_path / "evil.pt"
    path.write_bytes(pickle.dumps({"model": Evil()}, protocol=2)) if plain else torch.save({"model": Evil()}, path)
    with pytest.raises(WeightsError, match="cannot be loaded"):
        detector(path)
    assert not (tmp_path / "mark").exists()


class Calling:
    """A call of what both loaders know, with words of a stranger's."""

    def __init__(self, called: Any, *words: Any) -> None:
        self.call = called, words

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


@pytest.mark.parametrize("kind", ["fetching", "reading", "keeping"])
def test_p1_i5_layers_that_weights_would_call_are_not_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    from ultralytics.nn.modules.block import TorchVision
    from ultralytics.nn.tasks import DetectionModel

    def never(*_: object, **__: object) -> None:
        pytest.fail("a layer was called")

    (tmp_path / "secret.yaml").write_text("nc: 1")
    planted = {
        "fetching": Calling(TorchVision, "resnet18", "DEFAULT"),
        "reading": Calling(DetectionModel, str(tmp_path / "secret.yaml")),
        "keeping": torch.nn.Sequential(torch.nn.Identity()),
    }[kind]
    if kind == "keeping":
        planted._modules["0"] = TorchVision
    torch.save({"model": planted}, tmp_path / "x.pt")
    monkeypatch.setattr(TorchVision, "__init__", never)
    monkeypatch.setattr(DetectionModel, "__init__", never)
    with pytest.raises(WeightsError, match=r"it (would call|keeps) ultralytics\.nn\."):
        detector(tmp_path / "x.pt")


def test_p1_a_torch_that_cannot_load_safely_is_refused(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ultralytics.nn import tasks

    monkeypatch.setattr(tasks._SafeLoad, "SUPPORTED", False)
    with pytest.raises(WeightsError, match="without running their code"):
        detector(saved)


def test_p2_weights_that_name_a_missing_module_install_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        pytest.fail("something was about to be installed")

    monkeypatch.setattr("ultralytics.nn.tasks.check_requirements", never)
    path = tmp_path / "x.pt"
    path.write_bytes(b"\x80\x02}q\x00X\x05\x00\x00\x00modelq\x01cno_such_module_here\nThing\nq\x02)\x81q\x03s.")
    with pytest.raises(WeightsError, match="cannot be loaded"):
        detector(path)


@pytest.mark.parametrize("name", ["tiny.pt", "yolo11n.pt"])
@pytest.mark.parametrize("part", [0.0, 0.5, 0.99])
def test_p5_cut_and_empty_weights_are_refused_and_left_as_they_are(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: float, name: str
) -> None:
    # yolo11n.pt is a name that the library would fetch again by itself.
    whole = saved.read_bytes()
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(WeightsError, match="cannot be loaded") as caught:
        detector(Path(name))
    assert name in caught.value.where
    assert Path(name).stat().st_size == int(len(whole) * part)


@pytest.mark.parametrize("lost", ["nc", "stride", "cv2"])
def test_p5_a_network_that_lacks_a_part_is_refused(tmp_path: Path, lost: str) -> None:
    made = network("yolo11n-obb.yaml")
    (made.model[-1]._modules if lost == "cv2" else made.model[-1].__dict__).pop(lost)
    torch.save({"model": made}, tmp_path / "x.pt")
    with pytest.raises((WeightsError, DetectorError), match=r"its network is not whole|the network failed"):
        list(detector(tmp_path / "x.pt").detect([Batch(tuple(tiles(1)))]))


def test_p5_a_layer_that_lacks_a_part_is_an_error_with_the_device_it_failed_on(tmp_path: Path) -> None:
    made = network("yolo11n-obb.yaml")
    del made.model[1].conv.stride
    torch.save({"model": made}, tmp_path / "x.pt")
    with pytest.raises((WeightsError, DetectorError), match=r"its network is not whole|the network failed on cpu"):
        list(detector(tmp_path / "x.pt").detect([Batch(tuple(tiles(1)))]))


def test_p5_entries_that_unpack_to_much_more_are_refused(saved: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(saved) as there, zipfile.ZipFile(tmp_path / "x.pt", "w", zipfile.ZIP_DEFLATED) as to:
        for name in there.namelist():
            to.writestr(name, there.read(name))
    with pytest.raises(WeightsError, match="its entries are compressed"):
        detector(tmp_path / "x.pt")


@pytest.mark.parametrize("what", [[1, 2], {"model": torch.nn.Linear(2, 2)}, {"weights": 1}, torch.zeros(3)])
def test_p10_files_that_hold_no_detecting_network_are_refused(tmp_path: Path, what: object) -> None:
    torch.save(what, tmp_path / "x.pt")
    with pytest.raises(WeightsError):
        detector(tmp_path / "x.pt")


def test_p10_another_number_of_classes_than_the_card_names_is_refused(saved: Path) -> None:
    with pytest.raises(WeightsError, match="1 class, its card names 2"):
        detector(saved, card=card_of(saved, classes=("a", "b")))


def test_o5_tiles_that_are_no_multiple_of_the_stride_are_refused(saved: Path) -> None:
    with pytest.raises(WeightsError, match="stride, 32"):
        detector(saved, card=replace(card_of(saved), tile_px=650))


_ALONE = """
import socket, sys
from pathlib import Path
def refuse(*a, **k):
    raise SystemExit("a socket was opened")
socket.socket.connect = refuse
socket.create_connection = refuse
socket.getaddrinfo = refuse
sys.path.insert(0, sys.argv[2])
from sattrack.detectors.yolo import YoloDetector
from sattrack.results import ModelCard
card = ModelCard("t", "", ("container",), 0.2, 160, 0.25)
YoloDetector(Path(sys.argv[1]), card=card, device="cpu", score_floor=0.05, merge_overlap=0.3, tile_cap=300)
"""


def test_n10_i5_loading_calls_nobody_and_writes_nothing_into_the_users_folders(saved: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("YOLO", "XDG"))}
    environment = {**keep, "HOME": str(home), "MPLCONFIGDIR": str(tmp_path / "mpl"), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", _ALONE, str(saved), str(tmp_path)], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert list(home.rglob("*")) == []
    assert not [path for path in tmp_path.iterdir() if "yolo" in path.name.lower() or "ultralytics" in path.name.lower()]
