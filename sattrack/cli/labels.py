"""Options on labelled sets, shared by training and benchmark: what their files do not say, and which pictures are wanted."""

from typing import TYPE_CHECKING, Annotated, get_args

import typer

from sattrack.cli import options as o
from sattrack.errors import UsageError

if TYPE_CHECKING:
    from sattrack.labels.asked import Asked, Choice

PANEL = "The labels"

Form = Annotated[
    str | None,
    typer.Option(
        "--format", metavar="NAME", rich_help_panel=PANEL,
        help="sattrack, yolo-obb, coco, dota or geojson. Without it the format is found by looking.",
    ),
]  # fmt: skip
GsdM = Annotated[
    str | None,
    typer.Option(
        "--gsd-m", metavar="M | X,Y", rich_help_panel=PANEL, help="Pixel size in metres of pictures that do not tell."
    ),
]
Bands = Annotated[
    str | None,
    typer.Option(metavar="R,G,B", rich_help_panel=PANEL, help="Bands of red, green and blue, from 1, where files do not tell."),
]
Classes = Annotated[
    str | None,
    typer.Option(
        "--label-classes", metavar="A,B", rich_help_panel=PANEL,
        help="Categories that are containers, by name or id. Without it those called container.",
    ),
]  # fmt: skip
Half = Annotated[
    str | None,
    typer.Option(
        metavar="first | second", rich_help_panel=PANEL, help="Only this half of each set's pictures, by sorted name."
    ),
]
LeaveOut = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", rich_help_panel=PANEL, help="Without this set or picture; may be repeated, * for anything."),
]


def asked_of(form: str | None, gsd_m: str | None, bands: str | None, classes: str | None) -> "Asked":
    """What the options say of sets. UsageError where one cannot be."""
    from sattrack.labels.asked import Asked, Format

    known = get_args(Format)
    if form is not None and form not in known:
        raise UsageError(f"--format is {form!r}", way_out=f"one of {', '.join(known)}")
    found: Format = next((name for name in known if name == form), "auto")
    return Asked(found, o.pixel_size(gsd_m), o.band_numbers(bands), o.names(classes, option="--label-classes") or ())


def choice_of(half: str | None, leave_out: list[str] | None) -> "Choice":
    """Which pictures the options want. UsageError where the half is none."""
    from sattrack.labels.asked import Choice

    if half is None:
        return Choice(leave_out=tuple(leave_out or ()))
    if half not in ("first", "second"):
        raise UsageError(f"--half is {half!r}", way_out="first or second")
    return Choice(leave_out=tuple(leave_out or ()), half="first" if half == "first" else "second")
