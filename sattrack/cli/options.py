"""Options that several commands share, and how their texts become values. Nothing given is none: defaults live in Settings."""

import datetime as dt
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sattrack.errors import UsageError
from sattrack.flows import MOST_BOXES
from sattrack.settings import Settings

if TYPE_CHECKING:
    from sattrack.cli.voice import Voice
    from sattrack.wiring import Model

_DATA, _MODEL, _RUN, _TALK = "What the pictures do not say themselves", "The model", "The run", "Talk"
_DOUBT = "Damaged, large and doubtful files"
# Two letters at least: one is a drive.
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]+):[/\\]+")


def meaning(name: str) -> str:
    """A setting's description and default, so that help cannot drift from Settings."""
    field = Settings.model_fields[name]
    default = "" if field.default is None else f" Default: {field.default}."
    return f"{field.description}{default}"


def tell_what_is_passed_over() -> None:
    """Says on standard error what of folders and of files of items is not looked at, and why."""
    logging.getLogger("sattrack.readers.folders").setLevel(logging.WARNING)


def here(path: Path | None) -> Path | None:
    """A path on this machine. UsageError where an address was meant, of which Path leaves one slash."""
    if path is not None and _ADDRESS.match(str(path)) and not path.exists():
        raise UsageError(
            "is no folder or file of this machine", where=_ADDRESS.sub(r"\1://", str(path)),
            way_out="give a path here; only detect writes elsewhere, and sattrack pull copies such a run into a folder",
        )  # fmt: skip
    return path


Inputs = Annotated[
    list[str], typer.Argument(metavar="INPUT...", help="Pictures, folders, globs, a CSV manifest, or a file of STAC items.")
]
Source = Annotated[
    Path,
    typer.Argument(
        metavar="RUN | CSV", help="The run folder that detect wrote, or a CSV of counts.", show_default=False, callback=here
    ),
]
RunIn = Annotated[
    Path, typer.Argument(metavar="RUN", help="The run folder that detect wrote.", show_default=False, callback=here)
]
Recursive = Annotated[bool, typer.Option("-r", "--recursive", help="Look in subfolders too.")]
AllowRemote = Annotated[bool, typer.Option("--allow-remote", help="Accept https:// and s3:// locations.")]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host", metavar="HOST[:PORT]",
        help="A server that --allow-remote may ask though it is in a private network, or by plain http. May be repeated.",
    ),
]  # fmt: skip

RefreshAddress = Annotated[
    str | None,
    typer.Option(
        metavar="COMMAND", show_default=False,
        help="Called, without a shell, when a signed address has expired: gets it without its query on standard input, prints "
        "the new one.",
    ),
]  # fmt: skip

GsdM = Annotated[
    str | None,
    typer.Option(metavar="M | X,Y", rich_help_panel=_DATA, help="Pixel size in metres; X,Y where pixels are not square."),
]
Bands = Annotated[
    str | None,
    typer.Option(metavar="R,G,B", rich_help_panel=_DATA, help="Bands to feed as red, green, blue, from 1; one for gray."),
]
Mask = Annotated[
    str | None,
    typer.Option(metavar="FILE", rich_help_panel=_DATA, help="Cloud mask: a raster (UDM2, SCL or 0/1), or polygons of cloud."),
]
Nodata = Annotated[float | None, typer.Option(rich_help_panel=_DATA, help="Pixel value that means: nothing was seen.")]
Sensor = Annotated[str | None, typer.Option(rich_help_panel=_DATA, help="Name of the sensor.")]
Date = Annotated[
    str | None, typer.Option(metavar="TIME", rich_help_panel=_DATA, help="Time of acquisition, such as 2024-05-31T08:15:00Z.")
]

