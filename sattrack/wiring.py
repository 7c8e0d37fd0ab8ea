"""Wiring: names to plugs. The only place that knows which implementation stands behind a protocol."""

import importlib
import os
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sattrack.assets import asset_folder
from sattrack.covers import CoverCard
from sattrack.detectors.backends import EIGHT_BIT, HALF, demand, version_of
from sattrack.errors import DetectorError, UsageError
from sattrack.findings import Findings, Pair
from sattrack.ports import AreaReader, Detector, Executor, Finished, PartStore, Reader, Report, Store
from sattrack.results import ModelCard, Part
from sattrack.settings import Settings
from sattrack.stores.locations import Location
from sattrack.writing import private_folder

if TYPE_CHECKING:
    from sattrack.detectors.exports import Export
    from sattrack.detectors.quantising import Calibration
    from sattrack.stores.objects import Objects
    from sattrack.stores.remote import Pulled

DEFAULT_WEIGHTS = "fast"
# What reads covered area where boxes cannot be told.
COVER_WEIGHTS = "cover"
# What runs the .pt file itself, in single precision; every figure of accuracy was measured with it.
REFERENCE_BACKEND = "torch"
_WHY = {EIGHT_BIT: "the quickest on a CPU, and the weights' card says that it passed the gate on such processors"}
_WHY_ELSE = "the quickest on a CPU that is installed and answers as torch does"

# name -> (module, function, what it writes)
EXPORTS: dict[str, tuple[str, str, str]] = {
    "csv": ("sattrack.reports.tables", "write_csv", "every box as a row"),
    "parquet": ("sattrack.reports.tables", "write_parquet", "every box, GeoParquet"),
    "gpkg": ("sattrack.reports.geopackage", "write_geopackage", "GeoPackage with an embedded QGIS style"),
    "geojson": ("sattrack.reports.geojson", "write_geojson", "GeoJSON, WGS 84"),
    "kml": ("sattrack.reports.kml", "write_kml", "KML for Google Earth"),
    "coco": ("sattrack.reports.coco", "write_coco", "COCO JSON"),
    "yolo-obb": ("sattrack.reports.yolo_obb", "write_yolo_obb", "a folder of YOLO-OBB text files"),
    "overlay": ("sattrack.reports.overlays", "write_overlays", "a folder of pictures with the boxes drawn"),
    "charts": ("sattrack.reports.charts", "write_charts", "a folder of count charts, SVG and PNG"),
}
# Formats that show the scenes again, and so are given a reader.
_NEEDS_PIXELS = {"overlay"}


@dataclass(frozen=True, slots=True)
class Model:
    """What detects: shipped weights by name, weights by path, or a user's own class, with what is stated where no card is.

    careful: in several views of each tile, which is another model than the plain one; as the settings say it. backend: what
    runs the network, one of sattrack.detectors.backends.NAMES, or HALF; each but torch is another model too. A user is given
    the one that on_backend chooses.
    """

    weights: str = DEFAULT_WEIGHTS
    detector: str | None = None
    gsd_m: float | None = None
    classes: tuple[str, ...] | None = None
    threshold: float | None = None
    careful: bool = False
    backend: str = REFERENCE_BACKEND


def card_of(model: Model) -> ModelCard:
    """The model's card, without loading a network where there is one."""
    if model.detector:
        return load_model(model, settings=Settings(careful=model.careful))[1]
    card = _weights_and_card(model)[1] if model.backend in (REFERENCE_BACKEND, HALF) else _exported(model)[1]
    return _careful_card(card) if model.careful else card


def load_model(model: Model, *, settings: Settings) -> tuple[Detector, ModelCard]:
    """The detector, ready, and its card. ValueError where model and settings do not agree on whether it is careful."""
    if model.careful != settings.careful:
        raise ValueError(f"the model says careful={model.careful}, the settings say {settings.careful}")
    detector, card = _load_plain(model, settings=settings)
    if not model.careful:
        return detector, card
    from sattrack.detectors.views import Careful

    return Careful(detector, score_floor=settings.score_floor, tile_cap=settings.tile_cap), _careful_card(card)


