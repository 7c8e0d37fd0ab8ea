"""`sattrack train`: weights from a recipe and a folder of data; a killed training goes on where it was."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sattrack.cli import labels as lb
from sattrack.cli import options as o
from sattrack.cli.voice import Voice
from sattrack.errors import UsageError
from sattrack.phrases import some

if TYPE_CHECKING:
    from sattrack.training.recipes import Recipe

app = typer.Typer(add_completion=False)

_TRAINING = "The training, instead of what the recipe says"


@app.command(no_args_is_help=True)
def train(
    recipe: Annotated[
        Path, typer.Argument(metavar="RECIPE", help="A YAML file, or a shipped recipe: finetune, fast or cover.")
    ],
    data: Annotated[Path, typer.Option(metavar="FOLDER", help="The folder that the recipe's folders are in.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FOLDER", help="Where weights, card and checkpoints go.")],
    form: lb.Form = None,
    gsd_m: lb.GsdM = None,
    bands: lb.Bands = None,
    label_classes: lb.Classes = None,
    half: lb.Half = None,
    leave_out: lb.LeaveOut = None,
    start: Annotated[
        str | None,
        typer.Option(metavar="WEIGHTS", rich_help_panel=_TRAINING, help="A .pt file or shipped weights to start from."),
    ] = None,
    fold: Annotated[
        str | None,
        typer.Option(metavar="NAME", rich_help_panel=_TRAINING, help="Leave out the sets of this fold of the recipe."),
    ] = None,
    course: Annotated[
        list[str] | None,
        typer.Option(
            "--round",
            metavar="STEPS@RATE[+mine]",
            rich_help_panel=_TRAINING,
            help="A round; may be repeated. +mine: first look where the network finds boxes in empty pictures.",
        ),
    ] = None,
    batch: Annotated[int | None, typer.Option(min=1, rich_help_panel=_TRAINING, help="Tiles a step.")] = None,
    minutes: Annotated[float, typer.Option(min=0, help="End each round by the clock; 0 for by its steps.")] = 0.0,
    processes: Annotated[int, typer.Option(min=1, help="Processes that render and plan tiles.")] = 1,
    device: o.Device = None,
    quiet: o.Quiet = False,
) -> None:
    """Train weights by a recipe, or go on where a killed training stopped; write NAME.pt and a bare card NAME.json.

    To adapt the shipped weights to tiles that you labelled: `sattrack train finetune --data MY-LABELS -o OUT`, then
    `sattrack detect ... --weights OUT/finetune.pt`. Labels are YOLO-OBB, COCO, DOTA, GeoJSON over scenes, or our own layout;
    docs/training.md tells how to label, and how to measure on tiles that were left out.

    `sattrack train cover` makes the reader of covered area (docs/coarse.md), on the CPU, in minutes, and does not go on.

    Figures are added to the card by `sattrack bench card`, from weights of each fold.
    """
    # Before torch is imported, or it has no effect: see wiring.load_model. Beside other work torch's own spinning takes most.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    from sattrack.training.cover import COVER, make_cover
    from sattrack.training.making import make
    from sattrack.training.recipes import leaving_out, read_recipe, without_fold

    voice = Voice(quiet=quiet)
    chosen = read_recipe(_recipe_file(recipe))
    if fold is not None:
        chosen = without_fold(chosen, fold)
    asked, choice = lb.asked_of(form, gsd_m, bands, label_classes), lb.choice_of(half, leave_out)
    if choice.leave_out and not chosen.labelled:
        raise UsageError(f"the recipe {chosen.name!r} has no labels, so --leave-out says nothing")
    chosen = leaving_out(chosen, choice.leave_out)
    said = {"format": form, "gsd_m": asked.gsd_m, "bands": asked.bands}
    labels = said | {"classes": asked.classes or None, "half": choice.half or None}
    # What the recipe says of the terms of its starting weights is not said of others.
    changed = {
        "rounds": [_round(text) for text in course] if course else None, "batch": batch, "start": _start(start),
        "start_terms": None if start is None else "",
    }  # fmt: skip
    chosen = _changed(chosen, labels=labels, changed=changed)
    began = time.monotonic()

    def told(line: str) -> None:
        voice.say(f"{time.monotonic() - began:6.0f} s  {line}")

    if chosen.architecture == COVER:
        _without({
            "--start": start, "--minutes": minutes, "--device": device, "--round ...+mine": any(p.mine for p in chosen.rounds),
        })  # fmt: skip
        cover = make_cover(chosen, data=data, out=out, processes=processes, told=told)
        voice.out(f"{cover.weights}: {some(cover.steps, 'step')} in {cover.seconds / 60:.1f} minutes; its card: {cover.card}")
        return
    made = make(
        chosen, data=data, out=out, device=device or "auto", minutes=minutes, processes=processes,
        told=told,
    )  # fmt: skip
    voice.out(f"{made.weights}: {some(made.steps, 'step')} in {made.seconds / 60:.1f} minutes; its card: {made.card}")


def _without(options: Mapping[str, object]) -> None:
    """UsageError where something is asked that the training of a reader of cover has not."""
    asked = [name for name, value in options.items() if value]
    if asked:
        raise UsageError(f"{', '.join(asked)}: a reader of cover is trained from nothing, on the CPU, in minutes")


def _recipe_file(asked: Path) -> Path:
    """A path, or the name of a shipped recipe."""
    from sattrack.assets import asset_folder

    if asked.exists() or asked.suffix or len(asked.parts) > 1:
        return asked
    folder = asset_folder("configs") / "training"
    if not (folder / f"{asked}.yaml").is_file():
        known = ", ".join(sorted(path.stem for path in folder.glob("*.yaml")))
        raise UsageError("no such recipe", where=str(asked), way_out=f"give a YAML file, or a shipped one: {known}")
    return folder / f"{asked}.yaml"


def _changed(recipe: "Recipe", *, labels: Mapping[str, object], changed: Mapping[str, object]) -> "Recipe":
    """The recipe with what was given on the command line, of labels for each of its labelled sources."""
    from sattrack.training.recipes import checked_recipe

    said = recipe.model_dump(exclude_unset=True) | {key: value for key, value in changed.items() if value is not None}
    given = {key: value for key, value in labels.items() if value is not None}
    if given and not recipe.labelled:
        raise UsageError(f"the recipe {recipe.name!r} has no labels, so {', '.join(given)} says nothing")
    said["labelled"] = [dict(source) | given for source in said.get("labelled", ())]
    return checked_recipe(said, where="the command line")


def _start(asked: str | None) -> str | None:
    """Weights by a path from where the command runs, or shipped ones by name."""
    return str(Path(asked).absolute()) if asked and Path(asked).is_file() else asked


def _round(text: str) -> dict[str, object]:
    plain = text.removesuffix("+mine")
    steps, at, rate = plain.partition("@")
    try:
        return {"steps": int(steps), "rate": float(rate) if at else 0.002, "mine": plain != text}
    except ValueError as error:
        raise UsageError(
            f"--round expects STEPS@RATE or STEPS@RATE+mine, got {text!r}", way_out="such as --round 1200@0.002"
        ) from error
