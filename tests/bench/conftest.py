"""A labelled set drawn for tests: white boxes on a dark ground, and a detector that finds bright boxes."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

GSD_M = 0.4
DETECTOR = """
import cv2
import numpy as np
from sattrack.detections import Detections

class Bright:
    classes = ("container",)
    gsd_m = 0.4
    tile_px = 256
    device = "tests"
    threshold = 0.5

    def detect(self, batches):
        for batch in batches:
            yield [self._tile(tile) for tile in batch.tiles]

    def _tile(self, tile):
        outlines, _ = cv2.findContours((tile.pixels[..., 0] > 128).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        # An outline runs through centres of pixels: half a pixel is missing all round.
        rects = [cv2.minAreaRect(o.astype(np.float32) + 0.5) for o in outlines if len(o) > 4]
        quads = np.array([cv2.boxPoints((c, (w + 1, h + 1), a)) for c, (w, h), a in rects], float).reshape(-1, 4, 2)
        return Detections(quads, np.full(len(quads), 0.8, np.float32), np.zeros(len(quads), np.int32))
"""


def draw_set(folder: Path, *, pictures: int = 2, per_picture: int = 6, missed: int = 0, extra: int = 0, seed: int = 0) -> Path:
    """A set whose labels are the white boxes; `missed` of a picture are labelled but not drawn, `extra` drawn but not labelled.

    A bright crane stands in every picture, inside an ignore polygon.
    """
    rng = np.random.default_rng(seed)
    for name in ("images", "labels_obb", "ignore"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    meta = {}
    for number in range(pictures):
        name, size = f"{folder.name}_{number}", (300, 340)
        image = np.full((*size, 3), 40, np.uint8) + rng.integers(0, 10, (*size, 3), dtype=np.uint8)
        cv2.rectangle(image, (5, 5), (60, 12), (250, 250, 250), -1)
        lines = []
        for slot in range(per_picture + extra):
            centre = (50.0 + 55 * (slot % 5), 50.0 + 50 * (slot // 5))
            quad = cv2.boxPoints((centre, (30.0, 8.0), float(rng.uniform(0, 180))))
            if slot >= missed:
                cv2.fillConvexPoly(image, np.round(quad).astype(np.int32), (240, 240, 240))
            if slot < per_picture:
                lines.append("0 " + " ".join(f"{v:.6f}" for v in (quad / [size[1], size[0]]).ravel()))
        cv2.imwrite(str(folder / "images" / f"{name}.png"), image)
        (folder / "labels_obb" / f"{name}.txt").write_text("\n".join(lines) + "\n")
        (folder / "ignore" / f"{name}.json").write_text(json.dumps([[[0, 0], [70, 0], [70, 20], [0, 20]]]))
        meta[name] = {"gsd_m": GSD_M}
    (folder / "meta.json").write_text(json.dumps(meta))
    return folder


@pytest.fixture(name="draw_set")
def draw_set_() -> Callable[..., Path]:
    return draw_set


@pytest.fixture
def bright(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a detector of one's own that finds bright boxes."""
    place = tmp_path / "plug"
    place.mkdir()
    (place / "sattrack_bright_for_tests.py").write_text(DETECTOR)
    monkeypatch.syspath_prepend(place)
    return "sattrack_bright_for_tests:Bright"
