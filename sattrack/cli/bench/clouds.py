"""`sattrack bench clouds`: clear ground called cloud, and thick cloud found."""

from pathlib import Path
from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.bench import options as b
from sattrack.cli.voice import Voice


def clouds(
    datasets: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[DATASET...]", help="Labelled sets or folders of clear pictures, instead of rendered yards."),
    ] = None,
    gsd_m: Annotated[
        float | None, typer.Option(min=0.01, metavar="M", help="Pixel size of pictures that do not say it.")
    ] = None,
    skip: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A picture that shows real cloud; may be repeated.")
    ] = None,
    count: b.Count = 12,
    pixels: Annotated[int, typer.Option(min=200, max=4000, help="Side of a rendered yard.")] = 600,
    first_seed: Annotated[int | None, typer.Option(min=0, help="Seed of the first clouds, and of the first yard.")] = None,
    processes: b.Processes = b.CPUS,
    config: o.Config = None,
    markdown: b.AsMarkdown = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Try on clear pictures how clouds are judged where no mask came: as they are, and with clouds laid over them.

    The pictures must be free of cloud: what is called cloud in them counts as an error. Clouds are laid in memory only.
    """
    from sattrack.bench.clouds import FIRST_SEED, bench_clouds, bench_rendered
    from sattrack.bench.clouds_tables import cloud_table, cloud_values
    from sattrack.face import chosen_settings

    voice = Voice(quiet=quiet)
    settings = chosen_settings(config, threshold=None, device=None)
    seed = FIRST_SEED if first_seed is None else first_seed
    if datasets:
        found = bench_clouds(datasets, settings=settings, gsd_m=gsd_m, skip=skip or (), first_seed=seed, heard=voice.say)
    else:
        found = bench_rendered(count, pixels=pixels, settings=settings, first_seed=seed, processes=processes)
    if as_json:
        voice.json(cloud_values(found))
        return
    b.print_table(cloud_table(found), voice=voice, markdown=markdown)
