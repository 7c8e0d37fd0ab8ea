"""ONNX Runtime's providers: what runs a graph on the device that was asked for. Never a silent fallback."""

import importlib.util
import re
from collections.abc import Sequence
from typing import Any

from sattrack.detectors.backends import accelerated
from sattrack.errors import UsageError

Provider = tuple[str, dict[str, Any]]

CPU, CUDA, TENSORRT = "CPUExecutionProvider", "CUDAExecutionProvider", "TensorrtExecutionProvider"
# Tiles a call on a card: the most that TensorRT prepares for.
TILES_A_CALL = 16


def providers_for(device: str, *, offered: Sequence[str], tile_px: int) -> list[Provider]:
    """The providers to be tried, the quickest first. UsageError where the device is not known, or no offered one runs on it.

    offered: those that the installed ONNX Runtime was built with: only onnxruntime-gpu has others than the CPU's. auto: a card
    where one may be here. TensorRT only where its own package is installed.
    """
    asked = re.fullmatch(r"(auto|cpu|cuda)(?::(\d+))?", device)
    if asked is None or (asked[2] and asked[1] != "cuda"):
        raise UsageError(f"ONNX Runtime cannot run on the device {device!r}", way_out="use auto, cpu, cuda or cuda:N")
    if asked[1] == "cpu" or (asked[1] == "auto" and not (CUDA in offered and accelerated())):
        return [(CPU, {})]
    if CUDA not in offered:
        raise UsageError(
            f"device {device!r} was asked for, but the ONNX Runtime that is installed runs on the CPU only",
            way_out="python -m pip install onnxruntime-gpu in the place of onnxruntime, or use --backend torch",
        )
    number = int(asked[2] or 0)
    # Shortened single precision, which cards take of themselves, would answer differently from the CPU; and algorithms that
    # are tried against the clock, differently from run to run.
    cards: list[Provider] = [(CUDA, {"device_id": number, "use_tf32": 0, "cudnn_conv_algo_search": "HEURISTIC"})]
    if TENSORRT in offered and importlib.util.find_spec("tensorrt"):
        cards.insert(0, (TENSORRT, _tensorrt(number, tile_px=tile_px)))
    return [*cards, (CPU, {})]


def demand_provider(device: str, *, chosen: Sequence[Provider], running: Sequence[str]) -> None:
    """UsageError where a card was asked for by name and the session, without a word, runs on the CPU."""
    if device.startswith("cuda") and not {CUDA, TENSORRT} & set(running):
        wanted = " and ".join(name for name, _ in chosen if name != CPU)
        raise UsageError(
            f"device {device!r} was asked for, but {wanted} could not start here",
            way_out="use --device cpu, or install the CUDA and cuDNN that this ONNX Runtime was built for",
        )


def _tensorrt(number: int, *, tile_px: int) -> dict[str, Any]:
    """One engine for any number of tiles up to a call's; without these it would build another for each number it meets."""
    shape = f"x{tile_px}x{tile_px}x3"
    return {
        "device_id": number,
        "trt_profile_min_shapes": f"pixels:1{shape}",
        "trt_profile_opt_shapes": f"pixels:{TILES_A_CALL}{shape}",
        "trt_profile_max_shapes": f"pixels:{TILES_A_CALL}{shape}",
    }
