"""`sattrack count`: a run counted again, without detecting again."""

from pathlib import Path
from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.voice import Voice
from sattrack.errors import UsageError

app = typer.Typer(add_completion=False)


@app.command(no_args_is_help=True)
def count(
    run: o.RunIn,
    sites: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Other outlines: GeoJSON, GeoPackage or KML. Default: the last ones.")
    ] = None,
    no_sites: Annotated[bool, typer.Option("--no-sites", help="Drop the outlines: each scene is its own site.")] = False,
    threshold: Annotated[
        float | None, typer.Option(help="Score from which a box is counted. Default: what the run was last counted with.")
    ] = None,
    min_observed: o.MinObserved = None,
    no_report: Annotated[
        bool, typer.Option("--no-report", help="Do not write the page again; one of other counts goes.")
    ] = False,
    imagery: o.Imagery = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Keeps the outlines of the last count unless told otherwise. What the detector did not look at is unobserved, never 0."""
    from sattrack import running
    from sattrack.cli.detect import exit_code_of, tell, written_page

    if sites is not None and no_sites:
        raise UsageError("--sites and --no-sites are both given", way_out="give one of them")
    counted = running.recount(run, sites=sites, no_sites=no_sites, threshold=threshold, min_observed=min_observed)
    page = None if no_report else written_page(counted, imagery=imagery)
    tell(counted, page=page, voice=Voice(quiet=quiet), as_json=as_json)
    raise typer.Exit(exit_code_of(counted))
