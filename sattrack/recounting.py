"""Recounting: from the parts of a run to its counts, with the outlines and the threshold of now; nothing is detected."""

import datetime as dt
import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from sattrack import wiring
from sattrack.errors import OutlineError, StoreError
from sattrack.packed import Lookup, Packed, in_order
from sattrack.planning import NO_PLACE, NOT_NEAR
from sattrack.ports import Store
from sattrack.readers.outlines.files import check_kept, read_outlines
from sattrack.readers.settings_file import load_settings
from sattrack.results import ModelCard, Part, RunIndex, SceneOutcome, acquisitions, scenes_of
from sattrack.run_parts import RunParts
from sattrack.settings import Settings
from sattrack.steps.counting import Rule, count_refused, count_site, own_site
from sattrack.steps.doubting import doubt_on_pixel_size
from sattrack.steps.picking import counted_in, eligible_once, touches
from sattrack.steps.sizing import length_m
from sattrack.stores.locations import Location
from sattrack.timeline import Count, Site
from sattrack.writing import write_whole

_SITES = TypeAdapter(tuple[Site, ...])
# How the note of a run begins that was stopped, or is at work.
STOPPED = "the run was stopped"
# What was made of a run's counts and stays beside others, with what makes it again.
ALERTS = "alerts.csv"
_LISTS = ((ALERTS, "sattrack alert"), ("flow.csv", "sattrack flow"))
# More scenes of one moment than this are not named one by one.
_MOST_NAMED = 5
_LATER = "the detector did not look at this scene, which touched no site of the run: detect again with these outlines, or none"
_UNLAID = "the detector did not look at this picture, on which no outline could be laid: detect again without outlines"


@dataclass(frozen=True, slots=True)
class Run:
    """A finished or interrupted run: its folder, index, counts and sites."""

    folder: Path
    index: RunIndex
    counts: Sequence[Count]
    sites: tuple[Site, ...]
    notes: tuple[str, ...] = ()

    @property
    def troubled(self) -> bool:
        """Whether any scene failed or was refused."""
        return any(outcome.status in ("failed", "refused") for outcome in self.index.outcomes)


@dataclass(frozen=True)
class Reopened:
    """A run as it was last counted, whose counts are made when they are asked for: most exports need none."""

    folder: Path
    index: RunIndex
    sites: tuple[Site, ...]
    parts: RunParts

    @cached_property
    def counts(self) -> Sequence[Count]:
        rule = rule_of(self.index, settings_of(self.index))
        return count_all(self.parts, self.index.outcomes, sites=self.sites, card=self.index.card, rule=rule)


def recount(
    folder: Path,
    *,
    sites: Path | None = None,
    no_sites: bool = False,
    threshold: float | None = None,
    min_observed: float | None = None,
    notes: Sequence[str] = (),
) -> Run:
    """Counts a run again from its parts, with other outlines or another threshold; writes counts.csv, scenes.csv, run.json.

    Without sites the outlines of the last count are kept; no_sites drops them, so that each scene is its own site. A page of
    other counts is removed. StoreError where another process writes into the folder: what is read here might be older than what
    that one has written meanwhile.
    """
    store = wiring.open_store(folder, create=False)
    with store.alone():
        return recount_held(store, sites=sites, no_sites=no_sites, threshold=threshold, min_observed=min_observed, notes=notes)


