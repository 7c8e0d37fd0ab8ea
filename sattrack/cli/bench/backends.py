"""`sattrack bench backends`: what 8 bits cost in counts and boxes, and whether that passes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.bench import options as b
from sattrack.cli.voice import Voice

if TYPE_CHECKING:
    from sattrack.bench.gating import Gate
    from sattrack.detectors.exports import Export


def backends(
    weights: Annotated[Path, typer.Argument(metavar="WEIGHTS", help="The .pt file whose export in 8 bits is to be judged.")],
    data: Annotated[Path, typer.Option(metavar="FOLDER", help="The folder of labelled sets.")],
    fold: Annotated[
        list[Path], typer.Option(metavar="WEIGHTS", help="Weights trained the same way without some sets; may be repeated.")
    ],
    yards: Annotated[int, typer.Option(min=1, help="Yards drawn for this, besides the shipped benchmark.")] = 60,
    processes: b.Processes = b.CPUS,
    config: o.Config = None,
    markdown: b.AsMarkdown = False,
    write: Annotated[
        bool, typer.Option("--write", help="Write the export beside the weights, and what it costs into their card.")
    ] = False,
    quiet: o.Quiet = False,
) -> None:
    """Judge 8 bits against single precision: the folds on places that they never saw, the weights on drawn ones.

    Passed where both cost at most 0.5 points of AP50 and 1 % of all boxes counted: then it is the default on CPUs that compute
    in 8 bits as this one does. Exports are made by one recipe for all weights, some minutes each, where the cache has none yet.
    """
    from sattrack.bench.folds import read_folds
    from sattrack.bench.gate_tables import gate_table, verdict
    from sattrack.bench.gating import bench_gate, prepare
    from sattrack.face import chosen_settings

    voice = Voice(quiet=quiet)
    settings = chosen_settings(config, threshold=None, device="cpu")
    # A mistake in what they are scored on is said before exports are made, which takes minutes.
    read_folds(fold, data=data)
    export = prepare([weights, *fold], processes=processes, told=voice.say)
    gate = bench_gate(weights, fold, data=data, settings=settings, yards=yards, processes=processes, told=voice.say)
    b.print_table(gate_table(gate), voice=voice, markdown=markdown)
    voice.out(verdict(gate))
    if write:
        _written(weights, gate, export)


def _written(weights: Path, gate: "Gate", export: "Export") -> None:
    from sattrack.bench.carding import card_page
    from sattrack.bench.gating import gate_row, with_row
    from sattrack.detectors.cards import card_for, write_card
    from sattrack.detectors.exports import SUFFIXES, write_export
    from sattrack.detectors.instructions import eight_bit_instructions
    from sattrack.writing import write_whole

    row = gate_row(gate, sha256=export.sha256, calibration=export.stated.calibration, instructions=eight_bit_instructions())
    card = with_row(card_for(weights), row)
    write_export(export, weights.with_suffix(SUFFIXES[export.stated.runs_as]))
    write_card(card, weights.with_suffix(".json"))
    write_whole(weights.with_suffix(".md"), card_page(card).encode())
