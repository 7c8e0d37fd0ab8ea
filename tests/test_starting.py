"""What a plain detection may import: its start is felt at every call."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

# Heavy packages that a detection needs, and those of ours or theirs that it must do without.
NEEDED = {"numpy", "pydantic", "typer", "rich", "rasterio", "cv2", "pyproj", "shapely", "pyarrow", "yaml"}
HEAVY = {
    "torch", "torchvision", "ultralytics", "scipy", "pandas", "matplotlib", "PIL", "sklearn", "onnx", "onnxruntime", "openvino",
    "nncf", "multiprocessing.pool", "pyarrow.dataset", "pyarrow.compute", "sattrack.reporting", "sattrack.reports.page",
}  # fmt: skip

_FINDER = """
import numpy as np
from sattrack.detections import Detections


class Nothing:
    classes, gsd_m, tile_px, threshold, sha256 = ("container",), 0.5, 160, 0.3, "of the test"

    def detect(self, batch):
        none = np.zeros((1, 4, 2)) + [[1, 1], [9, 1], [9, 3], [1, 3]], np.full(1, 0.8, np.float32), np.zeros(1, np.int32)
        return [Detections(*none) for _ in batch.tiles]
"""
# rasterio takes boto3 along where it finds it, and here it is only there for the tests' own server.
_RUN = """
import sys
sys.modules["boto3"] = None
from sattrack.cli.app import main
code = main(["detect", "scene_20240501.tif", "-o", "run", *sys.argv[1:], "--detector", "nothing_to_find:Nothing"])
print("LOADED", *sorted(sys.modules))
sys.exit(code)
"""


# What its page needs of these, where there is no alarm to be told.
OF_A_PAGE = {"PIL", "sattrack.reporting", "sattrack.reports.page"}


@pytest.mark.parametrize("page", [False, True])
def test_a_plain_detection_imports_nothing_heavy_that_it_does_not_need(tmp_path: Path, page: bool) -> None:
    (tmp_path / "nothing_to_find.py").write_text(_FINDER)
    pixels = np.random.default_rng(0).integers(20, 200, (3, 200, 200)).astype(np.uint8)
    profile = {"driver": "GTiff", "width": 200, "height": 200, "count": 3, "dtype": "uint8", "photometric": "RGB"}
    with rasterio.open(
        tmp_path / "scene_20240501.tif", "w", crs="EPSG:32652", transform=from_origin(5e5, 4.7e6, 0.5, 0.5), **profile
    ) as file:
        file.write(pixels)
    said = [] if page else ["--no-report"]
    done = subprocess.run([sys.executable, "-c", _RUN, *said], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.rpartition("LOADED")[2].split())
    assert sorted(loaded & (HEAVY - OF_A_PAGE if page else HEAVY)) == []
    assert sorted(NEEDED - loaded - {"yaml"}) == [], "the list of what is needed is out of date"
