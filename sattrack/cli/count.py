"""`sattrack count`: a run counted again, without detecting again."""

from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.voice import Voice

app = typer.Typer(add_completion=False)


@app.command(no_args_is_help=True)
def count(
    run: o.RunIn,
    sites: o.Sites = None,
    threshold: Annotated[
        float | None, typer.Option(help="Score from which a box is counted. Default: what the run was last counted with.")
    ] = None,
    min_observed: Annotated[float | None, typer.Option(help=o.meaning("min_observed"))] = None,
    no_report: Annotated[bool, typer.Option("--no-report", help="Do not write the page again.")] = False,
    no_imagery: Annotated[bool, typer.Option("--no-imagery", help="Leave every pixel of the scenes out of the page.")] = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Without --sites the outlines of the last count are kept. What the detector did not look at is unobserved, never 0."""
    from sattrack import running
    from sattrack.cli.detect import exit_code_of, tell, written_page
    from sattrack.readers.settings_file import load_settings

    load_settings(None, given={"threshold": threshold, "min_observed": min_observed})  # the bounds are stated there
    counted = running.recount(run, sites=sites, threshold=threshold, min_observed=min_observed)
    page = None if no_report else written_page(counted, imagery=not no_imagery)
    tell(counted, page=page, voice=Voice(quiet=quiet), as_json=as_json)
    raise typer.Exit(exit_code_of(counted))
