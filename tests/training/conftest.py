"""A few labelled tiles as an analyst has them: pictures of white boxes, YOLO-OBB beside."""

from pathlib import Path

import cv2
import numpy as np

from sattrack.geometry import quads_from_xywhr


def draw_tile(path: Path, *, seed: int, size: int = 120, boxes: int = 6) -> np.ndarray:
    """A picture of half-metre pixels; returns its boxes (n, 4, 2)."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(20, 90, (size, size, 3)).astype(np.uint8)
    rows = [[20 + 35 * (i % 3), 25 + 40 * (i // 3), 24, 5, rng.uniform(0, 3)] for i in range(boxes)]
    quads = quads_from_xywhr(np.array(rows, float).reshape(-1, 5))
    for quad in quads:
        cv2.fillConvexPoly(pixels, np.round(quad).astype(np.int32), (230, 225, 220))
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), pixels)
    return quads


def draw_yolo(folder: Path, *, tiles: int = 4, size: int = 120) -> Path:
    """images/t0.png ... and labels/t0.txt ..."""
    (folder / "labels").mkdir(parents=True, exist_ok=True)
    for i in range(tiles):
        quads = draw_tile(folder / "images" / f"t{i}.png", seed=i, size=size)
        lines = ["0 " + " ".join(f"{v:.6f}" for v in (quad / size).ravel()) for quad in quads]
        (folder / "labels" / f"t{i}.txt").write_text("\n".join(lines) + "\n")
    return folder