def load_for(card: ModelCard, model: Model, *, settings: Settings) -> Detector:
    """The detector of a run that is of this card, under which its boxes are stored. UsageError where another model is loaded:
    weights may be replaced while a run is planned, or others lie at the same path, or run them, on a worker's machine.
    """
    detector, loaded = load_model(model, settings=settings)
    theirs, ours = ((one.id, one.sha256[:12], one.runtime) for one in (loaded, card))
    if theirs != ours:
        raise UsageError(
            f"{' '.join(theirs).strip()} was loaded on {platform.node()}, and the run is of {' '.join(ours).strip()}",
            way_out="see that weights, exports and packages are and stay the same everywhere, and give the same command again",
        )
    return detector


def _load_plain(model: Model, *, settings: Settings) -> tuple[Detector, ModelCard]:
    if model.detector:
        if model.backend != REFERENCE_BACKEND:
            raise UsageError("--backend chooses what runs weights; a detector of your own runs itself", way_out="leave it out")
        from sattrack.detectors.custom import card_of_custom, load_custom

        detector = load_custom(model.detector)
        return detector, card_of_custom(model.detector, detector=detector, threshold=model.threshold)
    if model.backend not in (REFERENCE_BACKEND, HALF):
        return _load_exported(model, settings=settings)
    _before_torch()
    from sattrack.detectors.yolo import YoloDetector

    weights, card = _weights_and_card(model)
    made = YoloDetector(
        weights,
        card=card,
        device=settings.device,
        half=model.backend == HALF,
        score_floor=settings.score_floor,
        merge_overlap=settings.merge_overlap,
        tile_cap=settings.tile_cap,
        # Where nobody says how many, a card takes as many as fit.
        tiles=settings.batch if "batch" in settings.model_fields_set else None,
    )
    return made, card