OnBadTile = Annotated[
    Literal["fail", "mask"] | None, typer.Option(rich_help_panel=_DOUBT, help=meaning("on_bad_tile"), show_default=False)
]
MaxPixels = Annotated[int | None, typer.Option(rich_help_panel=_DOUBT, help=meaning("max_pixels"))]
Workers = Annotated[int | None, typer.Option(rich_help_panel=_RUN, help=meaning("workers"))]
ExecutorName = Annotated[
    Literal["auto", "thread", "process", "ray"] | None,
    typer.Option("--executor", rich_help_panel=_RUN, help=meaning("executor"), show_default=False),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        "--ray-address", metavar="HOST:PORT", rich_help_panel=_RUN,
        help="The head of the Ray cluster for --executor ray. Default: a cluster of this machine alone, for this run alone.",
    ),
]  # fmt: skip
StoreEndpoint = Annotated[
    str | None,
    typer.Option(
        "--store-endpoint", metavar="URL", rich_help_panel=_RUN,
        help="The server of an s3:// run that is not Amazon's. Default: AWS_ENDPOINT_URL, else Amazon's.",
    ),
]  # fmt: skip
SceneSeconds = Annotated[float | None, typer.Option(rich_help_panel=_DOUBT, help=meaning("scene_seconds"))]
Verify = Annotated[
    Path | None,
    typer.Option(
        metavar="SHA256SUMS", rich_help_panel=_DOUBT,
        help="A list that sha256sum wrote: a picture that is not what it says, or not in it, fails.",
    ),
]  # fmt: skip
Sidecars = Annotated[
    bool, typer.Option("--sidecars", rich_help_panel=_DOUBT, help="Let a NAME.tif.aux.xml place a picture that has no place.")
]
FollowLinks = Annotated[
    bool,
    typer.Option("--follow-links", rich_help_panel=_DOUBT, help="Follow links to pictures outside a folder that was given."),
]

Imagery = Annotated[
    bool | None,
    typer.Option(
        "--imagery/--no-imagery", show_default=False,
        help="Show the scenes in the page, or leave every pixel of them out. Default: as the run was made.",
    ),
]  # fmt: skip
Sites = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Site outlines: GeoJSON, GeoPackage or KML. Without it each scene is its own site."),
]
Weights = Annotated[
    str | None,
    typer.Option(metavar="NAME | FILE", rich_help_panel=_MODEL, help="Shipped weights by name, or a .pt file. Default: fast."),
]
Device = Annotated[str | None, typer.Option(rich_help_panel=_MODEL, help=meaning("device"))]
Backend = Annotated[
    Literal["auto", "torch", "onnx", "openvino", "openvino-int8"] | None,
    typer.Option(
        rich_help_panel=_MODEL,
        help="What runs the network; auto: on a CPU OpenVINO, in 8 bits where the weights' card shows that it counts as well, "
        "with a graphics card torch. Counts of different backends are never compared: they are different models.",
    ),
]
Threshold = Annotated[float | None, typer.Option(rich_help_panel=_MODEL, help=meaning("threshold"))]
Careful = Annotated[bool, typer.Option("--careful", rich_help_panel=_MODEL, help=meaning("careful"))]
Detector = Annotated[
    str | None, typer.Option(metavar="MODULE:CLASS", rich_help_panel=_MODEL, help="A detector of your own; runs its code.")
]
ModelGsd = Annotated[
    float | None,
    typer.Option(
        "--model-gsd-m", metavar="M", rich_help_panel=_MODEL, help="For weights without a card: the pixel size they work at."
    ),
]
Classes = Annotated[
    str | None,
    typer.Option(metavar="A,B", rich_help_panel=_MODEL, help="For weights without a card: the names of their classes."),
]

