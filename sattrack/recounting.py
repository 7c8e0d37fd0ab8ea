"""Recounting: from the parts of a run to its counts, with the outlines and the threshold of now; nothing is detected."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from sattrack import wiring
from sattrack.errors import OutlineError, SettingsError, StoreError
from sattrack.planning import NOT_NEAR
from sattrack.ports import Store
from sattrack.readers.outlines import check_kept, read_outlines
from sattrack.results import ModelCard, Part, RunIndex, SceneOutcome
from sattrack.settings import Settings
from sattrack.steps.counting import Rule, count_refused, count_site, own_site
from sattrack.steps.doubting import doubt_on_pixel_size
from sattrack.steps.picking import counted_in, touches
from sattrack.steps.sizing import length_m
from sattrack.timeline import Count, Site
from sattrack.writing import write_whole

_SITES = TypeAdapter(tuple[Site, ...])


@dataclass(frozen=True, slots=True)
class Run:
    """A finished or interrupted run: its folder, index, counts and sites."""

    folder: Path
    index: RunIndex
    counts: tuple[Count, ...]
    sites: tuple[Site, ...]
    notes: tuple[str, ...] = ()

    @property
    def troubled(self) -> bool:
        """Whether any scene failed or was refused."""
        return any(outcome.status in ("failed", "refused") for outcome in self.index.outcomes)


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

    Without sites the outlines of the last count are kept; no_sites drops them, so that each scene is its own site.
    """
    from sattrack.reports.listings import write_counts, write_scenes

    store = wiring.open_store(folder, create=False)
    index = store.read_index()
    settings = _settings_of(index, threshold=threshold, min_observed=min_observed)
    if sites is not None:
        outlines, said = read_outlines(sites)
        notes = [*notes, *(n for n in said if n not in notes)]
        keep_sites(outlines, folder=folder)
        index = replace(index, sites_file=sites.name)
    elif no_sites:
        outlines = ()
        keep_sites(outlines, folder=folder)
        index = replace(index, sites_file="")
    else:
        outlines = kept_sites(folder)
    rule = rule_of(index if threshold is None else replace(index, threshold=threshold), settings)
    parts = load_parts(store, index)
    notes = [*notes, *(note for name, part in parts.items() if (note := _doubt(name, part)) and note not in index.notes)]
    counts = count_all(parts, index.outcomes, sites=outlines, card=index.card, rule=rule)
    counted = counted_in(parts, threshold=rule.threshold, sites=outlines, overlap=rule.merge_overlap)
    outcomes = tuple(replace(o, counted=int(counted[o.part].sum()) if o.part in counted else 0) for o in index.outcomes)
    index = replace(
        index, threshold=rule.threshold, settings=settings.model_dump(mode="json"), outcomes=outcomes,
        notes=tuple(dict.fromkeys([*index.notes, *notes])),
    )  # fmt: skip
    store.write_index(index)
    write_counts(counts, folder / "counts.csv", locations=index.locations)
    write_scenes(index, folder / "scenes.csv")
    return Run(folder, index, counts, outlines, tuple(notes))


def open_run(folder: Path) -> tuple[Run, dict[str, Part]]:
    """A run as it was last counted, with its parts by file."""
    store = wiring.open_store(folder, create=False)
    index = store.read_index()
    sites = kept_sites(folder)
    rule = rule_of(index, _settings_of(index))
    parts = load_parts(store, index)
    return Run(folder, index, count_all(parts, index.outcomes, sites=sites, card=index.card, rule=rule), sites), parts


def load_parts(store: Store, index: RunIndex) -> dict[str, Part]:
    """The parts of a run's finished scenes, by file, with where each lies now. StoreError where one is gone or torn."""
    found = {o.part: (store.get(o.key), o.scene) for o in index.outcomes if o.status == "done"}
    return {name: replace(part, scene=scene or part.scene, card=index.card) for name, (part, scene) in found.items()}


def kept_sites(folder: Path) -> tuple[Site, ...]:
    """The outlines that a run was last counted with."""
    path = folder / "sites.json"
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


def _doubt(name: str, part: Part) -> str:
    """What speaks against the pixel size that somebody gave for a scene; georeferencing is not doubted."""
    if part.scene.grid.georeferenced:
        return ""
    sure = part.detections.scores > 0.5
    doubt = doubt_on_pixel_size(length_m(part.detections.quads[sure], grid=part.scene.grid), gsd_m=part.scene.grid.gsd_m)
    return f"{name}: {doubt}" if doubt else ""


