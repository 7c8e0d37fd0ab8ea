"""`sattrack bench peers`: the same weights and picture by other tools, their times and their counts."""

from pathlib import Path
from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.bench import options as b
from sattrack.cli.voice import Voice, one_line


def peers(
    size: Annotated[int, typer.Option("--size", min=640, max=20_000, metavar="PX", help="Side of the picture.")] = 4000,
    rounds: Annotated[int, typer.Option(min=1, max=100, metavar="N", help="Rounds, all tools in turn in each.")] = 3,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="TOOL", help="Only this tool besides sattrack; may be repeated.")
    ] = None,
    most_gb: Annotated[float, typer.Option(min=0.5, metavar="GB", help="Memory that another tool may take.")] = 10.0,
    most_s: Annotated[float, typer.Option(min=1, metavar="S", help="Seconds that another tool may take.")] = 900.0,
    out: Annotated[Path | None, typer.Option("-o", "--out", metavar="FOLDER", help="Write the picture of it here.")] = None,
    weights: o.Weights = None,
    backend: o.Backend = None,
    threshold: o.Threshold = None,
    config: o.Config = None,
    markdown: b.AsMarkdown = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Count a rendered yard with the same weights by sattrack, SAHI, supervision, GeoDeep and plain ultralytics over tiles.

    Tools that are not installed are left out and named, with the command that installs them: the extra `peers`. Let nothing
    else run meanwhile.
    """
    from sattrack.bench.peers.rounds import INSTALL, bench_peers
    from sattrack.bench.peers.telling import peer_lines, peer_table, peer_values
    from sattrack.face import chosen_settings
    from sattrack.wiring import on_backend

    voice = Voice(quiet=quiet)
    settings = chosen_settings(config, threshold=threshold, device="cpu", careful=None)
    model = o.chosen_model(weights, None, None, None, settings.threshold)
    model = on_backend(model, backend, device="cpu", told=voice.say)
    found = bench_peers(
        model=model, settings=settings, size=size, rounds=rounds, most_gb=most_gb, most_s=most_s, only=tuple(only or ()),
        heard=voice.say,
    )  # fmt: skip
    if as_json:
        voice.json(peer_values(found))
    else:
        lines = peer_lines(found)
        voice.out(lines[0])
        b.print_table(peer_table(found), voice=voice, markdown=markdown)
        for line in lines[1:]:
            voice.out(line)
    if found.left_out:
        voice.fault(f"not installed and left out: {', '.join(found.left_out)}; {INSTALL}")
    if out is not None:
        from sattrack.bench.peers.chart import write_peers

        for path in write_peers(found, out):
            voice.say(one_line(str(path)))
