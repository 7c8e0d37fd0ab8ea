"""Fitting: the network, its loss, and the loop, with checkpoints from which a killed training goes on."""

import io
import math
import pickle
import time
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import torch
from torch.utils.data import DataLoader

from sattrack.detectors.offline import keep_at_home
from sattrack.detectors.yolo import load_checkpoint
from sattrack.errors import UsageError
from sattrack.training.assigning import SparseAssigner
from sattrack.training.looks import Looks, vary
from sattrack.training.sampling import Planned, PlannedBatches, Tiles, TileSampler
from sattrack.writing import write_whole

keep_at_home()  # before ultralytics is imported: that is when it would write and call

from ultralytics.nn.modules import OBB  # noqa: E402
from ultralytics.nn.tasks import OBBModel  # noqa: E402
from ultralytics.utils import DEFAULT_CFG_DICT  # noqa: E402
from ultralytics.utils.loss import v8OBBLoss  # noqa: E402

# So many steps in a row without a loss: the weights have run away, and no step can bring them back.
_LOST = 20
_NETWORKS = "architecture: yolo11n-obb.yaml, or another of YOLO11's or YOLOv8's with -obb, or a YAML file of one"
_SLOWER = "begin again at a lower rate (--round STEPS@RATE) with another -o"


@dataclass(frozen=True, slots=True)
class Schedule:
    """steps: of the optimiser. minutes: the clock that ends training sooner, 0 for none (the rate then falls with the clock).

    rate: peak learning rate of AdamW, reached after `warmup` steps, falling to a hundredth as a cosine. average: decay of the
    running average of the weights, per step; that average is what is kept.
    """

    steps: int
    batch: int = 16
    minutes: float = 0.0
    rate: float = 0.002
    warmup: int = 200
    decay: float = 0.0005
    average: float = 0.9995
    seed: int = 0
    save_every: int = 200


