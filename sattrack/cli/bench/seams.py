"""`sattrack bench seams`: what tile borders, and where they fall, do to counts."""

from pathlib import Path
from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.bench import options as b
from sattrack.cli.voice import Voice
from sattrack.phrases import some


def seams(
    datasets: Annotated[
        list[Path] | None, typer.Argument(metavar="[DATASET...]", help="Labelled sets to read instead of rendered dense yards.")
    ] = None,
    shifts: Annotated[int, typer.Option(min=2, max=50, help="Grids of tiles laid over each picture.")] = 5,
    count: b.Count = 12,
    pixels: b.Pixels = 500,
    first_seed: b.FirstSeed = None,
    processes: b.Processes = b.CPUS,
    weights: o.Weights = None,
    threshold: o.Threshold = None,
    device: o.Device = None,
    detector: o.Detector = None,
    model_gsd_m: o.ModelGsd = None,
    classes: o.Classes = None,
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

    voice = Voice(quiet=quiet)
    settings, model = b.chosen(weights, detector, model_gsd_m, classes, config=config, threshold=threshold, device=device)
    if datasets:
        found = bench_seams(datasets, model=model, settings=settings, shifts=shifts, heard=voice.say)
    else:
        orders = dense_yards(count, pixels=pixels, first_seed=FIRST_SEED if first_seed is None else first_seed)
        found = bench_rendered(orders, model=model, settings=settings, shifts=shifts, processes=processes, heard=voice.say)
    if as_json:
        voice.json(seam_values(found))
        return
    rows = shifted(found)
    voice.out(f"{found.model_id}, boxes from a score of {found.threshold:g}, {some(len(found.shifts_m), 'grid')}")
    b.print_table(seam_table(found), voice=voice, markdown=markdown)
    b.print_table(shift_table(rows), voice=voice, markdown=markdown)
    for line in verdicts(found, rows):
        voice.out(line)
