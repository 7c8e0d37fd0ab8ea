"""Options that say which items of a catalogue are wanted, and how their texts become filters."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sattrack.cli.voice import Voice

if TYPE_CHECKING:
    from sattrack.planning import Request
    from sattrack.readers.catalogues.item_filters import Filters

_PANEL = "Which items of a catalogue, or of an item file"

Inputs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INPUT...", help="Pictures, folders, globs, a CSV manifest, or a file of STAC items.", show_default=False
    ),
]
Catalogue = Annotated[
    str | None,
    typer.Option(
        "--catalogue", metavar="NAME | URL", rich_help_panel=_PANEL,
        help="Search a STAC catalogue for what to look at, with --allow-remote; `sattrack fetch --presets` lists names.",
    ),
]  # fmt: skip
Bbox = Annotated[
    str | None, typer.Option("--bbox", metavar="W,S,E,N", rich_help_panel=_PANEL, help="A box in degrees that they must touch.")
]
Intersects = Annotated[
    Path | None,
    typer.Option("--intersects", metavar="FILE", rich_help_panel=_PANEL, help="Outlines of which they must touch one."),
]
Datetime = Annotated[
    str | None,
    typer.Option(
        "--datetime", metavar="SPAN", rich_help_panel=_PANEL,
        help="When they were taken: 2023-08/2023-10, 2023, 2023-08-26/.., both ends within.",
    ),
]  # fmt: skip
MaxCloud = Annotated[
    float | None,
    typer.Option(
        "--max-cloud", metavar="PERCENT", rich_help_panel=_PANEL, help="Most cloud; those that do not say it are kept."
    ),
]
Collection = Annotated[
    list[str] | None,
    typer.Option("--collection", metavar="ID", rich_help_panel=_PANEL, help="A collection to look in. May be repeated."),
]
MaxItems = Annotated[
    int | None,
    typer.Option("--max-items", metavar="N", rich_help_panel=_PANEL, help="The newest so many of those that are left."),
]
MinCoverage = Annotated[
    float | None,
    typer.Option(
        "--min-coverage", metavar="SHARE", rich_help_panel=_PANEL,
        help="Least share of a site's outline, 0 to 1, that an acquisition must cover.",
    ),
]  # fmt: skip
MaxOffNadir = Annotated[
    float | None,
    typer.Option(
        "--max-off-nadir", metavar="DEGREES", rich_help_panel=_PANEL,
        help="From how far aside they may look; those that do not say it are kept.",
    ),
]  # fmt: skip


def filters(
    *,
    sites: Path | None,
    bbox: str | None,
    intersects: Path | None,
    datetime: str | None,
    max_cloud: float | None,
    collection: list[str] | None,
    max_items: int | None,
    min_coverage: float | None,
    max_off_nadir: float | None,
) -> "Filters":
    """The filters that the options say. UsageError, OutlineError."""
    from sattrack.readers.catalogues.item_filters import make_filters

    return make_filters(
        sites=sites, bbox=bbox, intersects=intersects, span=datetime, collections=tuple(collection or ()), max_cloud=max_cloud,
        max_items=max_items, min_coverage=min_coverage, max_off_nadir=max_off_nadir,
    )  # fmt: skip


def with_catalogue(
    ctx: typer.Context, request: "Request", catalogue: str | None, *, dry: bool, voice: Voice
) -> tuple["Request", bool]:
    """The request with what a catalogue has of it, and the list of that in its run folder, of a dry run elsewhere; and whether
    something of the catalogue could not be read.

    UsageError where there is nothing to look at; see find_items.
    """
    from sattrack.errors import CatalogueError, UsageError
    from sattrack.imagery import is_remote

    if catalogue is None:
        if not request.inputs:
            raise UsageError("nothing to look at is named", way_out="give pictures, folders, an item file, or --catalogue")
        return request, False
    if not request.allow_remote:
        raise UsageError("a catalogue is not on this machine", where=catalogue[:100], way_out="--allow-remote asks it")
    from sattrack.cli.found_items import tell_search
    from sattrack.readers.catalogues.searching import find_items, save_found
    from sattrack.stores.locking import alone_in

    found = find_items(catalogue, filters=request.filters, limits=request.settings)
    if not is_remote(found.address):
        raise UsageError(
            "a catalogue on this machine",
            where=catalogue[:100],
            way_out="sattrack fetch makes a list of it: give that",
        )
    tell_search(found, voice=voice)
    if not found.items and not found.unread and not request.inputs:
        raise CatalogueError("nothing was found", where=found.address, way_out="widen --datetime, or --sites")
    folder = Path(ctx.with_resource(tempfile.TemporaryDirectory(prefix="sattrack-"))) if dry else request.out
    folder.mkdir(parents=True, exist_ok=True)
    with alone_in(folder):  # the list there may be of a run that is at work
        save_found(found, folder / "items.json", filters=request.filters)
    return replace(request, inputs=(*request.inputs, str(folder / "items.json"))), bool(found.unread)