class ForgivingBce:
    """Binary cross entropy that teaches nothing where a cell is marked, unless a box was assigned to it."""

    def __init__(self) -> None:
        self.marked: torch.Tensor | None = None

    def __call__(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        raw = torch.nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
        if self.marked is None:
            return raw
        return torch.where(self.marked[..., None] & (target <= 0), torch.zeros_like(raw), raw)


def make_network(architecture: str, *, start: Path | None) -> OBBModel:
    """An oriented network of one class, started from whatever tensors of `start` fit. UsageError where it is none."""
    try:
        network = OBBModel(architecture, nc=1, verbose=False)
    except (FileNotFoundError, AssertionError) as error:
        raise UsageError("no such network", where=architecture, way_out=_NETWORKS) from error
    # What is made of that head, and finds without merging, is taught by another loss.
    if type(cast(Any, network.model)[-1]) is not OBB:
        raise UsageError("is no network of oriented boxes that can be trained here", where=architecture, way_out=_NETWORKS)
    network.args = cast(Any, SimpleNamespace(**DEFAULT_CFG_DICT))
    network.names = {0: "container"}
    if start is not None:
        network.load(load_checkpoint(start), verbose=False)
    return network


@dataclass(slots=True)
class State:
    """What a killed training needs to go on."""

    step: int
    seconds: float
    losses: list[float]


def fit(
    network: OBBModel,
    *,
    sampler: TileSampler,
    schedule: Schedule,
    looks: Looks,
    gsd_m: float,
    device: torch.device,
    folder: Path,
    workers: int = 0,
    told: Callable[[str], None] = lambda _line: None,
) -> tuple[OBBModel, State]:
    """Trains until the steps or the clock run out; returns the averaged network. Goes on from folder/last.pt where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    network.to(device).train()
    network.to(memory_format=torch.channels_last)
    network.requires_grad_(True)  # the average of the round before learns nothing itself
    averaged = deepcopy(network).eval()
    averaged.requires_grad_(False)
    optimiser = _optimiser(network, schedule)
    state = _resumed(folder / "last.pt", network=network, averaged=averaged, optimiser=optimiser, schedule=schedule)
    loss_of = v8OBBLoss(network)
    bce = ForgivingBce()
    loss_of.bce = cast(Any, bce)
    strides = [int(stride) for stride in network.stride]
    loss_of.assigner = cast(Any, SparseAssigner(strides=strides, tile_px=sampler.tile_px))
    if _out_of_time(state, schedule):
        return averaged, state
    began, seconds_before = time.monotonic(), state.seconds
    for planned in _batches(sampler, schedule=schedule, first=state.step, workers=workers):
        rng = np.random.default_rng([schedule.seed, state.step, 1])
        for group in optimiser.param_groups:
            group["lr"] = _rate(state, schedule)
        tiles = sampler.paint(planned)
        pixels = vary(tiles.pixels, rng=rng, gsd_m=gsd_m, looks=looks)
        bce.marked = _marked(tiles.ignore, strides=strides)
        loss = _loss(network, loss_of, pixels, tiles, device=device)
        if math.isfinite(float(loss.detach())):
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 10.0)
            optimiser.step()
            _follow(averaged, network, decay=schedule.average * (1 - math.exp(-state.step / 400)))
        state.step += 1
        state.seconds = seconds_before + time.monotonic() - began
        state.losses.append(round(float(loss.detach()) / schedule.batch, 4))
        if state.step % 50 == 0:
            told(f"step {state.step}: loss {np.mean(state.losses[-50:]):.3f}, {state.seconds / state.step:.2f} s a step")
        if state.step % schedule.save_every == 0:
            _save(folder / "last.pt", network=network, averaged=averaged, optimiser=optimiser, state=state, schedule=schedule)
        _check_learning(state)
        if _out_of_time(state, schedule):
            break
    _check_numbers(averaged)
    _save(folder / "last.pt", network=network, averaged=averaged, optimiser=optimiser, state=state, schedule=schedule)
    return averaged, state


def _check_learning(state: State) -> None:
    """UsageError where the steps have long taught nothing: each that has no loss is passed over."""
    if len(state.losses) >= _LOST and not any(map(math.isfinite, state.losses[-_LOST:])):
        raise UsageError(f"the loss is no number at {_LOST} steps in a row", way_out=_SLOWER)


def _check_numbers(network: OBBModel) -> None:
    """UsageError where weights are no numbers, or none in half precision, in which they are kept."""
    kept = (value.half() for value in network.state_dict().values() if value.is_floating_point())
    if not all(bool(torch.isfinite(value).all()) for value in kept):
        raise UsageError("the training came to weights that are no numbers", way_out=_SLOWER)


def _batches(sampler: TileSampler, *, schedule: Schedule, first: int, workers: int) -> Iterable[Planned]:
    """Planned batches in order, from the first that is still to be done."""
    batches = PlannedBatches(sampler, seed=schedule.seed, batch=schedule.batch)
    steps = range(first, schedule.steps)
    if workers == 0:
        return (batches[step] for step in steps)
    return DataLoader(batches, batch_size=None, sampler=steps, num_workers=workers, prefetch_factor=4)


def save_weights(network: OBBModel, to: Path) -> None:
    """Weights alone, half precision, in the form that ultralytics and our detector read."""
    plain = deepcopy(network).cpu().half().eval()
    plain.criterion = None
    # What the head keeps of the last tile it read, as after mining: 50 kB that the first tile makes again.
    head = cast(Any, plain.model)[-1]
    head.shape, head.anchors, head.strides = None, torch.empty(0), torch.empty(0)
    for parameter in plain.parameters():
        parameter.requires_grad_(False)
    # A plain dict of arguments: only what training used, no paths of the machine.
    said = {"task": "obb", "model": "obb", "imgsz": 640}
    plain.args = cast(Any, said)
    _write({"model": plain, "ema": None, "train_args": said, "epoch": -1}, to)


def _write(said: dict[str, Any], to: Path) -> None:
    """A file whole or not at all. StoreError where it cannot be written: of a full disk torch itself says nothing plain."""
    packed = io.BytesIO()
    torch.save(said, packed)
    write_whole(to, packed.getvalue())


def _loss(network: OBBModel, loss_of: v8OBBLoss, pixels: torch.Tensor, tiles: Tiles, *, device: torch.device) -> torch.Tensor:
    pixels = pixels.contiguous(memory_format=torch.channels_last)
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=takes_bfloat16(device)):
        found = network(pixels)
    found = {k: [x.float() for x in v] if isinstance(v, list) else v.float() for k, v in found.items()}
    batch = {"batch_idx": tiles.owner.float(), "cls": torch.zeros(len(tiles.owner), device=device), "bboxes": tiles.boxes}
    return loss_of(found, batch)[0].sum()


def takes_bfloat16(device: torch.device) -> bool:
    """Whether the device computes with short numbers itself; a step on two such cores took 108 ms a tile instead of 208."""
    native = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    return device.type == "cuda" or (device.type == "cpu" and bool(native()))


def _marked(ignore: torch.Tensor, *, strides: Sequence[int]) -> torch.Tensor:
    """(n, rows, cols) at stride 8 -> (n, anchors) over the strides of the head's levels, in their order."""
    flags = ignore[:, None].float()
    return torch.cat([_at_stride(flags, stride).flatten(1) for stride in strides], dim=1) > 0


def _at_stride(flags: torch.Tensor, stride: int) -> torch.Tensor:
    if stride < 8:
        return torch.nn.functional.interpolate(flags, scale_factor=8 // stride, mode="nearest")
    return torch.nn.functional.max_pool2d(flags, stride // 8)


def _optimiser(network: OBBModel, schedule: Schedule) -> torch.optim.AdamW:
    weights = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    groups = [{"params": weights, "weight_decay": schedule.decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=schedule.rate, betas=(0.9, 0.999))


def _progress(state: State, schedule: Schedule) -> float:
    clock = state.seconds / (60 * schedule.minutes) if schedule.minutes else 0.0
    return min(1.0, max(state.step / schedule.steps, clock))


def _out_of_time(state: State, schedule: Schedule) -> bool:
    return bool(schedule.minutes) and state.seconds >= 60 * schedule.minutes


def _rate(state: State, schedule: Schedule) -> float:
    warm = min(1.0, (state.step + 1) / schedule.warmup)
    return schedule.rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * _progress(state, schedule))))


@torch.no_grad()
def _follow(averaged: OBBModel, network: OBBModel, *, decay: float) -> None:
    mine, theirs = averaged.state_dict(), network.state_dict()
    floats = [k for k, v in mine.items() if v.dtype.is_floating_point]
    torch._foreach_lerp_([mine[k] for k in floats], [theirs[k] for k in floats], 1 - decay)
    for key in mine.keys() - set(floats):
        mine[key].copy_(theirs[key])


def _save(path: Path, *, network: OBBModel, averaged: OBBModel, optimiser: Any, state: State, schedule: Schedule) -> None:
    _write(
        {
            "network": network.state_dict(), "averaged": averaged.state_dict(), "optimiser": optimiser.state_dict(),
            "step": state.step, "seconds": state.seconds, "losses": state.losses, "schedule": asdict(schedule),
        },
        path,
    )  # fmt: skip


def _resumed(path: Path, *, network: OBBModel, averaged: OBBModel, optimiser: Any, schedule: Schedule) -> State:
    if not path.is_file():
        return State(0, 0.0, [])
    try:
        kept = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, OSError, pickle.UnpicklingError) as error:
        raise UsageError(
            "the checkpoint cannot be read", where=str(path), way_out="remove it, and the round begins anew"
        ) from error
    # The clock may be set anew; anything else would fall between two trainings.
    if {**kept["schedule"], "minutes": 0} != {**asdict(schedule), "minutes": 0}:
        raise UsageError(
            "a training with other steps, batch, rate or seed was begun here", where=str(path), way_out="choose another -o"
        )
    network.load_state_dict(kept["network"])
    averaged.load_state_dict(kept["averaged"])
    optimiser.load_state_dict(kept["optimiser"])
    return State(int(kept["step"]), float(kept["seconds"]), list(kept["losses"]))
