"""`sattrack bench speed`: whole runs on drawn pictures, and the promises on them."""

from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.bench import options as b
from sattrack.cli.exit_codes import ERROR, OK
from sattrack.cli.voice import Voice


def speed(
    size: Annotated[
        list[int] | None, typer.Option("--size", metavar="PX", help="Side of a square picture; may be repeated.")
    ] = None,
    weights: o.Weights = None,
    device: o.Device = None,
    backend: o.Backend = None,
    careful: o.Careful = False,
    detector: o.Detector = None,
    model_gsd_m: o.ModelGsd = None,
    classes: o.Classes = None,
    threshold: o.Threshold = None,
    most_tiles: Annotated[int, typer.Option(min=1, help="Tiles on which the detector alone is timed, at most.")] = 400,
    config: o.Config = None,
    markdown: b.AsMarkdown = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Measure whole runs on drawn pictures: seconds, megapixels a second, peak memory. Let nothing else run meanwhile.

    Ends with 1 where a promise on speed or memory was not kept.
    """
    from sattrack.bench.speed import SIZES, bench_speed, laws
    from sattrack.bench.tables import speed_table, speed_values
    from sattrack.face import chosen_settings
    from sattrack.wiring import on_backend

    voice = Voice(quiet=quiet)
    settings = chosen_settings(config, threshold=threshold, device=device, careful=careful or None)
    model = o.chosen_model(weights, detector, model_gsd_m, classes, settings.threshold, careful=settings.careful)
    rows = bench_speed(
        sizes=tuple(size) if size else SIZES,
        model=on_backend(model, backend, device=settings.device, told=voice.say),
        settings=settings,
        most_tiles=most_tiles,
        on_row=lambda row: voice.say(f"{row.size_px} px: {row.wall_s:.1f} s on {row.device}"),
    )
    kept = laws(rows)
    if as_json:
        voice.json(speed_values(rows))
    else:
        b.print_table(speed_table(rows), voice=voice, markdown=markdown)
        for law in kept:
            voice.out(f"{'held' if law.held else 'BROKEN'}: {law.promise}: {law.figure}")
    raise typer.Exit(OK if all(law.held for law in kept) else ERROR)
