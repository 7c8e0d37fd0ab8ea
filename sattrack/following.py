"""Following: from a run, or a CSV of anybody's counts, to what was moved at its sites; and what a chain of sites says."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sattrack.assessing import open_series
from sattrack.changes import Exchange, Total
from sattrack.changing import changes_of_run
from sattrack.errors import UsageError
from sattrack.flows import Agreement, Chain, Flow, Moved, Movement
from sattrack.phrases import some
from sattrack.settings import Settings
from sattrack.steps.chaining import agreement, flow_at
from sattrack.steps.crossing import alerts_of
from sattrack.steps.flowing import flow_of
from sattrack.steps.observing import percent
from sattrack.timeline import Alert, Series


@dataclass(frozen=True, slots=True)
class Followed:
    """Flows of all series, the alerts of cumulative thresholds, what the chain's links say, and what must be said."""

    flows: tuple[Flow, ...]
    alerts: tuple[Alert, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    notes: tuple[str, ...] = ()


def follow(
    source: Path, *, settings: Settings, threshold: float | None = None, site: str | None = None,
    since: dt.datetime | None = None, until: dt.datetime | None = None, amounts: Sequence[float] = (),
    chain: Chain | None = None, boxes: bool = False,
) -> Followed:  # fmt: skip
    """The flows of a run folder or a CSV of counts, each series by itself.

    since, until: the period, none for all. amounts: cumulative thresholds, in boxes. boxes: match boxes one to one between the
    scenes of a run, which reads the pictures again. UsageError where a site is not known, or no place of the chain is.
    """
    if boxes and (not source.is_dir() or threshold is not None):
        raise UsageError(
            "only the boxes of a run, as it was last counted, can be matched", where=str(source),
            way_out="leave --boxes out, or give a run folder without --threshold",
        )  # fmt: skip
    if since is not None and until is not None and since > until:
        raise UsageError(f"--since {since:%Y-%m-%d} lies after --until {until:%Y-%m-%d}", way_out="swap them")
    found = open_series(source, settings=settings, threshold=threshold)
    sites = sorted({one.site_id for one in found.series})
    if site is not None and site not in sites:
        raise UsageError(f"there is no series of {site!r}", where=str(source), way_out=f"one of {', '.join(sites[:20])}")
    if chain is not None and not any(place.site_id in sites for place in chain.places):
        raise UsageError(
            f"no place of the chain {chain.name!r} has a series", where=str(source),
            way_out=f"it names {', '.join(one.site_id for one in chain.places)}; there are {', '.join(sites[:20]) or 'none'}",
        )  # fmt: skip
    flows = [flow_of(one, since=since, until=until, amounts=amounts) for one in found.series]
    agreements = agreements_of(chain, flows) if chain else []
    shown = [one for one in flows if site is None or one.site_id == site]
    # The neighbours of each series: another sensor's scenes may lie between them.
    pairs = [(one.site_id, one.zone, m.earlier.scene_id, m.later.scene_id) for one in shown for m in one.movements]
    if boxes and pairs:
        shown = with_boxes(shown, (one.exchange for one in changes_of_run(source, site=site, wanted=pairs)))
    alerts = [alert for one in shown for alert in alerts_of(one)]
    notes = (*found.notes, *(missing_places(chain, flows) if chain else ()), *not_passed(shown, amounts))
    return Followed(tuple(shown), tuple(alerts), tuple(agreements), notes)


def not_passed(flows: Sequence[Flow], amounts: Sequence[float]) -> list[str]:
    """A note for each threshold of which nothing else would be said."""
    passed = {one.amount for flow in flows for one in flow.crossings}
    unseen = [some(round(amount), "box", "boxes") for amount in amounts if amount not in passed]
    return [f"no series shows that {boxes} left or came" for boxes in unseen]


def cumulative_alerts(found: Iterable[Series], *, amounts: Sequence[float]) -> list[Alert]:
    """Alerts of the thresholds that each series passed since its first scene."""
    return [alert for one in found for alert in alerts_of(flow_of(one, amounts=amounts))] if amounts else []


def agreements_of(chain: Chain, flows: Sequence[Flow]) -> list[Agreement]:
    """What each link of the chain says, in their order."""
    at = {place.site_id: flow_at(flows, site_id=place.site_id, zone=place.zone) for place in chain.places}
    return [agreement(link, at[link.source], at[link.target]) for link in chain.links]


def missing_places(chain: Chain, flows: Sequence[Flow]) -> list[str]:
    """A note for each place of the chain that no series is of."""
    return [
        f"the chain's {place.role} {place.site_id}{f' ({place.zone})' if place.zone else ''} has no series"
        for place in chain.places
        if flow_at(flows, site_id=place.site_id, zone=place.zone) is None
    ]


def with_boxes(flows: Sequence[Flow], exchanges: Iterable[Exchange]) -> list[Flow]:
    """Flows whose movements are told by matched boxes, but where less than the counts say moved on what both scenes show."""
    by_pair = {(one.site_id, one.zone, one.earlier, one.later): one for one in exchanges}
    told = []
    for flow in flows:
        moves = tuple(
            _by_boxes(move, by_pair.get((flow.site_id, flow.zone, move.earlier.scene_id, move.later.scene_id)))
            for move in flow.movements
        )
        sums = (_sum(one.left for one in moves), _sum(one.arrived for one in moves))
        matched = any(move.by == "boxes" for move in moves)
        told.append(replace(flow, movements=moves, by_boxes=sums if matched else None))
    return told


def _by_boxes(move: Movement, one: Exchange | None) -> Movement:
    if one is None:
        return replace(move, why="the two scenes were not compared")
    left, arrived = _moved(one.left), _moved(one.arrived)
    if left is None or arrived is None:
        return replace(move, why=one.why)
    # Boxes that were there all the time by what faintly lies in their place are fewer moved, but no less seen.
    without = len(one.before) - len(one.pairs), len(one.after) - len(one.pairs)
    if without[0] < move.left.value or without[1] < move.arrived.value:
        share = percent(one.shared_fraction)
        return replace(move, why=f"fewer boxes moved on what can be compared of the {share} of the site that both show")
    return replace(move, left=left, arrived=arrived, by="boxes")


def _moved(total: Total) -> Moved | None:
    return None if total.value is None else Moved(float(total.value), total.low, total.high)


def _sum(parts: Iterable[Moved]) -> Moved:
    """Ends are added like the boxes: one detector at one place errs alike at all scenes."""
    every = list(parts)
    value = sum(one.value for one in every)
    if any(one.low is None or one.high is None for one in every):
        return Moved(value)
    return Moved(value, sum(one.low or 0.0 for one in every), sum(one.high or 0.0 for one in every))
