"""Options that several commands of `sattrack bench` share, and how they become a model and a printed table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from sattrack.cli.options import names
from sattrack.cli.voice import Voice

if TYPE_CHECKING:
    from sattrack.wiring import Model

Detector = Annotated[str | None, typer.Option(metavar="MODULE:CLASS", help="A detector of your own; runs its code.")]
ModelGsd = Annotated[
    float | None, typer.Option("--model-gsd-m", metavar="M", help="For weights without a card: their pixel size.")
]
Classes = Annotated[str | None, typer.Option(metavar="A,B", help="For weights without a card: the names of their classes.")]
AsMarkdown = Annotated[bool, typer.Option("--markdown", help="Print the tables as Markdown.")]


def chosen_model(
    weights: str | None,
    detector: str | None,
    gsd_m: float | None,
    classes: str | None,
    threshold: float | None,
    *,
    careful: bool,
) -> "Model":
    """What the options name; the shipped weights where they name none."""
    from sattrack.wiring import DEFAULT_WEIGHTS, Model

    return Model(weights if weights is not None else DEFAULT_WEIGHTS, detector, gsd_m, names(classes), threshold, careful)


def print_table(table: tuple[Sequence[str], Sequence[Sequence[str]]], *, voice: Voice, markdown: bool) -> None:
    """A table of the benchmark on stdout; all columns but the first are numbers."""
    from sattrack.bench.tables import markdown as as_markdown

    head, rows = table
    if markdown:
        voice.out(as_markdown((tuple(head), [tuple(row) for row in rows])))
    else:
        voice.table(head, rows, right=tuple(range(1, len(head))))
