"""A small yard drawn for tests, and its labels in every format."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS
from rasterio.transform import Affine

from sattrack.geometry import quads_from_xywhr

GSD_M = 0.5
SHAPE = (140, 180)
# Three 20-ft and two 40-ft boxes, centre, sides (pixels of half a metre) and angle.
BOXES = np.array(
    [[30, 30, 12, 5, 0.0], [60, 35, 12, 5, 0.5], [100, 40, 12, 5, 1.2], [50, 90, 24, 5, 0.3], [130, 100, 24, 5, 2.6]], float
)
RIDGE = [[0.0, 100.0], [30.0, 100.0], [30.0, 139.0], [0.0, 139.0]]


def drawn(seed: int = 0, *, boxes: np.ndarray = BOXES) -> tuple[np.ndarray, np.ndarray]:
    """A picture (rows, cols, 3) of white boxes on a dark ground, and their corners (n, 4, 2)."""
    pixels = np.full((*SHAPE, 3), 40, np.uint8) + np.random.default_rng(seed).integers(0, 10, (*SHAPE, 3), dtype=np.uint8)
    quads = quads_from_xywhr(boxes)
    for quad in quads:
        cv2.fillConvexPoly(pixels, np.round((quad - 0.5) * 16).astype(np.int32), (240, 240, 240), shift=4)
    return pixels, quads


def shares(quads: np.ndarray) -> list[str]:
    return [" ".join(f"{v:.7f}" for v in (quad / SHAPE[::-1]).ravel()) for quad in quads]


def ways(quads: np.ndarray) -> set[tuple[int, ...]]:
    """Boxes without the order of their corners, to a tenth of a pixel."""
    return {tuple(sorted(int(v) for v in np.round(quad * 10).ravel())) for quad in quads}


@dataclass
class Yard:
    """Writes pictures and labels below a folder."""

    folder: Path
    names: list[str] = field(default_factory=list)

    def picture(self, where: str, *, placed: bool = False, seed: int = 0) -> np.ndarray:
        """Draws a picture; returns its boxes. placed: as a GeoTIFF in UTM, on the ground."""
        path = self.folder / where
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels, quads = drawn(seed)
        if placed:
            with rasterio.open(
                path, "w", driver="GTiff", width=SHAPE[1], height=SHAPE[0], count=3, dtype="uint8", crs=CRS.from_epsg(32652),
                transform=TRANSFORM, photometric="RGB",
            ) as file:  # fmt: skip
                file.write(np.moveaxis(pixels, -1, 0))
        else:
            assert cv2.imwrite(str(path), pixels[..., ::-1])
        return quads

    def text(self, where: str, lines: Sequence[str]) -> Path:
        path = self.folder / where
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    def json(self, where: str, said: object) -> Path:
        path = self.folder / where
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(said))
        return path


TRANSFORM = Affine(GSD_M, 0, 500_000, 0, -GSD_M, 4_600_000)


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path / "mine")
