"""Opening: a picture's file through the few drivers that are allowed, after looking at what it claims to be."""

import math
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.env import get_gdal_config, set_gdal_config
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.session import DummySession

from sattrack.errors import SattrackError, SceneError, SceneRefused
from sattrack.imagery import is_remote
from sattrack.phrases import some
from sattrack.readers.remote.rasters import head_of_remote, open_remote, raise_failure, watching_reads
from sattrack.readers.vrts import vrt_sources
from sattrack.settings import Settings

_HEAD = 4096
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
DAMAGED = "the file is damaged or incomplete: fetch it again"
# GDAL decodes these from their beginning to their end, or not through another's client.
_BY_PARTS = ("GTiff", "JP2OpenJPEG")

GDAL_OPTIONS: dict[str, Any] = {
    # Neither sidecars of GDAL's nor overviews in other files: either may hold another picture or place than the file itself.
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_DRIVER_PATH": "disable",
    "GTIFF_IGNORE_READ_ERRORS": "NO",
    # With more, a damaged tile of a JPEG 2000 comes back as memory that was never written, and without an error.
    "GDAL_NUM_THREADS": "1",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "GDAL_VRT_ENABLE_RAWRASTERBAND": "NO",
    # Remote files are read by our own client. Should GDAL ever ask the network by itself, then nobody's name goes along.
    "GDAL_HTTP_NETRC": "NO",
    "AWS_NO_SIGN_REQUEST": "YES",
}

# Where rasterio does not wrap them, GDAL's own errors come through, and have no public name.
GDAL_ERRORS = (RasterioError, CPLE_BaseError)
# What a remote file is called inside.
_OURS = re.compile(r"'?/vsiriopener_\w+/[^\s':]*'?")
_ADVICE = re.compile(r"\s*\(this error can be turned[^)]*\)?")

# Changing Python's warning filters is not safe from several threads at once.
_WARNING_FILTERS = threading.Lock()


@contextmanager
def gdal_options(limits: Settings, *, cache_bytes: int | None = None) -> Iterator[None]:
    """GDAL's options for our own reads; what the caller had set is there again afterwards. cache_bytes: of decoded blocks."""
    options = {**GDAL_OPTIONS, "GDAL_MAX_BAND_COUNT": str(max(limits.max_bands, 3))}
    with rasterio.Env(session=DummySession(), **options), _CACHE.of(cache_bytes or limits.gdal_cache_bytes):
        yield


class _BlockCache:
    """GDAL's cache of decoded blocks, one for the whole process: ours while any thread of ours reads, then as it was."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: list[int] = []
        self._before = 0

    @contextmanager
    def of(self, size: int) -> Iterator[None]:
        """At least this many bytes, or what another thread asked for if that is more."""
        with self._lock:
            if not self._asked:
                self._before = int(get_gdal_config("GDAL_CACHEMAX"))
            self._asked.append(size)
            set_gdal_config("GDAL_CACHEMAX", max(self._asked))
        try:
            yield
        finally:
            with self._lock:
                self._asked.remove(size)
                set_gdal_config("GDAL_CACHEMAX", max(self._asked, default=self._before))


_CACHE = _BlockCache()


def driver_of(location: str, *, limits: Settings | None = None) -> str:
    """The one driver that may open a file, told from its first bytes. SceneError where it is no picture, saying what came.

    limits: how a remote file is asked for.
    """
    if is_remote(location):
        return _driver_of_remote(location, limits=limits or Settings())
    head = _head(location)
    for signature, driver in _SIGNATURES:
        if head.startswith(signature):
            return driver
    if location.lower().endswith(".vrt") and head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
        return "VRT"
    raise SceneError(f"not a raster: {_came(head)}", where=location, way_out=_WAY_OUT)


def files_of(location: str) -> tuple[Path, ...]:
    """A file of this machine, and behind it those that it is made of, where it is a virtual raster. Raises SceneError."""
    path = Path(location)
    return (path, *(sorted(vrt_sources(path)) if driver_of(location) == "VRT" else ()))


def _driver_of_remote(location: str, *, limits: Settings) -> str:
    head = head_of_remote(location, _HEAD, limits=limits)
    driver = next((driver for signature, driver in _SIGNATURES if head.startswith(signature)), "")
    if driver in _BY_PARTS:
        return driver
    came = f"{driver} is not read from elsewhere" if driver else f"not a raster: {_came(head)}"
    way_out = "remote files are GeoTIFF, COG or JPEG 2000; fetch others, and give their path"
    if head.lstrip()[:1] == b"{":
        way_out = "of a catalogue or a list of items make a file: sattrack fetch ADDRESS -o items.json"
    raise SceneError(came, where=location, way_out=way_out)


def _head(location: str) -> bytes:
    path = Path(location)
    try:
        if path.is_dir():
            raise SceneError("not a raster: a folder", where=location, way_out=_WAY_OUT)
        if not path.is_file():
            raise SceneError("not a raster: no such file", where=location, way_out="check the path, and where links lead")
        with path.open("rb") as file:
            return file.read(_HEAD)
    except SceneError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SceneError(f"cannot be read: {reason}", where=location, way_out="check that you may read it") from error


def _came(head: bytes) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not head:
        return "an empty file"
    if text.startswith((b"<!doctype html", b"<html")):
        return "an HTML page, perhaps an error page saved under this name"
    if text.startswith(b"<vrtdataset"):
        return "a virtual raster (VRT) under another suffix than .vrt"
    return "a zip archive" if head.startswith(b"PK") else f"the file begins with {head[:8]!r}"


def open_raster(location: str, *, limits: Settings, overviews: bool = True, overview: int | None = None) -> Any:
    """An open rasterio dataset, checked before any pixel is decoded. Call it, and use what it returns, within `gdal_options`.

    overviews: false where only the full-size pixels may be used. overview: the number of the one that is wanted instead.
    Raises SceneError where it is no raster, damaged, or larger than the limits; SceneRefused for complex pixels.
    """
    driver = driver_of(location, limits=limits)
    remote = is_remote(location)
    if driver == "VRT":
        for path in vrt_sources(Path(location)):
            _check_source(path, limits=limits)
    # With threads GDAL tells of a bad block once, then reads it as zeros: who reads around those must hear of them each time.
    # And what goes wrong on the way to a remote file is told in the thread that reads.
    threads = driver == "GTiff" and limits.on_bad_tile == "fail" and not remote
    options: dict[str, Any] = {"NUM_THREADS": "ALL_CPUS"} if threads else {}
    if (not overviews or overview is not None) and driver in ("GTiff", "JP2OpenJPEG"):
        options["OVERVIEW_LEVEL"] = "NONE" if overview is None else overview
    with gdal_errors(location, what=f"cannot be opened as {driver}"), _WARNING_FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        if remote:
            raster = open_remote(location, driver=driver, limits=limits, **options)
        else:
            raster = rasterio.open(location, driver=driver, sharing=False, **options)
    try:
        with gdal_errors(location):
            _check(raster, location, limits=limits)
            if overviews and overview is None:
                # Opened without overviews, GDAL tells of a plain picture's transform that it is all zeros.
                _check_transform(raster, location)
    except BaseException:
        raster.close()
        raise
    return raster


def brief(error: BaseException) -> str:
    """One line of what GDAL said, without its advice to read damaged files as if they were whole."""
    said = _OURS.sub("the file", _ADVICE.sub("", str(error.__cause__ or error)))
    return " ".join(said.split())[:200] or type(error).__name__


@contextmanager
def gdal_errors(where: str, *, what: str = "the file cannot be read", way_out: str = DAMAGED) -> Iterator[None]:
    """Errors of GDAL's while a file is looked at become a SceneError that names it; those of our own client come through."""
    try:
        with watching_reads():
            yield
        raise_failure()
    except SattrackError:
        raise
    except (*GDAL_ERRORS, OSError) as error:
        raise_failure()
        raise SceneError(f"{what}: {brief(error)}", where=where, way_out=way_out) from error


