"""`sattrack model`: the weights in other backends' forms."""

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from sattrack.cli import options as o
from sattrack.cli.voice import Voice, one_line
from sattrack.errors import UsageError

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def model_() -> None:
    """Exports are made on first use by themselves; this makes one beforehand, or for other programs."""


@app.command(no_args_is_help=True)
def export(
    weights: Annotated[str, typer.Argument(metavar="WEIGHTS", help="Shipped weights by name, or a .pt file.")],
    backend: Annotated[Literal["onnx", "openvino"], typer.Option(help="What shall run the export.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FILE",
            help="Where to write it: .onnx; .xml with a .bin beside it; 8 bits: .int8.zip. Default: where `--backend` looks.",
        ),
    ] = None,
    half: Annotated[
        bool,
        typer.Option("--half", help="Store the weights in half precision: half the size, scores change in the third digit."),
    ] = False,
    int8: Annotated[
        bool,
        typer.Option("--int8", help="In 8 bits, for openvino: half the time or less. Takes minutes, and the extra [int8]."),
    ] = False,
    model_gsd_m: o.ModelGsd = None,
    classes: o.Classes = None,
    threshold: o.Threshold = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Export weights for ONNX Runtime or OpenVINO, and say how far its answers are from torch's.

    Classes, pixel size, tile, threshold, stretch and the sha256 of the weights travel inside. An export beside its weights, of
    the same name but for the suffix, is used by --backend; one of other weights is refused. An export that does not answer as
    torch does is not written. One in 8 bits does not quite: it is calibrated on rendered tiles, and its counts are held against
    the weights' on others.
    """
    from sattrack import wiring
    from sattrack.detectors.cores import own_cores
    from sattrack.synthetic.calibration import drawn_calibration

    if int8 and (backend != "openvino" or half):
        raise UsageError("--int8 is for --backend openvino, and not with --half", way_out="leave one of them out")
    voice = Voice(quiet=quiet)
    chosen = o.chosen_model(weights, None, model_gsd_m, classes, threshold)
    calibrate = partial(drawn_calibration, processes=own_cores(), told=voice.say) if int8 else None
    path, said = wiring.export_model(chosen, backend=backend, to=out, half=half, calibrate=calibrate)
    if as_json:
        voice.json({"file": str(path), **said})
        return
    voice.out(f"{one_line(str(path))}: for {said['runtime']}")
    voice.out(str(said["said"]))
