"""Alarm telling: what a page says of a place's alarms, each with its sentence, and of how many scenes were judged."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sattrack.phrases import some
from sattrack.reports.alerts import sentence_of
from sattrack.reports.cells import discreet
from sattrack.reports.wording import when
from sattrack.steps.ears import LEAST_SCENES
from sattrack.timeline import Alert

# Methods that hold a scene against a history; the others only say that it is too short.
_JUDGED = ("farrington", "ears-t")


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """One alert or warning. level and direction choose the mark; pair: the id of its pictures on the page, or empty;
    evidence: the address of its pack beside the page, or empty."""

    id: str
    level: str
    direction: str
    way: str
    when: str
    sentence: str
    notes: str
    pair: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Alarms:
    """A place's alarms, latest first, one sentence on what was judged, and what stands in no baseline of another."""

    lines: tuple[AlarmLine, ...]
    judged: str
    breaks: tuple[str, ...]


def raised(alerts: Iterable[Alert]) -> list[Alert]:
    """Alerts and warnings of scenes, latest first; those on cumulative amounts are told with what moved."""
    grave = [one for one in alerts if one.level in ("alert", "warning") and one.kind == "scene"]
    return sorted(grave, key=lambda a: (a.datetime, a.scene_id), reverse=True)


def judged(alerts: Iterable[Alert]) -> list[Alert]:
    """Those of scenes that were held against a history."""
    return [one for one in alerts if one.method in _JUDGED and one.expected is not None]


def alarms_of(
    alerts: Sequence[Alert], *, breaks: Iterable[str] = (), pairs: Iterable[str] = (), packs: Path | None = None
) -> Alarms:
    """The alarms of one site or zone. breaks: of its series, said once for all. pairs: ids of the pictures that the page shows;
    packs: the folder beside which the page stands, where evidence packs may lie; none: they are not linked.
    """
    shown, known = set(pairs), tuple(dict.fromkeys(breaks))
    lines = tuple(
        _line(one, pair=f"pair-{one.id}" if f"pair-{one.id}" in shown else "", known=known, packs=packs)
        for one in raised(alerts)
    )
    return Alarms(lines, _told(alerts), tuple(discreet(one) for one in known))


def way(alert: Alert) -> str:
    """Alert: rise"""
    name = alert.level.capitalize()
    return f"{name}: {alert.direction}" if alert.direction in ("rise", "fall") else name


def _line(one: Alert, *, pair: str, known: Sequence[str], packs: Path | None) -> AlarmLine:
    notes = [note for note in dict.fromkeys(one.notes) if note not in known]
    there = packs is not None and one.evidence_path and (packs / one.evidence_path).is_file()
    return AlarmLine(
        id=one.id, level=one.level, direction=one.direction, way=way(one), when=when(one.datetime),
        sentence=sentence_of(one), notes=discreet("; ".join(notes)), pair=pair,
        evidence=quote(one.evidence_path) if there else "",
    )  # fmt: skip


def _told(alerts: Sequence[Alert]) -> str:
    """How many scenes were judged, with what outcome, and what kept others from it."""
    scenes = [one for one in alerts if one.kind == "scene"]
    held = judged(scenes)
    if not scenes:
        return "No scene with a known time shows this place, so nothing was judged."
    levels = Counter(one.level for one in held)
    short = sum(one.level == "not_assessable" and one.observed is not None for one in scenes)
    unseen = sum(one.level == "not_assessable" and one.observed is None for one in scenes)
    if held:
        graded = [some(levels["alert"], "alert"), some(levels["warning"], "warning")]
        told = f"{some(len(held), 'scene')} held against the past: {', '.join(graded)}, {levels['normal']} ordinary."
    else:
        told = f"No scene could be held against a past: that takes {LEAST_SCENES} assessable scenes before it."
    if short and held:
        told += f" {some(short, 'scene')} came too early for that, or showed too little of the site."
    if unseen:
        told += f" {some(unseen, 'scene')} gave no number."
    return told
