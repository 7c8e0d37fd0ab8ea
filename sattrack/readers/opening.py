"""Opening: a picture's file through the few drivers that are allowed, after looking at what it claims to be."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rasterio
from rasterio.errors import RasterioError
from rasterio.session import DummySession

from sattrack.errors import SceneError, SceneRefused
from sattrack.settings import Settings

_HEAD = 512
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"II*\0", "GTiff"),
    (b"MM\0*", "GTiff"),
    (b"II+\0", "GTiff"),
    (b"MM\0+", "GTiff"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JP2OpenJPEG"),
    (b"\xff\x4f\xff\x51", "JP2OpenJPEG"),
)
_WAY_OUT = "give a GeoTIFF, COG, JPEG 2000, PNG, JPEG or .vrt"
_REMOTE = ("https://", "http://", "/vsi")

GDAL_OPTIONS: dict[str, Any] = {
    # Neither sidecars of GDAL's nor overviews in other files: either may hold another picture or place than the file itself.
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_DRIVER_PATH": "disable",
    "GTIFF_IGNORE_READ_ERRORS": "NO",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "GDAL_VRT_ENABLE_RAWRASTERBAND": "NO",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".tif,.tiff,.jp2",
    "GDAL_HTTP_TIMEOUT": "60",
    "GDAL_HTTP_CONNECTTIMEOUT": "10",
    "GDAL_HTTP_LOW_SPEED_TIME": "20",
    "GDAL_HTTP_LOW_SPEED_LIMIT": "1000",
    "GDAL_HTTP_MAX_RETRY": "4",
    "GDAL_HTTP_RETRY_DELAY": "1",
    "GDAL_HTTP_NETRC": "NO",
    "AWS_NO_SIGN_REQUEST": "YES",
}


@contextmanager
def gdal_options(limits: Settings) -> Iterator[None]:
    """GDAL's options for our own reads, on this thread only; what the caller had set is there again afterwards."""
    options = {**GDAL_OPTIONS, "GDAL_MAX_BAND_COUNT": str(limits.max_bands), "GDAL_CACHEMAX": limits.gdal_cache_bytes}
    with rasterio.Env(session=DummySession(), **options):
        yield


def is_remote(location: str) -> bool:
    return location.startswith(_REMOTE)


def driver_of(location: str) -> str:
    """The one driver that may open a file, told from its first bytes. SceneError where it is no picture, saying what came."""
    if is_remote(location):
        return "JP2OpenJPEG" if location.lower().endswith(".jp2") else "GTiff"
    path = Path(location)
    try:
        if path.is_dir():
            raise SceneError("not a raster: a folder", where=location, way_out=_WAY_OUT)
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except SceneError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SceneError(f"cannot be read: {reason}", where=location) from error
    for signature, driver in _SIGNATURES:
        if head.startswith(signature):
            return driver
    raise SceneError(f"not a raster: {_came(head)}", where=location, way_out=_WAY_OUT)


def _came(head: bytes) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not head:
        return "an empty file"
    if text.startswith((b"<!doctype html", b"<html")):
        return "an HTML page, perhaps an error page saved under this name"
    if text.startswith(b"<vrtdataset"):
        return "a virtual raster (VRT) under another suffix than .vrt"
    if head.startswith(b"PK"):
        return "a zip archive"
    return f"the file begins with {head[:8]!r}"


def open_raster(location: str, *, limits: Settings) -> Any:
    """An open rasterio dataset, checked before any pixel is decoded. Call and use it within `gdal_options`.

    Raises SceneError where it is no raster, damaged, or larger than the limits.
    """
    driver = driver_of(location)
    options: dict[str, Any] = {"NUM_THREADS": "ALL_CPUS"} if driver == "GTiff" else {}
    try:
        raster = rasterio.open(location, driver=driver, sharing=False, **options)
    except (RasterioError, OSError) as error:
        raise SceneError(f"cannot be opened as {driver}: {_short(error)}", where=location, way_out=_WAY_OUT) from error
    try:
        _check(raster, location, limits=limits)
    except BaseException:
        raster.close()
        raise
    return raster


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _check(raster: Any, location: str, *, limits: Settings) -> None:
    """What a file claims about itself, against the limits."""
    if raster.count > limits.max_bands or raster.count < 1:
        raise SceneError(f"{raster.count} bands, expected 1 to {limits.max_bands}", where=location, way_out="raise max_bands")
    if raster.width * raster.height > limits.max_pixels:
        raise SceneError(
            f"{raster.width} x {raster.height} pixels, more than {limits.max_pixels}",
            where=location,
            way_out="raise max_pixels if the file is sound",
        )
    if any("complex" in kind for kind in raster.dtypes):
        raise SceneRefused(
            f"complex pixels ({raster.dtypes[0]}): a radar product", where=location, way_out="optical scenes are counted"
        )
    if len(set(raster.dtypes)) > 1:
        raise SceneError(f"bands of different types: {', '.join(raster.dtypes)}", where=location)
    together = raster.count if str(raster.interleaving or "").lower().endswith("pixel") else 1
    itemsize = {"8": 1, "16": 2, "32": 4, "64": 8}[raster.dtypes[0].lstrip("uintfloa")]
    largest = max(rows * cols for rows, cols in raster.block_shapes) * itemsize * together
    if largest > limits.max_block_bytes and raster.driver == "GTiff":
        raise SceneError(
            f"one block of the file takes {largest >> 20} MiB, more than {limits.max_block_bytes >> 20}",
            where=location,
            way_out="write it again as a tiled COG (gdal_translate -of COG)",
        )
    if not all(math.isfinite(v) for v in raster.transform[:6]) or raster.transform.determinant == 0:
        raise SceneError("the transform is singular or not finite", where=location, way_out="georeference it again")
