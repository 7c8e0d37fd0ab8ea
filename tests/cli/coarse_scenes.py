"""Scenes too coarse for boxes with one lit rectangle, and the rows that were told of them."""

import csv
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin

from tests.cli.conftest import EAST, NORTH


def write_coarse(
    path: Path, *, gsd: float, lit_m: tuple[float, float, float, float] = (12.0, 12.0, 48.0, 36.0), day: int = 1,
    gray: bool = False, nodata_m: float = 0.0, crs: str | None = "EPSG:32652", side_m: float = 600.0, level: float = 0.0,
    seed: int = 0, at: tuple[float, float] = (0.0, 0.0), sensor: str = "dove",
) -> Path:  # fmt: skip
    """A scene of side_m with one lit rectangle (left, top, right, bottom) in metres from its corner, on dark ground with grain.

    nodata_m: so many metres from the left edge are declared as not seen. level: added to the lit part. at: metres east and
    south that it lies of the others.
    """
    size = max(8, round(side_m / gsd))
    rng = np.random.default_rng(seed)
    ground = rng.normal(60, 4, (1 if gray else 3, size, size)) + np.linspace(0, 30, size)
    left, top, right, bottom = (round(m / gsd) for m in lit_m)
    ground[:, top:bottom, left:right] = 220 + level
    ground = np.clip(np.rint(ground), 1, 255).astype(np.uint8)
    if nodata_m:
        ground[:, :, : round(nodata_m / gsd)] = 0
    place = {"crs": crs, "transform": from_origin(EAST + at[0], NORTH - at[1], gsd, gsd)} if crs else {}
    kind = {} if gray else {"photometric": "rgb"}
    nodata = {"nodata": 0} if nodata_m else {}
    with rasterio.open(
        path, "w", driver="GTiff", width=size, height=size, count=len(ground), dtype="uint8", **kind, **place, **nodata
    ) as to:
        to.write(ground)
        to.update_tags(TIFFTAG_DATETIME=f"2024:05:{day:02d} 10:00:00", SENSOR=sensor)
    return path


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "covers.csv").open() as file:
        return list(csv.DictReader(file))
