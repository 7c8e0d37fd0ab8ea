"""Series: counts put in time, one series for each site, zone, class of sensor, model and threshold, which are never mixed."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from sattrack.phrases import some
from sattrack.steps.observing import too_little
from sattrack.timeline import Count, Observation, Series, Site

# Sister satellites that see alike; what is not here is a class of its own name.
_CLASSES = (
    (r"planetscope|dove|superdove|psb?[-. ]?sd|ps2([-. ]?sd)?", "planetscope"),
    (r"sky-?sat[-_ ]?c?\d*|ssc?\d+", "skysat"),
    (r"pl[eé]iades[-_ ]?neo[-_ ]?\d*|pneo[-_ ]?\d*", "pleiades-neo"),
    (r"pl[eé]iades[-_ ]?(1[ab])?|phr[-_ ]?(1[ab])?", "pleiades"),
    (r"wv-?0?(\d)|world-?view-?0?(\d)", "worldview-{}"),
    (r"ge-?0?1|geo-?eye-?1?", "geoeye-1"),
    (r"sentinel-?2[abcd]?|s2[abcd]?", "sentinel-2"),
    (r"landsat-?0?[89]|lc0?[89]", "landsat-8-9"),
    (r"spot-?0?[67]", "spot-6-7"),
)
# Of a sensor without a name the pixel size is what tells it, metres: too different ones are not one sensor.
_STEPS_M = (0.2, 0.38, 0.75, 1.3, 4.0)
UNNAMED = "unnamed"


@dataclass(frozen=True, slots=True)
class Reading:
    """One count of any origin, with what decides the series that it stands in."""

    site_id: str
    site_name: str
    zone: str
    sensor: str
    model_id: str
    threshold: float | None
    observation: Observation
    place: tuple[float, float] | None = None
    gsd_m: float | None = None


def sensor_class(name: str, *, gsd_m: float | None = None) -> str:
    """The name under which sensors that see alike share a baseline; for an unnamed one, a step of pixel sizes (metres)."""
    if name.startswith(f"{UNNAMED}, "):
        return name  # a step already, as in a series that was written
    plain = re.sub(r"[\s_]+", "-", name.strip()).casefold()
    for pattern, called in _CLASSES:
        found = re.fullmatch(pattern, plain)
        if found:
            return called.format(next((g for g in found.groups() if g), ""))
    if plain:
        return plain
    if not gsd_m:
        return UNNAMED
    above = next((step for step in _STEPS_M if gsd_m < step), None)
    if above is None:
        return f"{UNNAMED}, from {_STEPS_M[-1]:g} m"
    below = max((step for step in _STEPS_M if step < above), default=0.0)
    return f"{UNNAMED}, {below:g} to {above:g} m" if below else f"{UNNAMED}, below {above:g} m"


def readings_of(counts: Iterable[Count], *, sites: Sequence[Site] = ()) -> Iterator[Reading]:
    """A run's counts as readings. Scenes that do not reach a site, or whose time is unknown, have no place in its series."""
    places = {site.id: _place(site) for site in sites if not site.zone}
    for count in counts:
        if count.datetime is None or count.status == "outside":
            continue
        seen = Observation(
            count.scene_id, count.datetime, count.count, count.count_low, count.count_high, count.observed_fraction,
            count.status, count.interval_level, count.notes,
        )  # fmt: skip
        yield Reading(
            count.site_id, count.site_name, count.zone, count.sensor, count.model_id, count.threshold, seen,
            places.get(count.site_id), count.gsd_m if count.gsd_m > 0 else None,  # of what cannot be described it is no number
        )  # fmt: skip


