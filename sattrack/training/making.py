"""Making weights: a recipe and a folder of data in; weights, a bare model card and the course of training out."""

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from sattrack.detectors.cards import write_card
from sattrack.detectors.devices import choose_device
from sattrack.errors import UsageError
from sattrack.labels.seen import listed, names_in
from sattrack.phrases import some
from sattrack.results import ModelCard
from sattrack.stores.locking import alone_in
from sattrack.training.fitting import Schedule, fit, make_network, save_weights
from sattrack.training.gathering import Gathered, gather
from sattrack.training.looks import Looks
from sattrack.training.mining import mine
from sattrack.training.recipes import Recipe, Round
from sattrack.training.sampling import TileSampler, Turns
from sattrack.training.starting import Start, find_start, fitted
from sattrack.writing import made_folder, write_whole

# Shorter rounds are over before the usual warming up is, and before the first checkpoint.
_SHORT = 400


@dataclass(frozen=True, slots=True)
class Made:
    """What a training left behind."""

    weights: Path
    card: Path
    steps: int
    seconds: float


def make(
    recipe: Recipe,
    *,
    data: Path,
    out: Path,
    device: str = "auto",
    minutes: float = 0.0,
    processes: int = 1,
    told: Callable[[str], None] = lambda _line: None,
) -> Made:
    """Trains by the recipe, or goes on where a killed training stopped; writes NAME.pt and NAME.json into `out`.

    minutes: the clock that ends each round sooner than the recipe's steps, 0 for none. Weights come out the same again only on
    the same device, and without a clock. UsageError where `out` holds a training begun on other pictures, labels or weights;
    StoreError where it cannot be written, or another process trains there.
    """
    start = find_start(recipe, data=data)
    where = choose_device(device)
    # Before the pictures are read and the yards drawn, which takes minutes.
    with alone_in(made_folder(out / f"{recipe.name}-round-1"), called="training"):
        return _made(recipe, data=data, out=out, start=start, device=where, minutes=minutes, processes=processes, told=told)


def _made(
    recipe: Recipe, *, data: Path, out: Path, start: Start | None, device: torch.device, minutes: float, processes: int,
    told: Callable[[str], None],
) -> Made:  # fmt: skip
    torch.manual_seed(recipe.seed)
    network = make_network(recipe.architecture, start=start.path if start else None)
    if start:
        start = fitted(start, network=network)
    gathered = gather(recipe, data=data, processes=processes, cache=out, told=told)
    _check_begun(recipe, gathered, start=start, out=out)
    courses: list[dict[str, object]] = []
    steps, seconds = 0, 0.0
    for number, part in enumerate(recipe.rounds, start=1):
        drawn = _mined(gathered, recipe, network=network, device=device, told=told) if part.mine else gathered
        clock = f", or as many as {minutes:g} minutes take" if minutes else ""
        told(f"round {number} of {len(recipe.rounds)}: {some(part.steps, 'step')}{clock}")
        sampler = TileSampler(
            drawn.pictures, drawn.weights, gsd_m=recipe.gsd_m, tile_px=recipe.tile_px, device=device,
            turns=Turns(patchwork=recipe.patchwork),
        )  # fmt: skip
        network, state = fit(
            network, sampler=sampler, looks=Looks(), gsd_m=recipe.gsd_m, device=device,
            folder=out / f"{recipe.name}-round-{number}", schedule=_schedule(recipe, part, number=number, minutes=minutes),
            workers=min(2, processes - 1), told=told,
        )  # fmt: skip
        steps, seconds = steps + state.step, seconds + state.seconds
        losses = [loss if math.isfinite(loss) else None for loss in state.losses[::50]]
        courses.append({"steps": state.step, "seconds": round(state.seconds, 1), "losses": losses})
    file = out / f"{recipe.name}.pt"
    save_weights(network, file)
    card = bare_card(recipe, sha256=hashlib.sha256(file.read_bytes()).hexdigest(), sources=gathered.sources, start=start)
    write_card(card, file.with_suffix(".json"))
    write_whole(out / f"{recipe.name}-course.json", json.dumps({"device": str(device), "rounds": courses}).encode())
    return Made(file, file.with_suffix(".json"), steps, seconds)


