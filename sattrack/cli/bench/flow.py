"""`sattrack bench flow`: whether the ends of flows by boxes hold what truly moved."""

from pathlib import Path
from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.bench import options as b
from sattrack.cli.voice import Voice
from sattrack.phrases import some


def flow(
    places: Annotated[int, typer.Option(min=2, help="Rendered places.")] = 150,
    dates: Annotated[int, typer.Option(min=2, max=20, help="Scenes of each, a week apart.")] = 3,
    first_seed: b.FirstSeed = None,
    keep: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Keep pictures and runs there, and go on where they are.")
    ] = None,
    weights: o.Weights = None,
    threshold: o.Threshold = None,
    device: o.Device = None,
    config: o.Config = None,
    markdown: b.AsMarkdown = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Renders yards whose every box is known by number at several dates, and judges what `flow --boxes` says of them.

    Between two dates any share of the stacks leaves, and any share of the free slots is filled; light, haze and view change.
    Prints how often the ends at 95 % held what left, arrived and stayed of the boxes in view, and the change of the count.
    """
    from sattrack.bench.box_flow_tables import box_flow_values, box_flow_verdicts, change_rows, flow_rows, rows_table
    from sattrack.bench.box_flows import FIRST_SEED, bench_box_flows

    voice = Voice(quiet=quiet)
    settings, model = b.chosen(weights, None, None, None, config=config, threshold=threshold, device=device)
    found = bench_box_flows(
        places, dates=dates, model=model, settings=settings, first_seed=FIRST_SEED if first_seed is None else first_seed,
        folder=keep, heard=voice.say,
    )  # fmt: skip
    if as_json:
        voice.json(box_flow_values(found))
        return
    voice.out(f"{found.model_id}: {some(places, 'rendered place')} at {dates} dates; boxes that left, and that came")
    b.print_table(rows_table(flow_rows(found)), voice=voice, markdown=markdown)
    voice.out("the change of the count")
    b.print_table(rows_table(change_rows(found)), voice=voice, markdown=markdown)
    for line in box_flow_verdicts(found):
        voice.out(line)
