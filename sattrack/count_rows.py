"""The rows of a run's counts: one Count per site, zone and scene, of its parts and of what became of its other files."""

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from sattrack.packed import Lookup, Packed, in_order
from sattrack.planning import NO_PLACE, NOT_NEAR
from sattrack.results import ModelCard, Part, SceneOutcome, acquisitions, scenes_of
from sattrack.steps.counting import Rule, count_refused, count_site, own_site
from sattrack.steps.doubting import doubt_on_pixel_size
from sattrack.steps.picking import eligible_once, touches
from sattrack.steps.sizing import length_m
from sattrack.timeline import Count, Site

# More scenes of one moment than this are not named one by one.
_MOST_NAMED = 5
_LATER = "the detector did not look at this scene, which touched no site of the run: detect again with these outlines, or none"
_UNLAID = "the detector did not look at this picture, on which no outline could be laid: detect again without outlines"


def each_scene(parts: Mapping[str, Part]) -> Iterator[dict[str, Part]]:
    """The files of one scene after the other, by name: never more than these are in memory."""
    for names in acquisitions(parts).values():
        yield {name: parts[name] for name in names}


def on_ground(parts: Mapping[str, Part], scene_id: str) -> list[str]:
    """The names of those files of a scene that have a CRS, and so can be laid on one ground."""
    scenes = scenes_of(parts)
    return [name for name in acquisitions(parts).get(scene_id, ()) if scenes[name].grid.georeferenced]


def doubt_of(part: Part) -> str:
    """What speaks against the pixel size that somebody gave for a scene; georeferencing is not doubted."""
    if part.scene.grid.georeferenced:
        return ""
    sure = part.detections.scores > 0.5
    return doubt_on_pixel_size(length_m(part.detections.quads[sure], grid=part.scene.grid), gsd_m=part.scene.grid.gsd_m)


def count_all(
    parts: Mapping[str, Part], outcomes: Sequence[SceneOutcome], *, sites: Sequence[Site], card: ModelCard, rule: Rule
) -> Sequence[Count]:
    """One Count per (site, zone, scene) in order of site, then time; scenes that failed or were refused are rows too."""
    return counts_of(each_scene(parts), outcomes, sites=sites, card=card, rule=rule)


def counts_of(
    scenes: Iterable[Mapping[str, Part]], outcomes: Sequence[SceneOutcome], *, sites: Sequence[Site], card: ModelCard,
    rule: Rule,
) -> Sequence[Count]:  # fmt: skip
    """The same, of scenes with their files by name, each of which is drawn once."""
    places = [site for site in sites if not site.excludes]
    order = {(site.id, site.zone): i for i, site in enumerate(places)}
    far = dt.datetime.max.replace(tzinfo=dt.UTC)

    def placed(count: Count) -> tuple[object, ...]:
        return order.get((count.site_id, count.zone), 0), count.datetime or far, count.scene_id, count.site_id

    counts = in_order(_each_count(scenes, outcomes, sites=sites, card=card, rule=rule), key=placed)
    return Packed(_shown_twice(counts) if places else counts)


def _each_count(
    scenes: Iterable[Mapping[str, Part]], outcomes: Sequence[SceneOutcome], *, sites: Sequence[Site], card: ModelCard,
    rule: Rule,
) -> Iterator[Count]:  # fmt: skip
    """The counts of the scenes as they come; then those of scenes of which no file could be counted."""
    places, exclusions = [site for site in sites if not site.excludes], [site for site in sites if site.excludes]
    bad = [number for number, one in enumerate(outcomes) if one.status in ("failed", "refused")]
    away = [number for number, one in enumerate(outcomes) if _not_looked_at(one, outlined=bool(places))]
    bad_ids, away_ids = (Lookup(outcomes[number].scene_id for number in numbers) for numbers in (bad, away))
    partly: set[str] = set()
    beside: set[str] = set()
    for group in scenes:
        name = next(iter(group.values())).scene.id
        missing = [outcomes[bad[place]] for place in bad_ids.places(name)]
        passed_by = [outcomes[away[place]] for place in away_ids.places(name)]
        passed_over = [_later(one) for one in passed_by if _on_ground(one)]
        if missing or passed_over:
            partly.add(name)
        elif passed_by:
            beside.add(name)
        for alike, own in _comparable(list(group.values()), known_places=bool(places)):
            doubts = [doubt for part in alike if (doubt := doubt_of(part))]
            candidates = eligible_once(alike, exclusions=exclusions, overlap=rule.merge_overlap)
            for site in places or [own]:
                gone = [*missing, *(one for one in passed_over if one.scene and touches(site, scene=one.scene))]
                count = count_site(site, parts=alike, exclusions=exclusions, rule=rule, missing=gone, candidates=candidates)
                # Beside the number, too: a table is passed on without what was said of the run.
                doubted = bool(doubts) and count.count is not None
                yield replace(count, notes=tuple(dict.fromkeys((*count.notes, *doubts)))) if doubted else count
    for gone in _by_scene(outcomes, bad=bad, away=away, bad_ids=bad_ids, away_ids=away_ids):
        name = gone[0].scene_id
        if name in partly:
            continue
        if name in beside:  # the scene is counted by files that have coordinates: each that has none is a place of its own
            yield from (count_refused(_own(one.part, name), outcome=one, card=card, rule=rule) for one in gone)
            continue
        for site in places or [_own(name, name)]:
            there = [one for one in gone if one.scene is None or not places or touches(site, scene=one.scene)]
            if there:
                yield count_refused(site, outcome=_as_one(there), card=card, rule=rule)


