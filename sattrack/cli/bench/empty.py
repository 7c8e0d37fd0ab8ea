"""`sattrack bench empty`: false boxes where no container stands."""

import math
from pathlib import Path
from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.bench import options as b
from sattrack.cli.voice import Voice
from sattrack.errors import UsageError


def empty(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Pictures without containers.")],
    gsd_m: Annotated[float, typer.Option(min=0.01, metavar="M", help="Pixel size of those that do not tell their own.")],
    spared: Annotated[bool, typer.Option("--spared", help="Only every third by name: those that training spares.")] = False,
    skip: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A picture that holds containers after all; may be repeated.")
    ] = None,
    weights: o.Weights = None,
    threshold: o.Threshold = None,
    device: o.Device = None,
    careful: o.Careful = False,
    model_gsd_m: o.ModelGsd = None,
    classes: o.Classes = None,
    config: o.Config = None,
    markdown: b.AsMarkdown = False,
    names: Annotated[bool, typer.Option("--names", help="Also a row for each picture.")] = False,
    quiet: o.Quiet = False,
) -> None:
    """Count false boxes per square kilometre of ground that was seen, on pictures that hold no container."""
    from sattrack.bench.emptiness import bench_empty
    from sattrack.bench.tables import empty_table
    from sattrack.training.recipes import spared as every_third

    voice = Voice(quiet=quiet)
    settings, model = b.chosen(
        weights, None, model_gsd_m, classes, config=config, threshold=threshold, device=device, careful=careful
    )
    met: set[str] = set()

    def chosen(there: list[str]) -> list[str]:
        met.update(there)
        return [name for name in (every_third(there) if spared else there) if name not in (skip or ())]

    found = bench_empty(folders, model=model, gsd_m=gsd_m, settings=settings, chosen=chosen)
    if unknown := sorted(set(skip or ()) - met):
        raise UsageError(f"no pictures {', '.join(unknown)} to skip", way_out="give names without suffix")
    own = [one for one in found if not math.isclose(one.gsd_m, gsd_m, rel_tol=0.01)]
    if own:
        sizes = " to ".join(dict.fromkeys(f"{size(one.gsd_m for one in own):.3g}" for size in (min, max)))
        voice.say(f"note: read at their own pixel size, {sizes} m, not at {gsd_m:g} m: {len(own)} of {len(found)} pictures")
    if names:
        rows: list[tuple[str, ...]] = [(one.folder, one.name, f"{one.km2:.3f}", str(one.false_boxes)) for one in found]
        b.print_table((("folder", "picture", "km2 seen", "false boxes"), rows), voice=voice, markdown=markdown)
    b.print_table(empty_table(found), voice=voice, markdown=markdown)
