"""`sattrack bench accuracy`: detectors against labelled pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sattrack.cli import labels as lb
from sattrack.cli import options as o
from sattrack.cli.bench import options as b
from sattrack.cli.bench.watching import watching
from sattrack.cli.voice import Voice, one_line
from sattrack.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sattrack.bench.comparing import Contender
    from sattrack.bench.summaries import Summary
    from sattrack.bench.tables import Table
    from sattrack.labels.labelled import LabelledImage

_BY_SCORE = "a score behind it, such as x.pt@0.3, counts from there"


def accuracy(
    datasets: Annotated[
        list[Path],
        typer.Argument(
            metavar="DATASET...", help="Labelled sets: our own layout, YOLO-OBB, COCO, DOTA, or GeoJSON; or folders of sets."
        ),
    ],
    weights: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME | FILE", help=f"Weights; may be repeated; {_BY_SCORE}. Default: fast."),
    ] = None,
    threshold: o.Threshold = None,
    device: o.Device = None,
    careful: o.Careful = False,
    detector: Annotated[
        list[str] | None,
        typer.Option(metavar="MODULE:CLASS", help="A detector of your own; runs its code. May be repeated."),
    ] = None,
    model_gsd_m: o.ModelGsd = None,
    classes: o.Classes = None,
    predictions: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Score boxes from a file: CSV as `sattrack export` writes it, COCO, YOLO-OBB, DOTA; may be repeated; "
            f"{_BY_SCORE}.",
        ),
    ] = None,
    prediction_classes: Annotated[
        str | None,
        typer.Option(
            metavar="A,B",
            help="Classes of the boxes from files that are containers, by name or id. Without it those called container.",
        ),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Also write a page: charts, a slider for the threshold, the worst pictures."),
    ] = None,
    form: lb.Form = None,
    gsd_m: lb.GsdM = None,
    bands: lb.Bands = None,
    label_classes: lb.Classes = None,
    half: lb.Half = None,
    leave_out: lb.LeaveOut = None,
    imagery: Annotated[
        bool, typer.Option("--imagery/--no-imagery", help="Show pixels in the page, or only boxes on gray.")
    ] = True,
    config: o.Config = None,
    markdown: b.AsMarkdown = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Score detectors on labelled pictures: counts, precision, recall, average precision, scores; several side by side."""
    from sattrack.bench.accuracy_values import comparison_values
    from sattrack.bench.comparing import bench_several
    from sattrack.bench.datasets import read_datasets
    from sattrack.bench.summaries import summed
    from sattrack.face import chosen_settings

    voice = Voice(quiet=quiet)
    settings = chosen_settings(config, threshold=threshold, device=device, careful=careful or None)
    asked = _contenders(
        weights or [],
        detector or [],
        predictions or [],
        gsd_m=model_gsd_m,
        classes=classes,
        prediction_classes=o.names(prediction_classes, option="--prediction-classes") or (),
        threshold=settings.threshold,
        careful=settings.careful,
    )
    if page is not None and page.is_dir():
        raise UsageError("is a folder", where=str(page), way_out="give --page the name of a file, such as accuracy.html")
    labels = lb.asked_of(form, gsd_m, bands, label_classes)

    def told(note: str) -> None:
        voice.say(f"note: {one_line(note)}")

    images = read_datasets(datasets, asked=labels, choice=lb.choice_of(half, leave_out), told=told)
    with watching(voice) as watch:
        results = bench_several(images, asked, settings=settings, heard=watch.heard, begins=watch.begins, told=told)
    summaries = [summed(result) for result in results]
    for note in _flattered(asked, images):
        told(note)
    if as_json:
        voice.json(comparison_values(summaries))
    elif not quiet:
        for caption, tables in _sections(summaries):
            voice.out(caption)
            for table in tables:
                # Drawn tables bring their own blank lines.
                if markdown:
                    voice.out("")
                b.print_table(table, voice=voice, markdown=markdown)
            if markdown:
                voice.out("")
    if page is not None:
        _write_page(summaries, asked, page, imagery=imagery)
        voice.say(f"page: {one_line(str(page))}")


def _write_page(summaries: Sequence["Summary"], asked: Sequence["Contender"], to: Path, *, imagery: bool) -> None:
    from sattrack.bench.accuracy_page import write_accuracy_page
    from sattrack.wiring import card_of

    cards = [None if one.predictions or one.model.detector else card_of(one.model) for one in asked]
    write_accuracy_page(summaries, to, cards=cards, imagery=imagery)


