"""What the demo found, held against the truth of its samples: surges, sums of what moved, arrivals, and quiet."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sattrack.cli.truth import Truth

if TYPE_CHECKING:
    from sattrack.findings import Findings
    from sattrack.flows import Flow, Moved
    from sattrack.timeline import Alert, Series

# The amount that the story is about, and how many times as many as ever before make a surge.
AMOUNT = 1000.0
_SURGE = 2.0


@dataclass(frozen=True, slots=True)
class Check:
    """Whether what was found fits the truth, and both in words."""

    fine: bool
    said: str


def checked(findings: "Findings", truth: Truth) -> Iterator[Check]:
    """Nothing without a chain: it says which site is the origin, and which are further down."""
    if findings.chain is None:
        return
    roles = {place.site_id: place.role for place in findings.chain.places}
    whole = [one for one in findings.series if not one.zone]
    flows = [one for one in findings.flows if not one.zone and one.movements]
    for series in whole:
        if roles.get(series.site_id) == "origin":
            yield _surge(series, _alerts(findings, series), truth)
    yield from _departures([one for one in flows if roles.get(one.site_id) == "origin"], truth)
    for flow in flows:
        if roles.get(flow.site_id) in ("transit", "destination"):
            yield _arrivals(flow, truth)
    for link in findings.agreements:
        yield Check(link.verdict == "consistent", f"{link.link.source} to {link.link.target}: {link.verdict}")
    for series in whole:
        if series.site_id not in roles:
            yield _calm(series, _alerts(findings, series))


def _surge(series: "Series", raised: "list[Alert]", truth: Truth) -> Check:
    """The first alert is at the first scene that shows more than twice as many boxes as any before."""
    from sattrack.reports.wording import when

    seen = series.assessable
    there = [truth.there.get((series.site_id, one.scene_id), 0) for one in seen]
    first = next((i for i in range(1, len(there)) if there[i] > _SURGE * max(there[:i])), None)
    shown = "no scene" if first is None else when(seen[first].datetime)
    found = when(raised[0].datetime) if raised else "never"
    fine = (first is None and not raised) or (first is not None and bool(raised) and raised[0].scene_id == seen[first].scene_id)
    return Check(fine, f"{_by(series)}: first alert {found}; the first scene that shows the surge: {shown}")


def _departures(flows: "Sequence[Flow]", truth: Truth) -> Iterator[Check]:
    """Each interval holds the true falls, no lower end is above all that left, and the largest total passes the amount."""
    for flow in flows:
        falls, _ = _true_sums(flow, truth)
        said = f"{_by(flow)}: {_moved(flow.departed)} left; true falls between its scenes: {falls:,}"
        yield Check(_holds(flow.departed, falls), said)
        low, left = flow.departed.low or 0.0, _all_left(flow, truth)
        yield Check(low <= left, f"{_by(flow)}: the lower end, {math.floor(low):,}, is not above all that left, {left:,}")
    if flows:
        most = max(flows, key=lambda one: one.departed.value)
        said = f"{_by(most)}: {_moved(most.departed)} left, to pass {AMOUNT:,.0f}"
        yield Check(most.departed.value >= AMOUNT, said)


def _all_left(flow: "Flow", truth: Truth) -> int:
    """Every box that left over the flow's period, whether a scene shows it or not."""
    own = [one for one in truth.moves if (one.site_id, one.sensor) == (flow.site_id, flow.sensor)]
    return sum(one.left for one in own if one.begin >= flow.since and one.end <= flow.until)


def _arrivals(flow: "Flow", truth: Truth) -> Check:
    """Some arrived for sure, and the interval holds what did."""
    _, rises = _true_sums(flow, truth)
    sure = flow.arrived.low is not None and flow.arrived.low > 0
    said = f"{_by(flow)}: {_moved(flow.arrived)} came; true rises between its scenes: {rises:,}"
    return Check(sure and _holds(flow.arrived, rises), said)


def _calm(series: "Series", raised: "Sequence[Alert]") -> Check:
    from sattrack.phrases import some

    seen = some(len(series.assessable), "scene")
    return Check(not raised, f"{_by(series)}: {some(len(raised), 'alert')} in {seen}, where nothing happened")


def _true_sums(flow: "Flow", truth: Truth) -> tuple[int, int]:
    """Falls and rises of what stood there at the flow's scenes."""
    falls = rises = 0
    for one in flow.movements:
        change = truth.there[flow.site_id, one.later.scene_id] - truth.there[flow.site_id, one.earlier.scene_id]
        falls, rises = falls + max(-change, 0), rises + max(change, 0)
    return falls, rises


def _alerts(findings: "Findings", series: "Series") -> "list[Alert]":
    """The series' alerts of scenes, in time."""
    own = [
        one
        for one in findings.alerts
        if (one.site_id, one.zone, one.sensor, one.kind, one.level) == (series.site_id, "", series.sensor, "scene", "alert")
    ]
    return sorted(own, key=lambda one: one.datetime)


def _holds(total: "Moved", true: int) -> bool:
    return total.low is not None and total.high is not None and total.low <= true <= total.high


def _moved(total: "Moved") -> str:
    from sattrack.reports.wording import moved_words

    return moved_words(total)


def _by(one: "Series | Flow") -> str:
    return f"{one.site_name} by {one.sensor}"
