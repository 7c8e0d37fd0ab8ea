"""Wiring: names to plugs. The only place that knows which implementation stands behind a protocol."""

import importlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sattrack.assets import asset_folder
from sattrack.errors import UsageError
from sattrack.ports import Detector, Finished
from sattrack.results import ModelCard
from sattrack.settings import Settings

if TYPE_CHECKING:
    from sattrack.executors.threads import ThreadExecutor
    from sattrack.readers.rasters import RasterReader
    from sattrack.stores.folder import RunFolder

DEFAULT_WEIGHTS = "fast"

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
    """What detects: shipped weights by name, weights by path, or a user's own class, with what is stated where no card is."""

    weights: str = DEFAULT_WEIGHTS
    detector: str | None = None
    gsd_m: float | None = None
    classes: tuple[str, ...] | None = None
    threshold: float | None = None


def card_of(model: Model) -> ModelCard:
    """The model's card, without loading a network where there is one."""
    if model.detector:
        return load_model(model, settings=Settings())[1]
    from sattrack.detectors.cards import card_for, find_weights

    weights = find_weights(model.weights, folder=asset_folder("weights"))
    return card_for(weights, gsd_m=model.gsd_m, classes=model.classes, threshold=model.threshold)


def load_model(model: Model, *, settings: Settings) -> tuple[Detector, ModelCard]:
    """The detector, ready, and its card."""
    if model.detector:
        from sattrack.detectors.custom import card_of_custom, load_custom

        detector = load_custom(model.detector)
        return detector, card_of_custom(model.detector, detector=detector, threshold=model.threshold)
    from sattrack.detectors.cards import card_for, find_weights

    weights = find_weights(model.weights, folder=asset_folder("weights"))
    card = card_for(weights, gsd_m=model.gsd_m, classes=model.classes, threshold=model.threshold)
    from sattrack.detectors.yolo import YoloDetector

    made = YoloDetector(
        weights,
        card=card,
        device=settings.device,
        score_floor=settings.score_floor,
        merge_overlap=settings.merge_overlap,
        tile_cap=settings.tile_cap,
    )
    return made, card


def make_reader(settings: Settings) -> "RasterReader":
    from sattrack.readers.rasters import RasterReader

    return RasterReader(limits=settings)


def write_page(run: Finished, parts: Any, to: Path, *, imagery: bool, allow_remote: bool = False) -> Path:
    """The run's page; without imagery no scene is opened."""
    from sattrack.reports.page import write_report

    path: Path = _with_reader(write_report, run, parts, to, imagery=imagery, allow_remote=allow_remote)
    return path


def make_executor(settings: Settings) -> "ThreadExecutor":
    from sattrack.executors.threads import ThreadExecutor

    return ThreadExecutor(workers=1, ahead=settings.read_ahead * settings.batch)


def open_store(folder: Path, *, create: bool) -> "RunFolder":
    from sattrack.stores.folder import RunFolder

    return RunFolder(folder, create=create)


def export_writer(name: str) -> Callable[..., Any]:
    """The function that writes a format. UsageError names the formats there are."""
    if name not in EXPORTS:
        raise UsageError(f"the format {name!r} is not known", way_out=f"use one of {', '.join(EXPORTS)}")
    module, function, _ = EXPORTS[name]
    writer: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return partial(_with_reader, writer) if name in _NEEDS_PIXELS else writer


def _with_reader(writer: Callable[..., Any], run: Finished, parts: Any, to: Path, **options: Any) -> Any:
    """Calls a writer that shows pixels, which are read as the run read them."""
    with closing(make_reader(Settings.model_validate(run.index.settings))) as reader:
        return writer(run, parts, to, reader=reader, **options)
