"""Boxes as a file that `sattrack bench accuracy --predictions` and other scorers read."""

import csv
from collections.abc import Iterable
from pathlib import Path

from sattrack.detections import CORNERS, Detections


def write_predictions(boxes: Iterable[tuple[str, Detections]], to: Path) -> Path:
    """scene_id, confidence, px_x1 ... px_y4."""
    with to.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["scene_id", "confidence", *CORNERS])
        for name, found in boxes:
            for quad, confidence in zip(found.quads.reshape(-1, 8), found.scores, strict=True):
                writer.writerow([name, f"{confidence:.6f}", *(f"{v:.4f}" for v in quad)])
    return to
