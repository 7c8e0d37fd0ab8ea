"""Devices: what was asked for, what there is. Never a silent fallback."""

import torch

from sattrack.errors import UsageError
from sattrack.phrases import some


def choose_device(asked: str) -> torch.device:
    """auto takes CUDA, then MPS, then the CPU; a device asked for by name must be there, else UsageError."""
    if asked == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda:0")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(asked)
    except RuntimeError as error:
        raise UsageError(f"device {asked!r} is not known", way_out="use auto, cpu, mps, cuda or cuda:N") from error
    if device.type == "cuda" and (not torch.cuda.is_available() or (device.index or 0) >= torch.cuda.device_count()):
        raise UsageError(
            f"device {asked!r} was asked for, but torch finds {some(torch.cuda.device_count(), 'CUDA device')}",
            way_out="use --device auto or cpu, or mend the driver: sattrack doctor tells what torch sees",
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise UsageError("device 'mps' was asked for, but torch does not find it here", way_out="use --device auto or cpu")
    if device.type not in ("cpu", "cuda", "mps"):
        raise UsageError(f"device {asked!r} is not supported", way_out="use auto, cpu, mps, cuda or cuda:N")
    return device
