"""`sattrack flow`: what was moved in and out between scenes, at the least, and how sure that is."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.voice import Voice, one_line
from sattrack.phrases import some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sattrack.flows import Cycle, Flow, Moved, Stand
    from sattrack.following import Followed

app = typer.Typer(add_completion=False)


@app.command(no_args_is_help=True)
def flow(
    source: o.Source,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Only scenes from this time on.")] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only scenes up to this time; a day is meant whole.")
    ] = None,
    site: Annotated[str | None, typer.Option(metavar="ID", help="Only this site.")] = None,
    cumulative: o.Cumulative = None,
    chain: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A chain of sites (YAML): do arrivals fit departures? See configs/chains."),
    ] = None,
    boxes: Annotated[
        bool, typer.Option("--boxes", help="Match boxes one to one between a run's scenes: a stronger bound, and slower.")
    ] = False,
    to: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FOLDER",
            help="Write flow.csv and flow.json. Default: the run; nowhere with --threshold.",
            callback=o.here,
        ),
    ] = None,
    threshold: o.Recounted = None,
    config: o.Config = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Sums of falls and of rises between the scenes of each series: lower bounds of what moved, since a stock is no flow.

    What came and went between two scenes is in none of them. Errors of the counts are not summed up as movements; intervals are
    at 95 %. What that is worth: docs/flow.md.
    """
    from sattrack.assessing import settings_for, spare_source
    from sattrack.following import follow
    from sattrack.readers.chains import read_chain
    from sattrack.reports.flows import FLOW_FILES, flows_value, write_flows

    voice = Voice(quiet=quiet)
    found = follow(
        source, settings=settings_for(source, config), threshold=threshold, site=site, since=o.moment(since, option="--since"),
        until=_until(until), amounts=cumulative or (), chain=read_chain(chain) if chain else None, boxes=boxes,
    )  # fmt: skip
    for note in found.notes:
        voice.say(f"note: {one_line(note)}")
    folder = to or o.own_lists(source, threshold=threshold, voice=voice)
    if folder is not None and not source.is_dir():
        spare_source(source, *(folder / name for name in FLOW_FILES))
    written = write_flows(found.flows, found.agreements, folder) if folder is not None else []
    if as_json:
        voice.json(flows_value(found.flows, found.agreements))
        return
    _tell(found, voice=voice)
    if written:
        voice.out(one_line(f"flow: {', '.join(str(path) for path in written[:1])}, flow.json"))


def _until(text: str | None) -> dt.datetime | None:
    """The end of --until: that time, or the last moment of that day."""
    moment = o.moment(text, option="--until")
    if moment is None or text is None or ":" in text or len(text.strip()) > len("2024-05-31"):
        return moment
    return moment + dt.timedelta(days=1) - dt.timedelta(microseconds=1)


def _tell(found: "Followed", *, voice: Voice) -> None:
    """A row for each series, its sentences, and its cycles."""
    from sattrack.steps.flow_phrasing import boxes_sentence, flow_sentence

    head = ("site", "zone", "sensor", "scenes", "unseen", "from (UTC)", "to (UTC)", "by", "left", "95 %", "arrived", "95 %")
    if found.flows:
        voice.table(head, [row for one in found.flows for row in _rows(one)], right=(3, 4, 8, 10))
    else:
        voice.out("No site has a series, so that nothing can be said of what moved.")
    cycles = [(one, cycle) for one in found.flows for cycle in one.cycles]
    if cycles:
        names = (
            "site",
            "zone",
            "sensor",
            "low (UTC)",
            "boxes",
            "filled by",
            "high (UTC)",
            "boxes",
            "emptied by",
            "low (UTC)",
            "boxes",
        )
        voice.table(names, [_cycle(one, cycle) for one, cycle in cycles], right=(4, 5, 7, 8, 10), title="Cycles that are sure")
    for one in found.flows:
        for direction in ("fall", "rise") if one.movements else ():
            voice.out(one_line(flow_sentence(one, direction=direction)))
        if one.by_boxes:
            voice.out(one_line(boxes_sentence(one)))
        for note in (*_unmatched(one), *one.notes):
            voice.say(one_line(f"{one.site_id}{f', {one.zone}' if one.zone else ''}, {one.sensor}: {note}."))
    for alert in found.alerts:
        voice.out(one_line(alert.sentence))
    for link in found.agreements:
        voice.out(one_line(link.sentence))


def _unmatched(one: "Flow") -> "Iterator[str]":
    """That boxes were matched between none, or not all, of the pairs of scenes, where that was asked for, and why."""
    reasons = [move.why for move in one.movements if move.why]
    if reasons:
        others = "" if len({*reasons}) == 1 else " (flow.csv says of each pair why)"
        pairs = f"{len(reasons):,} of {some(len(one.movements), 'pair')} of scenes"
        yield f"boxes were not matched between {pairs}: {reasons[0]}{others}"


def _rows(one: "Flow") -> "Iterator[tuple[str, ...]]":
    """What the counts tell, and below it what matched boxes do, where they were: the stronger bound."""
    from sattrack.steps.phrasing import stamp

    scenes = str(len(one.movements) + 1) if one.movements else "< 2"
    head = (one.site_id, one.zone, one.sensor, scenes, str(one.unseen), stamp(one.since), stamp(one.until))
    yield (*head, "counts", *(_total(one.departed, one.arrived) if one.movements else ("-", "", "-", "")))
    if one.by_boxes:
        yield (*head, "boxes", *_total(*one.by_boxes))


def _total(left: "Moved", arrived: "Moved") -> tuple[str, ...]:
    return (f"{left.value:,.0f}", _ends(left), f"{arrived.value:,.0f}", _ends(arrived))


def _cycle(flow: "Flow", one: "Cycle") -> tuple[str, ...]:
    low, high, end = _stand(one.began), _stand(one.peak), _stand(one.emptied)
    return (flow.site_id, flow.zone, flow.sensor, *low, _amount(one.filled), *high, _amount(one.left), *end)


def _stand(one: "Stand | None") -> tuple[str, str]:
    from sattrack.steps.phrasing import stamp

    return ("not seen", "") if one is None else (stamp(one.time), f"{one.boxes:,.0f}")


def _amount(one: "Moved | None") -> str:
    return "" if one is None else f"{one.value:,.0f} {_ends(one)}".strip()


def _ends(one: "Moved") -> str:
    from sattrack.steps.phrasing import bracketed

    return bracketed(one.low, one.high)
