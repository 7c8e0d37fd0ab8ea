"""`sattrack render`: drawn yards to look at, and drawn labelled sets."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.voice import Voice, one_line
from sattrack.errors import UsageError
from sattrack.phrases import some

app = typer.Typer(add_completion=False, no_args_is_help=True)

Kind = Annotated[
    str | None, typer.Option(metavar="NAME", help="Only places of this kind, such as rail or lookalikes. Default: all kinds.")
]
_FINEST_M, _COARSEST_M = 0.05, 1.5


@app.command(no_args_is_help=True)
def sheet(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE.png", help="The picture to write.")],
    gsd_m: Annotated[float, typer.Option(min=_FINEST_M, max=_COARSEST_M, metavar="M", help="Pixel size, metres.")] = 0.5,
    pixels: Annotated[int, typer.Option(min=32, max=2000, metavar="P", help="Side of a tile.")] = 400,
    tiles: Annotated[int, typer.Option(min=1, max=400, metavar="N", help="How many tiles.")] = 12,
    columns: Annotated[int, typer.Option(min=1, max=40, metavar="N", help="How many side by side.")] = 4,
    first_seed: Annotated[int, typer.Option(min=0, metavar="S", help="The first tile's seed; the others follow.")] = 0,
    kind: Kind = None,
    truth: Annotated[bool, typer.Option("--truth", help="Outline the boxes that are in the truth.")] = False,
    beside: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Every second tile a crop of a real picture of this labelled set, or folder of sets."
        ),
    ] = None,
    quiet: o.Quiet = False,
) -> None:
    """Draw random yards side by side. With --beside all are stretched as detection does it, to compare by eye."""
    import cv2

    from sattrack.synthetic.contact_sheet import contact_sheet, drawn_tiles, in_turn
    from sattrack.writing import made_folder, write_whole

    if out.suffix.lower() != ".png":
        raise UsageError(f"-o is {str(out)!r}", way_out="name a PNG file, such as sheet.png")
    made_folder(out.parent)
    shape = (pixels, pixels)
    drawn = drawn_tiles(range(first_seed, first_seed + tiles), gsd_m=gsd_m, shape=shape, truth=truth, kind=_known_kind(kind))
    if beside is not None:
        from sattrack.synthetic.crops import real_crops, stretched

        real = real_crops(beside, gsd_m=gsd_m, shape=shape, seed=first_seed)
        drawn = in_turn((stretched(tile, gsd_m=gsd_m) for tile in drawn), real)
    picture = contact_sheet(drawn, columns=columns)
    write_whole(out, cv2.imencode(".png", picture[..., ::-1])[1].tobytes())
    Voice(quiet=quiet).out(one_line(str(out)))


@app.command("set", no_args_is_help=True)
def set_(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FOLDER", help="The folder to write; must be new or empty.")],
    count: Annotated[int, typer.Option(min=1, metavar="N", help="How many pictures.")],
    first_seed: Annotated[
        int | None,
        typer.Option(min=0, metavar="S", help="The first picture's seed. Default: 9100000; training only draws below 9000000."),
    ] = None,
    gsd_m: Annotated[
        str, typer.Option(metavar="A..B", help="Pixel sizes drawn between these, metres; or one number.")
    ] = "0.3..0.8",
    pixels: Annotated[int, typer.Option(min=32, max=4000, metavar="P", help="Side of a picture.")] = 640,
    kind: Kind = None,
    processes: Annotated[int, typer.Option(min=1, max=256, help="Processes that draw; the files do not depend on it.")] = 1,
    quiet: o.Quiet = False,
) -> None:
    """Draw a labelled set, which `sattrack bench accuracy FOLDER` reads."""
    from sattrack.synthetic.labelled_set import orders_by_seed, write_set
    from sattrack.synthetic.seeds import SETS_SEED

    voice = Voice(quiet=quiet)
    first = SETS_SEED if first_seed is None else first_seed
    orders = orders_by_seed(count=count, first_seed=first, gsd_m=_range(gsd_m), pixels=pixels, kind=_known_kind(kind))
    boxes = list(_watched(write_set(out, orders, processes=processes), total=count, voice=voice))
    voice.out(
        f"{one_line(str(out))}: {some(count, 'picture')}, {some(sum(boxes), 'box', 'boxes')}, "
        f"{some(boxes.count(0), 'picture')} without any"
    )


@app.command(no_args_is_help=True)
def benchmark(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FOLDER", help="The folder to write; must be new or empty.")],
    processes: Annotated[int, typer.Option(min=1, max=256, help="Processes that draw.")] = 1,
    quiet: o.Quiet = False,
) -> None:
    """Draw the shipped benchmark, samples/benchmark, again."""
    from sattrack.synthetic.benchmark import ORDERS
    from sattrack.synthetic.labelled_set import write_set

    voice = Voice(quiet=quiet)
    boxes = list(_watched(write_set(out, ORDERS, processes=processes), total=len(ORDERS), voice=voice))
    voice.out(f"{one_line(str(out))}: {some(len(ORDERS), 'picture')}, {some(sum(boxes), 'box', 'boxes')}")


def _known_kind(kind: str | None) -> str | None:
    from sattrack.synthetic.layouts import SHARES

    if kind is not None and kind not in SHARES:
        raise UsageError(f"--kind is {kind!r}", way_out=f"one of {', '.join(SHARES)}")
    return kind


def _range(text: str) -> tuple[float, float]:
    """0.3..0.8 -> (0.3, 0.8); 0.5 -> (0.5, 0.5)."""
    low, dots, high = text.partition("..")
    try:
        ends = float(low), float(high if dots else low)
    except ValueError:
        ends = (0.0, 0.0)
    if not _FINEST_M <= ends[0] <= ends[1] <= _COARSEST_M:
        raise UsageError(
            f"--gsd-m is {text!r}", way_out=f"give metres a pixel from {_FINEST_M} to {_COARSEST_M}, such as 0.3..0.8 or 0.5"
        )
    return ends


def _watched(done: Iterable[int], *, total: int, voice: Voice) -> Iterator[int]:
    """The same, with a bar on a terminal."""
    if voice.quiet or not sys.stderr.isatty():
        yield from done
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(done, total=total, description="drawing", console=Console(file=sys.stderr), transient=True)
