"""`sattrack bench speed`: a whole run on a rendered full yard beside its network's own limit; with --full, the matrix."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.bench import options as b
from sattrack.cli.exit_codes import ERROR, OK
from sattrack.cli.voice import Voice, one_line

if TYPE_CHECKING:
    from sattrack.bench.speed import Speed
    from sattrack.settings import Settings
    from sattrack.wiring import Model

_MATRIX = "The matrix"


def speed(
    size: Annotated[
        list[int] | None, typer.Option("--size", metavar="PX", help="Side of the picture; may be repeated. Default: 10000.")
    ] = None,
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            rich_help_panel=_MATRIX,
            help="Sizes, layouts of files, depths, densities, scenes, threads: minutes to hours.",
        ),
    ] = False,
    most_px: Annotated[
        int, typer.Option(min=64, metavar="PX", rich_help_panel=_MATRIX, help="No larger picture in the matrix.")
    ] = 20_000,
    most_scenes: Annotated[
        int, typer.Option(min=1, metavar="N", rich_help_panel=_MATRIX, help="No more scenes in the matrix.")
    ] = 1000,
    most_boxes: Annotated[
        int, typer.Option(min=1, metavar="N", rich_help_panel=_MATRIX, help="No more boxes to be merged in the matrix.")
    ] = 1_000_000,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FOLDER", help="Keep the picture of it here; a matrix goes on where it was."),
    ] = None,
    weights: o.Weights = None,
    device: o.Device = None,
    backend: o.Backend = None,
    careful: o.Careful = False,
    detector: o.Detector = None,
    model_gsd_m: o.ModelGsd = None,
    classes: o.Classes = None,
    threshold: o.Threshold = None,
    most_tiles: Annotated[int, typer.Option(min=2, help="Tiles on which the limit is measured, at most.")] = 400,
    config: o.Config = None,
    markdown: b.AsMarkdown = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Time a whole run on a rendered full yard, stage by stage, beside its network alone on the same tiles.

    Without --size also a square kilometre at pixels of 0.3 and 0.5 m. Let nothing else run meanwhile. Ends with 1 where a
    promise on speed or memory was not kept.
    """
    from sattrack.bench.speed import SIZE_PX, bench_speed
    from sattrack.face import chosen_settings
    from sattrack.wiring import on_backend

    voice = Voice(quiet=quiet)
    settings = chosen_settings(config, threshold=threshold, device=device, careful=careful or None)
    model = o.chosen_model(weights, detector, model_gsd_m, classes, settings.threshold, careful=settings.careful)
    model = on_backend(model, backend, device=settings.device, told=voice.say)
    if full:
        _matrix(model, settings, (most_px, most_scenes, most_boxes), out=out, voice=voice, markdown=markdown, as_json=as_json)
        raise typer.Exit(OK)
    rows = bench_speed(
        sizes=tuple(size) if size else (SIZE_PX,),
        ground=not size,
        model=model,
        settings=settings,
        most_tiles=most_tiles,
        heard=voice.say,
    )
    raise typer.Exit(_told(rows, out=out, voice=voice, markdown=markdown, as_json=as_json))


def _told(rows: "tuple[Speed, ...]", *, out: Path | None, voice: Voice, markdown: bool, as_json: bool) -> int:
    from sattrack.bench.speed_telling import laws, limit_table, speed_table, speed_values, stage_table

    kept = laws(rows)
    if as_json:
        voice.json(speed_values(rows))
    else:
        first = rows[0]
        voice.out(" ".join(f"{first.backend} {first.precision} on {first.device}".split()))
        b.print_table(speed_table(rows), voice=voice, markdown=markdown)
        b.print_table(limit_table(first), voice=voice, markdown=markdown)
        b.print_table(stage_table(first), voice=voice, markdown=markdown)
        for law in kept:
            voice.out(f"{'held' if law.held else 'BROKEN'}: {law.promise}: {law.figure}")
    if out is not None:
        from sattrack.bench.speed_charts import write_speed

        for path in write_speed(rows, out):
            voice.say(one_line(str(path)))
    return OK if all(law.held for law in kept) else ERROR


def _matrix(
    model: "Model", settings: "Settings", most: tuple[int, int, int], *, out: Path | None, voice: Voice, markdown: bool,
    as_json: bool,
) -> None:  # fmt: skip
    from sattrack.bench.matrix_telling import fit_table, matrix_table, matrix_values
    from sattrack.bench.merging import merging_table
    from sattrack.bench.speed_matrix import BOXES, bench_matrix, cases_up_to

    most_px, most_scenes, most_boxes = most
    found = bench_matrix(
        cases_up_to(most_px, most_scenes), model=model, settings=settings, folder=out,
        boxes=tuple(n for n in BOXES if n <= most_boxes), heard=voice.say,
    )  # fmt: skip
    if as_json:
        voice.json(matrix_values(found))
    else:
        b.print_table(matrix_table(found), voice=voice, markdown=markdown)
        if found.merged:
            b.print_table(merging_table(found.merged), voice=voice, markdown=markdown)
        b.print_table(fit_table(found), voice=voice, markdown=markdown)
    if out is not None:
        from sattrack.bench.speed_charts import write_matrix

        for path in write_matrix(found, out):
            voice.say(one_line(str(path)))
