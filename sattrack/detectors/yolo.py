"""The ultralytics plug: YOLO networks, oriented or upright, loaded from .pt files."""

import copy
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch

from sattrack.detectors.decoding import NetworkDetector
from sattrack.detectors.devices import choose_device
from sattrack.detectors.offline import keep_at_home
from sattrack.detectors.parity import demand_parity
from sattrack.detectors.pickles import demand_data_only
from sattrack.detectors.torch_forward import TorchForward
from sattrack.errors import WeightsError
from sattrack.phrases import some
from sattrack.results import ModelCard

# What a damaged, hostile or foreign file makes the loader raise.
_UNLOADABLE = (
    pickle.UnpicklingError, RuntimeError, TypeError, ValueError, AttributeError, LookupError, EOFError, OSError, ImportError,
    zipfile.BadZipFile, ArithmeticError, MemoryError,
)  # fmt: skip


class YoloDetector(NetworkDetector):
    """The network of a .pt file, run by torch."""

    def __init__(
        self, weights: Path, *, card: ModelCard, device: str, score_floor: float, merge_overlap: float, tile_cap: int,
        tiles: int | None = None, half: bool = False,
    ) -> None:  # fmt: skip
        """tiles, half: see TorchForward. DetectorError where another device than the CPU does not answer as the CPU does."""
        # A device that is not there is told before the network is loaded.
        kind = choose_device(device).type
        network, oriented = load_network(weights, card=card)
        whole = copy.deepcopy(network) if kind != "cpu" else None
        forward = TorchForward(network, oriented=oriented, device=device, tiles=tiles, tile_px=card.tile_px, half=half)
        if whole is not None:
            demand_parity(TorchForward(whole, oriented=oriented, device="cpu"), forward, card=card)
        super().__init__(forward, card=card, score_floor=score_floor, merge_overlap=merge_overlap, tile_cap=tile_cap)


def load_network(weights: Path, *, card: ModelCard) -> tuple[torch.nn.Module, bool]:
    """The network of a .pt file, fused, in evaluation mode; and whether it is oriented. WeightsError where it does not fit.

    The file is read with torch's weights-only loader against ultralytics' list of network classes, and of these none may be
    called: a pickle that wants to run code is refused.
    """
    checkpoint = load_checkpoint(weights)
    try:
        return _ready(checkpoint, weights=weights, card=card)
    except WeightsError:
        raise
    except _UNLOADABLE as error:
        raise WeightsError(
            f"its network is not whole: {_first_line(error)}", where=str(weights), way_out="fetch the weights again"
        ) from error


def _ready(checkpoint: Any, *, weights: Path, card: ModelCard) -> tuple[torch.nn.Module, bool]:
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
            f"the network has {some(int(head.nc), 'class', 'classes')}, its card names {len(card.classes)}",
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


def load_checkpoint(weights: Path) -> Any:
    """What a .pt file holds; WeightsError where it cannot be read, or would call anything while it is."""
    try:
        return _checkpoint(weights)
    except _UNLOADABLE as error:
        raise WeightsError(
            f"cannot be loaded as tensors of a known network: {_first_line(error)}",
            where=str(weights),
            way_out="weights of YOLO networks as ultralytics saves them (.pt) are expected; code is never run",
        ) from error


def _checkpoint(weights: Path) -> Any:
    """ultralytics is imported here, once its environment keeps it from calling out."""
    keep_at_home()
    from ultralytics.nn import tasks

    # Where it cannot load safely it would load unsafely, without a word.
    if not tasks._SafeLoad.SUPPORTED:
        raise WeightsError("this torch cannot load weights without running their code", way_out="install torch 2.6 or newer")
    demand_data_only(_pickle_of(weights))
    # A whole path: a bare name like yolo11n.pt, when damaged, it would delete and fetch again.
    return tasks.torch_safe_load(str(weights.resolve()), safe_only=True)[0]


def _pickle_of(weights: Path) -> bytes:
    """The pickle in a .pt file, found as torch itself will find it."""
    with weights.open("rb") as file:
        if not torch.serialization._is_zipfile(file):
            raise pickle.UnpicklingError("it is no zip archive, as torch has saved since version 1.6")
        with zipfile.ZipFile(file) as archive:
            # torch never packs them, and what is packed may be a thousand times as large.
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
                raise pickle.UnpicklingError("its entries are compressed, which torch does not write")
    return bytes(torch._C.PyTorchFileReader(str(weights)).get_record("data.pkl"))


def _first_line(error: BaseException) -> str:
    lines = str(error).removeprefix("ERROR \u274c\ufe0f ").splitlines()
    return lines[0][:200] if lines else type(error).__name__