def _mined(
    gathered: Gathered, recipe: Recipe, *, network: torch.nn.Module, device: torch.device, told: Callable[[str], None]
) -> Gathered:
    found = mine(gathered, network=network, gsd_m=recipe.gsd_m, tile_px=recipe.tile_px, device=device)
    hard = [p.hard for p in found.pictures if p.hard is not None]
    told(f"mined: {some(sum(map(len, hard)), 'place')} in {some(len(hard), 'picture')} without containers")
    return found


def bare_card(recipe: Recipe, *, sha256: str, sources: Sequence[dict[str, str]], start: Start | None) -> ModelCard:
    """A card with every source; figures are added when they have been measured on places that the weights never saw."""
    rows = [_honest(source, start=start) for source in sources]
    if start:
        rows += start.sources()
    return ModelCard(
        id=f"{recipe.name}-{sha256[:8]}", sha256=sha256, classes=("container",), gsd_m=recipe.gsd_m, tile_px=recipe.tile_px,
        threshold=recipe.threshold, name=recipe.name, description=recipe.description, licence=recipe.licence,
        trained_on=tuple(rows),
    )  # fmt: skip


def _honest(source: dict[str, str], *, start: Start | None) -> dict[str, str]:
    """A set, or a picture, counts as never seen only where the starting weights have not seen it either."""
    spared = source.get("pictures_left_out", "")
    if spared and start and start.may_have_shown(source["name"], spared=spared):
        source = {key: value for key, value in source.items() if key != "pictures_left_out"}
        source["pictures_left_out_here_only"] = spared
    left_out = names_in(source.get("left_out", ""))
    seen = [name for name in left_out if start and start.may_have_seen(name)]
    if not seen:
        return source
    kept = listed(name for name in left_out if name not in seen)
    here_only = [*names_in(source.get("left_out_here_only", "")), *seen]
    return source | {"left_out": kept, "left_out_here_only": listed(here_only)}


def _schedule(recipe: Recipe, part: Round, *, number: int, minutes: float) -> Schedule:
    plain = Schedule(part.steps, batch=recipe.batch, rate=part.rate, seed=recipe.seed + number, minutes=minutes)
    short = part.steps < _SHORT
    return Schedule(
        part.steps, batch=recipe.batch, rate=part.rate, seed=recipe.seed + number, minutes=minutes,
        warmup=part.warmup or (max(1, part.steps // 8) if short else plain.warmup),
        save_every=max(1, min(10, part.steps // 2)) if short else plain.save_every,
    )  # fmt: skip


def _check_begun(recipe: Recipe, gathered: Gathered, *, start: Start | None, out: Path) -> None:
    """Notes what a training began with; goes on only with the same, or its weights would be of neither."""
    said = {"pictures": _digest(gathered), "start": hashlib.sha256(start.path.read_bytes()).hexdigest() if start else ""}
    said["network"] = f"{recipe.architecture}, {recipe.gsd_m:g} m, {recipe.tile_px} px"
    said["patchwork"] = f"{recipe.patchwork:g}"
    said |= {f"round {number}": "mined" if part.mine else "plain" for number, part in enumerate(recipe.rounds, start=1)}
    file = out / f"{recipe.name}-begun.json"
    begun = any(out.glob(f"{recipe.name}-round-*/last.pt"))
    before = json.loads(file.read_bytes()) if begun and file.is_file() else {}
    # A round may be added, and what an older sattrack did not note is taken for the same.
    other = [key for key, value in said.items() if before.get(key, value) != value]
    if other:
        what = {"pictures": "pictures or labels", "start": "starting weights"}
        named = (f"draws in {key} (+mine)" if key.startswith("round ") else what.get(key, key) for key in other)
        raise UsageError(
            f"a training with other {', '.join(named)} was begun here", where=str(out),
            way_out="choose another -o, or remove this folder",
        )  # fmt: skip
    write_whole(file, json.dumps(before | said, indent=1).encode())


def _digest(gathered: Gathered) -> str:
    """Of all that is drawn from: pixels, boxes, what is ignored, shares."""
    digest = hashlib.blake2b(np.ascontiguousarray(gathered.weights).tobytes())
    for picture in gathered.pictures:
        digest.update(f"{picture.source}/{picture.name} {picture.gsd_m} {picture.pixels.shape}".encode())
        for array in (picture.pixels, picture.quads, *picture.ignore):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:32]
