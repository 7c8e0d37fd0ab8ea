"""How torch is called, with a network of one layer: the same code that feeds a card, here on the CPU."""

import copy
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from sattrack.assets import asset_folder
from sattrack.detectors import torch_forward
from sattrack.detectors.cards import card_for
from sattrack.detectors.decoding import chosen
from sattrack.detectors.parity import drawn_pixels
from sattrack.detectors.torch_forward import TorchForward, halve
from sattrack.detectors.torch_lanes import Lane, measured_tiles, tiles_that_fit
from sattrack.detectors.yolo import load_network
from sattrack.errors import DetectorError
from sattrack.geometry import quads_from_xywhr

CLASSES, SIDE = 2, 64


class Network(torch.nn.Module):
    """A head of 4 + 2 + 1 rows, an anchor every 8 px."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.layer = torch.nn.Conv2d(3, 7, 8, stride=8)
        self.fails: Callable[[int], None] = lambda _tiles: None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.fails(len(x))
        return self.layer(x).flatten(2).sigmoid()


def forward(**options: Any) -> TorchForward:
    return TorchForward(Network().eval(), oriented=True, device="cpu", **options)


def pixels(tiles: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (tiles, SIDE, SIDE, 3), dtype=np.uint8)


def floor_of(raw: np.ndarray) -> float:
    return float(np.median(raw[:, 4 : 4 + CLASSES].max(axis=1)))


def test_what_is_chosen_on_the_device_is_what_numpy_chooses_of_the_raw_heads() -> None:
    made = forward()
    raw = made(pixels(5))
    # Of the third tile nothing is chosen.
    raw_floor = floor_of(raw)
    third = raw[2, 4 : 4 + CLASSES].max()
    for floor in (raw_floor, float(np.nextafter(third, np.float32(1))), 0.999999):
        columns = made.columns(pixels(5), classes=CLASSES, floor=floor)
        assert len(columns) == 5
        for mine, head in zip(columns, raw, strict=True):
            assert np.array_equal(mine, chosen(head, classes=CLASSES, floor=floor))
    assert 0 < sum(found.shape[1] for found in made.columns(pixels(5), classes=CLASSES, floor=raw_floor)) < 5 * 64


def test_a_list_of_tiles_is_as_good_as_one_array() -> None:
    made = forward()
    assert np.array_equal(made(pixels(3)), made(list(pixels(3))))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_g8_numbers_that_are_not_finite_are_found_on_the_device(wrong: float) -> None:
    made = forward()
    real = made.network.forward

    def broken(x: torch.Tensor) -> torch.Tensor:
        out = real(x)
        out[1, 3, 7] = wrong
        return out

    made.network.forward = broken
    with pytest.raises(DetectorError, match="not finite"):
        made.columns(pixels(3), classes=CLASSES, floor=0.9999)


def test_g11_memory_that_runs_out_once_makes_smaller_calls_from_then_on() -> None:
    made, seen = forward(), []
    whole = made(pixels(9))

    def small(tiles: int) -> None:
        seen.append(tiles)
        if tiles > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")

    made.network.fails = small
    assert np.array_equal(made(pixels(9)), whole)
    assert seen == [9, 5, 3, 2, 3, 1]
    assert made.size == 3
    assert "batch halved for memory" in made.device
    seen.clear()
    made.columns(pixels(6), classes=CLASSES, floor=0.5)
    assert seen == [3, 3]


def test_a_card_that_is_full_or_broken_as_the_network_is_loaded_is_told_and_no_traceback() -> None:
    class Refused(Network):
        def to(self, *_where: object, **_how: object) -> "Refused":
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 MiB.\nmore")

    with pytest.raises(DetectorError, match=r"the device cpu cannot be used: CUDA out of memory.* \(use --device cpu, or free"):
        TorchForward(Refused(), oriented=True, device="cpu")


def test_a_lane_does_not_undo_what_another_found_out_of_memory_meanwhile() -> None:
    made, seen = forward(), []

    def small(tiles: int) -> None:
        seen.append(tiles)
        if tiles > 2:
            made.size = 2  # by the other lane, while this one's call was under way
            raise torch.OutOfMemoryError("CUDA out of memory")

    made.network.fails = small
    made(pixels(8))
    assert (seen, made.size) == ([8, 2, 2, 2, 2], 2)


def test_what_a_tile_takes_of_a_card_is_told_without_what_libraries_keep_from_their_first_call_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mib = 1 << 20
    kept, peak, asked = 0, 0, []

    def call(tiles: int) -> None:
        nonlocal kept, peak
        asked.append(tiles)
        kept = 64 * mib
        peak = kept + tiles * 50 * mib

    cuda = {"reset_peak_memory_stats": lambda _d: None, "memory_allocated": lambda _d: kept, "empty_cache": lambda: None,
            "max_memory_allocated": lambda _d: peak, "mem_get_info": lambda _d: (1600 * mib, 2000 * mib)}  # fmt: skip
    for name, does in cuda.items():
        monkeypatch.setattr(torch.cuda, name, does)
    assert measured_tiles(call, torch.device("cuda"), lanes=2) == 8
    assert max(asked) == 3


def test_a_lane_that_failed_is_free_again() -> None:
    made = forward()

    def gone(_tiles: int) -> None:
        raise RuntimeError("CUDA error: unspecified launch failure\nmore")

    made.network.fails = gone
    for _ in range(3):
        with pytest.raises(DetectorError, match=r"failed on cpu: CUDA error: unspecified launch failure$"):
            made(pixels(1))


def test_two_lanes_hold_a_network_each_and_answer_as_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    one = forward()(pixels(2))
    monkeypatch.setattr(torch_forward, "lanes_of", lambda _device: 2)
    made = forward()
    meet = threading.Barrier(2, timeout=10)
    lanes = [made._idle.get(), made._idle.get()]
    assert lanes[0].network is not lanes[1].network
    for lane in lanes:
        lane.network.fails = lambda _tiles: meet.wait() and None
        made._idle.put(lane)
    found: list[np.ndarray] = []
    both = [threading.Thread(target=lambda: found.append(made(pixels(2)))) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(10)
    assert len(found) == 2
    assert all(np.array_equal(raw, one) for raw in found)


def test_a_lane_sends_any_number_of_tiles_through_one_buffer() -> None:
    lane = Lane(torch.device("cpu"), Network())
    first = lane.sent(pixels(4))
    assert np.array_equal(first.numpy(), pixels(4))
    at = lane._buffer.data_ptr()
    assert np.array_equal(lane.sent(pixels(2)).numpy(), pixels(2))
    assert lane._buffer.data_ptr() == at
    assert np.array_equal(lane.sent(list(pixels(6))).numpy(), pixels(6))


def test_a_call_takes_what_fits_into_half_of_the_free_memory_a_power_of_two() -> None:
    gib, mib = 1 << 30, 1 << 20
    assert tiles_that_fit(free=80 * gib, a_tile=60 * mib, lanes=2) == 32
    assert tiles_that_fit(free=4 * gib, a_tile=60 * mib, lanes=2) == 16
    assert tiles_that_fit(free=1 * gib, a_tile=60 * mib, lanes=2) == 4
    assert tiles_that_fit(free=50 * mib, a_tile=60 * mib, lanes=2) == 1
    assert tiles_that_fit(free=80 * gib, a_tile=0, lanes=1) == 32


def test_half_precision_moves_no_corner_of_a_box_as_far_as_it_can_tell_pixels() -> None:
    weights = asset_folder("weights") / "fast.pt"
    network, _ = load_network(weights, card=card_for(weights))
    # A strip of a tile: places of 512 to 1023 have no fractions but a half in half precision.
    strip = torch.from_numpy(np.tile(drawn_pixels(1, tile_px=512)[:, 16:80], (1, 1, 2, 1))).permute(0, 3, 1, 2)
    with torch.inference_mode():
        whole = network(strip.float().div_(255))[0].numpy()
        halve(network)
        # As a second lane holds it.
        half = copy.deepcopy(network)(strip.half().div_(255))[0].float().numpy()
    boxes = whole[0, 4] >= 0.05
    apart = [quads_from_xywhr(raw[0][[0, 1, 2, 3, 5]].T[boxes].astype(float)) for raw in (whole, half)]
    moved = np.linalg.norm(apart[0] - apart[1], axis=-1)
    assert (whole[0, 0, boxes] > 512).sum() > 50
    assert moved.mean() < 0.03
    assert moved.max() < 0.2


def test_the_number_of_tiles_a_call_is_the_users_where_he_says_one() -> None:
    made, seen = forward(tiles=2), []
    made.network.fails = seen.append
    made(pixels(5))
    assert (made.size, seen) == (2, [2, 2, 1])
