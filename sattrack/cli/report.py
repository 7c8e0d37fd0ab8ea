"""`sattrack report`: a run's page, written again."""

import typer

from sattrack.cli import options as o
from sattrack.cli.voice import Voice, one_line

app = typer.Typer(add_completion=False)


@app.command(no_args_is_help=True)
def report(
    run: o.RunIn,
    imagery: o.Imagery = None,
    allow_remote: o.AllowRemote = False,
    quiet: o.Quiet = False,
) -> None:
    """The page is RUN/report.html: one file that opens offline."""
    from sattrack.face import write_report

    Voice(quiet=quiet).out(f"report: {one_line(str(write_report(run, imagery=imagery, allow_remote=allow_remote)))}")
