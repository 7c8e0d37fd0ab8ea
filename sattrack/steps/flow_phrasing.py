"""Phrasing of flows: one sentence for what left or came, for a threshold passed, and for two sites of a chain."""

import datetime as dt

from sattrack.flows import Agreement, Crossing, Flow, Moved
from sattrack.phrases import some
from sattrack.steps.observing import percent
from sattrack.steps.phrasing import bracketed, chance

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_VERBS = {"fall": "left", "rise": "came to"}
_UNSURE = {"fall": "left", "rise": "come to"}


def flow_sentence(flow: Flow, *, direction: str) -> str:
    """What left (fall) or came (rise) over the period, at the least, with its interval and what was not seen."""
    total = flow.departed if direction == "fall" else flow.arrived
    past = _VERBS[direction]
    place, when = _place(flow), between_times(flow.since, flow.until)
    if not flow.movements:
        return f"What {past} {place} cannot be told: fewer than two scenes could be assessed."
    if total.low is None:
        head = f"{_boxes(total)} {past} {place} {when} by the counts alone, whose errors are not known"
    elif total.low <= 0:
        nobody = "No box" if flow.by_boxes is None else "By the counts alone, no box"  # matched boxes may say otherwise
        head = f"{nobody} is sure to have {_UNSURE[direction]} {place} {when}: {_boxes(total)}"
    else:
        head = f"At least {_boxes(total)} {past} {place} {when}"
    return f"{head}{_scenes(flow)}."


def boxes_sentence(flow: Flow) -> str:
    """What matched boxes say of the same period, with the net changes where none could be; empty where none were matched."""
    if flow.by_boxes is None:
        return ""
    left, came = flow.by_boxes
    matched = sum(one.by == "boxes" for one in flow.movements)
    pairs = f"{matched} of {some(len(flow.movements), 'pair')} of scenes"
    others = ", and by counts between the others" if matched < len(flow.movements) else ""
    return (
        f"By boxes matched one to one between {pairs}{others}, {_boxes(left)} left {_place(flow)} "
        f"{between_times(flow.since, flow.until)}, and {_boxes(came)} came."
    )


def crossing_sentence(flow: Flow, crossing: Crossing) -> str:
    """When a cumulative threshold was passed, how sure that is, and the total of the scenes up to that by which it was."""
    past = _VERBS[crossing.direction]
    sure = (
        f"surely by {_time(crossing.latest)}" if crossing.latest is not None
        else "not yet surely" if crossing.total.low is not None
        else "by the counts alone, whose errors are not known"
    )  # fmt: skip
    return (
        f"{some(round(crossing.amount), 'box', 'boxes')} {past} {_place(flow)} since {_time(crossing.since)}: passed "
        f"{between_times(*crossing.reached)}, at the earliest after {_time(crossing.earliest)}, {sure}; "
        f"{_boxes(crossing.total)} up to {_time(crossing.reached[1])}{_by(flow)}."
    )


def agreement_sentence(one: Agreement) -> str:
    """What a link's two sites say together; consistent is no proof, and not consistent is none of the contrary."""
    link = one.link
    way = f"{link.source} to {link.target}"
    if not one.departures:
        return f"{way}: cannot be told, since {one.why}."
    times, followed = some(one.departures, "time"), some(one.matched, "was", "were")
    seen = (
        f"of {times} that boxes left {link.source} while {link.target} was watched, {followed} followed by an arrival there "
        f"{link.least_days:g} to {link.most_days:g} days later"
    )
    if one.matched:
        seen += f", best with {one.lag_days:.1f} days (arrivals at other times fit as well with {chance(one.p_value)})"
    if one.verdict == "cannot be told":
        return f"{way}: cannot be told, since {one.why}; {seen}."
    if one.verdict == "consistent":
        return f"{way}: consistent; {seen}. That is no proof that they are the same boxes."
    return f"{way}: not consistent; {seen}. Boxes that came and went between two scenes would not have been seen."


def between_times(first: dt.datetime, last: dt.datetime) -> str:
    """between 19 Oct 11:01 and 20 Oct 2023 15:43 UTC; days alone where only they are known."""
    days = all((one.hour, one.minute, one.second) == (0, 0, 0) for one in (first, last))
    begin = _day(first) if first.year != last.year else _day(first).rsplit(" ", 1)[0]
    if days:
        return f"between {begin} and {_day(last)}"
    return f"between {begin} {first:%H:%M} and {_day(last)} {last:%H:%M} UTC"


def _time(moment: dt.datetime) -> str:
    if (moment.hour, moment.minute, moment.second) == (0, 0, 0):
        return _day(moment)
    return f"{_day(moment)} {moment:%H:%M} UTC"


def _day(moment: dt.datetime) -> str:
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def _place(flow: Flow) -> str:
    return f"{flow.site_name or flow.site_id}{f', {flow.zone},' if flow.zone else ''}"


def _boxes(total: Moved) -> str:
    """260 [231, 289] boxes; the ends outward to whole boxes."""
    value = round(total.value)
    ends = bracketed(total.low, total.high)
    if not ends:
        return some(value, "box", "boxes")
    return f"{value:,} {ends} boxes"


def _sensor(flow: Flow) -> str:
    """Whose scenes they are, where the sensor has a name: a site may have flows by several."""
    return f" of {flow.sensor}" if flow.sensor and not flow.sensor.startswith("unnamed") else ""


def _by(flow: Flow) -> str:
    return f" by scenes{_sensor(flow)}" if _sensor(flow) else ""


def _scenes(flow: Flow) -> str:
    """What it rests on, where that is more than two scenes."""
    said = [] if len(flow.movements) == 1 else [f"by {len(flow.movements) + 1} scenes{_sensor(flow)}"]
    shares = [stand.observed_fraction for one in flow.movements for stand in (one.earlier, one.later)]
    if min(shares) < 0.995:
        said.append(f"of which the least shows {percent(min(shares))} of the site".replace("%", " %"))
    if flow.unseen:
        said.append(f"{flow.unseen} more could not be assessed")
    return f" ({', '.join(said)})" if said else ""
