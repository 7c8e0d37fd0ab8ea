"""`sattrack bench accuracy`: a detector against labelled pictures."""

from pathlib import Path
from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.bench import options as b
from sattrack.cli.voice import Voice


def accuracy(
    datasets: Annotated[
        list[Path], typer.Argument(metavar="DATASET...", help="Folders with images/, labels_obb/, ignore/ and meta.json.")
    ],
    weights: o.Weights = None,
    threshold: o.Threshold = None,
    device: o.Device = None,
    detector: b.Detector = None,
    model_gsd_m: b.ModelGsd = None,
    classes: b.Classes = None,
    predictions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Score the boxes of a CSV, as `sattrack export` writes it, instead.")
    ] = None,
    config: o.Config = None,
    markdown: b.AsMarkdown = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Score a detector on labelled pictures: counts, precision and recall at IoU 0.3, average precision at 0.3 and 0.5."""
    from sattrack.bench.accuracy import bench_accuracy
    from sattrack.bench.tables import accuracy_table, accuracy_values, band_table, threshold_table
    from sattrack.face import chosen_settings

    voice = Voice(quiet=quiet)
    settings = chosen_settings(config, threshold=threshold, device=device)
    result = bench_accuracy(
        datasets,
        model=b.chosen_model(weights, detector, model_gsd_m, classes, settings.threshold),
        threshold=settings.threshold,
        predictions=predictions,
        settings=settings,
    )
    if as_json:
        voice.json(accuracy_values(result))
        return
    voice.out(f"{result.model_id}, boxes from a score of {result.threshold:g}")
    b.print_table(accuracy_table(result), voice=voice, markdown=markdown)
    voice.out("\nCount error in per cent, by threshold:")
    b.print_table(threshold_table(result), voice=voice, markdown=markdown)
    voice.out("\nBy pixel size and density, as a model card holds it:")
    b.print_table(band_table(result), voice=voice, markdown=markdown)
