"""Running: from inputs and outlines to a finished run folder, scene by scene; one bad scene costs one scene."""

import datetime as dt
import importlib.metadata
import json
import platform
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import TypeAdapter

from sattrack import wiring
from sattrack.errors import DetectorError, SattrackError, SceneError, SceneRefused, UsageError
from sattrack.imagery import Scene
from sattrack.pipeline import Progress, Timings, Work, detect_scene, plan_work
from sattrack.readers.describing import describe
from sattrack.readers.finding import Source, find_sources
from sattrack.readers.outlines import read_outlines
from sattrack.results import ModelCard, Part, RunIndex, SceneOutcome
from sattrack.settings import Settings
from sattrack.steps.counting import Rule, count_refused, count_site, own_site, touches
from sattrack.steps.judging import capability
from sattrack.stores.folder import SCHEMA_VERSION, RunFolder, write_whole
from sattrack.timeline import Count, Site

_SITES = TypeAdapter(tuple[Site, ...])


@dataclass(frozen=True, slots=True)
class Request:
    """What a run is asked to do. gsd_m, acquired and the rest are for all scenes that do not say it themselves."""

    inputs: tuple[str, ...]
    out: Path
    sites: Path | None = None
    model: wiring.Model = field(default_factory=wiring.Model)
    settings: Settings = field(default_factory=Settings)
    gsd_m: tuple[float, float] | None = None
    bands: tuple[int, ...] | None = None
    acquired: dt.datetime | None = None
    sensor: str | None = None
    nodata: float | None = None
    mask: str | None = None
    recursive: bool = False
    allow_remote: bool = False
    on_error: str = "skip"
    command: str = ""


@dataclass(frozen=True, slots=True)
class Listener:
    """What a caller may want to hear while a run goes on."""

    planned: Callable[[list["Planned"]], None] = lambda _planned: None
    scene_begins: Callable[["Planned"], None] = lambda _planned: None
    tiles_done: Callable[[int], None] = lambda _n: None
    scene_ends: Callable[[SceneOutcome], None] = lambda _outcome: None


@dataclass(frozen=True, slots=True)
class Planned:
    """A source with what is known before any pixel meets the detector: its work, or the outcome that it already has."""

    name: str
    work: Work | None = None
    outcome: SceneOutcome | None = None
    stored: bool = False


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


def plan(
    request: Request, *, store: RunFolder | None = None
) -> tuple[list[Planned], ModelCard, tuple[Site, ...], tuple[str, ...]]:
    """Every scene described, its windows planned, and whether its part is already there. Nothing is detected."""
    card = wiring.card_of(request.model)
    sites, notes = read_outlines(request.sites) if request.sites else ((), ())
    reader = wiring.make_reader(request.settings)
    sources = find_sources(list(request.inputs), recursive=request.recursive, allow_remote=request.allow_remote)
    if not sources:
        raise UsageError(
            f"no pictures found in {', '.join(request.inputs)}",
            way_out="give GeoTIFF, JPEG 2000, PNG, JPEG or VRT files; -r looks in subfolders",
        )
    planned: list[Planned] = []
    known: dict[str, str] = {}
    for source in sources:
        one = _plan_one(source, request, card=card, sites=sites, digest=reader.digest, known=known)
        if one.work and store is not None:
            one = replace(one, stored=store.has(one.work.key))
        planned.append(one)
    return planned, card, sites, tuple(notes)


def detect(request: Request, *, listener: Listener | None = None) -> Run:
    """Detects, stores, counts. Scenes already stored under the same key are not done again. A killed run goes on where it was."""
    listener = listener or Listener()
    if request.out.exists() and any(request.out.resolve() == Path(i).resolve() for i in request.inputs):
        raise UsageError("the run folder is the input folder itself", where=str(request.out), way_out="choose another -o")
    store = wiring.open_store(request.out, create=True)
    planned, card, sites, notes = plan(request, store=store)
    listener.planned(planned)
    journal = _Journal(store, request, card=card, sites=sites)
    try:
        for outcome in _outcomes(planned, request, card=card, store=store, listener=listener, journal=journal):
            journal.add(outcome)
            listener.scene_ends(outcome)
            if request.on_error == "fail" and outcome.status in ("failed", "refused"):
                break
    finally:
        journal.write()
    return recount(request.out, sites=request.sites, threshold=request.settings.threshold, notes=notes)


