"""Options that several commands of `sattrack bench` share, and how they become a model and a printed table."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sattrack.cli.options import chosen_model
from sattrack.cli.voice import Voice
from sattrack.detectors.cores import own_cores

if TYPE_CHECKING:
    from sattrack.settings import Settings
    from sattrack.wiring import Model

Count = Annotated[int, typer.Option(min=1, help="Rendered yards.")]
Pixels = Annotated[int, typer.Option(min=64, max=4000, help="Side of a rendered yard, pixels.")]
FirstSeed = Annotated[int | None, typer.Option(min=0, help="Seed of what is rendered first; training's lie below 9,000,000.")]
Processes = Annotated[int, typer.Option(min=1, help="Processes that render.")]
CPUS = own_cores()
AsMarkdown = Annotated[bool, typer.Option("--markdown", help="Print the tables as Markdown.")]


def chosen(
    weights: str | None, detector: str | None, gsd_m: float | None, classes: str | None, *, config: Path | None,
    threshold: float | None, device: str | None, careful: bool = False,
) -> "tuple[Settings, Model]":  # fmt: skip
    """The settings and the model that the options of a benchmark name."""
    from sattrack.face import chosen_settings

    settings = chosen_settings(config, threshold=threshold, device=device, careful=careful or None)
    return settings, chosen_model(weights, detector, gsd_m, classes, settings.threshold, careful=settings.careful)


def print_table(table: tuple[Sequence[str], Sequence[Sequence[str]]], *, voice: Voice, markdown: bool) -> None:
    """A table of the benchmark on stdout; all columns but the first are numbers."""
    from sattrack.bench.tables import markdown as as_markdown

    head, rows = table
    if markdown:
        voice.out(as_markdown((tuple(head), [tuple(row) for row in rows])))
    else:
        voice.table(head, rows, right=tuple(range(1, len(head))))
