"""`sattrack bench`: accuracy on labelled sets, and speed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.voice import Voice, one_line

if TYPE_CHECKING:
    from sattrack.bench.accuracy import Accuracy
    from sattrack.bench.tables import Table
    from sattrack.wiring import Model

app = typer.Typer(add_completion=False, no_args_is_help=True)
_MODEL = "The model"

ModelGsdM = Annotated[
    float | None,
    typer.Option(metavar="M", rich_help_panel=_MODEL, help="For weights without a card: the pixel size they work at."),
]
Classes = Annotated[
    str | None,
    typer.Option(metavar="A,B", rich_help_panel=_MODEL, help="For weights without a card: the names of their classes."),
]
Detector = Annotated[
    str | None, typer.Option(metavar="MODULE:CLASS", rich_help_panel=_MODEL, help="A detector of your own; runs its code.")
]
Markdown = Annotated[bool, typer.Option("--markdown", rich_help_panel="Talk", help="Print the tables as Markdown.")]


@app.command(no_args_is_help=True)
def accuracy(
    datasets: Annotated[
        list[Path], typer.Argument(metavar="SET...", help="Labelled sets, or folders of them: images/, labels_obb/, meta.json.")
    ],
    weights: o.Weights = None,
    threshold: o.Threshold = None,
    device: o.Device = None,
    detector: Detector = None,
    model_gsd_m: ModelGsdM = None,
    classes: Classes = None,
    predictions: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Score these boxes, as `export --format csv` writes them; detect nothing."),
    ] = None,
    save: Annotated[Path | None, typer.Option(metavar="CSV", help="Keep the boxes found, for other scorers.")] = None,
    config: o.Config = None,
    markdown: Markdown = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Boxes are matched by falling score on oriented IoU 0.3 and 0.5; what lies in ignore polygons is not scored.

    Sets that the weights were trained on tell nothing of other places.
    """
    from sattrack.bench.accuracy import bench_accuracy
    from sattrack.bench.predictions import write_predictions
    from sattrack.bench.tables import accuracy_values
    from sattrack.face import chosen_settings

    voice = Voice(quiet=quiet)
    result = bench_accuracy(
        datasets,
        weights=_model(weights, detector, model_gsd_m, classes, threshold),
        threshold=threshold,
        predictions=predictions,
        settings=chosen_settings(config, threshold=threshold, device=device),
        on_image=lambda m: voice.say(one_line(f"{m.image.dataset} {m.image.name}: {len(m.image.truth)} labelled")),
    )
    if save is not None:
        write_predictions(((m.image.name, m.found) for m in result.images), save)
    if as_json:
        voice.json(accuracy_values(result))
    else:
        _tell_accuracy(result, voice=voice, markdown=markdown)


@app.command()
def speed(
    sizes: Annotated[
        list[int] | None, typer.Argument(metavar="[SIZE...]", help="Sides of the pictures, pixels. Default: 2500 10000 20000.")
    ] = None,
    weights: o.Weights = None,
    device: o.Device = None,
    detector: Detector = None,
    model_gsd_m: ModelGsdM = None,
    classes: Classes = None,
    threshold: o.Threshold = None,
    folder: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep the pictures here and use them again.")] = None,
    config: o.Config = None,
    markdown: Markdown = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Makes pictures of each size, detects in each in a process of its own, and says time and memory. Let nothing else run."""
    from sattrack.bench.speed import SIZES, bench_speed, laws
    from sattrack.bench.tables import speed_table, speed_values
    from sattrack.face import chosen_settings

    voice = Voice(quiet=quiet)
    rows = bench_speed(
        sizes=sizes or SIZES,
        weights=_model(weights, detector, model_gsd_m, classes, threshold),
        folder=folder,
        settings=chosen_settings(config, threshold=threshold, device=device),
        on_row=lambda row: voice.say(f"{row.size_px} px: {row.wall_s:.1f} s"),
    )
    if as_json:
        voice.json(speed_values(rows))
        return
    _show(speed_table(rows), voice=voice, markdown=markdown)
    voice.out(f"device: {rows[0].device}")
    for law in laws(rows):
        voice.out(f"{'held' if law.held else 'BROKEN'}: {law.promise}: {law.figure}")


def _model(
    weights: str | None, detector: str | None, model_gsd_m: float | None, classes: str | None, threshold: float | None
) -> "Model":
    from sattrack.wiring import DEFAULT_WEIGHTS, Model

    return Model(weights if weights is not None else DEFAULT_WEIGHTS, detector, model_gsd_m, o.names(classes), threshold)


def _tell_accuracy(result: "Accuracy", *, voice: Voice, markdown: bool) -> None:
    from sattrack.bench.bands import interval_coverage
    from sattrack.bench.tables import accuracy_table, band_table, threshold_table

    voice.out(f"{one_line(result.model_id)}, threshold {result.threshold:g}")
    _show(accuracy_table(result), voice=voice, markdown=markdown)
    voice.out("count error in per cent by threshold")
    _show(threshold_table(result), voice=voice, markdown=markdown)
    voice.out("by pixel size and density, for the model card")
    _show(band_table(result), voice=voice, markdown=markdown)
    held = interval_coverage(result.images, threshold=result.threshold)
    if len(result.by_set()) > 1:
        shares = f"{held['pictures']:.0%} of the pictures and {held['sets']:.0%} of the sets"
        voice.out(f"90 % intervals made from the other sets hold {shares}")


def _show(table: "Table", *, voice: Voice, markdown: bool) -> None:
    from sattrack.bench.tables import markdown as written

    head, rows = table
    if markdown:
        voice.out(written(table) + "\n")
    else:
        voice.table(head, rows, right=range(1, len(head)))
