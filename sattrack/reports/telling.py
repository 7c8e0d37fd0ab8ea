"""Telling: a run's counts arranged as a reader meets them - places, series, rows, and what was not seen."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sattrack.phrases import first_of, some
from sattrack.ports import Finished
from sattrack.reports.cells import KnownPlaces, clean, discreet, shown
from sattrack.reports.cloud_words import cloud_words
from sattrack.reports.wording import STATUS, clock, day, interval, share, short_day, state, utc, when, whole
from sattrack.results import SceneOutcome
from sattrack.steps.counting import LEFT_OUT
from sattrack.timeline import Count

# Rows that a table of the page holds; counts.csv has them all.
MOST_ROWS = 2_000
TOO_LITTLE = "showed too little of the site for its number to stand; numbers in brackets are what was found"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table of counts. number is in brackets where it must not be read as the site's count."""

    day: str
    clock: str
    scene: str
    sensor: str
    number: str
    interval: str
    seen: str
    lengths: str
    teu: str
    threshold: str
    status: str
    kind: str
    notes: str


@dataclass(frozen=True, slots=True)
class Headline:
    """The latest number of a place, and what must be said beside it."""

    number: str
    unit: str
    moment: str
    interval: str
    seen: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """A site's, or a zone's, counts; latest first in rows. key: the zone as counts have it; undated: what is said of scenes
    without a date.
    """

    key: str
    zone: str
    headline: Headline | None
    counts: tuple[Count, ...]
    rows: tuple[Row, ...]
    undated: str
    # Older scenes that have no row here: a page of a million rows opens nowhere.
    more: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """A site with its zones; `whole` is none where only zones were outlined."""

    id: str
    name: str
    note: str
    whole: Series | None
    zones: tuple[Series, ...]
    unseen: tuple[str, ...]

    @property
    def every(self) -> tuple[Series, ...]:
        """The whole, where it was outlined, and its zones."""
        return ((self.whole,) if self.whole else ()) + self.zones

    @property
    def lead(self) -> Series:
        """The series that speaks for the place."""
        return self.whole or self.zones[0]


def places_of(run: Finished) -> tuple[Place, ...]:
    """Every site that was outlined, or, without outlines, every scene as its own."""
    # Of each site and zone the counts that reach it, how many do not, and what the site is called by its counts.
    series: dict[tuple[str, str], list[Count]] = {}
    outside: Counter[tuple[str, str]] = Counter()
    named: dict[str, str] = {}
    for count in run.counts:
        if count.site_name:
            named.setdefault(count.site_id, count.site_name)
        if count.status == "outside":
            outside[count.site_id, count.zone] += 1
        else:
            series.setdefault((count.site_id, count.zone), []).append(count)
    # Sites that no scene touches are places too: nothing seen is not the same as nothing there.
    keys: dict[str, dict[str, None]] = {}
    for site, zone in [*((s.id, s.zone) for s in run.sites if not s.excludes), *series]:
        keys.setdefault(site, {})[zone] = None
    known = KnownPlaces(run.index.locations)
    places = []
    for site_id, zoned in keys.items():
        told = [_series(zone, series.get((site_id, zone), []), known) for zone in zoned]
        outlines = [s for s in run.sites if s.id == site_id and not s.excludes]
        names = [s.name for s in outlines if not s.zone] or [s.name for s in outlines]
        names += [named.get(site_id, "")]
        whole = next((one for one in told if not one.zone), None)
        zones = tuple(one for one in told if one.zone)
        # Where only zones were outlined each may have been hidden while another was seen.
        unseen = [
            f"{one.zone}: {said}" if one.zone and len(zones) > 1 else said
            for one in ((whole,) if whole else zones)
            for said in _unseen(one.counts, outside[site_id, one.key])
        ]
        note = next((s.notes for s in outlines if s.notes), "")
        places.append(
            Place(
                site_id,
                clean(next(filter(None, names), site_id)),
                clean(note),
                whole,
                zones,
                tuple(unseen),
            )
        )
    return tuple(places)


def in_time(counts: Iterable[Count]) -> list[Count]:
    """Oldest first; scenes without a date before all others, so that a latest one is never among them by accident."""
    return sorted(counts, key=_moment)


def _moment(count: Count) -> tuple[bool, dt.datetime, str]:
    return (count.datetime is not None, utc(count.datetime or dt.datetime.min), count.scene_id)


def latest(counts: Iterable[Count]) -> Count | None:
    """The last scene that gave a number; a scene without a date only where none has one."""
    counted = [c for c in in_time(counts) if state(c) in ("full", "part")]
    return counted[-1] if counted else None


def problems(outcomes: Iterable[SceneOutcome], *, locations: KnownPlaces) -> tuple[dict[str, str], ...]:
    """Scenes that gave nothing, with the reason: refused and failed ones first, then those skipped."""
    order = {"failed": 0, "refused": 1, "skipped": 2}
    bad = sorted((o for o in outcomes if o.status in order), key=lambda o: (order[o.status], o.part))
    return tuple(
        {
            "scene": clean(o.part or o.scene_id),
            "status": STATUS[o.status],
            "kind": o.status,
            "reason": discreet(o.reason, locations=locations).removeprefix(f"{shown(o.location)}: "),
        }
        for o in bad
    )


