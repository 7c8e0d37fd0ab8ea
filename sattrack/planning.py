"""Planning: every scene described, its windows laid, its key made; nothing is detected and nothing written."""

import datetime as dt
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from sattrack import wiring
from sattrack.errors import SattrackError, SceneRefused, SettingsError, UsageError
from sattrack.imagery import Grid, Scene
from sattrack.looking import Work
from sattrack.packed import Packed
from sattrack.pipeline import plan_work
from sattrack.ports import Store
from sattrack.readers.catalogues.item_filters import EVERYTHING, Filters, outlines_of
from sattrack.readers.checksums import verified
from sattrack.readers.deliveries.gathering import gathered
from sattrack.readers.deliveries.joining import describe_pieces
from sattrack.readers.describing import describe, time_of
from sattrack.readers.finding import Source, find_sources
from sattrack.readers.folders import Told, log
from sattrack.readers.locations import located
from sattrack.readers.outlines.files import read_outlines
from sattrack.readers.remote.ranges import ask_again, look_again
from sattrack.results import ModelCard, SceneOutcome
from sattrack.settings import Settings
from sattrack.steps.estimating import FAINT_FROM
from sattrack.steps.grounding import finds_back
from sattrack.steps.judging import INSTEAD, capability, px_per_width
from sattrack.stores.locations import Location
from sattrack.timeline import Site

# Why a scene was not looked at, though it could have been: other outlines may lie on it.
NOT_NEAR = "the scene does not touch any site"
NO_PLACE = "the picture has no coordinates, so no outline can be laid on it: detected without --sites it is counted as a whole"


@dataclass(frozen=True, slots=True)
class Request:
    """What a run is asked to do. gsd_m, acquired and the rest are for all scenes that do not say it themselves.

    follow_links, sidecars: see find_sources. verify: a list of checksums that every file must meet. only: of what the
    inputs name, the paths that are looked at this time; none: all. filters: which items of STAC files are wanted. at: where the
    run is kept if that is no folder; `out` is its copy then. ray_address: of executor ray's cluster; empty: one of this
    machine's own.
    """

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
    imagery: bool = True
    follow_links: bool = False
    sidecars: bool = False
    verify: Path | None = None
    only: frozenset[str] | None = None
    at: Location | None = None
    ray_address: str = ""
    filters: Filters = EVERYTHING


# By the digest of their content, the names of pictures that are looked at, and where each lies.
_Copies = dict[str, tuple[tuple[str, int], ...]]


@dataclass(frozen=True, slots=True)
class Planned:
    """A source with what is known before any pixel meets the detector: its work, or the outcome that it already has."""

    name: str
    work: Work | None = None
    outcome: SceneOutcome | None = None
    stored: bool = False


def plan(
    request: Request, *, store: Store | None = None
) -> tuple[Sequence[Planned], ModelCard, tuple[Site, ...], tuple[str, ...]]:
    """Every scene described, its windows planned, and whether its part is already there. Nothing is detected."""
    card = wiring.card_of(request.model)
    _check_floor(request.settings, card)
    sites, notes = read_outlines(request.sites) if request.sites else ((), ())
    look_again()
    planned = Packed(_each_planned(find_for(request), request, card=card, sites=sites, store=store))
    return planned, card, sites, tuple(notes)


def _check_floor(settings: Settings, card: ModelCard) -> None:
    """SettingsError where boxes are not stored that a count or its interval is made of."""
    floor = settings.score_floor
    if card.measured and floor > FAINT_FROM:
        raise SettingsError(
            f"score_floor is {floor:g}, but intervals of these weights' counts take boxes from {FAINT_FROM:g}",
            way_out="lower score_floor; --threshold says from which score boxes are counted",
        )
    if settings.threshold is None and floor > card.threshold:
        raise SettingsError(
            f"score_floor is {floor:g}, but these weights count boxes from {card.threshold:g}",
            way_out="lower score_floor, or give a --threshold above it",
        )


def plan_anew(
    request: Request, names: Container[str], *, card: ModelCard, sites: Sequence[Site], store: Store
) -> list[Planned]:  # fmt: skip
    """Some scenes of a request as they are now; those that are not there any more are left out."""
    ask_again()
    sources = [one for one in find_for(request) if one.part in names]
    return list(_each_planned(sources, request, card=card, sites=sites, store=store))


def _each_planned(
    sources: Sequence[Source], request: Request, *, card: ModelCard, sites: Sequence[Site], store: Store | None
) -> Iterator[Planned]:
    known: _Copies = {}
    with closing(wiring.make_reader(request.settings)) as reader:
        digest = verified(reader.digest, listed=request.verify) if request.verify else reader.digest
        for source in sources:
            one = _plan_one(source, request, card=card, sites=sites, digest=digest, known=known)
            yield replace(one, stored=store.has(one.work.key)) if one.work and store is not None else one


