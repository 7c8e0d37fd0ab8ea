"""Wording: numbers, times and states of a run as a reader meets them in print."""

import datetime as dt

from sattrack.flows import Moved
from sattrack.imagery import Viewing
from sattrack.steps.observing import percent
from sattrack.steps.phrasing import bracketed, outward
from sattrack.timeline import Count

STATUS = {
    "done": "Counted",
    "not_assessable": "Not assessable",
    "refused": "Refused",
    "failed": "Failed",
    "skipped": "Skipped",
    "outside": "Outside the scene",
}
# From this share on a site is shown as wholly seen: the sampling of the outline is not finer.
WHOLLY_SEEN = 0.995


def utc(moment: dt.datetime) -> dt.datetime:
    """The moment in UTC; one without a zone is taken as UTC."""
    return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def day(moment: dt.datetime) -> str:
    """3 October 2025"""
    m = utc(moment)
    return f"{m.day} {m:%B} {m.year}"


def short_day(moment: dt.datetime) -> str:
    """3 Oct 2025"""
    m = utc(moment)
    return f"{m.day} {m:%b} {m.year}"


def clock(moment: dt.datetime) -> str:
    """10:42 UTC, or nothing where only the day is known."""
    m = utc(moment)
    return "" if (m.hour, m.minute, m.second) == (0, 0, 0) else f"{m:%H:%M} UTC"


def when(moment: dt.datetime | None) -> str:
    """Day and time, or that there is none."""
    if moment is None:
        return "date unknown"
    return " ".join(filter(None, (short_day(moment), clock(moment))))


def viewing_words(viewing: Viewing) -> str:
    """off nadir 12.3°, sun 45.1° high from 160°, clouds on 5 %"""
    said = [] if viewing.off_nadir_deg is None else [f"off nadir {viewing.off_nadir_deg:.1f}°"]
    sun = [] if viewing.sun_elevation_deg is None else [f"{viewing.sun_elevation_deg:.1f}° high"]
    sun += [] if viewing.sun_azimuth_deg is None else [f"from {viewing.sun_azimuth_deg % 360:.0f}°"]
    said += [f"sun {' '.join(sun)}"] if sun else []
    return ", ".join([*said, *([] if viewing.cloud_cover is None else [f"clouds on {share(viewing.cloud_cover)} of it"])])


def whole(number: float) -> str:
    """1,234"""
    return f"{round(number):,}"


def share(fraction: float) -> str:
    """A fraction as a percentage that never claims all, or nothing, where it is only nearly so."""
    return percent(fraction).replace("%", " %")


def interval(count: Count) -> str:
    """190–240, outward to whole boxes; empty where none was measured."""
    if count.count_low is None or count.count_high is None:
        return ""
    low, high = outward(count.count_low, count.count_high)
    return f"{low:,}–{high:,}"


def moved_words(moved: Moved) -> str:
    """at least 1,040 [1,002, 1,099] boxes, outward to whole ones"""
    unit = "box" if round(moved.value) == 1 else "boxes"
    return " ".join(filter(None, ("at least", whole(moved.value), bracketed(moved.low, moved.high), unit)))


def state(count: Count) -> str:
    """One of full, part, none, failed: how a count is drawn."""
    if count.status == "done" and count.count is not None:
        return "full" if count.observed_fraction >= WHOLLY_SEEN else "part"
    return "failed" if count.status in ("failed", "refused") else "none"


def metres(length: float) -> str:
    """250 m, 2 km"""
    return f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