def sources(outcomes: Iterable[SceneOutcome]) -> tuple[dict[str, str], ...]:
    """Who the pictures come from and on what terms, with the number of scenes; what is not stated is said so."""
    seen: dict[tuple[str, str, str], set[str]] = {}
    for o in outcomes:
        if o.status == "done" and o.scene:
            terms = (clean(o.scene.sensor), clean(o.scene.source), clean(o.scene.licence))
            seen.setdefault(terms, set()).add(o.scene_id)
    return tuple(
        {
            "sensor": sensor or "not stated",
            "source": source or "not stated",
            "licence": licence or "not stated",
            "scenes": some(len(ids), "scene"),
        }
        for (sensor, source, licence), ids in sorted(seen.items())
    )


def span(counts: Iterable[Count]) -> str:
    """From the first day to the last one that gave a number."""
    days = sorted(utc(c.datetime) for c in counts if c.datetime is not None and state(c) in ("full", "part"))
    if not days:
        return ""
    return day(days[0]) if days[0].date() == days[-1].date() else f"{day(days[0])} to {day(days[-1])}"


def row_of(count: Count, *, locations: Iterable[str] | KnownPlaces) -> Row:
    """One line of the table."""
    number = "" if count.count is None else whole(count.count)
    if number and count.status != "done":
        number = f"({number})"
    classes = (count.n_20ft, count.n_40ft, count.n_45ft)
    notes = [discreet(note, locations=locations) for note in dict.fromkeys(count.notes) if note]
    if count.cap_hit and not any("lower bound" in note for note in notes):
        notes.append("a cap on boxes was reached: the number is a lower bound")
    kind = state(count)
    return Row(
        day=short_day(count.datetime) if count.datetime else "date unknown",
        clock=clock(count.datetime) if count.datetime else "",
        scene=clean(count.scene_id),
        sensor=clean(count.sensor),
        number=number,
        interval=interval(count) if count.status == "done" else "",
        seen="" if kind == "failed" else share(count.observed_fraction),
        lengths="" if None in classes or count.status != "done" else " / ".join(whole(n or 0) for n in classes),
        teu="" if count.teu is None or count.status != "done" else f"{count.teu:,.0f}",
        threshold=f"{count.threshold:g}",
        status="Partly seen" if kind == "part" else STATUS.get(count.status, count.status),
        kind=kind,
        notes="; ".join(notes),
    )


def _series(zone: str, counts: Sequence[Count], locations: KnownPlaces) -> Series:
    ordered = in_time(counts)
    undated = [c for c in ordered if c.datetime is None]
    said = first_of([f"{clean(c.scene_id)} ({_number(c)})" for c in undated], most=12)
    return Series(
        key=zone,
        zone=clean(zone),
        headline=_headline(ordered),
        counts=tuple(ordered),
        rows=tuple(row_of(c, locations=locations) for c in ordered[: -MOST_ROWS - 1 : -1]),
        undated=said,
        more=max(0, len(ordered) - MOST_ROWS),
    )


def _number(count: Count) -> str:
    return whole(count.count or 0) if state(count) in ("full", "part") else STATUS.get(count.status, count.status).lower()


def _headline(ordered: Sequence[Count]) -> Headline | None:
    last = latest(ordered)
    if last is None or last.count is None:
        return None
    warnings = []
    later = [c for c in ordered if c.datetime and last.datetime and utc(c.datetime) > utc(last.datetime)]
    if later:
        warnings.append(f"{some(len(later), 'later scene')} gave no number: see the table")
    if last.cap_hit:
        warnings.append("a cap on boxes was reached: this is a lower bound")
    return Headline(
        number=whole(last.count),
        unit="visible container" if last.count == 1 else "visible containers",
        moment=when(last.datetime) if last.datetime else f"date unknown, scene {clean(last.scene_id)}",
        interval=interval(last),
        seen=share(last.observed_fraction),
        warnings=tuple(warnings),
    )


def _unseen(counts: Sequence[Count], outside: int) -> tuple[str, ...]:
    """Sentences on what these scenes could not show of a place."""
    said = []
    counted = [c for c in counts if state(c) in ("full", "part")]
    partly = [c for c in counted if state(c) == "part"]
    if not counts:
        said.append("No scene shows this place: nothing is known of it from this run.")
    if partly:
        least = min(c.observed_fraction for c in partly)
        said.append(
            f"In {len(partly)} of {some(len(counted), 'counted scene')} part of the site was not seen "
            f"(at worst {share(least)} was). Nothing was added for the ground out of sight."
        )
    for kind, words in (
        ("not_assessable", TOO_LITTLE),
        ("refused", "refused, as boxes could not be counted in it"),
        ("failed", "failed and gave nothing"),
    ):
        n = sum(c.status == kind for c in counts)
        if n:
            verb = "" if kind != "refused" else ("was " if n == 1 else "were ")
            said.append(f"{some(n, 'scene')} {verb}{words}.")
    left_out = dict.fromkeys(note for c in counts for note in c.notes if LEFT_OUT in note)
    said += [f"{clean(note[:1].upper() + note[1:])}." for note in left_out]
    said += cloud_words(counted)
    if outside:
        said.append(f"{some(outside, 'scene')} of this run {'does' if outside == 1 else 'do'} not reach this place.")
    return tuple(said)
