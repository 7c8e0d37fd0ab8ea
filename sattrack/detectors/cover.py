"""The reader of cover: a network of under 15,000 numbers, run by OpenVINO on one thread, so that it always answers alike."""

import hashlib
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from sattrack.covers import CoverCard
from sattrack.detectors.backends import missing_for, silent_imports
from sattrack.errors import WeightsError
from sattrack.steps.covering import as_fed
from sattrack.writing import write_whole

# Gaps between the taps of each layer after the first: an answer hangs on 21 pixels each way, 32 m.
DILATIONS = (1, 2, 4, 8, 4, 1)
_MOST_BYTES = 1 << 20
_CARD = TypeAdapter(CoverCard)

Layers = Sequence[tuple[NDArray[Any], NDArray[Any]]]


class CoverReader:
    """Which share of each pixel of a tile is covered. The weights are a .npz with its card, NAME.json, beside it."""

    def __init__(self, weights: Path, *, card: CoverCard) -> None:
        """WeightsError where the weights are not whole."""
        if missing := missing_for("openvino"):
            raise WeightsError(
                f"reading cover takes {' and '.join(missing)}, which is not installed", way_out="sattrack doctor"
            )
        self.gsd_m = card.gsd_m
        self._layers = read_cover_weights(weights)
        self._requests: dict[int, Any] = {}

    def read(self, pixels: NDArray[np.uint8], *, gsd_m: float) -> NDArray[np.uint8]:
        """(n, n, 3) uint8 RGB, stretched -> (n, n) the covered share of each pixel, 0 to 255.

        gsd_m: of the scene, before it was brought to the reader's pixels. One caller at a time.
        """
        side = pixels.shape[0]
        if side not in self._requests:
            self._requests[side] = _compiled(self._layers, tile_px=side)
        request = self._requests[side]
        request.infer([as_fed(pixels, gsd_m=gsd_m)[None]])
        share = np.array(request.get_output_tensor(0).data, np.float32)[0, 0]
        return np.asarray(np.rint(share * np.float32(255)), np.uint8)


def write_cover_weights(path: Path, layers: Layers) -> None:
    """Kernels (out, in, rows, cols) and offsets (out,) of each layer, in half precision: w0, b0, w1, b1, ..."""
    held = io.BytesIO()
    named = {
        f"{kind}{i}": one.astype(np.float16) for i, pair in enumerate(layers) for kind, one in zip("wb", pair, strict=True)
    }
    np.savez(held, **named)  # type: ignore[arg-type]
    write_whole(path, held.getvalue())


def read_cover_weights(path: Path) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """The layers of a file that write_cover_weights wrote. WeightsError where they are no such network; no code is run."""
    way_out = "fetch the weights again, or train them: sattrack train cover"
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise WeightsError("is too large to be a reader of cover", where=str(path), way_out=way_out)
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as held:
            number = len(DILATIONS) + 2
            layers = [(held[f"w{i}"].astype(np.float32), held[f"b{i}"].astype(np.float32)) for i in range(number)]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        raise WeightsError(f"is no reader of cover: {error}", where=str(path), way_out=way_out) from error
    for number, (kernel, offset) in enumerate(layers):
        fed = 4 if number == 0 else layers[number - 1][0].shape[0]
        side = 1 if number == len(layers) - 1 else 3
        right = kernel.ndim == 4 and kernel.shape[1:] == (fed, side, side) and offset.shape == kernel.shape[:1]
        if not (right and np.isfinite(kernel).all() and np.isfinite(offset).all()):
            raise WeightsError(f"its layer {number} does not fit", where=str(path), way_out=way_out)
    return layers


def write_cover_card(card: CoverCard, path: Path) -> None:
    """The card as JSON, whole or not at all."""
    write_whole(path, _CARD.dump_json(card, indent=1) + b"\n")


def cover_card_of(weights: Path) -> CoverCard:
    """The card beside weights, held against their sha256. WeightsError where it is not there or is not theirs."""
    beside = weights.with_suffix(".json")
    try:
        card = _CARD.validate_json(beside.read_bytes())
        sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
    except ValidationError as error:
        first = error.errors()[0]
        raise WeightsError(
            f"the card is not valid at {'.'.join(map(str, first['loc'])) or 'its top'}: {first['msg']}", where=str(beside)
        ) from error
    except OSError as error:
        raise WeightsError(
            f"cannot be read: {error.strerror}",
            where=str(error.filename),
            way_out="give NAME.npz with its card NAME.json beside it",
        ) from error
    if card.sha256 != sha256:
        raise WeightsError(
            f"the file's sha256 is {sha256[:12]}..., its card says {card.sha256[:12]}...", where=str(weights),
            way_out="fetch the weights again",
        )  # fmt: skip
    return card


def _compiled(layers: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]], *, tile_px: int) -> Any:
    """The network as OpenVINO runs it: see training.cover.CoverNetwork. One thread adds in one order."""
    with silent_imports():
        import openvino
        from openvino import opset13 as ops

    fed = ops.parameter([1, 4, tile_px, tile_px], np.float32)
    out = _layer(ops, fed, layers[0], dilation=1)
    for layer, dilation in zip(layers[1:-1], DILATIONS, strict=True):
        out = ops.add(out, _layer(ops, out, layer, dilation=dilation))
    odds = ops.add(_convolved(ops, out, layers[-1][0], dilation=0), layers[-1][1].reshape(1, -1, 1, 1))
    hints = {"INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": 1, "ENABLE_CPU_PINNING": False}
    core = openvino.Core()
    return core.compile_model(openvino.Model([ops.sigmoid(odds)], [fed]), "CPU", hints).create_infer_request()


def _layer(ops: Any, fed: Any, layer: tuple[NDArray[np.float32], NDArray[np.float32]], *, dilation: int) -> Any:
    return ops.relu(ops.add(_convolved(ops, fed, layer[0], dilation=dilation), layer[1].reshape(1, -1, 1, 1)))


def _convolved(ops: Any, fed: Any, kernel: NDArray[np.float32], *, dilation: int) -> Any:
    around, gap = [dilation, dilation], max(dilation, 1)
    return ops.convolution(fed, kernel, [1, 1], around, around, [gap, gap])