def _by_scene(
    outcomes: Sequence[SceneOutcome], *, bad: Sequence[int], away: Sequence[int], bad_ids: Lookup, away_ids: Lookup
) -> Iterator[list[SceneOutcome]]:
    """The files of each scene that failed, were refused or passed over."""
    for alike in bad_ids.groups():
        failed = [outcomes[bad[place]] for place in alike]
        yield [*failed, *(_later(outcomes[away[place]]) for place in away_ids.places(failed[0].scene_id))]
    for alike in away_ids.groups():
        passed_over = [_later(outcomes[away[place]]) for place in alike]
        if passed_over[0].scene_id not in bad_ids:
            yield passed_over


def _later(outcome: SceneOutcome) -> SceneOutcome:
    return replace(outcome, status="not_assessable", reason=_LATER if _on_ground(outcome) else _UNLAID)


def _as_one(files: Sequence[SceneOutcome]) -> SceneOutcome:
    """What became of a scene none of whose files could be counted: a site has one row of it."""
    if len(files) == 1:
        return files[0]
    known = next((one for one in files if one.scene), next((one for one in files if one.acquired), files[0]))
    status = next((status for status in ("failed", "refused") if any(one.status == status for one in files)), files[0].status)
    return replace(known, status=status, reason="; ".join(f"{one.part}: {one.reason}" for one in files))


def _own(name: str, scene_id: str) -> Site:
    return Site(name, name, None, pixel_scene=scene_id)


def _on_ground(outcome: SceneOutcome) -> bool:
    return outcome.scene is not None and outcome.scene.grid.georeferenced


def _not_looked_at(outcome: SceneOutcome, *, outlined: bool) -> bool:
    """Whether the run passed over a scene since none of its outlines then lay on it: of later outlines it saw nothing. One
    without coordinates is in none, but without any outline it is a place of its own.
    """
    passed_over = (NOT_NEAR,) if outlined else (NOT_NEAR, NO_PLACE)
    return outcome.status == "skipped" and outcome.reason in passed_over and outcome.scene is not None


def _shown_twice(counts: Iterable[Count]) -> Iterator[Count]:
    """Says it where two scenes of one moment both show a site: they may be files of one acquisition, and half a site each.

    counts: in order of site, then time.
    """
    for (_, _, moment), alike in itertools.groupby(counts, key=lambda one: (one.site_id, one.zone, one.datetime)):
        if moment is None:
            yield from alike
            continue
        together = list(alike)
        names = [one.scene_id for one in together if one.count is not None]
        for count in together:
            if count.count is None or len(names) < 2:
                yield count
                continue
            others = [name for name in names[: _MOST_NAMED + 1] if name != count.scene_id][:_MOST_NAMED]
            more = f" and {len(names) - 1 - len(others)} more" if len(names) - 1 > len(others) else ""
            told = f"{', '.join(others)}{more}"
            note = f"the site is also in {told}, of the same time: files of one acquisition are joined by a manifest"
            yield replace(count, notes=(*count.notes, note))


def _comparable(group: list[Part], *, known_places: bool) -> list[tuple[list[Part], Site]]:
    """The files of one acquisition as they can be counted together, each group with the site that it is for itself.

    Those with a CRS are one group. Plain pictures have no common ground: each is its own, and on outlines none counts.
    """
    group = sorted(group, key=lambda part: part.scene.part)
    ground = [part for part in group if part.scene.grid.georeferenced]
    plain = [part for part in group if not part.scene.grid.georeferenced]
    if known_places:
        return [(ground or plain[:1], own_site(group[0].scene))]
    together = [(ground, own_site(ground[0].scene))] if ground else []
    return together + [([part], own_site(part.scene, alone=len(group) == 1)) for part in plain]
