"""Pictures to measure speed on: rendered yards of any size with their truth, made block by block so that memory stays flat."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.transform import from_origin
from rasterio.windows import Window

from sattrack.errors import UsageError
from sattrack.geometry import Quads, centres
from sattrack.readers.opening import gdal_options
from sattrack.settings import Settings
from sattrack.synthetic.layouts import Layout, draw_layout
from sattrack.synthetic.rendering import draw_view, render_scene
from sattrack.synthetic.seeds import SETS_SEED
from sattrack.synthetic.sensor import Sensor

# The northing of Busan on the central meridian of UTM zone 52, where a metre of the grid is a metre but for 0.04 %.
_CRS, _ORIGIN = "EPSG:32652", (500_000.0, 3_890_000.0)
BLOCK_M = 192.0
# Blocks are drawn as sharp as good imagery is, and brought to the pixels of the picture as reading does it.
_DRAWN_M = 0.3
# Nothing stands on a block's border, so that no box is cut in two where blocks meet.
_BORDER_M = 3.0
_SEED = SETS_SEED + 300_000
# Of ninety seeds of tight and of craned yards, twelve that stand full: 110 to 220 boxes seen a hectare, 156 on average.
_FULL = (5, 15, 20, 22, 39, 46, 61, 62, 70, 71, 73, 77)
_BARE = tuple(range(500, 506))
# One block in so many holds boxes.
_SPARSE = 8
# name -> GDAL driver and creation options; a strip of so many rows is a block of that height.
LAYOUTS: dict[str, tuple[str, dict[str, object]]] = {
    "cog-deflate": ("COG", {"compress": "deflate", "level": 6}),
    "cog-jpeg": ("COG", {"compress": "jpeg", "quality": 90}),
    "cog-zstd": ("COG", {"compress": "zstd"}),
    "cog-none": ("COG", {"compress": "none"}),
    "strips-1": ("GTiff", {"compress": "deflate", "blockysize": 1}),
    "strips-16": ("GTiff", {"compress": "deflate", "blockysize": 16}),
    "png": ("PNG", {}),
}
DENSITIES = ("full", "sparse", "empty")


@dataclass(frozen=True, slots=True)
class Picture:
    """A square picture to be made: its side and pixel size, how full it is, how its file is laid out; another number is
    another place.
    """

    size: int
    gsd_m: float
    density: str = "full"
    layout: str = "cog-deflate"
    dtype: str = "uint8"
    number: int = 0

    @property
    def name(self) -> str:
        suffix = "png" if self.layout == "png" else "tif"
        return f"yard{self.number}_{self.size}px_{self.gsd_m:g}m_{self.density}_{self.layout}_{self.dtype}.{suffix}"

    @property
    def square_km(self) -> float:
        return (self.size * self.gsd_m / 1000) ** 2


def make_picture(folder: Path, picture: Picture) -> Path:
    """The file, three bands, in the folder; made once, an old one is used again. UsageError where no such file can be.

    It is a mosaic of rendered blocks of 192 m, turned and mirrored, with a road between; true_boxes is what stands in it.
    """
    _demand(picture)
    path = folder / picture.name
    if path.is_file():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    plain, made = path.with_suffix(".plain.part"), path.with_suffix(".made.part")
    profile = {
        "driver": "GTiff", "width": picture.size, "height": picture.size, "count": 3, "dtype": picture.dtype, "crs": _CRS,
        "transform": from_origin(*_ORIGIN, picture.gsd_m, picture.gsd_m), "photometric": "RGB", "bigtiff": "if_safer",
        "tiled": True, "blockxsize": 512, "blockysize": 512,
    }  # fmt: skip
    try:
        with gdal_options(Settings()):
            with rasterio.open(plain, "w", **profile) as raster:
                # Small pictures are often of the same block: a run would look at one of them for all.
                raster.update_tags(PICTURE=str(picture.number))
                for row, col, pixels in _blocks(picture):
                    window = Window(col, row, pixels.shape[1], pixels.shape[0])
                    raster.write(np.moveaxis(pixels, -1, 0), window=window)
            driver, options = LAYOUTS[picture.layout]
            if driver == "COG":
                options = {**options, "blocksize": 512, "overview_resampling": "average", "num_threads": "all_cpus"}
            rasterio.shutil.copy(plain, made, driver=driver, **options)
        made.replace(path)
    finally:
        for part in folder.glob(f"{path.stem}.*.part*"):
            part.unlink(missing_ok=True)
    return path


def true_boxes(picture: Picture) -> Quads:
    """(n, 4, 2) corners, in pixels, of every box that is seen in the picture, its centre inside."""
    found = [np.zeros((0, 4, 2))]
    for row, col, which, turn in _mosaic(picture):
        side = _side(picture)
        quads = _turned_quads(_block(which)[1] * side, side=side, turn=turn) + np.array([col, row])
        middle = centres(quads)
        found.append(quads[(middle < picture.size).all(axis=1)])
    return np.concatenate(found)


def _demand(picture: Picture) -> None:
    if picture.density not in DENSITIES or picture.layout not in LAYOUTS or picture.dtype not in ("uint8", "uint16"):
        raise UsageError(f"there is no such picture: {picture}", way_out=f"{DENSITIES}, {tuple(LAYOUTS)}, uint8 or uint16")
    if picture.layout == "cog-jpeg" and picture.dtype != "uint8":
        raise UsageError("JPEG holds no uint16", way_out="take another layout")


def _side(picture: Picture) -> int:
    return max(1, round(BLOCK_M / picture.gsd_m))


def _blocks(picture: Picture) -> Iterator[tuple[int, int, NDArray[np.generic]]]:
    """(row, column, pixels) of each block, what lies outside the picture cut off."""
    for row, col, which, turn in _mosaic(picture):
        side = _side(picture)
        drawn = _sized(which, side)
        pixels = _turned(drawn, turn=turn)[: picture.size - row, : picture.size - col]
        # Eleven bits, as satellites send them.
        yield row, col, pixels if picture.dtype == "uint8" else pixels.astype(np.uint16) * 8


def _mosaic(picture: Picture) -> Iterator[tuple[int, int, int, int]]:
    """(row, column, number of the block drawn there, how it is turned); the same for the same place, whatever the size."""
    side = _side(picture)
    for row in range(0, picture.size, side):
        for col in range(0, picture.size, side):
            rng = np.random.default_rng((_SEED + picture.number, row // side, col // side))
            full = picture.density == "full" or (picture.density == "sparse" and rng.integers(_SPARSE) == 0)
            yield row, col, int(rng.choice(_FULL if full else _BARE)), int(rng.integers(8))


@lru_cache(maxsize=16)
def _sized(which: int, side: int) -> NDArray[np.uint8]:
    drawn = _block(which)[0]
    shrunk = cv2.INTER_AREA if side < len(drawn) else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(drawn, (side, side), interpolation=shrunk), np.uint8)


@lru_cache(maxsize=64)
def _block(which: int) -> tuple[NDArray[np.uint8], Quads]:
    """A block's pixels at 0.3 m, and its boxes as shares of its side."""
    rng = np.random.default_rng(_SEED + which)
    kind = "lookalikes" if which in _BARE else ("tight", "rtg")[which % 2]
    drawn = draw_layout(rng, extent_m=(BLOCK_M, BLOCK_M), kind=kind)
    feet = drawn.solids.footprints()
    inside = ((feet > _BORDER_M) & (feet < BLOCK_M - _BORDER_M)).all(axis=(1, 2))
    layout = Layout(drawn.extent_m, drawn.ground, drawn.solids.where(np.asarray(inside)), kind=kind, wear=drawn.wear)
    pixels = round(BLOCK_M / _DRAWN_M)
    seen = render_scene(layout, gsd_m=_DRAWN_M, shape=(pixels, pixels), view=draw_view(rng), sensor=Sensor(), rng=rng)
    return seen.picture, seen.quads / pixels


def _turned(pixels: NDArray[np.uint8], *, turn: int) -> NDArray[np.uint8]:
    """One of the eight ways to lay a square: mirrored where turn > 3, then so many quarters against the clock."""
    return np.rot90(pixels[:, ::-1] if turn > 3 else pixels, turn % 4)


def _turned_quads(quads: Quads, *, side: int, turn: int) -> Quads:
    """Corners as _turned moves the pixels."""
    x, y = quads[..., 0], quads[..., 1]
    if turn > 3:
        x = side - x
    for _ in range(turn % 4):
        x, y = y, side - x
    return np.stack([x, y], axis=-1)