def recount_held(
    store: Store,
    *,
    sites: Path | None = None,
    no_sites: bool = False,
    threshold: float | None = None,
    min_observed: float | None = None,
    notes: Sequence[str] = (),
) -> Run:
    """The same, for whoever holds the folder already."""
    from sattrack.reports.listings import write_counts, write_scenes

    folder = store.root
    index = store.read_index()
    settings = settings_of(index, threshold=threshold, min_observed=min_observed)
    known = index.notes
    if sites is not None or no_sites:  # what was said of the old outlines is not of these
        index = replace(index, notes=tuple(note for note in known if note.startswith(STOPPED)))
    if sites is not None:
        outlines, said = read_outlines(sites)
        notes = [*notes, *(n for n in said if n not in notes)]
        index = replace(index, sites_file=sites.name)
    elif no_sites:
        outlines = ()
        index = replace(index, sites_file="")
    else:
        outlines = kept_sites(folder, index=index)
    rule = rule_of(index if threshold is None else replace(index, threshold=threshold), settings)
    parts = RunParts(store, index)
    counted = np.zeros(len(index.outcomes), np.int64)
    doubts: dict[int, str] = {}

    def marked() -> Iterator[dict[str, Part]]:
        """Each scene, once it is known how many of its boxes are counted, and what speaks against its pixel size."""
        for group in each_scene(parts):
            masks = counted_in(group, threshold=rule.threshold, sites=outlines, overlap=rule.merge_overlap)
            for name, part in group.items():
                number = parts.number(name)
                counted[number] = masks[name].sum()
                if doubt := _doubt(part):
                    doubts[number] = f"{name}: {doubt}"
            yield group

    counts = _counts_of(marked(), index.outcomes, sites=outlines, card=index.card, rule=rule)
    doubted = [doubt for _, doubt in sorted(doubts.items())]
    of_each = zip(index.outcomes, counted.tolist(), strict=True)
    index = replace(
        index, threshold=rule.threshold, settings=settings.model_dump(mode="json"),
        outcomes=Packed(one if one.counted == n else replace(one, counted=n) for one, n in of_each),
        notes=tuple(dict.fromkeys([*index.notes, *notes, *doubted])),
    )  # fmt: skip
    # Only now that all is counted: a part that cannot be read must not leave a run with the outlines of another count.
    if sites is not None or no_sites:
        keep_sites(outlines, folder=folder)
    store.write_index(index)
    tables = folder / "counts.csv", folder / "scenes.csv"
    before = [_digest(table) for table in tables]
    write_counts(counts, tables[0], locations=index.locations)
    write_scenes(index, tables[1])
    stale: list[str] = []
    if before != [_digest(table) for table in tables]:
        drop_page(folder)  # it would be taken for one of these counts
        stale = [f"{name} is of the counts before: {by} writes it again" for name, by in _LISTS if (folder / name).is_file()]
    return Run(folder, index, counts, outlines, (*notes, *(doubt for doubt in doubted if doubt not in known), *stale))


def drop_page(folder: Path) -> None:
    """Removes a run's page, if it has one."""
    (folder / "report.html").unlink(missing_ok=True)


