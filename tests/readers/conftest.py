"""Small made scenes: a textured picture, a way to write it in any layout, and a way to describe it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from sattrack.readers.describing import describe
from sattrack.readers.finding import Source
from sattrack.readers.hints import Hints

UTM = {"crs": "EPSG:32652", "transform": Affine(0.5, 0, 500_000, 0, -0.5, 3_900_000)}


@pytest.fixture(scope="session")
def picture() -> np.ndarray:
    """(3, 120, 160) uint8: smooth ground with texture, no two corners alike."""
    random = np.random.default_rng(7)
    rows, cols = np.mgrid[0:120, 0:160]
    ground = np.stack([40 + rows / 2, 90 + cols / 3, 60 + (rows + cols) / 4])
    return (ground + random.integers(0, 40, ground.shape)).astype(np.uint8)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """write(name, array (bands, rows, cols), **profile) -> path; georeferenced in UTM at 0.5 m unless crs=None."""

    def written(name: str, array: np.ndarray, **profile: Any) -> str:
        path = tmp_path / name
        place = {} if "crs" in profile and profile["crs"] is None else {**UTM}
        driver = profile.pop("driver", "GTiff")
        made = {**place, **profile, "count": array.shape[0], "height": array.shape[1], "width": array.shape[2]}
        with rasterio.open(path, "w", driver=driver, dtype=array.dtype, **made) as file:
            file.write(array)
        return str(path)

    return written


@pytest.fixture
def source_of() -> Callable[..., Source]:
    """source_of(path, **hints) -> a Source that says nothing but its hints."""
    return lambda path, **hints: Source(path=path, part=Path(path).stem, scene_id=Path(path).stem, hints=Hints(**hints))


@pytest.fixture
def scene_of(source_of: Callable[..., Source]) -> Callable[..., Any]:
    """scene_of(path, **options of describe) -> Scene."""
    return lambda path, **options: describe(source_of(path), **options)
