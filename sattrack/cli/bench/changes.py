"""`sattrack bench changes`: changes between two dates on the labelled pairs."""

from pathlib import Path
from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.bench import options as b
from sattrack.cli.voice import Voice


def changes(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="The folder of labelled sets that holds the pairs.")],
    fold: Annotated[
        list[Path], typer.Option(metavar="FILE", help="Weights of a fold, whose card names the sets it never saw; repeat it.")
    ],
    bands: Annotated[
        str | None,
        typer.Option(
            metavar="WEIGHTS", help="Take the intervals' bands from this card instead of measuring them on all other sets."
        ),
    ] = None,
    device: o.Device = None,
    config: o.Config = None,
    markdown: b.AsMarkdown = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Compares windows that were labelled at two dates, each by weights that never saw the place.

    A shipped card's bands were measured on the pairs' pictures too, among all others; measuring them anew leaves these out.
    """
    from sattrack import wiring
    from sattrack.bench.change_tables import change_values, offset_table, verdicts, window_table
    from sattrack.bench.changes import bench_changes
    from sattrack.face import chosen_settings

    voice = Voice(quiet=quiet)
    settings = chosen_settings(config, threshold=None, device=device)
    card = wiring.card_of(wiring.Model(bands)) if bands else None
    found = bench_changes(data, folds=fold, settings=settings, bands=card, heard=voice.say)
    if as_json:
        voice.json(change_values(found))
        return
    b.print_table(window_table(found), voice=voice, markdown=markdown)
    b.print_table(offset_table(found), voice=voice, markdown=markdown)
    for line in verdicts(found):
        voice.out(line)