def _flattered(asked: Sequence["Contender"], images: Sequence["LabelledImage"]) -> "Iterator[str]":
    """Which weights were trained on these sets, by their cards: what they find there tells little of other places."""
    from sattrack.labels.seen import seen_sets
    from sattrack.wiring import card_of

    names = dict.fromkeys(image.dataset for image in images)
    for one in asked:
        if one.predictions or one.model.detector:
            continue
        card = card_of(one.model)
        if taught := [name for name in names if name in seen_sets(card.trained_on).named]:
            yield (
                f"{card.id} was trained on {', '.join(taught)}, by its card: figures there flatter it, but on pictures that "
                "were left out then"
            )


def _contenders(
    weights: Sequence[str],
    detectors: Sequence[str],
    predictions: Sequence[Path],
    *,
    gsd_m: float | None,
    classes: str | None,
    prediction_classes: tuple[str, ...],
    threshold: float | None,
    careful: bool,
) -> list["Contender"]:
    """Weights, then detectors of one's own, then files of boxes, each in the order given; the shipped weights for none."""
    from sattrack.assets import asset_folder
    from sattrack.bench.comparing import Contender
    from sattrack.detectors.cards import find_weights
    from sattrack.wiring import DEFAULT_WEIGHTS

    asked: list[Contender] = []
    for text in weights or ([] if detectors or predictions else [DEFAULT_WEIGHTS]):
        named, own = _parted(text)
        # What is stated is for weights without a card, and among several only they must hear it.
        beside = len(weights) > 1 and find_weights(named, folder=asset_folder("weights")).with_suffix(".json").is_file()
        stated = (None, None) if beside else (gsd_m, classes)
        at = threshold if own is None else own
        asked.append(Contender(o.chosen_model(named, None, *stated, at, careful=careful), threshold=at))
    asked += [
        Contender(o.chosen_model(None, name, gsd_m, classes, threshold, careful=careful), threshold=threshold)
        for name in detectors
    ]
    for path in predictions:
        named, own = _parted(str(path))
        at = threshold if own is None else own
        asked.append(Contender(predictions=Path(named), threshold=at, classes=prediction_classes))
    return asked


def _parted(text: str) -> tuple[str, float | None]:
    """x.pt@0.3 -> (x.pt, 0.3); a file whose own name ends so is meant as it is."""
    named, sign, tail = text.rpartition("@")
    try:
        score = float(tail)
    except ValueError:
        return text, None
    return (named, score) if sign and 0 < score < 1 and not Path(text).exists() else (text, None)


def _sections(summaries: Sequence["Summary"]) -> list[tuple[str, Sequence["Table"]]]:
    """Captions and their tables: one detector in full, or several side by side."""
    from sattrack.bench import accuracy_tables as t
    from sattrack.bench.tables import shown

    first = summaries[0]
    alone = len(summaries) == 1
    who = [
        one_line(
            f"{'' if alone else t.letter(i) + '  '}{s.result.model_id}, boxes from a score of {s.result.threshold:g}, "
            f"{s.result.seconds:.0f} s"
        )
        for i, s in enumerate(summaries)
    ]
    calibrated = (
        "Whether scores are right (mean score, and share of boxes that are true, IoU 0.3); expected calibration error: "
        + ", ".join(shown(s.calibration.error, ".3f") for s in summaries)
    )
    swept = "All pictures from other thresholds on (used: the one in use; right: would count right, never used):"
    if not alone:
        return [
            ("\n".join(who) + "\n\nBy set (bias in per cent):", t.set_comparison(summaries)),
            ("All sets together:", [t.total_table(summaries)]),
            ("By stratum (bias in per cent):", t.strata_comparison(summaries)),
            (calibrated, t.calibration_tables(summaries)),
            (swept, t.threshold_tables(summaries)),
        ]
    return [
        (
            f"{who[0]}\n\nCounts (in 10 %: share of pictures so near; in 15 %: of those of 50 boxes and more; "
            "right at: never used):",
            t.count_tables(first),
        ),
        ("Boxes (precision, recall and F1 at IoU 0.3):", t.box_tables(first)),
        (calibrated, t.calibration_tables(summaries)),
        (swept, t.threshold_tables(summaries)),
        ("By pixel size and density, as a model card holds it:", [t.band_table(first.result)]),
    ]
