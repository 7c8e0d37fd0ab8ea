"""`sattrack bench seams`: what tile borders, and where they fall, do to counts."""

import os
from pathlib import Path
from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.bench import options as b
from sattrack.cli.voice import Voice


def seams(
    datasets: Annotated[
        list[Path] | None, typer.Argument(metavar="[DATASET...]", help="Labelled sets to read instead of rendered dense yards.")
    ] = None,
    shifts: Annotated[int, typer.Option(min=2, max=50, help="Grids of tiles laid over each picture.")] = 5,
    count: Annotated[int, typer.Option(min=1, help="Rendered yards.")] = 12,
    pixels: Annotated[int, typer.Option(min=64, max=4000, help="Side of a rendered yard.")] = 500,
    first_seed: Annotated[int | None, typer.Option(help="Seed of the first yard; training's lie below 9,000,000.")] = None,
    processes: Annotated[int, typer.Option(min=1, help="Processes that render.")] = os.cpu_count() or 1,
    weights: o.Weights = None,
    threshold: o.Threshold = None,
    device: o.Device = None,
    detector: b.Detector = None,
    model_gsd_m: b.ModelGsd = None,
    classes: b.Classes = None,
    config: o.Config = None,
    markdown: b.AsMarkdown = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Read the same pictures with shifted grids of tiles: seam error and shift error.

    Seam error: how boxes within their own length of a border between tiles are found, against those elsewhere. Shift error: how
    the count of the same ground varies with the grid.
    """
    from sattrack.bench.seam_tables import seam_table, seam_values, shift_table, shifted, verdicts
    from sattrack.bench.seams import FIRST_SEED, bench_rendered, bench_seams, dense_yards
    from sattrack.face import chosen_settings

    voice = Voice(quiet=quiet)
    settings = chosen_settings(config, threshold=threshold, device=device)
    model = b.chosen_model(weights, detector, model_gsd_m, classes, settings.threshold, careful=settings.careful)
    if datasets:
        found = bench_seams(datasets, model=model, settings=settings, shifts=shifts, heard=voice.say)
    else:
        orders = dense_yards(count, pixels=pixels, first_seed=FIRST_SEED if first_seed is None else first_seed)
        found = bench_rendered(orders, model=model, settings=settings, shifts=shifts, processes=processes, heard=voice.say)
    if as_json:
        voice.json(seam_values(found))
        return
    rows = shifted(found)
    voice.out(f"{found.model_id}, boxes from a score of {found.threshold:g}, {len(found.shifts_m)} grids")
    b.print_table(seam_table(found), voice=voice, markdown=markdown)
    b.print_table(shift_table(rows), voice=voice, markdown=markdown)
    for line in verdicts(found, rows):
        voice.out(line)
