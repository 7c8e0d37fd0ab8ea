"""Boxes as a YOLO-OBB data set's labels: `class x1 y1 ... x4 y4`, normalised; a text file a scene, to correct and train on."""

import csv
import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sattrack.detections import CORNERS
from sattrack.errors import StoreError
from sattrack.packed import Packed
from sattrack.phrases import some
from sattrack.ports import Finished
from sattrack.reports.cells import clean, shown, write_table
from sattrack.reports.naming import label_name
from sattrack.reports.rows import BoxRows, box_rows
from sattrack.results import Part
from sattrack.writing import write_whole

_log = logging.getLogger(__name__)
_IMAGES = "images.csv"
_IMAGE_COLUMNS = ("label", "file_name", "width_px", "height_px", "boxes", "label_sha256")


def write_yolo_obb(run: Finished, parts: Mapping[str, Part], to: Path, *, everything: bool = False) -> Path:
    """A folder with classes.txt, images.csv and labels/NAME.txt; only counted boxes unless everything: labels bear no score.

    Corners beyond the picture are moved to its edge, as trainers ask. An earlier export is replaced. Scenes of several files
    that were read as one picture are left out, and said: no picture is as large as their labels. StoreError where the folder
    holds other things, or labels that were changed since: they may be somebody's work.
    """
    labels = _made(to) / "labels"
    pictures: Packed[tuple[object, ...]] = Packed()
    joined = 0
    for rows in box_rows(run, parts, everything=everything):
        scene = rows.part.scene
        if scene.pieces:
            joined += 1
            continue
        name, content = label_name(scene.part), _lines(rows).encode()
        write_whole(labels / name, content)
        size = (scene.grid.shape[1], scene.grid.shape[0])
        pictures.append((f"labels/{name}", shown(scene.location), *size, len(rows), hashlib.sha256(content).hexdigest()))
    if joined:
        _log.warning(
            "yolo-obb: %s of several files that were read as one picture left out: a label is paired with one file",
            some(joined, "scene"),
        )
    write_table(to / _IMAGES, _IMAGE_COLUMNS, rows=pictures)
    write_whole(to / "classes.txt", "".join(f"{clean(name)}\n" for name in run.index.card.classes).encode())
    written = {row[0] for row in pictures}
    for old in labels.glob("*.txt"):
        if f"labels/{old.name}" not in written:
            old.unlink()
    return to


def _made(to: Path) -> Path:
    """The folder, made where it is not there. StoreError where it is no earlier export as that left it."""
    try:
        if to.exists() and (not to.is_dir() or any(to.iterdir())):
            _check_earlier(to)
        (to / "labels").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"cannot be made: {error.strerror}", where=str(to), way_out="choose another -o") from error
    return to


def _check_earlier(to: Path) -> None:
    listed = _listed(to / _IMAGES)
    if listed is None:
        raise StoreError("is there already, and is no earlier export", where=str(to), way_out="give the name of a new folder")
    for path in sorted((to / "labels").glob("*.txt")):
        if listed.get(f"labels/{path.name}") != hashlib.sha256(path.read_bytes()).hexdigest():
            raise StoreError(
                f"labels/{clean(path.name)} was changed or added since the export", where=str(to),
                way_out="give the name of a new folder, or remove this one",
            )  # fmt: skip


def _listed(images: Path) -> dict[str, str] | None:
    """The digest of each label of an earlier export; none where there was none."""
    if not images.is_file():
        return None
    with images.open(encoding="utf-8", errors="replace", newline="") as file:
        try:
            rows = csv.DictReader(file)
            known = tuple(rows.fieldnames or ()) == _IMAGE_COLUMNS
            return {row["label"]: row["label_sha256"] for row in rows} if known else None
        except csv.Error:
            return None


def _lines(rows: BoxRows) -> str:
    height, width = rows.part.scene.grid.shape
    corners = np.array([rows.columns[name] for name in CORNERS], float).T.reshape(-1, 4, 2)
    shares = np.clip(corners / [width, height], 0, 1).reshape(-1, 8) + 0.0
    written = (" ".join(f"{share:.8f}" for share in row) for row in shares)
    return "".join(f"{label} {line}\n" for label, line in zip(rows.columns["class_id"], written, strict=True))
