"""Coarse: scenes in which no box can be told, to the covered area of each site, or to its brightness and texture."""

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from sattrack import wiring
from sattrack.cover_rows import OFF_SITE, File, Last, Noted, Shown, Work, laid_together, rows_of
from sattrack.covers import CoarseScene, Cover, Covers
from sattrack.errors import SattrackError, SceneRefused, UsageError
from sattrack.imagery import Scene
from sattrack.planning import Request, describe_for, find_for
from sattrack.ports import AreaReader, Reader
from sattrack.readers.band_names import band_names
from sattrack.readers.outlines.files import read_outlines
from sattrack.readers.remote.ranges import look_again
from sattrack.steps.counting import own_site
from sattrack.steps.grounding import finds_back
from sattrack.steps.judging import capability, px_per_width
from sattrack.steps.picking import touches
from sattrack.steps.stretching import measure_stretch
from sattrack.timeline import Site

# Files beside which a folder of covers would be taken for one of counts.
_RUN_FILE = "run.json"


def cover(
    request: Request,
    *,
    weights: str = "",
    versions: Mapping[str, str],
    shown: Shown = lambda _picture, _row: None,
) -> Covers:
    """Reads every scene of a request that is too coarse for boxes. weights: a file; the shipped reader where empty.

    shown: given each site's picture, to be made, with its row, as it was read. A scene that fails or is refused costs itself.
    UsageError where there is nothing to read, or the folder to write holds a run of counts or is one that is read.
    """
    if request.out.exists() and any(request.out.resolve() == Path(i).resolve() for i in request.inputs):
        raise UsageError("the folder to write is the input folder itself", where=str(request.out), way_out="choose another -o")
    if (request.out / _RUN_FILE).exists():
        raise UsageError(
            "holds a run of counts: covered areas are kept apart from counts",
            where=str(request.out),
            way_out="choose another -o",
        )
    look_again()
    card, load = wiring.make_area_reader(weights)
    sites, notes = read_outlines(request.sites) if request.sites else ((), ())
    places, exclusions = [s for s in sites if not s.excludes], [s for s in sites if s.excludes]
    with closing(wiring.make_reader(request.settings)) as reader:
        scenes = [*_described(request, reader=reader)]
        names = partial(band_names, limits=request.settings)
        work = Work(reader, card, request.settings.min_observed, exclusions, shown, _once(load), names)
        rows: list[Cover] = []
        ended: list[CoarseScene] = []
        noticed: Last = {}
        for group in _acquisitions(scenes):
            found, outcomes = _read_scene(group, places=places, work=work, noticed=noticed)
            rows += found
            ended += outcomes
    return Covers(
        tuple(rows), tuple(ended), card, request.settings.model_dump(mode="json"), dict(versions), request.command,
        request.sites.name if request.sites else "", tuple(notes),
    )  # fmt: skip


def _once(load: Callable[[], AreaReader]) -> Callable[[], AreaReader]:
    """Compiles the network when the first scene needs it, and never again."""
    held: list[AreaReader] = []

    def loaded() -> AreaReader:
        if not held:
            held.append(load())
        return held[0]

    return loaded


def _described(request: Request, *, reader: Reader) -> Iterator[CoarseScene]:
    """Every file with what it is, or why it is not read."""
    known: dict[tuple[object, ...], str] = {}
    for source in find_for(request):
        scene: Scene | None = None
        able = "unknown"
        if source.aside:
            yield CoarseScene(source.scene_id, source.part, source.path, "skipped", source.aside)
            continue
        try:
            scene = describe_for(request, source)
            able = capability(scene.grid.gsd_m)
            _refuse(scene, able)
            sha256 = reader.digest(scene)
        except SattrackError as error:
            status = "refused" if isinstance(error, SceneRefused) else "failed"
            yield CoarseScene(source.scene_id, source.part, source.path, status, str(error), able, scene=scene)
            continue
        # A copy that lies elsewhere, or nowhere, is not the same: a world file or a sidecar places it.
        twin = known.setdefault((sha256, scene.grid, scene.bands), source.part)
        if twin != source.part:
            reason = f"the same content as {twin}"
            yield CoarseScene(scene.id, scene.part, scene.location, "skipped", reason, able, sha256, scene)
        else:
            yield CoarseScene(scene.id, scene.part, scene.location, "done", "", able, sha256, scene)


