"""`sattrack pull`: a run that is kept in an object store, copied whole into a folder."""

from pathlib import Path
from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.voice import Voice, one_line

app = typer.Typer(add_completion=False)


@app.command(no_args_is_help=True)
def pull(
    location: Annotated[
        str, typer.Argument(metavar="LOCATION", help="Where detect wrote the run: s3://BUCKET/PREFIX.", show_default=False)
    ],
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder to copy it into.", show_default=False)],
    store_endpoint: o.StoreEndpoint = None,
    quiet: o.Quiet = False,
) -> None:
    """Every part is held against its digest. Then count, report, export and the others work on RUN as on any run.

    A second call with the same RUN copies only what is new.
    """
    from sattrack.stores.locations import location_of
    from sattrack.wiring import pull_run

    at = location_of(location, endpoint=store_endpoint or "")
    parts = pull_run(at, run)
    Voice(quiet=quiet).out(f"{parts} parts of {at}, each as it was written: {one_line(str(run))}")
    if not (run / "counts.csv").is_file():
        Voice(quiet=quiet).say("the run was not counted yet: sattrack count does that")
