"""`sattrack doctor`: whether this installation can work, and what to do where it cannot."""

from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.exit_codes import ERROR, OK
from sattrack.cli.voice import Voice, one_line

app = typer.Typer(add_completion=False)


@app.command()
def doctor(
    licences: Annotated[
        bool, typer.Option("--licences", help="List the licence of every package that sattrack needs.")
    ] = False,
    no_self_test: Annotated[bool, typer.Option("--no-self-test", help="Do not detect on a shipped scene.")] = False,
    as_json: o.AsJson = False,
) -> None:
    """Ends with 1 where something must be mended."""
    voice = Voice()
    if licences:
        from sattrack.cli.licences import licences as listed

        rows = listed()
        if as_json:
            voice.json([dict(zip(("package", "version", "licence"), row, strict=True)) for row in rows])
        else:
            voice.table(("package", "version", "licence"), rows)
        return
    from sattrack.cli.checks import all_checks

    found = []
    for finding in all_checks(self_test=not no_self_test):
        found.append(finding)
        if not as_json:
            voice.out(f"{'ok  ' if finding.fine else 'BAD '} {one_line(finding.said)}")
            if not finding.fine and finding.way_out:
                voice.out(f"     -> {one_line(finding.way_out)}")
    if as_json:
        voice.json([{"fine": f.fine, "said": f.said, "way_out": "" if f.fine else f.way_out} for f in found])
    raise typer.Exit(OK if all(f.fine for f in found) else ERROR)
