"""Making weights: a recipe and a folder of data in; weights, a bare model card and the course of training out."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from sattrack.detectors.cards import write_card
from sattrack.detectors.devices import choose_device
from sattrack.errors import UsageError
from sattrack.results import ModelCard
from sattrack.training.fitting import Schedule, fit, make_network, save_weights
from sattrack.training.gathering import gather
from sattrack.training.looks import Looks
from sattrack.training.recipes import Recipe
from sattrack.training.sampling import TileSampler, Turns
from sattrack.writing import write_whole


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
    the same device, and without a clock.
    """
    start = data / recipe.start if recipe.start else None
    if start is not None and not start.is_file():
        raise UsageError(
            "the starting weights are missing", where=str(start), way_out="check the data folder and the recipe's start"
        )
    where = choose_device(device)
    torch.manual_seed(recipe.seed)
    pictures, weights = gather(recipe, data=data, processes=processes, cache=out, told=told)
    turns = Turns(patchwork=recipe.patchwork)
    sampler = TileSampler(pictures, weights, gsd_m=recipe.gsd_m, tile_px=recipe.tile_px, device=where, turns=turns)
    network = make_network(recipe.architecture, start=start)
    courses: list[dict[str, object]] = []
    steps, seconds = 0, 0.0
    for number, part in enumerate(recipe.rounds, start=1):
        told(f"round {number} of {len(recipe.rounds)}: {part.steps} steps")
        network, state = fit(
            network, sampler=sampler, looks=Looks(), gsd_m=recipe.gsd_m, device=where,
            folder=out / f"{recipe.name}-round-{number}",
            schedule=Schedule(part.steps, batch=recipe.batch, rate=part.rate, seed=recipe.seed + number, minutes=minutes),
            workers=min(2, processes - 1), told=told,
        )  # fmt: skip
        steps, seconds = steps + state.step, seconds + state.seconds
        courses.append({"steps": state.step, "seconds": round(state.seconds, 1), "losses": state.losses[::50]})
    file = out / f"{recipe.name}.pt"
    save_weights(network, file)
    card = bare_card(recipe, sha256=hashlib.sha256(file.read_bytes()).hexdigest())
    write_card(card, file.with_suffix(".json"))
    write_whole(out / f"{recipe.name}-course.json", json.dumps({"device": str(where), "rounds": courses}).encode())
    return Made(file, file.with_suffix(".json"), steps, seconds)


def bare_card(recipe: Recipe, *, sha256: str) -> ModelCard:
    """Figures are added when they have been measured on places that the weights never saw."""
    sources = [
        {"name": s.folder, "kind": "labelled", "left_out": ", ".join(s.leave_out), "terms": s.terms} for s in recipe.labelled
    ]
    sources += [{"name": s.folder, "kind": "without containers", "terms": s.terms} for s in recipe.empty]
    if recipe.start:
        sources.append({"name": Path(recipe.start).name, "kind": "starting weights", "terms": recipe.start_terms})
    if recipe.rendered:
        last = recipe.rendered.first_seed + recipe.rendered.count - 1
        sources.append(
            {"name": f"rendered yards, seeds {recipe.rendered.first_seed} to {last}", "kind": "rendered", "terms": "our own"}
        )
    return ModelCard(
        id=f"{recipe.name}-{sha256[:8]}", sha256=sha256, classes=("container",), gsd_m=recipe.gsd_m, tile_px=recipe.tile_px,
        threshold=recipe.threshold, name=recipe.name, description=recipe.description, licence=recipe.licence,
        trained_on=tuple(sources),
    )  # fmt: skip
