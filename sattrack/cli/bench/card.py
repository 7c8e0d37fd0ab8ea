"""`sattrack bench card`: weights measured on places that they never saw, for their card."""

from pathlib import Path
from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.bench import options as b
from sattrack.cli.voice import Voice


def card(
    weights: Annotated[Path, typer.Argument(metavar="WEIGHTS", help="The .pt file whose card is to be written.")],
    data: Annotated[Path, typer.Option(metavar="FOLDER", help="The folder of labelled sets.")],
    fold: Annotated[
        list[Path], typer.Option(metavar="WEIGHTS", help="Weights trained the same way without some sets; may be repeated.")
    ],
    threshold: o.Threshold = None,
    device: o.Device = None,
    careful: o.Careful = False,
    config: o.Config = None,
    write: Annotated[bool, typer.Option("--write", help="Write the card and its page beside the weights.")] = False,
    quiet: o.Quiet = False,
) -> None:
    """Measure weights on places not seen, each fold's on the sets that they never saw; print, or write into the card."""
    from sattrack.bench.carding import card_page, carded, measure_held_out
    from sattrack.bench.coverage import shares
    from sattrack.bench.interval_tables import coverage_table
    from sattrack.bench.tables import shown
    from sattrack.detectors.cards import card_for, careful_card, write_card
    from sattrack.face import chosen_settings
    from sattrack.writing import write_whole

    voice = Voice(quiet=quiet)
    settings = chosen_settings(config, threshold=threshold, device=device, careful=careful or None)
    old = card_for(weights)
    own = careful_card(old) if settings.careful else old
    chosen = settings.threshold if settings.threshold is not None else own.threshold
    held_out = measure_held_out(fold, data=data, threshold=chosen, settings=settings)
    new = carded(old, held_out, threshold=chosen, careful=settings.careful)
    voice.out(card_page(new))
    swept = (f"{t:g}: {shown(error, '.1f')}" for t, error in held_out.set_error_pct.items() if 0.2 <= t <= 0.6)
    voice.out(f"Mean absolute count error of a set, per cent, by threshold: {', '.join(swept)}.")
    held = shares(held_out.intervals)
    voice.out(
        f"90 % intervals, each set judged by the others: hold {shown(held['pictures'], '.0%')} of pictures and "
        f"{shown(held['sets'], '.0%')} of sets, mean half-width {shown(held['half_width'], '.0%')} of the count."
    )
    b.print_table(coverage_table(held_out.intervals.rows()), voice=voice, markdown=False)
    if write:
        write_card(new, weights.with_suffix(".json"))
        write_whole(weights.with_suffix(".md"), card_page(new).encode())
