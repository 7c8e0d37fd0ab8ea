"""Flow telling: what a page says of what moved at a place - a chart, totals, cycles, and the amounts that were passed."""

from dataclasses import dataclass

from sattrack.findings import Findings
from sattrack.flows import Cycle, Flow, Stand
from sattrack.reports.cells import clean, discreet
from sattrack.reports.flow_charts import flow_chart
from sattrack.reports.plates import Plate, plate_of
from sattrack.reports.wording import moved_words, when, whole
from sattrack.steps.flow_phrasing import crossing_sentence, flow_sentence
from sattrack.steps.phrasing import bracketed
from sattrack.steps.running_totals import running_totals

# Cycles that are listed; a page is no table of years.
_MOST_CYCLES = 24


@dataclass(frozen=True, slots=True)
class FlowTold:
    """One flow on the page. by: its sensor, where a place has several flows; level: of the intervals, percent, empty where
    there are none; crossings: of the amounts that were asked for."""

    plate: Plate
    by: str
    totals: tuple[str, ...]
    level: str
    cycles: tuple[str, ...]
    cycles_left: int
    crossings: tuple[str, ...]
    notes: tuple[str, ...]


def flows_told(findings: Findings, *, site_id: str, zone: str, name: str) -> tuple[FlowTold, ...]:
    """The flows of a site or zone, those of most scenes first; flows of which nothing could be compared are left out."""
    own = [one for one in findings.flows if (one.site_id, one.zone) == (site_id, zone) and one.movements]
    own.sort(key=lambda one: -len(one.movements))
    told = (_told(one, findings, name=name, several=len(own) > 1) for one in own)
    return tuple(one for one in told if one is not None)


def _told(flow: Flow, findings: Findings, *, name: str, several: bool) -> FlowTold | None:
    series = next((one for one in findings.series if one.key == flow.key), None)
    totals = running_totals(series, since=flow.since, until=flow.until) if series else []
    wide = flow_chart(flow, totals, width=820, height=380)
    narrow = flow_chart(flow, totals, width=350, height=380)
    if wide is None or narrow is None:
        return None
    return FlowTold(
        plate=plate_of(wide, narrow, title=f"What moved between scenes: {name} {clean(flow.zone)}".strip()),
        by=clean(flow.sensor) if several else "",
        totals=tuple(clean(flow_sentence(flow, direction=way)) for way in ("fall", "rise")),
        level=f"{100 * flow.level:.0f}" if flow.known else "",
        cycles=tuple(_cycle(one) for one in flow.cycles[-_MOST_CYCLES:]),
        cycles_left=max(len(flow.cycles) - _MOST_CYCLES, 0),
        crossings=tuple(clean(crossing_sentence(flow, one)) for one in flow.crossings),
        notes=tuple(discreet(note) for note in flow.notes if series is None or note not in series.breaks),
    )


def _cycle(one: Cycle) -> str:
    """From 41 on 3 Oct 2023 to 268 on 8 Oct 2023 and down to 12 on 19 Oct 2023: at least 227 [..] boxes in, ... out."""
    began = f"From {_stood(one.began)} to" if one.began else "First seen full, with"
    emptied = f" and down to {_stood(one.emptied)}" if one.emptied else ", not seen to empty"
    moved = [f"{moved_words(part)} {way}" for part, way in ((one.filled, "in"), (one.left, "out")) if part]
    return f"{began} {_stood(one.peak)}{emptied}: {', '.join(moved)}."


def _stood(one: Stand) -> str:
    boxes = f"{whole(one.boxes)} {bracketed(one.low, one.high)}".rstrip()
    return f"{boxes} on {when(one.time)}"
