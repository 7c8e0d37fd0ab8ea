"""Evidence in words: what was seen and what not, how it was counted and judged, and what that does not prove."""

import datetime as dt
import math
from collections.abc import Iterable

from sattrack.phrases import some
from sattrack.reports.cells import clean, discreet, shown
from sattrack.reports.change_values import sentence
from sattrack.reports.evidence_case import Case, Sight
from sattrack.reports.evidence_pictures import credit, headline
from sattrack.reports.wording import share, when
from sattrack.results import CLOUDS_JUDGED
from sattrack.steps.flow_phrasing import flow_sentence
from sattrack.steps.phrasing import how_often_wrong


def bracket(case: Case) -> tuple[dt.datetime | None, dt.datetime]:
    """Between which times the change lies: after the first, and at the latest at the second. None where nothing is before."""
    before = case.before.count.datetime if case.before else None
    return before, case.alert.datetime


def bracket_sentence(case: Case) -> str:
    """Between which two scenes the change came about."""
    first, last = bracket(case)
    if first is None:
        return f"No earlier scene of this series could be assessed: when it came about before {when(last)} is not known."
    if case.flow is not None:
        return (
            f"The boxes were added up over the scenes from {when(first)} to {when(last)}; between which of them the threshold "
            "was passed is said above. The pictures are the two ends: what came and went between shows in neither."
        )
    return (
        f"What changed did so after {when(first)} and by {when(last)}. No other scene of this series that could be assessed "
        "lies between the two; one that showed too little, or of another sensor, may."
    )


def seen(case: Case) -> list[str]:
    """What each scene showed, and what became of the boxes."""
    said = [f"{one.role.capitalize()}, {when(one.count.datetime)}: {headline(one)}." for one in case.sights]
    earlier = next((one for one in case.alerts if case.before and one.scene_id == case.before.count.scene_id), None)
    if earlier is not None and earlier.level in ("alert", "warning"):
        said.append(f"The scene before was itself out of the ordinary ({earlier.level}): it does not show what was usual.")
    if case.after is None:
        said.append("The alert's own scene gave no boxes: see counts.csv for the reason.")
    if case.flow is not None:
        said += [clean(flow_sentence(case.flow, direction=way)) for way in ("fall", "rise")]
    told = case.exchange
    if told is not None and told.by == "boxes":
        ends = "" if told.left.low is None else f" (in brackets {told.level:.0%} intervals)".replace("%", " %")
        said.append(
            f"On the ground that both scenes show ({share(told.shared_fraction)} of the site): {clean(sentence(told))}{ends}. "
            "Arrived and left are lower bounds: what came and went between the scenes was not seen."
        )
        # Without them kept, arrived and left seem not to add up.
        said += [f"{note[:1].upper()}{note[1:].rstrip('.')}." for note in map(clean, told.notes)]
    elif case.apart and case.flow is None:
        said.append(f"Which boxes stayed, came or went was not told: {discreet(case.apart, locations=_places(case))}.")
    return said


def unseen(case: Case) -> list[str]:
    """What the scenes could not show."""
    said = []
    for one in case.sights:
        own = [discreet(note, locations=_places(case)) for note in one.count.notes]
        if one.count.observed_fraction < 1:
            own.append(f"only {share(one.count.observed_fraction)} of the site was seen; nothing was added for the rest")
        if not one.count.cloud_checked:
            judged = any(note.startswith(CLOUDS_JUDGED) for note in one.count.notes)
            own.append(
                "boxes under thin cloud or haze, or in a shadow of cloud, would be missing unnoticed"
                if judged
                else "no cloud mask came with the scene: boxes under cloud would be missing unnoticed"
            )
        if one.missing:
            own.append(f"no pixel of the scene is shown: {missing_words(one)}")
        said += [f"{one.role.capitalize()}: {note.rstrip('.')}." for note in own]
    about_scene = set(case.after.count.notes) if case.after else set()
    notes = [discreet(note) for note in case.alert.notes if note not in about_scene]
    said += [f"{note[:1].upper()}{note[1:].rstrip('.')}." for note in notes]
    said.append("Boxes under others, under roofs and cranes, in holds: only the top layer is counted.")
    said.append("What is inside a box. No image shows that.")
    return list(dict.fromkeys(said))


def counted(case: Case) -> list[str]:
    """How the boxes were found and counted."""
    index, card = case.run.index, case.run.index.card
    but = " and inside no area left out" if any(one.excludes for one in case.run.sites) else ""
    said = [
        f"A neural network ({clean(card.id)}) looked at each scene in overlapping tiles at {card.gsd_m:g} m a pixel, and "
        f"marked what it takes for the visible top of a container. A box counts from a score of {index.threshold:g} where its "
        f"centre lies inside the outline{but}. Pixels were made 8-bit by one stretch for each scene, as in provenance.json.",
    ]
    if card.measured:
        said.append(
            "The 90 % interval of a count is carried over from a benchmark: it holds where this place and these pictures are "
            "like those on which the weights were measured."
        )
    else:
        said.append("Nothing was measured for these weights: how many boxes they miss or invent is not known.")
    return said


