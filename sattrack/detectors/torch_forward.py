"""The torch backend: on the CPU, on CUDA in half precision, or on MPS."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sattrack.detectors.devices import choose_device
from sattrack.errors import DetectorError


class TorchForward:
    """A network on a torch device; half the batch at a time when memory runs out."""

    def __init__(self, network: torch.nn.Module, *, oriented: bool, device: str) -> None:
        self.oriented = oriented
        self._device = choose_device(device)
        self.device = _described(self._device)
        self.network = network.to(self._device)
        self._half = self._device.type == "cuda"
        if self._half:
            self.network.half()
        elif self._device.type == "cpu":
            memory: Any = torch.channels_last
            self.network.to(memory_format=memory)

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        try:
            with torch.inference_mode():
                x = torch.from_numpy(pixels).to(self._device).permute(0, 3, 1, 2)
                x = (x.half() if self._half else x.float()).div_(255)
                if self._device.type == "cpu":
                    x = x.contiguous(memory_format=torch.channels_last)
                out = self.network(x)
                out = out[0] if isinstance(out, tuple | list) else out
                return np.asarray(out.float().cpu().numpy())
        except RuntimeError as error:
            # The CPU's own lack of memory is a plain RuntimeError.
            if not (isinstance(error, torch.OutOfMemoryError) or "not enough memory" in str(error)):
                raise DetectorError(f"the network failed on {self.device}: {_first_line(error)}") from error
            if len(pixels) == 1:
                raise DetectorError(
                    "one tile does not fit in the device's memory", way_out="use --device cpu, or free the device"
                ) from error
            if self._device.type == "cuda":
                torch.cuda.empty_cache()
            self.device = f"{_described(self._device)}, batch halved for memory"
            middle = len(pixels) // 2
            return np.concatenate([self(pixels[:middle]), self(pixels[middle:])])


def _described(device: torch.device) -> str:
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)}, half precision)"
    return str(device)


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0][:200] if lines else type(error).__name__
