"""`sattrack bench`: accuracy on labelled sets, and speed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.exit_codes import ERROR, OK
from sattrack.cli.voice import Voice

if TYPE_CHECKING:
    from sattrack.wiring import Model

app = typer.Typer(add_completion=False, no_args_is_help=True)

Detector = Annotated[str | None, typer.Option(metavar="MODULE:CLASS", help="A detector of your own; runs its code.")]
ModelGsd = Annotated[
    float | None, typer.Option("--model-gsd-m", metavar="M", help="For weights without a card: their pixel size.")
]
Classes = Annotated[str | None, typer.Option(metavar="A,B", help="For weights without a card: the names of their classes.")]
AsMarkdown = Annotated[bool, typer.Option("--markdown", help="Print the tables as Markdown.")]


@app.command(no_args_is_help=True)
def accuracy(
    datasets: Annotated[
        list[Path], typer.Argument(metavar="DATASET...", help="Folders with images/, labels_obb/, ignore/ and meta.json.")
    ],
    weights: o.Weights = None,
    threshold: o.Threshold = None,
    device: o.Device = None,
    detector: Detector = None,
    model_gsd_m: ModelGsd = None,
    classes: Classes = None,
    predictions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Score the boxes of a CSV, as `sattrack export` writes it, instead.")
    ] = None,
    config: o.Config = None,
    markdown: AsMarkdown = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Score a detector on labelled pictures: counts, precision and recall at IoU 0.3, average precision at 0.3 and 0.5."""
    from sattrack.bench.accuracy import bench_accuracy
    from sattrack.bench.tables import accuracy_table, accuracy_values, band_table, threshold_table
    from sattrack.face import chosen_settings

    voice = Voice(quiet=quiet)
    settings = chosen_settings(config, threshold=threshold, device=device)
    result = bench_accuracy(
        datasets,
        model=_model(weights, detector, model_gsd_m, classes, settings.threshold),
        threshold=settings.threshold,
        predictions=predictions,
        settings=settings,
    )
    if as_json:
        voice.json(accuracy_values(result))
        return
    voice.out(f"{result.model_id}, boxes from a score of {result.threshold:g}")
    _print(accuracy_table(result), voice=voice, markdown=markdown)
    voice.out("\nCount error in per cent, by threshold:")
    _print(threshold_table(result), voice=voice, markdown=markdown)
    voice.out("\nBy pixel size and density, as a model card holds it:")
    _print(band_table(result), voice=voice, markdown=markdown)


@app.command(no_args_is_help=True)
def empty(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Pictures without containers.")],
    gsd_m: Annotated[float, typer.Option(min=0.01, metavar="M", help="Pixel size taken for all of them.")],
    spared: Annotated[bool, typer.Option("--spared", help="Only every third by name: those that training spares.")] = False,
    weights: o.Weights = None,
    threshold: o.Threshold = None,
    device: o.Device = None,
    model_gsd_m: ModelGsd = None,
    classes: Classes = None,
    config: o.Config = None,
    markdown: AsMarkdown = False,
    names: Annotated[bool, typer.Option("--names", help="Also a row for each picture.")] = False,
    quiet: o.Quiet = False,
) -> None:
    """Count false boxes per square kilometre on pictures that hold no container."""
    from sattrack.bench.emptiness import bench_empty
    from sattrack.bench.tables import empty_table
    from sattrack.face import chosen_settings
    from sattrack.training.recipes import spared as every_third

    voice = Voice(quiet=quiet)
    settings = chosen_settings(config, threshold=threshold, device=device)
    found = bench_empty(
        folders, model=_model(weights, None, model_gsd_m, classes, settings.threshold), gsd_m=gsd_m, settings=settings,
        chosen=every_third if spared else lambda names: names,
    )  # fmt: skip
    if names:
        rows: list[tuple[str, ...]] = [(one.folder, one.name, f"{one.km2:.3f}", str(one.false_boxes)) for one in found]
        _print((("folder", "picture", "km2", "false boxes"), rows), voice=voice, markdown=markdown)
    _print(empty_table(found), voice=voice, markdown=markdown)


