"""Pictures to measure speed on: cloud-optimised GeoTIFFs of any size, made block by block so that memory stays flat."""

from pathlib import Path

import cv2
import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.transform import from_origin
from rasterio.windows import Window

from sattrack.readers.opening import gdal_options
from sattrack.settings import Settings

# The northing of Busan on the central meridian of UTM zone 52, where a metre of the grid is a metre but for 0.04 %.
_CRS, _ORIGIN = "EPSG:32652", (500_000.0, 3_890_000.0)
_BLOCK = 1024
_SEED = 20_240_531
_STACKS = 9
_BOX_M, _PITCH_M = (12.19, 2.44), (12.6, 2.6)
_GROUND = (112, 110, 104)
_COLOURS = ((150, 60, 50), (60, 90, 150), (70, 120, 90), (190, 190, 185), (170, 120, 60), (110, 110, 115))


def make_picture(folder: Path, *, size: int, gsd_m: float) -> Path:
    """A square COG of size x size px, three uint8 bands: coloured rectangles of a container's size in blocks on rough ground.

    It is nothing like a port, only as costly as one: some forty boxes a hectare. Made once; an old one is used again.
    """
    path = folder / f"speed_{size}px_{gsd_m:g}m.tif"
    if path.is_file():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    plain, cog = path.with_suffix(".plain.part"), path.with_suffix(".cog.part")
    profile = {
        "driver": "GTiff", "width": size, "height": size, "count": 3, "dtype": "uint8", "crs": _CRS, "photometric": "RGB",
        "transform": from_origin(*_ORIGIN, gsd_m, gsd_m), "tiled": True, "blockxsize": 512, "blockysize": 512,
        "compress": "deflate", "zlevel": 1, "bigtiff": "if_safer",
    }  # fmt: skip
    try:
        with gdal_options(Settings()):
            with rasterio.open(plain, "w", **profile) as raster:
                for row in range(0, size, _BLOCK):
                    for col in range(0, size, _BLOCK):
                        pixels = drawn_block(row // _BLOCK, col // _BLOCK, gsd_m=gsd_m)[: size - row, : size - col]
                        window = Window(col, row, pixels.shape[1], pixels.shape[0])
                        raster.write(np.moveaxis(pixels, -1, 0), window=window)
            rasterio.shutil.copy(
                plain, cog, driver="COG", compress="deflate", level=1, blocksize=512, overview_resampling="average"
            )
        cog.replace(path)
    finally:
        plain.unlink(missing_ok=True)
        cog.unlink(missing_ok=True)
    return path


def drawn_block(row: int, col: int, *, gsd_m: float) -> NDArray[np.uint8]:
    """(1024, 1024, 3) uint8: the block's part of the picture; the same for the same place, whatever the picture's size."""
    rng = np.random.default_rng((_SEED, row, col))
    coarse = rng.normal(0, 12, (_BLOCK // 64, _BLOCK // 64, 1)).astype(np.float32)
    fine = rng.normal(0, 5, (_BLOCK, _BLOCK, 1)).astype(np.float32)
    ground = cv2.resize(coarse, (_BLOCK, _BLOCK), interpolation=cv2.INTER_CUBIC)[..., None] + fine
    pixels = np.clip(np.array(_GROUND, np.float32) + ground, 0, 255).astype(np.uint8)
    for _ in range(_STACKS):
        _draw_stack(pixels, rng, gsd_m=gsd_m)
    return cv2.GaussianBlur(pixels, (0, 0), 0.7).astype(np.uint8)


def _draw_stack(pixels: NDArray[np.uint8], rng: np.random.Generator, *, gsd_m: float) -> None:
    """Rows of boxes side by side, at any heading, some slots empty."""
    heading = rng.uniform(0, np.pi)
    along = np.array([np.cos(heading), np.sin(heading)])
    across = np.array([-along[1], along[0]])
    origin = rng.uniform(0.15, 0.85, 2) * _BLOCK
    half = (along * _BOX_M[0] / 2 / gsd_m, across * _BOX_M[1] / 2 / gsd_m)
    corners = np.array([-half[0] - half[1], half[0] - half[1], half[0] + half[1], -half[0] + half[1]])
    for bay in range(4):
        for slot in range(6):
            if rng.random() < 0.2:
                continue
            centre = origin + (along * bay * _PITCH_M[0] + across * slot * _PITCH_M[1]) / gsd_m
            colour = _COLOURS[int(rng.integers(len(_COLOURS)))]
            cv2.fillConvexPoly(pixels, np.round(centre + corners).astype(np.int32), colour, lineType=cv2.LINE_AA)