def _check_source(path: Path, *, limits: Settings) -> None:
    """A file inside a virtual raster, which GDAL will open by its own choice of driver."""
    if driver_of(str(path)) == "VRT":
        raise SceneError("a virtual raster within a virtual raster is not read", where=str(path), way_out="give the pictures")
    if b"<VRTDataset" in _head(str(path)) or b"<GDALTileIndexDataset" in _head(str(path)):
        raise SceneError("a virtual raster hidden in a picture is not read", where=str(path))
    open_raster(str(path), limits=limits).close()


def _check(raster: Any, location: str, *, limits: Settings) -> None:
    """What a file claims about itself, against the limits."""
    if not 1 <= raster.count <= limits.max_bands:
        raise SceneError(
            f"{some(raster.count, 'band')}, expected 1 to {limits.max_bands}", where=location, way_out="raise max_bands"
        )
    if raster.width * raster.height > limits.max_pixels:
        raise SceneError(
            f"{raster.width} x {raster.height} pixels, more than {limits.max_pixels}",
            where=location,
            way_out="give --max-pixels more if the file is sound",
        )
    if any("complex" in kind for kind in raster.dtypes):
        raise SceneRefused(
            f"complex pixels ({raster.dtypes[0]}): a radar product",
            where=location,
            way_out="give an optical scene, or the radar's amplitude as a picture of its own",
        )
    if len(set(raster.dtypes)) > 1:
        raise SceneError(f"bands of different types: {', '.join(raster.dtypes)}", where=location)
    rows, cols = raster.block_shapes[0]
    if raster.driver == "GTiff" and cols != raster.width and (rows % 16 or cols % 16):
        # TIFF 6.0, section 15. Of others the decoder leaves a part of each tile as memory that was never written.
        raise SceneError(f"tiles of {cols} x {rows} pixels, not multiples of 16", where=location, way_out=DAMAGED)
    largest = block_bytes(raster)
    if largest > limits.max_block_bytes:
        raise SceneError(
            f"one block of the file takes {largest >> 20} MiB, more than {limits.max_block_bytes >> 20}",
            where=location,
            way_out="write it again in tiles (gdal_translate -of COG)",
        )


def _check_transform(raster: Any, location: str) -> None:
    determinant = raster.transform.determinant
    sound = all(math.isfinite(v) for v in (*raster.transform[:6], determinant)) and determinant != 0
    if not sound or not math.isfinite(1 / determinant):
        raise SceneError("the transform is singular or not finite", where=location, way_out="georeference it again")


def block_bytes(raster: Any) -> int:
    """Bytes that one block takes once decoded; for interleaved files all bands of it are decoded together."""
    # Of a JPEG 2000 all bands are decoded together; asked for its interleaving, GDAL may walk a damaged one without an end.
    pixel = raster.driver == "JP2OpenJPEG" or str(raster.interleaving).lower().endswith("pixel")
    together = raster.count if pixel else 1
    return int(max(rows * cols for rows, cols in raster.block_shapes) * np.dtype(raster.dtypes[0]).itemsize * together)