@app.command(no_args_is_help=True)
def card(
    weights: Annotated[Path, typer.Argument(metavar="WEIGHTS", help="The .pt file whose card is to be written.")],
    data: Annotated[Path, typer.Option(metavar="FOLDER", help="The folder of labelled sets.")],
    fold: Annotated[
        list[Path], typer.Option(metavar="WEIGHTS", help="Weights trained the same way without some sets; may be repeated.")
    ],
    threshold: o.Threshold = None,
    device: o.Device = None,
    config: o.Config = None,
    write: Annotated[bool, typer.Option("--write", help="Write the card and its page beside the weights.")] = False,
    quiet: o.Quiet = False,
) -> None:
    """Measure weights on places not seen, each fold's on the sets that they never saw; print, or write into the card."""
    from sattrack.bench.carding import card_page, carded, measure_held_out
    from sattrack.detectors.cards import card_for, write_card
    from sattrack.face import chosen_settings
    from sattrack.writing import write_whole

    voice = Voice(quiet=quiet)
    settings = chosen_settings(config, threshold=threshold, device=device)
    old = card_for(weights)
    chosen = settings.threshold if settings.threshold is not None else old.threshold
    held_out = measure_held_out(fold, data=data, threshold=chosen, settings=settings)
    new = carded(old, held_out, threshold=chosen)
    voice.out(card_page(new))
    shares = held_out.coverage
    voice.out(
        f"90 % intervals, each set judged by the others: hold {shares['pictures']:.0%} of pictures and "
        f"{shares['sets']:.0%} of sets, mean half-width {shares['half_width']:.0%} of the count."
    )
    if write:
        write_card(new, weights.with_suffix(".json"))
        write_whole(weights.with_suffix(".md"), card_page(new).encode())


@app.command()
def speed(
    size: Annotated[
        list[int] | None, typer.Option("--size", metavar="PX", help="Side of a square picture; may be repeated.")
    ] = None,
    weights: o.Weights = None,
    device: o.Device = None,
    detector: Detector = None,
    model_gsd_m: ModelGsd = None,
    classes: Classes = None,
    threshold: o.Threshold = None,
    most_tiles: Annotated[int, typer.Option(min=1, help="Tiles on which the detector alone is timed, at most.")] = 400,
    config: o.Config = None,
    markdown: AsMarkdown = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Measure whole runs on drawn pictures: seconds, megapixels a second, peak memory. Let nothing else run meanwhile.

    Ends with 1 where a promise on speed or memory was not kept.
    """
    from sattrack.bench.speed import SIZES, bench_speed, laws
    from sattrack.bench.tables import speed_table, speed_values
    from sattrack.face import chosen_settings

    voice = Voice(quiet=quiet)
    settings = chosen_settings(config, threshold=threshold, device=device)
    rows = bench_speed(
        sizes=tuple(size) if size else SIZES,
        model=_model(weights, detector, model_gsd_m, classes, settings.threshold),
        settings=settings,
        most_tiles=most_tiles,
        on_row=lambda row: voice.say(f"{row.size_px} px: {row.wall_s:.1f} s on {row.device}"),
    )
    kept = laws(rows)
    if as_json:
        voice.json(speed_values(rows))
    else:
        _print(speed_table(rows), voice=voice, markdown=markdown)
        for law in kept:
            voice.out(f"{'held' if law.held else 'BROKEN'}: {law.promise}: {law.figure}")
    raise typer.Exit(OK if all(law.held for law in kept) else ERROR)


def _model(
    weights: str | None, detector: str | None, gsd_m: float | None, classes: str | None, threshold: float | None
) -> "Model":
    from sattrack.wiring import DEFAULT_WEIGHTS, Model

    return Model(weights if weights is not None else DEFAULT_WEIGHTS, detector, gsd_m, o.names(classes), threshold)


def _print(table: tuple[tuple[str, ...], list[tuple[str, ...]]], *, voice: Voice, markdown: bool) -> None:
    from sattrack.bench.tables import markdown as as_markdown

    head, rows = table
    if markdown:
        voice.out(as_markdown(table))
    else:
        voice.table(head, rows, right=tuple(range(1, len(head))))
