"""`sattrack changes`: which boxes stayed, came and went between two scenes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.voice import Voice, one_line
from sattrack.errors import UsageError

if TYPE_CHECKING:
    from sattrack.changes import Exchange
    from sattrack.changing import Shown
    from sattrack.steps.grounding import Frame

app = typer.Typer(add_completion=False)


@app.command(no_args_is_help=True)
def changes(
    inputs: Annotated[list[str], typer.Argument(metavar="RUN | A B", help="A run folder, or an earlier and a later picture.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FOLDER",
            help="Also write changes.csv, boxes.csv, boxes.geojson and the pictures.",
            callback=o.here,
        ),
    ] = None,
    site: Annotated[str | None, typer.Option(metavar="ID", help="Of a run only this site.")] = None,
    search_m: Annotated[
        float, typer.Option(min=1.0, max=100.0, help="How far the later scene may lie off, metres each way.")
    ] = 12.0,
    imagery: Annotated[
        bool | None,
        typer.Option(
            "--imagery/--no-imagery",
            show_default=False,
            help="Draw the boxes on the scenes, or on gray, so that no pixel is shown. Default: as the run was made.",
        ),
    ] = None,
    gsd_m: o.GsdM = None,
    bands: o.Bands = None,
    weights: o.Weights = None,
    threshold: o.Threshold = None,
    device: o.Device = None,
    detector: o.Detector = None,
    config: o.Config = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Of a run: each site's neighbouring scenes in time. Of two pictures: neither date nor coordinates are needed.

    The scenes' offset is found from what stands still; each box is then kept, arrived or left. Where the offset cannot be told,
    or the views lean differently, only the counts are compared, and that is said. Arrived and left are lower bounds: what came
    and went between the scenes is not seen.
    """
    from sattrack.changing import changes_of_run
    from sattrack.imagery import is_remote
    from sattrack.reports.change_values import CHANGE_HEAD, change_row, change_value, write_change_tables
    from sattrack.wiring import open_store

    voice = Voice(quiet=quiet)
    if len(inputs) == 1 and Path(inputs[0]).is_dir():
        given = {"--gsd-m": gsd_m, "--bands": bands, "--weights": weights, "--threshold": threshold, "--config": config,
                 "--detector": detector}  # fmt: skip
        if extra := [name for name, value in given.items() if value is not None]:
            raise UsageError(
                f"{', '.join(extra)} would change a run that is made",
                way_out="recount it with sattrack count RUN --threshold, or compare pictures",
            )
        imagery = open_store(Path(inputs[0]), create=False).read_index().imagery if imagery is None else imagery
        pairs = changes_of_run(Path(inputs[0]), site=site, search_m=search_m)
    elif len(inputs) == 2:
        if site is not None:
            raise UsageError("--site is for runs; two pictures are one place")
        if (away := next(filter(is_remote, inputs), None)) is not None:
            raise UsageError(
                "lies elsewhere: only pictures of this machine are compared", where=away.partition("?")[0],
                way_out="save it here; or give a run that detect --allow-remote made of both, with --sites",
            )  # fmt: skip
        pairs = iter([_pictures(inputs, gsd_m, bands, weights, threshold, device, detector, config, search_m=search_m)])
    else:
        raise UsageError(
            f"changes takes one run folder, or two pictures; {len(inputs)} given",
            where=inputs[0] if len(inputs) == 1 else "", way_out="give RUN, or A.png B.png with --gsd-m M",
        )  # fmt: skip
    found: list[tuple[Exchange, Frame]] = []
    drawn: list[Path] = []
    taken: set[str] = set()
    # What a pair was seen on may be tens of megabytes: it is drawn at once, and let go.
    for shown in pairs:
        found.append((shown.exchange, shown.lattice.frame))
        if out is not None:
            drawn.append(_drawn(shown, out, imagery=imagery is not False, taken=taken))
    exchanges = [one for one, _ in found]
    if as_json:
        voice.json({"changes": [change_value(one) for one in exchanges]})
    else:
        voice.table(CHANGE_HEAD, [change_row(one) for one in exchanges], right=range(2, 8))
        for one in exchanges:
            stepped_down = "only counts" if one.assessable else "not assessable"
            for text in filter(None, (one.why and f"{stepped_down}: {one.why}", *one.notes)):
                voice.say(one_line(f"{one.site_id} {one.zone}".strip() + f", {one.earlier} to {one.later}: {text}"))
    if out is not None:
        for path in (*write_change_tables(found, out), *drawn):
            voice.say(one_line(f"wrote {path}"))


def _pictures(
    inputs: list[str], gsd_m: str | None, bands: str | None, weights: str | None, threshold: float | None, device: str | None,
    detector: str | None, config: Path | None, *, search_m: float,
) -> "Shown":  # fmt: skip
    from sattrack.changing import changes_of_pictures
    from sattrack.face import chosen_settings
    from sattrack.planning import Request

    settings = chosen_settings(config, threshold=threshold, device=device)
    model = o.chosen_model(weights, detector, threshold=settings.threshold, careful=settings.careful)
    request = Request(
        inputs=tuple(inputs), out=Path(), model=model, settings=settings, gsd_m=o.pixel_size(gsd_m), bands=o.band_numbers(bands)
    )
    return changes_of_pictures(request, search_m=search_m)


def _drawn(shown: "Shown", out: Path, *, imagery: bool, taken: set[str]) -> Path:
    from sattrack.reports.change_pictures import write_change_picture
    from sattrack.reports.naming import file_name

    one = shown.exchange
    out.mkdir(parents=True, exist_ok=True)
    words = filter(None, (one.site_id, one.zone, one.earlier, one.later))
    name = file_name("_".join(dict.fromkeys(words)), taken=taken)
    looks = shown.looks if imagery else None
    return write_change_picture(one, shown.lattice, looks, out / f"{name}.jpg", outline=shown.outline)
