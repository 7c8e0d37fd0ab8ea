"""Files on either side of the 4 GiB that a classic TIFF can hold: sparse on the disk, whole in every other way."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import rasterio
from rasterio.windows import Window

from sattrack.stores.parts import CORNERS
from tests.cli.conftest import EAST, NORTH, write_site
from tests.faults.conftest import GSD, Detect, write, yard

# GDAL writes no classic TIFF of more than 4.2e9 bytes of pixels.
WIDE, OVER, UNDER = 27_000, 27_000, 25_900
CLASSIC_MOST = 1 << 32
# Where the yard lies: in the last rows, whose offsets are the largest.
LEFT, UP = 13_003, 260
LAYOUTS: dict[str, dict[str, Any]] = {
    "classic_strips": {"BIGTIFF": "NO", "height": UNDER, "blockysize": 8},
    "big_tiles": {"BIGTIFF": "YES", "height": OVER, "tiled": True, "blockxsize": 256, "blockysize": 256},
    "big_planes": {"BIGTIFF": "YES", "height": OVER, "interleave": "band", "blockysize": 8},
    "big_one_row_strips": {"BIGTIFF": "YES", "height": OVER, "blockysize": 1},
}


def write_large(path: Path, *, height: int, **layout: Any) -> Path:
    """Zeros but for a yard near its end, which lies at the same place on the ground whatever the height."""
    pixels = yard(14, seed=50).astype(np.uint16) * 40
    place = rasterio.Affine(GSD, 0, EAST - LEFT * GSD, 0, -GSD, NORTH + (height - UP) * GSD)
    with rasterio.open(
        path, "w", driver="GTiff", width=WIDE, height=height, count=3, dtype="uint16", crs="EPSG:32652", transform=place,
        photometric="rgb", **layout,
    ) as to:  # fmt: skip
        to.write(pixels, window=Window(LEFT, height - UP, 300, 200))
    if path.stat().st_blocks * 512 > 1 << 29:
        path.unlink()
        pytest.skip("this disk holds no sparse files, and four times 4 GiB are too much to write")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYOUTS)
def test_r15_files_around_four_gibibytes_have_the_boxes_of_a_small_one(detect: Detect, tmp_path: Path, name: str) -> None:
    path = write_large(tmp_path / f"{name}.tif", **LAYOUTS[name])
    with path.open("rb") as file:
        magic = file.read(4)[2]
    assert (path.stat().st_size > CLASSIC_MOST, magic) == ((True, 43) if name.startswith("big") else (False, 42))
    assert path.stat().st_size > 0.97 * CLASSIC_MOST
    small = write(tmp_path / "small.tif", yard(14, seed=50).astype(np.uint16) * 40)
    # The zeros round the yard are dark ground here, and no fill.
    config = tmp_path / "settings.yaml"
    config.write_text("edge_nodata: false\n")
    sites = write_site(tmp_path / "sites.geojson")
    ran = detect(path, small, "--sites", sites, "--config", config, folder=tmp_path)
    assert ran.code == 0, ran.err
    assert {one["part"]: one["boxes"] for one in ran.json["scenes"]} == {name: 14, "small": 14}
    large, alone = ran.count(name), ran.count("small")
    for key in ("count", "count_low", "count_high", "observed_fraction", "n_40ft"):
        assert large[key] == alone[key], key
    assert alone["count"] > 0
    assert alone["observed_fraction"] == 1
    corners = []
    for part in ran.folder.glob("parts/*.parquet"):
        table = pq.read_table(part)
        found = np.stack([table[one].to_numpy() for one in CORNERS], axis=1).reshape(-1, 2)
        corners.append(found - found.min(axis=0))
    one, two = (found[np.lexsort(found.T)] for found in corners)
    # As single precision holds pixels beyond 16,384.
    assert np.abs(one - two).max() < 0.01
    # Whatever a file's size, memory stays that of its tiles.
    assert ran.peak < 2 << 30
