"""`sattrack train`: weights from a recipe and a folder of data; a killed training goes on where it was."""

import time
from pathlib import Path
from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.voice import Voice
from sattrack.errors import UsageError

app = typer.Typer(add_completion=False)


@app.command(no_args_is_help=True)
def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="A YAML file, such as configs/training/fast.yaml.")],
    data: Annotated[Path, typer.Option(metavar="FOLDER", help="The folder that the recipe's folders are in.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FOLDER", help="Where weights, card and checkpoints go.")],
    fold: Annotated[str | None, typer.Option(metavar="NAME", help="Leave out the sets of this fold of the recipe.")] = None,
    course: Annotated[
        list[str] | None, typer.Option("--round", metavar="STEPS@RATE", help="Instead of the recipe's rounds; may be repeated.")
    ] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Tiles a step, instead of the recipe's.")] = None,
    minutes: Annotated[float, typer.Option(min=0, help="End each round by the clock; 0 for by its steps.")] = 0.0,
    processes: Annotated[int, typer.Option(min=1, help="Processes that render and plan tiles.")] = 1,
    device: o.Device = None,
    quiet: o.Quiet = False,
) -> None:
    """Train weights by a recipe, or go on where a killed training stopped; write NAME.pt and a bare card NAME.json.

    Figures are added to the card by `sattrack bench card`, from weights of each fold.
    """
    from sattrack.training.making import make
    from sattrack.training.recipes import read_recipe, without_fold

    voice = Voice(quiet=quiet)
    chosen = read_recipe(recipe)
    if fold is not None:
        chosen = without_fold(chosen, fold)
    changed: dict[str, object] = {}
    if course:
        changed["rounds"] = [_round(text) for text in course]
    if batch is not None:
        changed["batch"] = batch
    chosen = type(chosen).model_validate(chosen.model_dump() | changed)
    out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    made = make(
        chosen, data=data, out=out, device=device or "auto", minutes=minutes, processes=processes,
        told=lambda line: voice.say(f"{time.monotonic() - began:6.0f} s  {line}"),
    )  # fmt: skip
    voice.out(f"{made.weights}: {made.steps} steps in {made.seconds / 60:.1f} minutes; its card: {made.card}")


def _round(text: str) -> dict[str, float]:
    steps, at, rate = text.partition("@")
    try:
        return {"steps": int(steps), "rate": float(rate) if at else 0.002}
    except ValueError as error:
        raise UsageError(f"--round expects STEPS@RATE, got {text!r}", way_out="such as --round 1200@0.002") from error