def series_of(readings: Iterable[Reading], *, min_observed: float = 0.0) -> tuple[Series, ...]:
    """Series in order of their first reading's site, each in time; scenes of which less was seen are kept and marked.

    Where a site and zone has several series, each says what the others hold. A scene of which nothing is known, its sensor
    neither, stands in each of them: it may have been of any.
    """
    groups: dict[tuple[str, str, str, str, float | None], tuple[Reading, list[Observation]]] = {}
    classes: dict[tuple[str, float | None], str] = {}
    unknown: list[Reading] = []
    for one in readings:
        if one.observation.count is None and not one.sensor and not one.gsd_m:
            unknown.append(one)
            continue
        named = (one.sensor, one.gsd_m)
        if named not in classes:
            classes[named] = sensor_class(one.sensor, gsd_m=one.gsd_m)
        key = (one.site_id, one.zone, classes[named], one.model_id, one.threshold)
        first, seen = groups.setdefault(key, (one, []))
        seen.append(_marked(one.observation, min_observed=min_observed))
        if first.place is None and one.place is not None:
            groups[key] = (one, seen)
    of_any: dict[tuple[str, str, str, float | None], list[list[Observation]]] = {}
    for (site, zone, _, model, threshold), (_, seen) in groups.items():
        of_any.setdefault((site, zone, model, threshold), []).append(seen)
    for one in unknown:
        place = (one.site_id, one.zone, one.model_id, one.threshold)
        if place not in of_any:
            groups[*place[:2], UNNAMED, *place[2:]] = (one, [])
            of_any[place] = [groups[*place[:2], UNNAMED, *place[2:]][1]]
        for seen in of_any[place]:
            seen.append(_marked(one.observation, min_observed=min_observed))
    found = []
    for (site, zone, sensor, model, threshold), (first, seen) in groups.items():
        seen.sort(key=lambda one: (one.datetime, one.scene_id))
        found.append(Series(site, first.site_name or site, zone, sensor, model, threshold, tuple(seen), first.place))
    return tuple(_with_breaks(found))


def _marked(one: Observation, *, min_observed: float) -> Observation:
    if one.status != "done" or (one.count is not None and one.observed_fraction >= max(min_observed, 1e-9)):
        return one
    short = too_little(one.observed_fraction, least=min_observed) or "nothing of the site was seen"
    reason = "no count" if one.count is None else short
    return replace(one, status="not_assessable", notes=(*one.notes, reason))


def _with_breaks(found: Sequence[Series]) -> Iterable[Series]:
    alike: dict[tuple[str, str], list[Series]] = {}
    for one in found:
        alike.setdefault((one.site_id, one.zone), []).append(one)
    for one in found:
        others = [other for other in alike[one.site_id, one.zone] if other is not one]
        yield replace(one, breaks=tuple(_break(one, other) for other in others)) if others else one


def _break(one: Series, other: Series) -> str:
    """What the other series is, and why it is no baseline of this one."""
    kinds = []
    if other.sensor != one.sensor:
        kinds.append(f"by another sensor ({other.sensor})")
    if other.model_id != one.model_id:
        kinds.append(f"by another model ({other.model_id or 'not named'})")
    if other.threshold != one.threshold:
        kinds.append(f"at another threshold ({'not named' if other.threshold is None else f'{other.threshold:g}'})")
    # A scene of which nothing is known stands in both, and is no other sensor's.
    both = {(seen.datetime, seen.scene_id) for seen in one.observations if seen.count is None}
    if (one.model_id, one.threshold) != (other.model_id, other.threshold):
        both.clear()
    known = [seen for seen in other.observations if seen.count is not None or (seen.datetime, seen.scene_id) not in both]
    own = known or other.observations
    n, first, last = len(own), own[0].datetime, own[-1].datetime
    span = f"{_day(first)} to {_day(last)}" if n > 1 else _day(first)
    return f"{some(n, 'scene')} {', '.join(kinds)}, {span}, not used in this baseline"


def _day(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _place(site: Site) -> tuple[float, float] | None:
    """A point inside the outline, longitude and latitude."""
    if site.outline is None:
        return None
    import shapely
    from shapely.geometry import shape

    point = shapely.point_on_surface(shape(site.outline))
    return float(point.x), float(point.y)
