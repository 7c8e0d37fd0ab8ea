"""`sattrack bench merging`: merging alone, by the number of boxes."""

from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.bench import options as b
from sattrack.cli.exit_codes import ERROR, OK
from sattrack.cli.voice import Voice


def merging(
    boxes: Annotated[list[int] | None, typer.Option(min=2, max=10_000_000, metavar="N", help="Boxes; may be repeated.")] = None,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Merges of each, of which the median counts.")] = 5,
    markdown: b.AsMarkdown = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Measure merging alone: time and memory for yards, boxes all in one place, and very unequal ones; how both grow.

    Ends with 1 where a promise on time was not kept.
    """
    from sattrack.bench.merging import (
        BOXES,
        bench_merging,
        broken,
        growth_lines,
        growths,
        merging_table,
        merging_values,
    )  # fmt: skip

    voice = Voice(quiet=quiet)
    rows = bench_merging(
        tuple(boxes) if boxes else BOXES, rounds=rounds,
        on_row=lambda row: voice.say(f"{row.kind}, {row.boxes} boxes: {row.cpu_s:.3f} s"),
    )  # fmt: skip
    if as_json:
        voice.json(merging_values(rows))
    else:
        b.print_table(merging_table(rows), voice=voice, markdown=markdown)
        for line in (*growth_lines(growths(rows)), *(f"BROKEN: {said}" for said in broken(rows))):
            voice.out(line)
    raise typer.Exit(ERROR if broken(rows) else OK)
