"""The reader of cover: the network as numpy would run it, always alike, and files that are none."""

import threading
from pathlib import Path

import numpy as np
import pytest

from sattrack.detectors.cover import DILATIONS, CoverReader, cover_card_of, read_cover_weights
from sattrack.errors import WeightsError
from sattrack.steps.covering import as_fed
from tests.cover_weights import random_layers, write_reader

TILE_PX = 192
PIXELS = np.random.default_rng(0).integers(0, 256, (TILE_PX, TILE_PX, 3)).astype(np.uint8)


def by_hand(path: Path, pixels: np.ndarray, *, gsd_m: float) -> np.ndarray:
    """The same sums, tap by tap."""
    layers = read_cover_weights(path)

    def convolved(planes: np.ndarray, kernel: np.ndarray, offset: np.ndarray, gap: int) -> np.ndarray:
        reach, (rows, cols) = gap * (kernel.shape[2] // 2), planes.shape[1:]
        wide = np.pad(planes, ((0, 0), (reach, reach), (reach, reach)))
        taps = [
            np.einsum("oi,irc->orc", kernel[:, :, i, j], wide[:, i * gap : i * gap + rows, j * gap : j * gap + cols])
            for i in range(kernel.shape[2]) for j in range(kernel.shape[3])
        ]  # fmt: skip
        return sum(taps) + offset[:, None, None]

    out = np.maximum(convolved(as_fed(pixels, gsd_m=gsd_m).astype(float), *layers[0], 1), 0)
    for layer, gap in zip(layers[1:-1], DILATIONS, strict=True):
        out = out + np.maximum(convolved(out, *layer, gap), 0)
    return np.rint(255 / (1 + np.exp(-convolved(out, *layers[-1], 1)[0])))


def test_it_answers_as_the_same_sums_by_hand(tmp_path: Path) -> None:
    path = write_reader(tmp_path, random_layers(1))
    answer = CoverReader(path, card=cover_card_of(path)).read(PIXELS, gsd_m=3.0)
    assert np.ptp(answer) > 50
    assert np.abs(answer - by_hand(path, PIXELS, gsd_m=3.0)).max() <= 1


def test_it_answers_alike_to_the_bit_however_busy_the_machine_is(tmp_path: Path) -> None:
    path = write_reader(tmp_path, random_layers(2))
    first = CoverReader(path, card=cover_card_of(path)).read(PIXELS, gsd_m=3.0)
    answers: list[np.ndarray] = []

    def again() -> None:
        answers.append(CoverReader(path, card=cover_card_of(path)).read(PIXELS, gsd_m=3.0))

    threads = [threading.Thread(target=again) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [bool((one == first).all()) for one in answers] == [True] * 4


def test_coarser_pixels_are_another_question(tmp_path: Path) -> None:
    path = write_reader(tmp_path, random_layers(3))
    reader = CoverReader(path, card=cover_card_of(path))
    assert (reader.read(PIXELS, gsd_m=1.5) != reader.read(PIXELS, gsd_m=4.5)).any()


def test_files_that_are_no_reader_are_refused_with_the_way_out(tmp_path: Path) -> None:
    path = write_reader(tmp_path)
    whole = path.read_bytes()
    for number, content in enumerate((b"", b"no archive", whole[:200], whole + b"x" * (1 << 20))):
        torn = tmp_path / f"torn{number}.npz"
        torn.write_bytes(content)
        with pytest.raises(WeightsError, match="sattrack train cover"):
            read_cover_weights(torn)
    layers = random_layers(0)
    layers[2] = (layers[2][0][:, :2], layers[2][1])
    with pytest.raises(WeightsError, match="layer 2 does not fit"):
        read_cover_weights(write_reader(tmp_path / "other", layers))
    layers = random_layers(0)
    layers[1][0][0, 0, 0, 0] = np.nan
    with pytest.raises(WeightsError, match="layer 1 does not fit"):
        read_cover_weights(write_reader(tmp_path / "nan", layers))


def test_a_pickle_in_it_is_never_run(tmp_path: Path) -> None:
    path = tmp_path / "evil.npz"
    np.savez(path, w0=np.array([{"a": 1}], object))
    with pytest.raises(WeightsError, match="no reader of cover"):
        read_cover_weights(path)


def test_a_card_that_is_not_theirs_is_refused(tmp_path: Path) -> None:
    path = write_reader(tmp_path, sha256="1" * 64)
    with pytest.raises(WeightsError, match="its card says 111111111111"):
        cover_card_of(path)
    path.with_suffix(".json").write_text("{}")
    with pytest.raises(WeightsError, match="the card is not valid at id"):
        cover_card_of(path)
    path.with_suffix(".json").unlink()
    with pytest.raises(WeightsError, match="with its card"):
        cover_card_of(path)
