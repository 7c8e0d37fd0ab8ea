"""The files of a sample scene: a cloud-optimised GeoTIFF with its mask, and the labels beside it."""

import json
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.transform import from_origin

from sattrack.synthetic.labelled_set import obb_lines
from sattrack.synthetic.sample_scenes import Scene

LICENCE = "AGPL-3.0-or-later; rendered by sattrack, not a satellite image"


def write_scene(scene: Scene, *, folder: Path) -> None:
    """Picture, mask, labels and what is not scored, in images/, labels_obb/ and ignore/."""
    for name in ("images", "labels_obb", "ignore"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    write_picture(scene, path=folder / "images" / f"{scene.id}.tif")
    (folder / "labels_obb" / f"{scene.id}.txt").write_text(label_lines(scene), encoding="utf-8", newline="\n")
    ignored = json.dumps(_ignored(scene)) + "\n"
    (folder / "ignore" / f"{scene.id}.json").write_text(ignored, encoding="utf-8", newline="\n")


def write_picture(scene: Scene, *, path: Path) -> None:
    """A tiled GeoTIFF with overviews, JPEG inside (lossless beside a wedge of nodata); a mask beside a clouded one."""
    wedge = scene.look.veil == "wedge"
    tags = {
        "TIFFTAG_DATETIME": f"{scene.look.time:%Y:%m:%d %H:%M:%S}",
        "TIFFTAG_IMAGEDESCRIPTION": f"Rendered by sattrack, not a satellite image: {scene.place.name}",
        "TIFFTAG_COPYRIGHT": LICENCE,
        "SENSOR": scene.look.camera,
    }
    how = {"compress": "DEFLATE", "predictor": 2} if wedge else {"compress": "JPEG", "quality": 92}
    _write_cog(path, bands=np.moveaxis(scene.picture, 2, 0), scene=scene, tags=tags, nodata=0 if wedge else None, **how)
    if scene.look.veil == "cloud" and scene.hidden is not None:
        mask = path.with_name(f"{path.stem}_mask.tif")
        _write_cog(mask, bands=scene.hidden[None].astype(np.uint8), scene=scene, tags={}, nodata=None, compress="DEFLATE")


def _write_cog(
    path: Path, *, bands: NDArray[np.uint8], scene: Scene, tags: dict[str, str], nodata: int | None, **how: Any
) -> None:
    gsd = scene.look.gsd_m
    profile: dict[str, Any] = {
        "driver": "GTiff", "width": bands.shape[2], "height": bands.shape[1], "count": len(bands), "dtype": "uint8",
        "crs": scene.place.crs, "transform": from_origin(scene.corner[0], scene.corner[1], gsd, gsd), "nodata": nodata,
    }  # fmt: skip
    if len(bands) == 3:
        profile["photometric"] = "RGB"
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "plain.tif"
        with rasterio.open(plain, "w", **profile) as file:
            file.write(bands)
            file.update_tags(**tags)
        resampling = "NEAREST" if len(bands) == 1 else "AVERAGE"
        rasterio.shutil.copy(plain, path, driver="COG", blocksize=256, overview_resampling=resampling, **how)


def label_lines(scene: Scene) -> str:
    """The labels as they are written."""
    return obb_lines(scene.quads, shape=(scene.picture.shape[0], scene.picture.shape[1]))


def _ignored(scene: Scene) -> list[list[list[float]]]:
    """Polygons in pixels inside which nothing is scored: under the cloud."""
    if scene.hidden is None or scene.look.veil == "wedge":
        return []
    grown = cv2.dilate(scene.hidden.astype(np.uint8), np.ones((9, 9), np.uint8))
    rings = cv2.findContours(grown, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    slim = [np.asarray(cv2.approxPolyDP(ring, 2.0, True), float).reshape(-1, 2) for ring in rings]
    return [ring.tolist() for ring in slim if len(ring) >= 3]