def _before_torch() -> None:
    """Before it is imported, or it has no effect: threads that spin only a little before they wait. On two cores with other
    work a tile took 170 to 190 ms so and 820 ms with torch's own long spinning; on idle ones both take 68 ms, and threads that
    never spin 80 to 110.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")


def on_backend(model: Model, backend: str | None, *, device: str, told: Callable[[str], None] = lambda _said: None) -> Model:
    """The model on the backend of that name; none: as auto. told: why that one where auto was asked for, or where what should
    be there was refused; and what takes time.

    auto: on a CPU OpenVINO, in 8 bits where the weights' card says that this export passed the gate and it counts here as it
    should, else in single precision; else the next that is installed and answers as torch does. torch where it finds an
    accelerator, or one is asked for; in half precision where that is CUDA. An export in single precision that is not there yet
    is made and checked here.
    """
    from sattrack.detectors.backends import BACKENDS, demand_cpu, missing_for
    from sattrack.detectors.ready_exports import eight_bit_refusal

    if backend in (None, "auto") and model.detector:
        return model
    if backend not in (None, "auto"):
        demand(backend)
        if backend == REFERENCE_BACKEND:
            return _with_export(_by_torch(model, device=device), told)[0]
        demand_cpu(backend, device=device)
        return _with_export(replace(model, backend=backend), told)[0]
    quiet = backend is None
    if device not in ("auto", "cpu") or _kind_of(device) != "cpu":
        if not quiet:
            told("backend torch: a graphics card may be used, and only torch uses one")
        return _by_torch(model, device=device)
    weights, card = _weights_and_card(model)
    passed_over = []
    for name in (EIGHT_BIT, *BACKENDS):
        if missing := missing_for(name):
            passed_over.append(f"{name}: {' and '.join(missing)} is not installed")
            continue
        if name == EIGHT_BIT and (refused := eight_bit_refusal(weights, card=card, careful=model.careful)):
            passed_over.append(f"{name}: {refused.why}")
            quiet = quiet and not refused.surprising
            continue
        try:
            chosen, card = _with_export(replace(model, backend=name), told)
        except (DetectorError, UsageError) as error:
            if name == REFERENCE_BACKEND:
                raise
            passed_over.append(f"{name}: {error.message}")
            continue
        if not quiet:
            told(f"backend {card.runtime or name}: {'; '.join([_WHY.get(name, _WHY_ELSE), *passed_over])}")
        return chosen
    raise UsageError("no backend can run the weights here", way_out="sattrack doctor says what is missing")


def _by_torch(model: Model, *, device: str) -> Model:
    """The model by torch, on CUDA in half precision: said once for a whole run, so that no part of it is of another model."""
    half = not model.detector and _kind_of(device) == "cuda"
    return replace(model, backend=HALF if half else REFERENCE_BACKEND)


def _kind_of(device: str) -> str:
    """cpu, cuda or mps: what torch finds where a device of that name is asked for. It is imported only where it may find a
    card; a driver alone, or Windows below, says nothing of what torch was built for.
    """
    from sattrack.detectors.backends import accelerated

    if device == "cpu" or (device == "auto" and not accelerated()):
        return "cpu"
    _before_torch()
    from sattrack.detectors.devices import choose_device

    return choose_device(device).type


def _with_export(model: Model, told: Callable[[str], None]) -> tuple[Model, ModelCard]:
    """The model, with its export there where it needs one, and its card."""
    if model.backend not in (REFERENCE_BACKEND, HALF, EIGHT_BIT) and not model.detector:
        from sattrack.detectors.ready_exports import places

        weights, card = _weights_and_card(model)
        if not any(place.is_file() for place in places(weights, card=card, backend=model.backend)):
            told(f"exporting {card.id} for {model.backend}, once: some ten seconds")
    return model, card_of(model)


def export_model(
    model: Model,
    *,
    backend: str,
    to: Path | None,
    half: bool = False,
    calibrate: "Callable[[ModelCard], Calibration] | None" = None,
) -> tuple[Path, dict[str, object]]:
    """Exports the model's weights (see detectors.exporting.export_to): the file, and what is to be said of it.

    calibrate: makes the tiles by which it is brought to 8 bits, once nothing else is in the way; none: single precision.
    """
    weights, card = _weights_and_card(model)
    if calibrate is None:
        from sattrack.detectors.exporting import export_to

        return export_to(to, weights=weights, card=card, backend=backend, half=half)
    from sattrack.detectors.quantising import export_8_bit_to

    return export_8_bit_to(to, weights=weights, card=card, calibrate=calibrate)


def _load_exported(model: Model, *, settings: Settings) -> tuple[Detector, ModelCard]:
    """An export as a detector; torch is not imported where the export is there already."""
    from sattrack.detectors.backends import demand_cpu
    from sattrack.detectors.decoding import NetworkDetector
    from sattrack.detectors.forwarding import run_export
    from sattrack.detectors.parity import demand_parity

    demand_cpu(model.backend, device=settings.device)
    export, card = _exported(model)
    forward = run_export(export, device=settings.device)
    if not forward.device.startswith("cpu"):
        # It was held against torch on the CPU only.
        demand_parity(run_export(export), forward, card=card)
    made = NetworkDetector(
        forward,
        card=card,
        score_floor=settings.score_floor,
        merge_overlap=settings.merge_overlap,
        tile_cap=settings.tile_cap,
    )
    return made, card


def _exported(model: Model) -> "tuple[Export, ModelCard]":
    from sattrack.detectors.cards import card_on
    from sattrack.detectors.ready_exports import ready_export

    weights, card = _weights_and_card(model)
    export = ready_export(weights, card=card, backend=model.backend)
    stated = export.stated
    return export, card_on(card, backend=stated.backend, precision=stated.precision, runtime=export.runtime)


def _weights_and_card(model: Model) -> tuple[Path, ModelCard]:
    from sattrack.detectors.cards import card_for, card_on, find_weights

    weights = find_weights(model.weights, folder=asset_folder("weights"))
    card = card_for(weights, gsd_m=model.gsd_m, classes=model.classes, threshold=model.threshold)
    if model.backend == HALF:
        card = card_on(card, backend="torch", precision="fp16", runtime=f"torch {version_of('torch')} fp16")
    return weights, card


def _careful_card(card: ModelCard) -> ModelCard:
    from sattrack.detectors.cards import careful_card

    return careful_card(card)


def make_reader(settings: Settings) -> Reader:
    from sattrack.readers.rasters import RasterReader

    return RasterReader(limits=settings)


def write_page(
    run: Finished,
    parts: Mapping[str, Part],
    to: Path,
    *,
    imagery: bool,
    allow_remote: bool = False,
    allow_hosts: Iterable[str] = (),
    findings: Findings | None = None,
    pairs: Callable[[Reader | None], Iterable[Pair]] = lambda _reader: (),
) -> Path:
    """The run's page; without imagery no scene is opened. pairs: makes them by the reader, or without one."""
    from sattrack.reports.page import write_report

    with closing(make_reader(Settings.model_validate(run.index.settings).allowing(allow_hosts))) as reader:
        made = pairs(reader if imagery else None)
        return write_report(
            run, parts, to, imagery=imagery, reader=reader, allow_remote=allow_remote, findings=findings, pairs=made
        )


