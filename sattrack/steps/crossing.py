"""Crossing: when the boxes that left, or came, since a time passed an amount, as a bracket of times."""

from collections.abc import Sequence
from dataclasses import replace

from sattrack.flows import Crossing, Flow, Moved
from sattrack.steps.alarming import alert_id
from sattrack.steps.flow_phrasing import crossing_sentence
from sattrack.steps.summing import moved
from sattrack.steps.two_scenes import Whole
from sattrack.timeline import Alert, Observation

METHOD = "flow"


def crossings(
    seen: Sequence[Observation], wholes: Sequence[Whole], *, amounts: Sequence[float], known: bool = True
) -> tuple[Crossing, ...]:  # fmt: skip
    """The amounts (boxes) that the sums of falls and of rises since the first scene passed, falls first, in order of amount.

    seen: assessable, in order of time, wholes: theirs. Each scene's totals are of the scenes up to it, as they were known on
    its day; what was once passed stays passed.
    """
    if len(seen) < 2 or not amounts:
        return ()
    sums = [moved(wholes[: k + 1], known=known) for k in range(1, len(seen))]
    found = []
    for direction, totals in (("fall", [out for out, _ in sums]), ("rise", [into for _, into in sums])):
        found += [_crossing(seen, totals, amount=amount, direction=direction) for amount in sorted(set(amounts))]
    return tuple(one for one in found if one is not None)


def _crossing(seen: Sequence[Observation], totals: Sequence[Moved], *, amount: float, direction: str) -> Crossing | None:
    """totals: one for each interval between scenes."""
    at = _first([one.value for one in totals], amount)
    if at is None:
        return None
    early = _first([one.value if one.high is None else one.high for one in totals], amount)
    late = _first([0.0 if one.low is None else one.low for one in totals], amount)
    return Crossing(
        amount=amount, direction=direction, since=seen[0].datetime,
        # The high end lies above the point at every scene, so that it has passed wherever the point has.
        earliest=seen[at if early is None else early].datetime,
        reached=(seen[at].datetime, seen[at + 1].datetime),
        latest=None if late is None else seen[late + 1].datetime, total=totals[at], scene_id=seen[at + 1].scene_id,
    )  # fmt: skip


def _first(values: Sequence[float], amount: float) -> int | None:
    return next((i for i, value in enumerate(values) if value >= amount), None)


def alerts_of(flow: Flow) -> list[Alert]:
    """An Alert of kind cumulative for each threshold that a flow passed.

    Level alert where the total's lower end has passed it by now, else warning. observed: the total, alarm_above: the threshold,
    history: the scenes that the total is of, at the scene by which it was reached.
    """
    return [_alert(flow, one) for one in flow.crossings]


def _alert(flow: Flow, one: Crossing) -> Alert:
    place = next(i for i, move in enumerate(flow.movements) if move.later.scene_id == one.scene_id)
    alert = Alert(
        id="", kind="cumulative", site_id=flow.site_id, site_name=flow.site_name, zone=flow.zone, scene_id=one.scene_id,
        datetime=one.reached[1], level="warning" if one.latest is None else "alert", direction=one.direction,
        observed=round(one.total.value, 1), expected=None, expected_low=None, expected_high=None, p_value=None, q_value=None,
        method=METHOD, history=place + 2, observed_fraction=flow.movements[place].later.observed_fraction, sensor=flow.sensor,
        model_id=flow.model_id, minimum_detectable=None, sentence=crossing_sentence(flow, one), alarm_above=one.amount,
        place=flow.place, notes=flow.notes, surely=one.latest,
    )  # fmt: skip
    return replace(alert, id=alert_id(alert))
