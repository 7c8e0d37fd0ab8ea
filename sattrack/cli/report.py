"""`sattrack report`: a run's page, written again."""

from pathlib import Path
from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.voice import Voice, one_line

app = typer.Typer(add_completion=False)


@app.command(no_args_is_help=True)
def report(
    run: o.RunIn,
    imagery: o.Imagery = None,
    cumulative: o.Cumulative = None,
    chain: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A chain of sites (YAML), drawn as a map with time. See configs/chains."),
    ] = None,
    allow_remote: o.AllowRemote = False,
    allow_host: o.AllowHost = None,
    quiet: o.Quiet = False,
) -> None:
    """The page is RUN/report.html: one file that opens offline.

    counts.csv and scenes.csv beside it are written again where they are of other counts.

    It says in five lines what happened; then, site by site, the counts in time with what was expected, the alarms, the scenes
    before and after each, and what moved between scenes.
    """
    from sattrack.face import write_report
    from sattrack.readers.remote.addresses import checked_hosts

    page = write_report(
        run, imagery=imagery, allow_remote=allow_remote, allow_hosts=checked_hosts(allow_host or ()),
        cumulative=cumulative or (), chain=chain, tables=True,
    )  # fmt: skip
    Voice(quiet=quiet).out(f"report: {one_line(str(page))}")