def _digest(path: Path) -> str:
    """Of a file's content; empty where there is none."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pull(at: Location, folder: Path) -> tuple[int, tuple[str, ...]]:
    """Copies a run from where it is kept and counts the copy; the number of its parts, and what is to be said of it.

    The counts and the page that lie there are an earlier run's where the last one was stopped, or is at work: such a page is
    left out. Errors: see stores.remote.pull, recount.
    """
    there = wiring.pull_run(at, folder)
    run = recount(folder)
    notes = [note for note in run.index.notes if note.startswith(STOPPED)]
    same = all(there.derived.get(name) == (folder / name).read_bytes() for name in ("counts.csv", "scenes.csv"))
    page = there.derived.get("report.html")
    if "counts.csv" not in there.derived:
        notes.append("the run was not counted there yet, and is counted here")
    elif not same:
        notes.append("counts.csv there is not of this run, which was stopped or is at work: it is counted here")
    if page is not None and same:
        write_whole(folder / "report.html", page)
    elif page is not None:
        notes.append("report.html there is not of this run and was left out: sattrack report writes it")
    return there.parts, tuple(notes)


def open_run(folder: Path) -> tuple[Run, RunParts]:
    """A run as it was last counted, with its parts by file."""
    run = reopen(folder)
    return Run(folder, run.index, run.counts, run.sites), run.parts


def reopen(folder: Path) -> Reopened:
    """A run as it was last counted; nothing is counted yet and no part read."""
    store = wiring.open_store(folder, create=False)
    index = store.read_index()
    settings_of(index)
    return Reopened(folder, index, kept_sites(folder, index=index), RunParts(store, index))


def each_scene(parts: Mapping[str, Part]) -> Iterator[dict[str, Part]]:
    """The files of one scene after the other, by name: never more than these are in memory."""
    for names in acquisitions(parts).values():
        yield {name: parts[name] for name in names}


def kept_sites(folder: Path, *, index: RunIndex) -> tuple[Site, ...]:
    """The outlines that a run was last counted with. StoreError where it had some and they are not there, or not readable."""
    path = folder / "sites.json"
    # Of a run that was copied in part: without its outlines each scene would count as a site of its own.
    if index.sites_file and not path.exists():
        raise StoreError(
            f"the run was counted with the outlines of {index.sites_file}, and they are not there", where=str(path),
            way_out="give them again: sattrack count RUN --sites FILE, or --no-sites to count each scene as its own site",
        )  # fmt: skip
    try:
        sites = _SITES.validate_json(path.read_bytes()) if path.is_file() else ()
        check_kept(path, sites)
        return sites
    except (OSError, ValidationError, OutlineError) as error:
        raise StoreError(
            "the outlines of the run cannot be read",
            where=str(path),
            way_out="give them again: sattrack count RUN --sites FILE",
        ) from error


def keep_sites(sites: Sequence[Site], *, folder: Path) -> None:
    """Writes the outlines that the run is counted with from now on."""
    write_whole(folder / "sites.json", _SITES.dump_json(tuple(sites)))


def _doubt(part: Part) -> str:
    """What speaks against the pixel size that somebody gave for a scene; georeferencing is not doubted."""
    if part.scene.grid.georeferenced:
        return ""
    sure = part.detections.scores > 0.5
    return doubt_on_pixel_size(length_m(part.detections.quads[sure], grid=part.scene.grid), gsd_m=part.scene.grid.gsd_m)


def settings_of(index: RunIndex, *, threshold: float | None = None, min_observed: float | None = None) -> Settings:
    """A run's settings, with what a recount changes. SettingsError where out of bounds, StoreError of another version."""
    unknown = sorted(index.settings.keys() - Settings.model_fields.keys())
    if unknown:
        raise StoreError(
            f"the run was made by another version of sattrack, with settings that are none here: {', '.join(unknown)}",
            where="run.json", way_out="detect again with this version",
        )  # fmt: skip
    try:
        own = Settings.model_validate(index.settings)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(["settings", *map(str, first["loc"])])
        raise StoreError(
            f"is not valid at {where}: {first['msg']}", where="run.json", way_out="run detect again: parts are kept"
        ) from error
    return load_settings(None, given={"threshold": threshold, "min_observed": min_observed}, own=own)


def rule_of(index: RunIndex, settings: Settings) -> Rule:
    """How a run counts."""
    return Rule(threshold=index.threshold, min_observed=settings.min_observed, merge_overlap=settings.merge_overlap)


def on_ground(parts: Mapping[str, Part], scene_id: str) -> list[str]:
    """The names of those files of a scene that have a CRS, and so can be laid on one ground."""
    scenes = scenes_of(parts)
    return [name for name in acquisitions(parts).get(scene_id, ()) if scenes[name].grid.georeferenced]


def count_all(
    parts: Mapping[str, Part], outcomes: Sequence[SceneOutcome], *, sites: Sequence[Site], card: ModelCard, rule: Rule
) -> Sequence[Count]:
    """One Count per (site, zone, scene) in order of site, then time; scenes that failed or were refused are rows too."""
    return _counts_of(each_scene(parts), outcomes, sites=sites, card=card, rule=rule)


def _counts_of(
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
            doubts = [doubt for part in alike if (doubt := _doubt(part))]
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