def _settings_of(index: RunIndex, *, threshold: float | None = None, min_observed: float | None = None) -> Settings:
    """A run's settings, with what a recount changes. SettingsError where out of bounds, StoreError of another version."""
    unknown = sorted(index.settings.keys() - Settings.model_fields.keys())
    if unknown:
        raise StoreError(
            f"the run was made by another version of sattrack, with settings that are none here: {', '.join(unknown)}",
            where="run.json", way_out="detect again with this version",
        )  # fmt: skip
    try:
        Settings.model_validate(index.settings)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(["settings", *map(str, first["loc"])])
        raise StoreError(
            f"is not valid at {where}: {first['msg']}", where="run.json", way_out="run detect again: parts are kept"
        ) from error
    said = {"threshold": threshold, "min_observed": min_observed}
    changed = {**index.settings, **{name: value for name, value in said.items() if value is not None}}
    try:
        return Settings.model_validate(changed)
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(": ".join([*map(str, first["loc"]), first["msg"]])) from error


def rule_of(index: RunIndex, settings: Settings) -> Rule:
    """How a run counts."""
    return Rule(threshold=index.threshold, min_observed=settings.min_observed, merge_overlap=settings.merge_overlap)


def on_ground(parts: Mapping[str, Part]) -> dict[str, list[Part]]:
    """The files of each scene that have a CRS, and so can be laid on one ground."""
    scenes: dict[str, list[Part]] = {}
    for part in parts.values():
        if part.scene.grid.georeferenced:
            scenes.setdefault(part.scene.id, []).append(part)
    return scenes


def count_all(
    parts: dict[str, Part], outcomes: Iterable[SceneOutcome], *, sites: Sequence[Site], card: ModelCard, rule: Rule
) -> tuple[Count, ...]:
    """One Count per (site, zone, scene) in order of site, then time; scenes that failed or were refused are rows too."""
    scenes: dict[str, list[Part]] = {}
    for part in parts.values():
        scenes.setdefault(part.scene.id, []).append(part)
    places = [site for site in sites if not site.excludes]
    exclusions = [site for site in sites if site.excludes]
    bad = [outcome for outcome in outcomes if outcome.status in ("failed", "refused")]
    counts = []
    for name, group in scenes.items():
        missing = [outcome for outcome in bad if outcome.scene_id == name]
        for alike, own in _comparable(group, known_places=bool(places)):
            for site in places or [own]:
                counts.append(count_site(site, parts=alike, exclusions=exclusions, rule=rule, missing=missing))
    for outcome in [*bad, *_not_looked_at(outcomes)]:
        if outcome.scene_id in scenes:
            continue
        for site in places or [Site(outcome.scene_id, outcome.scene_id, None, pixel_scene=outcome.scene_id)]:
            if outcome.scene is None or not places or touches(site, scene=outcome.scene):
                counts.append(count_refused(site, outcome=outcome, card=card, rule=rule))
    order = {(site.id, site.zone): i for i, site in enumerate(places)}
    far = dt.datetime.max.replace(tzinfo=dt.UTC)
    in_order = sorted(counts, key=lambda c: (order.get((c.site_id, c.zone), 0), c.datetime or far, c.scene_id, c.site_id))
    return tuple(_shown_twice(in_order) if places else in_order)


def _not_looked_at(outcomes: Iterable[SceneOutcome]) -> list[SceneOutcome]:
    """The scenes that the run passed over since none of its outlines then lay on them: of later outlines they saw nothing."""
    reason = "the detector did not look at this scene, which touched no site of the run: detect again with these outlines"
    return [
        replace(outcome, status="not_assessable", reason=reason)
        for outcome in outcomes
        if outcome.status == "skipped" and outcome.reason == NOT_NEAR and outcome.scene is not None
    ]


def _shown_twice(counts: Sequence[Count]) -> Iterable[Count]:
    """Says it where two scenes of one moment both show a site: they may be files of one acquisition, and half a site each."""
    alike: dict[tuple[object, ...], list[str]] = {}
    for count in counts:
        if count.count is not None and count.datetime is not None:
            alike.setdefault((count.site_id, count.zone, count.datetime), []).append(count.scene_id)
    for count in counts:
        others = [name for name in alike.get((count.site_id, count.zone, count.datetime), ()) if name != count.scene_id]
        if count.count is None or not others:
            yield count
            continue
        note = f"the site is also in {', '.join(others)}, of the same time: files of one acquisition are joined by a manifest"
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
    return together + [([part], own_site(part.scene, name=part.scene.part if len(group) > 1 else "")) for part in plain]
