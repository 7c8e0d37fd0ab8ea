"""A quick detector for campaigns (`--detector tests.campaigns.quick:Bright`), and scenes of white boxes for it."""

import json
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin
from scipy import ndimage

from sattrack.detections import Detections
from sattrack.imagery import Batch

EAST, NORTH, GSD = 500_000.0, 4_700_000.0, 0.5


class Bright:
    """Finds what is bright."""

    classes = ("container",)
    gsd_m = 0.5
    tile_px = 160
    threshold = 0.3
    sha256 = "of the campaigns"

    def detect(self, batch: Batch) -> list[Detections]:
        return [self._look(tile.pixels) for tile in batch.tiles]

    def _look(self, pixels: NDArray[np.uint8]) -> Detections:
        found = ndimage.find_objects(ndimage.label(pixels[..., 0] > 180)[0])
        quads = [[(x.start, y.start), (x.stop, y.start), (x.stop, y.stop), (x.start, y.stop)] for y, x in found]
        scores = np.linspace(0.9, 0.4, len(quads), dtype=np.float32)
        return Detections(np.array(quads, float).reshape(-1, 4, 2), scores, np.zeros(len(quads), np.int32))


def write_scene(path: Path, *, boxes: int = 8, size: int = 200, seed: int = 0) -> Path:
    """A scene of boxes of 12 m x 2.5 m; its day is that of the seed in May 2024 and after."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ground = np.random.default_rng(seed).integers(20, 60, (3, size, size)).astype(np.uint8)
    for one in range(boxes):
        x, y = 10 + 40 * (one % 4), 10 + 20 * (one // 4)
        ground[:, y : y + 5, x : x + 24] = 250
    place = {"crs": "EPSG:32652", "transform": from_origin(EAST, NORTH, GSD, GSD)}
    with rasterio.open(
        path, "w", driver="GTiff", count=3, height=size, width=size, dtype="uint8", photometric="rgb", **place
    ) as file:
        file.write(ground)
        file.update_tags(TIFFTAG_DATETIME=str(np.datetime64("2024-05-01T10:00:00") + np.timedelta64(7 * seed, "D")))
    return path


def write_scenes(folder: Path, count: int, *, size: int = 200) -> Path:
    for number in range(count):
        write_scene(folder / f"port_{number:04d}.tif", boxes=8 + number % 5, size=size, seed=number)
    return folder


def write_sites(path: Path, *, size: int = 200) -> Path:
    """Two sites: the left and the right half of the scenes."""
    features = []
    for number, (left, right) in enumerate(((0, size // 2), (size // 2, size))):
        ring = [(left, 0), (right, 0), (right, size), (left, size), (left, 0)]
        features.append(
            {"type": "Feature", "properties": {"site_id": f"s{number}"},
             "geometry": {"type": "Polygon", "coordinates": [[[EAST + x * GSD, NORTH - y * GSD] for x, y in ring]]}}
        )  # fmt: skip
    crs = {"type": "name", "properties": {"name": "EPSG:32652"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}))
    return path
