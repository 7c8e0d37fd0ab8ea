"""The ultralytics plug: YOLO networks, oriented or upright, with our own pre- and post-processing."""

import pickle
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sattrack.detections import Detections
from sattrack.detectors import heap
from sattrack.detectors.devices import choose_device
from sattrack.detectors.offline import keep_at_home
from sattrack.errors import DetectorError, WeightsError
from sattrack.geometry import quads_from_xywhr
from sattrack.imagery import Batch
from sattrack.results import ModelCard
from sattrack.steps.merging import merge

# What a damaged, hostile or foreign file makes the loader raise.
_UNLOADABLE = (
    pickle.UnpicklingError, RuntimeError, TypeError, ValueError, AttributeError, LookupError, EOFError, OSError, ImportError,
)  # fmt: skip
# What the network saw around pictures while it was trained.
PADDING = 114


class YoloDetector:
    """A YOLO network from a .pt file, called directly: tensors in, raw head out, decoding and suppression by us.

    The head's one-to-many branch is used, with no limit of 300 boxes and no time limit. Reports the device that it runs on in
    `device`, with a word where a batch had to be halved for memory.
    """

    def __init__(
        self, weights: Path, *, card: ModelCard, device: str, score_floor: float, merge_overlap: float, tile_cap: int
    ) -> None:
        self.classes = card.classes
        self.gsd_m = card.gsd_m
        self.tile_px = card.tile_px
        self._floor = score_floor
        self._overlap = merge_overlap
        self._cap = tile_cap
        self._device = choose_device(device)
        self.device = _described(self._device)
        self._network, self.oriented = load_network(weights, card=card)
        self._network.to(self._device)
        self._half = self._device.type == "cuda"
        if self._half:
            self._network.half()
        elif self._device.type == "cpu":
            self._network.to(memory_format=torch.channels_last)

    def detect(self, batches: Iterable[Batch]) -> Iterator[list[Detections]]:
        """A Detections per tile of each batch, in order. DetectorError where the network returns what is not finite."""
        for number, batch in enumerate(batches, start=1):
            if not batch.tiles:
                yield []
                continue
            raw = self._forward(_prepared(batch))
            yield [self._decode(rows) for rows in raw]
            if number % heap.EVERY == 0:
                heap.give_back()

    def _forward(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, rows, cols, 3) uint8 -> (n, 4 + classes [+ 1], anchors); half the batch at a time when memory runs out."""
        try:
            with torch.inference_mode():
                x = torch.from_numpy(pixels).to(self._device).permute(0, 3, 1, 2)
                x = (x.half() if self._half else x.float()).div_(255)
                if self._device.type == "cpu":
                    x = x.contiguous(memory_format=torch.channels_last)
                out = self._network(x)
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
            return np.concatenate([self._forward(pixels[:middle]), self._forward(pixels[middle:])])

    def _decode(self, rows: NDArray[np.float32]) -> Detections:
        """(4 + classes [+ 1], anchors) -> suppressed boxes above the floor, in tile pixels."""
        n = len(self.classes)
        scores = rows[4 : 4 + n]
        if not np.isfinite(rows).all():
            raise DetectorError(
                "the network returned numbers that are not finite", way_out="check the weights: sattrack doctor"
            )
        best = scores.max(axis=0)
        candidates = np.flatnonzero(best >= self._floor)
        boxes = np.zeros((len(candidates), 5))
        boxes[:, :4] = rows[:4, candidates].T
        if self.oriented:
            boxes[:, 4] = rows[4 + n, candidates]
        found = Detections(
            quads_from_xywhr(boxes), best[candidates].astype(np.float32), scores[:, candidates].argmax(axis=0).astype(np.int32)
        )
        found = merge(found, overlap=self._overlap)
        if len(found) > self._cap:
            found = found.where(np.arange(len(found)) < self._cap)
            return Detections(found.quads, found.scores, found.labels, cap_hit=True)
        return found


def _prepared(batch: Batch) -> NDArray[np.uint8]:
    pixels = batch.pixels()
    for row, tile in zip(pixels, batch.tiles, strict=True):
        row[~tile.valid] = PADDING
    return pixels


def _described(device: torch.device) -> str:
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)}, half precision)"
    return str(device)


def load_network(weights: Path, *, card: ModelCard) -> tuple[torch.nn.Module, bool]:
    """The network of a .pt file, fused, in evaluation mode; and whether it is oriented. WeightsError where it does not fit.

    The file is read with torch's weights-only loader against ultralytics' list of network classes: a pickle that wants to run
    code is refused.
    """
    try:
        checkpoint = _checkpoint(weights)
    except _UNLOADABLE as error:
        raise WeightsError(
            f"cannot be loaded as tensors of a known network: {_first_line(error)}",
            where=str(weights),
            way_out="weights of YOLO networks from ultralytics (.pt) are expected; pickles that run code are refused",
        ) from error
    network = checkpoint.get("ema") or checkpoint.get("model") if isinstance(checkpoint, dict) else None
    if not isinstance(network, torch.nn.Module):
        raise WeightsError("holds no network", where=str(weights), way_out="give the .pt file that ultralytics' training wrote")
    network = network.float().eval()
    layers: Any = getattr(network, "model", None)
    head: Any = layers[-1] if isinstance(layers, torch.nn.Sequential) else network
    kind = type(head).__name__
    oriented = "OBB" in kind
    if not oriented and "Detect" not in kind:
        raise WeightsError(f"the network's head is {kind}; boxes, oriented or upright, are expected", where=str(weights))
    if int(head.nc) != len(card.classes):
        raise WeightsError(
            f"the network has {int(head.nc)} classes, its card names {len(card.classes)}",
            where=str(weights),
            way_out="give as many --classes as the network has",
        )
    stride = int(max(head.stride))
    if card.tile_px % stride:
        raise WeightsError(
            f"tiles of {card.tile_px} px are not a multiple of the network's stride, {stride}", where=str(weights)
        )
    # End-to-end heads return duplicates in dense rows; the one-to-many branch does not, once suppressed.
    if getattr(head, "end2end", False):
        if head.cv2 is None:
            raise WeightsError(
                "only the end-to-end branch of the network is left, which returns doubles in dense rows",
                where=str(weights),
                way_out="give the weights as training wrote them, not fused for export",
            )
        head.end2end = False
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return network.fuse(verbose=False), oriented  # type: ignore[operator]


def _checkpoint(weights: Path) -> Any:
    """What a .pt file holds. ultralytics is imported here, once its environment keeps it from calling out."""
    keep_at_home()
    from ultralytics.nn import tasks

    # Where it cannot load safely it would load unsafely, without a word.
    if not tasks._SafeLoad.SUPPORTED:
        raise WeightsError("this torch cannot load weights without running their code", way_out="install torch 2.6 or newer")
    # A whole path: a bare name like yolo11n.pt, when damaged, it would delete and fetch again.
    return tasks.torch_safe_load(str(weights.resolve()), safe_only=True)[0]


def _first_line(error: BaseException) -> str:
    lines = str(error).removeprefix("ERROR \u274c\ufe0f ").splitlines()
    return lines[0][:200] if lines else type(error).__name__
