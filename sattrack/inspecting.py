"""Inspecting: what a picture is, what the detector would be fed, and whether its boxes can be counted."""

from collections.abc import Iterator
from dataclasses import dataclass

from sattrack import wiring
from sattrack.errors import SattrackError, SceneRefused
from sattrack.imagery import PERCENTILES, Scene, Stretch
from sattrack.pipeline import plan_work
from sattrack.planning import Request, describe_for, find_for, refuse_torn_grid
from sattrack.ports import Reader
from sattrack.readers.finding import Source
from sattrack.readers.opening import gdal_options, open_raster
from sattrack.readers.remote.ranges import look_again
from sattrack.results import ModelCard
from sattrack.settings import Settings
from sattrack.steps.judging import capability, px_per_width
from sattrack.steps.observing import nodata_notes
from sattrack.steps.stretching import measure_stretch


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one picture. status: ok, refused or failed, with the reason; what could not be learnt is none.

    capability: count, area, presence or refuse, by px_per_width, the pixels across a container of 2.44 m. stretch: the raw
    values that become 0 and 255, per channel. tiles: how many windows the model would be
    given, without outlines. bands: every band of the file, by its colour or description.
    """

    location: str
    scene_id: str
    part: str
    status: str
    reason: str = ""
    scene: Scene | None = None
    capability: str = ""
    px_per_width: float | None = None
    stretch: Stretch | None = None
    model_id: str = ""
    model_gsd_m: float | None = None
    tile_px: int | None = None
    tiles: int | None = None
    bands: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def inspect_all(request: Request) -> Iterator[Facts]:
    """Facts of every picture that the request's inputs name, in the order in which detect would take them."""
    card, said = _card(request)
    look_again()
    reader = wiring.make_reader(request.settings)
    sources = find_for(request)
    try:
        for source in sources:
            yield _inspect(source, request, card=card, reader=reader, said=said)
    finally:
        reader.close()


def _card(request: Request) -> tuple[ModelCard | None, tuple[str, ...]]:
    try:
        return wiring.card_of(request.model), ()
    except SattrackError as error:
        return None, (f"the tiles are not known: {error}",)


def _inspect(source: Source, request: Request, *, card: ModelCard | None, reader: Reader, said: tuple[str, ...]) -> Facts:
    scene: Scene | None = None
    try:
        scene = describe_for(request, source)
        refuse_torn_grid(scene)
        settings = request.settings
        percentiles = settings.percentiles(card.percentiles if card else PERCENTILES)
        pixels, valid = reader.sample(scene)
        stretch = measure_stretch(pixels, valid, size_m=scene.grid.size_m, percentiles=percentiles)
        unseen = nodata_notes(reader.undeclared_nodata(scene))
        bands = _bands(scene, settings)
    except SattrackError as error:
        status = "refused" if isinstance(error, SceneRefused) else "failed"
        return Facts(source.path, source.scene_id, source.part, status, reason=str(error), scene=scene)
    able = capability(scene.grid.gsd_m)
    reason = "" if able == "count" else "pixels too coarse for boxes to be counted"
    if not valid.any():
        reason = reason or "nothing of it is seen: it is nodata, masked, or of one value from its border on"
    tiles = len(plan_work(scene, sha256="", card=card, settings=settings).cells) if card and able == "count" else None
    return Facts(
        location=source.path,
        scene_id=scene.id,
        part=scene.part,
        status="refused" if reason else "ok",
        reason=reason,
        scene=scene,
        capability=able,
        px_per_width=px_per_width(scene.grid.gsd_m),
        stretch=stretch,
        model_id=card.id if card else "",
        model_gsd_m=card.gsd_m if card else None,
        tile_px=card.tile_px if card else None,
        tiles=tiles,
        bands=bands,
        notes=(*_not_counted(source), *scene.notes, *unseen, *(said if able == "count" else ())),
    )


def _not_counted(source: Source) -> tuple[str, ...]:
    return (f"detect does not look at it: {source.aside}",) if source.aside else ()


def _bands(scene: Scene, settings: Settings) -> tuple[str, ...]:
    with gdal_options(settings), open_raster(scene.location, limits=settings) as raster:
        named = zip(raster.colorinterp, raster.descriptions, strict=True)
        return tuple(f"{colour.name}, {text}" if text else str(colour.name) for colour, text in named)
