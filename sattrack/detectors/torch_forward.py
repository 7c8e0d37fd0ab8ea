"""The torch backend: on the CPU, on CUDA, there in half precision where that is asked, or on MPS."""

import copy
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue

import numpy as np
import torch
from numpy.typing import NDArray

from sattrack.detectors.calling import short_of_memory
from sattrack.detectors.decoding import Columns, Forward, Pixels, not_finite
from sattrack.detectors.devices import choose_device
from sattrack.detectors.torch_lanes import Lane, lanes_of, measured_tiles
from sattrack.errors import DetectorError, SattrackError, UsageError

Heads = Callable[[torch.Tensor], list[Columns]]

# What layers raise; of weights whose layers lack something, anything.
_FAULTS = (RuntimeError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError)


class TorchForward(Forward):
    """A network on a torch device; half the batch at a time when memory runs out.

    Pixels go over as bytes; they are scaled, and candidates are picked, on the device. tiles: a call takes so many; none: on
    CUDA as many as fit, for which tile_px must be said, elsewhere a batch as it comes. half: in half precision, which answers
    otherwise; UsageError where the device is not CUDA. DetectorError where the device is there and cannot be used.
    """

    def __init__(
        self, network: torch.nn.Module, *, oriented: bool, device: str, tiles: int | None = None, tile_px: int | None = None,
        half: bool = False,
    ) -> None:  # fmt: skip
        self.oriented = oriented
        self._device = choose_device(device)
        if half and self._device.type != "cuda":
            raise UsageError(
                f"half precision was chosen where the run began, and this machine would compute on {self._device}",
                way_out="--device cpu computes in single precision on every machine",
            )
        self._half = half
        try:
            self._make_ready(network, tiles, tile_px=tile_px)
        except SattrackError:
            raise
        except _FAULTS as error:
            raise DetectorError(
                f"the device {self._device} cannot be used: {_first_line(error)}",
                way_out="use --device cpu, or free the device",
            ) from error

    def _make_ready(self, network: torch.nn.Module, tiles: int | None, *, tile_px: int | None) -> None:
        self.network = network.to(self._device)
        if self._half:
            halve(self.network)
        elif self._device.type == "cuda":
            # By themselves cards shorten single precision, too.
            torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
        elif self._device.type == "cpu":
            self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.workers = lanes_of(self._device)
        self._idle: SimpleQueue[Lane] = SimpleQueue()
        for number in range(self.workers):
            # A network of its own for each lane, since a head keeps notes of the call before.
            self._idle.put(Lane(self._device, self.network if number == 0 else copy.deepcopy(self.network)))
        self.size = tiles
        self.device = self._described()
        if self._device.type == "cuda":
            # Weights are copied in an order of their own, which lanes do not wait for.
            torch.cuda.synchronize(self._device)
            if tiles is None and tile_px is not None:
                self.size = measured_tiles(partial(self._noise, tile_px), self._device, lanes=self.workers)

    def __call__(self, pixels: Pixels) -> NDArray[np.float32]:
        return np.stack(self._by_halves(pixels, _whole))

    def columns(self, pixels: Pixels, *, classes: int, floor: float) -> list[Columns]:
        return self._by_halves(pixels, partial(_chosen, classes=classes, floor=floor))

    def _by_halves(self, pixels: Pixels, picked: Heads) -> list[Columns]:
        """All tiles at once; where memory does not suffice, from then on half as many, down to one."""
        most = self.size or len(pixels)
        if len(pixels) > most:
            return [one for at in range(0, len(pixels), most) for one in self._by_halves(pixels[at : at + most], picked)]
        if (found := self._at_once(pixels, picked)) is not None:
            return found
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        self.device = f"{self._described()}, batch halved for memory"
        half = (len(pixels) + 1) // 2
        # Another lane may have found out that less fits.
        self.size = min(half, self.size or half)
        return self._by_halves(pixels, picked)

    def _at_once(self, pixels: Pixels, picked: Heads) -> list[Columns] | None:
        """None where memory ran out. It is told so, not raised: an error would hold on to what the call had filled."""
        lane = self._idle.get()
        try:
            with torch.inference_mode(), lane.order():
                x = lane.sent(pixels).permute(0, 3, 1, 2)
                x = (x.half() if self._half else x.float()).div_(255)
                if self._device.type == "cpu":
                    x = x.contiguous(memory_format=torch.channels_last)
                out = lane.network(x)
                return picked((out[0] if isinstance(out, tuple | list) else out).float())
        except _FAULTS as error:
            # The CPU's own lack of memory is a plain RuntimeError.
            if not (isinstance(error, torch.OutOfMemoryError) or short_of_memory(error)):
                raise DetectorError(f"the network failed on {self.device}: {_first_line(error)}") from error
            if len(pixels) == 1:
                raise DetectorError(
                    "one tile does not fit in the device's memory", way_out="use --device cpu, or free the device"
                ) from error
            return None
        finally:
            self._idle.put(lane)

    def _noise(self, tile_px: int, tiles: int) -> None:
        self(np.zeros((tiles, tile_px, tile_px, 3), np.uint8))

    def _described(self) -> str:
        if self._device.type != "cuda":
            return str(self._device)
        return f"{self._device} ({torch.cuda.get_device_name(self._device)}, {'half' if self._half else 'single'} precision)"


def halve(network: torch.nn.Module) -> None:
    """Brings it to half precision, but for where boxes lie: that knows pixels beyond 512 by halves only."""
    network.half()
    for layer in network.modules():
        if isinstance(places := getattr(layer, "dfl", None), torch.nn.Module):
            places.float()
            # All that is made of its answer is of its precision.
            places.register_forward_pre_hook(_in_single)


def _in_single(_layer: torch.nn.Module, given: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    return tuple(one.float() for one in given)


def _whole(heads: torch.Tensor) -> list[Columns]:
    return list(heads.cpu().numpy())


def _chosen(heads: torch.Tensor, *, classes: int, floor: float) -> list[Columns]:
    """(n, 4 + classes [+ 1], anchors) on a device -> what decoding.chosen picks of each; nothing else is copied back."""
    if not bool(heads.isfinite().all()):
        raise not_finite()
    tile, anchor = torch.nonzero(heads[:, 4 : 4 + classes].amax(1) >= floor, as_tuple=True)
    ends = torch.bincount(tile, minlength=len(heads)).cumsum(0).cpu().numpy()
    # (4 + classes [+ 1], candidates of all tiles), tile after tile.
    columns = heads.movedim(1, 0)[:, tile, anchor].cpu().numpy()
    return np.split(columns, ends[:-1], axis=1)


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0][:200] if lines else type(error).__name__
