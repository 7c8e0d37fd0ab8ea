"""`sattrack bench dense`: whether a full yard leaves the network room for all its boxes."""

from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.bench import options as b
from sattrack.cli.voice import Voice


def dense(
    headings: Annotated[int, typer.Option(min=1, max=90, help="Headings of blocks, at each pixel size and length of box.")] = 4,
    first_seed: b.FirstSeed = None,
    gsd_m: Annotated[
        list[float] | None, typer.Option("--gsd-m", min=0.1, max=2.0, metavar="M", help="Pixel size; may be repeated.")
    ] = None,
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
    """Count rendered blocks packed as tightly as boxes can be set down, from a few boxes up to more than fill a tile.

    Prints recall by density, how many boxes share a cell of the network's head, and how near a tile comes to its limit.
    """
    from sattrack.bench.dense import FIRST_SEED, GSDS_M, bench_dense, full_blocks
    from sattrack.bench.dense_tables import cap_sentence, cell_table, dense_values, density_table, packing_table

    voice = Voice(quiet=quiet)
    settings, model = b.chosen(weights, detector, model_gsd_m, classes, config=config, threshold=threshold, device=device)
    blocks = full_blocks(
        headings, first_seed=FIRST_SEED if first_seed is None else first_seed, gsds_m=tuple(gsd_m) if gsd_m else GSDS_M
    )
    found = bench_dense(
        blocks, model=model, settings=settings,
        processes=processes, heard=voice.say,
    )  # fmt: skip
    if as_json:
        voice.json(dense_values(found))
        return
    voice.out(f"{found.card.id}, boxes from a score of {found.threshold:g}, gaps of 0.05 to 0.15 m")
    b.print_table(density_table(found), voice=voice, markdown=markdown)
    b.print_table(packing_table(found), voice=voice, markdown=markdown)
    voice.out("Boxes that share a cell of the head with another, where blocks cover all ground:")
    b.print_table(cell_table(found), voice=voice, markdown=markdown)
    voice.out(cap_sentence(found))