def look_for(request: Request, *, told: Told = log) -> list[Source]:
    """The files that a request's inputs name and that it is about; there may be none. told: hears what is passed over."""
    _mask_of(request)  # one that cannot be is refused before any scene is looked at
    sources = find_sources(
        list(request.inputs), recursive=request.recursive, allow_remote=request.allow_remote,
        follow_links=request.follow_links, sidecars=request.sidecars, filters=_wanted_items(request), limits=request.settings,
        told=told,
    )  # fmt: skip
    return sources if request.only is None else [one for one in sources if one.path in request.only]


def _wanted_items(request: Request) -> Filters:
    """Those that the filters let pass, and of those only the ones that reach a site."""
    if request.sites is None or request.filters.sites:
        return request.filters
    return replace(request.filters, sites=outlines_of(read_outlines(request.sites)[0]))


def find_for(request: Request) -> list[Source]:
    """The scenes that a request's inputs name: files, and deliveries of several. UsageError where there are none."""
    sources = gathered(look_for(request), describe=partial(describe_for, request), limits=request.settings)
    if not sources:
        raise UsageError(
            f"no pictures found in {', '.join(request.inputs)}",
            way_out="give GeoTIFF, JPEG 2000, PNG, JPEG or VRT files; -r looks in subfolders",
        )
    return sources


def describe_for(request: Request, source: Source) -> Scene:
    """The scene of a source, with what the request says of those that do not say it themselves. SceneError, SceneRefused."""
    if source.fault:
        raise source.fault
    if source.pieces:
        return describe_pieces(source, describe=partial(describe_for, request))
    return describe(
        source, gsd_m=request.gsd_m, bands=request.bands, acquired=request.acquired, sensor=request.sensor,
        nodata=request.nodata, mask=_mask_of(request), limits=request.settings,
    )  # fmt: skip


def _mask_of(request: Request) -> str | None:
    """The mask for all scenes, where it is found again from any folder. UsageError where it may not be fetched."""
    return None if request.mask is None else located(request.mask, allow_remote=request.allow_remote)


def _plan_one(
    source: Source,
    request: Request,
    *,
    card: ModelCard,
    sites: Sequence[Site],
    digest: Callable[[Scene], str],
    known: _Copies,
) -> Planned:
    name = source.part
    scene: Scene | None = None
    if source.aside:
        return Planned(name, outcome=_ended(source, status="skipped", reason=source.aside, scene=None, option=request.acquired))
    try:
        if source.coarse:
            raise source.coarse
        scene = describe_for(request, source)
        _refuse_coarse(scene)
        sha256 = digest(scene)
        work = plan_work(scene, sha256=sha256, card=card, settings=request.settings, sites=sites)
        refuse_torn_grid(scene)
    except SattrackError as error:
        status = "refused" if isinstance(error, SceneRefused) else "failed"
        return Planned(name, outcome=_ended(source, status=status, reason=str(error), scene=scene, option=request.acquired))
    # Only what is looked at can stand for its copies: the same pixels may lie at a site once they have coordinates.
    copies, place = known.get(sha256, ()), _place_of(scene.grid)
    twin = next((other for other, its in copies if its == place or not its or not place), None)
    if twin is not None:
        return Planned(name, outcome=_ended(source, status="skipped", reason=f"the same content as {twin}", scene=scene))
    if work.cells:
        known[sha256] = (*copies, (name, place))
    if not work.cells:
        reason = NOT_NEAR if scene.grid.georeferenced else NO_PLACE
        return Planned(name, outcome=_ended(source, status="skipped", reason=reason, scene=scene))
    return Planned(name, work=work)


def _place_of(grid: Grid) -> int:
    """Where a picture lies, 0 without coordinates: two of the same pixels, placed by world files, may lie side by side."""
    return hash((grid.crs, grid.transform)) or 1 if grid.georeferenced else 0


def refuse_torn_grid(scene: Scene) -> None:
    """Refuses a scene whose pixels do not find back to themselves by longitude and latitude: its map is torn there."""
    if scene.grid.georeferenced and not finds_back(scene.grid):
        raise SceneRefused(
            "the scene lies across the edge of its own map projection", where=scene.location,
            way_out="warp it to the UTM zone of the place",
        )  # fmt: skip


# What is told of scenes in which no box can be counted.
def _refuse_coarse(scene: Scene) -> None:
    able = capability(scene.grid.gsd_m)
    if able != "count":
        px = px_per_width(scene.grid.gsd_m)
        raise SceneRefused(
            f"pixels of {max(scene.grid.gsd_m):.3g} m leave {px:.2g} px across a container: boxes cannot be counted "
            f"(capability: {able})",
            where=scene.location,
            way_out=f"counting takes pixels of 1.2 m or finer{INSTEAD.get(able, '')}; check the pixel size if you gave it",
        )


def _ended(source: Source, *, status: str, reason: str, scene: Scene | None, option: dt.datetime | None = None) -> SceneOutcome:
    acquired, acquired_source = (None, "unknown") if scene else time_of(source, option=option)
    return SceneOutcome(
        scene_id=scene.id if scene else source.scene_id,
        part=source.part,
        location=source.path,
        status=status,
        reason=reason,
        scene=scene,
        acquired=acquired,
        acquired_source=acquired_source,
    )
