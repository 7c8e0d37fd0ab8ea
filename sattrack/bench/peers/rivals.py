"""Other tools that count with the same weights, each called as its own pages say: how long it took, how many boxes it found."""

import importlib
import resource
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sattrack.bench.clocks import Clock, peak_bytes
from sattrack.detections import Detections
from sattrack.detectors.backends import silent_imports
from sattrack.detectors.offline import keep_at_home
from sattrack.settings import Settings
from sattrack.steps.merging import merge
from sattrack.steps.placing import place
from sattrack.steps.tiling import plan_windows

# Where the call is ours to write, it is not held to ultralytics' 300 boxes a tile, which a full yard exceeds.
_MOST_BOXES = 3000
# Overlap from which the tools take two boxes for one, each by its own measure: the default of two of the three.
MERGE_IOU = 0.5


@dataclass(frozen=True, slots=True)
class Order:
    """What a tool is asked: a picture, the model in a form that it takes, and how tiles lie (pixels)."""

    picture: Path
    model: Path
    threshold: float
    tile_px: int
    overlap_px: int
    gsd_m: float


def measure_tool(tool: str, asked: Mapping[str, Any], *, most_bytes: int) -> dict[str, Any]:
    """One tool on one picture in this process. wall_s, cpu_s: from the file to merged boxes, the model loaded before.

    asked: the fields of an Order. most_bytes: of memory of its own; what asks for more fails, rather than the machine.
    """
    order = Order(**{**asked, "picture": Path(asked["picture"]), "model": Path(asked["model"])})
    resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, most_bytes))
    # Beforehand, so that none of them tells its maker.
    keep_at_home()
    with silent_imports():
        importlib.import_module("onnxruntime" if tool == "geodeep" else "openvino" if order.model.is_dir() else "torch")
    began = Clock.now()
    ready, unload = TOOLS[tool](order)
    loaded = Clock.now()
    found = ready()
    spent = Clock.now() - loaded - unload()
    return {
        "wall_s": spent.wall_s, "cpu_s": spent.cpu_s, "load_s": (loaded - began).wall_s, "found": found,
        "peak_bytes": peak_bytes(),
    }  # fmt: skip


Ready = tuple[Callable[[], int], Callable[[], Clock]]


def _yolo(order: Order) -> Any:
    import ultralytics

    # Its package names it only to its own importer.
    package: Any = ultralytics
    model = package.YOLO(str(order.model), task="obb")
    # The first call makes it ready; no tool is charged for it.
    model(np.zeros((order.tile_px, order.tile_px, 3), np.uint8), verbose=False)
    return model


def _sahi(order: Order) -> Ready:
    from sahi import AutoDetectionModel
    from sahi.predict import get_sliced_prediction

    model = AutoDetectionModel.from_pretrained(
        model_type="ultralytics", model_path=str(order.model), confidence_threshold=order.threshold, device="cpu", task="obb"
    )
    model.perform_inference(np.zeros((order.tile_px, order.tile_px, 3), np.uint8))
    share = order.overlap_px / order.tile_px

    def ready() -> int:
        found = get_sliced_prediction(
            str(order.picture), model, slice_height=order.tile_px, slice_width=order.tile_px, overlap_height_ratio=share,
            overlap_width_ratio=share, perform_standard_pred=False, verbose=0,
        )  # fmt: skip
        return len(found.object_prediction_list)

    return ready, Clock


def _supervision(order: Order) -> Ready:
    import cv2
    import supervision

    model = _yolo(order)

    def callback(tile: Any) -> Any:
        found = model(tile, conf=order.threshold, imgsz=order.tile_px, max_det=_MOST_BOXES, verbose=False)[0]
        return supervision.Detections.from_ultralytics(found)

    slicer = supervision.InferenceSlicer(callback, slice_wh=order.tile_px, overlap_wh=order.overlap_px, iou_threshold=MERGE_IOU)
    return lambda: len(slicer(cv2.imread(str(order.picture)))), Clock


def _geodeep(order: Order) -> Ready:
    import geodeep

    inner: Any = importlib.import_module("geodeep.geodeep")
    loading = Clock()
    create = inner.create_session

    def timed(*given: Any, **named: Any) -> Any:
        nonlocal loading
        began = Clock.now()
        made = create(*given, **named)
        loading += Clock.now() - began
        return made

    # It loads the model in the same call; that time is taken off again.
    inner.create_session = timed

    def ready() -> int:
        return len(geodeep.detect(str(order.picture), str(order.model), output_type="raw", conf_threshold=order.threshold))

    return ready, lambda: loading


def _ultralytics(order: Order) -> Ready:
    """Over our windows, one at a time, placed and merged by us."""
    import rasterio
    from rasterio.windows import Window

    model, asked = _yolo(order), Settings()

    def ready() -> int:
        placed = []
        with rasterio.open(order.picture) as raster:
            plan = plan_windows(
                (raster.height, raster.width), gsd_m=(order.gsd_m, order.gsd_m), model_gsd_m=order.gsd_m,
                tile_px=order.tile_px, overlap_m=asked.overlap_m, longest_object_m=asked.longest_object_m,
            )  # fmt: skip
            for cell in plan.cells:
                w = cell.window
                tile = raster.read(window=Window(w.col, w.row, w.width, w.height), boundless=True, fill_value=0)
                bgr = np.ascontiguousarray(np.moveaxis(tile, 0, -1)[..., ::-1])
                said = model(bgr, conf=order.threshold, imgsz=order.tile_px, max_det=_MOST_BOXES, verbose=False)[0].obb
                quads = said.xyxyxyxy.numpy().astype(float).reshape(-1, 4, 2)
                found = Detections(quads, said.conf.numpy(), said.cls.numpy().astype(np.int32))
                placed.append(place(found, cell=cell, plan=plan))
        return len(merge(Detections.joined(placed), overlap=asked.merge_overlap))

    return ready, Clock


TOOLS: dict[str, Callable[[Order], Ready]] = {
    "sahi": _sahi,
    "supervision": _supervision,
    "geodeep": _geodeep,
    "ultralytics": _ultralytics,
}
