"""`sattrack series`: counts in time, as they stand in one baseline or do not."""

from pathlib import Path
from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.voice import Voice, one_line

app = typer.Typer(add_completion=False)


@app.command(no_args_is_help=True)
def series(
    source: o.Source,
    to: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="Write the series as CSV.", callback=o.here)
    ] = None,
    threshold: o.Recounted = None,
    config: o.Config = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """One series for each site, zone, class of sensor, model and threshold: they are never mixed in a baseline.

    Scenes that cannot be assessed stay in their series, marked.
    """
    from statistics import median

    from sattrack.assessing import open_series, settings_for, spare_source
    from sattrack.reports.alerts import series_value, write_series

    voice = Voice(quiet=quiet)
    if to is not None:
        spare_source(source, to)
    found = open_series(source, settings=settings_for(source, config), threshold=threshold)
    for note in found.notes:
        voice.say(f"note: {one_line(note)}")
    if to is not None:
        write_series(found.series, to)
    if as_json:
        voice.json([series_value(one) for one in found.series])
        return
    head = ("site", "zone", "sensor", "model", "threshold", "scenes", "assessable", "first", "last", "median", "newest")
    rows = []
    for one in found.series:
        seen, every = one.assessable, one.observations
        counts = [each.count or 0 for each in seen]
        rows.append(
            (
                one.site_id, one.zone, one.sensor, one.model_id, "" if one.threshold is None else f"{one.threshold:g}",
                str(len(every)), str(len(seen)), f"{every[0].datetime:%Y-%m-%d}", f"{every[-1].datetime:%Y-%m-%d}",
                f"{median(counts):.12g}" if seen else "", f"{seen[-1].count:.12g}" if seen else "",
            )
        )  # fmt: skip
    if rows:
        voice.table(head, rows, right=(4, 5, 6, 9, 10))
    else:
        voice.out("No site has a series.")
    for one in found.series:
        for said in one.breaks:
            voice.out(one_line(f"{one.site_id}{f', {one.zone}' if one.zone else ''}, {one.sensor}: {said}."))
    if to is not None:
        voice.out(one_line(str(to)))
