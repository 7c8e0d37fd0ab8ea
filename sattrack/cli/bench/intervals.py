"""`sattrack bench intervals`: whether the intervals on counts hold what they say."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.bench import options as b
from sattrack.cli.voice import Voice
from sattrack.phrases import some

if TYPE_CHECKING:
    from sattrack.bench.coverage import Intervals

_HOW = "Labelled sets to judge on instead of rendered yards; they tell only of weights that never saw them."


def intervals(
    datasets: Annotated[list[Path] | None, typer.Argument(metavar="[DATASET...]", help=_HOW)] = None,
    count: b.Count = 150,
    pixels: b.Pixels = 500,
    first_seed: b.FirstSeed = None,
    processes: b.Processes = b.CPUS,
    weights: o.Weights = None,
    threshold: o.Threshold = None,
    device: o.Device = None,
    detector: o.Detector = None,
    model_gsd_m: o.ModelGsd = None,
    classes: o.Classes = None,
    data: Annotated[Path | None, typer.Option(metavar="FOLDER", help="With --fold: the folder of labelled sets.")] = None,
    fold: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="WEIGHTS",
            help="Weights trained without some sets: judge on these too, and make intervals by them. May be repeated.",
        ),
    ] = None,
    names: Annotated[bool, typer.Option("--names", help="Also name the pictures whose interval does not hold.")] = False,
    config: o.Config = None,
    markdown: b.AsMarkdown = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Judge the 90 % intervals by band: how many hold the labelled number, and how wide they are.

    Held to 85 to 97 % of pictures, and to a median half-width of 20 % of the count in pictures with 50 boxes or more. The first
    is missed only where chance does not explain it.
    """
    from sattrack.bench.interval_tables import interval_values
    from sattrack.bench.intervals import FIRST_SEED, Yards, bench_rendered, bench_sets
    from sattrack.errors import UsageError

    voice = Voice(quiet=quiet)
    settings, model = b.chosen(weights, detector, model_gsd_m, classes, config=config, threshold=threshold, device=device)
    if bool(data) != bool(fold):
        raise UsageError("--data and --fold go together", way_out="give both, or neither")
    found: list[Intervals] = []
    bands = None
    if data and fold:
        from sattrack.bench.carding import measure_held_out
        from sattrack.wiring import card_of

        chosen = settings.threshold if settings.threshold is not None else card_of(model).threshold
        held_out = measure_held_out(fold, data=data, threshold=chosen, settings=settings)
        found.append(held_out.intervals)
        bands = held_out.intervals.card

    def heard(_picture: object, done: int, of: int) -> None:
        if done % 50 == 0 or done == of:
            voice.say(f"{done} of {some(of, 'picture')} counted")

    if datasets:
        found.append(bench_sets(datasets, model=model, settings=settings, bands=bands, heard=heard))
    else:
        yards = Yards(count, pixels, FIRST_SEED if first_seed is None else first_seed)
        found.append(
            bench_rendered(
                yards, model=model, settings=settings, bands=bands, processes=processes, heard=heard,
                drawn=lambda n: voice.say(f"{n} of {some(count, 'yard')} rendered") if n % 50 == 0 else None,
            )
        )  # fmt: skip
    if as_json:
        voice.json([interval_values(one) for one in found])
        return
    for one in found:
        _tell(one, voice=voice, markdown=markdown, names=names)


def _tell(found: "Intervals", *, voice: Voice, markdown: bool, names: bool) -> None:
    from sattrack.bench.interval_tables import coverage_table, missed_table

    voice.out(f"{found.title}:")
    b.print_table(coverage_table(found.rows()), voice=voice, markdown=markdown)
    if names:
        b.print_table(missed_table(found.pictures), voice=voice, markdown=markdown)
