"""One contract for all that runs a network, on the shipped weights and rendered yards: how batches go in and come out."""

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from scipy.spatial import cKDTree

from sattrack import wiring
from sattrack.detections import Detections
from sattrack.detectors import backends
from sattrack.detectors.decoding import NetworkDetector
from sattrack.errors import DetectorError, UsageError
from sattrack.imagery import Batch, Tile, Window
from sattrack.settings import Settings
from sattrack.synthetic.rendering import render_tile

BACKENDS = ("torch", "onnx", "openvino")
# torch, alone among them, answers in other last digits where a batch is another.
NEAR_PX, NEAR_SCORE = 1e-3, 1e-4


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], NetworkDetector]]:
    made: dict[str, NetworkDetector] = {}

    def load(backend: str) -> NetworkDetector:
        if missing := backends.missing_for(backend, making=True):
            pytest.skip(f"{missing} not installed")
        if backend not in made:
            detector, _ = wiring.load_model(wiring.Model(backend=backend), settings=Settings(device="cpu"))
            assert isinstance(detector, NetworkDetector)
            made[backend] = detector
        return made[backend]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield load


@pytest.fixture(scope="module")
def tiles() -> tuple[Tile, ...]:
    """A full yard, a quay, a part of the yard unseen, and bare ground."""
    yard, quay = (render_tile(9_100_001, gsd_m=0.2, shape=(640, 640), kind=kind).picture for kind in ("rtg", "quay"))
    seen = np.ones((640, 640), bool)
    hidden = seen.copy()
    hidden[:, 500:] = False
    bare = np.full((640, 640, 3), 120, np.uint8)
    window = Window(0, 0, 640, 640)
    return tuple(Tile(window, *look) for look in ((yard, seen), (quay, seen), (yard, hidden), (bare, seen)))


def near(a: Detections, b: Detections) -> bool:
    return len(a) == len(b) and bool(
        np.allclose(a.quads, b.quads, atol=NEAR_PX) and np.allclose(a.scores, b.scores, atol=NEAR_SCORE)
    )


def same(a: Detections, b: Detections) -> bool:
    return np.array_equal(a.quads, b.quads) and np.array_equal(a.scores, b.scores) and np.array_equal(a.labels, b.labels)


def left_running() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("sattrack-network")]


@pytest.mark.parametrize("backend", BACKENDS)
def test_n_in_are_n_out_in_order_alone_is_as_in_a_batch_and_twice_is_the_same(
    backend: str, loaded: Callable[[str], NetworkDetector], tiles: tuple[Tile, ...]
) -> None:
    together = [(), tiles, (), *((tile,) for tile in tiles), tiles[::-1], tiles]
    found = list(loaded(backend).detect([Batch(batch) for batch in together]))
    assert [len(of_batch) for of_batch in found] == [len(batch) for batch in together]
    first, alone, turned, again = found[1], [one for (one,) in found[3:7]], found[7], found[8]
    assert len(first[0]) > len(first[2]) > len(first[3]) == 0
    assert len(first[0]) > 20
    assert not near(first[0], first[1])
    alike = near if backend == "torch" else same
    assert all(map(alike, first, alone))
    assert all(map(alike, first, turned[::-1]))
    assert all(map(same, first, again))
    assert left_running() == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_error_in_the_middle_surfaces_and_the_next_stream_is_whole(
    backend: str, loaded: Callable[[str], NetworkDetector], tiles: tuple[Tile, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    detector = loaded(backend)
    real, calls = detector._forward.columns, iter(range(100))

    def third_fails(*args: object, **kwargs: object) -> object:
        if next(calls) == 2:
            raise DetectorError("the network failed")
        return real(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(detector._forward, "columns", third_fails)
        with pytest.raises(DetectorError, match="the network failed"):
            list(detector.detect([Batch(tiles[:1])] * 6))
    assert left_running() == []
    assert [len(found) for found in detector.detect([Batch(tiles[:1])] * 2)] == [1, 1]


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_the_network_itself_cannot_take_is_an_error_with_its_name(
    backend: str, loaded: Callable[[str], NetworkDetector]
) -> None:
    odd = Tile(Window(0, 0, 50, 50), np.zeros((50, 50, 3), np.uint8), np.ones((50, 50), bool))
    with pytest.raises(DetectorError, match="the network failed on cpu"):
        list(loaded(backend).detect([Batch((odd,))]))
    assert left_running() == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_closed_early_it_leaves_no_thread_and_draws_no_further(
    backend: str, loaded: Callable[[str], NetworkDetector], tiles: tuple[Tile, ...]
) -> None:
    detector, drawn = loaded(backend), []

    def source() -> Iterator[Batch]:
        for n in range(50):
            drawn.append(n)
            yield Batch(tiles[3:])

    stream = detector.detect(source())
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert len(drawn) <= 1 + detector._forward.workers
    assert left_running() == []


@pytest.mark.parametrize("backend", BACKENDS[1:])
def test_backends_agree_on_all_that_is_not_at_the_floor(
    backend: str, loaded: Callable[[str], NetworkDetector], tiles: tuple[Tile, ...]
) -> None:
    (mine,), (torchs,) = (list(loaded(name).detect([Batch(tiles)])) for name in (backend, "torch"))
    for one, other in zip(mine, torchs, strict=True):
        sure, wanted = (found.where(found.scores >= 0.1) for found in (one, other))
        assert len(sure) == len(wanted)
        if len(sure):
            apart, nearest = cKDTree(wanted.centres()).query(sure.centres())
            assert len(set(nearest)) == len(sure)
            assert apart.max() < 0.1
            assert np.abs(sure.scores - wanted.scores[nearest]).max() < 0.01


def test_o9_a_card_that_onnx_runtime_cannot_use_is_refused(loaded: Callable[[str], NetworkDetector]) -> None:
    loaded("onnx")
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime is built for cards")
    with pytest.raises(UsageError, match="runs on the CPU only"):
        wiring.load_model(wiring.Model(backend="onnx"), settings=Settings(device="cuda:0"))


def test_tiles_a_call_of_torch_are_the_users_batch_where_he_says_one() -> None:
    for settings, tiles in ((Settings(device="cpu"), None), (Settings(device="cpu", batch=2), 2)):
        detector, _ = wiring.load_model(wiring.Model(), settings=settings)
        assert isinstance(detector, NetworkDetector)
        assert detector._forward.size == tiles