def judged(case: Case) -> list[str]:
    """How the count was held against its past, with the numbers that decided."""
    alert, settings = case.alert, case.settings
    said = [_way(case)]
    if alert.expected is not None:
        low, high = math.floor(alert.expected_low or 0), math.ceil(alert.expected_high or 0)
        said.append(
            f"Expected were {alert.expected:,.0f} boxes; 19 of 20 quiet scenes lie between {low:,} and {high:,}. A scene "
            f"is an alert where so rare a count has a chance of at most {settings.alarm_level:g} (one-sided), the share of "
            f"false ones among the month's alerts of all sites (q) is at most {settings.false_discovery:g}, and at least "
            f"{settings.least_change:g} boxes changed. A site's counts are taken to scatter by a relative variance of "
            f"{settings.usual_spread:g} until its history says otherwise."
        )
        q = "" if alert.q_value is None else f", q = {alert.q_value:.2g}"
        said.append(f"Here p = {alert.p_value or 0:.2g}{q}. They rest on the model: below 0.0001 they mean only very small.")
    if often := how_often_wrong(alert.method, level=settings.alarm_level):
        said.append(f"On simulated noise, not on ports, this rule raises {often}.")
    return said


def _way(case: Case) -> str:
    """The rule by which the alert was judged."""
    alert, settings = case.alert, case.settings
    past = f"{some(alert.history, 'past scene')} of the same site, zone, class of sensor, model and threshold"
    ways = {
        "farrington": f"The count was held against {past}, of the {settings.baseline_days:,g} days before, those of the last "
        f"{settings.guard_days:g} days left out as long as nine remain. The rule takes counts as overdispersed Poisson, in "
        "proportion to the share of the site seen, gives past outbreaks little weight, and follows a trend where the history "
        "supports one (Farrington and others 1996, Noufaily and others 2012).",
        "ears-t": f"The count was held against {past}: their mean and spread a share seen, by Student's t (EARS). Nine past "
        "scenes would allow a better rule.",
        "two scenes": f"Only {past} could be used, too few to say what is usual. The two newest counts were compared by their "
        "own intervals.",
        "flow": f"Between {past}, the sure falls or rises were added up: a lower bound of what moved, with the counts' own "
        "errors left out of it as far as they can be told. Boxes that came and went between two scenes are in none of it.",
        "none": "Nothing of the same series could be held against this scene.",
    }
    return ways.get(alert.method, f"Method: {alert.method}.")


def not_proved(case: Case) -> list[str]:
    """What no pack can prove."""
    alert = case.alert
    way = {"rise": "more", "fall": "less"}.get(alert.direction, "")
    told = f"that a count is {way} than its own past explains" if way else "how a count stands to its own past"
    if alert.level == "not_assessable":
        told = f"that a count is {way} than the one before, not that this is unusual" if way else "that no change is sure"
    if alert.kind == "cumulative":
        told = "that the sum of what moved, as far as scenes show it, passed a number"
    return [
        "That the pictures show what their owner says: place, time and sensor are as stated with each file.",
        f"That the change is of the cause that anybody has in mind. It says {told}.",
        "That this pack is the one that was first made: whoever changes a file can change SHA256SUMS with it. Publish the "
        "pack's own sha256 elsewhere, or sign it.",
    ]  # fmt: skip


def amounts_of(case: Case) -> list[float]:
    """The cumulative threshold that the alert is of, in boxes; empty where it is of a scene."""
    return [case.alert.alarm_above] if case.alert.kind == "cumulative" and case.alert.alarm_above is not None else []


def commands(case: Case) -> list[str]:
    """What repeats the pack, from the scenes that provenance.json lists."""
    extra = "" if case.imagery else " --no-imagery"
    more = "".join(f" --cumulative {one:g}" for one in amounts_of(case))
    detect = "sattrack detect SCENES --sites site.geojson --config settings.yaml -o again"
    if case.site is None:
        detect = detect.replace(" --sites site.geojson", "")
    again = [
        f"sattrack alert again --config settings.yaml --level normal{more}",
        f"sattrack evidence again {case.alert.id} --config settings.yaml{more}{extra} -o again.zip",
        "sattrack evidence PACK.zip --verify --run again",
    ]
    return [detect, *again]


def repeating(case: Case) -> list[str]:
    """What must be at hand for the commands, and what they cannot repeat."""
    card = case.run.index.card
    said = [
        f"SCENES is a folder with the {some(len(case.counts), 'scene')} of provenance.json; their sha256 stand there.",
        f"The weights are {clean(card.id)}, sha256 {clean(card.sha256) or 'not stated'}. Where the default is another, "
        "name them with --weights, and what runs them (after the +; torch where there is none) with --backend.",
        f"The run itself was made by: {discreet(case.run.index.command, locations=_places(case))}. What that gave beside the "
        "files (times, pixel sizes, masks, a detector) must be given again.",
    ]  # fmt: skip
    if case.alert.q_value is not None:
        said.append("The q-value is over all sites of the run in that month; a run of this site alone gives another one.")
    return said


def licences(case: Case) -> list[str]:
    """Terms of the pictures, the weights and the rest."""
    said = []
    for one in case.sights:
        state = "no pixel of it is in this pack" if one.pixels is None else "its pixels in this pack remain under its own terms"
        said.append(f"{one.role.capitalize()} ({clean(one.count.scene_id)}). {credit(one)}; {state}.")
    if any(not one.parts[0].scene.licence for one in case.sights if one.pixels is not None):
        said.append(
            "Where no licence is stated, ask the provider before you pass a picture on, or make a pack with --no-imagery."
        )
    card = case.run.index.card
    said.append(f"Weights: {clean(card.id)}, {clean(card.licence) or 'licence not stated'}.")
    outline = shown(case.run.index.sites_file) or "none given"
    said.append(f"Outline: {outline}; numbers and boxes were derived from the pictures by sattrack (AGPL-3.0-or-later).")
    return said


def missing_words(one: Sight) -> str:
    """Why a sight shows no pixel, for a caption; empty where it does."""
    return discreet(one.missing, locations=[part.scene.location for part in one.parts])


def _places(case: Case) -> Iterable[str]:
    return case.run.index.locations