Recounted = Annotated[
    float | None, typer.Option("--threshold", help="Count a run's stored boxes again from this score; the run stays as it is.")
]
MinObserved = Annotated[float | None, typer.Option(help=meaning("min_observed"))]
AlarmLevel = Annotated[float | None, typer.Option("--alarm-level", help=meaning("alarm_level"))]
WarningLevel = Annotated[float | None, typer.Option(help=meaning("warning_level"))]
Cumulative = Annotated[
    list[float] | None,
    typer.Option(
        "--cumulative",
        metavar="N",
        min=1,
        max=MOST_BOXES,
        help="Say when so many boxes had left, and come, in all; may be repeated.",
    ),
]

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", rich_help_panel=_RUN, help="Settings file; `sattrack config --template` writes one."
    ),
]

AsJson = Annotated[bool, typer.Option("--json", rich_help_panel=_TALK, help="Print a summary as JSON.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", rich_help_panel=_TALK, help="Say nothing but errors.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", rich_help_panel=_TALK, help="Say what is going on.")]


def pixel_size(text: str | None) -> tuple[float, float] | None:
    """0.49 or 0.65,0.49 -> metres along columns and rows."""
    if text is None:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2) or not all(0 < n < 1e5 for n in numbers):
        raise UsageError(f"--gsd-m is {text!r}", way_out="give metres a pixel, such as 0.5, or X,Y such as 0.65,0.49")
    return numbers[0], numbers[-1]


def own_lists(source: Path, *, threshold: float | None, voice: "Voice") -> Path | None:
    """The run whose own lists are written; none of a CSV, nor where a run was counted for this call alone, which is said."""
    if not source.is_dir():
        return None
    if threshold is None:
        return source
    voice.say("note: nothing is written, since the run keeps the numbers of its own threshold: -o FOLDER takes these")
    return None


def cluster(address: str | None, *, executor: str) -> str:
    """The address of --ray-address, checked; empty where none was given."""
    if address is None:
        return ""
    from sattrack.executors.joining import checked_address

    if executor != "ray":
        raise UsageError("--ray-address is given, and the scenes are not looked at by Ray", way_out="add --executor ray")
    return checked_address(address)


def band_numbers(text: str | None) -> tuple[int, ...] | None:
    """4,3,2 -> (4, 3, 2)."""
    if text is None:
        return None
    parts = text.split(",")
    if len(parts) not in (1, 3) or not all(part.strip().isdecimal() and int(part) >= 1 for part in parts):
        raise UsageError(f"--bands is {text!r}", way_out="give one band, or red,green,blue, counted from 1, such as 4,3,2")
    return tuple(int(part) for part in parts)


def with_hosts(settings: Settings, hosts: list[str] | None) -> Settings:
    """The settings, under which the hosts of --allow-host may be asked."""
    if not hosts:
        return settings
    from sattrack.readers.remote.addresses import checked_hosts

    return settings.allowing(checked_hosts(hosts))


def moment(text: str | None, *, option: str = "--date") -> dt.datetime | None:
    """The time of --date or another option, in UTC."""
    if text is None:
        return None
    from sattrack.readers.times import parse_time

    try:
        return parse_time(text)
    except ValueError as error:
        reason = getattr(error, "message", "is not a time")
        raise UsageError(f"{option}: {reason}", way_out="give 2024-05-31 or 2024-05-31T08:15:00Z") from error


def names(text: str | None, *, option: str = "--classes") -> tuple[str, ...] | None:
    """container,ship -> ("container", "ship")."""
    if text is None:
        return None
    found = tuple(part.strip() for part in text.split(","))
    if not all(found):
        raise UsageError(f"{option} is {text!r}", way_out="give names with commas between, such as container,ship")
    return found


def chosen_model(
    weights: str | None,
    detector: str | None = None,
    gsd_m: float | None = None,
    classes: str | None = None,
    threshold: float | None = None,
    *,
    careful: bool = False,
) -> "Model":
    """What the options name; the shipped weights where they name none. gsd_m: metres a pixel, of weights without a card."""
    from sattrack.wiring import DEFAULT_WEIGHTS, Model

    return Model(weights if weights is not None else DEFAULT_WEIGHTS, detector, gsd_m, names(classes), threshold, careful)