def make_area_reader(weights: str = "") -> tuple[CoverCard, Callable[[], AreaReader]]:
    """The card of the reader of covered area, and what loads it. weights: a .npz file with its card; empty: the shipped one."""
    from sattrack.detectors.cover import CoverReader, cover_card_of

    file = Path(weights) if weights else asset_folder("weights") / f"{COVER_WEIGHTS}.npz"
    card = cover_card_of(file)
    return card, partial(CoverReader, file, card=card)


def make_executor(settings: Settings) -> Executor:
    from sattrack.executors.threads import ThreadExecutor

    return ThreadExecutor(workers=1, ahead=settings.read_ahead * settings.batch)


def open_store(folder: Path, *, create: bool, at: Location | None = None, settings: Settings | None = None) -> Store:
    """A run in a folder; or one that is kept at a location, of which the folder is the copy."""
    if at is not None:
        from sattrack.stores.remote import RemoteRun

        return RemoteRun(folder, _objects(at, settings), create=create)
    from sattrack.stores.folder import RunFolder

    return RunFolder(folder, create=create)


def open_part_store(folder: Path, *, at: Location | None, settings: Settings) -> PartStore:
    """Where a worker puts the parts of a run that is there already."""
    if at is None:
        return open_store(folder, create=False)
    from sattrack.stores.remote import RemoteParts

    return RemoteParts(_objects(at, settings))


@contextmanager
def folder_of(place: Path | Location) -> Iterator[tuple[Path, Location | None]]:
    """The folder in which a run is written, and where it is kept if that is elsewhere: then a private copy, gone afterwards."""
    if isinstance(place, Path):
        yield place, None
        return
    with private_folder("run") as copy:
        yield copy, place


def pull_run(at: Location, folder: Path) -> "Pulled":
    """Copies a run from where it is kept: see stores.remote.pull."""
    from sattrack.stores.remote import pull

    return pull(_objects(at, None), folder)


def _objects(at: Location, settings: Settings | None) -> "Objects":
    from sattrack.stores.objects import Objects

    said = settings or Settings()
    return Objects(at, tries=said.remote_tries, timeout_s=said.remote_timeout_s)


def export_writer(name: str, *, to: Path) -> Report:
    """The function that writes a format. UsageError names the formats there are, or says that `to` is named for another one."""
    if name not in EXPORTS:
        raise UsageError(f"the format {name!r} is not known", way_out=f"use one of {', '.join(EXPORTS)}")
    named = to.suffix.lower().removeprefix(".")
    if named != name and named in EXPORTS:
        raise UsageError(
            f"by its name it would be {named}, but -f {name} is asked for", where=str(to),
            way_out=f"give -f {named}, or another name with -o",
        )  # fmt: skip
    module, function, _ = EXPORTS[name]
    writer: Report = getattr(importlib.import_module(module), function)
    return partial(_with_reader, writer) if name in _NEEDS_PIXELS else writer


def _with_reader(writer: Callable[..., Path], run: Finished, parts: Mapping[str, Part], to: Path, **options: Any) -> Path:
    """Calls a writer that shows pixels, which are read as the run read them."""
    with closing(make_reader(Settings.model_validate(run.index.settings))) as reader:
        return writer(run, parts, to, reader=reader, **options)
