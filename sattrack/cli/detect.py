"""`sattrack detect`: scenes in, a run folder with counts per site and a page out."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sattrack.cli import item_options as i
from sattrack.cli import options as o
from sattrack.cli.exit_codes import ERROR, OK, SOME_FAILED
from sattrack.cli.typed import typed
from sattrack.cli.voice import Voice, logged, one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from sattrack.running import Request, Run

app = typer.Typer(add_completion=False)
_RUN = "The run"


@app.command(no_args_is_help=True)
def detect(
    ctx: typer.Context,
    inputs: i.Inputs = None,
    *,
    out: Annotated[
        str,
        typer.Option("-o", "--out", metavar="RUN", help="The run to write, or to go on with: a folder, or s3://BUCKET/PREFIX."),
    ],
    sites: o.Sites = None,
    catalogue: i.Catalogue = None,
    bbox: i.Bbox = None,
    intersects: i.Intersects = None,
    datetime: i.Datetime = None,
    max_cloud: i.MaxCloud = None,
    collection: i.Collection = None,
    max_items: i.MaxItems = None,
    min_coverage: i.MinCoverage = None,
    max_off_nadir: i.MaxOffNadir = None,
    gsd_m: o.GsdM = None,
    bands: o.Bands = None,
    mask: o.Mask = None,
    nodata: o.Nodata = None,
    sensor: o.Sensor = None,
    date: o.Date = None,
    recursive: o.Recursive = False,
    allow_remote: o.AllowRemote = False,
    allow_host: o.AllowHost = None,
    refresh_address: o.RefreshAddress = None,
    on_bad_tile: o.OnBadTile = None,
    max_pixels: o.MaxPixels = None,
    scene_seconds: o.SceneSeconds = None,
    workers: o.Workers = None,
    executor: o.ExecutorName = None,
    ray_address: o.RayAddress = None,
    store_endpoint: o.StoreEndpoint = None,
    verify: o.Verify = None,
    sidecars: o.Sidecars = False,
    follow_links: o.FollowLinks = False,
    weights: o.Weights = None,
    threshold: o.Threshold = None,
    device: o.Device = None,
    backend: o.Backend = None,
    careful: o.Careful = False,
    detector: o.Detector = None,
    model_gsd_m: o.ModelGsd = None,
    classes: o.Classes = None,
    config: o.Config = None,
    on_error: Annotated[
        Literal["skip", "fail"], typer.Option(rich_help_panel=_RUN, help="What to do at a scene that fails or is refused.")
    ] = "skip",
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", rich_help_panel=_RUN, help="Say scenes, tiles, estimated time and disk; detect nothing."),
    ] = False,
    no_report: Annotated[
        bool, typer.Option("--no-report", rich_help_panel=_RUN, help="Write no page; an earlier one goes.")
    ] = False,
    no_imagery: Annotated[
        bool, typer.Option("--no-imagery", rich_help_panel=_RUN, help="Leave every pixel of the scenes out of the page.")
    ] = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """A second call with the same -o does only what is new or changed; an interrupted run goes on where it was.

    Without --sites each scene is its own site. The boxes are kept in RUN with their scores, so that `sattrack count` can use
    another threshold or other outlines at once.
    """
    from sattrack.face import chosen_settings
    from sattrack.isolating import demand_room
    from sattrack.readers.remote.refreshing import refresh_by
    from sattrack.recounting import drop_page
    from sattrack.running import Request
    from sattrack.stores.locations import run_at
    from sattrack.wiring import folder_of, on_backend

    voice = logged(quiet=quiet, verbose=verbose)
    if not quiet:
        o.tell_what_is_passed_over()
    settings = chosen_settings(
        config, threshold=threshold, device=device, careful=careful or None, on_bad_tile=on_bad_tile, max_pixels=max_pixels,
        scene_seconds=scene_seconds, workers=workers, executor=executor,
    )  # fmt: skip
    settings = o.with_hosts(settings, allow_host)
    demand_room(settings)
    refresh_by(refresh_address)
    filters = i.filters(
        sites=sites, bbox=bbox, intersects=intersects, datetime=datetime, max_cloud=max_cloud, collection=collection,
        max_items=max_items, min_coverage=min_coverage, max_off_nadir=max_off_nadir,
    )  # fmt: skip
    model = o.chosen_model(weights, detector, model_gsd_m, classes, settings.threshold, careful=settings.careful)
    cluster = o.cluster(ray_address, executor=settings.executor)
    folder, at = ctx.with_resource(folder_of(run_at(out, endpoint=store_endpoint or "")))
    request = Request(
        inputs=tuple(inputs or ()),
        out=folder,
        at=at,
        ray_address=cluster,
        sites=sites,
        model=model,
        settings=settings,
        gsd_m=o.pixel_size(gsd_m),
        bands=o.band_numbers(bands),
        acquired=o.moment(date),
        sensor=sensor,
        nodata=nodata,
        mask=mask,
        recursive=recursive,
        allow_remote=allow_remote,
        on_error=on_error,
        command=typed(),
        imagery=not no_imagery,
        follow_links=follow_links,
        sidecars=sidecars,
        verify=verify,
        filters=filters,
    )
    # After all else that was said has been understood: an export may have to be made first.
    request = replace(request, model=on_backend(model, backend, device=settings.device, told=voice.say))
    request, holes = i.with_catalogue(ctx, request, catalogue, dry=dry_run, voice=voice)
    if dry_run:
        from sattrack.cli.dry_run import rehearse

        rehearse(request, voice=voice, as_json=as_json)
        return
    pages: list[Path] = []

    def finish(run: "Run") -> None:
        if no_report:
            drop_page(run.folder)
        else:
            pages.append(written_page(run, allow_remote=allow_remote, allow_hosts=settings.allow_hosts))

    run = watched(request, voice=voice, finish=finish)
    page = pages[0] if pages else None
    shown = f"{at}/{page.name}" if page and at else None
    tell(run, page=page, voice=voice, as_json=as_json, at=str(at or ""), shown=shown)
    raise typer.Exit(exit_code_of(run, on_error=on_error) or (SOME_FAILED if holes else OK))


def watched(request: "Request", *, voice: Voice, finish: "Callable[[Run], object]" = lambda _run: None) -> "Run":
    """The run, with progress on a terminal and a line a scene when verbose. finish: see running.detect."""
    from sattrack import running
    from sattrack.cli.progress import following

    with following(voice) as listener:
        return running.detect(request, listener=listener, finish=finish)


def written_page(
    run: "Run", *, imagery: bool | None = None, allow_remote: bool = False, allow_hosts: tuple[str, ...] = ()
) -> Path:  # fmt: skip
    from sattrack.face import write_report

    return write_report(run.folder, imagery=imagery, allow_remote=allow_remote, allow_hosts=allow_hosts)


def tell(
    run: "Run", *, page: Path | None, voice: Voice, as_json: bool, at: str = "", shown: str | None = None
) -> None:  # fmt: skip
    """The counts, what went wrong and why, and where the results are. at, shown: where run and page are kept, of no folder."""
    from sattrack.cli.summary import count_table, summary, travels, troubles

    kept, shown = at or str(run.folder), shown or (str(page) if page else None)
    if as_json:
        voice.json(summary(run, page=shown, place=kept))
    else:
        count_table(run, voice=voice)
        voice.out(f"report: {one_line(shown)}" if shown else f"run: {one_line(kept)}")
    for line in travels():
        voice.say(one_line(line))
    for line in troubles(run, only_errors=voice.quiet):
        voice.fault(line)


def exit_code_of(run: "Run", *, on_error: str = "skip") -> int:
    """0, or 3 where scenes failed or were refused; with --on-error fail such a run ends as an error."""
    if not run.troubled:
        return OK
    return ERROR if on_error == "fail" else SOME_FAILED
