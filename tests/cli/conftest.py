"""Small scenes with white boxes on dark ground, a detector that finds what is bright, and the real entry point."""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.transform import from_origin

from sattrack.cli.app import main

GSD = 0.5
EAST, NORTH = 500_000.0, 3_900_000.0

_BRIGHT = '''
import time
import numpy as np
from scipy import ndimage
from sattrack.detections import Detections


class Bright:
    """Finds bright rectangles; half of them at a low score."""

    classes = ("container",)
    gsd_m = 0.5
    tile_px = 256
    threshold = 0.3
    sha256 = "of the test"

    def detect(self, batch):
        return [self.look(tile.pixels) for tile in batch.tiles]

    def look(self, pixels):
        found = ndimage.find_objects(ndimage.label(pixels.mean(axis=2) > 180)[0])
        quads = [[(x.start, y.start), (x.stop, y.start), (x.stop, y.stop), (x.start, y.stop)] for y, x in found]
        scores = np.where(np.arange(len(quads)) % 2, 0.4, 0.9).astype(np.float32)
        return Detections(np.array(quads, float).reshape(-1, 4, 2), scores, np.zeros(len(quads), np.int32))


class Slow(Bright):
    def look(self, pixels):
        print("looking", flush=True)
        time.sleep(60)


class Hidden:
    classes = ("container",)
'''


@dataclass(frozen=True)
class Said:
    """What a command line printed and returned."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def sattrack(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    def call(*words: object) -> Said:
        capsys.readouterr()
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call


@pytest.fixture
def detectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path with the module `bright_boxes`."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "bright_boxes.py").write_text(_BRIGHT)
    monkeypatch.syspath_prepend(folder)
    return folder


def write_scene(path: Path, *, boxes: int, crs: str | None = "EPSG:32652", gsd: float = GSD, seed: int = 0) -> Path:
    """A scene of 300 x 200 px with `boxes` white boxes of 12 x 2.5 m, 4 to a row."""
    ground = np.random.default_rng(seed).integers(30, 60, (3, 200, 300)).astype(np.uint8)
    for i in range(boxes):
        x, y = 20 + 60 * (i % 4), 20 + 20 * (i // 4)
        ground[:, y : y + 5, x : x + 24] = 250
    place = {"crs": crs, "transform": from_origin(EAST, NORTH, gsd, gsd)} if crs else {}
    with rasterio.open(
        path, "w", driver="GTiff", width=300, height=200, count=3, dtype="uint8", photometric="rgb", **place
    ) as to:
        to.write(ground)
        to.update_tags(TIFFTAG_DATETIME=dt.datetime(2024, 5, 1 + seed, 10, tzinfo=dt.UTC).strftime("%Y:%m:%d %H:%M:%S"))
    return path


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """Two scenes of one place, 12 and 16 boxes."""
    folder = tmp_path / "scenes"
    folder.mkdir()
    write_scene(folder / "may.tif", boxes=12)
    write_scene(folder / "june.tif", boxes=16, seed=7)
    return folder


def write_site(path: Path, *, site_id: str = "left", name: str = "Left half", east: float = 0.0) -> Path:
    """An outline of 70 x 100 m: the left half of the scenes, two boxes of each row of four; or `east` metres from there."""
    to_lonlat = Transformer.from_crs(32652, 4326, always_xy=True)
    corners = [(0, 0), (70, 0), (70, -100), (0, -100), (0, 0)]
    ring = [to_lonlat.transform(EAST + east + x, NORTH + y) for x, y in corners]
    feature = {
        "type": "Feature",
        "properties": {"site_id": site_id, "name": name},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return write_site(tmp_path / "site.geojson")


@pytest.fixture
def run(sattrack: Callable[..., Said], scenes: Path, site: Path, detectors: Path, tmp_path: Path) -> Path:
    """A finished run of the two scenes."""
    to = tmp_path / "run"
    said = sattrack("detect", scenes, "--sites", site, "-o", to, "--detector", "bright_boxes:Bright", "--no-report", "-q")
    assert (said.code, said.out, said.err) == (0, "", "")
    return to
