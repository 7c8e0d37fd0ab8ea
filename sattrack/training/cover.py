"""Weights of the reader of covered area: a small network fitted by a recipe, kept as plain arrays in half precision."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from sattrack.covers import CoverCard
from sattrack.detectors.cover import DILATIONS, write_cover_card, write_cover_weights
from sattrack.phrases import some
from sattrack.steps.covering import as_fed
from sattrack.training.cover_tiles import CoverTiles, Taught
from sattrack.training.gathering import gather
from sattrack.training.recipes import Recipe
from sattrack.writing import made_folder, write_whole

# What a recipe calls this network.
COVER = "cover"
CHANNELS = 16
_WARMUP = 30
_EVERY = 50
# Seeds of the tiles on which the last line of a training is said; never drawn while it trains.
_HELD = 1_000_000


class CoverNetwork(nn.Module):
    """Convolutions of 3 x 3 with growing gaps, each added to what came before; a number a pixel, the log odds of its share."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(4, CHANNELS, 3, padding=1)
        self.more = nn.ModuleList(nn.Conv2d(CHANNELS, CHANNELS, 3, padding=d, dilation=d) for d in DILATIONS)
        self.last = nn.Conv2d(CHANNELS, 1, 1)
        nn.init.constant_(self.last.bias, -2.0)  # type: ignore[arg-type]

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """(n, 4, rows, cols) -> (n, rows, cols)."""
        out = torch.relu(self.first(planes))
        for layer in self.more:
            out = out + torch.relu(layer(out))
        answer: torch.Tensor = self.last(out)[:, 0]
        return answer


@dataclass(frozen=True, slots=True)
class MadeCover:
    """What a training left behind."""

    weights: Path
    card: Path
    steps: int
    seconds: float


def make_cover(
    recipe: Recipe,
    *,
    data: Path,
    out: Path,
    processes: int = 1,
    told: Callable[[str], None] = lambda _line: None,
) -> MadeCover:
    """Trains by the recipe on one thread of the CPU, which takes minutes; writes NAME.npz and a bare card NAME.json into `out`.

    The same weights again on the same machine. Raises UsageError where the recipe's data is not there.
    """
    made_folder(out)
    torch.manual_seed(recipe.seed)
    gathered = gather(recipe, data=data, processes=processes, cache=out, told=told)
    tiles = CoverTiles(gathered.pictures, gathered.weights, gsd_m=recipe.gsd_m, tile_px=recipe.tile_px)
    network = CoverNetwork()
    began = time.monotonic()
    losses, steps = _fit(network, tiles, recipe=recipe, told=told)
    seconds = time.monotonic() - began
    file = out / f"{recipe.name}.npz"
    write_cover_weights(file, _arrays(network))
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    card = CoverCard(
        id=f"{recipe.name}-{sha256[:8]}", sha256=sha256, gsd_m=recipe.gsd_m, name=recipe.name, description=recipe.description,
        licence=recipe.licence, trained_on=gathered.sources,
    )  # fmt: skip
    write_cover_card(card, file.with_suffix(".json"))
    write_whole(out / f"{recipe.name}-course.json", json.dumps({"seconds": round(seconds, 1), "losses": losses}).encode())
    return MadeCover(file, file.with_suffix(".json"), steps, seconds)


def _fit(
    network: CoverNetwork, tiles: CoverTiles, *, recipe: Recipe, told: Callable[[str], None]
) -> tuple[list[float], int]:  # fmt: skip
    threads = torch.get_num_threads()
    # The same sums in the same order; so small a network gains little from more.
    torch.set_num_threads(1)
    losses: list[float] = []
    steps = 0
    try:
        for number, part in enumerate(recipe.rounds, start=1):
            told(f"round {number} of {len(recipe.rounds)}: {some(part.steps, 'step')}")
            best = torch.optim.AdamW(network.parameters(), lr=part.rate, weight_decay=1e-4)
            for step in range(part.steps):
                rate = part.rate * min(1.0, (step + 1) / _WARMUP) * (0.5 + 0.5 * np.cos(np.pi * step / part.steps))
                for group in best.param_groups:
                    group["lr"] = max(rate, part.rate * 0.01)
                drawn = [
                    tiles.tile(np.random.default_rng([recipe.seed + number, step, i])) for i in range(recipe.batch)
                ]  # fmt: skip
                loss = _loss(network, drawn)
                best.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                best.step()
                steps += 1
                if step % _EVERY == 0:
                    losses.append(round(loss.item(), 5))
                    told(f"step {step}: loss {loss.item():.4f}")
        network.eval()
        with torch.no_grad():
            held = [tiles.tile(np.random.default_rng([recipe.seed, _HELD, i])) for i in range(64)]
            told(f"on 64 other tiles of the same pictures: loss {_loss(network, held).item():.4f}")
    finally:
        torch.set_num_threads(threads)
    return losses, steps


def _loss(network: CoverNetwork, drawn: Sequence[Taught]) -> torch.Tensor:
    """Cross-entropy of covered shares where they are known: at its best each answer is the share to be expected, so that sums
    of answers are areas."""
    planes = torch.from_numpy(np.stack([as_fed(tile.pixels, gsd_m=tile.gsd_m) for tile in drawn]))
    cover = torch.from_numpy(np.stack([tile.cover for tile in drawn]))
    known = torch.from_numpy(np.stack([tile.known for tile in drawn]).astype(np.float32))
    each = nn.functional.binary_cross_entropy_with_logits(network(planes), cover, reduction="none")
    return (each * known).sum() / known.sum().clamp(min=1)


def _arrays(network: CoverNetwork) -> list[tuple[np.ndarray, np.ndarray]]:
    layers = [network.first, *network.more, network.last]
    return [(layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in layers]  # type: ignore[operator, union-attr]
