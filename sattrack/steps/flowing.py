"""Flowing: a series' scenes become movements between them, and totals over a period."""

import datetime as dt
import itertools
from collections.abc import Sequence

from sattrack.flows import Flow, Moved, Movement
from sattrack.steps.crossing import crossings
from sattrack.steps.cycling import cycles, stand
from sattrack.steps.summing import FALLS, RISES, moved, part
from sattrack.steps.two_scenes import LEVEL, between, whole_site
from sattrack.timeline import Observation, Series

UNSURE = "some counts came without an interval, so that the totals have none"


def flow_of(
    series: Series, *, since: dt.datetime | None = None, until: dt.datetime | None = None, amounts: Sequence[float] = ()
) -> Flow:  # fmt: skip
    """What moved between the scenes of a series from `since` to `until`; amounts: cumulative thresholds, in boxes.

    With fewer than two assessable scenes there are no movements, and totals of nought without an interval.
    """
    inside = [
        one
        for one in series.observations
        if (since is None or one.datetime >= since) and (until is None or one.datetime <= until)
    ]
    seen = [one for one in inside if one.assessable]
    wholes = [whole_site(one) for one in seen]
    known = all(one.bounded for one in seen)
    departed, arrived = moved(wholes, known=known)
    notes = list(series.breaks)
    if len(seen) < 2:
        notes.append("fewer than two scenes could be assessed: nothing can be told of what moved")
    elif not known:
        notes.append(UNSURE)
    # Of a series without a scene in the period that end of it, or those ends, which were asked for.
    times = [one.datetime for one in seen or inside] or [time for time in (since, until) if time is not None]
    return Flow(
        site_id=series.site_id, site_name=series.site_name, zone=series.zone, sensor=series.sensor, model_id=series.model_id,
        since=min(times), until=max(times),
        movements=movements(inside), departed=departed, arrived=arrived, by_boxes=None,
        cycles=cycles(seen, wholes) if known else (), crossings=crossings(seen, wholes, amounts=amounts, known=known),
        unseen=len(inside) - len(seen), known=known, level=LEVEL, place=series.place, notes=tuple(notes),
    )  # fmt: skip


def movements(inside: Sequence[Observation]) -> tuple[Movement, ...]:
    """The net change between each assessable scene and the next, with the scenes between that could not be assessed."""
    rows = [i for i, one in enumerate(inside) if one.assessable]
    return tuple(
        _movement(inside[a], inside[b], skipped=tuple(one.scene_id for one in inside[a + 1 : b]))
        for a, b in itertools.pairwise(rows)
    )


def _movement(earlier: Observation, later: Observation, *, skipped: tuple[str, ...]) -> Movement:
    known = earlier.bounded and later.bounded
    wholes = whole_site(earlier), whole_site(later)
    change = between(*wholes, known=known)
    return Movement(
        earlier=stand(earlier, wholes[0]), later=stand(later, wholes[1]),
        change=Moved(change.change, change.low, change.high) if known else Moved(change.change),
        left=part(change, way=FALLS), arrived=part(change, way=RISES), skipped=skipped,
    )  # fmt: skip
