"""News: a run in five lines of plain words - which sites alarmed, when first, what moved, what was not seen, what was quiet."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sattrack.findings import Findings
from sattrack.flows import Flow, Moved
from sattrack.phrases import first_of, some
from sattrack.ports import Finished
from sattrack.reports.alarm_telling import judged
from sattrack.reports.alerts import sentence_of
from sattrack.reports.cells import clean
from sattrack.reports.telling import Place
from sattrack.reports.wording import WHOLLY_SEEN, share, short_day, when, whole
from sattrack.results import CLOUDS_JUDGED
from sattrack.steps.ears import LEAST_SCENES
from sattrack.steps.phrasing import banded, bracketed, chance
from sattrack.timeline import Alert, Count

# Sites that a line names before it only counts the rest.
_NAMED = 4


@dataclass(frozen=True, slots=True)
class NewsLine:
    """One line. about: what it answers; grave: whether it tells of an alarm."""

    about: str
    text: str
    grave: bool = False


def news(run: Finished, findings: Findings, places: Sequence[Place], *, own: bool) -> tuple[NewsLine, ...]:
    """The five lines. own: without outlines each scene is its own place, and nothing can be said of changes."""
    names, alike = _short({place.id: place.name for place in places})
    if own:
        what = "No outlines were given, so each scene is its own place and has no past: nothing is said of changes here."
        way_out = "Count the run with --sites to hold scenes against each other."
        if not any(one.scene and one.scene.grid.georeferenced for one in run.index.outcomes):
            way_out = "No picture has coordinates, so none can lie in an outline: sattrack changes compares two of them."
        return NewsLine("Alarms", f"{what} {way_out}"), _unseen(run.counts)
    # Amounts that were passed are told with what moved.
    alerts = [one for one in findings.alerts if one.kind == "scene"]
    alarms = [one for one in alerts if one.level == "alert"]
    return (
        _alarmed(alerts, alarms, names, alike),
        _first(alerts, alarms, names),
        _moved(findings.flows, names),
        _unseen(run.counts, [names[place.id] for place in places if not any(one.counts for one in place.every)]),
        _quiet(alerts, names),
    )


def _short(names: dict[str, str]) -> tuple[dict[str, str], str]:
    """The names without the bracket that all of them end with, and that bracket, to be said once."""
    ends = {found[0] if (found := re.search(r" \([^()]+\)$", name)) else "" for name in names.values()}
    if len(names) < 2 or len(ends) > 1:
        return names, ""
    end = ends.pop()
    return {site: name.removesuffix(end) for site, name in names.items()}, end


def _alarmed(every: Sequence[Alert], alarms: Sequence[Alert], names: dict[str, str], alike: str) -> NewsLine:
    about = "Which sites alarmed"
    watched = {one.site_id for one in judged(every)}
    blind = len(names) - len(watched)
    untold = f" {some(blind, 'site')} had too few past scenes to be judged." if blind else ""
    if not watched:
        return NewsLine(
            about, f"None could: an alarm takes {LEAST_SCENES} assessable past scenes of one site, sensor and model, "
            "and no site has them.",
        )  # fmt: skip
    if not alarms:
        scenes = len({(one.site_id, one.scene_id) for one in judged(every)})
        warned = Counter(one.site_id for one in every if one.level == "warning")
        also = f" {some(sum(warned.values()), 'warning')}: {_named(warned, names)}." if warned else ""
        return NewsLine(about, f"None of {some(len(watched), 'site')} in {some(scenes, 'judged scene')}.{also}{untold}")
    alarmed = len({one.site_id for one in alarms})
    ways = f"Rises: {_ways(alarms, 'rise', names)}. Falls: {_ways(alarms, 'fall', names)}."
    return NewsLine(about, f"{alarmed} of {some(len(names), 'site')}{alike}. {ways}{untold}", grave=True)


def _first(every: Sequence[Alert], alarms: Sequence[Alert], names: dict[str, str]) -> NewsLine:
    about = "When first"
    if alarms:
        first = min(alarms, key=lambda a: (a.datetime, a.zone != "", a.scene_id))
        return NewsLine(about, _first_words(first, names), grave=True)
    scenes = [one.datetime for one in judged(every)]
    if not scenes:
        return NewsLine(about, "Nothing was judged.")
    return NewsLine(about, f"No alarm from {when(min(scenes))} to {when(max(scenes))}.")


def _first_words(one: Alert, names: dict[str, str]) -> str:
    """The alert's numbers; its whole sentence, with how often such rules err, stands in the list of alarms."""
    if one.observed is None or one.expected is None:
        return sentence_of(one)
    seen, unusual = some(round(one.observed), "container"), "more" if one.direction == "rise" else "fewer"
    expected = f"{whole(one.expected)} {banded(one.expected_low or 0.0, one.expected_high or 0.0)}"
    visible = f"; {share(one.observed_fraction)} of the site was visible" if one.observed_fraction < WHOLLY_SEEN else ""
    return (
        f"{_name(one, names)}, {when(one.datetime)}: {seen} seen, {unusual} than the {expected} expected "
        f"({chance(one.p_value)}){visible}."
    )


def _name(one: Alert | Flow, names: dict[str, str]) -> str:
    return names.get(one.site_id, clean(one.site_name)) + (f" ({clean(one.zone)})" if one.zone else "")