def recount(
    folder: Path,
    *,
    sites: Path | None = None,
    threshold: float | None = None,
    min_observed: float | None = None,
    notes: Sequence[str] = (),
) -> Run:
    """Counts a run again from its parts, with other outlines or another threshold; writes counts.csv, scenes.csv, run.json."""
    from sattrack.reports.listings import write_counts, write_scenes

    store = wiring.open_store(folder, create=False)
    index = store.read_index()
    settings = Settings.model_validate(index.settings)
    if sites is not None:
        outlines, said = read_outlines(sites)
        notes = [*notes, *(n for n in said if n not in notes)]
        write_whole(folder / "sites.json", _SITES.dump_json(outlines))
    else:
        outlines = kept_sites(folder)
    rule = Rule(
        threshold=threshold if threshold is not None else index.threshold,
        min_observed=settings.min_observed if min_observed is None else min_observed,
        merge_overlap=settings.merge_overlap,
    )
    parts = load_parts(store, index)
    counts = count_all(parts, index.outcomes, sites=outlines, card=index.card, rule=rule)
    outcomes = tuple(
        replace(o, counted=int((parts[o.part].detections.scores >= rule.threshold).sum())) if o.part in parts else o
        for o in index.outcomes
    )
    index = replace(index, threshold=rule.threshold, outcomes=outcomes, notes=tuple(dict.fromkeys([*index.notes, *notes])))
    store.write_index(index)
    write_counts(counts, folder / "counts.csv", locations=[o.location for o in outcomes])
    write_scenes(index, folder / "scenes.csv")
    return Run(folder, index, counts, outlines, tuple(notes))


def open_run(folder: Path) -> tuple[Run, dict[str, Part]]:
    """A run as it was last counted, with its parts by file."""
    store = wiring.open_store(folder, create=False)
    index = store.read_index()
    sites = kept_sites(folder)
    settings = Settings.model_validate(index.settings)
    rule = Rule(threshold=index.threshold, min_observed=settings.min_observed, merge_overlap=settings.merge_overlap)
    parts = load_parts(store, index)
    return Run(folder, index, count_all(parts, index.outcomes, sites=sites, card=index.card, rule=rule), sites), parts


def load_parts(store: RunFolder, index: RunIndex) -> dict[str, Part]:
    """The parts of a run's finished scenes, by file. StoreError where one is gone or torn."""
    return {o.part: store.get(o.key) for o in index.outcomes if o.status == "done"}


def count_all(
    parts: dict[str, Part], outcomes: Iterable[SceneOutcome], *, sites: Sequence[Site], card: ModelCard, rule: Rule
) -> tuple[Count, ...]:
    """One Count per (site, zone, scene) in order of site, then time; scenes that failed or were refused are rows too."""
    scenes: dict[str, list[Part]] = {}
    for part in parts.values():
        scenes.setdefault(part.scene.id, []).append(part)
    places = [site for site in sites if not site.excludes]
    exclusions = [site for site in sites if site.excludes]
    counts = []
    for group in scenes.values():
        for alike in _comparable(group):
            for site in places or [own_site(alike[0].scene)]:
                counts.append(count_site(site, parts=alike, exclusions=exclusions, rule=rule))
    for outcome in outcomes:
        if outcome.status not in ("failed", "refused") or outcome.scene_id in scenes:
            continue
        for site in places or [Site(outcome.scene_id, outcome.scene_id, None, pixel_scene=outcome.scene_id)]:
            if outcome.scene is None or not places or touches(site, scene=outcome.scene):
                counts.append(count_refused(site, outcome=outcome, card=card, rule=rule))
    order = {(site.id, site.zone): i for i, site in enumerate(places)}
    far = dt.datetime.max.replace(tzinfo=dt.UTC)
    return tuple(sorted(counts, key=lambda c: (order.get((c.site_id, c.zone), 0), c.datetime or far, c.scene_id, c.site_id)))


def _comparable(group: list[Part]) -> list[list[Part]]:
    """Files of one acquisition are counted together where all have a CRS; plain pictures have no common ground."""
    if all(part.scene.grid.georeferenced for part in group):
        return [sorted(group, key=lambda part: part.scene.part)]
    return [[part] for part in group]


def _plan_one(
    source: Source,
    request: Request,
    *,
    card: ModelCard,
    sites: Sequence[Site],
    digest: Callable[[Scene], str],
    known: dict[str, str],
) -> Planned:
    name = source.part
    scene: Scene | None = None
    try:
        scene = describe(
            source, gsd_m=request.gsd_m, bands=request.bands, acquired=request.acquired, sensor=request.sensor,
            nodata=request.nodata, mask=request.mask, limits=request.settings,
        )  # fmt: skip
        _refuse_coarse(scene)
        sha256 = digest(scene)
        work = plan_work(scene, sha256=sha256, card=card, settings=request.settings, sites=sites)
    except SattrackError as error:
        status = "refused" if isinstance(error, SceneRefused) else "failed"
        return Planned(name, outcome=_ended(source, status=status, reason=str(error), scene=scene))
    twin = known.setdefault(sha256, name)
    if twin != name:
        return Planned(name, outcome=_ended(source, status="skipped", reason=f"the same content as {twin}", scene=scene))
    if not work.cells:
        return Planned(name, outcome=_ended(source, status="skipped", reason="the scene does not touch any site", scene=scene))
    return Planned(name, work=work)


