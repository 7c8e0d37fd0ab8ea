"""`sattrack export`: a run's boxes or pictures for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.voice import Voice, one_line
from sattrack.errors import UsageError
from sattrack.wiring import EXPORTS

app = typer.Typer(add_completion=False)
_FORMATS = ", ".join(f"{name} ({what})" for name, (_, _, what) in EXPORTS.items())


@app.command(no_args_is_help=True)
def export(
    run: o.RunIn,
    to: Annotated[
        Path,
        typer.Option(
            "-o", "--out", metavar="FILE", help="File to write; a folder for the formats that say so.", callback=o.here
        ),
    ],
    format: Annotated[str, typer.Option("--format", "-f", metavar="FORMAT", help=f"{_FORMATS}.")],  # noqa: A002 (the option's name)
    everything: Annotated[
        bool,
        typer.Option(
            "--all",
            help="In gpkg, geojson, kml, yolo-obb and overlay also boxes below the threshold; csv, parquet and coco hold all.",
        ),
    ] = False,
    quiet: o.Quiet = False,
) -> None:
    """Counted boxes are those from the run's threshold; CSV, Parquet and COCO hold every stored box with a column `counted`."""
    from sattrack import face

    if str(to) == "-":
        raise UsageError("-o - would be a file of that name; nothing is written to stdout", way_out="give the name of a file")
    Voice(quiet=quiet).out(one_line(str(face.export(run, format=format, to=to, everything=everything))))