def _moved(flows: Sequence[Flow], names: dict[str, str]) -> NewsLine:
    """Of each site the flow whose total is largest; nothing is added over sites, since one box may be counted at several."""
    about = "What must have moved"
    best: dict[str, Flow] = {}
    whole_sites = {flow.site_id for flow in flows if not flow.zone}
    for flow in flows:
        if not flow.movements or (flow.zone and flow.site_id in whole_sites):
            continue
        if flow.site_id not in best or _most(flow) > _most(best[flow.site_id]):
            best[flow.site_id] = flow
    told = [_flow_words(flow, names) for flow in sorted(best.values(), key=_most, reverse=True) if _most(flow) > 0]
    if not told:
        return NewsLine(about, "No sure movement between scenes." if best else "Not told: no site has two assessable scenes.")
    more = f" {some(len(told) - 3, 'site')} more moved less." if len(told) > 3 else ""
    return NewsLine(
        about, " ".join(told[:3]) + more + " In brackets 95 %; what came and went between two scenes is in none of it."
    )


def _flow_words(flow: Flow, names: dict[str, str]) -> str:
    out, into = (_amount(one) if _sure(one) else "" for one in (flow.departed, flow.arrived))
    told = f"at least {out} boxes out" if out else "none out for sure"
    told += f" and {into} in" if out and into else f" and at least {into} boxes in" if into else ", none in for sure"
    return f"{_name(flow, names)}: {told}, {short_day(flow.since)} to {short_day(flow.until)}."


def _amount(moved: Moved) -> str:
    return f"{whole(moved.value)} {bracketed(moved.low, moved.high)}".strip()


def _sure(moved: Moved) -> bool:
    return moved.value >= 0.5 and (moved.low is None or moved.low > 0)


def _most(flow: Flow) -> float:
    """The larger sure total."""
    return max((one.value for one in (flow.departed, flow.arrived) if _sure(one)), default=0.0)


def _unseen(counts: Iterable[Count], dark: Sequence[str] = ()) -> NewsLine:
    """Of all scenes at all sites, each a look; zones are parts of their sites and not counted beside them. dark: names of the
    sites that no scene shows.
    """
    every = list(counts)
    whole_sites = {one.site_id for one in every if not one.zone}
    looks = [c for c in every if c.status != "outside" and (not c.zone or c.site_id not in whole_sites)]
    numbered = [one for one in looks if one.status == "done" and one.count is not None]
    part = sum(one.observed_fraction < WHOLLY_SEEN for one in numbered)
    bare = [one for one in numbered if not one.cloud_checked]
    unjudged = sum(not any(note.startswith(CLOUDS_JUDGED) for note in one.notes) for one in bare)
    if not looks:
        return NewsLine("What was not seen", "Anything: no scene shows a site.")
    blind = len(looks) - len(numbered)
    told = f"{some(len(looks), 'look')} at a site: "
    told += f"{blind} gave no number" if blind else "all gave a number"
    told += f", {part} showed a part of it only." if part else "."
    if len(bare) > unjudged:
        told += f" Thick cloud was judged from the picture, for want of a mask, in {len(bare) - unjudged:,}."
    if unjudged:
        told += f" Cloud was not looked for in {unjudged:,}: boxes under it would be missing without notice."
    if dark:
        told += f" Shown by no scene: {_list(dark)}."
    return NewsLine("What was not seen", f"{told} Boxes under other boxes are never seen.")


def _quiet(every: Sequence[Alert], names: dict[str, str]) -> NewsLine:
    about = "What was quiet"
    loud = {one.site_id for one in every if one.level in ("alert", "warning")}
    held = judged(every)
    calm = list(dict.fromkeys(one.site_id for one in held if one.site_id not in loud))
    if not held:
        return NewsLine(about, "Cannot be told: no scene could be held against a past.")
    if not calm:
        return NewsLine(about, "No judged site was without a warning.")
    told = [_calm_words([one for one in held if one.site_id == site], names) for site in calm[:_NAMED]]
    more = f" {some(len(calm) - _NAMED, 'site')} more." if len(calm) > _NAMED else ""
    return NewsLine(about, " ".join(told) + more + " Quiet means that nothing stood out, not that nothing moved.")


def _calm_words(held: Sequence[Alert], names: dict[str, str]) -> str:
    last = max(held, key=lambda a: (a.zone == "", a.datetime))
    scenes = len({one.scene_id for one in held})
    told = f"{names.get(last.site_id, clean(last.site_name))} in {some(scenes, 'judged scene')}"
    if last.minimum_detectable is None:
        return f"{told}: a rise of any size could have gone unnoticed, so wide is the count's own interval."
    return f"{told}: a rise of fewer than {some(math.ceil(last.minimum_detectable), 'box', 'boxes')} could have gone unnoticed."


def _ways(alarms: Sequence[Alert], direction: str, names: dict[str, str]) -> str:
    """North Quay in 2 scenes; a scene counts once, whether the site, zones of it, or both alarmed."""
    own = dict.fromkeys((one.site_id, one.scene_id) for one in alarms if one.direction == direction)
    n = Counter(site for site, _ in own)
    return _list([f"{names.get(site, site)} in {some(k, 'scene')}" for site, k in n.items()]) or "none"


def _named(own: Counter[str], names: dict[str, str]) -> str:
    return _list([f"{names.get(site, site)} ({n})" for site, n in own.items()])


def _list(words: Sequence[str]) -> str:
    """A, B and C; beyond some, how many more."""
    if len(words) > _NAMED:
        return first_of(words, most=_NAMED)
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
