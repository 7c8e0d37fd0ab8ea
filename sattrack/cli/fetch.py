"""`sattrack fetch`: what a catalogue has of some sites, what it can be used for, and a list by which a run can be repeated."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sattrack.cli import item_options as i
from sattrack.cli import options as o
from sattrack.cli.exit_codes import OK, SOME_FAILED
from sattrack.cli.voice import Voice, one_line
from sattrack.phrases import some

if TYPE_CHECKING:
    from sattrack.readers.catalogues.item_filters import Filters
    from sattrack.readers.catalogues.searching import Found
    from sattrack.settings import Settings

app = typer.Typer(add_completion=False)


@app.command(no_args_is_help=True)
def fetch(
    catalogue: Annotated[
        str | None,
        typer.Argument(
            metavar="CATALOGUE", help="A preset's name, or the address or path of a STAC API, catalogue or item file."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FILE.json", help="Where the list of what was found is saved.", callback=o.here),
    ] = None,
    download: Annotated[
        Path | None,
        typer.Option(
            "--download",
            metavar="FOLDER",
            help="Fetch the chosen pictures too, with a list of them as items.json.",
            callback=o.here,
        ),
    ] = None,
    sites: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Site outlines, of which a picture must touch one: GeoJSON, GeoPackage or KML."),
    ] = None,
    bbox: i.Bbox = None,
    intersects: i.Intersects = None,
    datetime: i.Datetime = None,
    max_cloud: i.MaxCloud = None,
    collection: i.Collection = None,
    max_items: i.MaxItems = None,
    min_coverage: i.MinCoverage = None,
    max_off_nadir: i.MaxOffNadir = None,
    presets: Annotated[bool, typer.Option("--presets", help="Say which catalogues have a name here, and stop.")] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host",
            metavar="HOST[:PORT]",
            help="A server that may be asked though it is in a private network, or by plain http. May be repeated.",
        ),
    ] = None,
    config: o.Config = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Nothing of a picture is read unless --download asks for it. `sattrack detect FILE.json --allow-remote` counts it.

    Ends with 3 where an item could not be read, or a picture not be fetched.
    """
    from sattrack.errors import UsageError
    from sattrack.face import chosen_settings
    from sattrack.readers.catalogues.item_files import ITEMS
    from sattrack.readers.catalogues.searching import find_items, refuse_over, save_found

    voice = Voice(quiet=quiet)
    if presets:
        _tell_presets(voice, as_json=as_json)
        return
    if catalogue is None:
        raise UsageError("no catalogue is named", way_out="sattrack fetch --presets lists those that have a name here")
    settings = o.with_hosts(chosen_settings(config, threshold=None, device=None), allow_host)
    wanted = i.filters(
        sites=sites, bbox=bbox, intersects=intersects, datetime=datetime, max_cloud=max_cloud, collection=collection,
        max_items=max_items, min_coverage=min_coverage, max_off_nadir=max_off_nadir,
    )  # fmt: skip
    for to in (out, download / ITEMS if download else None):
        if to is not None:
            refuse_over(to, catalogue, sites, intersects)
    found = find_items(catalogue, filters=wanted, limits=settings)
    if out is not None:
        save_found(found, out, filters=wanted)
    failed = _download(found, download, filters=wanted, settings=settings, voice=voice) if download is not None else False
    _tell(found, out=out, voice=voice, as_json=as_json)
    raise typer.Exit(SOME_FAILED if failed or found.unread else OK)


def _tell(found: "Found", *, out: Path | None, voice: Voice, as_json: bool) -> None:
    from sattrack.cli.found_items import rows_of, tell_items

    if as_json:
        voice.json(
            {
                "catalogue": found.address,
                "saved": str(out) if out else None,
                "items": rows_of(found),
                "notes": list(found.notes),
            }
        )
        return
    tell_items(found, voice=voice)
    if not found.items:
        voice.out("nothing was found")
    elif out is not None:
        voice.out(f"list: {one_line(str(out))}")


def _tell_presets(voice: Voice, *, as_json: bool) -> None:
    from sattrack.readers.catalogues.presets import PRESETS

    if as_json:
        voice.json(
            [
                {"name": one.name, "address": one.address, "collections": list(one.collections), "holds": one.holds}
                for one in PRESETS
            ]
        )
        return
    voice.table(("name", "holds", "address"), [(one.name, one.holds, one.address) for one in PRESETS])


def _download(found: "Found", folder: Path, *, filters: "Filters", settings: "Settings", voice: Voice) -> bool:
    """Fetches what was chosen; whether any of it failed."""
    from sattrack.errors import StoreError
    from sattrack.readers.catalogues.fetched_items import fetch_pictures
    from sattrack.readers.catalogues.searching import asked_of
    from sattrack.stores.locking import alone_in

    asked, came = asked_of(found, filters=filters), found.collections
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot be made: {error.strerror}", where=str(folder), way_out="give another --download") from error
    with alone_in(folder, called="folder", option="--download"):
        outcome = fetch_pictures(found.items, folder, asked=asked, collections=came, limits=settings, told=voice.say)
    for line in outcome.faults:
        voice.fault(one_line(line))
    voice.say(
        f"{some(outcome.fetched, 'picture is', 'pictures are')} in {one_line(str(folder))}, "
        f"{outcome.received / 1e6:,.1f} MB came over the network: sattrack detect {one_line(str(outcome.items))}"
    )
    return bool(outcome.faults)
