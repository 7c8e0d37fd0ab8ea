"""Boxes as a YOLO-OBB data set's labels: `class x1 y1 ... x4 y4`, normalised; a text file a scene, to correct and train on."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sattrack.detections import CORNERS
from sattrack.errors import StoreError
from sattrack.packed import Packed
from sattrack.ports import Finished
from sattrack.reports.cells import clean, shown, write_table
from sattrack.reports.naming import label_name
from sattrack.reports.rows import BoxRows, box_rows
from sattrack.results import Part
from sattrack.writing import write_whole

_IMAGE_COLUMNS = ("label", "file_name", "width_px", "height_px", "boxes")


def write_yolo_obb(run: Finished, parts: Mapping[str, Part], to: Path, *, everything: bool = False) -> Path:
    """A folder with classes.txt, images.csv and labels/NAME.txt; only counted boxes unless everything: labels bear no score.

    Corners beyond the picture are moved to its edge, as trainers ask. StoreError where the folder holds other things.
    """
    labels = _cleared(to) / "labels"
    pictures: Packed[tuple[object, ...]] = Packed()
    for rows in box_rows(run, parts, everything=everything):
        scene = rows.part.scene
        name = label_name(scene.part)
        write_whole(labels / name, _lines(rows).encode())
        pictures.append((f"labels/{name}", shown(scene.location), scene.grid.shape[1], scene.grid.shape[0], len(rows)))
    write_table(to / "images.csv", _IMAGE_COLUMNS, rows=pictures)
    write_whole(to / "classes.txt", "".join(f"{clean(name)}\n" for name in run.index.card.classes).encode())
    return to


def _cleared(to: Path) -> Path:
    """The folder, made, and free of an earlier export's labels."""
    try:
        if to.exists() and not (to / "classes.txt").is_file() and (not to.is_dir() or any(to.iterdir())):
            raise StoreError(
                "is there already, and is no earlier export", where=str(to), way_out="give the name of a new folder"
            )
        (to / "labels").mkdir(parents=True, exist_ok=True)
        for old in (to / "labels").glob("*.txt"):
            old.unlink()
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"cannot be made: {error.strerror}", where=str(to), way_out="choose another -o") from error
    return to


def _lines(rows: BoxRows) -> str:
    height, width = rows.part.scene.grid.shape
    corners = np.array([rows.columns[name] for name in CORNERS], float).T.reshape(-1, 4, 2)
    shares = np.clip(corners / [width, height], 0, 1).reshape(-1, 8) + 0.0
    written = (" ".join(f"{share:.8f}" for share in row) for row in shares)
    return "".join(f"{label} {line}\n" for label, line in zip(rows.columns["class_id"], written, strict=True))