def _refuse(scene: Scene, able: str) -> None:
    """Refuses what is fine enough for counting, what is too coarse for anything, and what is torn."""
    px, gsd = px_per_width(scene.grid.gsd_m), max(scene.grid.gsd_m)
    if able == "count":
        raise SceneRefused(
            f"pixels of {gsd:.3g} m leave {px:.2g} px across a container: boxes can be counted", where=scene.location,
            way_out="count them: sattrack detect",
        )  # fmt: skip
    if able == "refuse":
        raise SceneRefused(
            f"pixels of {gsd:.3g} m leave {px:.2g} px across a container: nothing of containers can be told",
            where=scene.location,
            way_out="covered area takes pixels of 4.9 m or finer, change of brightness 12.2 m; check the size if you gave it",
        )  # fmt: skip
    if scene.grid.georeferenced and not finds_back(scene.grid):
        raise SceneRefused(
            "the scene lies across the edge of its own map projection", where=scene.location,
            way_out="warp it to the UTM zone of the place",
        )  # fmt: skip


def _acquisitions(scenes: Sequence[CoarseScene]) -> Iterator[list[CoarseScene]]:
    """The files of each acquisition together, those without a time last, so that changes are told in order of time."""
    groups: dict[str, list[CoarseScene]] = {}
    for one in scenes:
        groups.setdefault(one.scene_id, []).append(one)

    def order(group: list[CoarseScene]) -> tuple[bool, str, str]:
        when = next((one.scene.acquired for one in group if one.scene and one.scene.acquired), None)
        return when is None, when.isoformat() if when else "", group[0].scene_id

    yield from sorted(groups.values(), key=order)


def _read_scene(
    group: Sequence[CoarseScene], *, places: Sequence[Site], work: Work, noticed: Last
) -> tuple[list[Cover], list[CoarseScene]]:
    """The rows of one acquisition, and what became of its files. A file that cannot be read takes its scene with it."""
    good = [one for one in group if one.status == "done" and one.scene]
    bad = [one for one in group if one.status in ("failed", "refused")]
    others = [one for one in group if one not in good]
    first = next((one.scene for one in [*good, *bad] if one.scene), None)
    sites = places or ([own_site(first)] if first else [])
    if bad or not good:
        rows = [_not_read(site, bad[0], files=[*good, *bad]) for site in sites] if bad else []
        reason = "another file of this scene was not read"
        return rows, [*(replace(one, status=bad[0].status, reason=reason) for one in good if bad), *others]
    try:
        files = [_looked_at(one.scene, work=work) for one in good if one.scene]
        rows = []
        # Of a scene that fails at a later site nothing stands that was noticed at the earlier ones.
        now: ChainMap[tuple[object, ...], list[Noted]] = ChainMap({}, noticed)
        for alike, own in laid_together(files, known_places=bool(places)):
            for site in places or [own]:
                rows += rows_of(site, alike, work=work, noticed=now)
    except SattrackError as error:
        failed = [replace(one, status="failed", reason=str(error)) for one in good]
        return [_not_read(site, failed[0], files=failed) for site in sites], [*failed, *others]
    noticed.update(now.maps[0])
    ended = [replace(one, stretch=file.stretch) for one, file in zip(good, files, strict=True)]
    if places and any(file.scene.grid.georeferenced for file in files):
        plain = "it has no coordinates, so no outline can be laid on it"
        ended = [
            one if one.scene and one.scene.grid.georeferenced else replace(one, status="skipped", reason=plain) for one in ended
        ]
    return rows, [*ended, *others]


def _looked_at(scene: Scene, *, work: Work) -> File:
    pixels, valid = work.reader.sample(scene)
    seen = pixels[valid]
    gray = bool((seen[:, :1] == seen[:, 1:]).all())
    names = () if capability(scene.grid.gsd_m) == "area" else work.names(scene)
    return File(scene, measure_stretch(pixels, valid, size_m=scene.grid.size_m), gray, names)


def _not_read(site: Site, ended: CoarseScene, *, files: Sequence[CoarseScene]) -> Cover:
    """The row of a scene that was not read. files: all of it; one that cannot be described may show any site."""
    scene = ended.scene
    touched = any(one.scene is None or touches(site, scene=one.scene) for one in files)
    return Cover(
        site_id=site.id, site_name=site.name, zone=site.zone, scene_id=ended.scene_id,
        datetime=scene.acquired if scene else None, datetime_source=scene.acquired_source if scene else "unknown",
        sensor=scene.sensor if scene else "", status=ended.status if touched else "outside", capability=ended.capability,
        observed_fraction=0.0, cloud_checked=False, gsd_m=round(max(scene.grid.gsd_m), 4) if scene else float("nan"),
        px_per_width=round(px_per_width(scene.grid.gsd_m), 3) if scene else float("nan"),
        notes=(ended.reason if touched else OFF_SITE,),
    )  # fmt: skip
