"""Phrasing: one sentence for each alert, that can be printed as it stands."""

import datetime as dt
import math

from sattrack.phrases import some
from sattrack.steps.false_alarms import false_alarms
from sattrack.steps.observing import percent
from sattrack.steps.two_scenes import Change
from sattrack.timeline import Alert, Cusum, Observation

# Smaller ones are beyond what a history of some dozen scenes can tell.
_LEAST_P = 1e-4


def judged_sentence(alert: Alert, *, level: float) -> str:
    """What was seen and expected, how unlikely that is, how much of the site was visible, and how often such rules err.

    level: the alarm level, one-sided.
    """
    ending = f"{_visible(alert)}, held against {alert.history} past scenes"
    if alert.level == "normal":
        return (
            f"{_head(alert)}: {_boxes(alert.observed)} seen where {_expected(alert)} were expected, nothing out of the ordinary"
            f"{ending}; {_noticed(alert)}."
        )
    unusual = "more" if alert.direction == "rise" else "fewer"
    held = "" if alert.level == "alert" else ", not enough for an alarm"
    often = how_often_wrong(alert.method, level=level)
    erring = f"; tested on noise, this rule raises {often}" if often else ""
    return (
        f"{_head(alert)}: {_boxes(alert.observed)} seen, {unusual} than the {_expected(alert)} expected "
        f"({chance(alert.p_value)}{held}){ending}{erring}."
    )


def two_scene_sentence(alert: Alert, earlier: Observation | None, change: Change | None) -> str:
    """What can be said of a scene whose history is too short for an alarm."""
    head = f"{_head(alert)}: {_boxes(alert.observed)} seen{_visible(alert)}"
    if earlier is None or change is None:
        return f"{head}; the first scene of its series that could be assessed, which nothing can be held against."
    low, high = outward(change.low, change.high)
    least, most = sorted((abs(low), abs(high)))
    whole, when = _whole(min(alert.observed_fraction, earlier.observed_fraction)), _when(earlier.datetime)
    if change.direction == "none":
        told = f"no sure change{whole} since {when} ({low:+,} to {high:+,} boxes)"
    else:
        way = "more" if change.direction == "rise" else "fewer"
        told = f"{least:,} to {most:,} boxes {way}{whole} than on {when}"
    unsure = "" if change.known else ", the counts' own errors left out"
    return f"{head}; {told} (95 % interval{unsure}), but too few past scenes to say whether that is unusual."


def unseen_sentence(alert: Alert, one: Observation) -> str:
    """Why a scene says nothing."""
    bare = one.count is None and one.status == "not_assessable"
    why = "nothing was counted" if bare else f"marked as {one.status.replace('_', ' ')}"
    reason = "; ".join(dict.fromkeys(note for note in one.notes if note)) or why
    return f"{_head(alert)}: cannot be assessed ({reason}), so that no change can be told or ruled out."


def cusum_note(second: Cusum) -> str:
    """The second opinion, where it signals."""
    way = "more" if second.direction == "rise" else "fewer"
    return (
        f"second opinion (CUSUM): since {second.since:%Y-%m-%d} the counts are {second.factor:.2g} times those before, {way} "
        f"than chance explains ({chance(second.p_value)})"
    )


def how_often_wrong(method: str, *, level: float) -> str:
    """4 false alarms in 1,000 quiet scenes, as measured on noise at an alarm level; empty for a rule that was not measured."""
    rate = 1000 * false_alarms(method, level=level)
    if not rate:
        return ""
    number = "fewer than 1 false alarm" if rate < 0.5 else "1 false alarm" if rate < 1.5 else f"{rate:,.0f} false alarms"
    return f"{number} in 1,000 quiet scenes"


def outward(low: float, high: float) -> tuple[int, int]:
    """The ends of an interval of boxes, outward to whole ones: more than none is at least one, and never shown as nought."""
    first, last = math.floor(low), math.ceil(high)
    return max(first, 1) if low > 0 else first, min(last, -1) if high < 0 else last


def bracketed(low: float | None, high: float | None) -> str:
    """[1,002, 1,099], outward to whole boxes; empty where an end is not known."""
    if low is None or high is None:
        return ""
    first, last = outward(low, high)
    return f"[{first:,}, {last:,}]"


def banded(low: float, high: float) -> str:
    """[37, 76]: what is expected, which is a mean and no number of boxes, between its ends, outward to whole ones."""
    return f"[{math.floor(low):,}, {math.ceil(high):,}]"


def stamp(moment: dt.datetime) -> str:
    """2024-05-31 08:15, or the day alone at midnight, which is what a bare date becomes."""
    return f"{moment:%Y-%m-%d}" if (moment.hour, moment.minute, moment.second) == (0, 0, 0) else f"{moment:%Y-%m-%d %H:%M}"


def chance(p: float | None) -> str:
    """p = 0.0004, or p < 0.0001."""
    if p is None:
        return "p unknown"
    return "p < 0.0001" if p < _LEAST_P else f"p = {p:.1g}"


def _head(alert: Alert) -> str:
    zone = f", {alert.zone}" if alert.zone else ""
    return f"{alert.site_name or alert.site_id}{zone}, {_when(alert.datetime)}"


def _when(moment: dt.datetime) -> str:
    """The time too, where it is known: two scenes may be of one day."""
    when = stamp(moment)
    return f"{when} UTC" if ":" in when else when


def _boxes(count: float | None) -> str:
    if count is None:
        return "nothing"
    return some(round(count), "container")


def _expected(alert: Alert) -> str:
    return f"{alert.expected or 0.0:,.0f} {banded(alert.expected_low or 0.0, alert.expected_high or 0.0)}"


def _noticed(alert: Alert) -> str:
    """How large a rise would not have been missed: what is expected is of the ground seen, the rise of the whole site."""
    least = alert.minimum_detectable
    if least is None:
        return "the count's own interval is too wide for any rise to be noticed"
    whole = _whole(alert.observed_fraction)
    return f"{math.ceil(least):,} boxes more than expected{whole} would have been noticed four times in five"


def _whole(share: float) -> str:
    """What a number of boxes is of, beside others of the part that was seen."""
    return " in the whole site" if share < 0.995 else ""


def _visible(alert: Alert) -> str:
    return f", {percent(alert.observed_fraction)} of the site visible".replace("%", " %")
