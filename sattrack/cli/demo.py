"""`sattrack demo`: the whole way on the shipped samples, and how far the counts are from the truth."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.voice import Voice, one_line

if TYPE_CHECKING:
    from sattrack.running import Run

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="RUN", help="The run folder to write.")] = Path("sattrack-demo"),
    weights: o.Weights = None,
    device: o.Device = None,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """The samples are rendered, not photographed: two sites with a dozen dates each, with their truth. Needs no network."""
    from sattrack.assets import asset_folder
    from sattrack.cli.detect import exit_code_of, watched, written_page
    from sattrack.cli.summary import troubles
    from sattrack.cli.truth import read_truth
    from sattrack.face import chosen_settings
    from sattrack.running import Request
    from sattrack.wiring import DEFAULT_WEIGHTS, Model

    voice = Voice(quiet=quiet, verbose=verbose)
    samples = asset_folder("samples")
    # The benchmark's pictures belong to no site.
    sites = sorted(images.parent for images in samples.glob("*/images") if images.parent.name != "benchmark")
    request = Request(
        inputs=tuple(map(str, sites)), out=out, sites=samples / "sites.geojson", recursive=True,
        model=Model(weights if weights is not None else DEFAULT_WEIGHTS),
        settings=chosen_settings(None, threshold=None, device=device), command=" ".join(["sattrack", *sys.argv[1:]]),
    )  # fmt: skip
    run = watched(request, voice=voice)
    page = written_page(run)
    compare(run, read_truth(samples / "truth.csv"), voice=voice)
    for line in troubles(run, only_errors=quiet):
        voice.fault(line)
    voice.out(f"report: {one_line(str(page.resolve()))}")
    raise typer.Exit(exit_code_of(run))


def compare(run: "Run", truth: dict[tuple[str, str], int], *, voice: Voice) -> None:
    """Counts beside the truth, and how far off they are in all."""
    from sattrack.cli.summary import interval

    rows, offs, inside, judged = [], [], 0, 0
    for count in run.counts:
        expected = truth.get((count.site_id, count.scene_id))
        if expected is None or count.zone:
            continue
        found = count.count if count.status == "done" else None
        off = "" if found is None else f"{(found - expected) / max(expected, 1):+.1%}"
        if found is not None:
            offs.append(abs(found - expected) / max(expected, 1))
        if found is not None and count.count_low is not None and count.count_high is not None:
            judged += 1
            inside += count.count_low <= expected <= count.count_high
        rows.append(
            (count.site_name or count.site_id, count.scene_id, "" if count.count is None else str(count.count), interval(count),
             str(expected), off, f"{count.observed_fraction:.0%}", count.status.replace("_", " "))
        )  # fmt: skip
    voice.table(("site", "scene", "count", "90 % interval", "truth", "off by", "seen", "status"), rows, right=(2, 3, 4, 5, 6))
    if offs:
        covered = f"; the interval holds the truth {inside} of {judged} times" if judged else ""
        voice.out(f"off by {sum(offs) / len(offs):.1%} on average, {max(offs):.1%} at most, over {len(offs)} counts{covered}")
    voice.out("These pictures are rendered: figures on real imagery are in docs/detector.md.")
