"""Torch lanes: what a call needs of a device: the network, a buffer to copy from, an order of its own, room in memory."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from sattrack.detectors.decoding import Pixels

# Tiles a call on a card: more are no quicker, and a number that hangs on the memory of the moment would change the last digits.
_MOST_TILES = 32
# Of the memory that is free, the share that calls may fill: the rest is for whoever else draws on the card.
_SHARE = 0.5


class Lane:
    """The way of one call at a time to a device and back. On CUDA lanes overlap: one copies while another computes."""

    def __init__(self, device: torch.device, network: torch.nn.Module) -> None:
        self.network = network
        self._device = device
        self._stream: Any = torch.cuda.Stream(device) if device.type == "cuda" else None
        self._buffer = torch.empty(0, dtype=torch.uint8)

    def order(self) -> AbstractContextManager[Any]:
        """Within it the device works through this lane's calls, independently of other lanes'."""
        return torch.cuda.stream(self._stream) if self._stream is not None else nullcontext()

    def sent(self, pixels: Pixels) -> torch.Tensor:
        """The tiles on the device, (n, rows, cols, 3) uint8. The buffer is used again once the call's answer is back."""
        shape = (len(pixels), *pixels[0].shape)
        if self._buffer.numel() < torch.Size(shape).numel():
            # What cannot be swapped out the card fetches by itself, while the processor goes on.
            self._buffer = torch.empty(torch.Size(shape).numel(), dtype=torch.uint8, pin_memory=self._stream is not None)
        host = self._buffer[: torch.Size(shape).numel()].view(shape)
        written = host.numpy()
        for place, tile in zip(written, pixels, strict=True):
            place[:] = tile
        return host.to(self._device, non_blocking=True)


def lanes_of(device: torch.device) -> int:
    """How many calls at once are worth it: two on CUDA. Elsewhere one call takes all there is."""
    return 2 if device.type == "cuda" else 1


def tiles_that_fit(*, free: int, a_tile: int, lanes: int) -> int:
    """Tiles a call, a power of two, for the bytes that are free and those that a tile takes; at least 1."""
    room = max(1, min(_MOST_TILES, int(free * _SHARE) // max(1, a_tile * lanes)))
    return 1 << (room.bit_length() - 1)


def measured_tiles(call: Callable[[int], object], device: torch.device, *, lanes: int) -> int:
    """Tiles a call on a CUDA device, by what `call` of that many tiles takes of its memory."""
    # Once beforehand: what libraries keep from their first call on is no tile's.
    call(1)
    peaks = []
    for tiles in (1, 3):
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        call(tiles)
        peaks.append(torch.cuda.max_memory_allocated(device) - before)
    torch.cuda.empty_cache()
    return tiles_that_fit(free=torch.cuda.mem_get_info(device)[0], a_tile=max(1, (peaks[1] - peaks[0]) // 2), lanes=lanes)