def _refuse_coarse(scene: Scene) -> None:
    able = capability(scene.grid.gsd_m)
    if able != "count":
        px = 2.438 / max(scene.grid.gsd_m)
        raise SceneRefused(
            f"pixels of {max(scene.grid.gsd_m):.3g} m leave {px:.2g} px across a container: boxes cannot be counted (capability: {able})",
            where=scene.location,
            way_out="counting takes pixels of 1.2 m or finer; check the pixel size if you gave it",
        )


def _ended(source: Source, *, status: str, reason: str, scene: Scene | None) -> SceneOutcome:
    return SceneOutcome(
        scene_id=scene.id if scene else source.scene_id,
        part=source.part,
        location=source.path,
        status=status,
        reason=reason,
        scene=scene,
    )


def _outcomes(
    planned: Sequence[Planned], request: Request, *, card: ModelCard, store: RunFolder, listener: Listener, journal: "_Journal"
) -> Iterable[SceneOutcome]:
    """One outcome per planned scene. The detector is loaded only when there is something to detect."""
    reader = wiring.make_reader(request.settings)
    executor = wiring.make_executor(request.settings)
    detector = None
    try:
        for one in planned:
            if one.outcome is not None:
                yield one.outcome
                continue
            assert one.work is not None
            if one.stored:
                yield _done(store.get(one.work.key), one.work)
                continue
            if detector is None:
                detector, _ = wiring.load_model(request.model, settings=request.settings)
            listener.scene_begins(one)
            try:
                part, timings = detect_scene(
                    one.work, reader=reader, sample=reader.sample, detector=detector, card=card, settings=request.settings,
                    executor=executor, progress=Progress(listener.tiles_done),
                )  # fmt: skip
                _unchanged(one.work, reader.digest)
                store.put(one.work.key, part)
            except (SceneError, SceneRefused, DetectorError, MemoryError) as error:
                reason = str(error) or "ran out of memory"
                yield SceneOutcome(
                    one.work.scene.id,
                    one.work.scene.part,
                    one.work.scene.location,
                    "failed",
                    reason=reason,
                    scene=one.work.scene,
                )
                continue
            journal.time(one.name, timings)
            yield _done(part, one.work)
    finally:
        reader.close()


def _unchanged(work: Work, digest: Callable[[Scene], str]) -> None:
    if digest(work.scene) != work.sha256:
        raise SceneError(
            "the file changed while it was read", where=work.scene.location, way_out="run again when it is complete"
        )


def _done(part: Part, work: Work) -> SceneOutcome:
    return SceneOutcome(
        scene_id=part.scene.id, part=part.scene.part, location=work.scene.location, status="done", key=part.key, scene=part.scene,
        boxes=len(part.detections), cap_hit=part.detections.cap_hit, sha256=part.sha256,
    )  # fmt: skip


class _Journal:
    """Keeps run.json true while the run goes on, so that a killed run can be counted and reported."""

    _EVERY_S = 5.0

    def __init__(self, store: RunFolder, request: Request, *, card: ModelCard, sites: Sequence[Site]) -> None:
        self._store = store
        self._outcomes: list[SceneOutcome] = []
        self._timings: dict[str, Timings] = {}
        self._written = time.monotonic()
        chosen = request.settings.threshold
        self._index = RunIndex(
            schema_version=SCHEMA_VERSION, threshold=card.threshold if chosen is None else chosen, model_id=card.id,
            command=request.command, settings=request.settings.model_dump(mode="json"), versions=versions(), card=card,
            sites_file=request.sites.name if request.sites else "", created=dt.datetime.now(dt.UTC).replace(microsecond=0),
        )  # fmt: skip
        write_whole(store.root / "sites.json", _SITES.dump_json(tuple(sites)))
        self.write()

    def add(self, outcome: SceneOutcome) -> None:
        self._outcomes.append(outcome)
        if time.monotonic() - self._written > self._EVERY_S:
            self.write()

    def time(self, name: str, timings: Timings) -> None:
        self._timings[name] = timings

    def write(self) -> None:
        self._written = time.monotonic()
        self._store.write_index(replace(self._index, outcomes=tuple(self._outcomes)))
        seconds = {
            name: {"wall_s": round(t.wall, 3), "model_s": round(t.model, 3), "waiting_s": round(t.waiting, 3), "tiles": t.tiles}
            for name, t in self._timings.items()
        }
        if seconds:
            write_whole(self._store.root / "timings.json", json.dumps(seconds, indent=1).encode())


def versions() -> dict[str, str]:
    """Versions that a reader of the run may want, without importing what is heavy."""
    names = ("sattrack", "torch", "ultralytics", "rasterio", "numpy", "pyproj", "shapely", "opencv-python")
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def kept_sites(folder: Path) -> tuple[Site, ...]:
    """The outlines that a run was last counted with."""
    path = folder / "sites.json"
    return _SITES.validate_json(path.read_bytes()) if path.is_file() else ()
