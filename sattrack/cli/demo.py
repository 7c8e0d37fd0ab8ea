"""`sattrack demo`: the whole way on the shipped samples, what happened there, and how far that is from the truth."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.voice import Voice, one_line

if TYPE_CHECKING:
    from sattrack.cli.truth import Truth
    from sattrack.findings import Findings
    from sattrack.running import Run
    from sattrack.timeline import Count

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="RUN", help="The run folder to write.", callback=o.here)] = Path(
        "sattrack-demo"
    ),
    weights: o.Weights = None,
    device: o.Device = None,
    backend: o.Backend = None,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """The samples are rendered, not photographed: three sites between which boxes move, and a quiet one. Needs no network.

    Says what happened from the pictures alone, then holds it against the truth. --verbose adds a row for each scene.
    """
    from sattrack.assets import asset_folder
    from sattrack.cli.demo_checks import AMOUNT
    from sattrack.cli.detect import exit_code_of, watched
    from sattrack.cli.summary import troubles
    from sattrack.cli.truth import read_story
    from sattrack.face import chosen_settings, write_report
    from sattrack.readers.chains import read_chain
    from sattrack.reporting import findings_of
    from sattrack.running import Request
    from sattrack.wiring import on_backend

    voice = Voice(quiet=quiet, verbose=verbose)
    samples = asset_folder("samples")
    settings = chosen_settings(None, threshold=None, device=device)
    # The benchmark's pictures belong to no site.
    sites = sorted(images.parent for images in samples.glob("*/images") if images.parent.name != "benchmark")
    request = Request(
        inputs=tuple(map(str, sites)), out=out, sites=samples / "sites.geojson", recursive=True,
        model=on_backend(o.chosen_model(weights), backend, device=settings.device, told=voice.say),
        settings=settings, command=" ".join(["sattrack", *sys.argv[1:]]),
    )  # fmt: skip
    run = watched(request, voice=voice)
    chain = samples / "chain.yaml"
    page = write_report(run.folder, cumulative=(AMOUNT,), chain=chain)
    truth = read_story(samples)
    compare(run, truth, voice=voice, every=verbose)
    story(run, findings_of(run, amounts=(AMOUNT,), chain=read_chain(chain)), truth, voice=voice)
    for line in troubles(run, only_errors=quiet):
        voice.fault(line)
    voice.out(f"report: {one_line(str(page.resolve()))}")
    raise typer.Exit(exit_code_of(run))


def compare(run: "Run", truth: "Truth", *, voice: Voice, every: bool) -> None:
    """Counts beside the truth, by site and sensor, or scene by scene; and how far off they are in all."""
    counts = [one for one in run.counts if not one.zone and (one.site_id, one.scene_id) in truth.visible]
    if every:
        head = ("site", "scene", "count", "90 % interval", "truth", "off by", "seen", "status")
        voice.table(head, [_scene_row(one, truth) for one in counts], right=(2, 3, 4, 5, 6))
    groups: dict[tuple[str, str], list[Count]] = {}
    for one in counts:
        groups.setdefault((one.site_name or one.site_id, one.sensor), []).append(one)
    rows = [(*key, str(len(own)), *_errors(own, truth)) for key, own in groups.items()]
    names = ("site", "sensor", "scenes", "counted", "off by, on average", "at most", "interval holds the truth")
    voice.table(names, rows, right=(2, 3, 4, 5, 6))
    counted, average, most, held = _errors(counts, truth)
    if average:
        covered = f"; the interval holds the truth {held} times" if held else ""
        voice.out(f"off by {average} on average, {most} at most, over {counted} counts{covered}")


def _scene_row(one: "Count", truth: "Truth") -> tuple[str, ...]:
    from sattrack.cli.summary import interval, seen

    true = truth.visible[one.site_id, one.scene_id]
    off = f"{(one.count - true) / max(true, 1):+.1%}" if one.status == "done" and one.count is not None else ""
    return (
        one.site_name or one.site_id, one.scene_id, "" if one.count is None else str(one.count), interval(one), str(true), off,
        seen(one), one.status.replace("_", " "),
    )  # fmt: skip


def _errors(counts: "Iterable[Count]", truth: "Truth") -> tuple[str, str, str, str]:
    """How many were counted; the mean and the largest error, and how often the interval held; empty where none was."""
    offs, held = [], []
    for one in counts:
        true = truth.visible[one.site_id, one.scene_id]
        if one.status != "done" or one.count is None:
            continue
        offs.append(abs(one.count - true) / max(true, 1))
        if one.count_low is not None and one.count_high is not None:
            held.append(one.count_low <= true <= one.count_high)
    if not offs:
        return "0", "", "", ""
    return str(len(offs)), f"{sum(offs) / len(offs):.1%}", f"{max(offs):.1%}", f"{sum(held)} of {len(held)}" if held else ""


def story(run: "Run", findings: "Findings", truth: "Truth", *, voice: Voice) -> None:
    """What happened, as the page tells it, and what of that is true."""
    from sattrack.cli.demo_checks import checked
    from sattrack.reports.news import news
    from sattrack.reports.telling import places_of

    voice.out("\nWhat happened, by the pictures alone:")
    for line in news(run, findings, places_of(run), own=False):
        voice.out(one_line(f"- {line.about}: {line.text}"))
    for link in findings.agreements:
        voice.out(one_line(f"- {link.sentence}"))
    voice.out("\nHeld against the truth:")
    for check in checked(findings, truth):
        voice.out(one_line(f"{'pass' if check.fine else 'FAIL'}: {check.said}"))
    voice.out("\nThese pictures are rendered: figures on real imagery are in docs/detector.md.")
