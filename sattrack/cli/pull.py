"""`sattrack pull`: a run that is kept in an object store, copied whole into a folder."""

from pathlib import Path
from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.voice import Voice, one_line
from sattrack.phrases import some

app = typer.Typer(add_completion=False)


@app.command(no_args_is_help=True)
def pull(
    location: Annotated[
        str, typer.Argument(metavar="LOCATION", help="Where detect wrote the run: s3://BUCKET/PREFIX.", show_default=False)
    ],
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="The folder to copy it into.", show_default=False, callback=o.here)
    ],
    store_endpoint: o.StoreEndpoint = None,
    quiet: o.Quiet = False,
) -> None:
    """Every part is held against its digest, and the copy is counted: counts there may be older, where a run was stopped.

    Then count, report, export and the others work on RUN as on any run. A second call copies only what is new.
    """
    from sattrack import recounting
    from sattrack.stores.locations import location_of

    at, voice = location_of(location, endpoint=store_endpoint or ""), Voice(quiet=quiet)
    parts, notes = recounting.pull(at, run)
    voice.out(f"{some(parts, 'part')} of {at}, each as it was written: {one_line(str(run))}")
    for note in notes:
        voice.say(f"note: {one_line(note)}")
